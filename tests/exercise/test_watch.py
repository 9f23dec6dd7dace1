"""Sensors in time: how a radar's time is spent, what it sees, and what is wrong with it."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from noroshi.catalogue.background import Fault, load_background
from noroshi.catalogue.eyes import ground_at, place_at
from noroshi.earth import geometry
from noroshi.exercise import watch as watching
from noroshi.exercise.watch import STEADY, URGENT, First, Watch
from noroshi.records.detections import Why
from noroshi.records.tasking import Cue
from noroshi.records.truth import Kind
from tests.catalogue.placed import figure, moving, on_ground, placed, profile
from tests.exercise.made import airliner, hovering, made, plots_of, quiet, world_of

SADO = on_ground(38.0, 138.0, 1000.0)
WEST = {"boresight_deg": figure(270)}
# Loud echoes, not one of which is missed.
NEAR = {"rcs_m2": 1e4}


def staring(**change):
    """A fixed radar that looks west over the sea."""
    return placed(profile("j-fps-5", **change), **SADO, **WEST)


def cue(sensor, target, track, until_s=1e6, steady=False, urgent=False):
    """A word to look where something stands."""
    site, axes = place_at(sensor)
    _, azimuth, elevation = geometry.range_azimuth_elevation(site, axes, target.position_ecef_m[:1])[
        0
    ].tolist()
    return Cue(sensor.id, track, azimuth, elevation, math.radians(0.5), steady, until_s, "a test", urgent)


def spread(count, rows=200):
    """Missiles that hang beside each other, a degree of azimuth apart."""
    places = [38.0 + 0.2 * number - 0.1 * count for number in range(count)]
    return [hovering(f"m{n}", Kind.MISSILE, lat, 135.0, 100e3, rows, **NEAR) for n, lat in enumerate(places)]


# How a radar's time is spent.


def test_a_turning_antenna_sees_a_direction_once_a_turn(replayed):
    turning = placed("j-fps-3", **SADO)
    target = hovering("m", Kind.MISSILE, 38.5, 136.5, 20e3, 120, **NEAR)
    world = world_of(quiet(replayed, [turning], 120.0), target)
    seen_s = [plot.time_s for plot in plots_of(Watch(world), range(120))]
    assert len(seen_s) == 12
    assert np.diff(seen_s).tolist() == [10.0] * 11
    # A cue cannot turn the antenna faster.
    told = Watch(world)
    told.task(cue(turning, target, "T1"))
    again = plots_of(told, range(120))
    assert [plot.time_s for plot in again] == seen_s
    assert all(plot.cued for plot in again)


def test_a_fence_is_looked_at_as_often_as_its_revisit_says(replayed):
    for every_s, looks in ((4.0, 30), (0.4, 120)):
        sensor = staring(search_revisit_s=figure(every_s), fence_high_deg=figure(40), fence_low_deg=figure(0))
        target = hovering("m", Kind.MISSILE, 38.5, 136.5, 20e3, 120, **NEAR)
        plots = plots_of(Watch(world_of(quiet(replayed, [sensor], 120.0), target)), range(120))
        # No more than once a second, which is the clock of a run.
        assert len(plots) == looks
        assert not any(plot.cued for plot in plots)


@pytest.mark.parametrize("count, looks", [(1, 60), (10, 6), (30, 2)])
def test_a_raid_shares_the_time_of_a_radar(replayed, count, looks):
    """One look a second for tracks: of ten at once each has a tenth of what one alone has."""
    sensor = staring(track_dwell_ms=figure(250), track_share=figure(0.25), track_revisit_s=figure(1))
    targets = spread(count)
    watch = Watch(world_of(quiet(replayed, [sensor], 60.0), *targets))
    for target in targets:
        watch.task(cue(sensor, target, target.id))
    plots = [plot for plot in plots_of(watch, range(60)) if plot.cued]
    assert len(plots) == 60
    azimuths = np.array([plot.measurement[1] for plot in plots])
    exact = np.array([cue(sensor, target, "").azimuth_rad for target in targets])
    shares = Counter(np.abs(azimuths[:, None] - exact).argmin(axis=1).tolist())
    assert set(shares.values()) == {looks} and len(shares) == count


def test_a_radar_without_a_stated_budget_has_time_for_all(replayed):
    sensor = staring(track_revisit_s=figure(1), track_dwell_ms=None, track_share=None)
    targets = spread(10)
    watch = Watch(world_of(quiet(replayed, [sensor], 20.0), *targets))
    for target in targets:
        watch.task(cue(sensor, target, target.id))
    assert sum(plot.cued for plot in plots_of(watch, range(20))) == 200


def test_a_steady_coast_is_looked_at_less_often(replayed):
    sensor = staring(track_revisit_s=figure(2), track_dwell_ms=None, track_share=None)
    target = hovering("m", Kind.MISSILE, 38.5, 135.0, 200e3, 120, **NEAR)
    times = []
    for steady in (False, True):
        watch = Watch(world_of(quiet(replayed, [sensor], 120.0), target))
        watch.task(cue(sensor, target, "T1", steady=steady))
        times.append([plot.time_s for plot in plots_of(watch, range(120))])
    assert np.diff(times[0]).tolist() == [2.0] * 59
    assert np.diff(times[1]).tolist() == [2.0 * STEADY] * 19


def test_a_cue_ends(replayed):
    sensor = staring(track_revisit_s=figure(1))
    target = hovering("m", Kind.MISSILE, 38.5, 135.0, 200e3, 60, **NEAR)
    watch = Watch(world_of(quiet(replayed, [sensor], 60.0), target))
    # High above the fence: without a cue it is never looked at.
    assert watch.next_s(0) == math.inf
    watch.task(cue(sensor, target, "T1", until_s=20.0))
    assert watch.next_s(0) == 0 and watch.next_s(20) == 20
    assert [plot.time_s for plot in plots_of(watch, range(60))] == list(range(21))
    assert watch.next_s(21) == math.inf


def shares_of(sensor, targets, plots):
    """How many of the plots are of each target, by the nearest azimuth."""
    azimuths = np.array([plot.measurement[1] for plot in plots])
    exact = np.array([cue(sensor, target, "").azimuth_rad for target in targets])
    return Counter(np.abs(azimuths[:, None] - exact).argmin(axis=1).tolist())


def test_what_is_urgent_waits_less_long_and_starves_nobody(replayed):
    """Two of twelve with the weight of three: each has three looks of eighteen, the ten others one each."""
    sensor = staring(track_dwell_ms=figure(250), track_share=figure(0.25), track_revisit_s=figure(1))
    targets = spread(12, rows=180)
    watch = Watch(world_of(quiet(replayed, [sensor], 180.0), *targets))
    for number, target in enumerate(targets):
        watch.task(cue(sensor, target, target.id, urgent=number < 2))
    shares = shares_of(sensor, targets, [plot for plot in plots_of(watch, range(180)) if plot.cued])
    looks = 180 / (10 + 2 * URGENT)
    # Looks fall on whole seconds, and the first round serves all alike.
    assert [shares[number] for number in range(2)] == pytest.approx([URGENT * looks] * 2, rel=0.15)
    assert [shares[number] for number in range(2, 12)] == pytest.approx([looks] * 10, rel=0.25)


@pytest.mark.parametrize("fixed", [True, False])
def test_a_raid_beyond_what_a_look_holds_leaves_nobody_out(replayed, monkeypatch, fixed):
    """Those not looked at for longest go first; a turning antenna takes those that it passes."""
    monkeypatch.setattr(watching, "_CUES", (4,))
    still = staring(track_dwell_ms=figure(250), track_share=figure(0.25), track_revisit_s=figure(1))
    sensor = still if fixed else placed(profile("j-fps-3", fence_high_deg=figure(0.1)), **SADO)
    targets = spread(12, rows=120)
    watch = Watch(world_of(quiet(replayed, [sensor], 120.0), *targets))
    for target in targets:
        watch.task(cue(sensor, target, target.id))
    seen = shares_of(sensor, targets, [plot for plot in plots_of(watch, range(120)) if plot.cued])
    if fixed:
        assert seen == dict.fromkeys(range(12), 10)
    else:
        # Twelve turns, and room for four of all that it passes in one second: a third of the turns at least.
        assert len(seen) == 12 and min(seen.values()) >= 4


def test_a_watch_to_which_nobody_speaks_takes_no_cue(replayed):
    sensor = staring(track_revisit_s=figure(1))
    target = hovering("m", Kind.MISSILE, 38.5, 135.0, 200e3, 60, **NEAR)
    watch = Watch(world_of(quiet(replayed, [sensor], 60.0), target), cued=False)
    watch.task(cue(sensor, target, "T1"))
    assert plots_of(watch, range(60)) == [] and watch.next_s(0) == math.inf and watch.first == {}


def test_the_director_knows_on_whose_word_a_radar_looked(replayed):
    """Of the cues that are served; what a search shows is on nobody's word."""
    fence = {"search_revisit_s": figure(1), "fence_low_deg": figure(0), "fence_high_deg": figure(20)}
    sensor = staring(track_revisit_s=figure(1), **fence)
    high, low = (
        hovering(name, Kind.MISSILE, 38.5, lon, height_m, 60, **NEAR)
        for name, lon, height_m in (("high", 135.0, 200e3), ("low", 136.5, 20e3))
    )
    watch = Watch(world_of(quiet(replayed, [sensor], 60.0), high, low))
    watch.task(replace(cue(sensor, high, "T7"), because="track from USA"))
    beside = cue(sensor, high, "T8")
    watch.task(
        replace(beside, azimuth_rad=beside.azimuth_rad - 0.02, half_width_rad=0.03, because="own track")
    )
    plots_of(watch, range(60))
    assert watch.first[sensor.id, "high"] == First(0.0, "T7", "track from USA")
    assert watch.first[sensor.id, "low"].because == ""


# What is before it.


@pytest.fixture(scope="module")
def first_alone(replayed):
    """Plots of one missile that flies in front of two radars and a turning one."""
    sensors = [staring(), placed("j-fps-3", **SADO, id="JPN-Turns")]
    one = hovering("m1", Kind.MISSILE, 38.4, 135.5, 20e3, 100, rcs_m2=0.05, swerling=1)
    return sensors, one, plots_of(Watch(world_of(quiet(replayed, sensors, 100.0), one)), range(100))


@pytest.mark.parametrize("others", [1, 3])
def test_another_object_does_not_alter_the_noise_of_the_first(replayed, first_alone, others):
    sensors, one, alone = first_alone
    assert len(alone) > 10
    # Far to the south, and a larger echo.
    more = [
        hovering(f"other{number}", Kind.MISSILE, 36.0, 135.5 + 0.3 * number, 20e3, 100, rcs_m2=1.0)
        for number in range(others)
    ]
    for objects in ((one, *more), (*more, one)):
        together = plots_of(Watch(world_of(quiet(replayed, sensors, 100.0), *objects)), range(100))
        assert len(together) > len(alone)
        left = [plot for plot in together if math.degrees(plot.measurement[1]) % 360 > 270]
        assert left == alone


def test_a_skywave_radar_sees_aircraft_and_ships_and_nothing_else(replayed):
    sure = {"detection_probability": figure(1), "availability": figure(1), "revisit_s": figure(10)}
    sensor = placed(profile("jorn-90", **sure), **on_ground(-23, 144), boresight_deg=figure(0))
    # A ring of 1,000 to 3,000 km to the north, and what stands in it.
    found = {}
    for kind in Kind:
        inside = hovering("x", kind, -8.0, 144.0, 10e3, 100, glow=1e6)
        world = world_of(quiet(replayed, [sensor], 100.0), inside)
        found[kind] = plots_of(Watch(world), range(100))
    assert {kind for kind, plots in found.items() if plots} == {Kind.AIRCRAFT, Kind.SHIP}
    arc_m, _ = geometry.great_circle(*np.radians([-23, 144, -8, 144]))
    for plot in found[Kind.SHIP]:
        assert plot.sigma[2] == math.inf and plot.measurement[2] == 0
        # Biased and coarse: ten of its sigmas.
        assert abs(plot.measurement[0] - arc_m) < 10 * plot.sigma[0]
    assert len(found[Kind.SHIP]) == 10
    near = hovering("x", Kind.AIRCRAFT, -18.0, 144.0, 10e3, 100)
    far = hovering("y", Kind.AIRCRAFT, 10.0, 144.0, 10e3, 100)
    assert plots_of(Watch(world_of(quiet(replayed, [sensor], 100.0), near, far)), range(100)) == []


def test_a_skywave_radar_sees_as_often_as_the_ionosphere_carries(replayed):
    """Each spell is drawn by itself, and holds from its beginning to its end."""
    kind = profile(
        "jorn-90",
        detection_probability=figure(1),
        availability=figure(0.5),
        spell_s=figure(50),
        revisit_s=figure(10),
    )
    sensor = placed(kind, **on_ground(-23, 144), boresight_deg=figure(0))
    target = hovering("x", Kind.SHIP, -8.0, 144.0, 0.0, 10_000)
    world = world_of(quiet(replayed, [sensor], 10_000.0), target)
    seconds = [t for t in range(10_000) if (t - world.phases[sensor.id]) % 10 == 0]
    spells = Counter(int(plot.time_s // 50) for plot in plots_of(Watch(world), seconds))
    assert set(spells.values()) == {5}
    # 200 spells of even chance: beyond 4 sigmas in 6 of 100,000 draws; the seed is fixed.
    assert abs(len(spells) - 100) < 4 * math.sqrt(200 / 4)


def test_why_a_look_showed_nothing_is_told(replayed):
    sensor = staring(fence_low_deg=figure(0), fence_high_deg=figure(10), elevation_min_deg=figure(-1))
    west, behind, high = (
        hovering("seen", Kind.MISSILE, 38.5, 135.0, 30e3, 20, **NEAR),
        hovering("behind", Kind.MISSILE, 38.0, 141.0, 30e3, 20, **NEAR),
        hovering("high", Kind.MISSILE, 38.0, 137.9, 100e3, 20, **NEAR),
    )
    watch = Watch(world_of(quiet(replayed, [sensor], 20.0), west, behind, high))
    plots_of(watch, range(20))
    told = {name: [why for _, why in lines] for (_, name), lines in watch.account.items()}
    assert told == {"seen": [Why.SEEN], "behind": [Why.OUT_OF_SECTOR], "high": [Why.ABOVE_ELEVATION]}


# What is wrong with it.


def exact_errors(**change):
    """A radar whose noise is small beside its errors."""
    return staring(
        sigma_range_m=figure(0.1),
        sigma_angle_mrad=figure(0.001),
        beamwidth_deg=figure(0.001),
        bias_range_m=figure(0),
        bias_angle_mrad=figure(0),
        track_revisit_s=figure(1),
        **change,
    )


def test_a_misplaced_radar_measures_from_where_it_really_stands(replayed):
    sensor = exact_errors(bias_place_m=figure(2000))
    jet = airliner("a", (38.2, 137.0), (38.2, 136.0), rcs_m2=1e4)
    world = world_of(quiet(replayed, [sensor], 200.0), jet)
    watch = Watch(world)
    watch.task(replace(cue(sensor, jet, "T1"), half_width_rad=1.0))
    plots = plots_of(watch, range(200))
    assert len(plots) > 150
    site, axes = place_at(sensor)
    off_m = world.errors[sensor.id].place_m
    assert 100 < np.linalg.norm(off_m) < 10_000
    for plot in plots:
        where = jet.position_ecef_m[round(plot.time_s)][None]
        exact = geometry.range_azimuth_elevation(site + off_m @ axes, axes, where)[0]
        assert np.all(np.abs(np.array(plot.measurement) - exact) < 6 * np.array(plot.sigma))
        believed = geometry.range_azimuth_elevation(site, axes, where)[0]
        assert abs(plot.measurement[0] - believed[0]) > 100


def test_a_late_clock_shows_where_a_jet_will_be(replayed):
    sensor = exact_errors(bias_clock_ms=figure(5000))
    jet = airliner("a", (38.2, 137.0), (38.2, 136.0), rcs_m2=1e4)
    world = world_of(quiet(replayed, [sensor], 200.0), jet)
    clock_s = world.errors[sensor.id].clock_s
    assert abs(clock_s) > 0.5
    watch = Watch(world)
    watch.task(replace(cue(sensor, jet, "T1"), half_width_rad=1.0))
    site, axes = place_at(sensor)
    plots = plots_of(watch, range(20, 180))
    assert len(plots) > 100
    for plot in plots:
        row = round(plot.time_s)
        where = jet.position_ecef_m[row] + clock_s * jet.velocity_ecef_mps[row]
        exact = geometry.range_azimuth_elevation(site, axes, where[None])[0]
        assert np.all(np.abs(np.array(plot.measurement) - exact) < 6 * np.array(plot.sigma))


@pytest.mark.parametrize("of", ["spy-6", "apy-2"])
def test_a_radar_on_the_move_measures_from_where_it_then_is(replayed, of):
    """600 s at 15 m/s, or at 250 m/s for an aircraft: a still radar would be off by hundreds of sigmas."""
    ends = {"spy-6": (38.08, 133.0, 0), "apy-2": (39.35, 133.0, 9000)}[of]
    moves = moving((0, 38.0, 133.0, ends[2]), (600, *ends))
    quiet_one = profile(of, bias_range_m=figure(0), bias_angle_mrad=figure(0), bias_place_m=None)
    ship = placed(quiet_one, **moves)
    target = hovering("m", Kind.AIRCRAFT, 38.5, 134.5, 9e3, 600, **NEAR)
    plots = plots_of(Watch(world_of(quiet(replayed, [ship], 600.0), target)), range(600))
    assert len(plots) >= 30
    off = []
    for plot in plots:
        site, axes = place_at(ship, plot.time_s)
        exact = geometry.range_azimuth_elevation(site, axes, target.position_ecef_m[:1])[0]
        off.append((np.array(plot.measurement) - exact) / np.array(plot.sigma))
    # Standard normal in three measures: beyond 5 in two of a million draws; the seed is fixed.
    assert np.abs(off).max() < 5
    assert ground_at(ship, 0) != ground_at(ship, 600)


def test_a_flight_may_outlast_the_run_before_a_ship(replayed):
    """A ship is known for all of the run and not beyond; a missile that still flies then troubles nobody."""
    ship = placed("spy-6", **moving((0, 38, 133, 0), (60, 38.01, 133, 0)))
    target = hovering("m", Kind.MISSILE, 38.5, 134.0, 5e3, 500, **NEAR)
    watch = Watch(world_of(quiet(replayed, [ship], 60.0), target))
    assert plots_of(watch, range(61))


def fault(kind, **more):
    told = {
        name: {"value": value, "source": "a test", "confidence": "published"} for name, value in more.items()
    }
    return Fault.model_validate({"sensor": "JPN-X", "kind": kind, "from_s": 40.0, "until_s": 80.0, **told})


def test_a_fault_spoils_the_plots_of_its_time_and_no_others(replayed):
    sensor = staring(search_revisit_s=figure(1), fence_high_deg=figure(40), fence_low_deg=figure(0))
    target = hovering("m", Kind.MISSILE, 38.5, 136.5, 20e3, 120, **NEAR)

    def plots(*faults):
        scenario = quiet(replayed, [sensor], 120.0, faults=faults)
        return plots_of(Watch(world_of(scenario, target)), range(120))

    whole = plots()
    outside = [plot for plot in whole if not 40 <= plot.time_s < 80]
    assert plots(fault("silent")) == outside
    turned = plots(fault("bias", azimuth_deg=2.0))
    assert [plot for plot in turned if not 40 <= plot.time_s < 80] == outside
    for before, after in zip(whole, turned, strict=True):
        off = math.degrees(after.measurement[1] - before.measurement[1])
        assert off == pytest.approx(2.0 if 40 <= after.time_s < 80 else 0.0, abs=1e-9)
    stormy = plots(fault("storm", plots_per_min=600.0))
    assert set(whole) < set(stormy)
    false_s = [plot.time_s for plot in stormy if plot not in whole]
    assert min(false_s) >= 40 and max(false_s) < 80
    # Poisson of 400: beyond 5 sigmas in one of a million draws; the seed is fixed.
    assert abs(len(false_s) - 400) < 5 * 20


def emptied(background, false_plots_per_day):
    """A background with nothing in the air; every hundredth plot or so is false."""

    def rated(part, **values):
        update = {
            name: getattr(part, name).model_copy(update={"value": value}) for name, value in values.items()
        }
        return part.model_copy(update=update)

    return background.model_copy(
        update={
            "satellites": rated(background.satellites, share_known=1.0),
            "airliners": rated(background.airliners, share_identified=1.0),
            "debris": rated(background.debris, per_year=0.0),
            "ghosts": rated(background.ghosts, false_plots_per_day=false_plots_per_day, duplicate_share=0.0),
        }
    )


def test_ghosts_come_when_nothing_is_there(replayed):
    background = emptied(load_background("quiet"), 20_000.0)
    world = world_of(quiet(replayed, [staring()], 600.0, background=background))
    assert world.objects == ()
    watch = Watch(world)
    plots = plots_of(watch, range(601))
    # Poisson of 139: beyond 5 sigmas in one of a million draws; the seed is fixed.
    assert abs(len(plots) - 139) < 5 * math.sqrt(139)
    assert watch.seen == {}
    # The clock stops at each of them, and at nothing else.
    seconds = sorted({plot.time_s for plot in plots})
    assert [watch.next_s(second) for second in seconds] == seconds
    assert [watch.next_s(second + 1) for second in seconds[:-1]] == seconds[1:]


def test_every_plot_may_come_twice(replayed):
    background = emptied(load_background("quiet"), 0.0)
    twice = background.ghosts.model_copy(
        update={"duplicate_share": background.ghosts.duplicate_share.model_copy(update={"value": 1.0})}
    )
    sensor = staring(search_revisit_s=figure(1), fence_high_deg=figure(40), fence_low_deg=figure(0))
    target = hovering("m", Kind.MISSILE, 38.5, 136.5, 20e3, 20, **NEAR)
    alone = plots_of(Watch(world_of(quiet(replayed, [sensor], 20.0), target)), range(20))
    scenario = quiet(replayed, [sensor], 20.0, background=background.model_copy(update={"ghosts": twice}))
    doubled = plots_of(Watch(world_of(scenario, target)), range(20))
    assert len(alone) == 20
    assert set(alone) < set(doubled) and len(doubled) == 40


def test_what_has_no_echo_and_no_glow_is_never_looked_for(replayed):
    fire = made("f", Kind.FIRE, np.tile(np.array([6.4e6, 0.0, 0.0]), (10, 1)), glow=0.0)
    watch = Watch(world_of(quiet(replayed, [staring()], 100.0), fire))
    assert watch.next_s(0) == math.inf
