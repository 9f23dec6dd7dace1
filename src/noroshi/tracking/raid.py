"""How many missiles come, from where and in which waves: objects grouped by launch point and by arrival.

Plain arrays, one row per tracked object. Two objects may have come from one place when the places estimated
for both differ by no more than their covariances explain. Objects are one group when that holds for every
pair of them (complete linkage), with the gate widened for the number of pairs: a salvo of a hundred from one
place has thousands of pairs, and three sigma would split it nearly always.

A missile is a family of objects: what flies on, its spent stage, fragments. It counts once, with the highest
probability of existence of its members, which are no independent evidence of it.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.special import chdtri

from noroshi.earth import frames, geometry
from noroshi.earth.arrays import Array
from noroshi.earth.constants import MEAN_RADIUS_M


@dataclass(frozen=True)
class Origins:
    """Objects grouped by where they were launched. Groups are numbered from the earliest launch on.

    `group` of each object, -1 where its origin is unknown; `ambiguous` where it could have come from the
    place of another group too. Per group: `chance[g, n]` is the probability that it holds n missiles; place
    on the Earth, covariance east and north; first and last launch time.
    """

    group: Int[Array, "N"]
    ambiguous: Bool[Array, "N"]
    chance: Float[Array, "G M1"]
    place_ecef_m: Float[Array, "G 3"]
    cov_m2: Float[Array, "G 2 2"]
    first_s: Float[Array, "G"]
    last_s: Float[Array, "G"]

    @property
    def expected(self) -> Float[Array, "G"]:
        """Mean number of missiles of each group."""
        return self.chance @ np.arange(self.chance.shape[1])

    @property
    def sigma_m(self) -> Float[Array, "G"]:
        """One sigma of the place along the longer axis of its ellipse."""
        return np.sqrt(np.linalg.eigvalsh(self.cov_m2)[:, -1])


@dataclass(frozen=True)
class Waves:
    """Objects grouped by arrival, waves numbered from the earliest on. -1 where the arrival is unknown."""

    group: Int[Array, "N"]
    chance: Float[Array, "G M1"]
    first_s: Float[Array, "G"]
    last_s: Float[Array, "G"]


def count(existence: Float[Array, "N"], family: Int[Array, "N"] | None = None) -> Float[Array, "M1"]:
    """Probability of 0, 1, ... missiles among objects that exist with these probabilities, independently.

    The Poisson-binomial distribution, exact, one missile after the other. Objects of one `family` (any whole
    number) are one missile. An existence that is no probability counts as none.
    """
    chance = np.ones(1)
    for p in _missiles(np.asarray(existence, float), _families(family, len(existence))):
        chance = np.append(chance * (1 - p), 0.0) + np.append(0.0, chance * p)
    return chance


def at_least(chance: Float[Array, "... M1"], missiles: int) -> Float[Array, "..."]:
    """Probability of `missiles` or more."""
    return chance[..., missiles:].sum(axis=-1)


def by_origin(
    place_ecef_m: Float[Array, "N 3"],
    cov_m2: Float[Array, "N 3 3"],
    time_s: Float[Array, "N"],
    existence: Float[Array, "N"],
    family: Int[Array, "N"] | None = None,
    spread_m: float = 0.0,
    false_split: float = 0.01,
) -> Origins:
    """Group objects by launch point.

    `place_ecef_m` and `cov_m2` are of each one's launch point; of the covariance the part along the ground
    counts. `spread_m` is how far launchers of one site stand from its middle, one sigma of east and of
    north. A raid from one place is split in at most a share `false_split` of cases. A family goes by its
    member whose origin is known best. What is NaN or no covariance has no group and spoils no other.

    The place of a group is the covariance intersection of its members' with equal weights: the sensors'
    biases are shared, so that a hundred launches seen by one radar do not make their place ten times surer.
    """
    place_ecef_m, cov_m2 = np.asarray(place_ecef_m, float), np.asarray(cov_m2, float)
    families = _families(family, len(place_ecef_m))
    with np.errstate(invalid="ignore"):
        lat, lon, _ = frames.geodetic(place_ecef_m)
        across = frames.enu_axes(lat, lon)[:, :2]
        ground = across @ cov_m2 @ np.swapaxes(across, -1, -2) + spread_m**2 * np.eye(2)
    size = ground[:, 0, 0] + ground[:, 1, 1]
    known = np.isfinite(place_ecef_m).all(axis=1) & np.isfinite(time_s) & np.isfinite(size)
    known &= (ground[:, 0, 0] > 0) & (_det(ground) > 0)

    # One object speaks for each family: of those with an origin, the one that knows it best.
    order = np.flatnonzero(known)[np.argsort(size[known], kind="stable")]
    speakers = np.sort(order[np.unique(families[order], return_index=True)[1]])
    place, axes, local = place_ecef_m[speakers], across[speakers], ground[speakers]
    pairs = len(speakers) * (len(speakers) - 1) // 2
    limit = chdtri(2, false_split / max(pairs, 1))
    # East and north of the first of each pair; both directions are looked at, for theirs differ by a little.
    distance2 = _mahalanobis2(_off(place[:, None], axes[:, None], place), local[:, None] + local[None])
    distance2 = np.maximum(distance2, distance2.T)
    label = _linked(distance2, limit, np.asarray(time_s, float)[speakers])

    group = np.full(len(place_ecef_m), -1)
    of_family = {int(families[n]): int(g) for n, g in zip(speakers, label, strict=True)}
    for n, name in enumerate(families):
        group[n] = of_family.get(int(name), -1)

    groups = int(label.max(initial=-1)) + 1
    centre, cov = np.zeros((groups, 3)), np.zeros((groups, 2, 2))
    for g in range(groups):
        inside = label == g
        centre[g], cov[g] = _place(place[inside], axes[inside], local[inside])
    fits = np.zeros((len(speakers), groups), bool)
    for g in range(groups):
        fits[:, g] = _mahalanobis2(_off(place, axes, centre[g]), local + cov[g]) < limit
    elsewhere = {
        int(families[n]): bool(row.sum() > row[g]) for n, g, row in zip(speakers, label, fits, strict=True)
    }
    ambiguous = np.array([elsewhere.get(int(name), False) for name in families], bool)
    times = np.asarray(time_s, float)[speakers]
    return Origins(
        group=group,
        ambiguous=ambiguous,
        chance=_chances(existence, families, group, groups),
        place_ecef_m=centre,
        cov_m2=cov,
        first_s=np.array([times[label == g].min() for g in range(groups)]),
        last_s=np.array([times[label == g].max() for g in range(groups)]),
    )


def by_arrival(
    time_s: Float[Array, "N"],
    sigma_s: Float[Array, "N"],
    existence: Float[Array, "N"],
    family: Int[Array, "N"] | None = None,
    window_s: float = 60.0,
    false_split: float = 0.01,
) -> Waves:
    """Group objects whose arrivals lie within `window_s` of one another, as far as their sigmas tell.

    Of a family the member that arrives last speaks: stages fall short of what flew on.
    """
    time_s, sigma_s = np.asarray(time_s, float), np.asarray(sigma_s, float)
    families = _families(family, len(time_s))
    known = np.isfinite(time_s) & np.isfinite(sigma_s) & (sigma_s >= 0)
    order = np.flatnonzero(known)[np.argsort(-time_s[known], kind="stable")]
    speakers = np.sort(order[np.unique(families[order], return_index=True)[1]])
    at, sigma = time_s[speakers], sigma_s[speakers]
    pairs = len(speakers) * (len(speakers) - 1) // 2
    limit = chdtri(1, false_split / max(pairs, 1))
    beyond = np.maximum(np.abs(at[:, None] - at[None]) - window_s, 0.0)
    both = sigma[:, None] ** 2 + sigma[None] ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        distance2 = np.where(beyond > 0, beyond**2 / both, 0.0)
    # Ties among those within the window go by time, and stay below the gate.
    distance2 += 1e-6 * np.abs(at[:, None] - at[None]) / max(window_s, 1.0)
    label = _linked(distance2, limit, at)
    of_family = {int(families[n]): int(g) for n, g in zip(speakers, label, strict=True)}
    group = np.array([of_family.get(int(name), -1) for name in families], int)
    groups = int(label.max(initial=-1)) + 1
    return Waves(
        group,
        _chances(existence, families, group, groups),
        np.array([at[label == g].min() for g in range(groups)]),
        np.array([at[label == g].max() for g in range(groups)]),
    )


def _families(family: Array | None, objects: int) -> Int[Array, "N"]:
    return np.arange(objects) if family is None else np.asarray(family, int)


def _missiles(existence: Float[Array, "N"], families: Int[Array, "N"]) -> Float[Array, "M"]:
    """Probability that each family exists: the highest of its members."""
    names, which = np.unique(families, return_inverse=True)
    sound = (existence >= 0) & (existence <= 1)
    chance = np.zeros(len(names))
    np.maximum.at(chance, which, np.where(sound, existence, 0.0))
    return chance


def _chances(existence: Array, families: Array, group: Array, groups: int) -> Float[Array, "G M1"]:
    """Distribution of the number of missiles of each group, padded with zeros to the largest."""
    existence = np.asarray(existence, float)
    found = [count(existence[group == g], families[group == g]) for g in range(groups)]
    padded = np.zeros((groups, max((len(one) for one in found), default=1)))
    for row, one in zip(padded, found, strict=True):
        row[: len(one)] = one
    return padded


def _linked(distance2: Float[Array, "N N"], limit: float, time_s: Float[Array, "N"]) -> Int[Array, "N"]:
    """Groups in which no pair is beyond `limit`, numbered by their earliest time."""
    if len(distance2) < 2:
        return np.zeros(len(distance2), int)
    upper = distance2[np.triu_indices(len(distance2), 1)]
    # Endless distances would make the linkage fail; anything beyond the gate is alike to it.
    tree = linkage(np.minimum(upper, 1e6 * limit), "complete")
    label = fcluster(tree, limit, "distance") - 1
    first_s = np.full(label.max() + 1, np.inf)
    np.minimum.at(first_s, label, time_s)
    rank = np.empty(len(first_s), int)
    rank[np.argsort(first_s, kind="stable")] = np.arange(len(first_s))
    return rank[label]


def _off(here: Float[Array, "... 3"], axes: Float[Array, "... 2 3"], there: Float[Array, "... 3"]) -> Array:
    """Way along the ground from one place to another, m east and north of the first."""
    flat = np.squeeze(axes @ (there - here)[..., None], -1)
    way_m = np.asarray(geometry.arc(here, there) * MEAN_RADIUS_M)
    # A chord seen from above is short at the far side of the Earth: its direction with the length of the arc.
    length = np.linalg.norm(flat, axis=-1)
    bend = np.divide(way_m, length, out=np.ones_like(length), where=length > 0)
    return flat * bend[..., None]


def _det(matrix: Float[Array, "... 2 2"]) -> Float[Array, "..."]:
    return matrix[..., 0, 0] * matrix[..., 1, 1] - matrix[..., 0, 1] * matrix[..., 1, 0]


def _mahalanobis2(off: Float[Array, "... 2"], cov: Float[Array, "... 2 2"]) -> Float[Array, "..."]:
    x, y = off[..., 0], off[..., 1]
    return (cov[..., 1, 1] * x**2 - 2 * cov[..., 0, 1] * x * y + cov[..., 0, 0] * y**2) / _det(cov)


def _place(place: Float[Array, "N 3"], axes: Float[Array, "N 2 3"], cov: Float[Array, "N 2 2"]):
    """Covariance intersection with equal weights, in the east and north of the surest one."""
    best = int(np.argmin(cov[:, 0, 0] + cov[:, 1, 1]))
    information = np.linalg.inv(cov)
    fused = np.linalg.inv(information.mean(axis=0))
    from_best = place - place[best]
    off = fused @ np.mean(np.einsum("nij,nj->ni", information, from_best @ axes[best].T), axis=0)
    # The ground bends away below the plane: back to the height of the places themselves.
    there = place[best] + off @ axes[best]
    height = np.mean(frames.geodetic(place)[2])
    lat, lon, _ = frames.geodetic(there)
    return frames.ecef(lat, lon, height), fused
