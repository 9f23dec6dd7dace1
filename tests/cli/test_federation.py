"""`noroshi federation` as people of three nations meet it."""

import asyncio
import json
import re
import subprocess

import pytest

from noroshi.live.home import load_home
from tests.cli.command import NOROSHI, environment, noroshi
from tests.house.house import ROOT
from tests.live import nodes

PAGE = (ROOT / "docs" / "how-to" / "join-a-federation.md").read_text(encoding="utf-8")


def done(*words, cwd):
    """Run it; it must end well. Returns what it printed."""
    result = noroshi("federation", *words, cwd=cwd)
    assert result.returncode == 0, result.stderr
    return result.stdout


def refused(*words, cwd):
    """Run it; it must be refused in words. Returns them."""
    result = noroshi("federation", *words, cwd=cwd)
    assert (result.returncode, result.stdout.count("Traceback"), result.stderr.count("Traceback")) == (
        2,
        0,
        0,
    )
    return result.stderr


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """USA, JPN and KOR as the page's first steps make them; what each command printed."""
    place = tmp_path_factory.mktemp("three")
    said = []
    for line in re.findall(r"^noroshi federation (?:new|invite|join|accept).*", PAGE, re.MULTILINE)[:7]:
        said.append(done(*line.split()[2:], cwd=place))
    # What the nodes would tell each other.
    done("accept", "usa/outgoing/USA-to-JPN.notice", "--home", "jpn", cwd=place)
    done("accept", "usa/outgoing/USA-to-KOR.notice", "--home", "kor", cwd=place)
    return place, said


def test_the_page_takes_three_nations_to_a_federation(three):
    place, said = three
    assert len(said) == 7
    usa, jpn, kor = (load_home(place / name) for name in ("usa", "jpn", "kor"))
    assert (set(usa.partners), set(jpn.partners), set(kor.partners)) == ({"JPN", "KOR"}, {"USA"}, {"USA"})
    for home, texts in ((usa, said[:5]), (jpn, [said[3], said[5]]), (kor, [said[4], said[6]])):
        for text in texts:
            assert home.signer.public.fingerprint in text


def test_check_runs_at_the_nodes_and_leaves_with_what_it_found(three):
    place, _ = three

    async def scene():
        async with nodes.running(place / "usa", place / "jpn", place / "kor"):
            good = await command("check", "JPN", "--home", "usa", cwd=place)
            asked = await command("check", "USA", "--home", "kor", "--json", cwd=place)
            status = await command("status", "--home", "usa", "--json", cwd=place)
        async with nodes.running(place / "usa"):
            bad = await command("check", "JPN", "--home", "usa", "--json", cwd=place)
        return good, asked, status, bad

    good, asked, status, bad = asyncio.run(scene())
    assert good[0] == 0, good[1]
    assert re.search(r"USA and JPN conform; \d+\.\d minutes to federate\.", good[1])
    assert good[1].count("passed  ") == 18
    found = json.loads(asked[1])
    assert (asked[0], found["passed"], found["partner"]) == (0, True, "USA")
    assert found["minutes"] > 0
    links = {one["nation"]: one["link"] for one in json.loads(status[1])["partners"]}
    assert links == {"JPN": "up", "KOR": "up"}
    assert bad[0] == 1
    assert not json.loads(bad[1])["passed"]


async def command(*words, cwd):
    """Run it beside nodes of this process."""
    process = await asyncio.create_subprocess_exec(
        str(NOROSHI), "federation", *words, cwd=cwd, env=environment(),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    text, _ = await process.communicate()
    return process.returncode, text.decode()


def test_a_check_without_a_node_says_so(three):
    assert "has no running node" in refused("check", "JPN", "--home", "usa", cwd=three[0])
    assert "Partners: JPN, KOR" in refused("check", "GBR", "--home", "usa", cwd=three[0])


def test_status_tells_keys_ages_and_whom_others_vouch_for(three):
    text = done("status", "--home", "kor", cwd=three[0])
    assert text.startswith("KOR in keen, EXERCISE, node does not run\n")
    assert "USA: link unknown, we dial its link" in text
    assert "JPN: no line, known through USA" in text
    assert load_home(three[0] / "jpn").signer.public.fingerprint in text


def test_a_wrong_fingerprint_stops_the_joining_and_makes_nothing(tmp_path):
    done("new", "USA", "--home", "usa", "--name", "keen", "--live", cwd=tmp_path)
    told = json.loads(done("invite", "JPN", "--home", "usa", "--out", "i", "--json", cwd=tmp_path))
    text = refused("join", "i", "--home", "jpn", "--fingerprint", "beef", cwd=tmp_path)
    assert "do not go on" in text
    assert not (tmp_path / "jpn").exists()
    spaced = told["fingerprint"].replace(" ", "").upper()
    done("join", "i", "--home", "jpn", "--out", "r", "--fingerprint", spaced, cwd=tmp_path)
    assert "do not go on" in refused("accept", "r", "--home", "usa", "--fingerprint", "beef", cwd=tmp_path)
    done("accept", "r", "--home", "usa", cwd=tmp_path)
    assert "was used already" in refused("accept", "r", "--home", "usa", cwd=tmp_path)


def test_files_that_are_there_are_left_alone(tmp_path):
    done("new", "USA", "--home", "usa", "--name", "keen", "--exercise", cwd=tmp_path)
    (tmp_path / "i").write_text("mine")
    assert "is left alone" in refused("invite", "JPN", "--home", "usa", "--out", "i", cwd=tmp_path)
    assert (tmp_path / "i").read_text() == "mine"
    assert "is not empty" in refused("new", "JPN", "--home", "usa", "--name", "x", "--exercise", cwd=tmp_path)


@pytest.mark.parametrize(
    "words, said",
    [
        (["status", "--home", "nowhere"], "a nation's home is needed"),
        (["invite", "JPN", "--home", "nowhere", "--out", "x"], "a nation's home is needed"),
        (["join", "nothing", "--home", "jpn"], "cannot be read"),
        (["init-exercise", "--nations", "JPN", "--out", "x"], "two nations or more"),
        (["init-exercise", "--nations", "JPN,Korea", "--out", "x"], "three capital letters"),
        (["init-exercise", "--nations", "JPN,USA", "--out", "x", "--mesh", "--scenario", "y"], "no place"),
        (["rotate", "--home", "x", "--tls", "--leaf", "USA"], "no place beside --leaf"),
    ],
)
def test_what_cannot_be_done_is_said_in_words(tmp_path, words, said):
    assert said in refused(*words, cwd=tmp_path)


def test_a_notice_is_written_where_no_node_runs_and_taken_by_accept(tmp_path):
    made = json.loads(
        done("init-exercise", "--nations", "JPN,KOR,USA", "--out", "ex", "--json", cwd=tmp_path)
    )
    assert set(made) == {"JPN", "KOR", "USA"}
    text = done("rotate", "--home", "ex/JPN", "--out", "carried", cwd=tmp_path)
    assert "USA could not be told: give it carried/JPN-to-USA.notice" in text
    text = done("accept", "carried/JPN-to-USA.notice", "--home", "ex/USA", cwd=tmp_path)
    assert load_home(tmp_path / "ex" / "JPN").own_keys[1].kid in text
    assert "was taken already" in refused(
        "accept", "carried/JPN-to-USA.notice", "--home", "ex/USA", cwd=tmp_path
    )
    old = load_home(tmp_path / "ex" / "JPN").own_keys[0].kid
    assert "only key that may sign" in refused("revoke", old, "--home", "ex/JPN", cwd=tmp_path)
    done("leave", "USA", "--home", "ex/KOR", cwd=tmp_path)
    text = done("accept", "ex/KOR/outgoing/KOR-to-USA.notice", "--home", "ex/USA", cwd=tmp_path)
    assert "KOR has left; the border with it is closed." in text
    assert set(load_home(tmp_path / "ex" / "USA").partners) == {"JPN"}


def test_a_key_that_others_can_read_stops_every_command(tmp_path):
    done("new", "USA", "--home", "usa", "--name", "keen", "--exercise", cwd=tmp_path)
    (tmp_path / "usa" / "keys" / "sign.json").chmod(0o644)
    text = refused("invite", "JPN", "--home", "usa", "--out", "i", cwd=tmp_path)
    assert "chmod 0600" in text
    assert not (tmp_path / "i").exists()
