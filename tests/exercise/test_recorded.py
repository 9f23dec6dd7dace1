"""Recorded detections, tracked. Chances come from fixed seeds."""

import math
from dataclasses import replace

import numpy as np
import pytest

from noroshi.earth import frames, geometry
from noroshi.exercise import recorded
from noroshi.exercise.recorded import follow
from noroshi.records.detections import Plot, Recorded
from noroshi.tracking import door
from tests.exercise.recordings import GEO_M, RADARS, SATELLITES, flight, seen
from tests.tracking import scenes

LOOKS = 16
PERIOD_S = 2.0


@pytest.fixture(scope="module")
def true():
    """Two bodies beside each other: times and states, and the rows that three radars record."""
    chance = np.random.default_rng(1)
    moments = list(scenes.history(scenes.bodies(2, chance), chance, LOOKS, PERIOD_S))
    rows = [
        Recorded(plot, *scenes.PLACES[plot.sensor], 100.0, tuple(scenes.BIAS))
        for _, _, plots in moments
        for plot in plots
    ]
    return moments, rows


@pytest.fixture(scope="module")
def clean(true):
    """What is made of the two bodies."""
    return follow(true[1])


def picture(made):
    """Everything that tracks tell: when, which, where, how sure, held for what."""
    return [
        (
            line.time_s,
            line.track,
            line.plots,
            line.estimate.mean.tolist(),
            line.estimate.cov.tolist(),
            line.held.kinds,
        )
        for line in made.lines
    ]


def changed(row: Recorded, name="bad", **how) -> Recorded:
    return replace(row, plot=replace(row.plot, sensor=name, **how))


def test_two_bodies_are_two_tracks_near_them(true, clean):
    moments, _ = true
    assert [one.name for one in clean.found] == ["T1", "T2"]
    assert not clean.refused and not clean.late
    for time_s, states, _ in moments[6:]:
        lines = [line for line in clean.lines if line.time_s == time_s]
        # Each body has the track that is nearest to it, within five sigmas: one fails in 10,000 at most.
        whose = [
            min(lines, key=lambda line, s=s: np.linalg.norm(line.estimate.mean[:3] - s[:3])) for s in states
        ]
        assert len({line.track for line in whose}) == len(lines) == 2
        for line, state in zip(whose, states, strict=True):
            off = line.estimate.mean[:3] - state[:3]
            assert off @ np.linalg.solve(line.estimate.cov[:3, :3], off) < 25


def test_what_falls_from_high_up_has_no_launch_but_a_place_to_fall(clean):
    for one in clean.found:
        assert one.launched is None
        assert one.lands_s > one.followed.last_s
        shares = [area.area_km2 for area in one.areas]
        assert shares == sorted(shares) and shares[-1] > 0


def spoilt(rows):
    """A sensor with each fault in turn, between the rows of the others; and how many are refused for what."""
    first = rows[0]
    faults = [
        (changed(first, measurement=(math.nan, 0.1, 0.1)), "not a number"),
        (changed(first, time_s=math.nan), "not a number"),
        (changed(first, sigma=(50.0, -1e-3, 1e-3)), "sigma not positive"),
        (changed(first, measurement=(1e9, 0.1, 0.1)), "out of bounds"),
        (replace(changed(first), lat_deg=math.nan), "no place of the sensor"),
        (replace(changed(first), bias_sigma=(-1.0, 0.0, 0.0)), "no place of the sensor"),
        (changed(first, time_s=3600.0), "time lies ahead"),
        (changed(first, time_s=-3600.0), "older than the replay window"),
    ]
    out = []
    for number, row in enumerate(rows):
        out.append(row)
        if number % 5 == 4:
            out += [fault for fault, _ in faults]
    times = len(rows) // 5
    expected: dict[tuple[str, str], int] = {}
    for _, reason in faults:
        expected["bad", reason] = expected.get(("bad", reason), 0) + times
    return out, expected


def test_a_bad_sensor_is_refused_with_reasons_and_changes_no_track(true, clean):
    rows, expected = spoilt(true[1])
    made = follow(rows)
    assert dict(made.refused) == expected
    assert picture(made) == picture(clean)


def test_rows_that_come_twice_count_once(true, clean):
    rows = [one for row in true[1] for one in (row, row)]
    made = follow(rows)
    assert sum(made.refused.values()) == len(true[1])
    assert {reason for _, reason in made.refused} == {"came before"}
    assert picture(made) == picture(clean)


def test_a_sensor_cannot_be_in_two_places_at_once(true, clean):
    rows = [
        one
        for row in true[1]
        for one in (row, replace(changed(row, row.plot.sensor, measurement=(1e6, 0, 1)), lat_deg=0.0))
    ]
    made = follow(rows)
    assert {reason for _, reason in made.refused} == {"sensor in two places at once"}
    assert picture(made) == picture(clean)


def test_a_flood_is_cut_and_the_tracks_stay(true, clean):
    _, rows = true
    chance = np.random.default_rng(2)
    most = door.limits_of({}).most_else
    where = np.flatnonzero([row.plot.time_s == 10.0 for row in rows])[0]
    # Lines of sight elsewhere in the sky, all in one second.
    flood = [
        changed(rows[where], "flood", measurement=(0.0, *z), sigma=(math.inf, 6e-4, 6e-4))
        for z in chance.uniform([2.5, 0.6], [4.0, 1.4], (most + 80, 2)).tolist()
    ]
    made = follow([*rows[:where], *flood, *rows[where:]])
    assert dict(made.refused) == {("flood", "more plots than the sensor can mean"): 80}
    assert len(made.found) == 2
    # Kernels for more rows may round the last digits otherwise.
    for one, other in zip(made.lines, clean.lines, strict=True):
        np.testing.assert_allclose(one.estimate.mean, other.estimate.mean, rtol=1e-9)


def test_rows_late_within_the_window_give_the_picture_of_rows_on_time(true, clean):
    """Each row comes up to 12 s after its time: the tracks are those of rows in their order."""
    _, rows = true
    chance = np.random.default_rng(3)
    came_s = [row.plot.time_s + chance.uniform(0, 12) for row in rows]
    made = follow([rows[k] for k in np.argsort(came_s, kind="stable")])
    assert made.late > 10
    assert not made.refused
    assert picture(made) == picture(clean)


def test_rows_in_the_order_of_sensors_are_told_to_be_sorted(true, clean):
    rows = sorted(true[1], key=lambda row: row.plot.sensor)
    longer = [changed(row, row.plot.sensor, time_s=row.plot.time_s * 10) for row in rows]
    made = follow(longer)
    assert {reason for _, reason in made.refused} == {"older than the replay window"}
    assert picture(follow(sorted(rows, key=recorded.when))) == picture(clean)


def test_a_pause_of_hours_is_no_jump_of_a_clock(true):
    _, rows = true
    made = follow([*rows, *(changed(row, row.plot.sensor, time_s=row.plot.time_s + 2e4) for row in rows)])
    assert not made.refused
    assert len(made.found) == 4


def test_a_clock_that_is_off_from_the_start_is_outvoted(true, clean):
    _, rows = true
    fast = [
        changed(row, "fast", time_s=row.plot.time_s + 1800.0) for row in rows if row.plot.sensor == "KOR-East"
    ]
    mixed = sorted([*rows, *fast], key=lambda row: row.plot.time_s - 1800.0 * (row.plot.sensor == "fast"))
    # It comes first of all; what stands at the end of the record, with nothing after it, nobody can judge.
    fast = [row for row in fast if row.plot.time_s < 1800.0 + PERIOD_S * (LOOKS - 1)]
    mixed = [row for row in mixed if row in rows or row in fast]
    mixed = [fast[0], *(row for row in mixed if row is not fast[0])]
    made = follow(mixed)
    assert dict(made.refused) == {("fast", "time lies ahead"): len(fast)}
    assert picture(made) == picture(clean)


def test_satellites_see_the_same_line_about_the_nadir():
    """Angles of a satellite in its local horizon and about its nadir are one direction in space."""
    chance = np.random.default_rng(4)
    for _ in range(50):
        lat_deg, lon_deg = chance.uniform(-80, 80), chance.uniform(-180, 180)
        azimuth, elevation = chance.uniform(0, 2 * math.pi), chance.uniform(-math.pi / 2, -0.3)
        plot = Plot("S", 0.0, (0.0, azimuth, elevation), (math.inf, 1e-5 / math.cos(elevation), 1e-5), False)
        row = Recorded(plot, lat_deg, lon_deg, GEO_M, (0.0, 2e-5 / math.cos(elevation), 2e-5))
        eye, turned = recorded._eye(row), recorded._as_filtered(row)
        lat, lon = np.radians([lat_deg, lon_deg])
        local = geometry.direction(frames.enu_axes(lat, lon), np.float64(azimuth), np.float64(elevation))
        ours = geometry.direction(eye.axes, *map(np.float64, turned.measurement[1:]))
        np.testing.assert_allclose(ours, local, atol=1e-12)
        # Noise that is the same in all directions across the line stays so.
        across = np.array([math.cos(turned.measurement[2]), 1.0])
        np.testing.assert_allclose(np.array(turned.sigma[1:]) * across, 1e-5, rtol=1e-6)
        np.testing.assert_allclose(eye.bias_sigma[1:] * across, 2e-5, rtol=1e-6)


@pytest.fixture(scope="module")
def launch():
    """A missile from its launch to well after burnout, and what radars and satellites record of it."""
    path = flight()
    rows = seen(path, (*RADARS, *SATELLITES), np.random.default_rng(5), late_s=1000.0)
    return path, [row for row in rows if row.plot.time_s < 1160.0]


def test_a_launch_is_one_track_from_where_it_began_to_where_it_falls(launch):
    path, rows = launch
    (one,) = follow(rows).found
    assert {"KOR-East", "USA-West", "USA-East"} <= set(one.followed.sensors)
    lat, lon, _ = np.degrees(frames.geodetic(path.position_ecef_m))
    start = one.launched
    away_m, _ = geometry.great_circle(*np.radians([start.lat_deg, start.lon_deg, lat[0], lon[0]]))
    assert float(away_m) < 4 * 1e3 * start.sigma_km * math.sqrt(2)
    assert abs(start.time_s - 1000.0) < 4 * start.sigma_s
    # What fell elsewhere than in all but the last two thousandths of what was forecast would be a fault.
    assert one.lands.rank(float(lat[-1]), float(lon[-1])) < 0.998
    assert abs(one.lands_s - 1000.0 - path.time_s[-1]) < 60.0


def test_satellites_alone_begin_a_track_where_it_is(launch):
    path, rows = launch
    made = follow([row for row in rows if row.height_m > 1e5])
    assert not made.refused
    assert len(made.found) == 1
    one = made.found[0].followed
    assert all(math.isinf(plot.sigma[0]) for plot in one.sights)
    row = int(np.argmin(np.abs(np.asarray(path.time_s) + 1000.0 - one.last_s)))
    away_m = np.linalg.norm(one.estimate.mean[:3] - np.asarray(path.position_ecef_m)[row])
    assert away_m < 10e3
