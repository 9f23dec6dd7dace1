"""How often one look shows an echo that is steady, or that fluctuates from look to look.

Square-law detector, one look: noise passes the threshold -ln(false alarm) as often as stated. The cases are
Swerling's (Marcum and Swerling, Studies of target detection by pulsed radar, IRE Trans. IT-6, 1960).
"""

import math

import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erf
from jaxtyping import Float, Int

from noroshi.earth.arrays import Array

# Midpoints of a function that is smooth and periodic: below 1e-12 off down to a false alarm of 1e-12.
_NODES = -math.pi / 2 + (np.arange(32) + 0.5) * (math.pi / 32)


def steady(snr: Float[Array, "K"], false_alarm: Array) -> Float[Array, "K"]:
    """Swerling 0: Marcum's Q(sqrt(2 SNR), sqrt(2 threshold)).

    One minus what a Gaussian of unit width, set off by sqrt(2 SNR), leaves in a disc about the origin. The
    disc is cut into chords, each at the sine of an angle.
    """
    radius = jnp.sqrt(-2 * jnp.log(false_alarm))
    along, half = radius * jnp.sin(_NODES), radius * jnp.cos(_NODES)
    share = erf(half / math.sqrt(2)) * half * (math.pi / len(_NODES) / math.sqrt(2 * math.pi))
    inside = jnp.sum(jnp.exp(-0.5 * (along - jnp.sqrt(2 * snr)[:, None]) ** 2) * share, axis=-1)
    return jnp.clip(1 - inside, 0.0, 1.0)


def rayleigh(snr: Array, false_alarm: Array) -> Array:
    """Swerling 1, many scatterers alike: Pd = Pfa^(1 / (1 + SNR))."""
    return false_alarm ** (1 / (1 + snr))


def one_dominant(snr: Array, false_alarm: Array) -> Array:
    """Swerling 3, one scatterer above many: power of a chi-square with four degrees of freedom.

    Echo and noise together have the Laplace transform (1 + p) / (1 + a p)^2 with a = 1 + SNR / 2, and so the
    tail Pfa^(1 / a) (1 + (a - 1) threshold / a^2).
    """
    a = 1 + snr / 2
    return false_alarm ** (1 / a) * (1 - (a - 1) / a**2 * jnp.log(false_alarm))


def detection_probability(
    snr: Float[Array, "K"], false_alarm: Array, swerling: Int[Array, "K"]
) -> Float[Array, "K"]:
    """Chance that one look shows an echo of this mean signal-to-noise; `swerling` is 0, 1 or 3 for each."""
    return jnp.select(
        [swerling == 0, swerling == 3],
        [steady(snr, false_alarm), one_dominant(snr, false_alarm)],
        rayleigh(snr, false_alarm),
    )
