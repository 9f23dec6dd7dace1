"""Where and when it started: batch least squares of a boost template through lines of sight and plots.

Infrared satellites measure angles only; the template (height and distance flown by time since launch, for a
generic missile) supplies the missing range, and its unknown scales carry how little that is worth.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Bool, Float

from noroshi.earth import frames, geometry
from noroshi.earth.arrays import Array
from noroshi.earth.constants import MEAN_RADIUS_M
from noroshi.records.pytree import record

ROWS = 32
_TURNS = 8
_ITERATIONS = 12


@record
class Template:
    """Height and ground distance, m, of a generic boost at even steps of `step_s`."""

    step_s: Float[Array, ""]
    height_m: Float[Array, "T"]
    distance_m: Float[Array, "T"]


@record
class Sights:
    """Up to ROWS measurements: times since the epoch, places and axes of the sensors, values, sigmas.

    A range sigma of infinity marks an angles-only line of sight.
    """

    time_s: Float[Array, "R"]
    site_ecef_m: Float[Array, "R 3"]
    axes: Float[Array, "R 3 3"]
    z: Float[Array, "R 3"]
    sigma: Float[Array, "R 3"]
    valid: Bool[Array, "R"]


@record
class Launch:
    """Launch place (geodetic rad), time, direction; covariance of [east m, north m, time s, azimuth rad]."""

    lat_rad: Float[Array, ""]
    lon_rad: Float[Array, ""]
    time_s: Float[Array, ""]
    azimuth_rad: Float[Array, ""]
    cov: Float[Array, "4 4"]
    misfit: Float[Array, ""]


# Unknowns: east and north of the reference place, 100 km; launch time, 30 s; azimuth, rad; logarithms of the
# template's time, distance and height scales, with their prior sigmas.
_UNIT = jnp.array([1e5, 1e5, 30.0, 1.0, 1.0, 1.0, 1.0])
_PRIOR = jnp.array([5.0, 5.0, 3.0, 10.0, 0.15, 0.4, 0.25])


def _model(theta: Array, sights: Sights, template: Template, reference: tuple[Array, Array]) -> Array:
    """Predicted measurements [R, 3] for scaled unknowns."""
    east, north, launched_s, azimuth, slow, far, high = theta * _UNIT
    age = (sights.time_s - launched_s) / jnp.exp(slow) / template.step_s
    nodes = jnp.arange(template.height_m.shape[0], dtype=float)
    distance = jnp.exp(far) * jnp.interp(age, nodes, template.distance_m)
    rise = jnp.exp(high) * jnp.interp(age, nodes, template.height_m)
    # Before the launch the body stands; the slope keeps the fit from losing it there.
    rise = rise + 10.0 * jnp.minimum(age, 0.0) * template.step_s
    x, y = east + distance * jnp.sin(azimuth), north + distance * jnp.cos(azimuth)
    lat, lon = reference
    axes = frames.enu_axes(lat, lon)
    # Onto the curved ground: along the chord's arc, then up from there.
    arc = jnp.sqrt(x * x + y * y + 1.0) / MEAN_RADIUS_M
    ground = jnp.stack([x, y, jnp.zeros_like(x)], axis=-1)
    up = (
        axes[2] * jnp.cos(arc)[:, None]
        + (ground / (arc * MEAN_RADIUS_M)[:, None]) @ axes * jnp.sin(arc)[:, None]
    )
    base = frames.ecef(lat, lon, jnp.zeros(()))
    place = base + MEAN_RADIUS_M * (up - axes[2]) + rise[:, None] * up

    def seen(site: Array, frame: Array, position: Array) -> Array:
        return geometry.range_azimuth_elevation(site, frame, position)

    return jax.vmap(seen)(sights.site_ecef_m, sights.axes, place)


def estimate(sights: Sights, template: Template, reference: tuple[Array, Array]) -> Launch:
    """Launch place, time and direction from the first sights.

    `reference` is a rough place (rad) within some 1,000 km. Eight directions are tried; what they lead to is
    blended by how well it fits.
    """
    weight = jnp.where(sights.valid[:, None], 1 / sights.sigma, 0.0)
    first = jnp.min(jnp.where(sights.valid, sights.time_s, jnp.inf))
    middle = jnp.array([0.0, 0.0, (first - 40.0) / _UNIT[2], 0.0, 0.0, 0.0, 0.0])

    def residual(theta: Array) -> Array:
        off = _model(theta, sights, template, reference) - sights.z
        off = off.at[:, 1].set((off[:, 1] + jnp.pi) % (2 * jnp.pi) - jnp.pi)
        off = jnp.where(weight > 0, off, 0.0)
        return jnp.concatenate([(off * weight).ravel(), (theta - middle) / _PRIOR])

    def cost(theta: Array) -> Array:
        r = residual(theta)
        return r @ r

    def turn(carry: tuple[Array, Array, Array], _: None) -> tuple[tuple[Array, Array, Array], None]:
        theta, now, damping = carry
        r, J = residual(theta), jax.jacfwd(residual)(theta)
        A = J.T @ J
        step = jnp.linalg.solve(A + damping * jnp.diag(jnp.diag(A)), -J.T @ r)
        trial = theta + jnp.clip(step, -2.0, 2.0)
        there = cost(trial)
        better = there < now
        return (
            jnp.where(better, trial, theta),
            jnp.where(better, there, now),
            jnp.where(better, damping / 5, damping * 5),
        ), None

    def descend(azimuth: Array) -> tuple[Array, Array]:
        theta = middle.at[3].set(azimuth)
        (theta, least, _), _ = jax.lax.scan(
            turn, (theta, cost(theta), jnp.array(1e-2)), None, length=_ITERATIONS
        )
        return theta, least

    thetas, costs = jax.vmap(descend)(jnp.arange(_TURNS) * (2 * jnp.pi / _TURNS))
    best = jnp.argmin(costs)

    def spread(theta: Array) -> Array:
        J = jax.jacfwd(residual)(theta)
        return jnp.linalg.inv(J.T @ J)[:4, :4]

    # One satellite alone often cannot tell toward from away: what fits nearly as well as the best counts too.
    share = jax.nn.softmax(-costs / 2)
    off = (thetas - thetas[best])[:, :4]
    off = off.at[:, 3].set((off[:, 3] + jnp.pi) % (2 * jnp.pi) - jnp.pi)
    mean = share @ off
    off = off - mean
    cov = jnp.einsum("i,ijk->jk", share, jax.vmap(spread)(thetas) + off[:, :, None] * off[:, None, :])
    cov = cov * _UNIT[:4] * _UNIT[:4, None]
    east, north, launched_s, azimuth = (thetas[best, :4] + mean) * _UNIT[:4]
    lat, lon = geometry.great_circle_end(
        *reference, jnp.arctan2(east, north), jnp.sqrt(east**2 + north**2 + 1e-6)
    )
    return Launch(lat, lon, launched_s, azimuth % (2 * jnp.pi), cov, costs[best])
