"""`noroshi coverage` as a user meets it."""

import json
import re
import shlex

import jsonschema
import pytest

from noroshi.catalogue import schema
from tests.cli.command import noroshi
from tests.flight.test_elements import PUBLISHED
from tests.house.house import ROOT

PAGE = (ROOT / "docs" / "reference" / "coverage.md").read_text(encoding="utf-8")
T1 = ("--walker", "28/4/1", "--height-km", "1000", "--inclination-deg", "81")
QUICK = ("--points", "1000", "--steps", "60", "--earth", "still")


def asked(folder, *arguments):
    done = noroshi("coverage", *arguments, "--json", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    jsonschema.validate(answer, schema.coverage_schema(), jsonschema.Draft202012Validator)
    return answer


@pytest.fixture(scope="module")
def t1(tmp_path_factory):
    """28 satellites in four planes, over the band of the question."""
    return asked(tmp_path_factory.mktemp("coverage"), *T1, "--band", "20,50")


def test_json_holds_both_answers_and_what_was_asked(t1):
    assert t1["layers"] == [
        {
            "kind": "walker", "name": "28/4/1", "satellites": 28, "height_km": 1000.0,
            "inclination_deg": 81.0, "pattern": "delta", "epoch_utc": None,
        }
    ]  # fmt: skip
    assert t1["band_deg"] == [20.0, 50.0]
    assert t1["limits"]["limb"] is True
    assert t1["search"] is None
    # The published run over an Earth at rest; in the long run the same.
    assert t1["geometry"]["p1"] == pytest.approx(0.975, abs=0.005)
    assert t1["geometry"]["p2"] == pytest.approx(0.866, abs=0.005)
    assert 600 < t1["geometry"]["longest_gap_s"] < 3600
    assert t1["gated"]["p1"] == t1["geometry"]["p1"]
    assert t1["gated"]["p2"] < t1["geometry"]["p2"]
    rows = t1["geometry"]["by_latitude"]
    assert [row["south_deg"] for row in rows] == [float(south) for south in range(-90, 90, 10)]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda one: one.update(extra=1),
        lambda one: one.pop("gated"),
        lambda one: one["geometry"].update(p1=1.1),
        lambda one: one["geometry"]["by_latitude"][0].update(south_deg=-91),
        lambda one: one["layers"][0].update(kind="radar"),
        lambda one: one.update(earth="flat"),
    ],
)
def test_an_answer_of_another_shape_does_not_fit_the_schema(t1, spoil):
    one = json.loads(json.dumps(t1))
    spoil(one)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(one, schema.coverage_schema())


def test_a_dim_target_is_seen_less_far(tmp_path, t1):
    dim = ("--intensity-w-per-sr", "4000", "--threshold-w-per-m2", "1e-9")
    answer = asked(tmp_path, *T1, *QUICK, *dim)
    assert answer["limits"]["bright_range_km"] == 2000.0
    assert answer["gated"]["mean_in_view"] < 0.6 * answer["geometry"]["mean_in_view"]
    assert answer["gated"]["p1"] < answer["geometry"]["p1"]


def test_nations_add_up_to_the_whole_and_lose_more_than_there_is(tmp_path):
    split = ("--nations", "USA=14,JPN=7,KOR=7")
    answer = asked(tmp_path, *T1, *QUICK, "--band", "20,50", *split)
    nations = {one["nation"]: one for one in answer["nations"]}
    assert {name: one["satellites"] for name, one in nations.items()} == {"USA": 14, "JPN": 7, "KOR": 7}
    whole = answer["geometry"]
    alone = sum(one["geometry"]["alone"]["mean_in_view"] for one in nations.values())
    assert alone == pytest.approx(whole["mean_in_view"], abs=1e-5)
    for one in nations.values():
        for kind in ("geometry", "gated"):
            told = one[kind]
            assert told["alone"]["p2"] <= told["alone"]["p1"] <= answer[kind]["p1"] + 1e-6
            for key in ("mean_in_view", "p1", "p2"):
                left = answer[kind][key] - told["without"][key]
                assert told["loss"][key] == pytest.approx(left, abs=2e-6)
                assert told["loss"][key] >= -1e-6
        assert one["geometry"]["holds_km2"] is None
    # Stereo takes two.
    assert sum(one["geometry"]["loss"]["p2"] for one in nations.values()) > whole["p2"]


def test_what_one_nation_withholds_is_what_the_others_have(tmp_path):
    answer = asked(tmp_path, *T1, *QUICK, "--nations", "USA,JPN")
    usa, jpn = answer["nations"]
    # Planes in turn: two of four each.
    assert (usa["satellites"], jpn["satellites"]) == (14, 14)
    assert usa["gated"]["without"] == jpn["gated"]["alone"]
    assert jpn["geometry"]["without"] == usa["geometry"]["alone"]


def test_a_search_divides_what_it_found(tmp_path):
    few = ("--search", "--criterion", "p1>=0.5", "--total", "4-16", "--planes", "2-4", "--band", "20,50")
    answer = asked(tmp_path, *few, "--nations", "USA,JPN", "--points", "1000")
    assert sum(one["satellites"] for one in answer["nations"]) == answer["layers"][0]["satellites"]


NET = ("--net", "japan-2022-10-04", "--points", "20000", "--target-km", "50")


def test_a_net_is_told_over_the_places_in_its_reach_and_by_nation(tmp_path):
    answer = asked(tmp_path, *NET, "--rcs-m2", "0.01")
    assert (answer["layers"], answer["steps"], answer["band_deg"]) == ([], None, None)
    assert answer["geometry"]["p1"] == 1
    assert answer["geometry"]["longest_gap_s"] == 0
    assert 0 < answer["gated"]["p1"] < 1
    assert answer["gated"]["longest_gap_s"] is None
    for one in answer["nations"]:
        for kind in ("geometry", "gated"):
            assert 0 <= one[kind]["only_km2"] <= one[kind]["holds_km2"]
            # What only it holds is what is lost without it.
            share = one[kind]["only_km2"] / max(one[kind]["holds_km2"], 1)
            assert share == pytest.approx(
                one[kind]["loss"]["p1"] / max(one[kind]["alone"]["p1"], 1e-9), abs=2e-3
            )
    never = {one["id"]: one["never"] for one in answer["net"]["sensors"]}
    assert never["USA-IR-1"].startswith("is left out: without --intensity-w-per-sr")
    assert never["JPN-Sado"] is None


def test_a_larger_target_is_held_by_more_of_the_net_up_to_its_horizon(tmp_path):
    small, large = (asked(tmp_path, *NET, "--rcs-m2", rcs) for rcs in ("0.01", "1"))
    assert small["geometry"] == large["geometry"]
    assert small["gated"]["mean_in_view"] < large["gated"]["mean_in_view"]
    assert large["gated"]["mean_in_view"] <= large["geometry"]["mean_in_view"]


def test_a_net_of_some_nations_and_a_constellation_are_joined(tmp_path):
    some = ("--nations", "JPN,KOR", "--rcs-m2", "1")
    orbit = ("--walker", "6/2/1", "--height-km", "1000", "--inclination-deg", "60", "--minutes", "200")
    net, both = asked(tmp_path, *NET, *some), asked(tmp_path, *NET, *some, *orbit, "--steps", "40")
    assert {one["nation"] for one in net["net"]["sensors"]} == {"JPN", "KOR"}
    assert both["places"] == net["places"]
    assert both["steps"] == 40
    assert both["geometry"]["mean_in_view"] > net["geometry"]["mean_in_view"] + 0.1
    assert [one["satellites"] for one in both["nations"]] == [3, 3]
    assert [one["radars"] for one in both["nations"]] == [one["radars"] for one in net["nations"]]
    assert both["nations"][0]["gated"]["holds_km2"] == net["nations"][0]["gated"]["holds_km2"]


def test_a_nets_satellites_watch_a_target_that_shines(tmp_path):
    dark, bright = (
        asked(tmp_path, *NET, "--rcs-m2", "1", *more)
        for more in ((), ("--intensity-w-per-sr", "1e7", "--steps", "4"))
    )
    assert bright["geometry"]["mean_in_view"] == pytest.approx(dark["geometry"]["mean_in_view"] + 2, abs=1e-6)
    assert bright["gated"]["p1"] == 1
    faint = asked(tmp_path, *NET, "--rcs-m2", "1", "--intensity-w-per-sr", "1", "--steps", "4")
    assert faint["gated"]["mean_in_view"] == pytest.approx(dark["gated"]["mean_in_view"], abs=1e-6)


def test_the_table_of_a_net_names_what_never_sees_anything(tmp_path):
    done = noroshi("coverage", *NET, "--rcs-m2", "1", "--plot", "net.png", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("net japan-2022-10-04: 10 radar, 2 infrared\n")
    assert "- USA-IR-2 is left out: without --intensity-w-per-sr the target is dark" in done.stdout
    assert "ships stand where they begin" in done.stdout
    assert (tmp_path / "net.png").stat().st_size > 50_000


def test_several_constellations_are_joined_each_with_its_own_height(tmp_path):
    both = asked(
        tmp_path, *QUICK, "--walker", "28/4/1", "--walker", "3/3/0", "--height-km", "1000,35786",
        "--inclination-deg", "81", "--inclination-deg", "0", "--min-elevation-deg", "5", "--target-km", "0",
    )  # fmt: skip
    assert [layer["height_km"] for layer in both["layers"]] == [1000.0, 35786.0]
    # The caps of both: 28 x 4.896 % and 3 x 38.193 %.
    assert both["geometry"]["mean_in_view"] == pytest.approx(1.371 + 1.146, abs=0.02)


def test_real_satellites_are_watched_through_from_the_newest_epoch_on(tmp_path):
    (tmp_path / "two.tle").write_text(PUBLISHED["00005"][0] + "\n", encoding="utf-8")
    answer = asked(tmp_path, "--elements", "two.tle", "--points", "500", "--minutes", "266")
    (layer,) = answer["layers"]
    assert (layer["kind"], layer["name"], layer["satellites"]) == ("elements", "two.tle", 1)
    assert layer["epoch_utc"] == "2000-06-27T18:50:19Z"
    assert answer["earth"] == "wgs84"
    assert answer["geometry"]["p2"] == 0
    # Inclined by 34 deg: the poles are not seen.
    assert answer["geometry"]["by_latitude"][-1]["longest_gap_s"] is None
    assert answer["geometry"]["longest_gap_s"] is None


def test_the_search_says_the_smallest_and_what_it_covers(tmp_path):
    answer = asked(
        tmp_path, "--search", "--band", "20,50", "--inclination-deg", "50,70", "--total", "14-28",
        "--planes", "3-7", "--points", "1000", "--plot", "trade.png",
    )  # fmt: skip
    found = answer["search"]
    assert found["criterion"] == {"measure": "p2", "bound": 0.95, "gated": False}
    assert [one["inclination_deg"] for one in found["trade"]] == [50.0, 70.0]
    assert found["best"]["coverage"]["p2"] >= 0.95
    assert answer["layers"][0]["name"] == found["best"]["walker"]
    assert (tmp_path / "trade.png").stat().st_size > 50_000
    assert answer["geometry"]["p2"] == pytest.approx(found["best"]["coverage"]["p2"], abs=0.02)


def test_a_search_that_finds_nothing_says_so_and_is_no_error(tmp_path):
    few = ("--search", "--total", "2-4", "--band", "20,50")
    answer = asked(tmp_path, *few)
    assert answer["layers"] == []
    assert (answer["geometry"], answer["gated"], answer["search"]["best"]) == (None, None, None)
    done = noroshi("coverage", *few, "--plot", "none.png", cwd=tmp_path)
    assert done.returncode == 0
    assert "None of them will do." in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_table_shows_the_band_first_and_what_is_assumed(tmp_path):
    done = noroshi("coverage", *T1, *QUICK, "--band", "-50,-20", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "Walker delta 28/4/1, 1000 km, 81°"
    assert lines[1].startswith("target at 30 km seen above the Earth's limb; 1,000 places, 60 moments")
    assert lines[4].startswith("50°S to 20°S")
    assert lines[5].startswith("80°N to 90°N")
    assert "cross at 15° or more: assumed" in done.stdout
    # All the time is a hundred per cent, nearly all is not.
    assert "100.0 %" in lines[5]


@pytest.mark.parametrize("ending", [".png", ".svg"])
def test_the_picture_is_written(tmp_path, ending):
    done = noroshi("coverage", *T1, *QUICK, "--band", "20,50", "--plot", f"seen{ending}", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Picture: seen{ending}" in done.stdout
    content = (tmp_path / f"seen{ending}").read_bytes()
    assert len(content) > 50_000
    assert content.startswith(b"\x89PNG" if ending == ".png" else b"<?xml")


def test_help_explains_every_option_and_has_an_example(tmp_path):
    text = noroshi("coverage", "--help", cwd=tmp_path).stdout
    for option in re.findall(r"`(--[a-z0-9-]+)", PAGE):
        assert option in text
    example = re.search(r"Example: noroshi (.*(?:\n +.*)*)", text)[1]
    assert noroshi(*example.split(), cwd=tmp_path).returncode == 0


def test_the_pages_examples_run_and_print_what_it_says(tmp_path):
    for command in re.findall(r"```console\n\$ noroshi (.*?)\n```", PAGE):
        done = noroshi(*shlex.split(command), cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
    command = re.search(r"`noroshi (coverage [^`]*--json)`", PAGE)[1]
    ours = json.loads(noroshi(*command.split(), cwd=tmp_path).stdout)
    theirs = json.loads(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1])
    for part in ("geometry", "gated"):
        (shown,) = theirs[part]["by_latitude"]
        ours[part]["by_latitude"] = [
            row for row in ours[part]["by_latitude"] if row["south_deg"] == shown["south_deg"]
        ]
    assert ours == theirs


def test_every_field_is_on_the_page(t1):
    nation = ("alone", "without", "loss", "holds_km2", "only_km2", "radars", "never", "rcs_m2")
    for name in [*t1, *t1["layers"][0], *t1["limits"], *t1["geometry"], *nation]:
        assert name in PAGE, name
