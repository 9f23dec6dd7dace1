"""What a nation makes of what is no missile, and what it forgets."""

import math
from dataclasses import replace

import numpy as np
import pytest

from noroshi.earth import frames
from noroshi.exercise import draw
from noroshi.exercise.world import missile
from noroshi.flight import orbits
from noroshi.flight.sample import trajectory
from noroshi.node.origins import position
from noroshi.node.state import Foreign, Origin, Pending, Thing, Warning
from noroshi.node.step import step, wake_s
from noroshi.records.detections import Plot
from noroshi.records.tracks import Estimate
from noroshi.records.truth import Kind
from noroshi.tracking.provenance import Evidence
from tests.exercise.made import airliner, made, quiet
from tests.node.days import ALARMS, journal, of


def flown(replayed, lat, lon, apogee_km, range_km, start_s=0.0, family=None, bearing=90.0):
    """A missile of the shipped scenario's kind from another place with other figures."""
    launch = replayed.launches[0]
    changes = {
        "launch_lat_deg": lat,
        "launch_lon_deg": lon,
        "apogee_km": apogee_km,
        "range_km": range_km,
        "bearing_deg": bearing,
    }
    figures = {
        name: getattr(launch, name).model_copy(update={"value": value}) for name, value in changes.items()
    }
    threat = launch.threat if family is None else family
    one = launch.model_copy(update={**figures, "threat": threat, "launch_time_s": start_s})
    flight = draw.flight(replayed, one, 0)
    return missile(flight, trajectory(flight.fit))


def overhead(height_km, inclination_deg):
    """A satellite some minutes before and after it passes highest over the Sea of Japan, within two days."""
    elements = orbits.walker(1, 1, 0, inclination_deg, height_km)
    position, velocity = (
        np.asarray(part)[:, 0] for part in orbits.positions(elements, np.arange(0.0, 172_800.0))
    )
    sea = np.asarray(frames.ecef(*np.radians([40.0, 132.0]), np.float64(0.0)))
    nearest = int(np.linalg.norm(position - sea, axis=1).argmin())
    rows = slice(max(nearest - 300, 0), nearest + 300)
    return made("sat", Kind.SPACE, position[rows], velocity[rows], rcs_m2=20.0, swerling=1)


# What is no missile.


def test_an_airliner_is_recognised_and_alarms_nobody(replayed, watchers):
    lines = journal(quiet(replayed, watchers, 900.0), airliner("a", (39, 135), (39, 137)))
    sorts = {line["sort"] for line in of(lines, "recognised")}
    assert sorts == {"aircraft"}
    recognised_s = of(lines, "recognised")[0]["t_s"]
    assert of(lines, "first_sight")[0]["t_s"] + 18 <= recognised_s < 60
    assert not [line for line in lines if line["event"] in ALARMS]
    assert not of(lines, "launch_report")
    assert not [line for line in of(lines, "forecast") if line["t_s"] > recognised_s]


@pytest.mark.parametrize("height_km, tilt", [(300, 97), (550, 53), (420, 51.6)])
def test_a_satellite_is_recognised_before_any_people_are_told(replayed, watchers, height_km, tilt):
    lines = journal(quiet(replayed, watchers, 900.0), overhead(height_km, tilt))
    assert of(lines, "first_sight"), "nobody sees it: the test tests nothing"
    assert {line["sort"] for line in of(lines, "recognised")} == {"satellite"}
    assert not [line for line in lines if line["event"] in ("alert", "update")]
    # Before it is recognised a desk may begin to confirm; then it stands down.
    begun = {line["alert"] for line in of(lines, "stage")}
    assert begun == {line["alert"] for line in of(lines, "stood_down")}
    assert all(line["reason"] == "it is a satellite" for line in of(lines, "stood_down"))


@pytest.mark.parametrize(
    "place, apogee_km, range_km, bearing",
    [
        ((40.6, 126.4), 2000, 900, 90),  # lofted
        ((40.6, 126.4), 1000, 4600, 80),
        ((40.6, 126.4), 550, 2700, 85),
        ((40.6, 126.4), 300, 2000, 90),  # depressed
        ((39.5, 134.0), 800, 500, 90),  # seen from the ground on
    ],
)
def test_a_missile_is_never_recognised_as_anything_else(
    replayed, watchers, place, apogee_km, range_km, bearing
):
    lines = journal(
        quiet(replayed, watchers, 2400.0), flown(replayed, *place, apogee_km, range_km, bearing=bearing)
    )
    assert [line for line in of(lines, "track") if line["state"] == "confirmed"]
    assert not of(lines, "recognised")


def test_no_missile_of_the_shipped_scenario_is_recognised_as_anything_else(arms):
    for watched in arms.values():
        assert not watched.said("recognised")


@pytest.fixture(scope="module")
def koreans(replayed):
    return [sensor for sensor in replayed.sensors if sensor.nation == "KOR"]


@pytest.fixture(scope="module")
def rising(replayed):
    """A missile that rises before Korea's radars 700 s into the run."""
    return flown(replayed, 38.9, 126.6, 1000, 4600, 700.0, bearing=80)


@pytest.mark.parametrize("gone_s", [450, 680])
def test_an_airliner_that_is_seen_no_more_does_not_hide_a_missile(replayed, koreans, rising, gone_s):
    """Where it was may be anywhere by then: what rises there is a track of its own."""
    scenario = quiet(replayed, koreans, 1000.0)

    def confirmed_s(lines):
        tracks = [line for line in of(lines, "track") if line["state"] == "confirmed" and line["t_s"] > 700]
        return tracks[0]["t_s"]

    jet = airliner("a", (38.6, 126.4), (38.6, 127.6), start_s=float(gone_s - 453))
    together = journal(scenario, rising, jet)
    assert of(together, "recognised")
    assert confirmed_s(together) == confirmed_s(journal(scenario, rising))


# Tracks and things end.


def plot(sensor, time_s, range_m=500e3, azimuth=-1.2, elevation=0.1):
    return Plot(sensor, time_s, (range_m, azimuth, elevation), (50.0, 1e-3, 1e-3), False)


def test_a_plot_alone_becomes_no_track_and_is_forgotten_in_an_hour(japan):
    node, out = step(japan, [plot("JPN-Sado", 100.0)], 100.0)
    assert [event for _, event, _ in out.entries] == ["first_sight", "track"]
    (thing,) = node.things
    assert thing.track is not None and not thing.confirmed
    assert wake_s(node, 100.0) == 131.0
    node, out = step(node, [], 131.0)
    assert node.things[0].track is None and out.entries == [] and out.cues == []
    assert wake_s(node, 131.0) == math.inf
    for now_s, left in ((3699.0, 1), (3701.0, 0)):
        node, out = step(node, [], now_s)
        assert len(node.things) == left and out.entries == []


def test_what_people_still_have_to_be_told_of_is_not_forgotten(japan):
    held = Thing("JPN-T1", last_told_s=0.0, warning=Warning("standing", 1, ("Hokkaido",)))
    node = replace(japan, things=(held, Thing("JPN-T2", last_told_s=0.0)), made=2)
    node, _ = step(node, [], 10_000.0)
    assert [thing.id for thing in node.things] == ["JPN-T1"]


@pytest.mark.parametrize(
    "sort, said", [("aircraft", "it is an aircraft"), ("satellite", "it is a satellite")]
)
def test_an_alert_about_what_turns_out_no_missile_is_cancelled(japan, sort, said):
    warned = Thing("JPN-T1", sort=sort, last_told_s=90.0, warning=Warning("standing", 1, ("Hokkaido",)))
    node = replace(japan, things=(warned,), made=1)
    node, out = step(node, [], 100.0)
    assert out.entries == []
    due_s = wake_s(node, 100.0)
    low, high = node.desk.update_s.low, node.desk.update_s.high
    assert 100 + low <= due_s <= 100 + high
    node, out = step(node, [], math.ceil(due_s))
    ((at_s, event, fields),) = out.entries
    assert (at_s, event, fields["reason"]) == (due_s, "cancel", said)
    assert fields["areas"] == ["Hokkaido"]
    assert node.things[0].warning.stage == "over"
    assert step(node, [], due_s + 100)[1].entries == []


def test_who_decides_on_what_turns_out_no_missile_stands_down(japan):
    doubted = Thing("JPN-T1", sort="aircraft", last_told_s=90.0, warning=Warning("deciding", 1))
    node = replace(japan, things=(doubted,), made=1, pending=(Pending(101.0, "decided", "JPN-T1"),))
    node, out = step(node, [], 101.0)
    ((_, event, fields),) = out.entries
    assert (event, fields["reason"]) == ("stood_down", "it is an aircraft")


def test_an_alert_whose_track_was_another_things_is_cancelled(japan):
    """A launch was reported, an airliner's track threatened, and that became a thing of its own."""
    warned = Thing("JPN-T1", last_told_s=90.0, warning=Warning("standing", 1, ("Hokkaido",)))
    node, _ = step(replace(japan, things=(warned,), made=1), [], 100.0)
    due_s = min(one.due_s for one in node.pending)
    node, out = step(node, [], math.ceil(due_s))
    ((_, fields),) = [(event, fields) for _, event, fields in out.entries if event == "cancel"]
    assert fields["reason"] == "what threatened was something else"
    assert node.things[0].warning.stage == "over"


def heard_of(japan, time_s):
    """The node after a partner's track, all but still and well known, at a place that Sado sees."""
    place = position(japan.desk, plot("JPN-Sado", time_s))
    state, sigma = np.array([*place, *np.zeros(6), 8.5]), np.repeat([1e3, 50.0, 1.0, 0.3], [3, 3, 3, 1])
    estimate = Estimate(np.float64(time_s), state, np.diag(sigma**2), np.array([0.5, 0.5, 0.0, 0.0]))
    told = Foreign(estimate, Evidence.of(["USA"], "USA", time_s), "USA-T1")
    thing = Thing("JPN-T1", foreign={"USA": told}, last_told_s=time_s)
    return replace(japan, things=(thing,), made=1)


@pytest.mark.parametrize("later_s, ours", [(1.0, True), (1000.0, False), (3000.0, False)])
def test_what_a_partner_saw_long_ago_gathers_no_plots_of_today(japan, later_s, ours):
    """Carried on for an hour it could be anywhere, and would take every false plot for its own."""
    node, _ = step(heard_of(japan, 100.0), [plot("JPN-Sado", 100.0 + later_s)], 100.0 + later_s)
    assert (node.things[0].track is not None) is ours
    assert len(node.things) == (1 if ours else 2)


@pytest.mark.parametrize("later_s, ours", [(600.0, True), (5000.0, True), (6000.0, False)])
def test_what_was_reported_longer_ago_than_anything_flies_gathers_no_plots(japan, later_s, ours):
    """A report without a direction reaches all round, the farther the older it is."""
    told = Origin(100.0, 39.5, 134.5, 50.0, 0.0, 180.0)
    # Spoken of again and again, so that nobody forgets it.
    thing = Thing("JPN-T1", told={"R1": told}, last_told_s=100.0 + later_s)
    node, _ = step(
        replace(japan, things=(thing,), made=1), [plot("JPN-Sado", 100.0 + later_s)], 100.0 + later_s
    )
    assert (node.things[0].track is not None) is ours
