"""A flight as legs: burns end on time, falls on an event, and families differ in numbers alone.

Every flight of every family has the same number of legs, unused ones of no length, so that one compiled
kernel flies them side by side. Legs end where thrust, steering or lift jump, so that no jump lies inside a
step of the integrator.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Float

from noroshi.compiled import stored
from noroshi.earth.arrays import Array
from noroshi.earth.model import Earth
from noroshi.flight import dynamics
from noroshi.flight.dynamics import KILO, MEGA, Boosting, Falling
from noroshi.flight.propagator import ARRIVED, FLYING, Gauge, Lanes, Rhs, State, fly, start
from noroshi.records.pytree import record

# A stage burns in at most three legs (straight up, turning, turned) or follows a gap.
BURNS, FALLS = 10, 12
# A gauge this close to zero counts as zero: 1 cm, or 1e-5 m/s.
_TOUCH = 1e-8


@record
class Burns:
    """Powered legs [BURNS, lanes], flown in order; see dynamics.Boosting. No leg outlasts the ground."""

    lasts_s: Array
    exhaust_mps: Array
    flow_ps: Array
    mass: Array
    pitch_rad: Array
    pitch_radps: Array
    follow: Array
    area_m2pkg: Array


@record
class Falls:
    """Unpowered legs [FALLS, lanes], flown in order; see dynamics.Falling.

    A leg ends after `lasts_s`, on the ground, or where
    `by_height (h - until_m) + by_climb climb + by_speed (v - until_mps)` falls to zero, whichever is first;
    all three factors 0: no such event. One whose event has passed when it begins has no length.
    """

    lasts_s: Array
    drag_m2pkg: Array
    glide_ratio: Array
    bank_rad: Array
    damping: Array
    by_height: Array
    until_m: Array
    by_climb: Array
    by_speed: Array
    until_mps: Array


@record
class Course:
    """Flights to be flown, one per lane: where each starts, its axes, its legs, and when it is cut short."""

    time_s: Float[Array, "L"]
    position_ecef_m: Float[Array, "3 L"]
    velocity_ecef_mps: Float[Array, "3 L"]
    up: Float[Array, "3 L"]
    forward: Float[Array, "3 L"]
    until_s: Float[Array, "L"]
    burns: Burns
    falls: Falls
    earth: Earth


class Flown(NamedTuple):
    """Where each leg ended, kernel units: time [legs, L], state [legs, 6, L], on the ground [legs, L], and
    whether the lane is sound [L].
    """

    time: Array
    state: Array
    landed: Array
    sound: Array


def _again(lanes: Lanes, landed: Array) -> Lanes:
    """An event passed: fly on, unless it was the ground."""
    on = (lanes.status == ARRIVED) & ~landed
    return lanes._replace(status=jnp.where(on, FLYING, lanes.status).astype(jnp.int32))


def _on_ground(lanes: Lanes, earth: Earth) -> Array:
    return (lanes.status == ARRIVED) & (dynamics.height(lanes.y, earth) < 3 * _TOUCH)


def _leg(rhs: Rhs, gauge: Gauge, lanes: Lanes, t_end: Array, body: Any, tolerance: Array) -> Lanes:
    # The step goes on as it was: no leg changes what is being flown.
    again = start(rhs, lanes.t, lanes.y, body)
    lanes = again._replace(dt=jnp.maximum(lanes.dt, 1e-4), status=lanes.status)
    return fly(rhs, lanes, t_end, body, gauge, tolerance)


@stored
def ends(course: Course, tolerance: Array) -> Flown:
    """Fly every lane and tell where each leg ended."""
    earth = course.earth
    until = course.until_s / KILO

    def ground(y: State) -> Array:
        return dynamics.height(y, earth)

    def burn(lanes: Lanes, leg: Burns) -> tuple[Lanes, tuple[Array, ...]]:
        stage = Boosting(
            start=lanes.t,
            exhaust_mps=leg.exhaust_mps,
            flow_ps=leg.flow_ps,
            mass=leg.mass,
            pitch_rad=leg.pitch_rad,
            pitch_radps=leg.pitch_radps,
            follow=leg.follow,
            area_m2pkg=leg.area_m2pkg,
            up=tuple(course.up),  # type: ignore[arg-type]
            forward=tuple(course.forward),  # type: ignore[arg-type]
            earth=earth,
        )
        t_end = jnp.minimum(lanes.t + leg.lasts_s / KILO, until)
        lanes = _leg(dynamics.boost, ground, lanes, t_end, stage, tolerance)
        return lanes, (lanes.t, jnp.stack(lanes.y), lanes.status == ARRIVED)

    def fall(lanes: Lanes, leg: Falls) -> tuple[Lanes, tuple[Array, ...]]:
        body = Falling(leg.drag_m2pkg, leg.glide_ratio, leg.bank_rad, leg.damping, earth)
        event = (leg.by_height != 0) | (leg.by_climb != 0) | (leg.by_speed != 0)

        def awaited(y: State) -> Array:
            by_height = leg.by_height * (dynamics.height(y, earth) - leg.until_m / MEGA)
            by_speed = leg.by_speed * (dynamics.speed(y) - leg.until_mps / KILO)
            return jnp.where(event, by_height + leg.by_climb * dynamics.climb(y) + by_speed, jnp.inf)

        def gauge(y: State) -> Array:
            return jnp.minimum(dynamics.height(y, earth), awaited(y))

        lanes = _again(lanes, _on_ground(lanes, earth))
        passed = awaited(lanes.y) < -_TOUCH
        t_end = jnp.where(passed, lanes.t, jnp.minimum(lanes.t + leg.lasts_s / KILO, until))
        lanes = _leg(dynamics.glide, gauge, lanes, t_end, body, tolerance)
        return lanes, (lanes.t, jnp.stack(lanes.y), _on_ground(lanes, earth))

    y = (*(course.position_ecef_m / MEGA), *(course.velocity_ecef_mps / KILO))
    still = jnp.zeros_like(course.time_s)
    kind = jnp.zeros_like(still, dtype=jnp.int32)
    lanes = Lanes(course.time_s / KILO, still + 0.001, y, y, still + 1, kind, still)
    lanes, burnt = lax.scan(burn, lanes, course.burns)
    lanes, fallen = lax.scan(fall, lanes, course.falls)

    sound = (lanes.status == FLYING) | (lanes.status == ARRIVED)
    time, state, landed = (jnp.concatenate(parts) for parts in zip(burnt, fallen, strict=True))
    return Flown(time, state, landed, sound)
