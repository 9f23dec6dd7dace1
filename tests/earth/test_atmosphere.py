"""US Standard Atmosphere 1976 as its formulas and the independent code `ussa1976` 0.3.4 give it."""

import jax
import numpy as np
import pytest

from noroshi.earth import atmosphere

# Geometric height km, density kg/m3, speed of sound m/s (none above 86 km, where the notion ends).
LAYERS = [
    (0, 1.2250, 340.294),
    (1, 1.11166, 336.435),
    (5, 0.736429, 320.545),
    (10, 0.413510, 299.532),
    (11, 0.364802, 295.154),
    (20, 0.0889099, 295.070),
    (30, 0.0184102, 301.709),
    (40, 3.99568e-3, 317.189),
    (50, 1.02688e-3, 329.799),
    (60, 3.09678e-4, 315.074),
    (70, 8.28286e-5, 297.061),
    (80, 1.84580e-5, 282.538),
]
ABOVE = [
    (86, 6.95775e-6, 0.01),
    (100, 5.61226e-7, 0.01),
    (119.999, 2.23931e-8, 0.01),
    (120, 2.23931e-8, 0.04),
    (150, 2.10921e-9, 0.04),
    (200, 2.61693e-10, 0.04),
    (300, 2.01856e-11, 0.04),
    (500, 5.56298e-13, 0.04),
    (1000, 3.57186e-15, 0.04),
]

density = jax.jit(atmosphere.density)
sound_speed = jax.jit(atmosphere.sound_speed)


@pytest.mark.parametrize("height_km, density_kgpm3, sound_mps", LAYERS)
def test_the_layers_are_the_standards_own(height_km, density_kgpm3, sound_mps):
    assert density(height_km * 1e3) == pytest.approx(density_kgpm3, rel=1e-5)
    assert sound_speed(height_km * 1e3) == pytest.approx(sound_mps, abs=1e-3)


@pytest.mark.parametrize("height_km, density_kgpm3, share", ABOVE)
def test_thin_air_is_near_the_standard(height_km, density_kgpm3, share):
    assert density(height_km * 1e3) == pytest.approx(density_kgpm3, rel=share)


def test_air_only_gets_thinner_upwards():
    height_m = np.arange(-500.0, 1e6, 100.0)
    assert (np.diff(density(height_m)) < 0).all()


@pytest.mark.parametrize("seam_km", [11.019, 20.063, 32.162, 47.350, 51.413, 71.802, 86.0, 120.0])
def test_no_seam_between_layers_jumps_by_more_than_a_per_cent(seam_km):
    below, above = (float(density(seam_km * 1e3 + way)) for way in (-20.0, 20.0))
    # Forty metres of air weigh at most 0.7 % of what lies above them (scale height 5.4 km or more).
    assert 0 < 1 - above / below < 0.017


@pytest.mark.parametrize("height_m, edge_m", [(-1e4, -500.0), (-6.4e6, -500.0), (2e6, 1e6), (1e9, 1e6)])
def test_heights_out_of_the_table_are_taken_at_its_edge(height_m, edge_m):
    # Trial steps of an integrator go there; what comes back must be finite.
    assert density(height_m) == density(edge_m)
    assert np.isfinite(sound_speed(height_m))


def test_air_has_a_slope_everywhere():
    slope = jax.jit(jax.vmap(jax.grad(atmosphere.log_density)))(np.arange(-400.0, 999e3, 997.0))
    assert np.isfinite(slope).all()
    assert (slope < 0).all()
