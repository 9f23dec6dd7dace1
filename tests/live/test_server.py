"""The nation's server: which binary, which configuration, started and ended as the very process meant."""

import asyncio
import os
import signal
import stat
import subprocess
import time

import pytest
from nats.aio.client import Client

from noroshi.errors import InputError
from noroshi.live import federation, server
from noroshi.live.home import load_home
from noroshi.live.nats import NatsTransport
from tests.live.federated import homes


def fake(path, version: str):
    path.write_text(f"#!/bin/sh\necho 'nats-server: {version}'\n")
    path.chmod(0o755)
    return path


def test_the_server_of_the_package_is_taken_and_never_one_of_path(tmp_path, monkeypatch):
    fake(tmp_path / "nats-server", "v9.9.9")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.delenv(server.BINARY, raising=False)
    assert server.binary().parent != tmp_path
    said = subprocess.run([server.binary(), "--version"], capture_output=True, text=True).stdout
    assert "v9.9.9" not in said


def test_a_nation_may_name_its_own_server(tmp_path, monkeypatch):
    path = fake(tmp_path / "own", "v2.14.0")
    monkeypatch.setenv(server.BINARY, str(path))
    assert server.binary() == path


@pytest.mark.parametrize(
    "version, words",
    [("v2.9.10", "2.10.23 or later"), ("v2.10.22", "2.10.23 or later"), ("hello", "says no version")],
)
def test_a_server_that_is_too_old_or_none_is_refused(tmp_path, monkeypatch, version, words):
    monkeypatch.setenv(server.BINARY, str(fake(tmp_path / "own", version)))
    with pytest.raises(InputError, match=words):
        server.binary()


def test_a_server_that_is_not_there_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv(server.BINARY, str(tmp_path / "nothing"))
    with pytest.raises(InputError, match="cannot be run"):
        server.binary()


def test_the_configuration_holds_no_secret_and_is_for_its_owner(tmp_path):
    for home in homes(tmp_path).values():
        path = server.write_config(home)
        text = path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        secrets = [
            file.read_text() for file in home.keys_path.glob("*") if file.suffix in (".nk", ".seed", ".key")
        ]
        seeds = [home.nkey(name).seed for name in ("client", *(f"border-{one}" for one in home.partners))]
        seeds += [
            home.nkey(f"leaf-{one}").seed for one, partner in home.partners.items() if partner.role == "dials"
        ]
        assert not any(secret.strip() in text for secret in (*secrets, *seeds))


def test_each_partner_has_an_account_and_two_permissions_each_way(tmp_path):
    text = server.configuration(homes(tmp_path)["USA"])
    for partner in ("JPN", "KOR"):
        account = text.split(f"  X_{partner}: {{")[1].split("\n  }\n")[0]
        assert f'publish: {{ allow: ["ship.{partner}.USA.>", "_INBOX.rcpt.USA.>"] }}' in account
        assert f'subscribe: {{ allow: ["ship.USA.{partner}.>", "_INBOX.rcpt.{partner}.>"] }}' in account
        assert account.count('allowed_connection_types: ["LEAFNODE"]') == 1
    assert "sync_interval: always" in text
    assert "verify: true" in text


def test_who_dials_lets_nothing_of_jetstream_in_or_out(tmp_path):
    text = server.configuration(homes(tmp_path)["JPN"])
    for name in ("deny_imports", "deny_exports"):
        assert f'{name}: ["$JS.>", "$JSC.>", "$SYS.>", "_INBOX.local.>"]' in text
    assert "listen: " in text.split("leafnodes")[0]
    assert "listen" not in text.split("leafnodes")[1]  # nobody dials this one


def test_a_server_starts_is_reloaded_and_ends(tmp_path):
    home = homes(tmp_path)["USA"]

    async def live():
        one = server.Server(home)
        await one.start()
        try:
            assert one.alive
            assert int(home.server_pid_path.read_text()) == one.process.pid
            assert server.reload(home)
            async with NatsTransport(home) as transport:
                assert await transport.streams() == {"IN_JPN", "IN_KOR"}
                assert transport.link("JPN") == "down"
        finally:
            await one.stop()
        assert not one.alive
        assert not server.reload(home)

    asyncio.run(live())


def test_a_connection_that_the_server_cut_is_left_without_a_word(tmp_path, monkeypatch):
    home = homes(tmp_path)["USA"]

    async def cut(client):
        raise ConnectionResetError("Connection lost")

    async def live():
        one = server.Server(home)
        await one.start()
        try:
            with monkeypatch.context() as patch:
                patch.setattr(Client, "close", cut)
                async with NatsTransport(home) as transport:
                    await (await transport.national()).close()
        finally:
            await one.stop()

    asyncio.run(live())


def test_a_server_that_a_crash_left_behind_is_ended_by_the_next_start(tmp_path):
    home = homes(tmp_path)["USA"]

    async def live():
        former, latter = server.Server(home), server.Server(home)
        await former.start()
        try:
            await latter.start()
            assert former.process.wait(10) is not None
            assert latter.alive
        finally:
            await latter.stop()
            former.kill()

    asyncio.run(live())


def test_a_strangers_process_id_in_the_file_harms_nobody(tmp_path):
    home = homes(tmp_path)["USA"]
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        home.server_pid_path.write_text(str(stranger.pid))

        async def live():
            one = server.Server(home)
            await one.start()
            await one.stop()

        asyncio.run(live())
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_another_server_at_the_same_port_is_not_taken_for_ours(tmp_path):
    first, second = homes(tmp_path / "a")["USA"], homes(tmp_path / "b")["USA"]
    server_a = first.settings.server
    text = (second.folder / "node.toml").read_text()
    mine = second.settings.server
    for here, there in ((mine.client_port, server_a.client_port), (mine.monitor_port, server_a.monitor_port)):
        text = text.replace(str(here), str(there))
    (second.folder / "node.toml").write_text(text)

    async def live():
        one, other = server.Server(first), server.Server(load_home(second.folder))
        await one.start()
        try:
            with pytest.raises(server.ServerFailed, match="ended at once"):
                await other.start()
        finally:
            other.kill()
            await one.stop()

    asyncio.run(live())


def test_a_nation_with_a_server_of_its_own_gets_no_child(tmp_path):
    made = federation.make_home(
        tmp_path / "USA", "USA", exercise=True, federation="test", epoch_utc="2026-05-01T00:00:00Z",
        settings={}, ports={"client_port": 4222},
    )  # fmt: skip
    text = (made.folder / "node.toml").read_text().replace('url = ""', 'url = "nats://nats.example:4222"')
    (made.folder / "node.toml").write_text(text)
    home = load_home(made.folder)
    one = server.Server(home)
    asyncio.run(one.start())
    assert one.process is None
    assert one.alive
    assert home.client_url == "nats://nats.example:4222"


def test_a_server_frozen_by_a_debugger_is_ended_all_the_same(tmp_path):
    home = homes(tmp_path)["USA"]

    async def live():
        one = server.Server(home)
        await one.start()
        one.freeze()
        await one.stop()
        assert one.process.returncode in (0, 1, -signal.SIGTERM)

    started_s = time.monotonic()
    asyncio.run(live())
    assert time.monotonic() - started_s < 60  # it ends at all
