"""What a bundle says of the ground: areas of highest density, a fan of directions, times over places.

The impacts are smoothed by a kernel each, on an equal-area plane about their middle (Lambert's azimuthal
projection of the sphere of mean radius), so that neither the date line nor a pole is special and areas are
true. A kernel is as wide as its neighbourhood: what may fall in two places keeps two small regions.
Kernels after the local covariance: Vincent and Bengio, Manifold Parzen Windows (2002); the level that holds a
share of the probability is the quantile of the density at draws from it: Hyndman, The American Statistician
50 (1996) 120-126.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from jaxtyping import Bool, Float

from noroshi.earth import frames
from noroshi.earth.constants import MEAN_RADIUS_M
from noroshi.tracking.forecast import Bundle

LEVELS = (0.50, 0.90, 0.95)
# Fewer impacts than this say nothing of a region.
LEAST = 8
_RADIUS_KM = MEAN_RADIUS_M / 1e3
# Neighbours that give a kernel its shape: this times the two-thirds power of the number of impacts (12 of
# 32), and the kernel's covariance as a multiple of theirs. A Gaussian bundle of 32 gets a 95 % region that
# holds some 97 %: what is unknown beyond the bundle's model is to fit in there.
_NEIGHBOURS, _WIDTH = 1.2, 1.0
# A kernel is never narrower than this, km: wind, the shape of the falling body, the ground's own height.
# Assumption, 0.5 to 3.
_LEAST_KM = 1.0
# Draws from each kernel, lines of a part's grid along each axis at first.
_DRAWS, _GRID = 64, 72
# A grid is made finer until it takes no more than this of a part's probability or area to the wrong side; so
# often, and as long as it has no more lines than this along an axis.
_WRONG, _ROUNDS, _LINES = 0.005, 6, 400
# Where a line is looked for that parts two ellipses: weights of the one against the other.
_PARTING = (0.1, 0.3, 0.5, 0.7, 0.9)


@cache
def _normal_pairs(count: int) -> np.ndarray:
    """Evenly spread normal draws [count, 2] of zero mean: the golden ratio's sequence on rings."""
    along = (np.arange(count) + 0.5) / count
    around = 2 * np.pi * ((0.5 + np.arange(count) * 0.6180339887498949) % 1)
    radius = np.sqrt(-2 * np.log(1 - along))
    # Its mean square lies a little under the normal's, for the last ring stands for all beyond.
    radius *= np.sqrt(2 / np.mean(radius**2))
    return radius[:, None] * np.stack([np.cos(around), np.sin(around)], axis=-1)


@dataclass(frozen=True)
class Plane:
    """Lambert's equal-area plane about a place; `axes` are east, north, up there on the sphere."""

    axes: Float[np.ndarray, "3 3"]

    @classmethod
    def about(cls, unit: Float[np.ndarray, "L 3"]) -> "Plane":
        """About the middle of directions from the Earth's centre."""
        middle = unit.mean(axis=0)
        x, y, z = middle / max(float(np.linalg.norm(middle)), 1e-12)
        return cls(np.asarray(frames.enu_axes(np.arcsin(np.clip(z, -1, 1)), np.arctan2(y, x))))

    def here(self, unit: Float[np.ndarray, "... 3"]) -> Float[np.ndarray, "... 2"]:
        """Kilometres east and north on the plane; the antipode, which is everywhere, lies at its edge."""
        east, north, up = np.moveaxis(unit @ self.axes.T, -1, 0)
        stretch = np.sqrt(2 / np.maximum(1 + up, 1e-9))
        return _RADIUS_KM * np.stack([stretch * east, stretch * north], axis=-1)

    def there(self, plane_km: Float[np.ndarray, "... 2"]) -> tuple[np.ndarray, np.ndarray]:
        """Latitude and longitude, deg, of places on the plane; beyond its edge, the antipode's."""
        x, y = np.moveaxis(plane_km / _RADIUS_KM, -1, 0)
        square = np.minimum(x * x + y * y, 4.0)
        shrink = np.sqrt(1 - square / 4)
        unit = np.stack([shrink * x, shrink * y, 1 - square / 2], axis=-1) @ self.axes
        size = np.linalg.norm(unit, axis=-1)
        lat = np.degrees(np.arcsin(np.clip(unit[..., 2] / size, -1, 1)))
        return _geodetic(lat), np.degrees(np.arctan2(unit[..., 1], unit[..., 0]))


# Geodetic and geocentric latitude: tan(geocentric) = (1 - e2) tan(geodetic).
_FLAT = 1 - 0.00669437999014


def _unit(lat_deg: np.ndarray, lon_deg: np.ndarray) -> Float[np.ndarray, "... 3"]:
    """Directions from the Earth's centre of places on the ellipsoid."""
    lat, lon = np.radians(lat_deg), np.radians(lon_deg)
    central = np.arctan2(_FLAT * np.sin(lat), np.cos(lat))
    return np.stack(
        [np.cos(central) * np.cos(lon), np.cos(central) * np.sin(lon), np.sin(central) + 0 * lon], axis=-1
    )


def _geodetic(central_deg: np.ndarray) -> np.ndarray:
    central = np.radians(central_deg)
    return np.degrees(np.arctan2(np.sin(central), _FLAT * np.cos(central)))


@dataclass(frozen=True)
class Area:
    """The smallest area that holds a share of the probability.

    Rings [K, 2] of geodetic latitude and longitude, deg, closed; by the even-odd rule a ring inside another
    is a hole. Longitudes run on past +-180, so that no ring is cut; one about a pole ends a whole turn off.
    """

    share: float
    rings: tuple[np.ndarray, ...]
    area_km2: float


@dataclass(frozen=True)
class Fan:
    """Directions in which it may go, deg from north through east, and how far, km over the ground.

    Sectors are (from, to) clockwise: the narrowest that hold the share. Ranges: least, 5 %, median, 95 %,
    most.
    """

    median_deg: float
    sector50_deg: tuple[float, float]
    sector95_deg: tuple[float, float]
    range_km: tuple[float, float, float, float, float]


@dataclass(frozen=True)
class Passage:
    """Probability that a place is passed or hit, and when first and last: 5, 50 and 95 % of those who do."""

    probability: float
    first_s: tuple[float, float, float] | None
    last_s: tuple[float, float, float] | None


@dataclass(frozen=True, eq=False)
class Region:
    """The density of the place of impact: equally likely kernels on a plane. Km, per km2."""

    plane: Plane
    centre_km: Float[np.ndarray, "L 2"]
    spread_km2: Float[np.ndarray, "L 2 2"]

    @cached_property
    def _kernels(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The origin, squared distances from kernels as sums of 1, x, y, x2, xy, y2, the kernels' heights."""
        middle = self.centre_km.mean(axis=0)
        (x, y), inverse = (self.centre_km - middle).T, np.linalg.inv(self.spread_km2)
        xx, xy, yy = inverse[:, 0, 0], inverse[:, 0, 1], inverse[:, 1, 1]
        whole = xx * x * x + 2 * xy * x * y + yy * y * y
        terms = np.stack([whole, -2 * (xx * x + xy * y), -2 * (xy * x + yy * y), xx, 2 * xy, yy])
        height = 1 / (2 * np.pi * np.sqrt(np.linalg.det(self.spread_km2))) / len(self.centre_km)
        return middle, terms, height

    @cached_property
    def draws_km(self) -> Float[np.ndarray, "D 2"]:
        """Places drawn from the density, evenly: `_DRAWS` from each kernel."""
        root = np.linalg.cholesky(self.spread_km2)
        pairs = np.einsum("lij,dj->ldi", root, _normal_pairs(_DRAWS))
        return (self.centre_km[:, None] + pairs).reshape(-1, 2)

    @cached_property
    def _probes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draws, then the kernels' centres: place, squared distances from the kernels, density."""
        place = np.concatenate([self.draws_km, self.centre_km])
        distance2 = self._distance2(place)
        return place, distance2, self._density(distance2)

    @cached_property
    def _drawn_density(self) -> np.ndarray:
        return np.sort(self._probes[2][: len(self.draws_km)])

    @cached_property
    def draws_deg(self) -> tuple[np.ndarray, np.ndarray]:
        """Geodetic latitudes and longitudes, deg, of the draws."""
        return self.plane.there(self.draws_km)

    def density_km2(self, plane_km: Float[np.ndarray, "P 2"]) -> np.ndarray:
        """Probability per km2 at places on the plane."""
        return self._density(self._distance2(plane_km))

    def _distance2(self, plane_km: Float[np.ndarray, "P 2"]) -> Float[np.ndarray, "P L"]:
        """Squared distances from the kernels in their own sigmas."""
        middle, terms, _ = self._kernels
        x, y = (plane_km - middle).T
        powers = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y])
        # Not a matrix product: threads that share few cores make one of six terms many times slower.
        return np.maximum(np.einsum("kp,kl->pl", powers, terms), 0.0)

    def _density(self, distance2: Float[np.ndarray, "P L"]) -> np.ndarray:
        return np.exp(-0.5 * np.minimum(distance2, 1400.0)) @ self._kernels[2]

    def level(self, share: float) -> float:
        """Density on the edge of the smallest area that holds that share."""
        return float(np.quantile(self._drawn_density, 1 - share))

    def inside(self, lat_deg: float, lon_deg: float, share: float = 0.95) -> bool:
        """Whether a place lies in the smallest area that holds that share."""
        return self.rank(lat_deg, lon_deg) <= share

    def rank(self, lat_deg: float, lon_deg: float) -> float:
        """Share of the probability that lies where the density is higher than at a place: 0 at the peak."""
        density = self.density_km2(self._on_plane(lat_deg, lon_deg)[None])[0]
        return 1 - float(np.searchsorted(self._drawn_density, density)) / len(self._drawn_density)

    def within(self, lat_deg: float, lon_deg: float, radius_km: float) -> float:
        """Probability of an impact nearer than that to a place."""
        off = self.draws_km - self._on_plane(lat_deg, lon_deg)
        return float((np.hypot(*off.T) <= radius_km).mean())

    def probability(self, rings: Sequence[Float[np.ndarray, "K 2"]]) -> float:
        """Probability of an impact inside rings of latitude and longitude, deg, by the even-odd rule.

        Edges are straight on the plane: a long edge is to be told by more points.
        """
        x, y = self.draws_km.T
        odd = np.zeros(len(x), bool)
        for ring in rings:
            corner = self._on_plane(ring[:, 0], ring[:, 1])
            for (ax, ay), (bx, by) in zip(corner, np.roll(corner, -1, axis=0), strict=True):
                if ay != by:
                    odd ^= ((ay > y) != (by > y)) & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
        return float(odd.mean())

    def area(self, share: float = 0.95) -> Area:
        """The smallest area that holds that share, as rings. Its size is that of the rings on the plane."""
        level = self.level(share)
        rings, size_km2 = [], 0.0
        for part in self._parts(level):
            for ring in self._contours(part, level):
                x, y = ring.T
                # Outer rings run one way about what is inside, holes the other.
                size_km2 += 0.5 * float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))
                lat, lon = self.plane.there(ring)
                rings.append(np.stack([lat, np.unwrap(lon, period=360.0)], axis=-1))
        return Area(share, tuple(rings), size_km2)

    def areas(self) -> tuple[Area, ...]:
        """The smallest areas that hold 50, 90 and 95 %."""
        return tuple(self.area(share) for share in LEVELS)

    def fan(self, lat_deg: float, lon_deg: float) -> Fan:
        """Directions and distances of the impacts from a place: the launch point, or where it is now."""
        here = _unit(np.asarray(lat_deg), np.asarray(lon_deg))
        there = _unit(*self.draws_deg)
        east, north, up = frames.enu_axes(np.arcsin(here[2]), np.arctan2(here[1], here[0])) @ there.T
        bearing = np.degrees(np.arctan2(east, north)) % 360
        range_km = _RADIUS_KM * np.arctan2(np.hypot(east, north), up)
        half, most = narrowest_sector(bearing, 0.5), narrowest_sector(bearing, 0.95)
        away = (bearing - most[0]) % 360
        median = (most[0] + float(np.median(away[away <= (most[1] - most[0]) % 360 + 1e-9]))) % 360
        low, five, middle, high, top = np.quantile(range_km, [0, 0.05, 0.5, 0.95, 1])
        return Fan(median, half, most, (float(low), float(five), float(middle), float(high), float(top)))

    def _on_plane(self, lat_deg: np.ndarray | float, lon_deg: np.ndarray | float) -> np.ndarray:
        return self.plane.here(_unit(np.asarray(lat_deg, float), np.asarray(lon_deg, float)))

    def _reach2(self, level: float) -> Float[np.ndarray, "L"]:
        """Square of the sigmas within which a kernel may make a place pass a level; < 0: it cannot.

        Where the sum of L terms passes a level, one of them passes the L-th part of it: the ellipses of these
        radii cover all that is higher, however the kernels lie.
        """
        height = self._kernels[2]
        return 2 * np.log(len(height) * height / level)

    def _parts(self, level: float) -> list[Bool[np.ndarray, "L"]]:
        """Kernels whose ellipses at a level hang together, and reach a place above it: masks."""
        reach2 = self._reach2(level)
        able = np.flatnonzero(reach2 > 0)
        off = self.centre_km[able][:, None] - self.centre_km[able]
        shape = reach2[able, None, None] * self.spread_km2[able]
        apart = np.zeros((len(able), len(able)), bool)
        # Ellipses are apart where one of these passes 1; on a line: distance > sum of radii, at the best u.
        for u in _PARTING:
            (xx, xy), (_, yy) = np.moveaxis((1 - u) * shape[:, None] + u * shape, (-2, -1), (0, 1))
            x, y = np.moveaxis(off, -1, 0)
            apart |= u * (1 - u) * (yy * x * x - 2 * xy * x * y + xx * y * y) > xx * yy - xy * xy
        label = np.arange(len(able))
        for _ in range(len(able)):
            lowest = np.where(apart, len(able), label).min(axis=1)
            if (lowest == label).all():
                break
            label = lowest
        _, distance2, density = self._probes
        touched = distance2[density > level] <= reach2
        parts = [np.isin(np.arange(len(reach2)), able[label == one]) for one in np.unique(label)]
        return [part for part in parts if touched[:, part].any()]

    def _contours(self, part: Bool[np.ndarray, "L"], level: float) -> list[np.ndarray]:
        """Closed lines [K, 2], km, where a part's density passes a level, what is inside to the left.

        The grid lies along the part, its lines as dense as the draws that are to be inside; it is made finer
        where it takes draws to the wrong side.
        """
        reach2 = self._reach2(level)[part]
        probe, distance2, density = self._probes
        mine = (distance2[:, part] <= reach2).any(axis=1)
        held = probe[mine & (density > level)]
        middle = held.mean(axis=0)
        axes = np.linalg.eigh((held - middle).T @ (held - middle))[1]
        axes[:, 1] *= np.sign(np.linalg.det(axes))

        peak = float(density[mine].max())
        edge = _down(np.array([level]), peak)[0]

        def height(turned: Float[np.ndarray, "... 2"]) -> np.ndarray:
            """Minus the sigmas that a place lies from the peak: linear in the distance where it is normal."""
            far2 = self._distance2(turned.reshape(-1, 2) @ axes.T + middle)
            found = _down(self._density(far2), peak)
            # What is higher in other parts is not of this one.
            other = np.flatnonzero(found > edge)
            found[other[~(far2[other][:, part] <= reach2).any(axis=1)]] = edge - 1
            return found.reshape(turned.shape[:-1])

        # Beyond the ellipses nothing is higher than the level.
        size = np.sqrt(np.einsum("l,ik,lij,jk->lk", reach2, axes, self.spread_km2[part], axes))
        centre = (self.centre_km[part] - middle) @ axes
        least, most = (centre - size).min(axis=0), (centre + size).max(axis=0)
        inside = (held - middle) @ axes
        low, high = self._box(inside, least, most, lambda place: height(place) > edge)
        lines = [_graded(inside[:, i], low[i], high[i], _GRID) for i in (0, 1)]
        turned = (probe - middle) @ axes
        near = mine & ((turned > low) & (turned < high)).all(axis=1)
        turned, above, weight = turned[near], density[near] > level, 1 / density[near]
        # A line through the highest of the draws: the contour is never missed.
        top = turned[np.argmin(weight)]
        lines = [np.union1d(line, top[i]) for i, line in enumerate(lines)]
        field = _closed(height(_grid(*lines)), edge)
        for _ in range(_ROUNDS):
            wrong = (_between(field, lines, turned) > edge) != above
            # Each draw stands for as much probability as any other, and for an area after its density.
            share = max(wrong.sum() / above.sum(), weight[wrong].sum() / weight[above].sum())
            if share <= _WRONG or max(map(len, lines)) > _LINES:
                break
            old, lines = lines, [_finer(line, turned[wrong, i]) for i, line in enumerate(lines)]
            places = _grid(*lines)
            anew = _unsure(field > edge, old, turned[wrong], lines)
            field = _between(field, old, places.reshape(-1, 2)).reshape(anew.shape)
            field[anew] = height(places[anew])
            field = _closed(field, edge)
        found = []
        for line in contours(field, edge):
            node = [np.interp(line[:, i], np.arange(len(lines[i])), lines[i]) for i in (0, 1)]
            found.append(np.stack(node, axis=-1) @ axes.T + middle)
        return found

    @staticmethod
    def _box(
        inside: Float[np.ndarray, "P 2"],
        least: np.ndarray,
        most: np.ndarray,
        above: Callable[[np.ndarray], np.ndarray],
    ) -> tuple[np.ndarray, np.ndarray]:
        """Corners of a box about draws, wide enough that all its border is lower; at most `least`, `most`."""
        low, high = inside.min(axis=0), inside.max(axis=0)
        sides = np.ones((2, 2), bool)
        while sides.any():
            step = 0.15 * (high - low) + 1e-3 * (most - least)
            low = np.where(sides[0], np.maximum(low - step, least), low)
            high = np.where(sides[1], np.minimum(high + step, most), high)
            x, y = (np.linspace(a, b, _GRID) for a, b in zip(low, high, strict=True))
            hot = np.stack(
                [above(_grid(x[[0, -1]], y)).any(axis=1), above(_grid(x, y[[0, -1]])).any(axis=0)], axis=-1
            )
            sides = hot & np.stack([low > least, high < most])
        return low, high


def _down(density: np.ndarray, peak: float) -> np.ndarray:
    """Minus the sigmas at which a normal of that peak has a density; at most 37."""
    return -np.sqrt(2 * np.log(peak / np.clip(density, 1e-297 * peak, peak)))


def _grid(x: np.ndarray, y: np.ndarray) -> Float[np.ndarray, "X Y 2"]:
    return np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1)


def _closed(field: Float[np.ndarray, "X Y"], edge: float) -> Float[np.ndarray, "X Y"]:
    """The field with a border that is lower than the edge: nothing lies beyond it, so every line closes."""
    for border in (np.s_[[0, -1]], np.s_[:, [0, -1]]):
        field[border] = np.minimum(field[border], edge - 1e-3)
    return field


def _unsure(
    above: Bool[np.ndarray, "X Y"],
    old: list[np.ndarray],
    wrong: Float[np.ndarray, "W 2"],
    new: list[np.ndarray],
) -> Bool[np.ndarray, "I J"]:
    """Nodes of a finer grid in and beside cells where the level is passed or a place is taken wrongly."""
    corners = above[:-1, :-1] * 1 + above[1:, :-1] + above[:-1, 1:] + above[1:, 1:]
    cells = np.zeros(np.add(corners.shape, 2), bool)
    cells[1:-1, 1:-1] = (corners > 0) & (corners < 4)
    i, j = (
        np.clip(np.searchsorted(line, at), 1, len(line) - 1) for line, at in zip(old, wrong.T, strict=True)
    )
    cells[i, j] = True
    cells[1:-1] |= cells[:-2] | cells[2:]
    cells[:, 1:-1] |= cells[:, :-2] | cells[:, 2:]
    i, j = (np.clip(np.searchsorted(line, at), 1, len(line) - 1) for line, at in zip(old, new, strict=True))
    return cells[np.ix_(i, j)]


def _graded(inside: Float[np.ndarray, "P"], low: float, high: float, count: int) -> np.ndarray:
    """Lines of a grid: half spread evenly from `low` to `high`, half after the places to be inside."""
    ordered = np.concatenate([[low], np.sort(inside), [high]])
    even = (ordered - low) / (high - low)
    return np.interp(np.linspace(0, 2, count), even + np.linspace(0, 1, len(ordered)), ordered)


def _finer(line: np.ndarray, wrong: Float[np.ndarray, "W"]) -> np.ndarray:
    """The lines, and halfway in each gap that holds a place that is taken wrongly, and those beside it."""
    gap = np.searchsorted(line, wrong) - 1
    chosen = np.unique(np.clip(np.concatenate([gap - 1, gap, gap + 1]), 0, len(line) - 2))
    return np.union1d(line, (line[chosen] + line[chosen + 1]) / 2)


def _between(height: Float[np.ndarray, "X Y"], lines: list[np.ndarray], place: np.ndarray) -> np.ndarray:
    """The grid's heights at places [P, 2] between its lines: bilinear."""
    (i, u), (j, v) = (
        (k, (at - line[k]) / (line[k + 1] - line[k]))
        for line, at in zip(lines, place.T, strict=True)
        for k in [np.clip(np.searchsorted(line, at) - 1, 0, len(line) - 2)]
    )
    near, far = ((1 - v) * height[k, j] + v * height[k, j + 1] for k in (i, i + 1))
    return (1 - u) * near + u * far


def region(bundle: Bundle) -> Region | None:
    """The density of the place of impact; None where too few flights come down to tell."""
    valid = np.asarray(bundle.valid)
    if valid.sum() < LEAST:
        return None
    lat, lon, _ = frames.geodetic(np.asarray(bundle.impact_ecef_m)[valid])
    return smooth(np.degrees(lat), np.degrees(lon))


def smooth(lat_deg: Float[np.ndarray, "L"], lon_deg: Float[np.ndarray, "L"]) -> Region:
    """The density after places of impact, geodetic."""
    unit = _unit(np.asarray(lat_deg, float), np.asarray(lon_deg, float))
    plane = Plane.about(unit)
    place = plane.here(unit)
    count = len(place)
    off = place - place.mean(axis=0)
    whole = off.T @ off / count + _LEAST_KM**2 * np.eye(2)
    # Neighbours half by the whole's own measure and half by distance: all of a long region's would else lie
    # along it, and two narrow places far apart would be one another's.
    values, axes = np.linalg.eigh(whole)
    white = off @ (axes / values**0.25)
    apart = ((white[:, None] - white) ** 2).sum(axis=-1)
    near = np.argsort(apart, axis=1)[:, : min(count, max(4, int(np.ceil(_NEIGHBOURS * count ** (2 / 3)))))]
    around = place[near]
    around = around - around.mean(axis=1, keepdims=True)
    local = np.einsum("lki,lkj->lij", around, around) / near.shape[1]
    return Region(plane, place, _WIDTH * local + _LEAST_KM**2 * np.eye(2))


def narrowest_sector(bearing_deg: Float[np.ndarray, "L"], share: float) -> tuple[float, float]:
    """The narrowest sector (from, to), deg clockwise, that holds a share of directions."""
    ordered = np.sort(np.asarray(bearing_deg) % 360)
    count = len(ordered)
    held = min(count, max(1, int(np.ceil(share * count))))
    ends = np.concatenate([ordered, ordered + 360])[held - 1 : held - 1 + count]
    first = int(np.argmin(ends - ordered))
    return float(ordered[first]), float(ends[first] % 360)


def passages(
    touched: Bool[np.ndarray, "L M A"], time_s: Float[np.ndarray, "L N"], present: Bool[np.ndarray, "L"]
) -> list[Passage]:
    """When flights pass over each of A places, from which of their steps touch it.

    `touched` is of the N points of a path or of the N - 1 steps between them, `time_s` of the points; the
    first passage is the start of the first step that touches, the last the end of the last. Flights that are
    not present count nothing.
    """
    touched, time_s = np.asarray(touched)[present], np.asarray(time_s)[present]
    steps = touched.shape[1]
    begins_s, ends_s = time_s[:, :steps], time_s[:, time_s.shape[1] - steps :]
    found = []
    for row in np.moveaxis(touched, -1, 0):
        passes = row.any(axis=1)
        if not passes.any():
            found.append(Passage(0.0, None, None))
            continue
        first = row[passes].argmax(axis=1)
        last = steps - 1 - row[passes][:, ::-1].argmax(axis=1)
        who = np.arange(len(first))
        quantiles = (
            tuple(np.quantile(at_s, [0.05, 0.5, 0.95]).tolist())
            for at_s in (begins_s[passes][who, first], ends_s[passes][who, last])
        )
        found.append(Passage(float(passes.mean()), *quantiles))  # type: ignore[arg-type]
    return found


def contours(field: Float[np.ndarray, "X Y"], level: float) -> list[Float[np.ndarray, "K 2"]]:
    """Closed lines at a level of a field that is lower on its whole border: marching squares.

    Coordinates are grid indices; what is higher lies to the left of each line. Saddles are told apart by the
    cell's mean.
    """
    above = field > level
    # Edges are known by their lower node and axis: 0 along x, 1 along y.
    code = above[:-1, :-1] + 2 * above[1:, :-1] + 4 * above[1:, 1:] + 8 * above[:-1, 1:]
    follows: dict[tuple[int, int, int], tuple[int, int, int]] = {}
    for i, j in zip(*np.nonzero((code > 0) & (code < 15)), strict=True):
        i, j = int(i), int(j)
        south, east, north, west = (i, j, 0), (i + 1, j, 1), (i, j + 1, 0), (i, j, 1)
        sides = _SIDES[int(code[i, j])]
        if code[i, j] in (5, 10) and (field[i : i + 2, j : j + 2].mean() > level):
            sides = _SADDLES[int(code[i, j])]
        edges = (south, east, north, west)
        for start, end in sides:
            follows[edges[start]] = edges[end]
    lines = []
    while follows:
        first = next(iter(follows))
        line, edge = [], first
        while edge in follows:
            line.append(edge)
            edge = follows.pop(edge)
        i, j, axis = np.array([*line, first]).T
        low, high = field[i, j], field[i + (axis == 0), j + (axis == 1)]
        u = (level - low) / (high - low)
        lines.append(np.stack([i + u * (axis == 0), j + u * (axis == 1)], axis=-1))
    return lines


# Corners by bit: 1 at (0, 0), 2 at (1, 0), 4 at (1, 1), 8 at (0, 1); edges south, east, north, west. Each
# pair leads from edge to edge with what is higher on the left.
_SIDES = {
    1: [(0, 3)],
    2: [(1, 0)],
    3: [(1, 3)],
    4: [(2, 1)],
    5: [(0, 3), (2, 1)],
    6: [(2, 0)],
    7: [(2, 3)],
    8: [(3, 2)],
    9: [(0, 2)],
    10: [(1, 0), (3, 2)],
    11: [(1, 2)],
    12: [(3, 1)],
    13: [(0, 1)],
    14: [(3, 0)],
}
_SADDLES = {5: [(0, 1), (2, 3)], 10: [(3, 0), (1, 2)]}
