"""Statistical checks have fixed seeds; each fails by chance once in a million (4.9 sigma)."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.earth import frames
from noroshi.sensing.environment import Environment
from noroshi.sensing.infrared import nadir_axes
from tests.sensing.made import MANY, NONE, objects, scan, some_satellite

SURE = 4.9
PLUME = 3e5


def launches(lat_deg=40.6, lon_deg=126.4, height_m=60e3, count: int = 1) -> np.ndarray:
    """ECEF places [K, 3]."""
    place = frames.ecef(np.radians(lat_deg), np.radians(lon_deg), np.float64(height_m))
    return np.tile(place, (count, 1))


def burning(place: np.ndarray, plume: float = PLUME):
    return objects(place, plume=plume)


def ever(truth, air: Environment = NONE, **changes) -> bool:
    """Whether any of forty scans shows the object; a single one may miss it."""
    one = replace(truth, **{name: np.repeat(getattr(truth, name), 40, axis=0) for name in vars(truth)})
    return bool(scan(some_satellite(**changes), one, air).valid.any())


def test_a_burning_plume_above_the_clouds_is_seen():
    assert ever(burning(launches()))


@pytest.mark.parametrize(
    "hidden, because",
    [
        (objects(launches(), plume=0.0), "it no longer burns"),
        (burning(launches(), 0.9e4), "it is fainter than the sensor's threshold"),
        (burning(launches(height_m=7.9e3)), "it is in the clouds"),
        (burning(launches(lat_deg=-40.6, lon_deg=-60.0)), "it is on the other side of the Earth"),
        (burning(launches(lat_deg=86.0, height_m=9e3)), "it is behind the limb"),
        (replace(burning(launches()), exists=np.array([False])), "it does not exist"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_plume_is_not_seen_when(hidden, because):
    assert not ever(hidden), because


def test_clouds_end_where_the_scenario_says():
    just_out, just_in = burning(launches(height_m=9e3)), burning(launches(height_m=7e3))
    assert ever(just_out)
    assert not ever(just_in)
    clear = replace(NONE, cloud_break_m=np.float64(0.0))
    assert ever(just_in, air=clear)


def test_it_sees_as_far_as_the_line_of_sight_reaches():
    # From the geostationary ring the ground ends 81.3 deg away; on the sphere of mean radius.
    arcs_deg = np.array([60.0, 75.0, 80.5, 82.0, 90.0])
    seen = [ever(burning(launches(0.0, 120.0 + arc, 8.1e3))) for arc in arcs_deg]
    # At 8 km the line of sight reaches 2.9 deg beyond the ground's limb.
    assert seen == [True, True, True, True, False]


def test_a_scan_misses_a_plume_now_and_then_however_bright():
    shares = [
        scan(some_satellite(), burning(launches(count=MANY), p), seed=30).valid.mean() for p in (2e4, 1e9)
    ]
    assert shares[0] == shares[1]
    assert 0.9 < shares[0] < 1.0


def test_infrared_measures_no_range():
    seen = scan(some_satellite(), burning(launches(count=100)))
    assert (seen.measurement[:, 0] == 0).all()
    assert np.isinf(seen.sigma[:, 0]).all()
    # So a weighted residual of the range is nought, whatever the range.
    assert (1 / seen.sigma[:, 0] == 0).all()


def test_angles_scatter_about_truth_and_bias_as_stated():
    bias = np.array([20e-6, -15e-6])
    satellite = some_satellite(bias_rad=bias)
    place = launches(count=MANY)
    seen = scan(satellite, burning(place), seed=31)
    exact = scan(some_satellite(sigma_rad=np.float64(0.0)), burning(place[:1])).measurement[0, 1:]
    off = (seen.measurement[:, 1:] - exact - bias) / seen.sigma[:, 1:]
    assert np.abs(off.mean(axis=0) * np.sqrt(MANY)).max() < SURE
    assert np.abs((off.var(axis=0) - 1) * np.sqrt(MANY / 2)).max() < SURE
    assert abs(np.corrcoef(off.T)[0, 1] * np.sqrt(MANY)) < SURE


@given(st.floats(-np.pi, np.pi))
def test_a_satellites_axes_look_down(lon):
    axes = nadir_axes(0.0, lon)
    assert np.allclose(axes @ axes.T, np.eye(3), atol=1e-14)
    assert np.linalg.det(axes) == pytest.approx(1)
    site = 42_164_170.0 * np.array([np.cos(lon), np.sin(lon), 0.0])
    # The Earth's centre lies straight ahead, east at positive azimuth's right angle, north up.
    assert np.allclose(axes @ -site, [0, 42_164_170.0, 0], atol=1e-6)
    assert np.allclose(axes[2], [0, 0, 1])


def test_two_lines_of_sight_cross_at_the_plume():
    place = launches()[0]
    lines = []
    for lon_deg in (90.0, 160.0):
        satellite = some_satellite(np.radians(lon_deg), sigma_rad=np.float64(0.0))
        _, azimuth, up = scan(satellite, burning(place[None])).measurement[0]
        enu = np.array([np.cos(up) * np.sin(azimuth), np.cos(up) * np.cos(azimuth), np.sin(up)])
        lines.append((satellite.site_ecef_m, enu @ satellite.axes))
    (a, u), (b, v) = lines
    along = np.linalg.lstsq(np.stack([u, -v], axis=1), b - a, rcond=None)[0]
    assert np.allclose(a + along[0] * u, place, atol=0.1)
    assert np.allclose(b + along[1] * v, place, atol=0.1)
