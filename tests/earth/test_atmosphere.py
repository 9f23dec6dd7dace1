"""US Standard Atmosphere 1976 as its formulas and the independent code `ussa1976` 0.3.4 give it."""

import jax
import numpy as np
import pytest

from noroshi.earth import atmosphere
from tests.reference import air

# Two heights more than are published beside ours.
ABOVE = [*air.ABOVE, (90, 3.41645e-6), (700, 3.21563e-14)]

density = jax.jit(atmosphere.density)
sound_speed = jax.jit(atmosphere.sound_speed)


@pytest.mark.parametrize("height_km, density_kgpm3, sound_mps", air.LAYERS)
def test_the_layers_are_the_standards_own(height_km, density_kgpm3, sound_mps):
    assert density(height_km * 1e3) == pytest.approx(density_kgpm3, rel=1e-5)
    assert sound_speed(height_km * 1e3) == pytest.approx(sound_mps, abs=1e-3)


@pytest.mark.parametrize("height_km, density_kgpm3", ABOVE)
def test_thin_air_is_near_the_standard(height_km, density_kgpm3):
    assert density(height_km * 1e3) == pytest.approx(density_kgpm3, rel=0.007)


def test_between_its_own_heights_the_air_is_the_standards_too():
    # The standard's equations 33a, 33b and 42, integrated upwards layer by layer.
    base_km, base_k, base_pa = 0.0, 288.15, 101_325.0
    for top_km, lapse in ((11, -6.5), (20, 0), (32, 1), (47, 2.8), (51, 0), (71, -2.8), (84.852, -2)):
        rise = np.linspace(0, top_km - base_km, 500)
        temperature = base_k + lapse * rise
        constant = 9.80665 * 28.9644 / 8.31432
        power = (base_k / temperature) ** (constant / lapse) if lapse else np.exp(-constant * rise / base_k)
        geopotential = base_km + rise
        height_m = 6356.766e3 * geopotential / (6356.766 - geopotential)
        theirs = base_pa * power * 28.9644e-3 / (8.31432 * temperature)
        assert np.allclose(density(height_m), theirs, rtol=1e-7, atol=0)
        assert np.allclose(sound_speed(height_m), np.sqrt(1.4 * 8314.32 / 28.9644 * temperature), rtol=1e-12)
        base_km, base_k, base_pa = top_km, temperature[-1], base_pa * power[-1]


def test_air_only_gets_thinner_upwards():
    height_m = np.arange(-500.0, 1e6, 100.0)
    assert (np.diff(density(height_m)) < 0).all()


@pytest.mark.parametrize("base_km", [11, 20, 32, 47, 51, 71])
def test_layers_join(base_km):
    assert_joined(6356.766e3 * base_km / (6356.766 - base_km))


@pytest.mark.parametrize("seam_km", [86, 115, 220])
def test_pieces_of_thin_air_join(seam_km):
    assert_joined(seam_km * 1e3)


def assert_joined(seam_m):
    below, above = density(np.array([seam_m - 1e-3, seam_m + 1e-3]))
    # Two millimetres of air weigh at most 4e-7 of what lies above them (scale height 5.4 km or more).
    assert 0 < 1 - above / below < 4e-7


@pytest.mark.parametrize("height_m, edge_m", [(-1e4, -500.0), (-6.4e6, -500.0), (2e6, 1e6), (1e9, 1e6)])
def test_heights_out_of_the_table_are_taken_at_its_edge(height_m, edge_m):
    # Trial steps of an integrator go there; what comes back must be finite.
    assert density(height_m) == density(edge_m)
    assert np.isfinite(sound_speed(height_m))


def test_air_has_a_slope_everywhere():
    slope = jax.jit(jax.vmap(jax.grad(atmosphere.log_density)))(np.arange(-400.0, 999e3, 997.0))
    assert np.isfinite(slope).all()
    assert (slope < 0).all()
