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
import numpy as np
from jax import lax

from noroshi.earth.arrays import Array

State = tuple[Array, ...]
Rhs = Callable[[Array, State, Any], State]
Gauge = Callable[[State], Array]

FLYING, ARRIVED, TIRED, LOST = 0, 1, 2, 3
STATUS = {FLYING: "flying", ARRIVED: "arrived", TIRED: "step limit reached", LOST: "not finite"}

_NODES = np.array([0.161, 0.327, 0.9, 0.9800255409045097, 1.0, 1.0])
# Row i: how much of each slope so far goes into the state at node i; the last row is the new state.
_WEIGHTS = np.array(
    [
        [0.161, 0, 0, 0, 0, 0],
        [-0.008480655492356989, 0.335480655492357, 0, 0, 0, 0],
        [2.8971530571054935, -6.359448489975075, 4.3622954328695815, 0, 0, 0],
        [5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525, 0, 0],
        [
            5.86145544294642,
            -12.92096931784711,
            8.159367898576159,
            -0.071584973281401,
            -0.028269050394068383,
            0,
        ],
        [
            0.09646076681806523,
            0.01,
            0.4798896504144996,
            1.379008574103742,
            -3.290069515436081,
            2.324710524099774,
        ],
    ]
)
_ERROR = np.array(
    [
        -0.00178001105222577714,
        -0.0008164344596567469,
        0.007880878010261995,
        -0.1447110071732629,
        0.5823571654525552,
        -0.45808210592918697,
        0.015151515151515152,
    ]
)


class Lanes(NamedTuple):
    """Where every lane stands: time, next step, state, its derivative there, gauge, status, and how easy the
    last step was: the logarithm of the factor it could have grown by, below 0 after a refusal.
    """

    t: Array
    dt: Array
    y: State
    dydt: State
    gauge: Array
    status: Array
    ease: Array


def _sum(weights: Array, slopes: Array) -> Array:
    """Weighted sum of slopes [s, n, lanes]."""
    total = weights[0] * slopes[0]
    for row in range(1, len(weights)):
        total = total + weights[row] * slopes[row]
    return total


def _step(rhs: Rhs, lanes: Lanes, dt: Array, params: Any) -> tuple[State, State, Array]:
    """One trial step: new state, derivative there, square of the error estimate (no axis is special).

    A loop over the stages and not six copies of `rhs`: the code is a quarter as large, compiles in a third of
    the time, loads in a sixth, and runs no slower, for it stays in the processor's caches.
    """
    y0 = jnp.stack(lanes.y)
    slopes = jnp.zeros((7, *y0.shape)).at[0].set(jnp.stack(lanes.dydt))
    nodes, weights = jnp.asarray(_NODES), jnp.asarray(_WEIGHTS)

    def stage(row: Array, now: tuple[Array, Array]) -> tuple[Array, Array]:
        slopes, _ = now
        y = y0 + dt * _sum(weights[row], slopes[:6])
        slope = rhs(lanes.t + nodes[row] * dt, tuple(y), params)
        return slopes.at[row + 1].set(jnp.stack(slope)), y

    slopes, y = lax.fori_loop(0, 6, stage, (slopes, y0))
    error = dt * _sum(jnp.asarray(_ERROR), slopes)
    return tuple(y), tuple(slopes[6]), jnp.sum(error * error, axis=0)


def _unbounded(y: State) -> Array:
    return jnp.ones_like(y[0])


def start(rhs: Rhs, t: Array, y: State, params: Any, dt: float = 0.005) -> Lanes:
    """Lanes that stand at time `t`, ks, in state `y`."""
    still = jnp.zeros_like(t)
    return Lanes(t, still + dt, y, rhs(t, y, params), still + 1, still.astype(jnp.int32), still)


def _advance(
    rhs: Rhs, now: Lanes, t_end: Array, params: Any, gauge: Gauge, tolerance: float, longest: Array
) -> Lanes:
    """One step of every lane that still flies, accepted or not."""
    # A gauge this close to zero counts as zero: 1 cm for a height.
    touch = 1e-8
    left = t_end - now.t
    dt = jnp.minimum(jnp.minimum(now.dt, left), longest)
    y, dydt, error2 = _step(rhs, now, dt, params)
    gauge_new = gauge(y)
    # XLA repeats a sum of products in each place that reads it, here sixteen, but never a logarithm.
    ease = -0.1 * jnp.log(jnp.maximum(error2, 1e-28) / (tolerance * tolerance))
    finite = jnp.isfinite(ease) & jnp.isfinite(gauge_new)
    running = (now.status == FLYING) & (left > 0)
    small = ease >= 0
    below = small & (gauge_new < -touch)
    accept = running & finite & small & ~below
    # A step harder than the last is followed by a harder one still (PI control); after a refusal, no growth.
    growth = 0.9 * jnp.exp(jnp.where(small, 0.8 * ease - 0.4 * jnp.maximum(now.ease, 0.0), ease))
    growth = jnp.clip(growth, 0.2, jnp.where(now.ease < 0, 1.0, 5.0))
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
        ease=jnp.where(running & ~small, -1.0, keep(ease, now.ease)),
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
    tolerance: Array = 1e-6,
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
