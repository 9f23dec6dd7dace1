"""Stone Soup's detections and tracks: its own models are the judge of what we write, and of what we read."""

import math
import sys
from datetime import datetime, timedelta

import numpy as np
import pytest
from stonesoup.models.measurement.linear import LinearGaussian
from stonesoup.models.measurement.nonlinear import (
    CartesianToElevationBearing,
    CartesianToElevationBearingRange,
    CartesianToElevationBearingRangeRate,
)
from stonesoup.types.array import CovarianceMatrix, StateVector
from stonesoup.types.detection import Detection
from stonesoup.types.state import State

from noroshi.earth import frames, geometry
from noroshi.errors import InputError
from noroshi.formats import stonesoup as adapter
from noroshi.records.detections import Plot, Recorded
from noroshi.records.tracks import Estimate

START = datetime(2026, 1, 1)
SITES = [(40.9, 140.3, 100.0), (-33.0, -70.0, 2500.0), (0.0, 165.0, 35_786e3), (89.9, 10.0, 0.0)]


def axes_of(site):
    lat, lon = np.radians(site[:2])
    return frames.ecef(lat, lon, np.float64(site[2])), frames.enu_axes(lat, lon)


def target(site, seed=0):
    """A place, m, and velocity, m/s, in view of a site, ECEF."""
    chance = np.random.default_rng(seed)
    base, axes = axes_of(site)
    way = chance.standard_normal(3)
    way[2] = -abs(way[2]) - 2 if site[2] > 1e6 else abs(way[2])
    away_m = 3.6e7 if site[2] > 1e6 else 8e5
    return base + away_m * way / np.linalg.norm(way) @ axes, chance.normal(0, 3e3, 3)


def row_of(site, place, velocity, name="A", time_s=2.5, rated=True):
    """The exact plot of a target."""
    base, axes = axes_of(site)
    z = geometry.range_azimuth_elevation(base, axes, place)
    rate = float((place - base) @ velocity / z[0])
    told = (rate, 3.0) if rated else (0.0, math.inf)
    return Recorded(Plot(name, time_s, tuple(map(float, z)), (50.0, 1e-3, 2e-3), False, *told), *site)


def state_of(place, velocity):
    return State(StateVector(np.stack([place, velocity], axis=1).ravel()))


@pytest.mark.parametrize("site", SITES)
def test_its_model_predicts_what_we_write(site):
    place, velocity = target(site)
    (one,) = adapter.write([row_of(site, place, velocity)], START)
    predicted = one.measurement_model.function(state_of(place, velocity), noise=False)
    off = np.array(
        [float(a - b) for a, b in zip(np.ravel(one.state_vector), np.ravel(predicted), strict=True)]
    )
    assert isinstance(one.measurement_model, CartesianToElevationBearingRangeRate)
    assert np.all(np.abs(off) < [1e-9, 1e-9 / math.cos(float(predicted[0, 0])), 1e-4, 1e-6])
    assert one.timestamp == START + timedelta(seconds=2.5)
    assert np.sqrt(np.diag(one.measurement_model.covar())) == pytest.approx([2e-3, 1e-3, 50.0, 3.0])


@pytest.mark.parametrize("site", SITES)
def test_what_was_written_is_read_again(site):
    told = row_of(site, *target(site))
    (back,) = adapter.read(adapter.write([told], START), START)
    assert (back.plot.sensor, back.plot.time_s) == ("A", 2.5)
    turn = (back.plot.measurement[1] - told.plot.measurement[1] + math.pi) % (2 * math.pi) - math.pi
    assert abs(turn) < 1e-8
    assert back.plot.measurement[::2] == pytest.approx(told.plot.measurement[::2], abs=1e-8)
    assert back.plot.sigma == pytest.approx(told.plot.sigma, rel=1e-6)
    assert (back.lat_deg, back.lon_deg, back.height_m) == pytest.approx(site, abs=1e-6)
    assert back.plot.range_rate_mps == pytest.approx(told.plot.range_rate_mps)
    assert back.plot.range_rate_sigma_mps == pytest.approx(3.0)


@pytest.mark.parametrize("origin", [None, (38.0, 135.0, 0.0)])
@pytest.mark.parametrize("turned", [(0.0, 0.0, 0.0), (0.3, -0.7, 2.0)])
def test_a_sensor_turned_anyhow_in_its_frame_points_at_the_same_place(origin, turned):
    """Its model makes the detection; ours, in the local horizon of where the sensor is, finds the place."""
    site = (37.0, 136.0, 500.0)
    base, _ = axes_of(site)
    place, velocity = target(site, 3)
    middle, axes = (np.zeros(3), np.eye(3)) if origin is None else axes_of(origin)
    model = CartesianToElevationBearingRange(
        ndim_state=6,
        mapping=(0, 2, 4),
        noise_covar=CovarianceMatrix(np.diag([1e-3, 1e-3, 50.0]) ** 2),
        translation_offset=StateVector(axes @ (base - middle)),
        rotation_offset=StateVector(turned),
    )
    z = model.function(state_of(axes @ (place - middle), axes @ velocity), noise=False)
    found = Detection(z, timestamp=START, measurement_model=model, metadata={"sensor": "R"})
    (row,) = adapter.read([found], START, origin)
    assert (row.lat_deg, row.lon_deg, row.height_m) == pytest.approx(site, abs=1e-6)
    exact = geometry.range_azimuth_elevation(*axes_of(site), place)
    assert row.plot.measurement == pytest.approx(tuple(exact), abs=1e-8, rel=1e-12)


def test_angles_alone_stay_angles_alone():
    told = Recorded(Plot("S", 0.0, (0.0, 0.4, -1.3), (math.inf, 1e-4, 2e-5), False), 0.0, 100.0, 35_786e3)
    (one,) = adapter.write([told], START)
    assert type(one.measurement_model) is CartesianToElevationBearing
    (back,) = adapter.read([one], START)
    assert back.plot.sigma == pytest.approx(told.plot.sigma)
    assert back.plot.measurement == pytest.approx(told.plot.measurement)


def test_sensors_without_a_name_are_told_apart_by_their_place():
    rows = [row_of(site, *target(site), rated=False) for site in (SITES[0], SITES[1], SITES[0])]
    unnamed = adapter.write(rows, START)
    for one in unnamed:
        one.metadata.clear()
    assert [row.plot.sensor for row in adapter.read(unnamed, START)] == ["S1", "S2", "S1"]


def test_tracks_hold_place_and_speed_in_its_order():
    chance = np.random.default_rng(1)
    root = chance.standard_normal((10, 10))
    mean, cov = chance.standard_normal(10), root @ root.T
    told = [("T1", Estimate(np.float64(t), mean + t, cov, np.full(4, 0.25))) for t in (0.0, 2.0)]
    tracks = adapter.tracks([*told, ("T2", told[0][1])], START)
    assert sorted((one.id, len(one)) for one in tracks) == [("T1", 2), ("T2", 1)]
    (first,) = [one for one in tracks if one.id == "T1"]
    last = first[-1]
    assert last.timestamp == START + timedelta(seconds=2)
    np.testing.assert_array_equal(np.ravel(last.state_vector)[[0, 2, 4]], mean[:3] + 2)
    np.testing.assert_array_equal(np.ravel(last.state_vector)[[1, 3, 5]], mean[3:6] + 2)
    assert last.covar[2, 5] == cov[1, 5] and last.covar[0, 2] == cov[0, 1]


def bearing(**change):
    """A detection of its angles-only model with something about it changed."""
    model = CartesianToElevationBearing(
        **{"ndim_state": 6, "mapping": (0, 2, 4), "noise_covar": CovarianceMatrix(np.eye(2) * 1e-6),
           "translation_offset": StateVector([6.4e6, 0, 0])} | change
    )  # fmt: skip
    return Detection(StateVector([0.1, 0.2]), timestamp=START, measurement_model=model)


def test_a_model_of_another_sort_is_refused():
    linear = LinearGaussian(ndim_state=6, mapping=(0, 2), noise_covar=CovarianceMatrix(np.eye(2)))
    one = Detection(StateVector([0.0, 0.0]), timestamp=START, measurement_model=linear)
    with pytest.raises(
        InputError, match=r"(?s)mine: detection 1 = 'LinearGaussian'.*CartesianToElevationBearing"
    ):
        adapter.read([bearing(), one], START, where="mine")


def test_noise_that_hangs_together_is_refused():
    noise = CovarianceMatrix([[1e-6, 5e-7], [5e-7, 1e-6]])
    with pytest.raises(InputError, match="must be diagonal"):
        adapter.read([bearing(noise_covar=noise)], START)


def test_without_stone_soup_it_is_said_what_to_install(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "stonesoup"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "stonesoup", None)
    with pytest.raises(InputError, match="pip install stonesoup"):
        adapter.write([], START)
