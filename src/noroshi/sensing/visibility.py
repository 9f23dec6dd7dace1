"""Which satellites see which places, over time: lines of sight, tested and counted at once.

Tests of every satellite against every place at every moment are many, so they are never kept: a chunk of
places goes through a block of moments, and what stays is a handful of counts for each place.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Bool, Float, Int

from noroshi.compiled import stored
from noroshi.earth.arrays import Array
from noroshi.earth.model import WGS84, Earth
from noroshi.flight.batch import CHUNK, in_chunks, in_jobs
from noroshi.records.pytree import record

# Places of a thread's job and moments of a block: small enough that two threads share 4,000 places and that
# a week of moments is never held at once.
_JOB, _BLOCK = 1024, 64


@record
class Limits:
    """What ends a view: one number for all satellites or one for each; None where nothing does.

    Lowest elevation at the place, rad; without one the line of sight may pass below the place's horizon, as
    far as the Earth's limb. Field of view about the nadir as a half angle, rad. Greatest range, m. Least
    angle, rad, at which two lines of sight must cross to count as two.
    """

    elevation_rad: Array | None = None
    nadir_rad: Array | None = None
    range_m: Array | None = None
    crossing_rad: Array | None = None


@record
class Watched:
    """How often each place was in view: moments, satellites summed over them, moments with one, with two.

    Then moments out of view: the longest run of them, the run at the beginning, the one at the end.
    """

    moments: Int[Array, "P"]
    satellites: Int[Array, "P"]
    once: Int[Array, "P"]
    twice: Int[Array, "P"]
    longest_gap: Int[Array, "P"]
    first_gap: Int[Array, "P"]
    last_gap: Int[Array, "P"]


@record
class _Places:
    """Places with their verticals, in equatorial radii; `tangent` is the way to the limb, squashed round.

    `held` counts what has a place in view all the time.
    """

    x: Float[Array, "3 P"]
    up: Float[Array, "3 P"]
    tangent: Float[Array, "P"]
    held: Int[Array, "P"]


@record
class _Eyes:
    """Satellites of a block of moments, in the same units; what fills the block up is not `real`."""

    x: Float[Array, "T 3 N"]
    tangent: Float[Array, "T N"]
    real: Bool[Array, "T"]


@record
class _Rule:
    """Limits as the kernel compares them; `polar2` is (equatorial radius / polar radius)^2, for the limb."""

    polar2: Array | None
    elevation: Array | None
    nadir: Array | None
    range2: Array | None
    crossing_cos: Array | None


def watch(
    eyes: Callable[[Array], Float[Array, "T N 3"]],
    time_s: Float[Array, "T"],
    places_ecef_m: Float[Array, "P 3"],
    up: Float[Array, "P 3"],
    limits: Limits,
    earth: Earth = WGS84,
    threads: int | None = None,
    gap_most: float = float("inf"),
    held: Int[Array, "P"] | None = None,
) -> Watched:
    """Watch places that stand on the Earth through satellites that `eyes` places in ECEF, m, at seconds.

    `up` are the verticals there. A satellite that is not a number sees nothing. Where a place has been out of
    view for more than `gap_most` moments nobody watches on: `moments` says how far it went. `held` is how
    many radars have a place in view, always: each counts as one more, and since it measures range, it and any
    other make two at whatever angle their lines cross.
    """
    satellites = eyes(time_s[:1]).shape[1]
    room = _room(satellites)
    rule = _rule(limits, satellites, room, earth)
    x, vertical, tangent = _round(np.asarray(places_ecef_m).T[None], earth, up=np.asarray(up, float).T)
    always = np.zeros(len(places_ecef_m)) if held is None else held
    places = _Places(x, vertical, tangent, np.asarray(always, np.int32))
    none = np.zeros(len(places_ecef_m), np.int32)
    seen = Watched(*(none,) * 7)
    # Places that share a chunk lie together, so that most satellites are below all their horizons.
    order = _together(places.x)
    places = jax.tree.map(lambda leaf: leaf[..., order], places)
    block = min(_BLOCK, 1 << (len(time_s) - 1).bit_length())
    job = min(_JOB, -(-len(order) // CHUNK) * CHUNK)
    for start in range(0, len(time_s), block):
        sky = _sky(eyes(time_s[start : start + block]), block, room, earth)
        seen = in_jobs(partial(_watch, sky, rule), (places, seen), threads, job)
        if seen.longest_gap.max() > gap_most:
            break
    back = np.argsort(order)
    return jax.tree.map(lambda leaf: leaf[back], seen)


def _room(satellites: int) -> int:
    """Few sizes, so that few programs serve every constellation: 16, 24, 32, 48, 64, 96 ..."""
    size = 16
    while size < satellites:
        size = size * 3 // 2 if size & (size - 1) == 0 else size * 4 // 3
    return size


def _sky(position_m: Float[Array, "T N 3"], block: int, room: int, earth: Earth) -> _Eyes:
    moments, satellites, _ = position_m.shape
    full = np.full((block, 3, room), np.nan)
    full[:moments, :, :satellites] = np.swapaxes(position_m, 1, 2)
    x, tangent = _round(full, earth)
    return _Eyes(x, tangent, np.arange(block) < moments)


def _round(position_m: Float[Array, "T 3 N"], earth: Earth, up: Array | None = None) -> tuple[Array, ...]:
    """Places in equatorial radii, and how far each is from its horizon once the Earth is squashed round."""
    x = position_m / earth.semi_major_m
    squashed = x * np.array([1.0, 1.0, earth.semi_major_m / earth.semi_minor_m])[:, None]
    tangent = np.sqrt(np.maximum((squashed**2).sum(axis=1) - 1, 0.0))
    return (x, tangent) if up is None else (x[0], up, tangent[0])


def _rule(limits: Limits, satellites: int, room: int, earth: Earth) -> _Rule:
    """Signed squares stand for sine and cosine: they grow alike and cost no root."""

    def each(value: Array | None, meaning: Callable[[Array], Array]) -> Array | None:
        if value is None:
            return None
        given = np.broadcast_to(np.asarray(value, float), satellites)
        return np.append(meaning(given), np.full(room - satellites, np.nan))

    lowest = limits.elevation_rad
    # A place at or above the ground sees nothing of the Earth above its own horizon.
    limb = lowest is None or bool(np.any(np.asarray(lowest) < 0))
    return _Rule(
        np.float64((earth.semi_major_m / earth.semi_minor_m) ** 2) if limb else None,
        each(lowest, lambda angle: np.sin(angle) * np.abs(np.sin(angle))),
        each(limits.nadir_rad, lambda angle: np.cos(angle) * np.abs(np.cos(angle))),
        each(limits.range_m, lambda range_m: (range_m / earth.semi_major_m) ** 2),
        None if limits.crossing_rad is None else np.cos(np.float64(limits.crossing_rad)),
    )


def _together(x: Float[Array, "3 P"]) -> Int[Array, "P"]:
    """An order in which neighbours come together: bands of latitude, each from west to east."""
    across = max(1, round((x.shape[1] / CHUNK) ** 0.5))
    band = np.argsort(np.argsort(x[2])) * across // x.shape[1]
    return np.lexsort((np.arctan2(x[1], x[0]), band))


@stored
def _watch(sky: _Eyes, rule: _Rule, lanes: tuple[_Places, Watched]) -> Watched:
    """What was seen so far, and what is seen in one more block of moments."""

    def chunk(lanes: tuple[_Places, Watched]) -> Watched:
        there = lanes[0]

        def moment(seen: Watched, eyes: _Eyes) -> tuple[Watched, None]:
            clear = _clear(there, eyes, rule)
            count = jnp.sum(clear, axis=0, dtype=jnp.int32) + there.held
            twice = count > 1
            if rule.crossing_cos is not None:
                ranged = there.held > 0
                pair = _crossed(there, eyes, clear, twice & ~ranged, rule.crossing_cos)
                twice &= ranged | pair
            return _counted(seen, count, twice, eyes.real), None

        return lax.scan(moment, lanes[1], sky)[0]

    return in_chunks(chunk, lanes)


def _clear(there: _Places, eyes: _Eyes, rule: _Rule) -> Bool[Array, "N P"]:
    """Which satellites of a moment have which places in view."""
    # Axis by axis: one array of all three would not be fused, and costs four times as much.
    eye, place = _columns(eyes.x), there.x
    way = [a - b for a, b in zip(eye, place, strict=True)]
    range2 = _dot(way, way)
    clear = range2 > 0
    if rule.polar2 is not None:
        # Squashed round, both see the same limb when the angle between them is that of both tangents.
        cos = eye[0] * place[0] + eye[1] * place[1] + (rule.polar2 * eye[2]) * place[2]
        clear &= cos >= 1 - eyes.tangent[:, None] * there.tangent
    if rule.elevation is not None:
        rise = _dot(way, there.up)
        clear &= rise * jnp.abs(rise) >= rule.elevation[:, None] * range2
    if rule.range2 is not None:
        clear &= range2 <= rule.range2[:, None]
    if rule.nadir is not None:
        down = _dot(way, eye)
        clear &= down * jnp.abs(down) >= (rule.nadir[:, None] * _dot(eye, eye)) * range2
    return clear


def _columns(x: Float[Array, "3 N"]) -> list[Float[Array, "N 1"]]:
    return [axis[:, None] for axis in x]


def _dot(a: Sequence[Array] | Array, b: Sequence[Array] | Array) -> Array:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _crossed(
    there: _Places, eyes: _Eyes, clear: Bool[Array, "N P"], twice: Bool[Array, "P"], cos_least: Array
) -> Bool[Array, "P"]:
    """Places with two lines of sight that cross at the least angle or more.

    Lines, not rays: two satellites on opposite sides fix a place as badly as two side by side. Each satellite
    is held against all others until every place has its pair.
    """
    way = [a - b for a, b in zip(_columns(eyes.x), there.x, strict=True)]
    way = [axis / jnp.sqrt(_dot(way, way)) for axis in way]
    useful = jnp.any(clear & twice, axis=1)

    def wanting(state: tuple[Array, Array]) -> Array:
        number, found = state
        return (number < len(useful)) & jnp.any(twice & ~found)

    def held(state: tuple[Array, Array]) -> tuple[Array, Array]:
        number, found = state

        def against() -> Array:
            cos = _dot([axis[number] for axis in way], way)
            return found | (clear[number] & jnp.any(clear & (jnp.abs(cos) <= cos_least), axis=0))

        return number + 1, lax.cond(useful[number], against, lambda: found)

    return lax.while_loop(wanting, held, (0, jnp.zeros_like(twice)))[1]


def _counted(seen: Watched, count: Array, twice: Array, real: Array) -> Watched:
    """One more moment; one that only fills its block up changes nothing."""
    gap = jnp.where(count > 0, 0, seen.last_gap + 1)
    more = Watched(
        moments=seen.moments + 1,
        satellites=seen.satellites + count,
        once=seen.once + (count > 0),
        twice=seen.twice + twice,
        longest_gap=jnp.maximum(seen.longest_gap, gap),
        first_gap=jnp.where((seen.once == 0) & (count == 0), gap, seen.first_gap),
        last_gap=gap,
    )
    return jax.tree.map(lambda new, old: jnp.where(real, new, old), more, seen)


def longest_run(seen: Watched, repeats: bool) -> Array:
    """Moments of the longest time out of view; where all repeats, its end may run on into its beginning."""
    longest = np.asarray(seen.longest_gap)
    return (
        np.maximum(longest, np.minimum(seen.first_gap + seen.last_gap, seen.moments)) if repeats else longest
    )


def merged(limits: Limits, range_m: Array) -> Limits:
    """The same limits, with a range that is no greater than this."""
    held = range_m if limits.range_m is None else np.minimum(limits.range_m, range_m)
    return replace(limits, range_m=held)
