"""Forecast regions against flights richer than the forecast's model, by family and time since launch.

Truth is flown by `flight` after the threat profiles, made wider: burns and stages shared unevenly, other gaps
and lofts, banks, failures. No filter runs: the estimate is the true state with an error drawn from a
tracker's covariance (and a bias that it does not tell), and the weights that an honest filter would have.

`python -m tests.tracking.regions [FOLDER] [COUNT]` prints the table of docs/reference/forecast.md and draws
it.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import jax
import numpy as np

from noroshi.catalogue.threats import flyer, load_threat
from noroshi.earth import frames
from noroshi.earth.constants import STANDARD_GRAVITY_MPS2
from noroshi.flight import dynamics
from noroshi.flight.dynamics import KILO, MEGA, Coasting
from noroshi.flight.fit import flown
from noroshi.flight.legs import Course
from noroshi.flight.missile import Aim, Body, Site, Stage, course
from noroshi.records.tracks import Belief, Estimate
from noroshi.tracking import forecast, region

SITE = Site(39.66, 125.3, 50.0)
# Ideal velocity, km/s, and loft, deg, from and to: what the families fly in the public record, and a little
# more. Banks of those with lift, deg, one sigma.
FLOWN = {
    "srbm": ((1.5, 2.8), (40, 65), 0.0),
    "mrbm": ((2.7, 4.0), (40, 70), 0.0),
    "irbm-single-stage": ((4.2, 5.8), (35, 70), 0.0),
    "icbm": ((6.0, 8.0), (45, 80), 0.0),
    "quasi-ballistic": ((1.6, 2.8), (28, 50), 10.0),
    "glide": ((4.5, 6.5), (12, 28), 25.0),
}
# The same of gliders that turn hard aside.
LATERAL = ((3.6, 4.4), (14, 28), 60.0)
FAILS = 0.08
# Out of family: what nations believe who were told of another missile.
MISTAKEN = {
    "srbm": "mrbm",
    "mrbm": "irbm-single-stage",
    "irbm-single-stage": "icbm",
    "icbm": "irbm-single-stage",
}
# When: while it burns, at times since launch that do not hang on how long this one burns (shares of the
# longest burn of the profile), for what burns still; then seconds after burnout, and shares of the fall.
BURNING_AT = (0.25, 0.4, 0.55, 0.7, 0.85)
MOMENTS = (
    *(f"burning, {share:.0%} of the longest burn" for share in BURNING_AT),
    "burnout + 5 s",
    "burnout + 20 s",
    "30 % of the fall",
    "60 % of the fall",
)
# A tracker's sigmas: place m, speed m/s, force m/s2.
BOOST, COAST = (300.0, 15.0, 2.0), (200.0, 5.0, 0.3)
# An error of the sensor that the covariance does not tell, in its sigmas, the same for the whole flight.
BIAS = 0.4


@dataclass(frozen=True)
class Flights:
    """True flights [K] of a family at each moment [M]."""

    family: str
    time_s: np.ndarray  # [M, K]
    state: np.ndarray  # [M, K, 9] position, velocity, force
    burning: np.ndarray  # [M, K]
    lifting: np.ndarray  # [M, K] flies on its lift
    impact_deg: np.ndarray  # [K, 2]
    impact_time_s: np.ndarray  # [K]
    failed: np.ndarray  # [K]


def belief(family: str) -> Belief:
    """What a nation told of that family would believe."""
    model = load_threat(family).belief
    drag = model.ballistic_coefficient_kgpm2
    figures = (
        model.burn_s.low,
        model.burn_s.high,
        model.specific_impulse_s.middle * STANDARD_GRAVITY_MPS2,
        drag.middle,
        (drag.high / drag.low) ** 0.25,
        1.5,
        3.0,
    )
    return Belief(*map(np.float64, figures))


@dataclass(frozen=True)
class Launches:
    """Launches [K] of a family as they are flown: course, stages, end of the thrust, what falls."""

    plan: Course
    stages: tuple[Stage, ...]
    lost_s: np.ndarray
    burnout_s: np.ndarray
    body: Body

    def burning(self, at_s: np.ndarray) -> np.ndarray:
        """Whether a stage is lit."""
        return _burns(self.stages, at_s, self.lost_s)


def launches(family: str, count: int, seed: int) -> Launches:
    """Draw `count` launches of a family, richer than its profile.

    "lateral" are gliders of short range that turn hard aside once on their way, as was told of the flight of
    2022-01-11: 1,000 km at Mach 10 and 60 km, of which 240 km aside.
    """
    chance = np.random.default_rng([seed, len(family), count])
    lateral = family == "lateral"
    missile, body = flyer(
        load_threat("glide" if lateral else family), lambda name: chance.uniform(0, 1, count)
    )
    stages = tuple(
        replace(
            stage,
            burn_s=stage.burn_s * chance.uniform(0.6, 1.4, count),
            share=chance.uniform(0.7, 1.3, count),
            gap_s=chance.uniform(1.0, 8.0, count) if number else 0.0,
        )
        for number, stage in enumerate(missile.stages)
    )
    # Uneven, but as long together as the profile says, give or take a tenth.
    whole = sum(stage.burn_s for stage in missile.stages) * chance.uniform(0.9, 1.1, count)
    longer = whole / sum(stage.burn_s for stage in stages)
    stages = tuple(replace(stage, burn_s=stage.burn_s * longer) for stage in stages)
    missile = replace(missile, stages=stages)
    ideal, loft, bank_deg = LATERAL if lateral else FLOWN[family]
    if lateral:
        side = np.where(chance.random(count) < 0.5, -1.0, 1.0)
        hard = side * np.radians(bank_deg) * chance.uniform(0.8, 1.2, count)
        spans = ((20, 80), (50, 110))
        body = replace(
            body, bank_rad=(0.0 * hard, hard), bank_s=tuple(chance.uniform(*span, count) for span in spans)
        )
    elif bank_deg:
        banks = tuple(np.radians(bank_deg) * chance.standard_normal(count) for _ in range(4))
        body = replace(body, bank_rad=banks, bank_s=tuple(chance.uniform(40, 200, count) for _ in range(4)))
    aim = Aim(
        np.radians(chance.uniform(*loft, count)),
        chance.uniform(*ideal, count),
        np.radians(chance.uniform(40, 140, count)),
    )
    failed = chance.uniform(size=count) < FAILS
    end_s = sum(stage.burn_s for stage in stages) + sum(stage.gap_s for stage in stages[1:])
    lost_s = np.where(failed, end_s * chance.uniform(0.3, 1.0, count), np.inf)
    burnout_s = np.minimum(end_s, lost_s)
    plan = course(SITE, missile, body, aim, thrust_until_s=lost_s)
    return Launches(plan, stages, lost_s, burnout_s, body)


@cache
def flights(family: str, count: int, seed: int) -> Flights:
    """Fly `count` launches of a family, richer than its profile; those that end in the boost are left out."""
    launched = launches(family, count, seed)
    plan, burnout_s, body = launched.plan, launched.burnout_s, launched.body
    done = flown(plan)
    impact_s = done.time[-1] * KILO
    kept = done.landed.any(axis=0) & done.sound & (impact_s > burnout_s + 60)
    lat, lon, _ = frames.geodetic(done.state[-1][:3].T * MEGA)
    longest_s, fall_s = load_threat(family).burn_s.high, impact_s - burnout_s
    times = np.stack(
        [np.full(count, share * longest_s) for share in BURNING_AT]
        + [burnout_s + 5, burnout_s + 20, burnout_s + 0.3 * fall_s, burnout_s + 0.6 * fall_s]
    )
    states, burning, lifting = [], [], []
    for at_s in times:
        y = flown(replace(plan, until_s=at_s)).state[-1]
        before, after = (flown(replace(plan, until_s=at_s + d)).state[-1][3:] for d in (-0.2, 0.2))
        slope = np.array(
            dynamics.coast(0.0, tuple(y), Coasting(np.asarray(body.ballistic_coefficient_kgpm2)))
        )
        force = (after - before) / 0.4 * KILO - slope[3:]
        states.append(np.concatenate([y[:3] * MEGA, y[3:] * KILO, force]).T)
        burning.append(launched.burning(at_s))
        low = np.asarray(dynamics.height(tuple(y))) * MEGA < 60e3
        lifting.append(
            low & (at_s > burnout_s) & (np.linalg.norm(force, axis=0) > 1.0) & (FLOWN[family][2] > 0)
        )
    return Flights(
        family,
        times[:, kept],
        np.array(states)[:, kept],
        np.array(burning)[:, kept],
        np.array(lifting)[:, kept],
        np.degrees(np.stack([lat, lon], axis=-1))[kept],
        impact_s[kept],
        np.isfinite(launched.lost_s)[kept],
    )


def _burns(stages: tuple[Stage, ...], at_s: np.ndarray, lost_s: np.ndarray) -> np.ndarray:
    """Whether a stage is lit."""
    lit = np.zeros(len(at_s), bool)
    begin_s = np.zeros(len(at_s))
    for number, stage in enumerate(stages):
        begin_s = begin_s + (stage.gap_s if number else 0.0)
        lit |= (at_s >= begin_s) & (at_s < begin_s + stage.burn_s)
        begin_s = begin_s + stage.burn_s
    return lit & (at_s < lost_s)


_bundle = jax.jit(forecast.bundle, static_argnames="lanes")


def ranks(
    true: Flights,
    known: Belief,
    seed: int,
    lanes: int = forecast.LANES,
    rows: Sequence[int] = range(len(MOMENTS)),
) -> np.ndarray:
    """Share of each region's probability nearer its peak than the true impact [rows, K].

    NaN where it is not looked at (it no longer burns), 1 where no region could be made.
    """
    chance = np.random.default_rng([seed, 7])
    count = true.state.shape[1]
    bias = chance.standard_normal((count, 9)) * BIAS
    found = np.full((len(rows), count), np.nan)
    for place, row in enumerate(rows):
        for k in range(count):
            error = chance.standard_normal(9) + bias[k]
            if row < len(BURNING_AT) and not true.burning[row, k]:
                continue
            estimate = honest(true, row, k, known, error)
            drawn = _bundle(estimate, np.float64(0.0), known, np.float64(0.0), lanes=lanes)
            seen = region.region(jax.tree.map(np.asarray, drawn))
            found[place, k] = 1.0 if seen is None else seen.rank(*true.impact_deg[k])
    return found


def honest(true: Flights, row: int, k: int, known: Belief, error: np.ndarray) -> Estimate:
    """What a filter would have: the truth with an error (in sigmas), its covariance, and its weights."""
    in_burn, lifting = row < len(BURNING_AT), true.lifting[row, k]
    place, speed, force = BOOST if in_burn else COAST
    sigma = np.array([place] * 3 + [speed] * 3 + [force] * 3 + [np.log(known.ballistic_coefficient_ratio)])
    # The drag is not drawn about its truth: it is what is believed.
    mean = np.append(true.state[row, k], np.log(known.ballistic_coefficient_kgpm2))
    if not in_burn and not lifting:
        mean[6:9] = 0.0
    mean[:9] += sigma[:9] * error
    gliders = true.family in ("glide", "quasi-ballistic")
    if in_burn:
        weight = [0.97, 0.03, 0.0, 0.0]
    elif lifting:
        weight = [0.0, 0.05, 0.95, 0.0]
    else:
        # Above the air no filter can tell a glider; its nation knows the family.
        weight = [0.05 if row == len(BURNING_AT) else 0.0, *((0.3, 0.65) if gliders else (0.95, 0.0)), 0.0]
    return Estimate(np.float64(true.time_s[row, k]), mean, np.diag(sigma**2), np.array(weight) / sum(weight))


def table(count: int, seed: int = 0) -> list[tuple[str, str, str, float, np.ndarray]]:
    """(family, believed family, moment, seconds since launch, ranks) for all, in family and out of it."""
    rows = []
    for family in FLOWN:
        true = flights(family, count, seed)
        for known in (family, *([MISTAKEN[family]] if family in MISTAKEN else [])):
            for moment, at_s, found in zip(
                MOMENTS, true.time_s, ranks(true, belief(known), seed + 1), strict=True
            ):
                looked = np.isfinite(found)
                if looked.any():
                    rows.append((family, known, moment, float(np.median(at_s[looked])), found[looked]))
    return rows


def main(folder: str = ".", count: str = "512") -> None:
    """Print the table and draw how often regions of each share hold the truth."""
    import matplotlib.pyplot as plt

    rows = table(int(count))
    print("| family | believed | moment | s after launch | flights | 50 % holds | 90 % | 95 % |")
    print("|---|---|---|---|---|---|---|---|")
    for family, known, moment, at_s, found in rows:
        held = " | ".join(f"{(found <= share).mean():.3f}" for share in region.LEVELS)
        print(f"| {family} | {known} | {moment} | {at_s:.0f} | {len(found)} | {held} |")
    shares = np.linspace(0.02, 0.99, 60)
    figure, axes = plt.subplots(2, 3, figsize=(11, 7), sharex=True, sharey=True)
    for family, axis in zip(FLOWN, axes.flat, strict=True):
        axis.plot([0, 1], [0, 1], color="0.7", linewidth=1)
        for name, known, moment, at_s, found in rows:
            if name == family:
                held = [(found <= share).mean() for share in shares]
                style = "-" if known == family else ":"
                colour = plt.get_cmap("viridis")(MOMENTS.index(moment) / (len(MOMENTS) - 1))
                axis.plot(
                    shares,
                    held,
                    style,
                    color=colour,
                    linewidth=1,
                    label=f"{at_s:.0f} s" if style == "-" else None,
                )
        axis.set_title(family)
        axis.legend(fontsize=6, title="after launch", title_fontsize=6)
    figure.supxlabel("share of the region")
    figure.supylabel("share of true impacts inside (dotted: out of family)")
    figure.tight_layout()
    figure.savefig(Path(folder) / "forecast-reliability.svg")


if __name__ == "__main__":
    main(*sys.argv[1:])
