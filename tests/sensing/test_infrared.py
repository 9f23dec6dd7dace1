"""Statistical checks have fixed seeds; each fails by chance once in a million (4.9 sigma)."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from noroshi.earth import frames
from noroshi.records.detections import Why
from noroshi.records.truth import Kind
from noroshi.sensing.environment import Environment
from noroshi.sensing.infrared import THRESHOLD_TO_NOISE, detection_probability, nadir_axes, view
from tests.sensing.made import MANY, NONE, objects, scan, some_satellite

SURE = 4.9
PLUME = 3e5
GEO_M = 42_164_170.0


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
    "hidden, why, because",
    [
        (objects(launches(), plume=0.0), Why.DARK, "it no longer burns"),
        (burning(launches(), 0.1e4), Why.TOO_DIM, "it is far fainter than the sensor's threshold"),
        (burning(launches(height_m=7.9e3)), Why.CLOUDED, "it is in the clouds"),
        (
            objects(launches(lat_deg=86.0, height_m=100.0), plume=PLUME, kind=Kind.FIRE),
            Why.BEHIND_EARTH,
            "it is a fire behind the limb",
        ),
        (
            burning(launches(lat_deg=-40.6, lon_deg=-60.0)),
            Why.BEHIND_EARTH,
            "it is on the other side of the Earth",
        ),
        (burning(launches(lat_deg=86.0, height_m=9e3)), Why.BEHIND_EARTH, "it is behind the limb"),
        (replace(burning(launches()), exists=np.array([False])), Why.ABSENT, "it does not exist"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_plume_is_not_seen_when(hidden, why, because):
    assert not ever(hidden), because
    assert scan(some_satellite(), hidden).why == why
    assert view(some_satellite(), NONE, hidden).why == why


def test_a_fire_shines_through_the_clear_sky_that_its_rate_tells_of():
    assert ever(objects(launches(height_m=100.0), plume=PLUME, kind=Kind.FIRE))


def test_of_several_reasons_the_first_is_told():
    dark_in_cloud_outside = objects(launches(height_m=1e3), plume=0.0)
    told = [
        view(some_satellite(field_rad=np.radians(half_deg)), NONE, dark_in_cloud_outside).why[0]
        for half_deg in (1.0, 10.0)
    ]
    assert told == [Why.OUT_OF_FIELD, Why.CLOUDED]


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
        scan(some_satellite(), burning(launches(count=MANY), p), seed=30).valid.mean() for p in (2.5e4, 1e9)
    ]
    assert shares[0] == shares[1]
    assert 0.9 < shares[0] < 1.0
    missed = scan(some_satellite(), burning(launches(count=MANY)), seed=30)
    assert set(missed.why[~missed.valid]) == {Why.MISSED}
    assert set(missed.why[missed.valid]) == {Why.SEEN}


@pytest.mark.parametrize("thresholds", [0.5, 0.8, 1.0, 1.1, 1.3, 2.0])
def test_near_the_threshold_detection_follows_the_noise(thresholds):
    there = launches(count=MANY)
    per_w = view(some_satellite(), NONE, burning(there[:1], 1.0)).snr[0]
    looks = scan(some_satellite(), burning(there, thresholds / per_w), seed=33)
    assert looks.snr == pytest.approx(thresholds)
    # Where signal and noise together pass the threshold, and the noise alone would not have.
    loud = norm.cdf(5 * (thresholds - 1)) - norm.cdf(-5)
    expected = 0.95 * loud
    spread = np.sqrt(expected * (1 - expected) / MANY)
    assert abs(looks.valid.mean() - expected) < SURE * spread
    unseen = Why.TOO_DIM if thresholds < 1 else Why.MISSED
    assert set(looks.why[~looks.valid]) == {unseen}


def test_noise_alone_passes_the_threshold_three_times_in_ten_million():
    assert norm.sf(THRESHOLD_TO_NOISE) == pytest.approx(2.87e-7, rel=2e-3)


@given(st.floats(0, 10), st.floats(0.01, 1))
def test_what_is_brighter_is_seen_no_less_often(snr, more):
    dim, bright = (float(detection_probability(at, 0.9)) for at in (snr, snr + more))
    assert 0 <= dim <= bright <= 0.9


def test_what_does_not_shine_is_never_seen():
    assert float(detection_probability(0.0, 1.0)) == 0.0
    dark = scan(some_satellite(), objects(launches(count=MANY), plume=0.0))
    assert set(dark.why) == {Why.DARK}


@given(st.floats(100e3, 1_000e3), st.floats(1.1, 30.0))
def test_irradiance_falls_with_the_square_of_the_distance(height_m, times):
    below = np.array([[GEO_M - 35.5e6, 0.0, 0.0]])
    near, far = (
        some_satellite(0.0, site_ecef_m=np.array([below[0, 0] + off, 0.0, 0.0]))
        for off in (height_m, height_m * times)
    )
    ratio = view(near, NONE, burning(below)).snr / view(far, NONE, burning(below)).snr
    assert ratio[0] == pytest.approx(times**2, rel=1e-9)


def test_a_source_at_the_threshold_is_one_threshold_bright():
    # 1e4 W/sr from 36,000 km, straight down.
    below = np.array([[GEO_M - 36e6 + 300e3, 0.0, 0.0]])
    satellite = some_satellite(0.0, site_ecef_m=np.array([GEO_M + 300e3, 0.0, 0.0]))
    assert view(satellite, NONE, burning(below, 1e4)).snr[0] == pytest.approx(1.0)


def test_less_is_enough_against_space():
    # From the geostationary ring the Earth's edge lies 81.3 deg from the nadir point, and the line of sight
    # that grazes it is 100 km high for the last 10.1 deg before: farther on there is space behind.
    satellite = some_satellite(0.0, against_space=np.float64(0.25))
    plain = some_satellite(0.0)
    for arc_deg, easier in ((30.0, 1.0), (70.5, 1.0), (72.0, 4.0), (85.0, 4.0), (-85.0, 4.0)):
        truth = burning(launches(0.0, arc_deg, 100e3))
        gain = view(satellite, NONE, truth).snr / view(plain, NONE, truth).snr
        assert gain[0] == pytest.approx(easier), arc_deg


@given(
    st.floats(0.0, 2 * np.pi),
    st.one_of(st.floats(0.0, 6_356e3), st.floats(6_379e3, 9_000e3)),
    st.floats(0.5, 1.5),
)
def test_what_lies_behind_is_where_the_line_of_sight_goes_on(around, past_m, along):
    # A line that passes the Earth's centre at a distance hits the ellipsoid, between its polar and its
    # equatorial radius one cannot tell without its latitude.
    nearest = np.sqrt(GEO_M**2 - past_m**2)
    off = past_m / GEO_M
    way = np.array([-np.sqrt(1 - off**2), off * np.cos(around), off * np.sin(around)])
    # In front of the Earth if the line hits it; anywhere along the line if it misses.
    far_m = nearest * along if past_m > 6_378e3 else 0.5 * along * (nearest - 6_379e3)
    place = (np.array([GEO_M, 0.0, 0.0]) + far_m * way)[None]
    eased, plain = (
        view(some_satellite(0.0, against_space=np.float64(share)), NONE, burning(place)).snr[0]
        for share in (0.5, 1.0)
    )
    assert eased / plain == pytest.approx(2.0 if past_m > 6_378e3 else 1.0)


@given(st.floats(-60, 60), st.floats(-60, 60), st.floats(0.5, 9.0))
def test_a_field_of_view_is_a_cone_about_the_nadir(lat_deg, lon_deg, half_deg):
    satellite = some_satellite(0.0, field_rad=np.radians(half_deg))
    place = launches(lat_deg, lon_deg, 20e3)
    way = place[0] - satellite.site_ecef_m
    off_deg = np.degrees(np.arccos(-way[0] / np.linalg.norm(way)))
    seen = view(satellite, NONE, burning(place)).why[0]
    assert seen == (Why.SEEN if off_deg < half_deg else Why.OUT_OF_FIELD)


def test_a_moving_satellite_sees_each_moment_from_where_it_is():
    lon = np.radians([100.0, 120.0, 150.0])
    each = [some_satellite(one) for one in lon]
    moving = some_satellite(
        site_ecef_m=np.stack([one.site_ecef_m for one in each]), axes=np.stack([one.axes for one in each])
    )
    flight = burning(np.concatenate([launches(height_m=h) for h in (20e3, 60e3, 100e3)]))
    together = view(moving, NONE, flight)
    for row, satellite in enumerate(each):
        alone = view(satellite, NONE, jax.tree.map(lambda rows, row=row: rows[row : row + 1], flight))
        assert np.allclose(together.angles_rad[row], alone.angles_rad[0], rtol=0, atol=1e-15)
        assert together.snr[row] == pytest.approx(alone.snr[0])


def test_a_look_without_noise_is_the_view():
    satellite = some_satellite(sigma_rad=np.float64(0.0))
    truth = burning(launches(count=5))
    assert np.allclose(scan(satellite, truth).measurement[:, 1:], view(satellite, NONE, truth).angles_rad)


def test_infrared_measures_no_range():
    seen = scan(some_satellite(), burning(launches(count=100)))
    assert (seen.measurement[:, 0] == 0).all()
    assert np.isinf(seen.sigma[:, 0]).all()
    # So a weighted residual of the range is nought, whatever the range.
    assert (1 / seen.sigma[:, 0] == 0).all()
    assert (seen.range_rate_mps == 0).all()
    assert np.isinf(seen.range_rate_sigma_mps).all()


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
