"""How a tracker believes things move: burning, ballistic, gliding or level; one family of states.

Gravity with J2 in the turning frame and drag by the state's own ballistic coefficient act in all four. They
differ in the force beside (`records.tracks`): a thrust that grows as fuel burns; nothing; lift that wanders
about what holds the height; lift and thrust that wander about what holds height and speed. What wanders is a
first-order Gauss-Markov process (Singer, IEEE TAES 6, 1970). Within one step of the integrator the force is a
known function of time, so that one flow serves all models.

Lanes last: after the axes that are named here any array may have more, one element per track, and what is
the same for all may have 1 there. Without them it is one track. Vectors are taken apart into numbers, which
for many tracks are long vectors.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Float

from noroshi.earth import atmosphere
from noroshi.earth.arrays import Array
from noroshi.earth.constants import (
    ECCENTRICITY2,
    GM_M3PS2,
    J2,
    ROTATION_RADPS,
    SEMI_MAJOR_M,
    SEMI_MINOR_M,
)
from noroshi.records.tracks import BALLISTIC, BURNING, DRAG, GLIDING, LEVEL, MODELS, STATE, Belief

# Longest step of the integrator, s, the share of the speed that the air may take in one, and the height, m,
# that it may span in air: what is longer is cut into even parts, but not into more than so many.
_STEP_S, _STEP_SHARE, _STEP_M, _STEPS = 20.0, 0.25, 7e3, 64.0
# Spectral density of the thrust's jerk, m2/s5: a turn of half a degree per second at 50 m/s2, and staging;
# assumption, 0.1 to 1.
_JERK = 0.3
# Unmodelled acceleration, m2/s3: gravity beyond J2 and thin air; assumption, 1e-6 to 1e-4.
_COAST = 1e-5
# Random walk of the logarithm of the ballistic coefficient: per second, and per e-fold of speed that the air
# takes. The generic slender body of flight.dynamics.drag_coefficient changes by 2.7 (1.0 in the logarithm)
# between Mach 5 and 1.2 (1.4 e-folds): 0.7 per root e-fold, near all of it past Mach 3. Assumption, 1e-7 to
# 1e-5 and 0.1 to 1.
_BETA_PER_S, _BETA_PER_FOLD = 1e-6, 0.25
# Lift of gliders: time for which a bank or pull-up lasts, s (assumption, 10 to 60), and what it is at most,
# one sigma, m/s2 (assumption, 10 to 40: 1 to 4 g).
_GLIDE_TIME_S, _GLIDE_SIGMA_MPS2 = 20.0, 20.0
# Turns and climbs of aircraft and cruise missiles: s and m/s2 (Singer 1970 takes 20 s for an evasive turn;
# 4 m/s2 is 22 deg of bank). Assumption, 5 to 60 and 1 to 20.
_LEVEL_TIME_S, _LEVEL_SIGMA_MPS2 = 15.0, 4.0
_TIME_S = {GLIDING: _GLIDE_TIME_S, LEVEL: _LEVEL_TIME_S}
# A body without force has this, one sigma, m/s2: its covariance stays regular.
_NO_FORCE_MPS2 = 1e-3
# No tank is a better bargain than a twelfth of the mass left (as flight.dynamics.thrust).
_LEAST_MASS = 1 / 12
# Nothing that is tracked burns on to more than this; no engine holds level flight against more drag, m/s2.
# Assumptions, 150 to 1,000 and 20 to 100: they keep what is far off finite.
_MOST_THRUST_MPS2, _MOST_ENGINE_MPS2 = 400.0, 50.0
# Within one step the air takes no more than this share of the speed: keeps long steps in dense air finite.
_STIFF = 1.5
# Gravity grows no more below this radius, m: deep under the ground nothing flies, but a forecast may stray.
_DEEP_M = 6.2e6
_LOG_BETA = (0.0, float(np.log(1e7)))
_COUNT = len(MODELS)

Three = tuple[Array, Array, Array]


def stack(parts: list[Array] | tuple[Array, ...], axis: int = 0) -> Array:
    """As jnp.stack, of parts that may differ in their lanes."""
    return jnp.stack(jnp.broadcast_arrays(*parts), axis=axis)


def apart(values: Any, time_s: Array) -> Any:
    """`values`, computed here once and for all.

    On a CPU XLA takes optimization barriers out before it fuses, and then computes cheap things anew wherever
    they are read: for a matrix product, a hundred times. It does not fuse into a loop, not even into this
    one, which never runs: no time is that late.
    """

    def never(carry: tuple[Array, Any]) -> tuple[Array, Any]:
        return jnp.zeros((), bool), jax.tree.map(lambda leaf: leaf * jnp.nan, carry[1])

    return lax.while_loop(lambda carry: carry[0], never, (jnp.any(time_s > 1e300), values))[1]


def dot(a: Three, b: Three) -> Array:
    """Scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def size(a: Three) -> Array:
    """Length. The square root of zero has no slope: the offset is a millimetre (per second, squared)."""
    return jnp.sqrt(dot(a, a) + 1e-6)


def _place(state: Array) -> Three:
    return state[0], state[1], state[2]


def _speed(state: Array) -> Three:
    return state[3], state[4], state[5]


def _force(state: Array) -> Three:
    return state[6], state[7], state[8]


@jax.custom_jvp
def _log_density(height_m: Array) -> Array:
    return atmosphere.log_density(height_m)


@_log_density.defjvp
def _log_density_slope(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    """One slope by height, however many directions ask for it."""
    value, slope = jax.jvp(atmosphere.log_density, primals, (jnp.ones_like(primals[0]),))
    return value, slope * tangents[0]


def _pull(x: Array, y: Array, z: Array) -> tuple[Array, ...]:
    """What place decides: gravity and centrifugal acceleration, m/s2, and the logarithm of the density.

    As earth.gravity, earth.frames.height and earth.atmosphere have it, by components.
    """
    radius2 = x * x + y * y + z * z
    radius = jnp.sqrt(radius2)
    inverse = 1 / jnp.maximum(radius2, _DEEP_M**2)
    sin2 = z * z * inverse
    central = -GM_M3PS2 * inverse * jnp.sqrt(inverse)
    oblate = 1.5 * J2 * SEMI_MAJOR_M**2 * inverse
    equatorial = central * (1 - oblate * (5 * sin2 - 1)) + ROTATION_RADPS**2
    polar = central * (1 - oblate * (5 * sin2 - 3))
    height = radius - SEMI_MINOR_M / jnp.sqrt(1 - ECCENTRICITY2 * (1 - sin2))
    return equatorial * x, equatorial * y, polar * z, _log_density(height)


def height(state: Float[Array, "10"]) -> Array:
    """Height above the ellipsoid, m (earth.frames.height)."""
    x, y, z = _place(state)
    radius2 = x * x + y * y + z * z
    return jnp.sqrt(radius2) - SEMI_MINOR_M / jnp.sqrt(1 - ECCENTRICITY2 * (1 - z * z / radius2))


def _rate_of(log_density: Array, fast: Array, log_beta: Array) -> Array:
    return 0.5 * jnp.exp(log_density - jnp.clip(log_beta, *_LOG_BETA)) * fast


def air_rate(state: Float[Array, "10"]) -> Array:
    """Share of its speed that the air takes, 1/s."""
    return _rate_of(_log_density(height(state)), size(_speed(state)), state[DRAG])


def drag(state: Float[Array, "10"]) -> Float[Array, "3"]:
    """Deceleration by the air, m/s2."""
    return -air_rate(state) * state[3:6]


def lift_most(state: Float[Array, "10"], glide_ratio: Array) -> Array:
    """What the air can lift, m/s2: drag times the glide ratio."""
    return glide_ratio * air_rate(state) * size(_speed(state))


def glide(state: Float[Array, "10"], glide_ratio: Array) -> Float[Array, "3"]:
    """Force of an equilibrium glide, m/s2: lift across the velocity, upwards, that holds the height against
    gravity less the path's curve, as far as the air can give it.
    """
    place, speed = _place(state), _speed(state)
    gx, gy, gz, log_density = _pull(*place)
    turn = 2 * ROTATION_RADPS
    gravity = gx + turn * speed[1], gy - turn * speed[0], gz
    radius = jnp.sqrt(dot(place, place))
    fast = size(speed)
    climb = dot(place, speed) / radius
    held = -dot(gravity, place) / radius - (dot(speed, speed) - climb**2) / radius
    # Never downwards, and the lesser of what is wanted and what there is, both smoothly.
    wanted = 0.5 * (held + jnp.sqrt(held**2 + 1.0))
    most = glide_ratio * _rate_of(log_density, fast, state[DRAG]) * fast
    lift = wanted * most / jnp.sqrt(wanted**2 + most**2 + 1e-6)
    steep = climb / fast**2
    return stack([lift * (p / radius - steep * v) for p, v in zip(place, speed, strict=True)])


def hold(state: Float[Array, "10"]) -> Float[Array, "3"]:
    """Force that holds height and speed, m/s2: against gravity and drag, along the Earth's curve."""
    place, speed = _place(state), _speed(state)
    gx, gy, gz, log_density = _pull(*place)
    turn = 2 * ROTATION_RADPS
    gravity = gx + turn * speed[1], gy - turn * speed[0], gz
    radius2 = jnp.maximum(dot(place, place), _DEEP_M**2)
    curve = (dot(speed, speed) - dot(place, speed) ** 2 / radius2) / radius2
    fast = size(speed)
    rate = _rate_of(log_density, fast, state[DRAG])
    rate = rate / jnp.sqrt(jnp.sqrt(1 + (rate * fast / _MOST_ENGINE_MPS2) ** 4))
    terms = zip(gravity, place, speed, strict=True)
    return stack([-g - curve * p + rate * v for g, p, v in terms])


def rest(model: int, state: Float[Array, "10"], glide_ratio: Array) -> tuple[Float[Array, "3"], Array]:
    """The force that a model tends to and its steady sigma, m/s2: what it begins with when it sets in."""
    if model == LEVEL:
        return hold(state), _LEVEL_SIGMA_MPS2 + 0 * state[0]
    if model == GLIDING:
        return glide(state, glide_ratio), _glide_sigma(lift_most(state, glide_ratio))
    return 0 * state[6:9], _NO_FORCE_MPS2 + 0 * state[0]


def _glide_sigma(most_mps2: Array) -> Array:
    """Where the air gives no lift there is no manoeuvre."""
    return _GLIDE_SIGMA_MPS2 * most_mps2 / (most_mps2 + _GLIDE_SIGMA_MPS2) + 0.05


# --- force over one step ------------------------------------------------------------------------------------

# Start, middle and end of a step.
_WHEN = (0.0, 0.5, 1.0)
Force = list[tuple[Array, Array]]


def _thrust(state: Float[Array, "10"], h: Array, exhaust_mps: Array) -> Force:
    """Constant thrust on a mass that shrinks, a / (1 - a t / c), with its slope [3, 10], at `_WHEN`."""
    force = state[6:9]
    strong = size(_force(state))
    values = []
    for when in _WHEN:
        burnt = when * h / exhaust_mps
        left = 1 - strong * burnt
        least = jnp.clip(strong / _MOST_THRUST_MPS2, _LEAST_MASS, 1.0)
        growing = left > least
        left = jnp.maximum(left, least)
        share = jnp.where(growing, burnt / (left**2 * strong), 0.0)
        rows = []
        for i in range(3):
            row = [(i == j) / left + share * force[i] * force[j] for j in range(3)]
            none = 0 * row[0]
            rows.append(stack([none] * 6 + row + [none]))
        values.append((force / left, stack(rows)))
    return values


def _wandering(model: int, state: Float[Array, "10"], h: Array, belief: Belief) -> Force:
    """A force that goes back to its equilibrium at the step's start, with its slope [3, 10], at `_WHEN`."""

    def balance(x: Array) -> Array:
        return glide(x, belief.glide_ratio_high) if model == GLIDING else hold(x)

    still, back = jax.vjp(
        balance, jnp.broadcast_to(state, (STATE, *jnp.broadcast_shapes(*_shapes(state, h, belief))))
    )
    by_state = stack([back(jnp.zeros_like(still).at[i].set(1.0))[0] for i in range(3)])
    held = np.eye(3, STATE, 6).reshape(3, STATE, *[1] * (by_state.ndim - 2))
    values = []
    for when in _WHEN:
        kept = jnp.exp(-when * h / _TIME_S[model])
        values.append((still + kept * (state[6:9] - still), (1 - kept) * by_state + kept * held))
    return values


def _shapes(state: Array, h: Array, belief: Belief) -> list[tuple[int, ...]]:
    """Shapes of the lanes alone."""
    return [state.shape[1:], jnp.shape(h), jnp.shape(belief.glide_ratio_high)]


def _forces(
    states: Float[Array, "10 4"], h: Float[Array, "4"], belief: Belief
) -> tuple[list[Array], list[Array]]:
    """Force [3, 4] of each model at the start, middle and end of a step, and slopes [3, 10, 4]."""
    parts: dict[int, Force] = {
        BURNING: _thrust(states[:, BURNING], h[BURNING], belief.exhaust_mps),
        BALLISTIC: [(0 * states[6:9, 0], 0 * states[None, :, 0] + jnp.zeros((3, *[1] * (states.ndim - 1))))]
        * 3,
        GLIDING: _wandering(GLIDING, states[:, GLIDING], h[GLIDING], belief),
        LEVEL: _wandering(LEVEL, states[:, LEVEL], h[LEVEL], belief),
    }
    each = [parts[model] for model in range(_COUNT)]
    values = [stack([part[k][0] for part in each], axis=1) for k in range(3)]
    slopes = [stack([part[k][1] for part in each], axis=2) for k in range(3)]
    return values, slopes


# --- flow ---------------------------------------------------------------------------------------------------


def _acceleration(
    place: Three, speed: Three, log_beta: Array, stiff_ps: Array
) -> tuple[Three, list[list[Array]]]:
    """Acceleration without the force, m/s2, and its slope [3][7] by place, speed and log beta."""
    (gx, gy, gz, log_density), push = jax.linearize(_pull, *place)
    one, none = jnp.ones_like(place[0]), jnp.zeros_like(place[0])
    columns = [push(*(one if i == j else none for j in range(3))) for i in range(3)]
    fast = size(speed)
    rate = _rate_of(log_density, fast, log_beta)
    # The air takes at most `stiff_ps` of the speed a second.
    near = 1 + (rate / stiff_ps) ** 4
    slowed = rate / jnp.sqrt(jnp.sqrt(near))
    by_rate = slowed / near
    inside = (log_beta > _LOG_BETA[0]) & (log_beta < _LOG_BETA[1])
    turn = 2 * ROTATION_RADPS
    value = (
        gx + turn * speed[1] - slowed * speed[0],
        gy - turn * speed[0] - slowed * speed[1],
        gz - slowed * speed[2],
    )
    rows = []
    for i in range(3):
        row = [column[i] - by_rate * column[3] * speed[i] for column in columns]
        row += [-by_rate / fast**2 * speed[i] * speed[j] for j in range(3)]
        row[3 + i] = row[3 + i] - slowed
        row.append(jnp.where(inside, by_rate * speed[i], 0.0))
        rows.append(row)
    rows[0][4] = rows[0][4] + turn
    rows[1][3] = rows[1][3] - turn
    return value, rows


Stage = tuple[list[Array], list[Array], list[Array], list[Array]]


def _step(
    states: Float[Array, "10 4"], h: Float[Array, "4"], stiff_ps: Float[Array, "4"], belief: Belief
) -> tuple[Array, Array]:
    """One Runge-Kutta step of fourth order of all models, and the exact slope [10, 10, 4] of that step."""
    force, by_state = apart(_forces(states, h, belief), h)
    lanes = states.shape[1:]
    axes = [1] * len(lanes)

    def one(k: int) -> Array:
        return jnp.broadcast_to(np.eye(1, STATE, k).reshape(STATE, *axes), (STATE, *lanes))

    first, first_by = [states[k] for k in range(6)], [one(k) for k in range(6)]
    of_beta = one(DRAG)

    def stage(carry: Stage, told: tuple[Array, Array, Array, Array]) -> tuple[Stage, None]:
        rate, rate_by, moved, moved_by = carry
        ahead, weight, push, push_by = told
        at = [x + ahead * h * r for x, r in zip(first, rate, strict=True)]
        at_by = [x + ahead * h * r for x, r in zip(first_by, rate_by, strict=True)]
        found = _acceleration((at[0], at[1], at[2]), (at[3], at[4], at[5]), states[DRAG], stiff_ps)
        (free, slope), at_by = apart((found, at_by), h)
        rate = [*at[3:], *(free[i] + push[i] for i in range(3))]
        by = [
            sum((slope[i][k] * at_by[k] for k in range(6)), slope[i][6] * of_beta) + push_by[i]
            for i in range(3)
        ]
        rate_by = [*at_by[3:], *by]
        moved = [x + weight * h * r for x, r in zip(moved, rate, strict=True)]
        moved_by = [x + weight * h * r for x, r in zip(moved_by, rate_by, strict=True)]
        return (rate, rate_by, moved, moved_by), None

    # One stage after the other in a loop: a quarter of the code to compile.
    none = [jnp.zeros(lanes)] * 6, [jnp.zeros((STATE, *lanes))] * 6
    when = (0, 1, 1, 2)
    told = (
        np.array([0.0, 0.5, 0.5, 1.0]),
        np.array([1.0, 2.0, 2.0, 1.0]) / 6,
        jnp.stack([force[k] for k in when]),
        jnp.stack([by_state[k] for k in when]),
    )
    (_, _, moved, moved_by), _ = lax.scan(stage, (*none, first, first_by), told)
    last, last_by = force[2], by_state[2]
    whole = [*moved, *(last[i] for i in range(3)), states[DRAG]]
    whole_by = [*moved_by, *(last_by[i] for i in range(3)), of_beta]
    return stack(whole), stack(whole_by)


def times(A: Float[Array, "I K"], B: Float[Array, "K J"]) -> Float[Array, "I J"]:
    """Matrix product, lanes last."""
    return sum(A[:, k][:, None] * B[k][None] for k in range(B.shape[0]))


def _steps(states: Float[Array, "10 4"], dt_s: Array) -> Float[Array, "4"]:
    """How many steps make `dt_s`: more in air, here or a step further down."""
    ahead = states[:3] + states[3:6] * jnp.clip(dt_s, -_STEP_S, _STEP_S)
    there = jnp.concatenate([ahead, states[3:] + 0 * dt_s])
    rate = jnp.maximum(air_rate(states), air_rate(there))
    # Where drag is felt, m/s2, density must not change much within a step either.
    felt = rate * size(_speed(states))
    fall = jnp.abs(dot(_place(states), _speed(states))) / size(_place(states)) / _STEP_M
    each = 1 / _STEP_S + rate / _STEP_SHARE + fall * felt / (felt + 0.5)
    wanted = jnp.ceil(jnp.abs(dt_s) * each - 1e-9)
    return jnp.where(jnp.isfinite(wanted), jnp.clip(wanted, 1.0, _STEPS), 1.0)


def transitions(
    states: Float[Array, "10 4"], dt_s: Array, belief: Belief
) -> tuple[Float[Array, "10 4"], Float[Array, "10 10 4"]]:
    """The state under each model `dt_s` later, and its derivative by the state now.

    Fourth-order Runge-Kutta in even steps; the slope is that of the steps themselves.
    """
    count = _steps(states, dt_s)
    lanes = jnp.broadcast_shapes(count.shape, jnp.shape(belief.exhaust_mps))
    first = jnp.broadcast_to(states, (STATE, *lanes))
    still = jnp.broadcast_to(np.eye(STATE).reshape(STATE, STATE, *[1] * len(lanes)), (STATE, STATE, *lanes))

    # Backwards in time the air drives: there the limit holds for all steps together.
    stiff_ps = _STIFF / jnp.maximum(jnp.where(dt_s < 0, -dt_s, dt_s / count), 1e-3)

    def more(carry: tuple[Array, Array, Array]) -> Array:
        return jnp.any(carry[0] < count)

    def step(carry: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        done, state, slope = carry
        moved, by = _step(state, dt_s / count, stiff_ps, belief)
        by = apart(by, dt_s)
        goes = done < count
        return done + 1, jnp.where(goes, moved, state), jnp.where(goes, times(by, slope), slope)

    _, moved, by = lax.while_loop(more, step, (jnp.zeros(()), first, still))
    return moved, by


# --- noise --------------------------------------------------------------------------------------------------

# Gauss-Legendre points and weights on 0..1.
_POINTS, _WEIGHTS = (np.polynomial.legendre.leggauss(5)[k] / 2 for k in (0, 1))
_POINTS = _POINTS + 0.5

Block = list[list[Array]]


def _wander(dt_s: Array, time_s: float) -> Block:
    """Covariance [3][3] of place, speed and force that unit Gauss-Markov noise gathers in `dt_s`."""
    total = [[0 * dt_s] * 3 for _ in range(3)]
    for point, weight in zip(_POINTS, _WEIGHTS, strict=True):
        past = point * dt_s
        x = past / time_s
        small = x < 1e-3
        y = jnp.where(small, 1.0, x)
        speed = jnp.where(small, 1 - x / 2 + x * x / 6, -jnp.expm1(-y) / y) * past
        place = jnp.where(small, 0.5 - x / 6 + x * x / 24, (jnp.expm1(-y) + y) / (y * y)) * past**2
        reach = (place, speed, jnp.exp(-x))
        for i in range(3):
            for j in range(3):
                total[i][j] = total[i][j] + 2 * weight / time_s * dt_s * reach[i] * reach[j]
    return total


def process_noises(states: Float[Array, "10 4"], dt_s: Array, belief: Belief) -> Float[Array, "10 10 4"]:
    """Covariance that each model gathers in `dt_s` from where it stands."""
    t = jnp.abs(dt_s)
    none = 0 * t
    always = [[t**3 / 3, t**2 / 2, none], [t**2 / 2, t, none], [none, none, none]]
    jerk = [[t**5 / 20, t**4 / 8, t**3 / 6], [t**4 / 8, t**3 / 3, t**2 / 2], [t**3 / 6, t**2 / 2, t]]
    tiny = [[none] * 3, [none] * 3, [none, none, none + 1]]
    glide2 = _glide_sigma(lift_most(states[:, GLIDING], belief.glide_ratio_high)) ** 2
    parts = {
        BURNING: (_JERK, jerk),
        BALLISTIC: (_NO_FORCE_MPS2**2, tiny),
        GLIDING: (glide2, _wander(t, _GLIDE_TIME_S)),
        LEVEL: (_LEVEL_SIGMA_MPS2**2, _wander(t, _LEVEL_TIME_S)),
    }
    beta = (_BETA_PER_S + _BETA_PER_FOLD * air_rate(states)) * t
    spread = [
        [
            stack(
                [parts[model][0] * parts[model][1][i][j] + _COAST * always[i][j] for model in range(_COUNT)]
            )
            for j in range(3)
        ]
        for i in range(3)
    ]
    beta, spread = apart((beta, spread), dt_s)
    axes = [1] * (states.ndim - 1)
    total = beta * _LAST.reshape(STATE, STATE, *axes)
    # Same in all directions: each number of a block stands on a diagonal.
    for i in range(3):
        for j in range(3):
            total = total + spread[i][j] * _DIAGONALS[i][j].reshape(STATE, STATE, *axes)
    return total


def _diagonal(row: int, column: int) -> np.ndarray:
    small = np.zeros((3, 3))
    small[row, column] = 1.0
    whole = np.zeros((STATE, STATE))
    whole[:9, :9] = np.kron(small, np.eye(3))
    return whole


_DIAGONALS = [[_diagonal(row, column) for column in range(3)] for row in range(3)]
_LAST = np.diag(np.eye(STATE)[DRAG])


# --- one model ----------------------------------------------------------------------------------------------


def transition(
    model: int, state: Float[Array, "10"], dt_s: Array, belief: Belief
) -> tuple[Float[Array, "10"], Float[Array, "10 10"]]:
    """`transitions` of one model."""
    moved, by = transitions(jnp.stack([state] * _COUNT, axis=1), dt_s, belief)
    return moved[:, model], by[:, :, model]


def move(model: int, state: Float[Array, "10"], dt_s: Array, belief: Belief) -> Float[Array, "10"]:
    """The state `dt_s` later."""
    return transition(model, state, dt_s, belief)[0]
