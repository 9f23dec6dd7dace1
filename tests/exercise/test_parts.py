"""What comes loose from a flight: where it parts, how it falls, and that nothing else changes by it."""

from dataclasses import replace

import numpy as np
import pytest

from noroshi.catalogue.figures import Figure
from noroshi.catalogue.launch import Failing
from noroshi.catalogue.threats import load_threat
from noroshi.earth import frames, geometry, gravity
from noroshi.errors import InputError
from noroshi.exercise import draw, parts
from noroshi.exercise.checks import checks
from noroshi.exercise.world import build
from noroshi.flight.objects import FRAGMENT_MPS, PUSHED_MPS, spent_stages
from noroshi.records.truth import Kind

PLACE = {"launch_lat_deg": 39.2, "launch_lon_deg": 125.7, "bearing_deg": 90.0}
STEEP = PLACE | {"apogee_km": 3000.0, "range_km": 1000.0, "apogee_spread_km": 50.0, "range_spread_km": 10.0}


def number(value):
    return Figure(value=value, source="a test", confidence="published")


def failing(kind, at_s, figures="planned", fragments=None):
    count = None if fragments is None else number(fragments)
    return Failing(kind=kind, at_s=number(at_s), figures=figures, fragments=count)


@pytest.fixture(scope="module")
def staged():
    """Three stages; the last one is left behind too."""
    return load_threat("icbm").model_copy(update={"stages": 3, "separates": True})


@pytest.fixture(scope="module")
def scene(replayed, staged):
    """The shipped scenario with launches of that missile, as a test wants them."""

    def made(*changes, **every):
        first, found = replayed.launches[0], []
        for row, change in enumerate(changes or ({},)):
            told = {"id": f"L{row + 1}", "threat": staged, **STEEP, **every, **change}
            found.append(
                first.model_copy(
                    update={
                        name: number(value) if isinstance(value, float) and name != "launch_time_s" else value
                        for name, value in told.items()
                    }
                )
            )
        return replayed.model_copy(update={"launches": tuple(found), "duration_s": 3600.0})

    return made


@pytest.fixture(scope="module")
def steep(scene):
    return build(scene(), 0)


def named(world, name):
    return next(one for one in world.objects if one.id == name)


def apart_m(world, one, rows):
    """How far an object is from the first launch, rows after it came loose."""
    body = world.objects[0]
    first = round(one.start_s - body.start_s)
    return np.linalg.norm(one.position_ecef_m[rows] - body.position_ecef_m[first + rows], axis=-1)


def range_km(one, launch):
    end = frames.geodetic(one.position_ecef_m[-1])[:2]
    start = np.radians([launch.launch_lat_deg.value, launch.launch_lon_deg.value])
    return float(geometry.great_circle(*start, *end)[0]) / 1e3


def test_launches_come_first_and_then_what_parts_from_them(scene):
    found = build(scene({}, {"launch_time_s": 30.0}), 0)
    names = [one.id for one in found.objects]
    assert names == ["L1", "L2", *(f"L{launch}/stage-{stage}" for launch in (1, 2) for stage in (1, 2, 3))]
    assert len(found.flights) == len(found.tracks) == 2
    assert all(one.kind is Kind.MISSILE for one in found.objects)
    assert found.end_s == max(one.start_s + len(one.position_ecef_m) for one in found.objects)


def test_a_stage_parts_where_the_missile_is_when_it_is_spent(steep):
    burns = [float(stage.burn_s) for stage in steep.flights[0].fit.missile.stages]
    gap_s = float(steep.flights[0].fit.missile.stages[1].gap_s)
    spent_s = np.cumsum(burns) + gap_s * np.arange(3)
    for stage, at_s in enumerate(spent_s, 1):
        one = named(steep, f"L1/stage-{stage}")
        assert one.start_s == np.ceil(at_s)
        # Within a second the missile coasts between its stages: only air and a small push part them.
        assert apart_m(steep, one, 0) < 100


def test_a_last_stage_stays_beside_its_body_until_the_air_parts_them(steep):
    one = named(steep, "L1/stage-3")
    rows = np.arange(0, 120, 20)
    away = apart_m(steep, one, rows)
    assert np.all(np.diff(away) > 0)
    # 3 m/s for so long; gravity differs by little over so short a way.
    assert away[-1] == pytest.approx(PUSHED_MPS * 100.5, rel=0.1)
    # It falls with less mass over its area than the body, and later.
    assert one.start_s + len(one.position_ecef_m) > len(steep.objects[0].position_ecef_m)


def test_a_stage_falls_where_another_way_of_flying_it_says(steep):
    """Beside `noroshi fly`, whose tumbling stage is light or heavy: between these two."""
    flight = steep.flights[0]
    zones = spent_stages(flight.fit.site, flight.fit.missile, flight.fit.aim)
    site = np.radians([flight.fit.site.lat_deg, flight.fit.site.lon_deg])
    for stage, zone in enumerate(zones, 1):
        assert zone.name == f"stage {stage}"
        reach = [float(geometry.great_circle(*site, *np.radians(one))[0]) / 1e3 for one in zone.zone_deg]
        # Its last row is of the last second in the air: half a kilometre before the ground.
        assert min(reach) - 1 < range_km(named(steep, f"L1/stage-{stage}"), flight.launch) < max(reach) + 1


def test_what_parts_is_dark_and_shows_radars_what_the_profile_says(steep, staged):
    for one in steep.objects[1:]:
        assert not one.infrared_w_per_sr.any()
        assert set(one.rcs_m2) == {staged.rcs_m2_stage.value}
    bare = steep.flights[0].launch.threat.model_copy(update={"rcs_m2_stage": None})
    flight = replace(steep.flights[0], launch=steep.flights[0].launch.model_copy(update={"threat": bare}))
    assert {one.rcs_m2[0] for one in parts.loose([flight], 0)} == {staged.rcs_m2_boost.value}


def test_a_missile_of_one_stage_leaves_none_behind_unless_its_body_leaves_it(scene, replayed):
    single = replayed.launches[0].threat
    told = {"threat": single, "apogee_km": 1000.0, "range_km": 4600.0}
    assert [one.id for one in build(scene(told), 0).objects] == ["L1"]
    parting = single.model_copy(update={"separates": True})
    assert [one.id for one in build(scene(told | {"threat": parting}), 0).objects] == ["L1", "L1/stage-1"]


def test_another_launch_does_not_alter_what_parts_from_the_first(scene, steep):
    both = build(scene({}, {"launch_time_s": 30.0}), 0)
    for one in steep.objects:
        again = named(both, one.id)
        np.testing.assert_array_equal(again.position_ecef_m, one.position_ecef_m)
        assert again.start_s == one.start_s
    # Each stage of each launch has a drag of its own, and each seed another.
    first, second = (named(both, f"L{launch}/stage-1") for launch in (1, 2))
    assert len(first.position_ecef_m) != len(second.position_ecef_m)
    other = build(scene(), 1)
    assert len(named(other, "L1/stage-1").position_ecef_m) != len(first.position_ecef_m)


def test_upper_stages_keep_the_pitch_that_is_given_and_the_first_does_not(scene):
    world = build(scene(upper_pitch_deg=88.0, threat=_held(scene)), 0)
    flight, track = world.flights[0], world.tracks[0]
    site = flight.fit.site
    east, north, up = np.asarray(frames.enu_axes(*np.radians([site.lat_deg, site.lon_deg])))
    forward = np.sin(flight.fit.azimuth_rad) * east + np.cos(flight.fit.azimuth_rad) * north
    time_s, speed = np.asarray(track.time_s)[:-1], np.asarray(track.velocity_ecef_mps)[:-1]
    place = np.asarray(track.position_ecef_m)[:-1]
    push = (speed[2:] - speed[:-2]) / 2 - np.asarray(gravity.apparent(place[1:-1], speed[1:-1]))
    pitch_deg = np.degrees(np.arctan2(push @ up, push @ forward))
    at_s = time_s[1:-1]
    burn_s = float(flight.fit.missile.stages[0].burn_s)
    upper = (at_s > burn_s + 4) & (at_s < 3 * burn_s) & (np.asarray(frames.height(place[1:-1])) > 80e3)
    upper &= np.abs(at_s - 2 * burn_s - 3) > 4
    assert upper.sum() > 50
    # Without air nothing but the thrust is left.
    assert np.abs(pitch_deg[upper] - 88.0).max() < 0.3
    assert np.degrees(flight.fit.loft_rad) < 80
    # Apogee and range are as announced all the same.
    assert np.abs(flight.fit.residual_km).max() < 0.05


def _held(scene):
    return scene().launches[0].threat.model_copy(update={"steering": "held-pitch"})


def test_a_launch_that_loses_its_thrust_burns_no_more_and_falls_short_of_its_plan(scene, steep):
    planned = steep.flights[0].fit
    at_s = 2.5 * float(planned.missile.stages[0].burn_s)
    world = build(scene(failure=failing("thrust-loss", at_s)), 0)
    fit, track = world.flights[0].fit, world.tracks[0]
    assert not np.asarray(track.burning)[np.asarray(track.time_s) >= at_s].any()
    assert fit.apogee_km < planned.apogee_km
    same = slice(0, int(at_s))
    np.testing.assert_allclose(
        np.asarray(track.position_ecef_m)[same], np.asarray(steep.tracks[0].position_ecef_m)[same], atol=3.0
    )
    top_km = np.asarray(frames.height(np.asarray(track.position_ecef_m))).max() / 1e3
    assert fit.apogee_km == pytest.approx(top_km, abs=1.0)
    assert fit.flight_time_s == pytest.approx(float(track.time_s[-1]), abs=0.01)
    # The stage that burned is left behind where the profile says so: the body alone flies on.
    assert [one.id for one in world.objects] == ["L1", "L1/stage-1", "L1/stage-2", "L1/stage-3"]
    assert world.objects[3].start_s == np.ceil(at_s)


def test_what_fails_before_its_last_stage_falls_whole(scene, steep, staged):
    at_s = 1.5 * float(steep.flights[0].fit.missile.stages[0].burn_s)
    world = build(scene(failure=failing("thrust-loss", at_s)), 0)
    assert [one.id for one in world.objects] == ["L1", "L1/stage-1"]
    assert set(world.objects[0].rcs_m2) == {staged.rcs_m2_boost.value}


def test_figures_of_what_was_flown_are_met_by_what_failed(scene):
    told = {"apogee_km": 2000.0, "range_km": 750.0, "failure": failing("thrust-loss", 150.0, "flown")}
    fit = build(scene(told), 0).flights[0].fit
    assert fit.apogee_km == pytest.approx(2000, abs=51)
    assert fit.range_km == pytest.approx(750, abs=11)
    assert np.abs(fit.residual_km).max() < 0.05


def test_fragments_part_where_it_breaks_up_and_fly_asunder(scene, steep):
    world = build(scene(failure=failing("break-up", 400.5, fragments=40.0)), 0)
    fragments = [one for one in world.objects if "/fragment-" in one.id]
    assert len(fragments) == 39  # and the middle one, which is L1 from there on
    assert {one.start_s for one in fragments} == {401.0}
    speed = np.stack([one.velocity_ecef_mps[0] for one in fragments])
    body = world.objects[0].velocity_ecef_mps[401]
    # A sample of 117 normal draws: its spread is known to a fifteenth, here to five of them.
    assert np.std(speed - body) == pytest.approx(FRAGMENT_MPS, rel=5 / np.sqrt(2 * speed.size))
    before = slice(0, 400)
    np.testing.assert_allclose(
        world.objects[0].position_ecef_m[before], steep.objects[0].position_ecef_m[before], atol=3.0
    )
    assert len({round(one.rcs_m2[0], 6) for one in fragments}) == 39
    # One more changes none of the others.
    more = build(scene(failure=failing("break-up", 400.5, fragments=41.0)), 0)
    for one in fragments:
        np.testing.assert_array_equal(named(more, one.id).position_ecef_m, one.position_ecef_m)


def test_a_space_launch_that_fails_comes_down_with_its_first_stage(scene):
    told = {
        "threat": load_threat("space"),
        "apogee_km": 500.0,
        "range_km": 2600.0,
        "bearing_deg": 181.0,
        "bearing_convention": "launch-azimuth",
        "failure": failing("thrust-loss", 200.0),
    }
    world = build(scene(told), 0)
    fit = world.flights[0].fit
    assert [one.id for one in world.objects] == ["L1", "L1/stage-1"]
    # Long before it would have been in orbit.
    assert 100 < fit.apogee_km < 500 and fit.range_km < 2600
    assert np.isfinite([fit.impact_lat_deg, fit.impact_lon_deg, fit.flight_time_s]).all()


@pytest.fixture(scope="module")
def orbital(scene):
    """A launch that reaches an orbit of 500 km, five minutes before a run of an hour ends."""
    told = {
        "threat": load_threat("space"),
        "launch_time_s": 300.0,
        "apogee_km": 500.0,
        "range_km": 3000.0,
        "bearing_deg": 171.0,
        "bearing_convention": "launch-azimuth",
    }
    return build(scene(told, apogee_spread_km=10.0, flight_time_min=None), 0)


def test_what_reaches_orbit_is_there_to_the_end_of_the_run_and_stays_at_its_height(orbital):
    [flight], [track], one = orbital.flights, orbital.tracks, orbital.objects[0]
    assert orbital.end_s == 3600.0
    # Also in the last second of the run.
    assert (one.start_s, len(one.position_ecef_m)) == (300.0, 3301)
    above_km = np.linalg.norm(one.position_ecef_m, axis=1) / 1e3 - 6371.0088
    settled = np.arange(3301) > flight.ascent.insertion_s + 1
    assert 490 < flight.ascent.orbit.perigee_km <= flight.ascent.orbit.apogee_km < 510
    # J2 alone moves a low orbit by some 10 km against Kepler's.
    assert np.abs(above_km[settled] - 500).max() < 25
    burnt_s = np.flatnonzero(np.asarray(track.burning))[-1]
    assert burnt_s == pytest.approx(flight.ascent.insertion_s, abs=1.5)


def test_its_speed_is_that_of_a_circle_at_its_height(orbital):
    """An outside reference: v = sqrt(GM / r), in the frame that does not turn."""
    one, last = orbital.objects[0], -1
    place = one.position_ecef_m[last]
    moving = one.velocity_ecef_mps[last] + np.cross([0, 0, 7.292115e-5], place)
    radius = np.linalg.norm(place)
    assert np.linalg.norm(moving) == pytest.approx(np.sqrt(3.986004418e14 / radius), rel=3e-3)


def test_two_stages_of_it_fall_and_the_last_stays_up_with_it(orbital):
    assert [one.id for one in orbital.objects] == ["L1", "L1/stage-1", "L1/stage-2"]
    fallen = named(orbital, "L1/stage-2")
    start = np.radians([39.2, 125.7])
    lat, lon, height_m = frames.geodetic(fallen.position_ecef_m[-1])
    # By its own drag, up to 2.5 times the middle one's that the figure is met with.
    assert geometry.great_circle(*start, lat, lon)[0] / 1e3 == pytest.approx(3000, rel=0.05)
    assert height_m < 1e3


def test_a_last_stage_that_separates_in_orbit_does_not_fall(scene):
    apart = load_threat("space").model_copy(update={"separates": True})
    told = {"threat": apart, "apogee_km": 500.0, "range_km": 3000.0, "bearing_deg": 171.0}
    world = build(scene(told, flight_time_min=None, bearing_convention="launch-azimuth"), 0)
    assert [one.id for one in world.objects] == ["L1", "L1/stage-1", "L1/stage-2"]


def test_what_is_published_of_an_orbit_is_checked(orbital):
    rows = {row["name"]: row for row in checks(orbital)}
    assert set(rows) == {"L1 orbit, mean height", "L1 fall of stage 2"}
    assert all(row["ok"] for row in rows.values()), rows


def test_an_orbit_that_no_ascent_reaches_is_refused_with_the_nearest(scene):
    told = {"threat": load_threat("space"), "apogee_km": 500.0, "range_km": 60.0, "bearing_deg": 171.0}
    scenario = scene(told, flight_time_min=None, bearing_convention="launch-azimuth")
    with pytest.raises(InputError, match="no ascent meets an orbit of"):
        draw.flight(scenario, scenario.launches[0], 0)


@pytest.mark.parametrize(
    "failure, need",
    [
        (failing("thrust-loss", 900.0), "nothing can fail at 900 s: the last stage is spent after"),
        (failing("break-up", 9000.0, fragments=3.0), "nothing can fail at 9000 s: the flight ends after"),
    ],
)
def test_a_failure_after_the_end_is_refused(scene, failure, need):
    scenario = scene(failure=failure)
    with pytest.raises(InputError, match=need):
        draw.flight(scenario, scenario.launches[0], 0)
