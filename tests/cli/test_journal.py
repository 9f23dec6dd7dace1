"""noroshi journal, backup and restore as a person uses them: what is printed, and the exit code."""

import csv
import json
import signal
import subprocess
from functools import lru_cache

import pyarrow.parquet as pq
import pytest

from noroshi.formats.journal import encode
from noroshi.live import heads
from noroshi.live.store import Store
from noroshi.sharing import keys
from tests.cli.command import NOROSHI, environment, noroshi

UTC = "2026-05-01T00:00:00.000Z"


@lru_cache
def signer(nation):
    return keys.generate(nation, True, 0.0, 4e9)


class Clock:
    """Seconds from the epoch of an exercise on 1 May 2026."""

    def __init__(self):
        self.t_s = 0.0

    def now_s(self):
        return self.t_s

    def unix_s(self):
        return 1_777_593_600.0 + self.t_s


def make_home(path, nation, partner):
    """A node's home with a journal of eight entries, two heads, and a countersignature."""
    (path / "partners").mkdir(parents=True)
    (path / "node.toml").write_text(f'nation = "{nation}"\n')
    for one in (nation, partner):
        known = {"nation": one, "keys": [signer(one).public.to_dict()], "revoked": {}}
        (path / f"partners/{one}.json").write_text(json.dumps(known))
    clock = Clock()
    journal = Store.open(path / "journal", signer(nation), clock=clock, segment_bytes=500, head_every=6)
    for number in range(6):
        clock.t_s = 10.0 * number
        fields = {"message": f"{nation}-{number}", "to": partner} if number % 2 else {"state": "up"}
        journal.write(
            {"t_s": clock.t_s, "node": nation, "event": "expired" if number % 2 else "link", **fields}
        )
    made = heads.countersign(journal.signed_head, UTC, signer(partner))
    journal.write(heads.entry(made, clock.t_s, nation))
    journal.write({"t_s": clock.t_s, "node": nation, "event": "stopped"})
    journal.close()
    return path


@pytest.fixture
def home(tmp_path):
    return make_home(tmp_path / "JPN", "JPN", "USA")


def damaged(home):
    """Change one letter of the third line."""
    data = {path: path.read_bytes() for path in sorted((home / "journal").glob("*.jsonl"))}
    path = next(path for path, text in data.items() if b'"seq":2' in text)
    path.write_bytes(data[path].replace(b'"t_s":20.0', b'"t_s":20.5'))
    return path.name


# verify


def test_a_good_journal_is_called_good_with_its_head_and_who_countersigned_it(home, tmp_path):
    told = noroshi("journal", "verify", "JPN", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert "10 entries, 2026-05-01T00:00:00.000Z to 2026-05-01T00:00:50.000Z" in told.stdout
    assert "2 signed heads, up to seq 8; signatures good" in told.stdout
    assert "countersigned by USA up to seq 5" in told.stdout
    assert told.stdout.endswith("good\n")


def test_a_journal_folder_and_a_runs_file_are_read_too(home, tmp_path):
    folder = noroshi("journal", "verify", "JPN/journal", cwd=tmp_path)
    assert folder.returncode == 0
    assert "signatures not checked: name keys with --keys" in folder.stdout
    (tmp_path / "run").mkdir()
    (tmp_path / "run/journal").write_bytes(encode([{"event": "run", "t_s": 0.0, "node": ""}]))
    for place in ("run", "run/journal"):
        run = noroshi("journal", "verify", place, cwd=tmp_path)
        assert (run.returncode, run.stdout.split("\n")[0]) == (0, "run/journal: 1 entries")


def test_damage_is_told_with_its_place_and_exit_code_1(home, tmp_path):
    segment = damaged(home)
    told = noroshi("journal", "verify", "JPN", cwd=tmp_path)
    assert told.returncode == 1
    assert "damage after seq 1:" in told.stdout
    assert f"JPN/journal/{segment}: line" in told.stdout and "(seq 2)" in told.stdout
    assert told.stdout.endswith("NOT GOOD\n")
    as_json = noroshi("journal", "verify", "JPN", "--json", cwd=tmp_path)
    assert as_json.returncode == 1
    read = json.loads(as_json.stdout)
    assert (read["good"], read["entries"]) == (False, 2)
    assert segment in read["damage"]


def test_a_head_of_a_strange_key_is_told(home, tmp_path):
    told = noroshi("journal", "verify", "JPN", "--keys", "JPN/partners/USA.json", cwd=tmp_path)
    assert told.returncode == 1
    assert "wrong: seq 6: head: unknown_key" in told.stdout
    only_own = noroshi("journal", "verify", "JPN", "--keys", "JPN/partners/JPN.json", cwd=tmp_path)
    assert only_own.returncode == 0
    assert "not checked: seq 7: countersigned" in only_own.stdout


def test_a_line_that_is_being_written_is_no_damage_but_is_said(home, tmp_path):
    last = max((home / "journal").glob("*.jsonl"))
    last.write_bytes(last.read_bytes() + b'{"event":')
    told = noroshi("journal", "verify", "JPN", cwd=tmp_path)
    assert told.returncode == 0
    assert "9 bytes of a line that is not finished" in told.stdout
    (tmp_path / "run").write_bytes(encode([{"event": "run"}]) + b'{"event":')
    run = noroshi("journal", "verify", "run", cwd=tmp_path)
    assert run.returncode == 1 and "cut short" in run.stdout


def test_a_journal_that_is_none_is_refused_in_words(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "noise").write_bytes(b"\xff\x00" * 50)
    for place, words in (("nowhere", "is not there"), ("empty", "leads to no journal")):
        told = noroshi("journal", "verify", place, cwd=tmp_path)
        assert told.returncode == 2
        assert words in told.stderr and "Traceback" not in told.stderr
    assert noroshi("journal", "verify", "noise", cwd=tmp_path).returncode == 1


def test_of_several_journals_one_has_to_be_named(tmp_path):
    for nation, partner in (("JPN", "USA"), ("USA", "JPN")):
        make_home(tmp_path / "ex" / nation, nation, partner)
    told = noroshi("journal", "show", "ex", cwd=tmp_path)
    assert told.returncode == 2
    assert "Name one: ex/JPN, ex/USA." in told.stderr


@pytest.mark.parametrize("text", ["{}", "not JSON", '{"kid": 1, "ed25519": 2, "mldsa65": 3}'])
def test_a_file_without_usable_keys_is_refused_in_words(home, tmp_path, text):
    (tmp_path / "keys.json").write_text(text)
    told = noroshi("journal", "verify", "JPN", "--keys", "keys.json", cwd=tmp_path)
    assert told.returncode == 2
    assert "keys.json" in told.stderr and "Traceback" not in told.stderr


# show


def shown(*options, cwd):
    """The seqs that are printed."""
    told = noroshi("journal", "show", "JPN", *options, cwd=cwd)
    assert told.returncode == 0, told.stderr
    return [int(line.split()[0]) for line in told.stdout.splitlines()[1:]]


def test_entries_are_shown_one_a_line(home, tmp_path):
    told = noroshi("journal", "show", "JPN", cwd=tmp_path)
    heading, *lines = told.stdout.splitlines()
    assert heading.split() == ["seq", "t_s", "utc", "node", "event", "what"]
    assert lines[1].split() == ["1", "10.0", "00:00:10.000", "JPN", "expired", "message=JPN-1", "to=USA"]
    assert len(lines) == 10
    assert "head=<" in lines[6]


@pytest.mark.parametrize(
    "options, seqs",
    [
        (["--event", "link"], [0, 2, 4]),
        (["--event", "link", "--event", "head"], [0, 2, 4, 6, 9]),
        (["--message", "JPN-3"], [3]),
        (["--node", "USA"], []),
        (["--since", "30", "--until", "40"], [3, 4]),
        (["--since", "2026-05-01T00:00:30Z", "--until", "2026-05-01T00:00:40"], [3, 4]),
        (["--last", "2"], [8, 9]),
    ],
)
def test_what_is_asked_for_is_shown(home, tmp_path, options, seqs):
    assert shown(*options, cwd=tmp_path) == seqs


def test_a_time_that_is_none_is_refused(home, tmp_path):
    told = noroshi("journal", "show", "JPN", "--since", "noon", cwd=tmp_path)
    assert told.returncode == 2
    assert "--since = 'noon'" in told.stderr


def test_json_lines_are_the_entries(home, tmp_path):
    told = noroshi("journal", "show", "JPN", "--json", cwd=tmp_path)
    read = [json.loads(line) for line in told.stdout.splitlines()]
    assert [one["seq"] for one in read] == list(range(10))


def test_of_a_damaged_journal_is_shown_what_stands_before(home, tmp_path):
    damaged(home)
    told = noroshi("journal", "show", "JPN", cwd=tmp_path)
    assert told.returncode == 1
    assert len(told.stdout.splitlines()) == 1 + 2
    assert "damaged after seq 1" in told.stderr


def test_what_a_partner_wrote_does_not_reach_the_terminal_as_commands(tmp_path):
    entry = {"t_s": 0.0, "node": "JPN", "event": "refused", "detail": "\x1b[2J\r\nfalse line"}
    (tmp_path / "journal").write_bytes(encode([entry]))
    told = noroshi("journal", "show", "journal", cwd=tmp_path)
    assert "\x1b" not in told.stdout and len(told.stdout.splitlines()) == 2


def test_what_is_being_written_is_followed(home, tmp_path):
    command = [str(NOROSHI), "journal", "show", "JPN", "--follow", "--json"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert [json.loads(process.stdout.readline())["seq"] for _ in range(10)] == list(range(10))
        journal = Store.open(home / "journal", segment_bytes=500)
        for number in range(3):
            journal.write({"t_s": 99.0, "node": "JPN", "event": "link", "number": number})
        assert [json.loads(process.stdout.readline())["seq"] for _ in range(3)] == [10, 11, 12]
        journal.close()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


# export


def test_a_journal_is_written_as_a_table(home, tmp_path):
    for name in ("out.csv", "out.parquet", "out.jsonl"):
        told = noroshi("journal", "export", "JPN", "--out", name, cwd=tmp_path)
        assert (told.returncode, told.stdout) == (0, f"{name}: 10 entries\n")
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["seq"] for row in rows] == list(range(10))
    assert (rows[1]["event"], rows[1]["message"], rows[1]["to"], rows[1]["t_s"]) == (
        "expired",
        "JPN-1",
        "USA",
        10.0,
    )
    assert json.loads(rows[0]["fields"]) == {"state": "up"}
    with (tmp_path / "out.csv").open(newline="") as file:
        assert [row["event"] for row in csv.DictReader(file)] == [row["event"] for row in rows]
    whole = b"".join(path.read_bytes() for path in sorted((home / "journal").glob("*.jsonl")))
    assert (tmp_path / "out.jsonl").read_bytes() == whole


def test_a_damaged_journal_is_not_written_as_a_table(home, tmp_path):
    damaged(home)
    told = noroshi("journal", "export", "JPN", "--out", "out.csv", cwd=tmp_path)
    assert told.returncode == 2
    assert "(seq 2)" in told.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["JPN"]


def test_a_table_needs_a_format_and_a_place(home, tmp_path):
    told = noroshi("journal", "export", "JPN", "--out", "out.xyz", cwd=tmp_path)
    assert told.returncode == 2 and "must end in" in told.stderr
    told = noroshi("journal", "export", "JPN", "--out", "out.xyz", "--format", "csv", cwd=tmp_path)
    assert told.returncode == 0
    told = noroshi("journal", "export", "JPN", "--out", "no/where.csv", cwd=tmp_path)
    assert told.returncode == 2 and "cannot be written" in told.stderr


# audit


def test_journals_that_agree_are_good(tmp_path):
    for nation, partner in (("JPN", "USA"), ("USA", "JPN")):
        make_home(tmp_path / nation, nation, partner)
    told = noroshi("journal", "audit", "JPN", "USA", cwd=tmp_path)
    assert told.returncode == 0, told.stdout
    assert "2 journals (JPN, USA): 0 wrong, 0 to note; signatures checked" in told.stdout


def test_what_is_wrong_comes_first_with_exit_code_1(tmp_path):
    for nation, partner in (("JPN", "USA"), ("USA", "JPN")):
        make_home(tmp_path / nation, nation, partner)
    journal = Store.open(tmp_path / "JPN/journal")
    journal.write({"t_s": 99.0, "node": "JPN", "event": "receipt", "message": "JPN-9", "to": "USA"})
    journal.close()
    segment = damaged(tmp_path / "USA")
    told = noroshi("journal", "audit", "JPN", "USA", cwd=tmp_path)
    assert told.returncode == 1
    assert "WRONG  JPN seq 10, JPN-9: receipt: of USA, to whom it was not sent" in told.stdout
    assert f"WRONG  USA seq 2: chain: USA/journal/{segment}" in told.stdout
    as_json = json.loads(noroshi("journal", "audit", "JPN", "USA", "--json", cwd=tmp_path).stdout)
    assert (as_json["good"], as_json["nations"]) == (False, ["JPN", "USA"])
    assert {one["what"] for one in as_json["findings"] if one["error"]} == {"receipt", "chain"}


def test_one_nation_has_one_journal(home, tmp_path):
    told = noroshi("journal", "audit", "JPN", "JPN", cwd=tmp_path)
    assert told.returncode == 2
    assert "second journal of JPN" in told.stderr


# backup and restore


def test_a_node_is_saved_and_made_again(home, tmp_path):
    saved = noroshi("backup", "JPN", "--out", "jpn.tar", cwd=tmp_path)
    assert (saved.returncode, saved.stderr) == (0, "")
    assert "journal up to seq 9, without private keys" in saved.stdout
    made = noroshi("restore", "jpn.tar", "--to", "again", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert "again: JPN as of" in made.stdout
    assert noroshi("journal", "verify", "again", cwd=tmp_path).returncode == 0
    over = noroshi("restore", "jpn.tar", "--to", "again", cwd=tmp_path)
    assert over.returncode == 2
    assert "is newer" in over.stderr  # it holds the entry that it was restored


def test_keys_go_only_with_a_passphrase(home, tmp_path):
    (home / "keys").mkdir()
    (home / "keys/sign.json").write_text("SECRET")
    asked = noroshi("backup", "JPN", "--out", "jpn.tar", "--with-keys", cwd=tmp_path)
    assert asked.returncode == 2
    assert "--passphrase-file" in asked.stderr
    (tmp_path / "words").write_text("a long enough passphrase\n")
    options = ("--passphrase-file", "words")
    assert noroshi("backup", "JPN", "--out", "jpn.tar", "--with-keys", *options, cwd=tmp_path).returncode == 0
    assert noroshi("restore", "jpn.tar", "--to", "again", cwd=tmp_path).returncode == 2
    assert noroshi("restore", "jpn.tar", "--to", "again", *options, cwd=tmp_path).returncode == 0
    assert (tmp_path / "again/keys/sign.json").read_text() == "SECRET"
    assert noroshi("restore", "jpn.tar", "--to", "bare", "--without-keys", cwd=tmp_path).returncode == 0
    assert not (tmp_path / "bare/keys").exists()


def test_what_is_no_backup_is_refused_in_words(tmp_path):
    (tmp_path / "noise.tar").write_bytes(b"noise" * 1000)
    for name in ("noise.tar", "none.tar"):
        told = noroshi("restore", name, "--to", "again", cwd=tmp_path)
        assert told.returncode == 2
        assert name in told.stderr and "Traceback" not in told.stderr
