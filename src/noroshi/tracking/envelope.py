"""What an object may still do: burn on, stage again, turn, fail, glide under unknown banks, fly on level.

Each function turns even draws in 0..1 or normal ones into numbers of flights, one per lane. Nothing here
steers anything: the draws are fixed and spread evenly over what the belief leaves open.
"""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Float, Int

from noroshi.earth import atmosphere, frames, geometry
from noroshi.earth.arrays import Array
from noroshi.earth.constants import GM_M3PS2, MEAN_RADIUS_M, ROTATION_RADPS
from noroshi.earth.model import WGS84
from noroshi.flight import dynamics
from noroshi.flight.dynamics import KILO, Coasting, Falling
from noroshi.flight.propagator import State
from noroshi.records.pytree import record
from noroshi.records.tracks import Belief

# Acceleration at the end of a stage, m/s2, and one sigma of its logarithm. Assumption, 25 to 250: what the
# rocket equation gives for burns of 35 to 150 s that add 1.6 to 4.6 km/s.
_BURNT_OUT_MPS2, _BURNT_OUT_LOG = 80.0, 0.6
# Acceleration at ignition of a further stage, likewise. Assumption, 10 to 30.
_IGNITED_MPS2, _IGNITED_LOG = 18.0, 0.3
# A believed burn is left by this share of its end, one sigma, and in one case of thirty by much more:
# assumptions, 0.1 to 0.25 and 0.01 to 0.1.
_SHOULDER, _FAR = 0.15, 0.03
# Odds that a stage is followed by another while the believed burn leaves room for one: none for burns of a
# minute or two, of which public missiles of one stage are, more for longer ones. Assumption, 0.3 to 1 at
# most.
_STAGED_FROM_S, _STAGED_OVER_S, _STAGED = 90.0, 300.0, (0.03, 0.6)
# Seconds between stages; assumption, 1 to 10.
_GAP_S = 3.0
# Nodes of the distribution of a stage's end, over the growth of its acceleration: up to sixteenfold.
_NODES, _GROWTH = 48, 2.77
# Share of lanes whose thrust follows the velocity; the others hold a direction, give or take a slow turn: up
# or down and sideways, one sigma as a share of g over the speed, which is the rate at which gravity turns a
# path, and at most so far, rad. Assumptions, 0.3 to 0.7; 0.3 to 1 and 0.1 to 0.3; 0.1 to 0.4.
_FOLLOWS, _TURNS, _TURN_MOST_RAD = 0.5, (0.5, 0.15), 0.2
_G_MPS2 = 9.81
# Until so long after launch, s, a missile may still be on its first turn, away from the vertical, to a pitch
# in this range, rad: the pitch programmes of data/threats end 8 to 90 s after launch.
_TURNED_BY_S, _PITCH_RAD = 80.0, (0.3, 1.35)
# Ballistic coefficients of what is left of a failure, kg/m2: the fragments of flight.objects without the
# lightest, which come down where those of 200 do, but take many more steps to.
_PIECES_KGPM2 = (200.0, 3000.0)
# Bank of a glider: a lasting one and one that swings, one sigma each, never beyond the most, rad; the period
# of the swing, s. Assumptions: 0.2 to 0.8 rad, 1 to 1.4 rad, 60 to 1,000 s.
_LASTING_RAD, _SWINGING_RAD, _MOST_RAD = 0.45, 0.5, 1.2
_PERIOD_S = (120.0, 700.0)
# Speed below which a glider comes down, m/s, and how it follows equilibrium: the ranges of data/threats.
_DIVE_MPS, _MOST_DAMPING = (500.0, 2000.0), 15.0
# Share of what burns that will fly on by its lift: much of what climbs less than the angle, rad, little of
# what climbs more, with the width of the change. Assumptions, 0.3 to 0.9, 0 to 0.02, 15 to 30 deg, 2 to 6
# deg.
_GLIDERS, _LEAST_GLIDERS, _FLAT_RAD, _FLAT_WIDTH_RAD = 0.8, 0.005, 0.45, 0.05
# Of what coasts: from below this apogee gliders come in, and below the other most pull up at any angle, m.
# Gliders of the public record rise to 110 km and less, and tests elsewhere somewhat higher: assumption, 150
# to 300. Of the ballistic missiles of known type in data/record 20 of some 25 that stay below 60 km are of
# types that pull up, 3 of 5 up to 80 km, 1 of 12 up to 110 km. Where the air is felt: height, m, and drag,
# m/s2, past which lift would have shown. Assumptions, 40 to 80 km, 5 to 20.
_HIGH_M, _LOW_M, _ENTERS_M, _FELT_MPS2 = 220e3, 75e3, 60e3, 10.0
# Over this much speed the lift goes.
_DIVING_MPS = 60.0
# A level flight turns by so much at most in any time it is forecast for, rad, one sigma, at the rate of a
# bank of 25 degrees: 1 g tan(25 deg) over the speed. Assumptions, 0.3 to 1.5 and 15 to 45 deg.
_TURNS_RAD, _TURN_MPS2 = 0.7, 4.6


@record
class Thrusting:
    """A burn as a tracker believes it, or a gap without acceleration; one element per lane.

    The thrust points along the velocity where `follow` is 1, else it turns from `along` toward `across` by
    `turn_radps` since the state, up to `most_rad`; `start` ks.
    """

    start: Array
    acceleration_mps2: Array
    exhaust_mps: Array
    along: tuple[Array, Array, Array]
    across: tuple[Array, Array, Array]
    turn_radps: Array
    most_rad: Array
    follow: Array
    ballistic_coefficient_kgpm2: Array


@record
class Wandering:
    """A body that falls, with lift under a bank that wanders where it has a glide ratio."""

    drag_m2pkg: Array
    glide_ratio: Array
    damping: Array
    dive_mps: Array
    lasting_rad: Array
    swinging_rad: Array
    rate_radps: Array
    phase_rad: Array


@record
class Course:
    """Seconds of burn, of a gap, and of one more burn, and the acceleration at that one's start."""

    burn_s: Float[Array, "L"]
    gap_s: Float[Array, "L"]
    again_s: Float[Array, "L"]
    again_mps2: Float[Array, "L"]


@record
class Steering:
    """How the thrust of each lane turns; see Thrusting."""

    along: Float[Array, "L 3"]
    across: Float[Array, "L 3"]
    turn_radps: Float[Array, "L"]
    most_rad: Float[Array, "L"]
    follow: Float[Array, "L"]


def burn(t: Array, y: State, stage: Thrusting) -> State:
    """Powered flight: acceleration a / (1 - a t / c), of which no tank gives more than twelve times a."""
    past_s = (t - stage.start) * KILO
    left = jnp.maximum(1 - stage.acceleration_mps2 * past_s / stage.exhaust_mps, 1 / 12)
    size = stage.acceleration_mps2 / left
    turned = jnp.minimum(stage.turn_radps * t * KILO, stage.most_rad)
    held = size * (1 - stage.follow)
    sin, cos = held * jnp.sin(turned), held * jnp.cos(turned)
    onward = size * stage.follow / jnp.maximum(dynamics.speed(y), 1e-6)
    slope = dynamics.coast(t, y, Coasting(stage.ballistic_coefficient_kgpm2))
    push = (
        cos * along + sin * across + onward * v
        for along, across, v in zip(stage.along, stage.across, y[3:], strict=True)
    )
    return (*slope[:3], *(a + b for a, b in zip(slope[3:], push, strict=True)))


def wander(t: Array, y: State, body: Wandering) -> State:
    """Unpowered flight; where there is lift, under a smooth bank, and gone once it is slow."""
    swing = body.swinging_rad * jnp.sin(body.rate_radps * t * KILO + body.phase_rad)
    bank = _MOST_RAD * jnp.tanh((body.lasting_rad + swing) / _MOST_RAD)
    # One until it is slow, then nought; without lift always nought.
    lifted = body.glide_ratio > 0
    on = jnp.where(
        lifted, 0.5 + 0.5 * jnp.tanh((dynamics.speed(y) * KILO - body.dive_mps) / _DIVING_MPS), 0.0
    )
    # Without its lift a body in glide trim has half the drag (parabolic polar, best glide ratio).
    drag = body.drag_m2pkg * jnp.where(lifted, 0.5 + 0.5 * on, 1.0)
    # XLA would compute them anew wherever they are read.
    drag, on, bank = lax.optimization_barrier((drag, on, bank))
    falling = Falling(drag, body.glide_ratio * on, bank, body.damping * on, WGS84)
    return dynamics.glide(t, y, falling)


def _believable(total_s: Array, belief: Belief) -> Array:
    """How well a total burn agrees with the believed range: 1 inside, falling off outside."""
    below = jnp.maximum(belief.burn_low_s - total_s, 0.0) / (_SHOULDER * belief.burn_low_s)
    above = jnp.maximum(total_s - belief.burn_high_s, 0.0) / (_SHOULDER * belief.burn_high_s)
    off = below + above
    return jnp.exp(-0.5 * off**2) + _FAR * jnp.exp(-0.3 * off)


def staged(elapsed_s: Array, belief: Belief) -> Array:
    """Odds, against its being the last, that a stage which ends `elapsed_s` after launch has a successor."""
    least, most = _STAGED
    odds = jnp.clip((belief.burn_high_s - _STAGED_FROM_S) / _STAGED_OVER_S, least, most)
    room = (belief.burn_high_s - elapsed_s) / (belief.burn_high_s - belief.burn_low_s + 1.0)
    return odds * jnp.clip(room, 0.02, 1.0)


def burns(
    elapsed_s: Array,
    acceleration_mps2: Float[Array, "L"],
    exhaust_mps: Float[Array, "L"],
    belief: Belief,
    end: Float[Array, "L"],
    total: Float[Array, "L"],
    ignition: Float[Array, "L"],
) -> Course:
    """How much longer it burns, given that it burns still after `elapsed_s`, and what comes then.

    A stage ends where its acceleration, which grows as the fuel burns, reaches that of burnout; the total
    burn is held against the belief where the stage is the last, and against the room left where not. `end`
    picks the quantile of both together, `total` that of the whole burn, `ignition` is normal.
    """
    # At midpoints, so that the shortest burn is no jump of the distribution.
    growth = (jnp.arange(_NODES) + 0.5) * (_GROWTH / _NODES)
    size = jnp.maximum(acceleration_mps2, 3.0)[:, None]
    # Between nodes the quantile is interpolated, from no burn at all on.
    more_s = exhaust_mps[:, None] / size * (1 - jnp.exp(-growth))
    off = (jnp.log(size / _BURNT_OUT_MPS2) + growth) / _BURNT_OUT_LOG
    # Its tail is not as thin as a normal's: some do burn out at twenty times the weight.
    fit = jnp.exp(-0.5 * jnp.minimum(off**2, 9.0 + jnp.abs(off)))
    last = fit * _believable(elapsed_s + more_s, belief)
    further = fit * staged(elapsed_s + more_s, belief)
    mass = jnp.concatenate([last, further], axis=1)
    mass = mass / mass.sum(axis=1, keepdims=True)
    # Last stages first, the others after: one quantile picks both.
    reached = jnp.cumsum(mass, axis=1)
    index = jnp.minimum((reached < end[:, None]).sum(axis=1), 2 * _NODES - 1)
    row = jnp.arange(len(end))
    into = (end - (reached - mass)[row, index]) / jnp.maximum(mass[row, index], 1e-300)
    node = index % _NODES
    grown = (node + jnp.clip(into, 0.0, 1.0)) * (_GROWTH / _NODES)
    burn_s = exhaust_mps / size[:, 0] * (1 - jnp.exp(-grown)) + 0.1
    goes_on = index >= _NODES
    gap_s, again_s, again_mps2 = _again(elapsed_s + burn_s, exhaust_mps, belief, total, ignition)
    return Course(burn_s, jnp.where(goes_on, gap_s, 0.0), jnp.where(goes_on, again_s, 0.0), again_mps2)


def _again(
    elapsed_s: Array, exhaust_mps: Array, belief: Belief, total: Array, ignition: Array
) -> tuple[Array, Array, Array]:
    """Gap, length and first acceleration of a further stage, or of all further ones in one."""
    first = _IGNITED_MPS2 * jnp.exp(_IGNITED_LOG * ignition)
    begins_s = elapsed_s + _GAP_S
    least_s = jnp.maximum(belief.burn_low_s, begins_s + 15.0)
    most_s = jnp.maximum(belief.burn_high_s, begins_s + 60.0)
    ends_s = least_s + total * (most_s - least_s)
    fuel_s = exhaust_mps / first * (1 - first / (1.5 * _BURNT_OUT_MPS2))
    return jnp.full_like(first, _GAP_S), jnp.minimum(ends_s - begins_s, fuel_s), first


def restarts(
    elapsed_s: Array, exhaust_mps: Array, belief: Belief, when: Array, total: Array, ignition: Array
) -> Course:
    """A stage that ignites later on, at any time that the believed burn still allows."""
    room_s = jnp.maximum(belief.burn_high_s - elapsed_s, 20.0)
    waits_s = 0.5 * room_s * when
    _, again_s, again_mps2 = _again(elapsed_s + waits_s, exhaust_mps, belief, total, ignition)
    return Course(jnp.zeros_like(waits_s), waits_s, again_s, again_mps2)


def cut(course: Course, share: Float[Array, "L"]) -> Course:
    """The same burns, ended by a failure after that share of them."""
    left_s = share * (course.burn_s + course.again_s)
    burn_s = jnp.minimum(course.burn_s, left_s)
    again_s = left_s - burn_s
    return Course(burn_s, jnp.where(again_s > 0, course.gap_s, 0.0), again_s, course.again_mps2)


def steering(
    elapsed_s: Array,
    position_m: Float[Array, "L 3"],
    velocity_mps: Float[Array, "L 3"],
    force_mps2: Float[Array, "L 3"],
    turns: Float[Array, "L 2"],
    how: Float[Array, "L"],
    pitch: Float[Array, "L"],
    quick: Float[Array, "L"],
) -> Steering:
    """How the thrust turns: with the velocity, slowly by chance, or, soon after launch, down to a pitch.

    `turns` are normal draws, the last three even ones: which of the three, the pitch, how soon it is reached.
    """
    speed = jnp.linalg.norm(velocity_mps, axis=-1, keepdims=True)
    size = jnp.linalg.norm(force_mps2, axis=-1, keepdims=True)
    # What has no thrust yet lights along its way.
    along = jnp.where(
        size > 1.0, force_mps2 / jnp.maximum(size, 1e-9), velocity_mps / jnp.maximum(speed, 1e-6)
    )
    up = position_m / jnp.linalg.norm(position_m, axis=-1, keepdims=True)
    side = jnp.cross(along, up)
    side = side / jnp.maximum(jnp.linalg.norm(side, axis=-1, keepdims=True), 1e-9)
    above = jnp.cross(side, along)
    slow = turns * jnp.array(_TURNS) * _G_MPS2 / jnp.maximum(speed, 100.0)
    slowly = slow[:, :1] * above + slow[:, 1:] * side
    rate = jnp.linalg.norm(slowly, axis=-1)

    early = jnp.clip(1 - elapsed_s / _TURNED_BY_S, 0.0, 1.0)
    follows = how < _FOLLOWS * (1 - early)
    tips = ~follows & (how > 1 - early)
    now_rad = jnp.arcsin(jnp.clip((along * up).sum(axis=-1), -1.0, 1.0))
    least, most = _PITCH_RAD
    down_rad = jnp.maximum(now_rad - (least + pitch * (most - least)), 0.0)
    within_s = jnp.maximum(_TURNED_BY_S - elapsed_s, 5.0) * (0.2 + 0.8 * quick)
    return Steering(
        along=along,
        across=jnp.where(tips[:, None], -above, slowly / jnp.maximum(rate, 1e-12)[:, None]),
        turn_radps=jnp.where(tips, down_rad / within_s, rate),
        most_rad=jnp.where(tips, down_rad, _TURN_MOST_RAD),
        follow=jnp.where(follows, 1.0, 0.0),
    )


def pieces_kgpm2(share: Array) -> Array:
    """Ballistic coefficients of what is left of a failure, evenly in the logarithm."""
    least, most = _PIECES_KGPM2
    return least * (most / least) ** share


def will_glide(position_m: Float[Array, "L 3"], velocity_mps: Float[Array, "L 3"], belief: Belief) -> Array:
    """Share of what burns in such a state that will fly on by its lift: what is to glide is not sent high up.

    None where the belief knows of no lift (a glide ratio of 0).
    """
    up = position_m / jnp.linalg.norm(position_m, axis=-1, keepdims=True)
    speed = jnp.maximum(jnp.linalg.norm(velocity_mps, axis=-1), 1.0)
    climb_rad = jnp.arcsin(jnp.clip((up * velocity_mps).sum(axis=-1) / speed, -1.0, 1.0))
    share = _GLIDERS / (1 + jnp.exp((climb_rad - _FLAT_RAD) / _FLAT_WIDTH_RAD)) + _LEAST_GLIDERS
    return jnp.where(belief.glide_ratio_high > 0, share, 0.0)


def will_pull_up(
    position_m: Float[Array, "L 3"], velocity_mps: Float[Array, "L 3"], beta_kgpm2: Array, belief: Belief
) -> Array:
    """Share of what coasts in such a state that will fly on by its lift once the air bears it.

    No filter can tell before, but the arc does: what is to glide comes in flat and from no great height, and
    most of what stays low pulls up. Once the air is felt and no lift is, fewer of them will.
    """
    radius = jnp.linalg.norm(position_m, axis=-1)
    # Inertial, on a Kepler arc: speed across and up, apogee, and the angle at which it comes in.
    turning = jnp.cross(jnp.array([0.0, 0.0, ROTATION_RADPS]), position_m)
    moving = velocity_mps + turning
    speed2 = (moving * moving).sum(axis=-1)
    climb = (moving * position_m).sum(axis=-1) / radius
    momentum2 = radius**2 * jnp.maximum(speed2 - climb**2, 1.0)
    inverse = 2 / radius - speed2 / GM_M3PS2
    eccentricity = jnp.sqrt(jnp.maximum(1 - momentum2 / GM_M3PS2 * inverse, 0.0))
    apogee_m = (1 + eccentricity) / jnp.maximum(inverse, 1e-9)
    enters_m = jnp.minimum(MEAN_RADIUS_M + _ENTERS_M, radius)
    there2 = speed2 + 2 * GM_M3PS2 * (1 / enters_m - 1 / radius)
    steep_rad = jnp.arccos(jnp.clip(jnp.sqrt(momentum2 / jnp.maximum(there2, 1.0)) / enters_m, 0.0, 1.0))
    high_m = apogee_m - MEAN_RADIUS_M
    flat = jax.nn.sigmoid((_FLAT_RAD - steep_rad) / _FLAT_WIDTH_RAD) * jax.nn.sigmoid(
        (_HIGH_M - high_m) / 25e3
    )
    low = jax.nn.sigmoid((_LOW_M - high_m) / 8e3)
    share = _GLIDERS * (1 - (1 - flat) * (1 - low)) + _LEAST_GLIDERS
    height_m = frames.geodetic(position_m)[2]
    drag_mps2 = 0.5 * atmosphere.density(height_m) * (velocity_mps**2).sum(axis=-1) / beta_kgpm2
    share = share / (1 + (drag_mps2 / _FELT_MPS2) ** 2)
    return jnp.where(belief.glide_ratio_high > 0, share, 0.0)


def glides(
    ballistic_coefficient_kgpm2: Array,
    lifted: Array,
    belief: Belief,
    ratio: Array,
    dive: Array,
    phase: Array,
    lasting: Array,
    swinging: Array,
    most_dive_mps: Array,
) -> Wandering:
    """Bodies of which those `lifted` fly on by their lift, each under a bank of its own. Normal draws:
    `lasting`, `swinging`; the others in 0..1. What glides now is not yet as slow as to come down: none dives
    above `most_dive_mps`.
    """
    # From half of the least on: few fly on all of their lift.
    least = 0.5 * belief.glide_ratio_low
    ratio = least + ratio * (belief.glide_ratio_high - least)
    # One number runs the damping up while the other runs the dive down: all pairs come up. What skips, which
    # has little, is as likely as what keeps to equilibrium.
    damping = _MOST_DAMPING * ((dive + phase) % 1.0) ** 2
    slow, quick = _PERIOD_S[1], _PERIOD_S[0]
    return Wandering(
        drag_m2pkg=1 / ballistic_coefficient_kgpm2,
        glide_ratio=jnp.where(lifted, ratio, 0.0),
        damping=jnp.where(lifted, damping, 0.0),
        dive_mps=_DIVE_MPS[0] + dive * (jnp.clip(most_dive_mps, *_DIVE_MPS) - _DIVE_MPS[0]),
        lasting_rad=_LASTING_RAD * lasting,
        swinging_rad=_SWINGING_RAD * swinging,
        rate_radps=2 * jnp.pi / (quick * (slow / quick) ** ((dive + 0.5) % 1.0)),
        phase_rad=2 * jnp.pi * phase,
    )


def level(
    position_m: Float[Array, "L 3"],
    velocity_mps: Float[Array, "L 3"],
    turn: Float[Array, "L"],
    after_s: Float[Array, "N"],
) -> tuple[Float[Array, "L N"], Float[Array, "L N"]]:
    """Latitudes and longitudes, rad, of flights that keep height and speed and turn once, by a normal draw.

    The path is drawn on a plane about its start, true in distance and direction from there.
    """
    lat, lon, _ = frames.geodetic(position_m)
    enu = jnp.einsum("lij,lj->li", frames.enu_axes(lat, lon), velocity_mps)
    speed = jnp.sqrt(enu[:, 0] ** 2 + enu[:, 1] ** 2) + 1e-6
    heading = jnp.arctan2(enu[:, 0], enu[:, 1])
    whole = _TURNS_RAD * turn
    rate = _TURN_MPS2 / speed
    turned = jnp.clip(rate[:, None] * after_s, 0.0, jnp.abs(whole)[:, None]) * jnp.sign(whole)[:, None]
    step_s = jnp.diff(after_s, prepend=0.0)
    way = heading[:, None] + turned
    east = jnp.cumsum(speed[:, None] * jnp.sin(way) * step_s, axis=1)
    north = jnp.cumsum(speed[:, None] * jnp.cos(way) * step_s, axis=1)
    return geometry.great_circle_end(
        lat[:, None], lon[:, None], jnp.arctan2(east, north), jnp.sqrt(east**2 + north**2)
    )


def within(share: Float[Array, "L"], group: Int[Array, "L"]) -> Float[Array, "L"]:
    """Even draws made even again inside each group: the ranks there, over their number."""
    same = group[:, None] == group[None, :]
    below = (share[None, :] < share[:, None]) & same
    return (below.sum(axis=1) + 0.5) / same.sum(axis=1)
