"""What cueing bought and how many missiles were counted, as the page tells it."""

import json

import pytest

from noroshi.report import cueing, raid
from noroshi.report.folder import read_run
from noroshi.report.html import page
from tests.report import made
from tests.report.test_html import parsed, prose

ROWS = {
    "national": [
        ("JPN", "JPN-Sado", 120.0, "own track", 150.0),
        ("USA", "USA-Shariki", 115.0, "search", 115.0),
    ],
    "bilateral": [
        ("JPN", "JPN-Sado", 90.0, "track from USA", 150.0),
        ("JPN", "JPN-<Rebun>", 110.0, "track from USA", 130.0),
        ("JPN", "JPN-Far", 190.0, "track from USA", None),
        ("USA", "USA-Shariki", 100.0, "launch report from KOR", 115.0),
    ],
}


def written(out, rows=ROWS, raids=(), launches=("L1",)):
    """A run's folder in which radars were cued, and nations counted."""
    folder = made.write_run(out, arms=["national", "bilateral"], launches=launches)
    told = json.loads((folder / "summary.json").read_text())
    for arm, ones in rows.items():
        names = ("nation", "sensor", "first_s", "because", "alone_s")
        told["arms"][arm]["cueing"] = [
            {
                "launch": "L1",
                **dict(zip(names, one, strict=True)),
                "saved_s": None if one[4] is None else one[4] - one[2],
            }
            for one in ones
        ]
    (folder / "summary.json").write_text(json.dumps(told))
    for arm, lines in dict(raids).items():
        path = folder / arm / "journal"
        seq = len(path.read_text().splitlines())
        more = [
            {
                "seq": seq + i,
                "t_s": t_s,
                "node": nation,
                "event": "raid",
                "count": count,
                "chance": {str(count): 0.9, str(count - 1): 0.1},
                "groups": [{"lat_deg": 39.0, "lon_deg": 127.0, "sigma_km": 3.0, "count": n} for n in groups],
            }
            for i, (t_s, nation, count, groups) in enumerate(lines)
        ]
        with path.open("a") as file:
            file.writelines(json.dumps(line, separators=(",", ":")) + "\n" for line in more)
    return read_run(folder)


def text_of(section):
    *_, inner = section
    return prose(f"<div>{''.join(inner)}</div>")


def test_what_cueing_bought_is_told_by_nation_and_by_whose_word(tmp_path):
    told = text_of(cueing.section(written(tmp_path / "run")))
    assert "3 radars, 20 to 60 s sooner, 1 never without" in told
    assert "1 radar, 30 s sooner" in told
    assert "track from the United States" in told and "launch report from the Republic of Korea" in told
    # Radar by radar, with the search alone beside it.
    assert "T+90 s, 60 s sooner: track from the United States" in told
    assert "T+190 s, never without" in told


def test_a_word_stands_in_the_row_of_the_nation_that_it_helped(tmp_path):
    tree = parsed(page(written(tmp_path / "run")))
    xhtml = "{http://www.w3.org/1999/xhtml}"
    rows = ["".join(row.itertext()) for row in tree.iter(f"{xhtml}tr")]
    (japan,) = [row for row in rows if "3 radars" in row]
    (states,) = [row for row in rows if "1 radar, 15" in row]
    assert "track from the United States" in japan
    assert "launch report from the Republic of Korea" in states


@pytest.mark.parametrize("rows", [{}, {"national": [("JPN", "JPN-Sado", 120.0, "search", 120.0)]}])
def test_where_no_cue_helped_nothing_is_said(tmp_path, rows):
    run = written(tmp_path / "run", rows)
    assert cueing.section(run) is None and raid.section(run) is None
    assert "What cueing bought" not in prose(page(run))


RAIDS = {"bilateral": [(130.0, "JPN", 2, (2,)), (230.0, "JPN", 3, (2, 1)), (800.0, "JPN", 1, (1,))]}


def test_the_count_stands_against_what_had_been_launched(tmp_path):
    run = written(tmp_path / "run", {}, RAIDS, launches=("L1", "L2"))
    told = text_of(raid.section(run))
    assert "3 at T+230 s" in told and "1, with 90 %" in told
    assert [raid.launched(run, time_s) for time_s in (0.0, 199.0, 200.0, 900.0)] == [1, 1, 2, 2]
    whole = page(run)
    assert "How many missiles, and from where" in prose(whole)
    assert "JPN under bilateral: 3 at T+230 s" in prose(whole).replace("\u00a0", " ")


def test_both_sections_lead_somewhere(tmp_path):
    tree = parsed(page(written(tmp_path / "run", raids=RAIDS)))
    ids = [one.get("id") for one in tree.iter() if one.get("id")]
    assert {"cueing", "raid"} <= set(ids) and len(ids) == len(set(ids))
