"""Plots without objects, plots that come twice, and sensors with a fault. Chance: once in a million."""

import math

import numpy as np
import pytest

from noroshi.catalogue import door
from noroshi.catalogue.background import Fault
from noroshi.exercise.ghosts import apply, duplicates, false_plots, storm
from noroshi.records.detections import Plot
from tests.exercise.test_background import DAY_S, figure, is_poisson, quiet, sensor, skywave


def fault(kind: str, **figures: float) -> Fault:
    row = {"sensor": "JPN-A", "kind": kind, "from_s": 100.0, "until_s": 200.0}
    return door.validate(Fault, row | {name: figure(one) for name, one in figures.items()}, "test.toml")


def plot(time_s: float = 150.0, name: str = "JPN-A", range_m: float = 5e5) -> Plot:
    return Plot(name, time_s, (range_m, 3.1, 0.05), (50.0, 1e-3, 2e-3), False)


def test_false_plots_come_at_their_rate_and_even_over_the_fence():
    radar, ghosts = sensor("an-tpy-2-forward"), quiet(ghosts__false_plots_per_day=figure(200.0)).ghosts
    found = false_plots(ghosts, radar, 20 * DAY_S, 1)
    assert is_poisson(len(found), 4_000)
    z = np.array([one.measurement for one in found])
    off = np.degrees((z[:, 1] - math.radians(285) + math.pi) % (2 * math.pi) - math.pi)
    for values, low, high in (
        (z[:, 0], 0.0, 2e6),
        (off, -60.0, 60.0),
        (np.degrees(z[:, 2]), 0.5, 4.0),
        (np.array([one.time_s for one in found]), 0.0, 20 * DAY_S),
    ):
        assert low <= values.min() and values.max() <= high
        # The mean of n even draws strays by the width / sqrt(12 n).
        assert abs(values.mean() - (low + high) / 2) < 4.9 * (high - low) / math.sqrt(12 * len(values))
    assert [one.time_s for one in found] == sorted(one.time_s for one in found)
    assert all(np.abs(one.measurement[1]) <= math.pi and not one.cued for one in found)


def test_a_skywave_radar_has_false_plots_in_its_ring_without_elevation():
    found = false_plots(quiet().ghosts, skywave(), 5 * DAY_S, 1)
    assert is_poisson(len(found), 1_000)
    assert all(1e6 <= one.measurement[0] <= 3e6 and math.isinf(one.sigma[2]) for one in found)


def test_a_satellite_has_no_false_plots():
    assert false_plots(quiet().ghosts, sensor("geo-infrared", "USA-I"), DAY_S, 1) == ()


def test_false_plots_of_one_radar_do_not_hang_on_the_length_of_the_run():
    radar, ghosts = sensor("an-tpy-2-forward"), quiet().ghosts
    short, long = (false_plots(ghosts, radar, days * DAY_S, 6) for days in (1.5, 4))
    assert short == tuple(one for one in long if one.time_s <= 1.5 * DAY_S)
    assert short != false_plots(ghosts, radar, 1.5 * DAY_S, 7)


def test_duplicates_come_with_their_share_and_spread():
    ghosts = quiet(ghosts__duplicate_share=figure(0.25)).ghosts
    plots = [plot(float(t)) for t in range(4_000)]
    doubled = duplicates(plots, ghosts, 3)
    # Four thousand draws of a quarter: 27.4 is one sigma.
    assert abs(len(doubled) - 1_000) < 4.9 * 27.4
    off = np.array([one.measurement for one in doubled]) - np.array(plots[0].measurement)
    off[:, 1] = (off[:, 1] + math.pi) % (2 * math.pi) - math.pi
    assert abs(off[:, 0].std() / 300 - 1) < 4.9 / math.sqrt(2 * len(doubled))
    assert abs(off[:, 1].std() / 10e-3 - 1) < 4.9 / math.sqrt(2 * len(doubled))
    assert duplicates(plots, ghosts, 3) == doubled


def test_a_duplicate_does_not_hang_on_the_plots_of_other_sensors():
    ghosts = quiet(ghosts__duplicate_share=figure(0.5)).ghosts
    mine = [plot(float(t)) for t in range(50)]
    both = sorted([*mine, *[plot(float(t), "USA-B") for t in range(50)]], key=lambda one: one.time_s)
    assert duplicates(mine, ghosts, 1) == tuple(
        one for one in duplicates(both, ghosts, 1) if one.sensor == "JPN-A"
    )


def test_a_silent_sensor_sends_nothing_for_its_time_and_others_do():
    plots = [plot(99.0), plot(100.0), plot(199.9), plot(200.0), plot(150.0, "USA-B")]
    assert apply([fault("silent")], plots, 1) == (plots[0], plots[3], plots[4])


def test_a_turned_sensor_turns_its_azimuths_only_and_round_the_circle():
    (turned,) = apply([fault("bias", azimuth_deg=10.0)], [plot()], 1)
    assert turned.measurement[0] == 5e5 and turned.measurement[2] == 0.05
    assert turned.measurement[1] == pytest.approx(3.1 + math.radians(10) - 2 * math.pi)
    assert turned.sigma == plot().sigma


def test_a_noisy_sensor_scatters_by_its_factor_in_all_and_states_what_it_always_did():
    plots = [plot(100 + t / 100) for t in range(9_000)]
    noisy = apply([fault("noise", factor=5.0)], plots, 1)
    added = np.array([one.measurement for one in noisy]) - np.array(plots[0].measurement)
    added[:, 1] = (added[:, 1] + math.pi) % (2 * math.pi) - math.pi
    # What is added to one sigma to make five.
    scale = added.std(axis=0) / (np.array([50.0, 1e-3, 2e-3]) * math.sqrt(24))
    assert np.all(np.abs(scale - 1) < 4.9 / math.sqrt(2 * len(plots)))
    assert {one.sigma for one in noisy} == {(50.0, 1e-3, 2e-3)}


def test_noise_leaves_alone_what_a_sensor_does_not_measure():
    blind = Plot("JPN-A", 150.0, (0.0, 0.1, 0.2), (math.inf, 1e-5, 1e-5), False)
    (noisy,) = apply([fault("noise", factor=3.0)], [blind], 1)
    assert noisy.measurement[0] == 0.0 and noisy.measurement[1:] != blind.measurement[1:]


def test_a_storm_adds_plots_at_its_rate_for_its_time():
    radar = sensor("an-tpy-2-forward")
    rainy = fault("storm", plots_per_min=600.0)
    found = storm(rainy, radar, DAY_S, 1)
    assert is_poisson(len(found), 1_000)
    assert all(100 <= one.time_s < 200 for one in found)
    assert apply([rainy], [plot()], 1) == (plot(),)
    assert storm(rainy, radar, 150.0, 1) == tuple(one for one in found if one.time_s <= 150)
    assert storm(fault("silent"), radar, DAY_S, 1) == ()


def test_a_storm_before_a_satellite_lies_on_the_earths_disc():
    found = storm(fault("storm", plots_per_min=600.0), sensor("geo-infrared"), DAY_S, 1)
    angles = np.degrees([math.hypot(*one.measurement[1:]) for one in found])
    assert len(found) > 500 and angles.max() <= 8.71
    assert all(one.measurement[0] == 0.0 and math.isinf(one.sigma[0]) for one in found)


def test_two_faults_come_one_after_the_other():
    both = [fault("bias", azimuth_deg=1.0), fault("silent")]
    assert apply(both, [plot()], 1) == ()
