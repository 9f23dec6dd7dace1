"""Ballistic flights by the hundred thousand: from burnout to impact on the ellipsoid."""

from functools import partial

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from noroshi.compiled import stored
from noroshi.earth.arrays import Array
from noroshi.earth.model import WGS84, Earth
from noroshi.flight import dynamics, propagator
from noroshi.flight.batch import in_chunks, in_jobs
from noroshi.flight.dynamics import KILO, MEGA, Coasting
from noroshi.records.pytree import record

BURIED = 4
STATUS = {**propagator.STATUS, BURIED: "began below the ground"}
# Longer than the highest lofted flight of an intercontinental missile; who still flies then is in orbit.
LONGEST_S = 10_800.0
# As far below the ground as a flight may begin, m: rounding, and a launch pad as the frames place it.
_SUNK_M = 0.01


@record
class Fallen:
    """Where and when bodies came down, or stopped being followed; ECEF, velocities over the turning Earth.

    Only where `status` is propagator.ARRIVED is that an impact; STATUS says what else it may be.
    """

    position_ecef_m: Float[Array, "lanes 3"]
    velocity_ecef_mps: Float[Array, "lanes 3"]
    time_s: Float[Array, "lanes"]
    status: Int[Array, "lanes"]


@record
class _Burnouts:
    """States in kernel units and ballistic coefficients, one per lane."""

    y: propagator.State
    ballistic_coefficient_kgpm2: Array


def fall(
    position_ecef_m: Float[Array, "lanes 3"],
    velocity_ecef_mps: Float[Array, "lanes 3"],
    ballistic_coefficient_kgpm2: Float[Array, "lanes"],
    tolerance: float = 1e-5,
    earth: Earth = WGS84,
    threads: int | None = None,
) -> Fallen:
    """Fly bodies of constant ballistic coefficient down to the ground, on all cores unless told otherwise.

    `tolerance` bounds the error of one step, Mm. A body that begins below the ground, or is not a number, or
    has no positive ballistic coefficient, stays where it is and says so in its status.
    """
    position_m, velocity_mps, beta = (
        np.asarray(given, dtype=np.float64)
        for given in (position_ecef_m, velocity_ecef_mps, ballistic_coefficient_kgpm2)
    )
    burnouts = _Burnouts((*(position_m.T / MEGA), *(velocity_mps.T / KILO)), beta)
    numbers = Earth(*(np.float64(number) for number in earth)), np.float64(tolerance)
    y, time_s, status = in_jobs(lambda job: _fallen(job, *numbers), burnouts, threads)
    return Fallen(np.stack(y[:3], axis=-1) * MEGA, np.stack(y[3:], axis=-1) * KILO, time_s, status)


@stored
def _fallen(burnouts: _Burnouts, earth: Earth, tolerance: Array) -> tuple[propagator.State, Array, Array]:
    """States at the end in kernel units, times, s, and statuses."""

    def fly(lanes: _Burnouts) -> tuple[propagator.State, Array, Array]:
        beta = lanes.ballistic_coefficient_kgpm2
        body = Coasting(beta, earth)
        buried = dynamics.height(lanes.y, earth) * MEGA < -_SUNK_M
        # What is no number stops at once; what is refused is made one.
        x = jnp.where(buried | ~(beta > 0), jnp.nan, lanes.y[0])
        standing = propagator.start(dynamics.coast, jnp.zeros_like(beta), (x, *lanes.y[1:]), body)
        end = jnp.full_like(beta, LONGEST_S / KILO)
        gauge = partial(dynamics.height, earth=earth)
        flown = propagator.fly(dynamics.coast, standing, end, body, gauge, tolerance)
        y = (jnp.where(flown.status == propagator.LOST, lanes.y[0], flown.y[0]), *flown.y[1:])
        return y, flown.t * KILO, jnp.where(buried, BURIED, flown.status)

    return in_chunks(fly, burnouts)
