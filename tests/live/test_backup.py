"""A node can be made again of its backup; a backup that is not whole, or would do harm, makes nothing."""

import base64
import io
import json
import os
import stat
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noroshi.errors import InputError
from noroshi.live import keybox
from noroshi.live.backup import backup, read_manifest, restore
from noroshi.live.store import Store

WORDS = "a long enough passphrase"


@pytest.fixture(autouse=True, scope="module")
def _cheap():
    """A passphrase that costs nothing to try."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keybox, "COST", {"n": 2, "r": 8, "p": 1})
        yield


def write(home, *numbers):
    journal = Store.open(home / "journal", nation="JPN", segment_bytes=600)
    for number in numbers:
        journal.write({"t_s": 0.0, "node": "JPN", "event": "link", "number": number})
    journal.close()


def numbers(home):
    journal = Store.open(home / "journal")
    read = [one["number"] for one in journal.entries() if one["event"] == "link"]
    journal.close()
    return read


def make_home(path, *told):
    """A home as a node leaves it, secrets and all."""
    for folder in ("keys", "partners", "jetstream"):
        (path / folder).mkdir(parents=True)
    (path / "node.toml").write_text('nation = "JPN"\n')
    (path / "policy.cedar").write_text("permit (principal, action, resource);\n")
    (path / "partners/USA.json").write_text("{}")
    (path / "keys/sign.json").write_text("SECRET of the signer")
    (path / "keys/sign.json").chmod(0o600)
    (path / "jetstream/blob").write_text("carrier")
    (path / "nats.conf").write_text("SECRET perhaps")
    write(path, *told)
    return path


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path / "JPN", *range(20))


def refused(*arguments):
    with pytest.raises(InputError) as caught:
        restore(*arguments)
    return str(caught.value)


def left_alone(folder, names):
    """Nothing but these stands in the folder: no halves are left behind."""
    assert sorted(one.name for one in folder.iterdir()) == sorted(names)


def test_a_home_is_made_again_of_its_backup(home, tmp_path):
    made = backup(home, tmp_path / "jpn.tar")
    assert (made.nation, made.seq, made.keys) == ("JPN", 19, False)
    assert read_manifest(tmp_path / "jpn.tar") == made
    again = tmp_path / "again" / "JPN"
    restore(tmp_path / "jpn.tar", again)
    for name in ("node.toml", "policy.cedar", "partners/USA.json"):
        assert (again / name).read_bytes() == (home / name).read_bytes()
    assert numbers(again) == list(range(20))
    last = list(Store.open(again / "journal").entries())[-1]
    assert (last["event"], last["backup_seq"], last["node"]) == ("restored", 19, "JPN")
    left_alone(tmp_path, ["JPN", "again", "jpn.tar"])
    left_alone(tmp_path / "again", ["JPN"])


def test_a_backup_holds_no_secret_unless_asked_and_then_only_sealed(home, tmp_path):
    plain, sealed = tmp_path / "plain.tar", tmp_path / "sealed.tar"
    backup(home, plain)
    assert backup(home, sealed, WORDS).keys
    for file in (plain, sealed):
        assert b"SECRET" not in file.read_bytes()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with tarfile.open(plain) as tar:
        assert {name.split("/")[0] for name in tar.getnames()} == {
            "manifest.json", "node.toml", "policy.cedar", "partners", "journal",
        }  # fmt: skip


def test_the_keys_come_back_with_the_passphrase_readable_by_the_owner_alone(home, tmp_path):
    backup(home, tmp_path / "jpn.tar", WORDS)
    restore(tmp_path / "jpn.tar", tmp_path / "again", WORDS)
    key = tmp_path / "again/keys/sign.json"
    assert key.read_text() == "SECRET of the signer"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    restore(tmp_path / "jpn.tar", tmp_path / "without")
    assert not (tmp_path / "without/keys").exists()


def test_another_passphrase_restores_nothing(home, tmp_path):
    backup(home, tmp_path / "jpn.tar", WORDS)
    assert "passphrase is another one" in refused(tmp_path / "jpn.tar", tmp_path / "again", WORDS + "!")
    left_alone(tmp_path, ["JPN", "jpn.tar"])


def test_a_short_passphrase_is_refused(home, tmp_path):
    with pytest.raises(InputError, match="at least 12"):
        backup(home, tmp_path / "jpn.tar", "short")
    left_alone(tmp_path, ["JPN"])


def test_keys_that_are_not_in_the_backup_are_not_restored(home, tmp_path):
    backup(home, tmp_path / "jpn.tar")
    assert "no private keys" in refused(tmp_path / "jpn.tar", tmp_path / "again", WORDS)


def test_a_running_node_is_backed_up_at_a_whole_line(home, tmp_path):
    journal = Store.open(home / "journal")
    journal.write({"t_s": 0.0, "node": "JPN", "event": "link", "number": 20})
    segment = sorted((home / "journal").glob("*.jsonl"))[-1]
    with segment.open("ab") as file:
        file.write(b'{"event":"li')  # being written
    made = backup(home, tmp_path / "jpn.tar")
    assert made.seq == 20
    restore(tmp_path / "jpn.tar", tmp_path / "again")
    assert numbers(tmp_path / "again") == list(range(21))


def test_a_node_without_a_journal_yet_is_backed_up_too(tmp_path):
    fresh = tmp_path / "JPN"
    fresh.mkdir()
    (fresh / "node.toml").write_text("")
    assert backup(fresh, tmp_path / "jpn.tar").seq == -1
    restore(tmp_path / "jpn.tar", tmp_path / "again")
    assert numbers(tmp_path / "again") == []


def test_what_is_no_home_is_not_backed_up(tmp_path):
    with pytest.raises(InputError, match=r"no node\.toml"):
        backup(tmp_path, tmp_path / "jpn.tar")


def test_a_damaged_journal_is_not_backed_up_as_if_it_were_whole(home, tmp_path):
    segment = min((home / "journal").glob("*.jsonl"))
    segment.write_bytes(segment.read_bytes().replace(b"link", b"lynk", 1))
    with pytest.raises(InputError, match=r"line 1 \(seq 0\)"):
        backup(home, tmp_path / "jpn.tar")
    left_alone(tmp_path, ["JPN"])


def test_a_backup_that_cannot_be_written_says_so(home, tmp_path):
    with pytest.raises(InputError, match="No such file"):
        backup(home, tmp_path / "nowhere" / "jpn.tar")


# Over a home that is there


def test_an_older_journal_of_the_same_node_is_replaced_and_kept_beside(home, tmp_path):
    made = backup(home, tmp_path / "jpn.tar")
    older = tmp_path / "older"
    os.rename(home, older)
    restore(tmp_path / "jpn.tar", tmp_path / "JPN")  # a home of 0..19
    for segment in sorted((older / "journal").glob("*.jsonl"))[2:]:
        segment.unlink()
    restore(tmp_path / "jpn.tar", older)
    assert numbers(older) == list(range(20))
    assert (older / "keys/sign.json").read_text() == "SECRET of the signer"
    assert len(list(older.glob("journal-before-*"))) == 1
    assert made.seq == 19


def test_a_newer_journal_is_left_alone(home, tmp_path):
    backup(home, tmp_path / "jpn.tar")
    write(home, 20)
    (home / "policy.cedar").write_text("changed meanwhile")
    assert "is newer: it goes on after seq 19" in refused(tmp_path / "jpn.tar", home)
    assert numbers(home) == list(range(21))
    assert (home / "policy.cedar").read_text() == "changed meanwhile"
    left_alone(tmp_path, ["JPN", "jpn.tar"])


def test_the_journal_of_another_node_is_left_alone(home, tmp_path):
    backup(home, tmp_path / "jpn.tar")
    other = make_home(tmp_path / "KOR", 100, 101)
    assert "differs from the backup at seq 0" in refused(tmp_path / "jpn.tar", other)
    assert numbers(other) == [100, 101]


def test_a_damaged_journal_is_replaced_unless_what_is_whole_of_it_is_newer(home, tmp_path):
    backup(home, tmp_path / "jpn.tar")
    segments = sorted((home / "journal").glob("*.jsonl"))
    whole = segments[1].read_bytes()
    segments[1].write_bytes(whole.replace(b"link", b"lynk", 1))
    restore(tmp_path / "jpn.tar", home)
    assert numbers(home) == list(range(20))


def test_a_node_that_runs_is_not_restored_over(home, tmp_path):
    backup(home, tmp_path / "jpn.tar")
    journal = Store.open(home / "journal")
    assert "another process" in refused(tmp_path / "jpn.tar", home)
    journal.close()


# Archives that are damaged or hostile


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Bytes of a backup."""
    folder = tmp_path_factory.mktemp("whole")
    backup(make_home(folder / "JPN", *range(6)), folder / "jpn.tar")
    return (folder / "jpn.tar").read_bytes()


@given(data=st.data())
@settings(max_examples=150)
def test_a_changed_byte_restores_nothing_or_the_same(whole, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("changed")
    place = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[place] ^= 1 << data.draw(st.integers(0, 7))
    (folder / "jpn.tar").write_bytes(changed)
    try:
        restore(folder / "jpn.tar", folder / "again")
    except InputError:
        left_alone(folder, ["jpn.tar"])
    else:
        # A time or an owner in a header, or what fills up a block: nothing that is read.
        assert numbers(folder / "again") == list(range(6))
        assert (folder / "again/node.toml").read_text() == 'nation = "JPN"\n'


@given(data=st.data())
@settings(max_examples=60)
def test_a_cut_backup_restores_nothing(whole, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cut")
    with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
        last = tar.getmembers()[-1]
    end = data.draw(st.integers(0, last.offset_data + last.size - 1))
    (folder / "jpn.tar").write_bytes(whole[:end])
    assert refused(folder / "jpn.tar", folder / "again")
    left_alone(folder, ["jpn.tar"])


def rebuilt(whole, path, change):
    """The backup with other members: `change` gets and gives (TarInfo, bytes)."""
    with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
        members = [(member, tar.extractfile(member).read()) for member in tar.getmembers()]
    with tarfile.open(path, "w") as tar:
        for member, content in change(members):
            member.size = len(content) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(content))


def with_manifest(members, change):
    """The same with a manifest that `change` has had."""
    (first, content), *rest = members
    told = json.loads(content)
    change(told)
    return [(first, json.dumps(told).encode()), *rest]


def named(name, kind=tarfile.REGTYPE, target=""):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize(
    "member, content",
    [
        (named("../outside.toml"), b"x"),
        (named("/tmp/outside.toml"), b"x"),
        (named("keys/sign.json"), b"x"),
        (named("partners/../../outside"), b"x"),
        (named("node.toml"), b"a second time"),
        (named("partners/link.json", tarfile.SYMTYPE, "/etc/passwd"), b""),
        (named("partners/hard.json", tarfile.LNKTYPE, "node.toml"), b""),
        (named("partners/pipe", tarfile.FIFOTYPE), b""),
        (named("partners/device", tarfile.CHRTYPE), b""),
        (named("partners/folder", tarfile.DIRTYPE), b""),
    ],
)
def test_a_member_that_does_not_belong_is_refused(whole, member, content, tmp_path):
    rebuilt(whole, tmp_path / "bad.tar", lambda members: [*members, (member, content)])
    assert member.name[:20] in refused(tmp_path / "bad.tar", tmp_path / "again")
    left_alone(tmp_path, ["bad.tar"])


@pytest.mark.parametrize(
    "name",
    ["../outside.toml", "/etc/cron.toml", "keys/sign.json", ".hidden.toml", "journal/x", "a/b.toml", "."],
)
def test_a_manifest_that_names_what_no_backup_holds_is_refused(whole, name, tmp_path):
    def change(told):
        told["files"][name] = [1, "0" * 64]

    rebuilt(
        whole, tmp_path / "bad.tar", lambda members: [*with_manifest(members, change), (named(name), b"x")]
    )
    assert "no name that a backup may hold" in refused(tmp_path / "bad.tar", tmp_path / "again")
    left_alone(tmp_path, ["bad.tar"])


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_a_link_in_the_place_of_a_file_is_refused(whole, kind, tmp_path):
    def change(members):
        return [
            (named(member.name, kind, "/etc/passwd"), b"")
            if member.name == "policy.cedar"
            else (member, content)
            for member, content in members
        ]

    rebuilt(whole, tmp_path / "bad.tar", change)
    assert "no plain file" in refused(tmp_path / "bad.tar", tmp_path / "again")


def test_a_file_larger_than_the_manifest_says_is_refused(whole, tmp_path):
    def change(members):
        return [(one, content + b"x" * (one.name == "node.toml")) for one, content in members]

    rebuilt(whole, tmp_path / "bad.tar", change)
    assert "must have 15 bytes" in refused(tmp_path / "bad.tar", tmp_path / "again")


def test_a_backup_that_no_disk_holds_is_refused_before_it_is_unpacked(whole, tmp_path):
    def change(told):
        told["files"]["partners/huge.json"] = [1 << 60, "0" * 64]

    rebuilt(whole, tmp_path / "bad.tar", lambda members: with_manifest(members, change))
    assert "are free" in refused(tmp_path / "bad.tar", tmp_path / "again")


def test_a_journal_that_ends_elsewhere_than_the_manifest_says_is_refused(whole, tmp_path):
    rebuilt(
        whole, tmp_path / "bad.tar", lambda members: with_manifest(members, lambda told: told.update(seq=4))
    )
    assert "manifest says 4" in refused(tmp_path / "bad.tar", tmp_path / "again")


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"what":"noroshi backup 2"}',
        b'{"what":"noroshi backup 1"}',
        b'{"what":"noroshi backup 1","files":{"a.toml":[-1]},"nation":"","utc":"","seq":0,"chain":""}',
        b'{"what":"noroshi backup 1","files":{},"nation":"","utc":"","seq":"0","chain":""}',
    ],
)
def test_a_manifest_that_is_none_is_refused(whole, manifest, tmp_path):
    rebuilt(whole, tmp_path / "bad.tar", lambda members: [(members[0][0], manifest), *members[1:]])
    assert "manifest.json" in refused(tmp_path / "bad.tar", tmp_path / "again")


@given(noise=st.binary(max_size=2000))
@settings(max_examples=100)
def test_noise_is_no_backup(noise, tmp_path_factory):
    folder = tmp_path_factory.mktemp("noise")
    (folder / "bad.tar").write_bytes(noise)
    assert "is no backup" in refused(folder / "bad.tar", folder / "again")


def test_what_is_not_there_is_no_backup(tmp_path):
    assert "No such file" in refused(tmp_path / "none.tar", tmp_path / "again")


def test_a_backup_of_a_hostile_name_asks_no_endless_work(home, tmp_path, monkeypatch):
    monkeypatch.setitem(keybox._MAX_COST, "n", 1)
    backup(home, tmp_path / "jpn.tar", WORDS)
    assert "n must be from 1 to 1" in refused(tmp_path / "jpn.tar", tmp_path / "again", WORDS)


def test_keys_do_not_leave_their_folder(tmp_path):
    box = json.loads(keybox.seal(make_home(tmp_path / "JPN") / "keys", WORDS))
    sealed = box.pop("sealed")
    assert sealed
    files = json.dumps({"../sign.json": "AAAA"}).encode()
    data = keybox._cipher(box, WORDS).encrypt(bytes.fromhex(box["nonce"]), files, keybox._bound(box))
    changed = json.dumps({**box, "sealed": base64.b64encode(data).decode()}).encode()
    with pytest.raises(InputError, match="no name of a key"):
        keybox.open_into("x.tar", changed, WORDS, tmp_path / "keys")


@given(data=st.data())
@settings(max_examples=100)
def test_a_changed_byte_of_sealed_keys_opens_nothing(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    (folder / "keys").mkdir()
    (folder / "keys/sign.json").write_text("SECRET")
    box = keybox.seal(folder / "keys", WORDS)
    place = data.draw(st.integers(0, len(box) - 1))
    changed = bytearray(box)
    changed[place] ^= 1 << data.draw(st.integers(0, 7))
    try:
        keybox.open_into("x.tar", bytes(changed), WORDS, folder / "opened")
    except InputError:
        assert not (folder / "opened").exists()
    else:
        # Upper or lower case of a hexadecimal digit.
        assert (folder / "opened/sign.json").read_text() == "SECRET"
