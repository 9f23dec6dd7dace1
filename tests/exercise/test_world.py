"""The world: each sensor draws for itself, sees what it can see, and says nothing of the truth."""

import numpy as np
import pytest

from noroshi.catalogue.eyes import place_at
from noroshi.earth import frames, geometry
from noroshi.exercise.watch import Watch
from noroshi.exercise.world import build

UNTIL_S = 300


def plots_of(world, until_s=UNTIL_S):
    """What every sensor reports while nobody tasks it, by sensor."""
    watch, found = Watch(world), {}
    for t_s in range(until_s):
        for nation, plot in watch.detections(t_s):
            found.setdefault(plot.sensor, []).append((nation, plot))
    return found


@pytest.fixture(scope="module")
def seen(world):
    return plots_of(world)


def without(scenario, *gone):
    sensors = [
        sensor.model_copy(update={"present": False}) if sensor.id in gone else sensor
        for sensor in scenario.sensors
    ]
    return scenario.model_copy(update={"sensors": tuple(sensors)})


@pytest.mark.parametrize("gone", ["JPN-Aegis", "KOR-GreenPine-N", "USA-IR-1", "USA-IR-2"])
def test_taking_a_sensor_away_does_not_alter_another_ones_noise(replayed, world, seen, gone):
    left = plots_of(build(without(replayed, gone), 0, like=world))
    assert gone in seen
    assert left == {sensor: plots for sensor, plots in seen.items() if sensor != gone}


def test_the_order_of_sensors_in_the_file_does_not_alter_their_noise(replayed, world, seen):
    backwards = replayed.model_copy(update={"sensors": tuple(reversed(replayed.sensors))})
    assert plots_of(build(backwards, 0, like=world)) == seen


def test_another_launch_does_not_alter_what_is_seen_of_the_first(replayed, world, seen):
    second = replayed.launches[0].model_copy(update={"id": "L2", "launch_time_s": 20.0})
    both = plots_of(build(replayed.model_copy(update={"launches": (*replayed.launches, second)}), 0))
    more = 0
    for sensor, plots in seen.items():
        assert set(plots) < set(both[sensor]), sensor
        more += len(both[sensor]) - len(plots)
    assert more > 20


def test_another_seed_draws_other_noise_other_biases_and_another_flight(replayed, world, seen):
    other = build(replayed, 1)
    assert other.flights[0].fit != world.flights[0].fit
    again = plots_of(other)
    assert all(again.get(sensor) != plots for sensor, plots in seen.items())
    assert not np.allclose(np.asarray(other.radars.arrays.bias), np.asarray(world.radars.arrays.bias))


def test_a_plot_lies_within_noise_and_bias_of_where_the_missile_is(replayed, world, seen):
    by_id = {sensor.id: sensor for sensor in replayed.sensors}
    off = []
    for sensor, plots in seen.items():
        place, frame = place_at(by_id[sensor])
        bias = world.errors[sensor].bias
        for _, plot in plots:
            where = world.truth(plot.time_s)[0].position_ecef_m
            exact = geometry.range_azimuth_elevation(place, frame, where)[0]
            if by_id[sensor].profile.kind == "infrared":
                exact[0] = 0.0
            residual = (np.array(plot.measurement) - exact - bias) / np.array(plot.sigma)
            off.extend(residual[np.isfinite(plot.sigma)])
    # Standard normal: none beyond 5 in some hundred, and a spread of one.
    assert len(off) > 100
    assert max(np.abs(off)) < 5
    # Standard deviation of the sample's spread is 1 / sqrt(2 n).
    assert np.std(off) == pytest.approx(1.0, abs=5 / np.sqrt(2 * len(off)))


def test_a_satellite_sees_a_plume_between_the_clouds_and_burnout(replayed, world, seen):
    cloud_m = replayed.environment.cloud_break_km.value * 1e3
    burnout_s = world.flights[0].fit.missile.stages[0].burn_s
    for sensor in ("USA-IR-1", "USA-IR-2"):
        for _, plot in seen[sensor]:
            assert plot.time_s < burnout_s
            assert frames.height(world.truth(plot.time_s)[0].position_ecef_m)[0] > cloud_m


def test_a_radar_sees_nothing_below_its_horizon(replayed, world, seen):
    by_id = {sensor.id: sensor for sensor in replayed.sensors}
    for sensor, plots in seen.items():
        if by_id[sensor].profile.kind != "radar":
            continue
        place, _ = place_at(by_id[sensor])
        for _, plot in plots:
            where = world.truth(plot.time_s)[0].position_ecef_m
            height_m = by_id[sensor].height_m.value + by_id[sensor].profile.antenna_height_m.value
            apparent = geometry.refracted_elevation(
                np.float64(height_m), frames.height(where), geometry.arc(place[None], where), 4 / 3
            )
            assert np.degrees(apparent[0]) >= by_id[sensor].profile.elevation_min_deg.value - 1e-6


def test_a_plot_tells_nothing_of_what_made_it(seen):
    """No name of a launch, no signal-to-noise, no truth: what a radar's output is."""
    measured = {"measurement", "sigma", "range_rate_mps", "range_rate_sigma_mps"}
    fields = {field for plots in seen.values() for _, plot in plots for field in vars(plot)}
    assert fields == {"sensor", "time_s", "cued"} | measured


def test_plots_go_to_the_nation_that_owns_the_sensor(replayed, seen):
    owner = {sensor.id: sensor.nation for sensor in replayed.sensors}
    for sensor, plots in seen.items():
        assert {nation for nation, _ in plots} == {owner[sensor]}


def test_a_world_that_differs_in_its_sensors_only_flies_the_same_flight(replayed, world):
    other = without(replayed, "JPN-Sado")
    assert build(other, 0).flights == build(other, 0, like=world).flights == world.flights
    # Another seed is another flight, whatever one is offered.
    assert build(other, 1, like=world).flights != world.flights


def test_nothing_is_seen_before_the_launch_nor_after_the_end(replayed, world, seen):
    late = replayed.launches[0].model_copy(update={"launch_time_s": 100.0})
    shifted = plots_of(build(replayed.model_copy(update={"launches": (late,)}), 0), until_s=140)
    assert min(plot.time_s for plots in seen.values() for _, plot in plots) > 0
    assert all(plot.time_s > 100 for plots in shifted.values() for _, plot in plots)
    assert not bool(world.truth(world.end_s + 10)[0].exists[0])
    assert not bool(world.truth(-1.0)[0].exists[0])
