"""Who owns what watches: satellites and radars divided among nations, and what each nation brings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np

from noroshi.earth.arrays import Array
from noroshi.earth.model import WGS84, Earth
from noroshi.errors import InputError
from noroshi.sensing import coverage
from noroshi.sensing.coverage import Coverage, Grid, Layer, Times
from noroshi.sensing.reach import Reach
from noroshi.sensing.visibility import Limits

# What a satellite with no limit has where another has one.
_OPEN = {"elevation_rad": -np.pi / 2, "nadir_rad": np.pi, "range_m": np.inf}


@dataclass(frozen=True, eq=False)
class Eyes:
    """Satellites of a layer, whose each is ("" for nobody's), and what ends their views."""

    layer: Layer
    owner: Array
    geometry: Limits
    gated: Limits


@dataclass(frozen=True, eq=False)
class Watch:
    """All that watches: layers of satellites, and radars with what they reach of the places."""

    eyes: tuple[Eyes, ...]
    radars: Reach
    radar_owner: Array
    places: Grid
    target_m: float
    times: Times
    earth: Earth = WGS84

    def cover(self, gated: bool, mine: Callable[[Array], Array] = lambda owner: owner == owner) -> Coverage:
        """What those see whose owners are `mine`; everybody where nothing is said."""
        layers, limits = [], []
        for one in self.eyes:
            which = mine(one.owner)
            if which.any():
                layers.append(coverage.part(one.layer, which))
                limits.append(_part(one.gated if gated else one.geometry, which))
        held = (self.radars.gated if gated else self.radars.geometry)[mine(self.radar_owner)].sum(axis=0)
        all_limits = joined(limits, [layer.count for layer in layers])
        return coverage.cover(
            layers, self.places, self.target_m, all_limits, self.times, self.earth, held=held
        )

    @property
    def nations(self) -> tuple[str, ...]:
        """Whoever owns something, in the order in which they come."""
        owners = [*(one.owner for one in self.eyes), self.radar_owner]
        return tuple(dict.fromkeys(str(name) for name in np.concatenate(owners) if name))


@dataclass(frozen=True, eq=False)
class Contribution:
    """What a nation brings: (geometry, gated) of its own alone, and of all the others without it.

    `held` and `only` are shares of the places, as many, that its radars hold, and no other nation's.
    """

    nation: str
    satellites: int
    radars: int
    alone: tuple[Coverage, Coverage]
    without: tuple[Coverage, Coverage]
    held: tuple[Array, Array]
    only: tuple[Array, Array]


def contributions(watch: Watch, told: Callable[[str, int, int], None]) -> tuple[Contribution, ...]:
    """What each nation brings, in their order; `told` hears how far it is."""
    found = []
    for number, nation in enumerate(watch.nations):
        told("nations", number, len(watch.nations))

        def mine(owner: Array, nation: str = nation) -> Array:
            return owner == nation

        def others(owner: Array, nation: str = nation) -> Array:
            return owner != nation

        held, only = [], []
        for reach in (watch.radars.geometry, watch.radars.gated):
            held.append(reach[mine(watch.radar_owner)].any(axis=0))
            only.append(held[-1] & ~reach[others(watch.radar_owner)].any(axis=0))
        found.append(
            Contribution(
                nation,
                sum(int(mine(one.owner).sum()) for one in watch.eyes),
                int(mine(watch.radar_owner).sum()),
                (watch.cover(False, mine), watch.cover(True, mine)),
                (watch.cover(False, others), watch.cover(True, others)),
                (held[0], held[1]),
                (only[0], only[1]),
            )
        )
    told("nations", len(watch.nations), len(watch.nations))
    return tuple(found)


def joined(limits: Sequence[Limits], counts: Sequence[int]) -> Limits:
    """Limits of several layers as one of all their satellites; those of a single layer as they are."""
    if len(limits) == 1:
        return limits[0]
    found: dict[str, Array | None] = {}
    for name, free in _OPEN.items():
        values = [getattr(one, name) for one in limits]
        found[name] = None
        if any(value is not None for value in values):
            found[name] = np.concatenate(
                [
                    np.broadcast_to(free if value is None else value, count).astype(float)
                    for value, count in zip(values, counts, strict=True)
                ]
            )
    crossing = next((one.crossing_rad for one in limits if one.crossing_rad is not None), None)
    return Limits(**found, crossing_rad=crossing)


def _part(limits: Limits, which: Array) -> Limits:
    values = {one.name: getattr(limits, one.name) for one in fields(limits)}
    return Limits(**{name: value[which] if np.ndim(value) else value for name, value in values.items()})


def owners(asked: Sequence[tuple[str, int | None]], counts: Sequence[tuple[int, int]]) -> list[Array]:
    """Whose each satellite of each layer is; a layer is told by its satellites and planes (0 for none).

    Numbers go by the order of the satellites, plane after plane. Names alone: one constellation for each
    where there are as many; else the planes of one are dealt out in turn, or its satellites where there are
    fewer planes than nations. A single name owns everything. Raises InputError naming --nations.
    """
    total = sum(satellites for satellites, _ in counts)
    names = [nation for nation, _ in asked]
    shares = [count for _, count in asked if count is not None]
    if not asked or not counts:
        return [np.full(satellites, "", dtype="U3") for satellites, _ in counts]
    if shares:
        if sum(shares) != total:
            text = ",".join(f"{nation}={count}" for nation, count in asked)
            need = f"gives out {sum(shares)} satellites of {total}."
            raise InputError("", "--nations", text, need, "The numbers must make up the whole.")
        dealt = np.repeat(names, shares)
        return np.split(dealt, np.cumsum([satellites for satellites, _ in counts])[:-1])
    if len(names) == 1:
        return [np.full(satellites, names[0]) for satellites, _ in counts]
    if len(counts) == len(names):
        return [np.full(satellites, name) for name, (satellites, _) in zip(names, counts, strict=True)]
    if len(counts) > 1:
        need = f"are {len(names)} nations for {len(counts)} constellations."
        hint = "Name one for each, or give numbers such as USA=16,JPN=8."
        raise InputError("", "--nations", ",".join(names), need, hint)
    satellites, planes = counts[0]
    if satellites < len(names):
        need = f"are {len(names)} nations for {satellites} satellites."
        raise InputError("", "--nations", ",".join(names), need)
    each = satellites // planes if planes >= len(names) else 1
    return [np.array(names)[np.arange(satellites) // each % len(names)]]
