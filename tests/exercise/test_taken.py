"""Plots of a run as recorded detections: each row points where the sensor looked."""

import math

import numpy as np
import pytest

from noroshi.catalogue.eyes import place_at
from noroshi.catalogue.scenario import load_scenario
from noroshi.catalogue.sensors import SkywaveProfile
from noroshi.earth import geometry
from noroshi.exercise import draw, recorded, taken
from noroshi.formats.detections import decode, encode
from noroshi.records.detections import Plot


@pytest.fixture(scope="module")
def sensors():
    """Every radar and satellite of a shipped scenario."""
    placed = load_scenario("japan-2022-10-04").sensors
    return {one.id: one for one in placed if not isinstance(one.profile, SkywaveProfile)}


def test_a_row_points_where_its_sensor_looked(sensors):
    assert len(sensors) > 5
    chance = np.random.default_rng(1)
    for name, sensor in sensors.items():
        site, axes = place_at(sensor, 30.0)
        above = np.linalg.norm(site) > 6.5e6
        angles = chance.uniform(-0.1, 0.1, 2) if above else chance.uniform(0.1, 1.2, 2)
        plot = Plot(
            name, 30.0, (0.0 if above else 1e6, *angles), (math.inf if above else 50.0, 2e-5, 2e-5), True
        )
        (row,) = decode(encode(taken.rows({name: sensor}, [plot])))
        eye, seen = recorded._eye(row), recorded._as_filtered(row)
        np.testing.assert_allclose(eye.site_ecef_m, site, atol=1e-3)
        np.testing.assert_allclose(
            geometry.direction(eye.axes, *map(np.float64, seen.measurement[1:])),
            geometry.direction(axes, *map(np.float64, angles)),
            atol=1e-10,
        )
        assert seen.measurement[0] == plot.measurement[0]
        assert seen.sigma[0] == plot.sigma[0]
        # Small angles about the nadir, or the horizon's own: the same noise and bias as before.
        assert np.array(seen.sigma[1:]) == pytest.approx([2e-5, 2e-5], rel=0.02)
        assert eye.bias_sigma == pytest.approx(draw.believed_bias(sensor), rel=0.02)
