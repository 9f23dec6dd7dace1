"""How a track begins: from a few sights that one thing could have made, of radars, of satellites, or of both.

Each hypothesis "these sights are of one thing" is a small least-squares problem: place, velocity, force and
the growth of the force at the last sight, with priors of what flies from aircraft to intercontinental
missiles, noise of each sight and biases common to a sensor's. Its misfit says whether one thing could have
made them, its evidence (Laplace's approximation) how much better that is than chance, its minimum where the
track begins. One satellite alone is the business of `launchpoint`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import linear_sum_assignment
from scipy.stats import chi2

from noroshi.compiled import QUICK, stored
from noroshi.earth import atmosphere, frames, geometry, gravity
from noroshi.earth.arrays import Array
from noroshi.earth.constants import MEAN_RADIUS_M
from noroshi.records.pytree import record
from noroshi.records.tracks import Belief, Estimate, Sight

# Sights that one hypothesis is made of, at most.
ROWS = 8
# Hypotheses that are fitted together: compiled once.
LANES = 32
# One sigma a direction of what flies before it is seen: m about the first guess, m/s, m/s2, m/s3.
# Assumptions: 2 to 6 km/s, for nothing that comes down again is faster than 11; 15 to 60 m/s2, a boost
# reaches some 100.
_SPREAD = np.array([1e6, 4e3, 30.0, 0.5])
_SCALE = jnp.repeat(jnp.array([1e3, 1e2, 10.0, 0.3]), 3)
_TURNS = 8
# One thing's force grows evenly for so long, s, and no longer: stages part.
_SPAN_S = 20.0
# Things are at heights from below the ground, as noise has it, to above any boost, m.
_LOW_M, _HIGH_M = -3e3, 3e6
# Scan and row of each of some sights.
Members: TypeAlias = tuple[tuple[int, int], ...]
# How the four models share what has just begun.
_MODELS = jnp.array([0.4, 0.4, 0.1, 0.1])


@record
class Start:
    """A hypothesis that some sights are of one thing: the state at the last of them, and how well it fits.

    `misfit` is a sum of squares that a true hypothesis draws from about a chi-squared of `freedom` degrees.
    `log_evidence` is the logarithm of the density of the measurements, prior included
    (things are even over some 10^19 m3). `height_m` is the
    thing's height.
    """

    estimate: Estimate
    misfit: Float[Array, ""]
    freedom: Float[Array, ""]
    log_evidence: Float[Array, ""]
    height_m: Float[Array, ""]


@record
class Crossing:
    """Where two lines of sight come nearest: place, m, covariance, and how far apart they are.

    `distance2` is the gap squared in sigmas (one degree of freedom); `between_rad` the angle between the
    lines: near 0 or pi the place means nothing.
    """

    place_ecef_m: Float[Array, "3"]
    cov: Float[Array, "3 3"]
    distance2: Float[Array, ""]
    between_rad: Float[Array, ""]
    height_m: Float[Array, ""]


def cross(a: Sight, b: Sight, speed_mps: Array = 0.0) -> Crossing:
    """The place of least squares between two lines of sight of different satellites.

    Noise and biases count alike: they are all there is. Sights that are not of one moment differ by what a
    thing of `speed_mps`, one sigma a direction, moves between them.
    """

    def across(sight: Sight) -> tuple[Array, Array, Array]:
        way = geometry.direction(sight.axes, sight.z[1], sight.z[2])
        J = jax.jacfwd(lambda angles: geometry.direction(sight.axes, angles[0], angles[1]))(sight.z[1:3])
        variance = sight.sigma[1:3] ** 2 + sight.bias_sigma[1:3] ** 2
        return sight.site_ecef_m, way, J @ (variance[:, None] * J.T)

    (p, u, U), (q, w, W) = across(a), across(b)
    cosine = u @ w
    bent = jnp.maximum(1 - cosine**2, 1e-12)
    apart = q - p
    along_a = (apart @ u - cosine * (apart @ w)) / bent
    along_b = (cosine * (apart @ u) - apart @ w) / bent
    moved = jnp.eye(3) * (speed_mps * (b.time_s - a.time_s)) ** 2
    # What a line says of the place: nothing along itself; a millimetre keeps the matrix whole.
    A = along_a**2 * U + moved / 2 + jnp.eye(3) * 1e-6
    B = along_b**2 * W + moved / 2 + jnp.eye(3) * 1e-6
    far = 1e16
    A, B = A + far * jnp.outer(u, u), B + far * jnp.outer(w, w)
    P, Q = jnp.linalg.inv(A), jnp.linalg.inv(B)
    cov = jnp.linalg.inv(P + Q)
    place = cov @ (P @ (p + along_a * u) + Q @ (q + along_b * w))
    normal = jnp.cross(u, w) / jnp.sqrt(bent)
    gap = normal @ apart
    distance2 = gap**2 / (normal @ (A + B) @ normal)
    ahead = (along_a > 0) & (along_b > 0)
    return Crossing(
        place,
        cov,
        jnp.where(ahead, distance2, jnp.inf),
        jnp.arccos(jnp.clip(cosine, -1, 1)),
        frames.height(place),
    )


def _guess(sights: Sight, valid: Array) -> Array:
    """A first place, m: a radar plot's, else where two satellites' lines come nearest, else low on one."""
    ranged = valid & jnp.isfinite(sights.sigma[:, 0])
    k = jnp.argmax(ranged)
    way = jax.vmap(geometry.direction)(sights.axes, sights.z[:, 1], sights.z[:, 2])
    plot = sights.site_ecef_m[k] + sights.z[k, 0] * way[k]
    last = jnp.argmax(jnp.where(valid, sights.time_s, -jnp.inf))
    other = valid & (sights.sensor != sights.sensor[last])
    near = jnp.argmin(jnp.where(other, jnp.abs(sights.time_s - sights.time_s[last]), jnp.inf))
    here, there = (jax.tree.map(lambda leaf, row=row: leaf[row], sights) for row in (last, near))
    crossing = cross(here, there).place_ecef_m
    eye = here.site_ecef_m
    along = -eye @ way[last]
    inside = jnp.maximum((MEAN_RADIUS_M + 3e4) ** 2 - (eye @ eye - along**2), 0.0)
    low = eye + (along - jnp.sqrt(inside)) * way[last]
    stereo = other.any() & (jnp.linalg.norm(crossing) < MEAN_RADIUS_M + _HIGH_M)
    return jnp.where(ranged.any(), plot, jnp.where(stereo, crossing, low))


def start(sights: Sight, valid: Bool[Array, "R"], belief: Belief) -> Start:
    """Fit one thing to sights [R <= some 8] of a few tens of seconds; rows not `valid` count for nothing."""
    last_s = jnp.max(jnp.where(valid, sights.time_s, -jnp.inf))
    told = valid[:, None] & jnp.isfinite(sights.sigma)
    middle = jnp.zeros(12).at[:3].set(_guess(sights, valid))
    sigma = jnp.repeat(jnp.asarray(_SPREAD), 3)

    def move(x: Array, t: Array) -> Array:
        place, speed, force, growth = x[:3], x[3:6], x[6:9], x[9:]
        pull = gravity.apparent(place, speed)
        return place + t * speed + t**2 / 2 * (pull + force) + t**3 / 6 * growth

    def seen(x: Array) -> Array:
        def one(sight: Sight) -> Array:
            place, speed = jax.jvp(lambda t: move(x, t), (sight.time_s - last_s,), (jnp.ones(()),))
            angles = geometry.range_azimuth_elevation(sight.site_ecef_m, sight.axes, place)
            return jnp.append(angles, (place - sight.site_ecef_m) @ speed / angles[0])

        return jax.vmap(one)(sights)

    same = sights.sensor[:, None] == sights.sensor

    def whiten(sigma: Array, bias: Array, told: Array) -> tuple[Array, Array]:
        bias = jnp.where(told, bias, 0.0)
        cov = same * bias[:, None] * bias + jnp.diag(jnp.where(told, sigma**2, 1.0))
        L = jnp.linalg.cholesky(cov)
        inverse = jax.scipy.linalg.solve_triangular(L, jnp.eye(len(sigma)), lower=True) * told
        return inverse, jnp.sum(jnp.where(told, jnp.log(jnp.diagonal(L)), 0.0))

    bias = jnp.concatenate([sights.bias_sigma, jnp.zeros_like(sights.bias_sigma[:, :1])], axis=1)
    white, size = jax.vmap(whiten, in_axes=1)(jnp.where(told, sights.sigma, 1.0), bias, told)

    def residual(step: Array) -> Array:
        x = middle + step * _SCALE
        off = seen(x) - sights.z
        off = off.at[:, 1].set((off[:, 1] + jnp.pi) % (2 * jnp.pi) - jnp.pi)
        off = jnp.where(told, off, 0.0)
        return jnp.concatenate([jnp.einsum("krs,sk->kr", white, off).ravel(), (x - middle) / sigma])

    def turn(carry: tuple[Array, Array, Array], _: None) -> tuple[tuple[Array, Array, Array], None]:
        step, now, damping = carry
        r, J = residual(step), jax.jacfwd(residual)(step)
        A = J.T @ J
        trial = step - jnp.linalg.solve(A + damping * jnp.diag(jnp.diag(A)), J.T @ r)
        there = residual(trial)
        there = there @ there
        better = there < now
        return (
            jnp.where(better, trial, step),
            jnp.where(better, there, now),
            jnp.where(better, damping / 10, damping * 10),
        ), None

    zero = jnp.zeros(12)
    first = residual(zero)
    (step, misfit, _), _ = jax.lax.scan(turn, (zero, first @ first, jnp.array(1e-6)), None, length=_TURNS)
    J = jax.jacfwd(residual)(step)
    information = J.T @ J
    cov = jnp.linalg.inv(information) * _SCALE * _SCALE[:, None]
    x = middle + step * _SCALE
    count = told.sum()
    _, shape = jnp.linalg.slogdet(information)
    evidence = -0.5 * misfit - size.sum() - 0.5 * count * jnp.log(2 * jnp.pi)
    # Prior over posterior volume, in the same units.
    evidence = evidence - jnp.log(sigma / _SCALE).sum() - 0.5 * shape
    place, speed = x[:3], x[3:6]
    air = 0.5 * atmosphere.density(frames.height(place)) / belief.ballistic_coefficient_kgpm2
    drag = air * jnp.sqrt(speed @ speed) * speed
    force = x[6:9] + drag
    # How much of the force is the air's hangs on the ballistic coefficient.
    unsure2 = jnp.log(belief.ballistic_coefficient_ratio) ** 2
    whole = jnp.zeros((10, 10)).at[:9, :9].set(cov[:9, :9])
    by_beta = jnp.zeros(10).at[6:9].set(-drag).at[9].set(1.0)
    whole = whole + unsure2 * jnp.outer(by_beta, by_beta)
    mean = jnp.concatenate([place, speed, force, jnp.log(belief.ballistic_coefficient_kgpm2)[None]])
    estimate = Estimate(last_s, mean, whole, _MODELS)
    # The place is free: three measurements are always met.
    freedom = jnp.maximum(count - 3.0, 1.0)
    return Start(estimate, misfit, freedom, evidence, frames.height(place))


def _many(sights: Sight, valid: Bool[Array, "K R"], belief: Belief) -> Start:
    return jax.vmap(start, in_axes=(0, 0, None))(sights, valid, belief)


_starts = stored(_many, QUICK)


def rows(sights: Sequence[Sight]) -> tuple[Sight, np.ndarray]:
    """Sights as one of ROWS rows, the first, the last and evenly between, and which of the rows are valid."""
    kept = list(sights)
    if len(kept) > ROWS:
        kept = [kept[k] for k in np.linspace(0, len(kept) - 1, ROWS).round().astype(int)]
    padded = kept + [kept[-1]] * (ROWS - len(kept))
    return jax.tree.map(lambda *leaves: np.stack(leaves), *padded), np.arange(ROWS) < len(kept)


def hypotheses(groups: Sequence[Sequence[Sight]], belief: Belief) -> Start:
    """Fits of one thing to each group of sights, [groups] in each leaf, LANES at a time."""
    each = [rows(group) for group in groups]
    each += [each[-1]] * (-len(each) % LANES)
    sights = jax.tree.map(lambda *leaves: np.stack(leaves), *(one for one, _ in each))
    valid = np.stack([one for _, one in each])
    parts = [
        _starts(
            jax.tree.map(lambda leaf, at=at: leaf[at : at + LANES], sights), valid[at : at + LANES], belief
        )
        for at in range(0, len(each), LANES)
    ]
    return jax.tree.map(lambda *leaves: np.concatenate(leaves)[: len(groups)], *parts)


def plausible(found: Start, share: float = 1e-3) -> Bool[np.ndarray, "..."]:
    """Whether one thing could have made the sights: a true hypothesis is refused in so small a share."""
    fits = np.asarray(found.misfit) < chi2.ppf(1 - share, np.asarray(found.freedom))
    return fits & (np.asarray(found.height_m) > _LOW_M) & (np.asarray(found.height_m) < _HIGH_M)


@dataclass(frozen=True)
class Begun:
    """A track that begins: which sights (by the caller's number of scan and row) and the fit to them."""

    members: Members
    start: Start


def begin(
    scans: Sequence[Sequence[Sight]],
    belief: Belief,
    log_density: float,
    needed: int = 3,
    log_odds: float = 0.0,
) -> list[Begun]:
    """Tracks that begin in the last scans of a sensor: at least `needed` plots, one of each scan at most.

    Pairs that one thing could have made grow by the plots of later scans that go on fitting. Those whose
    evidence beats that of as many false plots, of density exp(`log_density`) in the units of the measurement,
    by exp(`log_odds`) are taken, best first, each plot once.
    """
    alive: list[Members] = [((s, k),) for s, scan in enumerate(scans[:-1]) for k in range(len(scan))]
    done: list[tuple[float, Members]] = []
    fits: dict[Members, Start] = {}
    while alive:
        longer: list[Members] = [
            (*members, (s, k))
            for members in alive
            for s in range(members[-1][0] + 1, len(scans))
            for k in range(len(scans[s]))
            if _reaches(scans[members[-1][0]][members[-1][1]], scans[s][k])
        ]
        if not longer:
            break
        found = hypotheses([[scans[s][k] for s, k in members] for members in longer], belief)
        ok = plausible(found)
        alive = []
        for row, members in enumerate(longer):
            if not ok[row]:
                continue
            alive.append(members)
            if len(members) >= needed:
                odds = float(found.log_evidence[row]) - len(members) * log_density
                done.append((odds, members))
                fits[members] = jax.tree.map(lambda leaf, row=row: leaf[row], found)
    begun: list[Begun] = []
    used: set[tuple[int, int]] = set()
    # Longer ones first: a part of a track is no track of its own.
    for odds, members in sorted(done, key=lambda one: (-len(one[1]), -one[0], one[1])):
        if odds > log_odds and not used & set(members):
            used |= set(members)
            begun.append(Begun(members, fits[members]))
    return begun


def _reaches(a: Sight, b: Sight, fastest_mps: float = 12e3) -> bool:
    """Whether anything could get from one radar plot to another: a quick check before a fit."""
    if not (np.isfinite(a.sigma[0]) and np.isfinite(b.sigma[0])):
        return True
    ends = [one.site_ecef_m + one.z[0] * geometry.direction(one.axes, one.z[1], one.z[2]) for one in (a, b)]
    loose = sum(5 * float(one.z[0]) * float(max(one.sigma[1], one.sigma[2])) for one in (a, b))
    return bool(np.linalg.norm(ends[1] - ends[0]) < fastest_mps * abs(b.time_s - a.time_s) + loose)


@dataclass(frozen=True)
class Pairs:
    """Which plume of one satellite is which of another: rows that pair, and the fit to each pair's sights."""

    pairs: tuple[tuple[int, int], ...]
    starts: tuple[Start, ...]
    cost: np.ndarray


def pair(
    ours: Sequence[Sequence[Sight]],
    theirs: Sequence[Sequence[Sight]],
    belief: Belief,
    log_alone: float = -6.0,
) -> Pairs:
    """The likeliest pairing of the plumes that two satellites see, each as its sights in time.

    Every pair is a hypothesis of one thing; what no thing could have made is gated out, for the lines of two
    plumes may pass near each other where nothing is. The rest is the assignment that is likeliest as a whole.
    A plume that only one sees costs `log_alone`.
    """
    if not ours or not theirs:
        return Pairs((), (), np.zeros((len(ours), len(theirs))))
    groups = [_even(a, b) for a in ours for b in theirs]
    found = hypotheses(groups, belief)
    ok = plausible(found).reshape(len(ours), len(theirs))
    cost = np.asarray(found.misfit).reshape(ok.shape) / 2
    cost = np.where(ok, cost, np.inf)
    # Rows and columns beyond the real ones stand for "seen by one alone".
    n, m = cost.shape
    table = np.full((n + m, n + m), -log_alone)
    table[:n, :m] = np.where(np.isfinite(cost), cost, 1e6)
    table[n:, m:] = 0.0
    chosen = [
        (i, j) for i, j in zip(*linear_sum_assignment(table), strict=True) if i < n and j < m and ok[i, j]
    ]
    starts = tuple(jax.tree.map(lambda leaf, at=i * m + j: leaf[at], found) for i, j in chosen)
    return Pairs(tuple((int(i), int(j)) for i, j in chosen), starts, cost)


def _even(a: Sequence[Sight], b: Sequence[Sight]) -> list[Sight]:
    """Sights of two satellites in time: the last of each, half of ROWS at most and of no more than 20 s."""
    half = ROWS // 2
    last_s = max(float(one.time_s) for one in (*a, *b))

    def some(sights: Sequence[Sight]) -> list[Sight]:
        late = [one for one in sights if float(one.time_s) > last_s - _SPAN_S] or [sights[-1]]
        return late[-half:]

    return sorted([*some(a), *some(b)], key=lambda one: float(one.time_s))
