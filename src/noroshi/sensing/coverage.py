"""How well layers of satellites keep targets in view: once, twice, and for how long not at all.

Targets stand at one height over a grid of equal areas. What a constellation on paper could see (geometry) and
what would count (gated: bright enough at the range, lines of sight that cross well) are two coverages of the
same kind, with other limits.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from jaxtyping import Bool, Float, Int

from noroshi.earth import frames
from noroshi.earth.arrays import Array
from noroshi.earth.model import WGS84, Earth
from noroshi.flight.elements import ElementSets, positions_sgp4
from noroshi.flight.orbits import Elements, drift, positions
from noroshi.sensing.visibility import Limits, longest_run, watch

BANDS_DEG = tuple((float(south), south + 10.0) for south in range(-90, 90, 10))


@dataclass(frozen=True)
class Layer:
    """Satellites of one kind. `at` places them in ECEF, m, at seconds; `repeats_s` where all comes again.

    Radars stand still: what they hold is counted once (`reach`) and goes into `cover` beside the layers.
    """

    name: str
    count: int
    at: Callable[[Array], Float[Array, "T N 3"]]
    turn_s: float
    repeats_s: float | None = None


def planned(name: str, elements: Elements, earth: Earth = WGS84) -> Layer:
    """A constellation that somebody plans or assumes; the first axis points at Greenwich at the epoch."""
    turns_s = 2 * np.pi / drift(elements, earth)[2]
    # Over an Earth that neither turns nor bulges, orbits of one period bring everything again.
    same = not earth.rotation_radps and not earth.j2 and np.ptp(turns_s) < 1e-6
    return Layer(
        name,
        len(turns_s),
        lambda time_s: positions(elements, time_s, earth)[0],
        float(turns_s.max()),
        float(turns_s.max()) if same else None,
    )


def published(name: str, sets: ElementSets, epoch_utc: datetime) -> Layer:
    """Real satellites, moved by SGP4 from `epoch_utc` on. One that has decayed sees nothing."""
    place_m, velocity_mps, _ = positions_sgp4(sets, epoch_utc, np.zeros(1))
    turns_s = _turn_s(place_m[0], velocity_mps[0])
    return Layer(
        name,
        len(sets.name),
        lambda time_s: positions_sgp4(sets, epoch_utc, time_s)[0],
        float(np.nanmax(turns_s)) if np.isfinite(turns_s).any() else 0.0,
    )


def _turn_s(place_m: Float[Array, "N 3"], velocity_mps: Float[Array, "N 3"]) -> Float[Array, "N"]:
    """Time of one turn, from place and velocity over the turning Earth (vis-viva)."""
    still = velocity_mps + np.cross([0.0, 0.0, WGS84.rotation_radps], place_m)
    energy = 2 / np.linalg.norm(place_m, axis=-1) - (still**2).sum(axis=-1) / WGS84.gm_m3ps2
    return 2 * np.pi * np.sqrt(np.maximum(energy, 1e-12) ** -3 / WGS84.gm_m3ps2)


def part(layer: Layer, mine: Bool[Array, "N"]) -> Layer:
    """Some satellites of a layer."""
    return replace(layer, count=int(mine.sum()), at=lambda time_s: layer.at(time_s)[:, mine])


@dataclass(frozen=True)
class Times:
    """Moments of one length apart, from the epoch on; whether what follows them is what they began with."""

    step_s: float
    steps: int
    repeats: bool

    @property
    def at_s(self) -> Array:
        """The moments, s."""
        return self.step_s * np.arange(self.steps)


def one_turn(layers: Sequence[Layer], steps: int) -> Times:
    """One turn of the slowest layer, in so many steps."""
    turn_s = max(layer.turn_s for layer in layers)
    repeats = all(layer.repeats_s is not None and abs(layer.repeats_s - turn_s) < 1e-6 for layer in layers)
    return Times(turn_s / steps, steps, repeats)


@dataclass(frozen=True)
class Grid:
    """Places that stand for equal areas, deg (geodetic)."""

    lat_deg: Float[Array, "P"]
    lon_deg: Float[Array, "P"]


def grid(count: int, earth: Earth = WGS84, band_deg: tuple[float, float] = (-90.0, 90.0)) -> Grid:
    """A Fibonacci lattice between two latitudes: equal areas, each turned on by the golden angle."""
    south, north = (np.sin(_authalic(np.radians(edge), earth)) for edge in band_deg)
    z = north - (north - south) * (np.arange(count) + 0.5) / count
    turned = np.degrees(np.pi * (3 - 5**0.5)) * np.arange(count)
    return Grid(np.degrees(_geodetic(np.arcsin(z), earth)), (turned + 180) % 360 - 180)


def _authalic(lat_rad: Array, earth: Earth) -> Array:
    """Latitude on the sphere of the same area (Snyder 1987, 3-11 and 3-12)."""

    def area(sin: Array) -> Array:
        e = np.sqrt(earth.eccentricity2)
        return (1 - e**2) * (sin / (1 - e**2 * sin**2) + np.arctanh(e * sin) / e)

    return np.arcsin(area(np.sin(lat_rad)) / area(1.0)) if earth.eccentricity2 else lat_rad


def _geodetic(beta: Array, earth: Earth) -> Array:
    """The latitude whose authalic latitude this is (Snyder 1987, 3-18): to a billionth of a degree."""
    e2 = earth.eccentricity2
    return (
        beta
        + (e2 / 3 + 31 * e2**2 / 180 + 517 * e2**3 / 5040) * np.sin(2 * beta)
        + (23 * e2**2 / 360 + 251 * e2**3 / 3780) * np.sin(4 * beta)
        + 761 * e2**3 / 45360 * np.sin(6 * beta)
    )


@dataclass(frozen=True)
class Coverage:
    """For each place: satellites in view on average, shares of the time with one and with two, longest gap.

    The gap is in seconds, as fine as the step; infinite where nothing is ever in view.
    """

    mean_in_view: Float[Array, "P"]
    p1: Float[Array, "P"]
    p2: Float[Array, "P"]
    longest_gap_s: Float[Array, "P"]


def cover(
    layers: Sequence[Layer],
    places: Grid,
    target_m: float,
    limits: Limits,
    times: Times,
    earth: Earth = WGS84,
    threads: int | None = None,
    gap_most_s: float = float("inf"),
    held: Int[Array, "P"] | None = None,
) -> Coverage:
    """Watch a target at a height over every place through all layers together.

    `held` is how many radars have a place in view all the time. Once a gap is longer than `gap_most_s` the
    rest of the time is not looked at.
    """
    if not sum(layer.count for layer in layers):
        return _always(np.zeros(len(places.lat_deg), int) if held is None else held)
    lat, lon = np.radians(places.lat_deg), np.radians(places.lon_deg)
    there = frames.ecef(lat, lon, np.full_like(lat, target_m), earth)
    up = frames.enu_axes(lat, lon)[:, 2]

    def eyes(time_s: Array) -> Array:
        return np.concatenate([layer.at(time_s) for layer in layers], axis=1)

    seen = watch(eyes, times.at_s, there, up, limits, earth, threads, gap_most_s / times.step_s, held)
    gap_s = times.step_s * longest_run(seen, times.repeats)
    return Coverage(
        seen.satellites / seen.moments,
        seen.once / seen.moments,
        seen.twice / seen.moments,
        np.where(seen.once > 0, gap_s, np.inf),
    )


def _always(held: Int[Array, "P"]) -> Coverage:
    """What radars alone keep in view: always, or never."""
    return Coverage(
        held.astype(float),
        (held > 0).astype(float),
        (held > 1).astype(float),
        np.where(held > 0, 0.0, np.inf),
    )


@dataclass(frozen=True)
class Share:
    """A coverage over an area: means over places, and the longest gap of all."""

    mean_in_view: float
    p1: float
    p2: float
    longest_gap_s: float


def within(places: Grid, band_deg: tuple[float, float]) -> Bool[Array, "P"]:
    """Places of a band of latitude, its southern edge included; its northern one only at the pole."""
    south, north = band_deg
    return (places.lat_deg >= south) & ((places.lat_deg < north) | (north >= 90))


def over(found: Coverage, here: Bool[Array, "P"]) -> Share | None:
    """The coverage of some places together; None where there is no place."""
    if not here.any():
        return None
    return Share(
        float(found.mean_in_view[here].mean()),
        float(found.p1[here].mean()),
        float(found.p2[here].mean()),
        float(found.longest_gap_s[here].max()),
    )


def bright_range_m(intensity_w_per_sr: Array, threshold_w_per_m2: Array) -> Array:
    """How far a target still reaches the irradiance that a sensor needs: intensity / range^2, in vacuum."""
    return np.sqrt(intensity_w_per_sr / threshold_w_per_m2)
