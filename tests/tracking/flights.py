"""Flights of every kind as the project flies them, and estimates of them as a tracker would have them.

They are drawn wider than the profiles (other staging, drag and loft), by other code and other numbers than
the classifier's own flights.
"""

from dataclasses import dataclass, replace

import numpy as np

from noroshi.catalogue.grounded import middling
from noroshi.catalogue.questions import questions
from noroshi.catalogue.record import load_launches
from noroshi.catalogue.threats import flyer, load_threat
from noroshi.earth import frames, gravity
from noroshi.errors import NoroshiError
from noroshi.flight import orbits
from noroshi.flight.cruise import Waypoint, cruise
from noroshi.flight.fit import fit
from noroshi.flight.missile import Aim, Body, Site, adrift, ascent, course
from noroshi.flight.sample import burn_times, sampled, steps_of
from noroshi.flight.space import Wanted, ascend
from noroshi.records.tracks import Estimate
from noroshi.records.trajectory import Trajectory
from noroshi.tracking import kinds

# Ideal velocity, km/s, and loft, deg, by profile: what of the family's flights come down where they may.
AIMS = {
    "srbm": (1.4, 3.3, 40, 89),
    "mrbm": (3.0, 5.5, 60, 89.5),
    "irbm-single-stage": (4.8, 6.8, 15, 80),
    "icbm": (6.4, 9.0, 70, 89.8),
    "quasi-ballistic": (1.6, 3.0, 15, 45),
    "glide": (3.6, 7.2, 3, 22),
}
# No flight has more rows.
_ROWS = 8192


@dataclass(frozen=True)
class Flown:
    """One flight by the second, and what it is. `known_s` is when it was launched, None where it was not."""

    name: str
    kind: int
    time_s: np.ndarray
    position_m: np.ndarray
    velocity_mps: np.ndarray
    burning: np.ndarray
    lift: float
    beta: float
    launched: bool
    phase: np.ndarray
    sort: int = 0

    @property
    def height_m(self):
        return np.asarray(frames.height(self.position_m))


def _flown(
    name, track, kind=None, lift=0.0, beta=5e3, launched=True, sort=0, lifts_below_m=-1.0, failed_s=np.inf
):
    time_s = np.asarray(track.time_s)
    keep = np.append(np.diff(time_s) > 0.5, True)
    time_s = time_s[keep]
    place, speed = np.asarray(track.position_ecef_m)[keep], np.asarray(track.velocity_ecef_mps)[keep]
    burning = np.asarray(track.burning)[keep]
    force = other_force(time_s, place, speed)
    height = np.asarray(frames.height(place))
    climb = np.sum(speed * place, axis=1) / np.linalg.norm(place, axis=1)
    pushed = np.linalg.norm(force, axis=1)
    phase = np.where(
        burning,
        kinds.BOOST,
        np.where((climb < 0) & (pushed > 1) & (height < 110e3), kinds.REENTRY, kinds.MIDCOURSE),
    )
    if lift:
        # Lift: what pushes across the path.
        way = speed / np.maximum(np.linalg.norm(speed, axis=1), 1)[:, None]
        across = np.linalg.norm(force - np.sum(force * way, axis=1)[:, None] * way, axis=1)
        after = time_s > time_s[burning].max() if burning.any() else time_s > -1
        phase = np.where(after & (across > 2) & (height < lifts_below_m + 1e3), kinds.GLIDING, phase)
    if sort == kinds.AIRCRAFT or kind == kinds.CRUISE:
        phase = np.full(len(time_s), kinds.LEVEL)
    if kind is None:
        end = np.flatnonzero(burning)[-1] + 1
        if end >= len(time_s):
            return None
        reach = kinds.reach_km(np.linalg.norm(place[end]), np.linalg.norm(speed[end]))
        kind = int(kinds.band(reach))
    return Flown(name, kind, time_s, place, speed, burning, lift, beta, launched, phase, sort)


def other_force(time_s, place, speed):
    """What pushes beside gravity, m/s2, by differences."""
    # Of one length, or each flight would be compiled for.
    padded = [
        np.concatenate([part, np.repeat(part[-1:], _ROWS - len(part), axis=0)]) for part in (place, speed)
    ]
    return np.gradient(speed, time_s, axis=0) - np.asarray(gravity.apparent(*padded))[: len(place)]


def _drawn(family, rng, wider):
    """A missile of a profile; `wider` stretches what the profile draws."""
    missile, body = flyer(load_threat(family), lambda name: rng.random())
    if not wider:
        return missile, body
    stages = list(missile.stages)
    if family in ("irbm-single-stage", "mrbm", "icbm") and rng.random() < 0.4:
        more = len(stages) + (1 if len(stages) < 3 and rng.random() < 0.6 else 0)
        burn = sum(float(one.burn_s) for one in stages)
        share = rng.uniform(0.6, 1.6, more)
        stages = [
            replace(stages[0], burn_s=burn * w / share.sum(), share=v, gap_s=rng.uniform(0.5, 6))
            for w, v in zip(share, rng.uniform(0.7, 1.3, more), strict=True)
        ]
    stretch = rng.uniform(0.85, 1.2)
    stages = tuple(replace(one, burn_s=float(one.burn_s) * stretch) for one in stages)
    beta = float(body.ballistic_coefficient_kgpm2) * rng.uniform(0.6, 1.6)
    return replace(
        missile,
        stages=stages,
        gravity_turn=missile.gravity_turn if rng.random() < 0.8 else 1 - missile.gravity_turn,
    ), replace(body, ballistic_coefficient_kgpm2=beta)


def missiles(family, count, seed, wider=True, failing=False):
    """Flights of a profile that come down, or whose thrust is lost on the way."""
    rng = np.random.default_rng([seed, sum(map(ord, family)), failing])
    found = []
    low, high, flat, steep = AIMS[family]
    for _ in range(40 * count):
        if len(found) == count:
            break
        missile, body = _drawn(family, rng, wider)
        if float(missile.gravity_turn) > 0.5:
            loft = 90 - np.exp(rng.uniform(np.log(0.1), np.log(40)))
        else:
            loft = rng.uniform(flat, steep)
        aim = Aim(np.radians([loft]), np.array([rng.uniform(low, high)]), rng.uniform(0, 2 * np.pi, 1))
        site = Site(rng.uniform(-10, 60), rng.uniform(-180, 180), rng.uniform(0, 500))
        burns = burn_times(missile)
        lost_s = rng.uniform(0.1, 0.95) * burns[-1][1] if failing else np.inf
        body = replace(body, glide_ratio=0.0) if failing else body
        try:
            track = sampled(steps_of(course(site, missile, body, aim, thrust_until_s=lost_s)), 1.0, missile)
        except NoroshiError:
            continue
        track = replace(track, burning=track.burning & (track.time_s < lost_s))
        end_s = min(burns[-1][1], lost_s)
        height = np.asarray(frames.height(track.position_ecef_m))
        if (
            track.time_s[-1] < end_s + 30
            or height.max() < 10e3
            or height.max() > 9000e3
            or track.time_s[-1] > 6000
        ):
            continue
        lifted = family in ("glide", "quasi-ballistic") and not failing
        kind = kinds.FAILED if failing else {"glide": kinds.GLIDE, "quasi-ballistic": kinds.QUASI}.get(family)
        at = int(np.searchsorted(track.time_s, end_s))
        reach = kinds.reach_km(
            np.linalg.norm(track.position_ecef_m[at]), np.linalg.norm(track.velocity_ecef_mps[at])
        )
        # No glider is thrown up first; what stays lower than the pull-up is no quasi-ballistic flight.
        top_m = height.max()
        if family == "glide" and (top_m > 160e3 or reach < 900):
            continue
        if family == "quasi-ballistic" and top_m > 120e3:
            continue
        if reach < 120 and not failing:
            continue
        one = _flown(
            family + (" failing" if failing else ""),
            track,
            kind,
            float(np.max(body.glide_ratio)) if lifted else 0.0,
            float(body.ballistic_coefficient_kgpm2),
            lifts_below_m=float(body.lift_below_m) if lifted else -1.0,
        )
        if one is not None:
            found.append(one)
    return found


def launches_to_space(count, seed):
    rng = np.random.default_rng([seed, 5])
    found = []
    for _ in range(4 * count):
        if len(found) == count:
            break
        missile, _ = _drawn("space", rng, True)
        site = Site(rng.uniform(0, 45), rng.uniform(-180, 180))
        height = rng.uniform(250, 700)
        try:
            up = ascend(site, Wanted(height, height, rng.uniform(0, 360)), missile, Body(400.0))
            plan = course(site, up.missile, Body(1e6), up.aim)
            plan = replace(plan, until_s=np.full_like(plan.until_s, up.insertion_s + 600))
            track = sampled(steps_of(plan), 1.0, up.missile)
        except NoroshiError:
            continue
        found.append(_flown("space", track, kinds.SPACE))
    return found


def debris(count, seed):
    """First stages that fall after an ascent, and what falls from orbit."""
    rng = np.random.default_rng([seed, 6])
    found = []
    for number in range(6 * count):
        if len(found) == count:
            break
        beta = float(np.exp(rng.uniform(np.log(80), np.log(1000))))
        if number % 2:
            missile, _ = _drawn("icbm", rng, True)
            aim = Aim(
                np.radians([90 - np.exp(rng.uniform(-2, 2.5))]),
                np.array([rng.uniform(6.4, 8.8)]),
                rng.uniform(0, 6, 1),
            )
            site = Site(rng.uniform(0, 45), 100.0)
            plan = ascent(site, missile, aim)
            plan = replace(plan, until_s=np.full_like(plan.until_s, burn_times(missile)[0][1]))
            try:
                row = steps_of(plan)[-1]
            except NoroshiError:
                continue
            start_s, place, speed = row[0], row[1:4], row[4:]
        else:
            lat, lon = rng.uniform(-1, 1), rng.uniform(-3, 3)
            place = np.asarray(frames.ecef(lat, lon, 118e3))
            east, north, up = np.asarray(frames.enu_axes(lat, lon))
            way = rng.uniform(0, 2 * np.pi)
            steep = np.radians(rng.uniform(0.3, 3))
            speed = rng.uniform(7300, 7750) * (
                np.cos(steep) * (np.sin(way) * east + np.cos(way) * north) - np.sin(steep) * up
            )
            start_s = 0.0
        try:
            table = steps_of(adrift(start_s, place[None], speed[None], Body(beta)))
        except NoroshiError:
            continue
        track = sampled(table, 1.0, None)
        height = np.asarray(frames.height(track.position_ecef_m))
        if height.max() < 20e3 or not 60 < len(height) < 4000:
            continue
        found.append(
            _flown("debris", track, kinds.NONE, beta=beta, launched=bool(number % 2), sort=kinds.DEBRIS)
        )
    return found


def level(count, seed, cruising):
    rng = np.random.default_rng([seed, 7, cruising])
    found = []
    for _ in range(count):
        if cruising:
            fast = rng.random() < 0.2
            height = rng.uniform(12e3, 18e3) if fast else np.exp(rng.uniform(np.log(30), np.log(1500)))
            mps = rng.uniform(550, 1000) if fast else rng.uniform(200, 280)
        else:
            height = rng.choice([rng.uniform(500, 6e3), rng.uniform(7e3, 13e3), rng.uniform(8e3, 12e3)])
            # Low down traffic keeps to some 250 knots.
            mps = rng.uniform(60, 135) if height < 3e3 else rng.uniform(80, 290)
        lat, lon, way = rng.uniform(-50, 60), rng.uniform(-170, 170), rng.uniform(0, 2 * np.pi)
        far = np.degrees(mps * 700 / 6.37e6)
        end = lat + far * np.cos(way), lon + far * np.sin(way) / np.cos(np.radians(lat))
        climbs = 0 if cruising else rng.uniform(-1500, 1500)
        track = cruise((Waypoint(lat, lon, height, mps), Waypoint(*end, max(height + climbs, 100), mps)))
        kind = kinds.CRUISE if cruising else kinds.NONE
        found.append(
            _flown(
                "cruise" if cruising else "aircraft",
                track,
                kind,
                launched=False,
                sort=0 if cruising else kinds.AIRCRAFT,
            )
        )
    return found


def satellites(count, seed):
    rng = np.random.default_rng([seed, 8])
    found = []
    for _ in range(count):
        elements = orbits.walker(1, 1, 0, rng.uniform(0, 110), np.exp(rng.uniform(np.log(200), np.log(1800))))
        time_s = np.arange(0.0, 400.0) + rng.uniform(0, 80_000)
        place, speed = (
            np.asarray(part)[:, 0] if np.asarray(part).shape[0] == 400 else np.asarray(part)[0]
            for part in orbits.positions(elements, time_s)
        )

        still = np.zeros(400, bool)
        found.append(
            _flown(
                "satellite",
                Trajectory(time_s - time_s[0], place, speed, still, ~still),
                kinds.NONE,
                launched=False,
                sort=kinds.SATELLITE,
            )
        )
    return found


def recorded():
    """The launches of the record as the catalogue flies them: the middle of the profile, the first report."""
    found = []
    for launch in load_launches():
        try:
            asked = questions(launch)[0]
            missile, body = middling(asked)
            if asked.profile.family == "space":
                continue
            flight = fit(asked.site, asked.announced, missile, body)
            track = sampled(steps_of(course(flight.site, missile, body, flight.aim)), 1.0, missile)
        except NoroshiError:
            continue
        family = asked.profile.family
        kind = {"glide": kinds.GLIDE, "quasi-ballistic": kinds.QUASI}.get(family)
        lifted = kind is not None
        one = _flown(
            "recorded " + launch.name,
            track,
            kind,
            float(body.glide_ratio) if lifted else 0.0,
            float(body.ballistic_coefficient_kgpm2),
            lifts_below_m=float(body.lift_below_m) if lifted else -1.0,
        )
        if one is not None:
            found.append(one)
    return found


# What the models weigh in each phase when the filter is right; it lags some seconds after a change.
_RIGHT = {kinds.BOOST: 0, kinds.MIDCOURSE: 1, kinds.REENTRY: 1, kinds.GLIDING: 2, kinds.LEVEL: 3}


def estimates(flight, rng, start_s, step_s, sigma=None):
    """Estimates from `start_s` on with the errors of a tracker, which last some 20 s along one track."""
    position_m, speed_mps, force_mps2 = sigma or np.exp(
        rng.uniform(np.log([100, 5, 1]), np.log([1000, 50, 10]))
    )
    force = other_force(flight.time_s, flight.position_m, flight.velocity_mps)
    sigmas = np.repeat([position_m, speed_mps, force_mps2], 3)
    error, out = rng.standard_normal(9), []
    model = np.array([_RIGHT[int(one)] for one in flight.phase])
    for at_s in np.arange(start_s, flight.time_s[-1] - 2, step_s):
        row = int(np.searchsorted(flight.time_s, at_s))
        keep = np.exp(-step_s / 20)
        error = keep * error + np.sqrt(1 - keep**2) * rng.standard_normal(9)
        right = model[max(row - int(rng.integers(0, 7)), 0)]
        weight = rng.dirichlet(np.ones(4) * 0.5) * rng.uniform(0, 0.4)
        weight[right] += 1 - weight.sum()
        pushed = force[row] if right in (0, 2) else np.zeros(3)
        falling = flight.phase[row] in (kinds.REENTRY, kinds.GLIDING) and np.linalg.norm(force[row]) > 5
        log_sigma = 0.25 if falling else 0.8
        log_beta = np.log(flight.beta) + 0.25 * error[0] if falling else np.log(5000.0)
        mean = np.concatenate([flight.position_m[row], flight.velocity_mps[row], pushed * weight[right]])
        mean = np.append(mean + sigmas * error, log_beta)
        cov = np.diag(np.append(sigmas, log_sigma) ** 2)
        out.append((row, Estimate(np.float64(flight.time_s[row]), mean, cov, weight)))
    return out
