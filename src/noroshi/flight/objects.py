"""What a launch leaves in the air beside its body: spent stages that fall, fragments of one that broke up."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from noroshi.earth import frames
from noroshi.earth.model import WGS84, Earth
from noroshi.flight.dynamics import KILO, MEGA
from noroshi.flight.fit import Fit, flown
from noroshi.flight.legs import Course
from noroshi.flight.missile import Aim, Body, Missile, Site, adrift, ascent
from noroshi.flight.sample import burn_times

# A spent stage tumbles: its ballistic coefficient over its middle, an assumption.
TUMBLING = (1.0, 0.4, 2.5)
# Fragments: from light skin to dense lumps, kg/m2, and the speed that a break-up gives them; assumptions.
FRAGMENT_KGPM2 = (50.0, 3000.0)
FRAGMENT_MPS = 50.0
# A last stage is pushed back from its body, m/s: springs or a puff of gas; an assumption, 1 to 10.
PUSHED_MPS = 3.0


@dataclass(frozen=True)
class Fall:
    """Something that came loose at `time_s` and fell: where, and the zone that it may have fallen in.

    `lat_deg`, `lon_deg`, `fall_s` are those of the middle one; `zone_deg` holds latitude and longitude of
    every one that was flown.
    """

    name: str
    time_s: float
    height_km: float
    fall_s: float
    lat_deg: float
    lon_deg: float
    zone_deg: Float[np.ndarray, "N 2"]


def spent_stages(
    site: Site, missile: Missile, aim: Aim, earth: Earth = WGS84, last_too: bool = False
) -> tuple[Fall, ...]:
    """Where each stage falls that was left behind, of one flight or of several; the first is the middle one.

    Each is flown tumbling as middling, light and heavy in turn. The last stage is left out unless
    `last_too`: it flies on with the body, or into orbit.
    """
    count = len(aim.loft_rad)
    of_each = len(TUMBLING) if count == 1 else 1
    factors = np.resize(TUMBLING, count * of_each)
    ends = flown(ascent(site, missile, aim, earth))
    falls = []
    for number in range(len(missile.stages) - (not last_too)):
        leg = 2 + 2 * number
        state = np.repeat(ends.state[leg].T, of_each, axis=0)
        time_s = np.repeat(ends.time[leg], of_each) * KILO
        spent = Body(missile.stages[number].spent_kgpm2 * factors)
        plan = adrift(time_s, state[:, :3] * MEGA, state[:, 3:] * KILO, spent, earth)
        falls.append(_fall(f"stage {number + 1}", plan, earth))
    return tuple(falls)


def separations(fitted: Fit, last_too: bool) -> dict[int, Float[np.ndarray, "7"]]:
    """Where each stage (1, 2, ...) is left behind by the one flight: time, s after launch, place, m, and
    velocity, m/s.

    A stage in which the thrust is lost stays with what is left. The last one stays with the body unless
    `last_too`: then it is left even where its thrust was lost.
    """
    missile = fitted.missile
    ends = flown(ascent(fitted.site, missile, fitted.aim, fitted.earth))
    lost_s, number, found = float(missile.thrust_until_s), len(missile.stages), {}
    whole = burn_times(replace(missile, thrust_until_s=np.inf))
    for stage, (start_s, end_s) in enumerate(whole, 1):
        last = stage == number
        if not (start_s < lost_s and last_too if last else end_s <= lost_s):
            continue
        leg = 2 * stage
        velocity = ends.state[leg, 3:, 0] * KILO
        if last:
            velocity = velocity * (1 - PUSHED_MPS / np.linalg.norm(velocity))
        found[stage] = np.array([ends.time[leg, 0] * KILO, *ends.state[leg, :3, 0] * MEGA, *velocity])
    return found


def fragments(
    row: Float[np.ndarray, "7"], chance: np.random.Generator, count: int = 61, earth: Earth = WGS84
) -> tuple[Fall, Course]:
    """Where it falls when something breaks up at a time, s, place, m, and velocity, m/s: light and heavy
    fragments, thrown apart; and the course of the middle one, of typical drag and not thrown.
    """
    low, high = np.log(FRAGMENT_KGPM2)
    drag = np.exp(low + (high - low) * chance.random(count))
    thrown = FRAGMENT_MPS * chance.standard_normal((count, 3))
    drag[0], thrown[0] = np.exp((low + high) / 2), 0.0
    place = np.repeat(row[None, 1:4], count, axis=0)
    plan = adrift(row[0], place, row[4:] + thrown, Body(drag), earth)
    middle = adrift(row[0], place[:1], row[None, 4:], Body(drag[:1]), earth)
    return _fall("fragments", plan, earth), middle


def _fall(name: str, plan: Course, earth: Earth) -> Fall:
    ends = flown(plan)
    lat, lon, _ = frames.geodetic(ends.state[-1, :3].T * MEGA, earth)
    _, _, height_m = frames.geodetic(plan.position_ecef_m[:, 0], earth)
    down = ends.sound & ends.landed[-1]
    zone = np.degrees(np.stack([lat, lon], axis=-1))
    return Fall(
        name,
        float(plan.time_s[0]),
        float(height_m) / KILO,
        float(ends.time[-1, 0]) * KILO,
        float(zone[0, 0]),
        float(zone[0, 1]),
        zone[down],
    )
