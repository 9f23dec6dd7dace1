"""Plots of a nation's own sensors: what they become, late or unsound ones too."""

import math
from dataclasses import replace

import numpy as np
import pytest

from noroshi.earth import frames, geometry
from noroshi.exercise.nations import nodes
from noroshi.node import origins, picture, plots
from noroshi.node.state import Outbox
from noroshi.node.step import step
from noroshi.node.things import add
from noroshi.records.detections import Plot
from noroshi.records.tracks import Estimate
from noroshi.tracking.followed import Followed
from noroshi.tracking.launchpoint import ROWS


def seen(node, sensor, place, time_s):
    """A plot of a radar of the node of something at a place."""
    site, axes = node.desk.radars[sensor].at(time_s)
    z = geometry.range_azimuth_elevation(site, axes, place)
    return Plot(sensor, time_s, tuple(z.tolist()), (50.0, 6e-4, 6e-4), False)


def falling(node, sensor, time_s, north_deg=0.0):
    """A place 400 km high over the radar, going up and away."""
    site, axes = node.desk.radars[sensor].at(time_s)
    way = np.array(
        [50e3 + 1500.0 * time_s, 200e3 + 110e3 * north_deg, 400e3 + 2000.0 * time_s - 4 * time_s**2]
    )
    return site + way @ axes


def jet(mps, height_m, time_s=0.0, sigma_mps=5.0):
    """An estimate of what flies eastwards."""
    lat, lon = np.radians([38.0, 138.0])
    place = frames.ecef(lat, lon, np.float64(height_m))
    velocity = np.array([mps, 0.0, 0.0]) @ frames.enu_axes(lat, lon)
    cov = np.diag(np.repeat([300.0, sigma_mps, 0.01, 0.5], [3, 3, 3, 1]) ** 2)
    mean = np.concatenate([place, velocity, np.zeros(3), [8.5]])
    return Estimate(np.float64(time_s), mean, cov, np.array([0.0, 0.0, 0.0, 1.0]))


def flown(node, last_s, estimate, beyond_s=-math.inf):
    """A confirmed track of a jet 250 km away, level at 230 m/s, seen every 4 s up to `last_s`."""
    sensor = sorted(node.desk.radars)[0]
    site, _ = node.desk.radars[sensor].at(0.0)
    lat, lon, _ = frames.geodetic(site)
    lat = float(lat) + 250e3 / 6.37e6

    def at(time_s):
        east = float(lon) + 230.0 * time_s / (6.37e6 * math.cos(lat))
        return seen(node, sensor, np.asarray(frames.ecef(lat, east, np.float64(10e3))), time_s)

    sights = tuple(at(float(t)) for t in range(0, int(last_s) + 1, 4))
    return Followed(
        "one", 0.0, float(last_s), len(sights), 20.0, (sensor,), sights, sights[-1], estimate,
        confirmed=True, beyond_s=beyond_s,
    )  # fmt: skip


def sort_of(node, one):
    """What a thing with this track is taken for."""
    node, thing = add(node)
    out = Outbox(one.last_s)
    node = plots._recognised(node, replace(thing, track=one), one, out)
    return node.things[-1].sort


def test_a_jet_that_turned_out_none_is_not_taken_for_one_by_what_was_seen_before(japan):
    assert sort_of(japan, flown(japan, 24, jet(230.0, 10e3))) == "aircraft"
    assert sort_of(japan, flown(japan, 24, jet(230.0, 10e3), beyond_s=12.0)) == ""
    assert sort_of(japan, flown(japan, 48, jet(230.0, 10e3), beyond_s=12.0)) == "aircraft"


@pytest.mark.parametrize("mps, height_m, sort", [(230, 14e3, "aircraft"), (900, 10e3, ""), (300, 30e3, "")])
def test_what_was_an_aircraft_stays_one_until_it_surely_is_none(japan, mps, height_m, sort):
    """A climb of 4 km takes nothing back."""
    one = flown(japan, 24, jet(float(mps), height_m))
    node, thing = add(japan)
    thing = replace(thing, track=one, sort=plots.AIRCRAFT)
    node = plots._recognised(replace(node, things=(thing,)), thing, one, Outbox(24.0))
    assert node.things[0].sort == sort


def test_a_late_plot_that_is_earlier_than_the_first_takes_nothing_from_a_thing(japan):
    """The track has another name then; the thing is the same, and no other takes its place."""
    node, sensor = japan, sorted(japan.desk.radars)[0]
    for time_s in (4.0, 6.0, 8.0, 10.0):
        both = [seen(node, sensor, falling(node, sensor, time_s, north), time_s) for north in (0.0, 1.0)]
        node, _ = step(node, both, time_s)
    before = {thing.id: thing.track for thing in node.things}
    assert len(before) == 2
    late = [seen(node, sensor, falling(node, sensor, 2.0, north), 2.0) for north in (0.0, 1.0)]
    node, out = step(node, late, 11.0)
    after = {thing.id: thing.track for thing in node.things}
    assert set(after) == set(before)
    for name, track in after.items():
        assert track.id != before[name].id
        assert track.newest == before[name].newest
        assert track.plots == before[name].plots + 1
    told = {event for _, event, _ in out.entries}
    assert not told & {"merged", "recognised"}
    assert not [fields for _, event, fields in out.entries if event == "track"]


def watched(node, time_s, lat_deg=40.0, lon_deg=129.0):
    """A scan of a place by a satellite of the node."""
    name = sorted(node.desk.satellites)[0]
    eye, axes = node.desk.satellites[name].at(time_s)
    place = np.asarray(frames.ecef(*np.radians([lat_deg, lon_deg]), np.float64(15e3)))
    z = geometry.range_azimuth_elevation(eye, axes, place)
    return Plot(name, time_s, (0.0, *z[1:].tolist()), (math.inf, 5e-5, 5e-5), False)


@pytest.fixture
def overhead(replayed):
    """The node of a nation with satellites, before anything happens."""
    return next(node for node in nodes(replayed, "national", 0).values() if node.desk.satellites)


def test_a_late_scan_continues_the_launch_it_is_of_in_its_place(overhead):
    node = overhead
    for time_s in (100.0, 110.0, 105.0, 85.0):
        node = plots._scan(node, watched(node, time_s))
    assert len(node.things) == 1
    (scans,) = node.things[0].scans.values()
    assert [plot.time_s for plot in scans] == [85.0, 100.0, 105.0, 110.0]
    node = plots._scan(node, watched(node, 20.0))
    assert len(node.things) == 2


def test_the_scans_of_a_fire_that_burns_on_stay_few(overhead):
    node = overhead
    for look in range(100):
        node = plots._scan(node, watched(node, 10.0 * look))
    (thing,) = node.things
    (scans,) = thing.scans.values()
    assert [plot.time_s for plot in scans] == [10.0 * look for look in (*range(8), *range(76, 100))]
    assert thing.evidence == 100


def test_a_launch_that_is_no_number_is_told_to_nobody(overhead, monkeypatch):
    node = overhead
    for look in range(ROWS):
        node = plots._scan(node, watched(node, 10.0 * look, 40.0 + 0.1 * look))
    thing = replace(node.things[0], report_due_s=0.0)
    node = replace(node, things=(thing,))

    def nowhere(desk, sights):
        return replace(told, lat_deg=math.nan), jet(230.0, 10e3)

    told = origins.Origin(0.0, 40.0, 129.0, 5.0, 90.0, 5.0)
    monkeypatch.setattr(origins, "estimate", nowhere)
    out = Outbox(240.0)
    after = picture.watch(node, 240.0, out)
    assert [thing.origin for thing in after.things] == [None]
    assert not [event for _, event, _ in out.entries if event == "launch_report"]


def test_a_state_that_cannot_be_starts_no_track(overhead):
    node = plots._scan(overhead, watched(overhead, 0.0))
    out = Outbox(0.0)
    assert plots.from_above(node, node.things[0], jet(12e3, 2e5), [watched(node, 0.0)], out) == (
        node,
        node.things[0],
    )
    assert not out.entries


def test_a_raid_of_hundreds_is_let_in_and_a_fault_is_not(japan, monkeypatch):
    came = []

    def counted(tracker, moment, eyes, now_s):
        came.append(len(moment))
        return tracker

    monkeypatch.setattr(plots.tracker, "step", counted)
    sensor = sorted(japan.desk.radars)[0]
    site, axes = japan.desk.radars[sensor].at(1.0)
    one = seen(japan, sensor, site + np.array([1e5, 1e5, 2e5]) @ axes, 1.0)
    raid = [replace(one, measurement=(1e5 + 100.0 * k, *one.measurement[1:])) for k in range(5000)]
    for number, let_in in ((1000, 1000), (5000, None)):
        came.clear()
        node = plots.sense(japan, raid[:number], 1.0, Outbox(1.0))
        assert max(came) == (let_in or max(came)) < 3000
        assert sum(node.door.refused.values()) == number - max(came)
