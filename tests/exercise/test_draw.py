"""What chance decides about the sensors of a run: drawn once, by name, as wide as stated."""

import math

import numpy as np
import pytest

from noroshi.catalogue.eyes import Errors
from noroshi.exercise import draw
from tests.catalogue.placed import figure, on_ground, placed, profile

SITE = on_ground(38.0, 138.0)
WEST = {"boresight_deg": figure(270)}
STATED = {
    "bias_range_m": figure(100),
    "bias_angle_mrad": figure(0.5),
    "bias_place_m": figure(30),
    "bias_clock_ms": figure(40),
    "believed_bias_factor": figure(0.5),
}
SEEDS = range(2000)


def radar(name="JPN-X", **change):
    return placed(profile("j-fps-5", **(STATED | change)), **SITE, **WEST, id=name)


def same(one: Errors, other: Errors) -> bool:
    pairs = zip(vars(one).values(), vars(other).values(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def test_errors_are_settled_by_the_seed_and_the_name_alone():
    assert same(draw.errors(radar(), 3), draw.errors(radar(), 3))
    assert not same(draw.errors(radar(), 3), draw.errors(radar(), 4))
    assert not same(draw.errors(radar(), 3), draw.errors(radar("JPN-Y"), 3))


def test_another_stated_error_leaves_the_others_as_they_were():
    """Each has a draw of its own; none is scaled by the other's sigma."""
    plain, moved = draw.errors(radar(), 5), draw.errors(radar(bias_place_m=figure(60)), 5)
    assert np.array_equal(plain.bias, moved.bias) and plain.clock_s == moved.clock_s
    assert moved.place_m == pytest.approx(2 * plain.place_m)


def test_errors_are_as_wide_as_the_profile_states():
    one = radar()
    found = [draw.errors(one, seed) for seed in SEEDS]
    columns = {
        "range": (np.array([each.bias[0] for each in found]), 100.0),
        "angle": (np.array([each.bias[1:] for each in found]).ravel(), 0.5e-3),
        "place": (np.array([each.place_m for each in found]).ravel(), 30.0),
        "clock": (np.array([each.clock_s for each in found]), 0.04),
    }
    for name, (values, sigma) in columns.items():
        # Means and spreads of normal draws: beyond 5 sigmas in one of two million; the seeds are fixed.
        assert abs(values.mean()) < 5 * sigma / math.sqrt(len(values)), name
        assert abs(values.std() / sigma - 1) < 5 / math.sqrt(2 * len(values)), name


def test_what_is_not_stated_is_not_wrong():
    errors = draw.errors(radar(bias_place_m=None, bias_clock_ms=None), 1)
    assert not errors.place_m.any() and errors.clock_s == 0 and errors.bias.all()
    satellite = placed("geo-infrared", longitude_deg=figure(75))
    found = draw.errors(satellite, 1)
    # It measures no range, and stands in orbit.
    assert found.bias[0] == 0 and found.bias[1:].all() and not found.place_m.any()
    far = draw.errors(placed("jorn-90", **SITE, boresight_deg=figure(0)), 1)
    # It measures no elevation.
    assert far.bias[:2].all() and far.bias[2] == 0


def test_a_nation_believes_in_less_than_is_wrong():
    """Half of it here; what place and clock do is believed as an error of range and angle, in quadrature."""
    plain = draw.believed_bias(radar(bias_place_m=None, bias_clock_ms=None))
    assert plain == pytest.approx([50.0, 0.25e-3, 0.25e-3])
    off = draw.believed_bias(radar())
    # 30 m of place, and 40 ms of what goes 4 km/s.
    assert off[0] == pytest.approx(0.5 * math.sqrt(100**2 + 30**2 + 160**2))
    assert off[1] > plain[1] and off[1] == off[2]
    satellite = placed(profile("geo-infrared", bias_urad=figure(20)), longitude_deg=figure(75))
    factor = satellite.profile.believed_bias_factor.value
    assert draw.believed_bias(satellite) == pytest.approx(np.array([0, 20e-6, 20e-6]) * factor)


def test_a_sensor_may_stand_anywhere_in_its_cycle_at_the_epoch():
    one = radar()
    phases = np.array([draw.phase_s(one, 10.0, seed) for seed in SEEDS])
    assert phases.min() >= 0 and phases.max() < 10
    # Uniform: mean 5, sigma 2.9; beyond 5 sigmas in one of two million; the seeds are fixed.
    assert abs(phases.mean() - 5) < 5 * 10 / math.sqrt(12 * len(phases))
