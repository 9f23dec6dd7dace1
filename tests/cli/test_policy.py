"""`noroshi policy` as a user meets it."""

import base64
import json
import re
import subprocess

import pytest

from noroshi.formats import journal
from noroshi.formats import message as wire
from noroshi.sharing import envelope, keys
from tests.cli.command import NOROSHI, environment, noroshi
from tests.house.house import ROOT
from tests.sharing.words import message

SAID = {"id": "JPN-00042", "kind": "forecast", "origin": "JPN", "label": "REL JPN USA KOR"}
EPOCH = "2022-10-04T00:00:00Z"


@pytest.fixture
def said(tmp_path):
    (tmp_path / "message.json").write_text(json.dumps(SAID))
    return tmp_path


def test_a_refusal_is_explained_with_rule_reason_file_and_line(said):
    done = noroshi("policy", "explain", "message.json", "--to", "KOR", cwd=said)
    assert (done.returncode, done.stderr) == (0, "")
    first, *rest = done.stdout.splitlines()
    assert first == "JPN-00042: whole forecast of JPN, to KOR: refused"
    told = "\n".join(rest)
    assert "rule    silence, hub-jpn-sensors-stay-home" in told
    assert "data/policies/hub/JPN.cedar:" in told
    assert [line.split()[1] for line in rest[rest.index("considered, in this order:") + 1 :]] == [
        "own", "label", "exercise", "stale", "opaque", "release", "release", "release",
    ]  # fmt: skip


def test_what_may_go_is_explained_on_both_sides(said):
    done = noroshi("policy", "explain", "message.json", "--to", "kor", "--holder", "USA", "--json", cwd=said)
    told = json.loads(done.stdout)
    assert (told["allowed"], told["form"], told["rule"]) == (True, "elements", "hub-usa-relay-at-once")
    assert told["file"].endswith("hub/USA.cedar") and len(told["lines"]) == 1
    assert len(told["policy_sha256"]) == 64
    assert told["accepted_there"]["rules"] == ["hub-kor-accept-from-hub"]


def test_a_message_may_come_from_standard_input_or_from_the_bytes_of_a_border(said):
    body = wire.encode(message(to=("USA", "KOR")), EPOCH)
    sealed = envelope.seal(body, keys.generate("JPN", True, 0.0, 1e10))
    command = [str(NOROSHI), "policy", "explain", "-", "--to", "USA"]
    done = subprocess.run(
        command, input=sealed, cwd=said, env=environment(), capture_output=True, timeout=300
    )
    assert done.stdout.decode().startswith(
        "JPN-forecast-1: whole forecast of JPN, to USA: allowed, as elements"
    )


def test_a_message_may_come_from_a_journal(said):
    body = wire.encode(message(to=("USA", "KOR")), EPOCH)
    sealed = envelope.seal(body, keys.generate("JPN", True, 0.0, 1e10))
    entries = [
        {"t_s": 1.0, "node": "JPN", "event": "outgoing", "message": "JPN-forecast-1",
         "sealed": base64.b64encode(sealed).decode()},
        {"t_s": 2.0, "node": "JPN", "event": "message", "message": "JPN-00007", "kind": "track",
         "label": "REL JPN USA", "payload": {}},
    ]  # fmt: skip
    (said / "live").mkdir()
    (said / "live" / "000.journal").write_bytes(journal.encode(entries))
    (said / "run").write_bytes(journal.encode(entries[1:]))
    for source, verdict in (
        ("live:JPN-forecast-1", "JPN-forecast-1: whole forecast of JPN, to USA: allowed, as elements"),
        ("run:JPN-00007", "JPN-00007: whole track of JPN, to USA: refused"),
    ):
        done = noroshi("policy", "explain", source, "--to", "USA", cwd=said)
        assert done.stdout.splitlines()[0] == verdict
    missing = noroshi("policy", "explain", "run:JPN-00008", "--to", "USA", cwd=said)
    assert missing.returncode == 2 and "holds no message JPN-00008" in missing.stderr


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("message.json", "--to", "FRA"), "--to = 'FRA'\n  is not a known nation."),
        (("message.json", "--to", "USA", "--holder", "X"), "--holder = 'X'"),
        (("message.json", "--to", "USA", "--policy", "hubb"), 'Did you mean "hub"?'),
        (("nowhere.json", "--to", "USA"), "nowhere.json\n  does not exist."),
        ((".", "--to", "USA"), "cannot be read: Is a directory"),
        (("broken.json", "--to", "USA"), "broken.json: line 1\n  is not valid JSON"),
    ],
)
def test_each_wrong_input_is_told_on_standard_error(said, arguments, words):
    (said / "broken.json").write_text("{]")
    done = noroshi("policy", "explain", *arguments, cwd=said)
    assert done.returncode == 2 and done.stdout == ""
    assert words in done.stderr and "Traceback" not in done.stderr


def test_expectations_of_a_shipped_arm_are_met():
    done = noroshi("policy", "test", "mesh", cwd=NOROSHI.parent)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].endswith(" passed, 0 failed.")


def test_an_expectation_that_is_not_met_is_shown_and_leaves_with_one(tmp_path):
    case = '[[case]]\nnation = "JPN"\nto = "KOR"\nkind = "forecast"\nexpect = "allowed"\n'
    (tmp_path / "mine.toml").write_text(f'policy = "hub"\n{case}{case.replace("allowed", "refused")}')
    done = noroshi("policy", "test", "mine.toml", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.splitlines()[:2] == [
        "FAILED  JPN -> KOR: whole forecast of JPN", "        is refused, must be allowed",
    ]  # fmt: skip
    assert done.stdout.splitlines()[-1] == "1 passed, 1 failed."
    told = json.loads(noroshi("policy", "test", "mine.toml", "--json", cwd=tmp_path).stdout)
    assert (told["passed"], told["failed"]) == (1, 1)
    assert [one["passed"] for one in told["cases"]] == [False, True]


def test_a_file_that_cannot_be_used_leaves_with_two(tmp_path):
    (tmp_path / "mine.toml").write_text("case = 3")
    for name, words in (("mine.toml", "mine.toml: case"), ("none.toml", "does not exist")):
        done = noroshi("policy", "test", name, cwd=tmp_path)
        assert done.returncode == 2 and words in done.stderr


def test_the_policy_of_the_how_to_decides_what_it_says(tmp_path):
    page = (ROOT / "docs" / "how-to" / "write-a-policy.md").read_text(encoding="utf-8")
    (tmp_path / "JPN.cedar").write_text("\n".join(re.findall(r"```cedar\n(.*?)```", page, re.DOTALL)))
    (tmp_path / "tests.toml").write_text(re.search(r"```toml\n(.*?)```", page, re.DOTALL)[1])
    done = noroshi("policy", "test", ".", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout in page
