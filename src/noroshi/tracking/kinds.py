"""What may fly, as many generic flights: the densities that a track is classified by, as weighted moments.

Flights are planar, over a round Earth at rest, with thrust that turns by one formula and air that thins
exponentially in two pieces: as much as telling kinds apart needs, and deliberately not the flights that the
rest of the programme flies. Their numbers are even over stated ranges (all of them assumptions, wider than
the profiles of data/threats), drawn by a low-discrepancy sequence, so that the same flights come out
everywhere. Every moment of a flight that was kept stands for the seconds around it.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float, Int

from noroshi.earth.constants import GM_M3PS2, MEAN_RADIUS_M

# Classes of ballistic missiles end at these ranges, km: up to 1,000 short, to 3,000 medium (The Spread of
# Missile Technology and its Countermeasures, DIIS 2007, http://www.ciaonet.org/wps/diis10186/index.html), to
# 5,500 intermediate, by the standard of the US Missile Defense Agency
# (https://sagapedia.com/it/Missile_balistico_a_raggio_intermedio, which names other standards too).
BANDS_KM = (1000.0, 3000.0, 5500.0)
SHORT, MEDIUM, INTERMEDIATE, INTERCONTINENTAL, QUASI, GLIDE, CRUISE, SPACE, FAILED, NONE = range(10)
KINDS = (
    "short-range", "medium-range", "intermediate-range", "intercontinental", "quasi-ballistic", "glide",
    "cruise", "space launch", "failed", "not a missile",
)  # fmt: skip
BOOST, MIDCOURSE, REENTRY, GLIDING, LEVEL, ENDED = range(6)
PHASES = ("boost", "midcourse", "re-entry", "glide", "level", "ended")
# What is no missile, and 0 for all else; a launch to space that is in orbit is like a satellite.
AIRCRAFT, SATELLITE, DEBRIS = 1, 2, 3
SORTS = ("", "aircraft", "satellite", "debris")
# How often each kind is met, before anything is seen: assumptions, within a factor of 3. The record of
# data/record has 83 launches, 55 of short range, 6 to space, 5 that failed; no watch may lean on that.
PRIOR = np.array([0.18, 0.11, 0.07, 0.09, 0.12, 0.05, 0.03, 0.07, 0.05, 0.23])
# What of the last are aircraft, satellites, spent stages and what comes down from orbit: as uncertain.
NO_MISSILES = np.array([0.45, 0.20, 0.30, 0.05])
# How long what does not come from a launch is in view, s: an assumption, 100 to 3,000.
_IN_VIEW_S = 600.0
# What falls is followed to this height; moments are kept about so often, s, and on a coast so many of them.
_DOWN_M, _BOOST_EACH_S, _AIR_EACH_S, _COAST_EACH_S = 500.0, 5.0, 8.0, 25.0
_STEPS = 6000


@dataclass(frozen=True)
class Moments:
    """Moments of flights, by height: what they were, and how much each stands for, in seconds.

    Heights m, speeds upwards and along the ground m/s, thrust m/s2 (0 without), time since launch s (NaN
    where nothing was launched), greatest height so far m, logarithm of the ballistic coefficient in kg/m2.
    """

    height_m: Float[np.ndarray, "N"]
    climb_mps: Float[np.ndarray, "N"]
    along_mps: Float[np.ndarray, "N"]
    thrust_mps2: Float[np.ndarray, "N"]
    since_s: Float[np.ndarray, "N"]
    highest_m: Float[np.ndarray, "N"]
    log_beta: Float[np.ndarray, "N"]
    weight_s: Float[np.ndarray, "N"]
    kind: Int[np.ndarray, "N"]
    phase: Int[np.ndarray, "N"]
    sort: Int[np.ndarray, "N"]


@dataclass(frozen=True)
class _Plan:
    """Flights to be flown, one per lane."""

    kind: np.ndarray
    stages: np.ndarray
    burn_s: np.ndarray
    ideal_mps: np.ndarray
    exhaust_mps: np.ndarray
    vertical_s: np.ndarray
    turn_s: np.ndarray
    pitch_rad: np.ndarray
    bend: np.ndarray
    beta: np.ndarray
    glide_ratio: np.ndarray
    lift_below_m: np.ndarray
    dive_mps: np.ndarray
    damping: np.ndarray
    gap_s: np.ndarray
    cut_s: np.ndarray

    @property
    def powered_s(self) -> np.ndarray:
        """When the last burn ends."""
        return self.burn_s + self.gap_s


def reach_km(radius_m: np.ndarray, speed_mps: np.ndarray) -> np.ndarray:
    """How far this energy goes over a round Earth at rest without air, on the arc that asks least of it.

    With s = sin(range / 2R) that arc leaves the ground with v^2 = (2 GM / R) s / (1 + s). A speed over the
    turning Earth gives a reach between those eastwards and westwards, some 5 to 10 % from either.
    """
    gone = GM_M3PS2 / MEAN_RADIUS_M
    ratio = (speed_mps**2 + 2 * GM_M3PS2 * (1 / MEAN_RADIUS_M - 1 / radius_m)) / gone
    sine = np.where(ratio < 1, ratio / np.maximum(2 - ratio, 1e-9), 1.0)
    return 2 * MEAN_RADIUS_M * np.arcsin(np.clip(sine, 0.0, 1.0)) / 1e3


def band(reach: np.ndarray) -> np.ndarray:
    """The class of a ballistic missile, by the reach of its energy in km."""
    return np.searchsorted(BANDS_KM, reach)


def _even(count: int, columns: int, start: int) -> Float[np.ndarray, "N C"]:
    """Points that fill the unit cube evenly: the additive sequence of the generalised golden ratio."""
    ratio = 2.0
    for _ in range(40):
        ratio = (1 + ratio) ** (1 / (columns + 1))
    return ((start + np.arange(1, count + 1))[:, None] * ratio ** -np.arange(1.0, columns + 1)) % 1


def density(height_m: np.ndarray) -> np.ndarray:
    """Air, kg/m3: by 1/e each 7.2 km, within 30 % of the US Standard Atmosphere 1976 up to 80 km.

    At 100 km it is twice as thick; above, where it hardly matters, it thins by 1/e each 10 km.
    """
    low = 1.3 * np.exp(-np.clip(height_m, -1e3, 100e3) / 7200.0)
    return low * np.exp(-np.maximum(height_m - 100e3, 0.0) / 10e3)


def _plan(kind: int, count: int, start: int) -> _Plan:
    """Flights of one kind, numbers even over ranges: assumptions wider than the profiles of data/threats."""
    u = iter(_even(count, 13, start).T)

    def even(low: float, high: float) -> np.ndarray:
        return low + (high - low) * next(u)

    def even_log(low: float, high: float) -> np.ndarray:
        return low * (high / low) ** next(u)

    none = gap_s = np.zeros(count)
    if kind == SPACE:
        stages, burn_s = 2 + (next(u) > 0.4), even(280.0, 640.0)
        ideal_mps, exhaust_mps = even(8600.0, 10400.0), even(2400.0, 3600.0)
        vertical_s, turn_s = even(5.0, 18.0), burn_s * even(0.5, 1.1)
        pitch_rad, bend = np.radians(even(-14.0, 14.0)), even(0.25, 0.9)
        lift = (none, none - 1e6, none, none)
        beta = even_log(150.0, 1500.0)
        # Most coast upwards before the last stage, to where it makes a circle of the arc.
        gap_s = np.maximum(even(-120.0, 420.0), 0.0)
    elif kind in (QUASI, GLIDE):
        gliding = kind == GLIDE
        stages = 1 + (next(u) > (0.3 if gliding else 2.0))
        burn_s = even(60.0, 270.0) if gliding else even(28.0, 95.0)
        ideal_mps = even(2200.0, 8000.0) if gliding else even(1300.0, 3200.0)
        exhaust_mps = even(2200.0, 2900.0)
        vertical_s, turn_s = even(1.0, 12.0 if gliding else 5.0), burn_s * even(0.2, 1.0)
        pitch_rad, bend = np.radians(even(3.0, 40.0) if gliding else even(15.0, 50.0)), even(0.5, 1.2)
        ratio = even(1.5, 3.3) if gliding else even(1.0, 2.8)
        below = even(60e3, 100e3) if gliding else even(35e3, 65e3)
        dive = even(700.0, 2200.0) if gliding else even(500.0, 1300.0)
        lift = (ratio, below, dive, even(3.0, 16.0) if gliding else even(0.0, 2.0))
        beta = even_log(5000.0, 16000.0) if gliding else even_log(3000.0, 12000.0)
    else:
        ideal_mps = even(1000.0, 8600.0)
        fast = ideal_mps / 8600.0
        stages = 1 + (next(u) < 1.6 * (fast - 0.35)).astype(int) + (fast > 0.85) * (next(u) > 0.5)
        # The faster the longer, between solid and liquid motors.
        burn_s = 25.0 + 40.0 * fast + even(0.0, 1.0) * (60.0 + 200.0 * fast)
        exhaust_mps = even(2150.0, 3050.0)
        vertical_s, turn_s = even(1.0, 13.0), burn_s * even(0.12, 1.0)
        pitch_rad, bend = np.radians(even(12.0, 89.5)), even(0.4, 1.1)
        lift = (none, none - 1e6, none, none)
        beta = even_log(1200.0, 13000.0)
    cut_s = none + np.inf
    return _Plan(
        none.astype(int) + kind, stages, burn_s, ideal_mps, exhaust_mps, vertical_s, turn_s, pitch_rad, bend,
        beta, *lift, gap_s, cut_s,
    )  # fmt: skip


def _joined(plans: list[_Plan]) -> _Plan:
    return _Plan(
        *(np.concatenate([getattr(one, name) for one in plans]) for name in _Plan.__dataclass_fields__)
    )


def _some(plan: _Plan, rows: np.ndarray) -> _Plan:
    return _Plan(*(getattr(plan, name)[rows] for name in _Plan.__dataclass_fields__))


def _thrust(plan: _Plan, time_s: np.ndarray) -> np.ndarray:
    """Thrust over mass, m/s2: stages that share burn and ideal velocity evenly, each at constant thrust."""
    each_s = plan.burn_s / plan.stages
    # The coast before the last stage is no time of burning.
    last_s = plan.burn_s - each_s
    waits = (time_s >= last_s) & (time_s < last_s + plan.gap_s)
    burnt_s = np.where(time_s < last_s, time_s, time_s - plan.gap_s)
    inside_s = np.mod(burnt_s, each_s)
    fuel = 1 - np.exp(-plan.ideal_mps / plan.stages / plan.exhaust_mps)
    flow = fuel / each_s
    burning = (time_s < np.minimum(plan.powered_s, plan.cut_s)) & ~waits
    return np.where(burning, plan.exhaust_mps * flow / (1 - flow * inside_s), 0.0)


def _pushes(plan: _Plan, time_s: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, ...]:
    """Accelerations up and along, m/s2, and thrust, drag and whether lift acts."""
    radius_m, up_mps, along_mps = state
    height_m = radius_m - MEAN_RADIUS_M
    speed = np.maximum(np.hypot(up_mps, along_mps), 1.0)
    sine, cosine = up_mps / speed, along_mps / speed
    thrust = _thrust(plan, time_s)
    turned = np.clip((time_s - plan.vertical_s) / plan.turn_s, 0.0, 1.0) ** plan.bend
    pitch = np.pi / 2 - (np.pi / 2 - plan.pitch_rad) * turned
    gravity = GM_M3PS2 / radius_m**2
    lifted = (thrust == 0) & (height_m < plan.lift_below_m) & (speed > plan.dive_mps) & (plan.glide_ratio > 0)
    lifted &= time_s > plan.powered_s
    pressure = 0.5 * density(height_m) * speed**2
    # Stages on the ground weigh more over their cross-section than what they carry: one number for the boost.
    drag = pressure / np.where(thrust > 0, 9000.0, plan.beta)
    full = plan.glide_ratio * drag
    # Equilibrium: the path sinks by 2 H g / (v^2 L/D) (Lu's form, H of the air).
    level = -2 * 7200.0 * gravity / np.maximum(speed**2 * np.maximum(plan.glide_ratio, 0.1), 1.0)
    share = np.clip(1 - plan.damping * (sine - level), 0.0, 1.5)
    lift = np.where(lifted, full * share, 0.0)
    # Out of trim a parabolic polar drags (1 + s^2) / 2 as much.
    bare = np.where(plan.glide_ratio > 0, np.where(lifted, (1 + share**2) / 2, 0.5), 1.0)
    drag = np.where(thrust > 0, drag, drag * bare)
    up = thrust * np.sin(pitch) - drag * sine + lift * cosine - gravity + along_mps**2 / radius_m
    along = thrust * np.cos(pitch) - drag * cosine - lift * sine - up_mps * along_mps / radius_m
    return up, along, thrust, drag, lifted


def _fly(
    plan: _Plan, rows: list[np.ndarray], start: np.ndarray | None = None, from_s: np.ndarray | float = 0.0
) -> None:
    """Fly all lanes to the ground by the midpoint rule; moments are added to `rows`, [lane, ...] each."""
    lanes = len(plan.kind)
    state = np.array([np.full(lanes, MEAN_RADIUS_M + 50.0), np.zeros(lanes), np.zeros(lanes)])
    if start is not None:
        state = start.copy()
    time_s = np.zeros(lanes) + from_s
    lane = np.arange(lanes)
    highest_m = state[0] - MEAN_RADIUS_M
    # Each flight is kept at other moments.
    phase = _even(lanes, 1, 7)[:, 0]
    last_s = time_s.copy()
    due_s = time_s + phase * _BOOST_EACH_S
    for _ in range(_STEPS):
        up, along, thrust, drag, lifted = _pushes(plan, time_s, state)
        height_m = state[0] - MEAN_RADIUS_M
        highest_m = np.maximum(highest_m, height_m)
        alive = (height_m > _DOWN_M) | (thrust > 0) & (time_s < 20.0) | (time_s < 3.0)
        alive &= (time_s < 5400.0) & (state[0] < 3 * MEAN_RADIUS_M)
        keep = alive & (time_s >= due_s)
        if keep.any():
            kept = np.flatnonzero(keep)
            rows.append(np.stack([
                lane[kept], time_s[kept], height_m[kept], state[1, kept], state[2, kept], thrust[kept],
                highest_m[kept], drag[kept], lifted[kept], time_s[kept] - last_s[kept],
            ]))  # fmt: skip
            last_s[kept] = time_s[kept]
            each_s = np.where(
                thrust > 0, _BOOST_EACH_S, np.where(height_m > 120e3, _COAST_EACH_S, _AIR_EACH_S)
            )
            due_s[kept] = time_s[kept] + each_s[kept]
        if not alive.any():
            return
        if not alive.all():
            plan = _some(plan, alive)
            state, time_s, lane, highest_m = state[:, alive], time_s[alive], lane[alive], highest_m[alive]
            last_s, due_s = last_s[alive], due_s[alive]
            up, along, thrust = up[alive], along[alive], thrust[alive]
            height_m = height_m[alive]
        burning_s = np.minimum(plan.powered_s, plan.cut_s) - time_s
        step_s = np.where(burning_s > 1e-9, np.minimum(1.0, np.maximum(burning_s, 1e-3)), 2.0)
        step_s = np.where((thrust == 0) & (height_m > 140e3) & (burning_s <= 0), 10.0, step_s)
        half = state + step_s / 2 * np.array([state[1], up, along])
        up, along, *_ = _pushes(plan, time_s + np.minimum(step_s / 2, 0.5), half)
        state = state + step_s * np.array([half[1], up, along])
        time_s = time_s + step_s


@cache
def moments() -> Moments:
    """All moments, made when first asked for (some seconds), sorted by height."""
    counts = {SHORT: 1600, QUASI: 400, GLIDE: 400, SPACE: 1200}
    plan = _joined([_plan(kind, count, 101 * kind) for kind, count in counts.items()])
    flown = _table(plan)
    at, height, up, along, thrust = flown[0].astype(int), flown[2], flown[3], flown[4], flown[5]
    # What a flight has at the end of its burn tells what it is; those that cannot be are left out.
    first = np.full(len(plan.kind), -1)
    coasting = np.flatnonzero((thrust == 0) & (flown[1] > plan.powered_s[at]))
    first[at[coasting[::-1]]] = coasting[::-1]
    able = first >= 0
    speed = np.hypot(up, along)
    reach = np.where(able, reach_km(MEAN_RADIUS_M + height[first], speed[first]), 0.0)
    flat = np.abs(up[first]) < 0.22 * speed[first]
    kind = np.where(plan.kind == SHORT, band(reach), plan.kind)
    able &= np.where(plan.kind == SHORT, (reach > 80) & (reach < 16_000), True)
    able &= np.where(plan.kind == SPACE, (speed[first] > 6800) & (height[first] > 130e3) & flat, True)
    able &= np.where(plan.kind == GLIDE, (reach > 450) & (height[first] < 160e3), True)
    able &= np.where(plan.kind == QUASI, (reach > 100) & (reach < 2000), True)
    parts = [_parts(flown, plan, kind, able)]
    # Of those, some lose their thrust on the way.
    chosen = np.flatnonzero(able)[::2]
    lost = _some(plan, chosen)
    share = _even(len(chosen), 2, 5)
    fails = {name: getattr(lost, name) for name in _Plan.__dataclass_fields__}
    fails |= {"cut_s": lost.powered_s * (0.08 + 0.88 * share[:, 0]), "glide_ratio": 0 * lost.glide_ratio}
    fails |= {"beta": 150.0 * 50.0 ** share[:, 1]}
    lost = _Plan(**fails)
    table = _table(lost)
    table = table[:, table[1] > lost.cut_s[table[0].astype(int)]]
    parts.append(_parts(table, lost, np.full(len(chosen), FAILED), np.ones(len(chosen), bool)))
    parts += [_spent(plan, flown, able), _level(), _orbiting()]
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.argsort(columns[0], kind="stable")
    return Moments(*(column[order] for column in columns))


def _table(plan: _Plan) -> Float[np.ndarray, "10 N"]:
    rows: list[np.ndarray] = []
    _fly(plan, rows)
    return np.concatenate(rows, axis=1)


def _parts(table: np.ndarray, plan: _Plan, kind: np.ndarray, able: np.ndarray) -> tuple[np.ndarray, ...]:
    """Moments of flights, of which each kind weighs its prior."""
    at = table[0].astype(int)
    # A launch to space that comes down after its last burn is one that failed; `_orbiting` has the others.
    good = able[at] & ((kind[at] != SPACE) | (table[1] < plan.powered_s[at]))
    table, at = table[:, good], at[good]
    _, since_s, height, up, along, thrust, highest, drag, lifted, lasts_s = table
    many = np.bincount(kind[able], minlength=len(KINDS))
    weight = lasts_s * (PRIOR / np.maximum(many, 1))[kind[at]]
    falling = (up < 0) & (drag > 1.0)
    phase = np.where(thrust > 0, BOOST, np.where(lifted > 0, GLIDING, np.where(falling, REENTRY, MIDCOURSE)))
    return (
        height, up, along, thrust, since_s, highest, np.log(plan.beta[at]),
        weight, kind[at], phase, np.zeros(len(at), int),
    )  # fmt: skip


def _spent(plan: _Plan, flown: np.ndarray, able: np.ndarray) -> tuple[np.ndarray, ...]:
    """First stages that fall."""
    many = np.flatnonzero(able & (plan.stages > 1))[::3]
    rows = [
        np.flatnonzero((flown[0] == one) & (flown[1] > plan.burn_s[one] / plan.stages[one]))[:1]
        for one in many
    ]
    at = np.concatenate(rows)
    some = _some(plan, flown[0, at].astype(int))
    share = _even(len(at), 1, 3)[:, 0]
    names = {name: getattr(some, name) for name in _Plan.__dataclass_fields__}
    names |= {"beta": 100.0 * 12.0**share, "cut_s": flown[1, at], "glide_ratio": 0 * share}
    some = _Plan(**names)
    table: list[np.ndarray] = []
    start = np.array([flown[2, at] + MEAN_RADIUS_M, flown[3, at], flown[4, at]])
    _fly(some, table, start, flown[1, at])
    columns = list(
        _parts(np.concatenate(table, axis=1), some, np.full(len(at), NONE), np.ones(len(at), bool))
    )
    columns[7] = columns[7] * NO_MISSILES[2]
    columns[10] = np.full(len(columns[0]), DEBRIS)
    return tuple(columns)


def _level() -> tuple[np.ndarray, ...]:
    """Aircraft and cruise missiles: heights, speeds and climbs as generic bands (assumptions)."""
    count = 6000
    u = _even(count, 5, 11).T
    cruise = np.arange(count) % 2 == 0
    fast = u[4] < 0.25
    low = np.where(fast, 50 + 20e3 * u[0], 30.0 * 50.0 ** u[0])
    high = np.where(u[4] < 0.35, 300 + 6e3 * u[0], 6e3 + 8e3 * u[0])
    height = np.where(cruise, low, high)
    speed = np.where(
        cruise,
        np.where(fast, 500 + 700 * u[1], 190 + 110 * u[1]),
        # Traffic low down flies slowly; few (military) aircraft do not.
        np.where((high < 3e3) & (u[4] < 0.3), 60 + 80 * u[1], np.where(u[4] < 0.18, 70, 150) + 180 * u[1]),
    )
    path = np.radians(np.where(cruise, 2.0, 4.0)) * (2 * u[2] - 1)
    rate = np.where(cruise, PRIOR[CRUISE], NO_MISSILES[0] * PRIOR[NONE]) * _IN_VIEW_S / (count / 2)
    nothing, log_beta = np.full(count, np.nan), np.log(300.0) + np.log(10.0) * u[3]
    return (
        height, speed * np.sin(path), speed * np.cos(path), np.zeros(count), nothing, height, log_beta, rate,
        np.where(cruise, CRUISE, NONE), np.full(count, LEVEL), np.where(cruise, 0, AIRCRAFT),
    )  # fmt: skip


def _orbiting() -> tuple[np.ndarray, ...]:
    """Satellites, launches that have reached orbit, and what comes down from there."""
    count = 6000
    u = _even(count, 6, 13).T
    part = np.arange(count) % 3
    height = np.where(
        part == 0, 180e3 * 10.0 ** u[0], np.where(part == 1, 160e3 * 6.0 ** u[0], 25e3 + 100e3 * u[0])
    )
    circle = np.sqrt(GM_M3PS2 / (MEAN_RADIUS_M + height))
    # The Earth turns below: by 465 m/s cos(latitude), for and against.
    turn = 430.0 * np.cos(np.pi * u[1]) * (1 + height / MEAN_RADIUS_M)
    speed = circle * (1 + 0.12 * u[2] ** 2 * (2 * u[3] - 1)) - turn
    path = np.radians(4.0) * u[2] ** 2 * (2 * u[4] - 1)
    fallen = part == 2
    # In the air what falls slows by exp(-c), c the mass of the air passed over twice the ballistic
    # coefficient (straight on, without gravity); the slower then the steeper.
    beta = 40.0 * 25.0 ** u[5]
    steep = np.radians(0.3 + 4 * u[2])
    slowed = np.exp(-density(height) * 7200.0 / (2 * beta * np.sin(steep)))
    speed = np.where(fallen, 7700 * slowed + 80, speed)
    path = np.where(fallen, -np.where(slowed < 0.3, np.radians(25 + 60 * u[3]), steep), path)
    each = np.array([NO_MISSILES[1] * PRIOR[NONE], PRIOR[SPACE], NO_MISSILES[3] * PRIOR[NONE]])
    since_s = np.where(part == 1, 300 + 900 * u[3], np.nan)
    highest = np.where(fallen, 150e3, height)
    return (
        height, speed * np.sin(path), speed * np.cos(path), np.zeros(count), since_s, highest, np.log(beta),
        each[part] * _IN_VIEW_S / (count / 3), np.where(part == 1, SPACE, NONE),
        np.where(fallen, REENTRY, MIDCOURSE), np.where(fallen, DEBRIS, SATELLITE),
    )  # fmt: skip
