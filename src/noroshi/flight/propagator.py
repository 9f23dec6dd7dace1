"""Lockstep Tsitouras 5(4): many flights at once, each with its own step, event and status.

State and parameters are lane-last: tuples of equally shaped arrays, one element per flight. Inside the
kernels lengths are megametres, times kiloseconds and speeds km/s, so that accelerations stay in m/s2, all
components are of order one and one absolute tolerance serves all of them.

Tableau: Ch. Tsitouras, Computers & Mathematics with Applications 62 (2011) 770-775.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from noroshi.earth.arrays import Array

State = tuple[Array, ...]
Rhs = Callable[[Array, State, Any], State]
Gauge = Callable[[State], Array]

FLYING, ARRIVED, TIRED, LOST = 0, 1, 2, 3
STATUS = {FLYING: "flying", ARRIVED: "arrived", TIRED: "step limit reached", LOST: "not finite"}

_NODES = (0.161, 0.327, 0.9, 0.9800255409045097, 1.0, 1.0)
_STAGES = (
    (0.161,),
    (-0.008480655492356989, 0.335480655492357),
    (2.8971530571054935, -6.359448489975075, 4.3622954328695815),
    (5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525),
    (5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401, -0.028269050394068383),
    (
        0.09646076681806523,
        0.01,
        0.4798896504144996,
        1.379008574103742,
        -3.290069515436081,
        2.324710524099774,
    ),
)
_ERROR = (
    -0.00178001105222577714,
    -0.0008164344596567469,
    0.007880878010261995,
    -0.1447110071732629,
    0.5823571654525552,
    -0.45808210592918697,
    0.015151515151515152,
)


class Lanes(NamedTuple):
    """Where every lane stands: time, next step, state, its derivative there, gauge, status."""

    t: Array
    dt: Array
    y: State
    dydt: State
    gauge: Array
    status: Array


def _combine(y: State, dt: Array, weights: tuple[float, ...], slopes: list[State]) -> State:
    total = []
    for component in range(len(y)):
        change = weights[0] * slopes[0][component]
        for weight, slope in zip(weights[1:], slopes[1:], strict=True):
            change = change + weight * slope[component]
        total.append(y[component] + dt * change)
    return tuple(total)


def _step(rhs: Rhs, lanes: Lanes, dt: Array, params: Any) -> tuple[State, State, Array]:
    """One trial step: new state, derivative there, error estimate (largest component)."""
    slopes = [lanes.dydt]
    y = lanes.y
    for node, weights in zip(_NODES, _STAGES, strict=True):
        y = _combine(lanes.y, dt, weights, slopes)
        slopes.append(rhs(lanes.t + node * dt, y, params))
    zero = tuple(jnp.zeros_like(component) for component in y)
    errors = _combine(zero, dt, _ERROR, slopes)
    error = jnp.abs(errors[0])
    for component in errors[1:]:
        error = jnp.maximum(error, jnp.abs(component))
    return y, slopes[6], error


def _unbounded(y: State) -> Array:
    return jnp.ones_like(y[0])


def start(rhs: Rhs, t: Array, y: State, params: Any, dt: float = 0.005) -> Lanes:
    """Lanes that stand at time `t`, ks, in state `y`."""
    return Lanes(
        t, jnp.full_like(t, dt), y, rhs(t, y, params), jnp.ones_like(t), jnp.zeros_like(t, dtype=jnp.int32)
    )


def _advance(
    rhs: Rhs, now: Lanes, t_end: Array, params: Any, gauge: Gauge, tolerance: float, longest: Array
) -> Lanes:
    """One step of every lane that still flies, accepted or not."""
    # A gauge this close to zero counts as zero: 1 cm for a height.
    touch = 1e-8
    left = t_end - now.t
    dt = jnp.minimum(jnp.minimum(now.dt, left), longest)
    y, dydt, error = _step(rhs, now, dt, params)
    gauge_new = gauge(y)
    finite = jnp.isfinite(error) & jnp.isfinite(gauge_new)
    running = (now.status == FLYING) & (left > 0)
    small = error <= tolerance
    below = small & (gauge_new < -touch)
    accept = running & finite & small & ~below
    growth = jnp.clip(0.9 * (jnp.maximum(error, 1e-14) / tolerance) ** -0.2, 0.2, 5.0)
    # The event: shrink the step by the secant until it ends on the gauge's zero.
    wanted = jnp.where(below, dt * now.gauge / (now.gauge - gauge_new), dt * growth)
    # A step cut short by the leg's end says nothing against the longer one.
    wanted = jnp.where(accept & (dt < now.dt), jnp.maximum(wanted, now.dt), wanted)
    status = jnp.where(accept & (gauge_new < touch), ARRIVED, now.status)
    status = jnp.where(running & ~finite, LOST, status)

    def keep(new: Array, old: Array) -> Array:
        return jnp.where(accept, new, old)

    return Lanes(
        t=keep(jnp.where(dt == left, t_end, now.t + dt), now.t),
        dt=jnp.where(running & finite, wanted, now.dt),
        y=tuple(keep(new, old) for new, old in zip(y, now.y, strict=True)),
        dydt=tuple(keep(new, old) for new, old in zip(dydt, now.dydt, strict=True)),
        gauge=keep(gauge_new, now.gauge),
        status=status.astype(jnp.int32),
    )


def _under_way(now: Lanes, t_end: Array) -> Array:
    return (now.status == FLYING) & (now.t < t_end)


def _gauged(lanes: Lanes, gauge: Gauge) -> Lanes:
    return lanes._replace(gauge=jnp.where(lanes.status == FLYING, gauge(lanes.y), lanes.gauge))


def _tired(lanes: Lanes, t_end: Array) -> Lanes:
    return lanes._replace(status=jnp.where(_under_way(lanes, t_end), TIRED, lanes.status).astype(jnp.int32))


def fly(
    rhs: Rhs,
    lanes: Lanes,
    t_end: Array,
    params: Any,
    gauge: Gauge = _unbounded,
    tolerance: float = 1e-6,
    max_steps: int = 1000,
) -> Lanes:
    """Fly each lane to its `t_end`, ks, or to where `gauge` falls to zero, whichever comes first.

    A lane whose gauge reached zero is ARRIVED and stands still from then on; a lane that turns NaN is LOST
    and stops at once (one such lane would else keep the whole batch stepping). No jump in `rhs` may lie
    inside a leg: end the leg there and call again. `tolerance` bounds the error of one step: 1e-6 is 1 m.
    """

    def body(carry: tuple[Array, Lanes]) -> tuple[Array, Lanes]:
        count, now = carry
        return count + 1, _advance(rhs, now, t_end, params, gauge, tolerance, jnp.inf)

    def unfinished(carry: tuple[Array, Lanes]) -> Array:
        count, now = carry
        return (count < max_steps) & jnp.any(_under_way(now, t_end))

    _, lanes = lax.while_loop(unfinished, body, (jnp.zeros((), jnp.int32), _gauged(lanes, gauge)))
    return _tired(lanes, t_end)


def fly_logged(
    rhs: Rhs,
    lanes: Lanes,
    t_end: Array,
    params: Any,
    gauge: Gauge,
    tolerance: float,
    rows: int,
    longest: Array = jnp.inf,
) -> tuple[Lanes, tuple[Array, State]]:
    """`fly` that also keeps where each lane stood after each of at most `rows` steps: times and states
    [rows, lanes]. Each lane steps at its own pace, but never longer than `longest`, ks; rows after its last
    step repeat it.
    """
    lanes = _gauged(lanes, gauge)

    def blank(value: Array) -> Array:
        return jnp.zeros((rows, *value.shape))

    log = (blank(lanes.t), tuple(blank(component) for component in lanes.y))

    def body(carry: tuple[Array, Lanes, Any]) -> tuple[Array, Lanes, Any]:
        count, now, log = carry
        now = _advance(rhs, now, t_end, params, gauge, tolerance, longest)
        return (
            count + 1,
            now,
            jax.tree.map(lambda column, value: column.at[count].set(value), log, (now.t, now.y)),
        )

    def unfinished(carry: tuple[Array, Lanes, Any]) -> Array:
        count, now, _ = carry
        return (count < rows) & jnp.any(_under_way(now, t_end))

    count, lanes, log = lax.while_loop(unfinished, body, (jnp.zeros((), jnp.int32), lanes, log))
    after = jnp.arange(rows)[:, None] >= count
    log = jax.tree.map(lambda column, last: jnp.where(after, last, column), log, (lanes.t, lanes.y))
    return _tired(lanes, t_end), log
