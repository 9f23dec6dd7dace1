"""What people saw who are no sensors, and what was announced: it turns radars, and readies people."""

import math
from dataclasses import replace

import pytest

from noroshi.catalogue import door
from noroshi.catalogue.reports import Notice, Report
from noroshi.exercise.nations import nodes
from noroshi.exercise.run import run
from noroshi.node.step import step, wake_s
from noroshi.records.detections import Sighting
from tests.catalogue.placed import figure, moving, on_ground, placed
from tests.exercise.made import airliner, quiet
from tests.node.days import ALARMS, SIGHTED, STAGES, journal, of

SIGHTING = Sighting("R1", "coast-guard", 100.0, 39.5, 134.5, 50.0, 90.0, "low")


def test_a_sighting_turns_radars_and_alarms_nobody(japan):
    node, out = step(japan, [SIGHTING], 110.0)
    assert {event for _, event, _ in out.entries} == {"sighting", "tasking"}
    assert out.cues and not out.dispatches
    assert {cue.sensor for cue in out.cues} <= set(japan.desk.radars)
    told = dict(out.entries[0][2])
    assert (told["report"], told["by"], told["lat_deg"], told["lon_deg"]) == (
        "R1",
        "coast-guard",
        39.5,
        134.5,
    )
    seconds = 110.0
    while (wake := wake_s(node, seconds)) < 5000:
        seconds = math.ceil(wake)
        node, out = step(node, [], float(seconds))
        assert not {event for _, event, _ in out.entries} & (ALARMS | {"forecast", "launch_report"})
    assert seconds < 200
    assert node.things[0].warning.stage == "idle"
    assert step(node, [], 3800.0)[0].things == ()


def test_two_sightings_of_one_launch_are_one_thing(japan):
    again = replace(SIGHTING, id="R2", by="airliner", time_s=130.0, lat_deg=39.9, bearing_deg=None)
    far = replace(SIGHTING, id="R3", lat_deg=30.0)
    node, _ = step(japan, [SIGHTING, again, far], 140.0)
    assert [set(thing.told) for thing in node.things] == [{"sighting R1", "sighting R2"}, {"sighting R3"}]


def test_a_sighting_reaches_its_nation_after_its_delay(replayed, watchers):
    report = door.validate(Report, SIGHTED, "my.toml")
    lines = journal(quiet(replayed, watchers, 900.0, reports=(report,)))
    (said,) = of(lines, "sighting")
    assert 160 <= said["t_s"] <= 221 and said["node"] == "JPN"
    assert not [line for line in lines if line["event"] in ALARMS]


def announced(*nations, radius_km=300.0, until_s=1000.0):
    circle = {"lat_deg": 40.6, "lon_deg": 126.4, "radius_km": radius_km}
    row = {
        "id": "N1",
        "issued_by": "PRK",
        "known_to": list(nations),
        "from_s": -1000.0,
        "until_s": until_s,
        "launch": circle,
        "source": "a test",
    }
    return door.validate(Notice, row, "my.toml")


@pytest.fixture(scope="module")
def ready(replayed, world):
    """How long Japan's people take for each stage, under notices; its partner's satellites saw the launch."""
    japan = replayed.national["JPN"]
    told = japan.model_copy(
        update={"announced_factor": japan.announced_factor.model_copy(update={"value": 0.25})}
    )

    def stages(*notices):
        scenario = replayed.model_copy(
            update={"notices": notices, "national": {**replayed.national, "JPN": told}}
        )

        def delivered(so_far):
            return any(line["event"] == "stage" and line["stage"] == "deliver" for line in so_far.entries)

        entries = run(scenario, 0, "hub", world, delivered, ["JPN"]).entries
        took = {}
        for line in entries:
            if line["event"] == "stage":
                took.setdefault(line["stage"], line["end_s"] - line["start_s"])
        return took

    return stages


def test_an_announced_launch_finds_people_ready_where_it_is_known(ready):
    plain, known = ready(), ready(announced("JPN", "KOR"))
    assert set(plain) == set(STAGES)
    for stage in ("confirm", "relay", "decide"):
        assert known[stage] == pytest.approx(0.25 * plain[stage], abs=0.01)
    # Lines and speakers are no quicker for that.
    assert known["deliver"] == pytest.approx(plain["deliver"], abs=0.01)


@pytest.mark.parametrize(
    "notice",
    [announced("KOR", "USA"), announced("JPN", until_s=-300.0), announced("JPN", radius_km=0.1)],
    ids=["known to others", "closed before", "of another place"],
)
def test_a_notice_that_does_not_tell_of_it_changes_nothing(ready, notice):
    assert ready(notice) == ready()


def test_a_radar_that_moves_is_cued_from_where_it_then_is(replayed):
    """Two hundred kilometres on, the same place lies in another direction."""
    ship = placed("spy-6", **moving((0, 38.0, 133.0, 0), (10_000, 40.0, 133.0, 0)))
    still = placed("j-fps-5", **on_ground(38.0, 138.0, 1000.0), boresight_deg=figure(270), id="JPN-Still")
    node = nodes(quiet(replayed, [ship, still], 10_000.0), "national", 0)["JPN"]
    found = {}
    for now_s in (100.0, 9000.0):
        _, out = step(node, [replace(SIGHTING, time_s=now_s - 10)], now_s)
        found[now_s] = {cue.sensor: cue.azimuth_rad for cue in out.cues}
    early, late = found[100.0], found[9000.0]
    assert early["JPN-Still"] == pytest.approx(late["JPN-Still"])
    assert abs(early["JPN-X"] - late["JPN-X"]) > 0.3


def test_an_airliner_where_a_launch_was_reported_is_another_thing(replayed, watchers):
    """What was reported stays what it is: who sees it later still has the report."""
    report = door.validate(Report, SIGHTED, "my.toml")
    scenario = quiet(replayed, watchers, 900.0, reports=(report,))
    lines = journal(scenario, airliner("a", (39, 135), (39, 137), start_s=240.0))
    (sighting,) = of(lines, "sighting")
    recognised = of(lines, "recognised")
    assert recognised and all(line["track"] != sighting["track"] for line in recognised)
    # It took the report's place at first: that is what the desk knew.
    assert of(lines, "track")[0]["track"] == sighting["track"]
    assert not [line for line in lines if line["event"] in ALARMS]
