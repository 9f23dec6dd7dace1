"""Echo, plume and hot skin along a flight, held to laws, limits and integrals by another code."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import constants, integrate, optimize

from noroshi.catalogue.assemble import shipped_names
from noroshi.catalogue.threats import load_threat, signature_of
from noroshi.earth.atmosphere import density
from noroshi.sensing import signature
from noroshi.sensing.signature import BAND_M, Signature, Skin, balanced_k, echo, plume, radiance, shine, skin

STEFAN = constants.Stefan_Boltzmann
GLIDER = Skin(3.67, np.radians(22.3), 0.85)
PLAIN = Signature(
    rcs_m2_boost=3.0,
    rcs_m2_coast=0.3,
    rcs_m2_air=0.1,
    swerling=1,
    plume_w_per_sr=1e6,
    plume_upper_share=0.3,
    plume_weak_share=0.1,
    plume_weak_from_m=70e3,
    plume_weak_to_m=90e3,
    skin=None,
)
PLUME = ("plume_upper_share", "plume_weak_share", "plume_weak_from_km", "plume_weak_to_km")
SHELL = replace(PLAIN, skin=GLIDER)


def planck(wavelength_m: float, kelvin: float) -> float:
    """Spectral radiance of a black surface, W/(m2 sr m)."""
    x = constants.h * constants.c / (wavelength_m * constants.k * kelvin)
    return 2 * constants.h * constants.c**2 / wavelength_m**5 * np.exp(-x) / -np.expm1(-x)


def flame(height_m, stage=0, **changes) -> float:
    kept = {name: getattr(PLAIN, name) for name in vars(PLAIN) if name.startswith("plume")}
    named = {name.removeprefix("plume_"): value for name, value in (kept | changes).items()}
    named["plume_w_per_sr"] = named.pop("w_per_sr")
    return plume(np.float64(height_m), np.int64(stage), **named)


def glow(height_m, speed_mps, body: Skin = GLIDER, band_m=BAND_M) -> np.ndarray:
    height_m, speed_mps = np.broadcast_arrays(np.atleast_1d(height_m), np.atleast_1d(speed_mps))
    return skin(height_m, speed_mps, body.length_m, body.half_angle_rad, body.emissivity, band_m)


# The skin.


def band(kelvin: float, short_m: float, long_m: float) -> float:
    """Planck's law by quadrature, over the logarithm of the wavelength, where it is tame."""
    return integrate.quad(
        lambda log_m: planck(np.exp(log_m), kelvin) * np.exp(log_m),
        np.log(short_m),
        np.log(long_m),
        epsabs=0,
        epsrel=1e-10,
        limit=200,
    )[0]


@given(st.floats(200, 4_500), st.floats(1e-6, 3e-6), st.floats(1.01, 10))
def test_a_band_is_plancks_law_integrated(kelvin, short_m, times):
    long_m = min(short_m * times, 0.0144 / kelvin)
    whole = STEFAN * kelvin**4 / np.pi
    got = float(radiance(np.float64(kelvin), (short_m, long_m)))
    assert got == pytest.approx(band(kelvin, short_m, long_m), rel=1e-6, abs=1e-6 * whole)


@pytest.mark.parametrize("kelvin", [500.0, 1_400.0, 4_000.0])
def test_all_bands_together_are_stefans_law(kelvin):
    # Up to where the series holds, and the rest by quadrature.
    edge_m = 0.0144 / kelvin
    together = float(radiance(np.float64(kelvin), (1e-7, edge_m))) + band(kelvin, edge_m, 1.0)
    assert together == pytest.approx(STEFAN * kelvin**4 / np.pi, rel=1e-6)


@given(st.floats(1.0, 12e3), st.floats(-9, 9), st.floats(0.05, 1.0))
def test_heat_in_is_heat_radiated(speed_mps, log_heat, emissivity):
    heat = 10**log_heat
    wall_k = float(balanced_k(np.float64(heat), np.float64(speed_mps), emissivity))
    taken = heat * (1 - 1_000 * wall_k / (speed_mps**2 / 2))
    assert abs(emissivity * STEFAN * wall_k**4 - taken) <= 1e-12 * heat


@given(st.floats(500.0, 12e3), st.floats(0, 8))
def test_the_balance_is_where_a_root_finder_puts_it(speed_mps, log_heat):
    def excess(kelvin):
        return 0.85 * STEFAN * kelvin**4 - 10**log_heat * (1 - 1_000 * kelvin / (speed_mps**2 / 2))

    expected = optimize.brentq(excess, 0.0, 1e6, xtol=1e-10)
    assert float(balanced_k(np.float64(10**log_heat), np.float64(speed_mps), 0.85)) == pytest.approx(expected)


def test_a_weak_heat_is_radiated_as_if_the_wall_were_cold():
    wall_k = float(balanced_k(np.float64(10.0), np.float64(7e3), 0.85))
    assert wall_k == pytest.approx((10.0 / (0.85 * STEFAN)) ** 0.25, rel=2e-3)


def test_no_wall_is_hotter_than_the_flow_can_make_it():
    speed_mps = np.array([100.0, 1e3, 3e3])
    hottest = balanced_k(np.float64(1e12), speed_mps, 0.85)
    assert (hottest <= speed_mps**2 / 2_000).all()
    assert hottest == pytest.approx(speed_mps**2 / 2_000, rel=1e-3)


def test_laminar_heat_of_a_cold_wall_is_andersons():
    height_m, speed_mps = np.float64(95e3), np.float64(7e3)
    kelvin = signature.skin_k(height_m, speed_mps, np.float64(2.0), 0.85)
    heat = 0.85 * STEFAN * kelvin**4 / (1 - 1_000 * kelvin / (speed_mps**2 / 2))
    phi = np.radians(11.3)
    expected = 2.53e-5 * density(height_m) ** 0.5 * speed_mps**3.2 * np.cos(phi) ** 0.5 * np.sin(phi) / 2**0.5
    assert heat == pytest.approx(float(expected))


@pytest.mark.parametrize("band_m", [BAND_M, (2.69e-6, 2.95e-6)])
@pytest.mark.parametrize("height_km, speed_mps", [(34.4, 3e3), (49.2, 6e3), (30.0, 2e3), (57.6, 7e3)])
def test_a_skin_shines_as_the_sum_of_its_parts(height_km, speed_mps, band_m):
    def strip(aft_m):
        kelvin = float(signature.skin_k(np.float64(height_km * 1e3), np.float64(speed_mps), aft_m, 0.85))
        return 0.85 * band(kelvin, *band_m) * 2 * aft_m * np.tan(np.radians(22.3))

    expected, _ = integrate.quad(strip, 0.0, 3.67, epsrel=1e-7)
    assert glow(height_km * 1e3, speed_mps, band_m=band_m)[0] == pytest.approx(expected, rel=1e-5)


@given(st.floats(20e3, 80e3), st.floats(1_000, 7_500), st.floats(1.001, 1.5))
def test_a_skin_shines_more_when_faster_lower_or_larger(height_m, speed_mps, more):
    here = glow(height_m, speed_mps)
    assert glow(height_m, speed_mps * more) > here
    assert glow(height_m / more, speed_mps) > here
    assert glow(height_m, speed_mps, replace(GLIDER, half_angle_rad=GLIDER.half_angle_rad * more)) > here
    assert glow(height_m, speed_mps, replace(GLIDER, length_m=GLIDER.length_m * more)) > here


def test_a_skin_at_rest_or_in_space_does_not_shine():
    # Of the thousands of watts that satellites look for, nothing.
    assert (glow([0.0, 10e3, 200e3, 800e3], [0.0, 300.0, 7_000.0, 7_500.0]) < 1.0).all()


# The plume.


def test_nothing_shines_that_does_not_burn():
    assert flame(50e3, stage=-1) == 0.0


def test_each_later_stage_has_its_share_of_the_one_before():
    assert [flame(50e3, stage) for stage in range(3)] == pytest.approx([1e6, 0.3e6, 0.09e6])


def test_a_plume_is_weakest_half_way_through_its_weak_stretch():
    height_m = np.linspace(0, 200e3, 2_001)
    seen = plume(height_m, np.zeros(2_001, int), 1e6, 1.0, 0.1, 70e3, 90e3)
    assert seen.min() == pytest.approx(0.1e6)
    assert height_m[seen.argmin()] == pytest.approx(80e3)
    outside = (height_m <= 70e3) | (height_m >= 90e3)
    assert (seen[outside] == 1e6).all()
    assert (np.diff(seen[(height_m >= 70e3) & (height_m <= 80e3)]) < 0).all()
    assert (np.diff(seen[(height_m >= 80e3) & (height_m <= 90e3)]) > 0).all()


@pytest.mark.parametrize("at_m", [70e3, 80e3, 90e3])
def test_a_plume_weakens_without_a_kink(at_m):
    # Slopes on both sides of the ends and of the middle meet at nought.
    for step_m in (1.0, -1.0):
        assert abs(flame(at_m + step_m) - flame(at_m)) < 0.1


def test_a_share_of_one_leaves_the_plume_as_it_is():
    for height_km in (0, 70, 80, 90, 300):
        assert flame(height_km * 1e3, plume_weak_share=1.0) == 1e6


# The echo.


def test_the_echo_is_of_the_whole_missile_until_the_last_burnout():
    # Two stages with a gap between them, below 90 km; then up into space, down again.
    height_m = 1e3 * np.array([0, 20, 40, 50, 85, 89, 95, 300, 91, 89, 10])
    burning = np.array([1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0], bool)
    assert list(echo(PLAIN, height_m, burning)) == [3.0] * 5 + [0.1] + [0.3] * 3 + [0.1] * 2


def test_a_low_flight_is_in_the_air_from_burnout_on():
    height_m = 1e3 * np.array([0, 15, 30, 45, 50, 40, 20, 0])
    burning = np.arange(8) < 3
    assert list(echo(PLAIN, height_m, burning)) == [3.0] * 3 + [0.1] * 5


def test_what_never_burns_echoes_as_it_flies():
    assert list(echo(PLAIN, np.array([100e3, 50e3]), np.array([False, False]))) == [0.3, 0.1]


# A flight.


def test_a_skin_shines_when_the_plume_is_out():
    height_m, speed_mps = np.array([10e3, 60e3, 50e3, 45e3]), np.array([500.0, 5_900.0, 5_900.0, 5_400.0])
    stage = np.array([0, 1, -1, -1])
    seen = shine(SHELL, height_m, speed_mps, stage)
    assert seen[:2] == pytest.approx([1e6, 0.3e6])
    assert seen[2:] == pytest.approx(glow(height_m[2:], speed_mps[2:]))
    assert list(shine(PLAIN, height_m, speed_mps, stage)) == pytest.approx([1e6, 0.3e6, 0.0, 0.0])


def test_a_glider_is_ten_or_more_times_dimmer_than_a_strategic_missile():
    # As M. Griffin said (docs/reference/signatures.md), beside the plume of the shipped `icbm`.
    glider = glow([43.8e3, 49.2e3], [5e3, 6e3])
    assert (1e6 / glider > 10).all()


def test_compiled_or_not_a_signature_is_the_same():
    height_m = np.linspace(0, 150e3, 31)
    speed_mps, stage = np.linspace(0, 7e3, 31), np.where(np.arange(31) < 15, 0, -1)
    plain = shine(SHELL, height_m, speed_mps, stage), echo(SHELL, height_m, stage >= 0)
    compiled = jax.jit(lambda h, v, s: (shine(SHELL, h, v, s), echo(SHELL, h, s >= 0)))
    assert all(isinstance(one, np.ndarray) for one in plain)
    for one, other in zip(plain, compiled(*map(jnp.asarray, (height_m, speed_mps, stage))), strict=True):
        assert np.allclose(one, other, rtol=1e-9, atol=1e-12)


# The shipped families.


@pytest.mark.parametrize("name", sorted(shipped_names("threats")))
def test_every_shipped_family_says_how_it_shows(name):
    threat = load_threat(name)
    shown = signature_of(threat)
    # Smaller with every part that is left behind, and nose first than at any aspect.
    assert shown.rcs_m2_boost > shown.rcs_m2_coast >= shown.rcs_m2_air > 0
    assert shown.swerling in (1, 3)
    assert (shown.plume_upper_share < 1) == (threat.stages > 1)
    assert 0 < shown.plume_weak_share < 1
    assert 0 < shown.plume_weak_from_m < shown.plume_weak_to_m
    assert (shown.skin is not None) == (threat.family == "glide")


def test_the_shipped_glider_glows_as_the_one_that_was_published():
    assert signature_of(load_threat("glide")).skin == GLIDER


def test_a_profile_that_says_little_shows_the_plain_thing():
    names = ("rcs_m2_air", *PLUME, "skin_length_m", "skin_half_angle_deg", "skin_emissivity")
    threat = load_threat("glide").model_copy(update=dict.fromkeys(names))
    shown = signature_of(threat)
    height_m = np.array([10e3, 80e3, 80e3, 45e3])
    stage, speed_mps = np.array([0, 1, -1, -1]), np.full(4, 6e3)
    assert list(shine(shown, height_m, speed_mps, stage)) == [threat.plume_w_per_sr.value] * 2 + [0.0] * 2
    assert list(echo(shown, height_m, stage >= 0)[2:]) == [threat.rcs_m2_coast.value] * 2
