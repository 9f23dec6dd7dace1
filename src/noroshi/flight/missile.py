"""What flies, in numbers: stages, steering and the body that falls; and the legs that a launch of it flies.

Generic and public: a burn time, a specific impulse and a share of the ideal velocity for each stage, drag by
one curve, a ballistic coefficient, a glide ratio. Every number may be one for all flights or one for each.
"""

from dataclasses import dataclass, replace

import jax
import numpy as np
from jaxtyping import Float

from noroshi.earth import frames
from noroshi.earth.arrays import Array
from noroshi.earth.model import WGS84, Earth
from noroshi.flight.dynamics import KILO
from noroshi.flight.legs import BURNS, FALLS, Burns, Course, Falls
from noroshi.records.pytree import record

# Legs of a stage: the first may rise, turn and go on; each further one has a gap and a burn.
MOST_STAGES = 1 + (BURNS - 3) // 2
# Banks of a programme that fit between the first lift and the end of the glide.
MOST_BANKS = FALLS - 4
_FOREVER_S = 1e9


@dataclass(frozen=True)
class Site:
    """Where a flight starts: geodetic degrees, metres above the ellipsoid."""

    lat_deg: float
    lon_deg: float
    height_m: float = 0.0


@record
class Stage:
    """One stage: burn and gap before it, s, exhaust speed, its part of the ideal velocity (any unit), and the
    ballistic coefficient of what is left of it, kg/m2.
    """

    burn_s: Array
    exhaust_mps: Array
    share: Array = 1.0
    gap_s: Array = 0.0
    spent_kgpm2: Array = 400.0


@record
class Missile:
    """Stages and how they are steered.

    Straight up until `vertical_s`; then the pitch falls evenly to the loft angle, which it has at
    `turned_s`; from there the thrust follows the air-relative velocity where `gravity_turn` is 1 and keeps
    its pitch where it is 0. `area_m2pkg` is cross-section over mass at the ignition of each stage. Where
    `upper_rad` is given, the upper stages keep that pitch above the launch site's horizon instead: a flight
    that is turned upwards, or down, after its first stage. At `thrust_until_s` all thrust is lost, and what
    is left falls.
    """

    stages: tuple[Stage, ...]
    vertical_s: Array
    turned_s: Array
    area_m2pkg: Array
    gravity_turn: Array = 1.0
    upper_rad: Array | None = None
    thrust_until_s: Array = np.inf


@record
class Body:
    """What flies on after the last stage.

    `ballistic_coefficient_kgpm2` is m/(Cd A) as it flies; of a glider that is the one in glide trim, half of
    the zero-lift one at the best glide ratio. Lift acts below `lift_below_m` on the way down, until the body
    is slower than `dive_below_mps`. `damping` 0 leaves the phugoid alone: a pull-up, then skips, which is how
    a quasi-ballistic body flies; some 10 is equilibrium glide. Banks to the right, rad, each for so many
    seconds from where lift begins to act, are given.
    """

    ballistic_coefficient_kgpm2: Array
    glide_ratio: Array = 0.0
    lift_below_m: Array = -1e6
    damping: Array = 0.0
    dive_below_mps: Array = 0.0
    bank_rad: tuple[Array, ...] = ()
    bank_s: tuple[Array, ...] = ()


@record
class Aim:
    """How a launch of a missile is flown: what a fit finds. One per flight.

    `upper_rad` and `upper_radps`, where given, steer the upper stages instead: pitch above the launch site's
    horizon when the first stage is spent, and its rate. So space launches turn level into orbit.
    """

    loft_rad: Float[Array, "L"]
    ideal_kmps: Float[Array, "L"]
    azimuth_rad: Float[Array, "L"]
    upper_rad: Float[Array, "L"] | None = None
    upper_radps: Float[Array, "L"] | None = None


def fuel_fractions(missile: Missile, ideal_kmps: Array) -> list[Array]:
    """Fuel over mass at ignition of each stage that together give the ideal velocity, km/s."""
    total = sum(np.asarray(stage.share) for stage in missile.stages)
    return [
        1 - np.exp(-np.asarray(ideal_kmps) * KILO * stage.share / total / stage.exhaust_mps)
        for stage in missile.stages
    ]


def burns(missile: Missile, aim: Aim) -> Burns:
    """The powered legs of each flight."""
    lanes = aim.loft_rad.shape
    rows: list[dict[str, Array]] = []
    half = np.pi / 2
    turned = np.maximum(missile.turned_s - missile.vertical_s, 1e-3)

    def leg(stage: Stage, flow: Array, mass: Array, lasts_s: Array, **steering: Array) -> None:
        row = dict.fromkeys(("pitch_rad", "pitch_radps", "follow"), 0.0) | steering
        rows.append(
            row
            | {
                "lasts_s": lasts_s,
                "exhaust_mps": stage.exhaust_mps,
                "flow_ps": flow,
                "mass": mass,
                "area_m2pkg": missile.area_m2pkg,
            }
        )

    onward: dict[str, Array] = {"pitch_rad": aim.loft_rad, "follow": missile.gravity_turn}
    upper: tuple[Array, Array] | None = None
    if aim.upper_rad is not None and aim.upper_radps is not None:
        upper = aim.upper_rad, aim.upper_radps
    elif missile.upper_rad is not None:
        upper = missile.upper_rad, 0.0
    since_s: Array = 0.0
    for number, (stage, fuel) in enumerate(
        zip(missile.stages, fuel_fractions(missile, aim.ideal_kmps), strict=True)
    ):
        flow = fuel / stage.burn_s
        if number:
            for rate, lasts_s in ((0.0, stage.gap_s), (flow, stage.burn_s)):
                if upper is not None:
                    onward = {"pitch_rad": upper[0] + upper[1] * since_s, "pitch_radps": upper[1]}
                leg(stage, rate, 1.0, lasts_s, **onward)
                since_s = since_s + lasts_s
            continue
        # A burn may end before the turn does.
        up_s = np.minimum(missile.vertical_s, stage.burn_s)
        turn_s = np.minimum(missile.turned_s, stage.burn_s) - up_s
        leg(stage, flow, 1.0, up_s, pitch_rad=half)
        turn = {"pitch_rad": half, "pitch_radps": (aim.loft_rad - half) / turned}
        leg(stage, flow, 1 - flow * up_s, turn_s, **turn)
        leg(stage, flow, 1 - flow * (up_s + turn_s), stage.burn_s - up_s - turn_s, **onward)
    unused = dict.fromkeys(rows[0], 0.0) | {"mass": 1.0, "exhaust_mps": 1.0}
    rows += [unused] * (BURNS - len(rows))
    return Burns(**{name: np.stack([np.broadcast_to(row[name], lanes) for row in rows]) for name in rows[0]})


def falls(body: Body, lanes: tuple[int, ...]) -> Falls:
    """The unpowered legs of each flight: to the apogee, down to where lift acts, its arc, the rest."""
    drag = 1 / np.asarray(body.ballistic_coefficient_kgpm2, dtype=float)
    # Without its lift a body in glide trim has half the drag (parabolic polar, best glide ratio).
    bare = drag * np.where(np.asarray(body.glide_ratio) > 0, 0.5, 1.0)
    lifted = {"drag_m2pkg": drag, "glide_ratio": body.glide_ratio, "damping": body.damping}
    gliding = lifted | {"by_speed": 1.0, "until_mps": body.dive_below_mps}
    rows: list[dict[str, Array]] = [
        {"by_climb": 1.0},
        {"by_height": 1.0, "until_m": body.lift_below_m},
    ]
    for bank, lasts_s in zip(body.bank_rad, body.bank_s, strict=True):
        rows.append(gliding | {"bank_rad": bank, "lasts_s": lasts_s})
    rows += [gliding] + [{"lasts_s": 0.0}] * (MOST_BANKS - len(body.bank_s)) + [{}]
    names = list(Falls.__dataclass_fields__)
    unset = dict.fromkeys(names, 0.0) | {"lasts_s": _FOREVER_S, "drag_m2pkg": bare}
    return Falls(
        **{
            name: np.stack([np.broadcast_to(np.asarray((unset | row)[name], float), lanes) for row in rows])
            for name in names
        }
    )


def ascent(site: Site, missile: Missile, aim: Aim, earth: Earth = WGS84) -> Course:
    """Launches to the end of their last burn: what is in orbit, or left behind, is followed elsewhere."""
    plan = course(site, missile, Body(1e3), aim, earth)
    return replace(plan, until_s=plan.burns.lasts_s.sum(axis=0))


def _cut(powered: Burns, thrust_until_s: Array) -> Burns:
    """Burns that end when the thrust is lost."""
    ends_s = np.minimum(np.cumsum(powered.lasts_s, axis=0), thrust_until_s)
    return replace(powered, lasts_s=np.diff(ends_s, axis=0, prepend=0.0))


def adrift(
    time_s: Array,
    position_ecef_m: Float[Array, "L 3"],
    velocity_ecef_mps: Float[Array, "L 3"],
    body: Body,
    earth: Earth = WGS84,
) -> Course:
    """Bodies that fall from where they are: spent stages, fragments, a body at burnout."""
    lanes = (len(position_ecef_m),)
    still = np.zeros((3, *lanes))
    nothing = {name: np.zeros((BURNS, *lanes)) for name in Burns.__dataclass_fields__}
    powered = Burns(**(nothing | {"mass": nothing["mass"] + 1}))
    return Course(
        np.broadcast_to(np.asarray(time_s, float), lanes).copy(),
        np.ascontiguousarray(np.asarray(position_ecef_m).T),
        np.ascontiguousarray(np.asarray(velocity_ecef_mps).T),
        still,
        still,
        np.full(lanes, np.inf),
        powered,
        falls(body, lanes),
        _floats(earth),
    )


def repeated(plan: Course, count: int) -> Course:
    """The one flight of a course, `count` times."""
    return jax.tree.map(lambda leaf: np.repeat(leaf, count, axis=-1) if np.ndim(leaf) else leaf, plan)


def _floats(earth: Earth) -> Earth:
    return Earth(*map(np.float64, earth))


def course(
    site: Site,
    missile: Missile,
    body: Body,
    aim: Aim,
    earth: Earth = WGS84,
    thrust_until_s: Array = np.inf,
    until_s: float = np.inf,
) -> Course:
    """Launches from one site, one per lane of `aim`.

    Thrust is lost at `thrust_until_s`, or when the missile's own is, and what is left falls; nothing is flown
    after `until_s`.
    """
    lanes = np.shape(aim.loft_rad)
    lost_s = np.minimum(thrust_until_s, missile.thrust_until_s)
    lat, lon = np.radians(site.lat_deg), np.radians(site.lon_deg)
    place = np.asarray(frames.ecef(lat, lon, site.height_m, earth))
    east, north, up = np.asarray(frames.enu_axes(lat, lon))
    still = np.zeros((3, *lanes))
    return Course(
        np.zeros(lanes),
        still + place[:, None],
        still,
        still + up[:, None],
        np.sin(aim.azimuth_rad) * east[:, None] + np.cos(aim.azimuth_rad) * north[:, None],
        np.full(lanes, until_s),
        _cut(burns(missile, aim), lost_s),
        falls(body, lanes),
        _floats(earth),
    )
