import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.earth import frames

# WGS 84 (NGA.STND.0036): semi-axes, m.
A, B = 6_378_137.0, 6_356_752.314245

latitudes = st.floats(-np.pi / 2, np.pi / 2)
longitudes = st.floats(-np.pi, np.pi)
heights = st.floats(-10e3, 50_000e3)


def places(seed: int = 1, count: int = 500) -> np.ndarray:
    """ECEF places from 10 km below the ellipsoid to 50,000 km above it, m."""
    chance = np.random.default_rng(seed)
    lat, lon = chance.uniform(-np.pi / 2, np.pi / 2, count), chance.uniform(-np.pi, np.pi, count)
    return frames.ecef(lat, lon, chance.uniform(-10e3, 50_000e3, count))


@given(latitudes, longitudes, heights)
def test_a_place_comes_back_from_ecef(lat, lon, height_m):
    there = frames.ecef(np.float64(lat), np.float64(lon), np.float64(height_m))
    back = frames.geodetic(there)
    assert abs(back[2] - height_m) < 1e-6
    assert np.linalg.norm(frames.ecef(*back) - there) < 1e-6


@given(latitudes, longitudes, heights)
def test_latitude_comes_back_to_less_than_a_micrometre_on_the_ground(lat, lon, height_m):
    back, _, _ = frames.geodetic(frames.ecef(np.float64(lat), np.float64(lon), np.float64(height_m)))
    assert abs(back - lat) * A < 1e-6


@pytest.mark.parametrize(
    "lat_deg, lon_deg, height_m, ecef_m",
    [
        (0, 0, 0, (A, 0, 0)),
        (0, 90, 1000, (0, A + 1000, 0)),
        (0, 180, 0, (-A, 0, 0)),
        (0, -180, 0, (-A, 0, 0)),  # the date line from the other side
        (90, 0, 0, (0, 0, B)),
        (90, 123, 5e6, (0, 0, B + 5e6)),  # at a pole every longitude is the same place
        (-90, -45, -10e3, (0, 0, -B + 10e3)),
    ],
)
def test_poles_equator_and_date_line_lie_where_they_must(lat_deg, lon_deg, height_m, ecef_m):
    there = frames.ecef(np.radians(lat_deg), np.radians(lon_deg), np.float64(height_m))
    assert np.allclose(there, ecef_m, rtol=0, atol=1e-6)
    lat, _, height = frames.geodetic(np.array(ecef_m, float))
    assert np.degrees(lat) == pytest.approx(lat_deg, abs=1e-12)
    assert height == pytest.approx(height_m, abs=1e-6)


def test_both_sides_of_the_date_line_are_neighbours():
    lat = np.radians(41.5)
    west, east = (frames.ecef(lat, np.radians(lon), 0.0) for lon in (179.9999, -179.9999))
    assert np.linalg.norm(west - east) == pytest.approx(2e-4 * np.pi / 180 * A * np.cos(lat), rel=2e-3)
    assert np.degrees(frames.geodetic(west)[1]) > 179.9
    assert np.degrees(frames.geodetic(east)[1]) < -179.9


@given(latitudes, longitudes)
def test_zero_height_is_the_ellipsoid(lat, lon):
    x, y, z = frames.ecef(np.float64(lat), np.float64(lon), np.float64(0))
    assert (x**2 + y**2) / A**2 + z**2 / B**2 == pytest.approx(1, abs=1e-13)


@pytest.mark.parametrize("frame", [frames.geodetic, frames.height])
def test_numpy_and_jax_find_the_same_place(frame):
    there = places()
    ours = np.stack(np.atleast_1d(frame(there)))
    theirs = np.stack(np.atleast_1d(jax.jit(frame)(there)))
    assert np.allclose(ours, theirs, rtol=1e-14, atol=1e-7)


@pytest.mark.parametrize("frame, angles", [(frames.ecef, 3), (frames.enu_axes, 2)])
def test_numpy_and_jax_find_the_same_vectors(frame, angles):
    place = frames.geodetic(places())[:angles]
    assert np.allclose(frame(*place), jax.jit(frame)(*place), rtol=1e-14, atol=1e-7)


def test_numpy_in_gives_numpy_out_and_jax_in_gives_jax_out():
    there = places(count=1)[0]
    assert not isinstance(frames.geodetic(there)[0], jax.Array)
    assert isinstance(frames.geodetic(jnp.asarray(there))[0], jax.Array)


@given(latitudes, longitudes)
def test_east_north_and_up_are_a_right_handed_frame(lat, lon):
    axes = frames.enu_axes(np.float64(lat), np.float64(lon))
    assert np.allclose(axes @ axes.T, np.eye(3), atol=1e-14)
    assert np.linalg.det(axes) == pytest.approx(1)


@given(st.floats(-1.5, 1.5), longitudes)
def test_up_is_where_height_grows_north_where_latitude_does_east_where_longitude_does(lat, lon):
    here = np.array([lat, lon, 0.0])
    for axis, way in zip(
        frames.enu_axes(*here[:2]), ([0, 1e-5, 0], [1e-5, 0, 0], [0, 0, 100.0]), strict=True
    ):
        step = frames.ecef(*(here + way)) - frames.ecef(*(here - way))
        assert step @ axis == pytest.approx(np.linalg.norm(step), rel=1e-9)


@given(latitudes, longitudes)
def test_the_quick_height_is_exact_on_the_ellipsoid(lat, lon):
    # The event that ends every flight rests on it.
    assert abs(frames.height(frames.ecef(np.float64(lat), np.float64(lon), np.float64(0)))) < 1e-8 * A


@pytest.mark.parametrize("top_m, off_m", [(100e3, 1.0), (2000e3, 20.0)])
def test_the_quick_height_is_near_the_true_one(top_m, off_m):
    chance = np.random.default_rng(2)
    lat, height_m = chance.uniform(-np.pi / 2, np.pi / 2, 2000), chance.uniform(0, top_m, 2000)
    assert np.abs(frames.height(frames.ecef(lat, 0 * lat, height_m)) - height_m).max() < off_m
