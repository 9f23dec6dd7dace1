"""The whole chain with real filters: flights of every family, biased sensors, tracks, forecasts, kinds.

Truth is flown by `flight`, richer than any model of a filter (`regions.launches`); sensors stand where those
of the shipped scenarios stand, with their noise, their biases drawn wider than believed, misses and horizons;
tracks begin at the first plot of a radar and are followed by `imm` alone. All flights are followed side by
side. Association is left out: every plot is its own flight's.

`python -m tests.tracking.chain [FOLDER] [COUNT] [SEED]` prints the tables of docs/reference/tracking.md and
draws its figure.
"""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from noroshi.catalogue.profiles import ThreatProfile
from noroshi.catalogue.threats import load_threat
from noroshi.compiled import QUICK
from noroshi.earth import frames, geometry
from noroshi.exercise.nations import believed
from noroshi.flight.dynamics import KILO, MEGA
from noroshi.flight.fit import flown
from noroshi.flight.legs import Course
from noroshi.records.tracks import BALLISTIC, Belief, Estimate, Sight, Track
from noroshi.sensing.infrared import nadir_axes
from noroshi.tracking import forecast, imm, kinds, measures, region
from noroshi.tracking.classify import Known, classify
from tests.tracking import regions
from tests.tracking.reliability import scores

FAMILIES = (*regions.FLOWN, "lateral")
# What rises higher, m, is no quasi-ballistic flight, and none that a glider of the public record has made
# (110 km and less): it is told apart by another name.
LOW_M = {"quasi-ballistic": 120e3, "glide": 200e3, "lateral": 200e3}
LOFTED = ", lofted"
# What nations believe who know no better than a neighbouring family.
MISTAKEN = {
    **regions.MISTAKEN,
    "quasi-ballistic": "srbm",
    "glide": "icbm",
    "lateral": "mrbm",
}
# Looks fall on a grid of so many seconds until, and then from, s; and nothing is followed for longer.
STEP_S, LATER_STEP_S, LATER_S, LONGEST_S = 2.0, 4.0, 420.0, 1800.0
# A track is looked at only where it was seen within so many seconds, and this long after its first plot.
SEEN_S, SETTLED_S = 10.0, 15.0
_SIGHTS = 5
PHASES = ("burning", "after burnout", "coasting", "in the air")


@dataclass(frozen=True)
class Sensor:
    """Place, axes, sigmas (range m, angles rad) and biases of a sensor, farthest range, lowest elevation."""

    name: str
    lat_deg: float
    lon_deg: float
    height_m: float
    sigma: tuple[float, float]
    bias: tuple[float, float]
    far_m: float
    low_deg: float

    @property
    def site(self) -> np.ndarray:
        return np.asarray(frames.ecef(*np.radians([self.lat_deg, self.lon_deg]), np.float64(self.height_m)))

    @property
    def axes(self) -> np.ndarray:
        lat, lon = np.radians([self.lat_deg, self.lon_deg])
        return np.asarray(nadir_axes(lat, lon) if self.satellite else frames.enu_axes(lat, lon))

    @property
    def satellite(self) -> bool:
        return self.height_m > 1e7


# Places and figures of data/scenarios/japan-2022-10-04.toml and the profiles that it names.
RADARS = (
    Sensor("JPN-Ominato", 41.279, 141.12, 879, (50, 6e-4), (100, 5e-4), 2.5e6, 0.5),
    Sensor("JPN-Sado", 38.086, 138.335, 1042, (50, 6e-4), (100, 5e-4), 2.5e6, 0.5),
    Sensor("JPN-Koshikijima", 31.72, 129.73, 400, (50, 6e-4), (100, 5e-4), 2.5e6, 0.5),
    Sensor("JPN-Aegis", 39.3, 135.0, 0, (40, 1.5e-3), (80, 8e-4), 1.5e6, 0.5),
    Sensor("KOR-GreenPine-N", 36.7, 127.7, 300, (40, 1e-3), (80, 7e-4), 0.9e6, 0.5),
    Sensor("USA-Shariki", 40.89, 140.336, 20, (10, 3e-4), (50, 3e-4), 2.0e6, 0.3),
    Sensor("USA-Kyogamisaki", 35.768, 135.218, 30, (10, 3e-4), (50, 3e-4), 2.0e6, 0.3),
)
SATELLITE = Sensor("USA-IR-1", 0.0, 120.0, 35_786e3, (np.inf, 30e-6), (0, 20e-6), 1e9, -90)
BELIEVED_BIAS = 0.95
DETECTION = 0.9
_REVISIT_S, _SATELLITE_S, _CLOUD_M = (2, 4), 10, 9e3


@dataclass(frozen=True)
class Truth:
    """Flights [K] on a grid of times [T]: places and velocities [T, K, 6], burning [T, K], how each ends."""

    family: np.ndarray
    time_s: np.ndarray
    state: np.ndarray
    burning: np.ndarray
    burnout_s: np.ndarray
    impact_s: np.ndarray
    impact_deg: np.ndarray
    failed: np.ndarray


def grid() -> np.ndarray:
    """Times of the looks, s after launch."""
    return np.append(np.arange(STEP_S, LATER_S, STEP_S), np.arange(LATER_S, LONGEST_S, LATER_STEP_S))


def truth(families: Sequence[str], count: int, seed: int) -> Truth:
    """Fly `count` launches of each family; what comes down within a minute of its burnout is left out."""
    time_s, parts = grid(), []
    for family in families:
        launched = regions.launches(family, count, seed)
        done = flown(launched.plan)
        impact_s = done.time[-1] * KILO
        kept = done.landed.any(axis=0) & done.sound & (impact_s > launched.burnout_s + 60)
        kept = np.flatnonzero(kept)
        until_s = np.minimum(time_s[:, None], impact_s[kept])
        state = _at(launched.plan, kept, until_s)
        lat, lon, _ = frames.geodetic(done.state[-1][:3].T[kept] * MEGA)
        burning = np.stack([launched.burning(np.full(count, at_s))[kept] for at_s in time_s])
        top_m = np.asarray(frames.height(state[..., :3])).max(axis=0)
        name = np.where(top_m > LOW_M.get(family, np.inf), family + LOFTED, family)
        parts.append((
            name, state, burning, launched.burnout_s[kept], impact_s[kept],
            np.degrees(np.stack([lat, lon], axis=-1)), np.isfinite(launched.lost_s)[kept],
        ))  # fmt: skip
    family, state, burning, burnout_s, impact_s, impact_deg, failed = zip(*parts, strict=True)
    join = np.concatenate
    return Truth(
        join(family), time_s, join(state, axis=1), join(burning, axis=1), join(burnout_s), join(impact_s),
        join(impact_deg), join(failed),
    )  # fmt: skip


def _at(plan: Course, rows: np.ndarray, until_s: np.ndarray) -> np.ndarray:
    """States [T, K, 6], m and m/s, of some flights of a course at times [T, K]: each flown to on its own."""
    times = len(until_s)
    lanes = np.tile(rows, times)
    fields = {name: getattr(plan, name) for name in Course.__dataclass_fields__ if name != "earth"}
    taken = jax.tree.map(lambda leaf: np.asarray(leaf)[..., lanes], fields)
    taken["until_s"] = until_s.ravel()
    y = flown(Course(**taken, earth=plan.earth)).state[-1]
    return np.concatenate([y[:3] * MEGA, y[3:] * KILO]).T.reshape(times, len(rows), 6)


@dataclass(frozen=True)
class Looks:
    """What was plotted: sights [T, K, 5], valid ones first, and how many; the first plot [K] of a radar."""

    sights: Sight
    count: np.ndarray
    first: Sight
    seen: np.ndarray


def looks(true: Truth, seed: int) -> Looks:
    """Two to four radars, for every other flight a satellite too, each with its own bias for the flight."""
    chance = np.random.default_rng([seed, 11])
    times, flights = true.state.shape[:2]
    rows: dict[str, list[np.ndarray]] = {"seen": [], "z": [], "sigma": [], "site": [], "axes": [], "bias": []}
    every = (*RADARS, SATELLITE)
    chosen = np.zeros((flights, len(every)), bool)
    for k in range(flights):
        chosen[k, chance.permutation(len(RADARS))[: chance.integers(2, 5)]] = True
        chosen[k, -1] = k % 2 == 0
    alive = true.time_s[:, None] < true.impact_s
    height = np.asarray(frames.height(true.state[..., :3]))
    for number, sensor in enumerate(every):
        site, axes = sensor.site, sensor.axes
        exact = np.asarray(geometry.range_azimuth_elevation(site, axes, true.state[..., :3]))
        every_s = np.where(chance.random(flights) < 0.5, *_REVISIT_S)
        if sensor.satellite:
            every_s = np.full(flights, _SATELLITE_S)
        turn = (true.time_s[:, None] - STEP_S * chance.integers(0, 3, flights)) % every_s == 0
        seen = alive & turn & chosen[:, number] & (chance.random((times, flights)) < DETECTION)
        if sensor.satellite:
            seen &= true.burning & (height > _CLOUD_M)
        else:
            seen &= (exact[..., 0] < sensor.far_m) & (exact[..., 2] > np.radians(sensor.low_deg))
            seen &= exact[..., 2] < np.radians(80)
        sigma = np.array([sensor.sigma[0], sensor.sigma[1], sensor.sigma[1], np.inf])
        bias = np.array([sensor.bias[0], sensor.bias[1], sensor.bias[1]])
        noise = np.where(np.isfinite(sigma[:3]), sigma[:3], 0) * chance.standard_normal((times, flights, 3))
        z = exact + bias * chance.standard_normal((flights, 3)) + noise
        z = np.concatenate([np.where(np.isfinite(sigma[:3]), z, 0.0), np.zeros((times, flights, 1))], axis=-1)
        rows["seen"].append(seen)
        rows["z"].append(z)
        for name, value in (("sigma", sigma), ("site", site), ("axes", axes), ("bias", BELIEVED_BIAS * bias)):
            rows[name].append(value)
    seen = np.stack(rows["seen"], axis=-1)
    order = np.argsort(~seen, axis=-1, kind="stable")[..., :_SIGHTS]
    z = np.take_along_axis(np.stack(rows["z"], axis=2), order[..., None], axis=2)
    fixed = {name: np.array(rows[name])[order] for name in ("sigma", "site", "axes", "bias")}
    time_s = np.broadcast_to(true.time_s[:, None, None], order.shape).copy()
    sights = Sight(time_s, z, fixed["sigma"], fixed["site"], fixed["axes"], fixed["bias"], order + 1)
    count = np.minimum(seen.sum(axis=-1), _SIGHTS)
    by_radar = seen[..., :-1].any(axis=-1)
    first = by_radar.argmax(axis=0)
    lane = np.arange(flights)
    # Radars come before the satellite.
    begun = jax.tree.map(lambda leaf: leaf[first, lane, 0], sights)
    return Looks(sights, count, begun, by_radar.any(axis=0))


# --- filters ------------------------------------------------------------------------------------------------


# Tracks that are followed side by side: one size, so that it is compiled once.
LANES = 128


def _moved(tracks: Track, to_s: np.ndarray, belief: Belief, alone: np.ndarray) -> Track:
    def one(track, to_s, belief, alone):
        # Of a bare filter nothing comes to the ballistic model from the others.
        only = jnp.full(4, 1e-12).at[BALLISTIC].set(1.0)
        return imm.predict(replace(track, weight=jnp.where(alone, only, track.weight)), to_s, belief)

    return jax.vmap(one)(tracks, to_s, belief, alone)


def _taken(tracks: Track, sights: Sight, count: np.ndarray, most: int, alone: np.ndarray):
    def one(track, sights, count, alone):
        def take(row, track):
            sight = jax.tree.map(lambda column: column[row], sights)
            taken, _ = imm.update(track, sight)
            return jax.tree.map(lambda a, b: jnp.where(row < count, a, b), taken, track)

        track = jax.lax.fori_loop(0, most, take, track)
        only = jnp.full(4, 1e-12).at[BALLISTIC].set(1.0)
        track = replace(track, weight=jnp.where(alone, only, track.weight))
        return track, imm.collapse(track)

    return jax.vmap(one)(tracks, sights, count, alone)


_move = jax.jit(_moved, compiler_options=QUICK)
_take = jax.jit(_taken, compiler_options=QUICK)
_init = jax.jit(jax.vmap(imm.init), compiler_options=QUICK)
_bundle = jax.jit(forecast.bundle, static_argnames="lanes")


@dataclass(frozen=True)
class Followed:
    """Tracks of flights [K] on the grid [T]: what they collapse to, when each was first and last seen."""

    time_s: np.ndarray
    mean: np.ndarray
    cov: np.ndarray
    weight: np.ndarray
    first_s: np.ndarray
    last_s: np.ndarray  # [T, K]

    def at(self, row: int, k: int) -> Estimate:
        return Estimate(self.time_s[row], self.mean[row, k], self.cov[row, k], self.weight[row, k])


def follow(
    true: Truth, seen: Looks, rows: np.ndarray, beliefs: Sequence[Belief], alone: np.ndarray | None = None
) -> Followed:
    """Follow flights `rows`, each under its own belief; `alone`: by the ballistic model only."""
    alone = np.zeros(len(rows), bool) if alone is None else alone
    parts = [
        _followed(true, seen, rows[k : k + LANES], beliefs[k : k + LANES], alone[k : k + LANES])
        for k in range(0, len(rows), LANES)
    ]
    joined = [
        np.concatenate([getattr(part, name) for part in parts], axis=axis)
        for name, axis in (("mean", 1), ("cov", 1), ("weight", 1), ("first_s", 0), ("last_s", 1))
    ]
    return Followed(true.time_s, *joined)


def _followed(
    true: Truth, seen: Looks, rows: np.ndarray, beliefs: Sequence[Belief], alone: np.ndarray
) -> Followed:
    lanes, fill = len(rows), np.arange(LANES) % len(rows)
    rows, alone = rows[fill], alone[fill]
    belief = Belief(*(np.array(column)[fill] for column in zip(*map(_fields, beliefs), strict=True)))
    first = jax.tree.map(lambda leaf: leaf[rows], seen.first)
    track = _init(first, belief)
    first_s = np.asarray(first.time_s)
    told: dict[str, list[np.ndarray]] = {"mean": [], "cov": [], "weight": [], "last": []}
    last_s = first_s
    for row, at_s in enumerate(true.time_s):
        count = np.where(at_s > first_s, seen.count[row, rows], 0)
        to_s = np.maximum(np.minimum(at_s, true.impact_s[rows]), first_s)
        sights = jax.tree.map(lambda leaf, row=row: leaf[row, rows], seen.sights)
        track = _move(track, to_s, belief, alone)
        track, estimate = _take(track, sights, count, count.max(initial=0), alone)
        last_s = np.where(count > 0, at_s, last_s)
        for name in ("mean", "cov", "weight"):
            told[name].append(np.asarray(getattr(estimate, name))[:lanes])
        told["last"].append(last_s[:lanes])
    mean, cov, weight, last = map(np.array, told.values())
    return Followed(true.time_s, mean, cov, weight, first_s[:lanes], last)


def _fields(belief: Belief) -> tuple[float, ...]:
    return tuple(float(getattr(belief, name)) for name in Belief.__dataclass_fields__)


def belief(family: str) -> Belief:
    """What a nation told of that family believes."""
    return believed(_profile(family).belief)


def _profile(family: str) -> ThreatProfile:
    name = family.removesuffix(LOFTED)
    return load_threat("glide" if name == "lateral" else name)


# --- how far it can be trusted ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """Tracks [L] of flights `rows` under beliefs, and what may be asked of them on the grid [T, L]."""

    true: Truth
    rows: np.ndarray
    family: np.ndarray
    believed: np.ndarray
    beliefs: list[Belief]
    tracks: Followed
    settled: np.ndarray  # seen long enough, and just now
    phase: np.ndarray  # index of PHASES
    nees: np.ndarray  # of place and speed together, per degree of freedom
    off_m: np.ndarray


def run(families: Sequence[str], count: int, seed: int, mistaken: bool = True) -> Run:
    """Fly, look and follow: each flight under the belief of its own family, and under that of another."""
    true = truth(families, count, seed)
    seen = looks(true, seed)
    rows = np.flatnonzero(seen.seen)
    own = np.array([name.removesuffix(LOFTED) for name in true.family[rows]])
    told = np.where(own == "lateral", "glide", own)
    if mistaken:
        rows = np.concatenate([rows, rows])
        told = np.concatenate([told, [MISTAKEN[family] for family in own]])
    beliefs = [belief(name) for name in told]
    tracks = follow(true, seen, rows, beliefs)
    return _asked(true, rows, told, beliefs, tracks)


def _asked(true: Truth, rows: np.ndarray, told: np.ndarray, beliefs: list[Belief], tracks: Followed) -> Run:
    at_s, state = true.time_s[:, None], true.state[:, rows]
    settled = (at_s >= tracks.first_s + SETTLED_S) & (at_s - tracks.last_s <= SEEN_S)
    settled &= at_s < true.impact_s[rows] - 5
    high = np.asarray(frames.height(state[..., :3])) > 100e3
    after_s = at_s - true.burnout_s[rows]
    phase = np.where(after_s < 0, 0, np.where(after_s < 20, 1, np.where(high, 2, 3)))
    error = tracks.mean[..., :6] - state
    nees = measures.nees(error, tracks.cov[..., :6, :6]) / 6
    off_m = np.linalg.norm(error[..., :3], axis=-1)
    return Run(true, rows, true.family[rows], told, beliefs, tracks, settled, phase, nees, off_m)


def moments(one: Run) -> np.ndarray:
    """Row of the grid for each of regions.MOMENTS and each track, -1 where the track is not to be asked."""
    true, rows = one.true, one.rows
    longest_s = np.array([_profile(name).burn_s.high for name in one.family])
    burnout_s = true.burnout_s[rows]
    fall_s = true.impact_s[rows] - burnout_s
    times = [share * longest_s for share in regions.BURNING_AT]
    times += [burnout_s + 5, burnout_s + 20, burnout_s + 0.3 * fall_s, burnout_s + 0.6 * fall_s]
    found = np.searchsorted(true.time_s, np.array(times))
    lane = np.arange(len(rows))
    inside = found < len(true.time_s)
    found = np.where(inside, found, 0)
    good = inside & one.settled[found, lane]
    good[: len(regions.BURNING_AT)] &= true.burning[:, rows][found, lane][: len(regions.BURNING_AT)]
    return np.where(good, found, -1)


def ranks(one: Run, seed: int, lanes: int = forecast.LANES) -> np.ndarray:
    """Rank of the true impact in each track's forecast [moments, L], its launch known to some seconds.

    NaN where nobody looks, 1 where no region could be made.
    """
    launched_s = np.random.default_rng([seed, 13]).normal(0, 3, len(one.true.impact_s))
    asked = moments(one)
    found = np.full(asked.shape, np.nan)
    for place, k in np.argwhere(asked >= 0):
        estimate, row = one.tracks.at(asked[place, k], k), one.rows[k]
        drawn = _bundle(estimate, np.float64(launched_s[row]), one.beliefs[k], np.float64(0.0), lanes=lanes)
        seen = region.region(jax.tree.map(np.asarray, drawn))
        found[place, k] = 1.0 if seen is None else seen.rank(*one.true.impact_deg[row])
    return found


_KIND = {"quasi-ballistic": kinds.QUASI, "glide": kinds.GLIDE, "lateral": kinds.GLIDE}


def kinds_told(one: Run, every_s: float = 20.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Odds [N, kinds], the truth [N] and seconds since launch [N] of what tracks are held for, launch seen.

    Tracks of flights that came to the end of their burn, under the belief of their own family.
    """
    true, rows = one.true, []
    for k in np.flatnonzero(~true.failed[one.rows]):
        name = one.family[k].removesuffix(LOFTED)
        if k >= len(set(one.rows.tolist())):
            break
        kind = _KIND.get(name)
        if kind is None:
            end = int(np.searchsorted(true.time_s, true.burnout_s[one.rows[k]]))
            state = true.state[min(end, len(true.time_s) - 1), one.rows[k]]
            reach = kinds.reach_km(np.linalg.norm(state[:3]), np.linalg.norm(state[3:]))
            kind = int(kinds.band(reach))
        held, next_s = None, 0.0
        for row in np.flatnonzero(one.settled[:, k]):
            if true.time_s[row] < next_s:
                continue
            next_s = true.time_s[row] + every_s
            held = classify(one.tracks.at(row, k), Known(0.0), held)
            rows.append(([held.odds[name] for name in kinds.KINDS], kind, true.time_s[row]))
    odds, kind, at_s = zip(*rows, strict=True)
    return np.array(odds), np.array(kind), np.array(at_s)


def pairs(one: Run) -> list[tuple[str, str]]:
    """Families and what is believed of them, in order."""
    return list(dict.fromkeys(zip(one.family.tolist(), one.believed.tolist(), strict=True)))


def consistency(one: Run, family: str, told: str, phase: int) -> tuple[float, float, int]:
    """Mean NEES per degree of freedom over the flights, median error of place, m, and how many flights."""
    asked = one.settled & (one.phase == phase) & (one.family == family) & (one.believed == told)
    each = np.flatnonzero(asked.any(axis=0))
    if not len(each):
        return np.nan, np.nan, 0
    means = [one.nees[asked[:, k], k].mean() for k in each]
    return float(np.mean(means)), float(np.median(one.off_m[asked])), len(each)


def main(folder: str = ".", count: str = "24", seed: str = "100") -> None:
    """Print the tables and draw how often regions of each share hold the truth."""
    one = run(FAMILIES, int(count), int(seed))
    found = ranks(one, int(seed))
    print("| family | believed |", " | ".join(PHASES), "|")
    for family, told in pairs(one):
        cells = []
        for phase in range(len(PHASES)):
            mean, off_m, flights = consistency(one, family, told, phase)
            cells.append(f"{mean:.2f}, {off_m:.0f} m ({flights})" if flights else "-")
        print(f"| {family} | {told} |", " | ".join(cells), "|")
    print("| family | believed |", " | ".join(regions.MOMENTS), "|")
    for family, told in pairs(one):
        mine = found[:, (one.family == family) & (one.believed == told)]
        cells = []
        for row in mine:
            row = row[np.isfinite(row)]
            cells.append(
                f"{np.mean(row <= 0.5):.0%} / {np.mean(row <= 0.95):.0%} ({len(row)})" if len(row) else "-"
            )
        print(f"| {family} | {told} |", " | ".join(cells), "|")
    odds, kind, at_s = kinds_told(one)
    for low, high in ((0, 120), (120, 300), (300, 1800)):
        some = (at_s >= low) & (at_s < high)
        told = scores(odds[some], kind[some], np.ones(some.sum()))
        print(low, high, some.sum(), told)
    for phase, name in enumerate(PHASES):
        print(name, np.round(one.tracks.weight[one.settled & (one.phase == phase)].mean(axis=0), 3))
    _draw(one, found, Path(folder) / "chain-reliability.svg")


def _draw(one: Run, found: np.ndarray, path: Path) -> None:
    from matplotlib import pyplot as plt

    shares = np.linspace(0.05, 0.99, 32)
    figure, axes = plt.subplots(2, 4, figsize=(11, 6), sharex=True, sharey=True)
    burning = len(regions.BURNING_AT)
    groups = (("burning", slice(0, burning)), ("after burnout", slice(burning, burning + 2)),
              ("on the way down", slice(burning + 2, None)))  # fmt: skip
    for family, axis in zip(FAMILIES, axes.flat, strict=False):
        axis.plot([0, 1], [0, 1], color="0.7", linewidth=1)
        own = "glide" if family == "lateral" else family
        for colour, (name, rows) in zip(("C1", "C0", "C2"), groups, strict=True):
            for style, mine in (("-", one.believed == own), (":", one.believed != own)):
                ranks = found[rows][:, (one.family == family) & mine]
                ranks = ranks[np.isfinite(ranks)]
                if len(ranks) > 5:
                    held = [(ranks <= share).mean() for share in shares]
                    label = f"{name} ({len(ranks)})" if style == "-" else None
                    axis.plot(shares, held, style, color=colour, linewidth=1, label=label)
        axis.set_title(family, fontsize=9)
        axis.legend(fontsize=6)
    axes.flat[-1].axis("off")
    figure.supxlabel("share of the region")
    figure.supylabel("share of true impacts inside (dotted: out of family)")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    # A tenth of a point is seen by nobody, and indents by no browser.
    slim = re.sub(r"\d{2,}\.\d{2,}", lambda found: f"{float(found[0]):.1f}", path.read_text())
    slim = re.sub(r"\n\s+", "\n", slim)
    path.write_text(slim)


if __name__ == "__main__":
    main(*sys.argv[1:])
