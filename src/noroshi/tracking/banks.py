"""Compiled steps of many filters at once, each for a few fixed numbers of rows."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from noroshi.compiled import QUICK, stored
from noroshi.earth.arrays import Array
from noroshi.records.tracks import Belief, Estimate, Sight, Track
from noroshi.tracking import imm
from noroshi.tracking.imm import Innovation

# Numbers of rows that kernels are compiled for, and up to how many rows pieces of each are quickest.
SIZES = (1, 8, 128)
_UP_TO = {1: 1, 8: 24}
# Plots that one track takes in at a moment; most have no more than a few.
MOST, FEW = 8, 2
# Longest step of a prediction, s: the chances that a model gives way to another, and what a burn that ends
# within the step adds, are for steps that are short beside a burn.
STEP_S = 20.0


def _predict(tracks: Track, to_s: Float[Array, "N"], belief: Belief) -> Track:
    return jax.vmap(lambda track, to_s: imm.predict(track, to_s, belief))(tracks, to_s)


def _weigh(tracks: Track, sights: Sight) -> Innovation:
    return jax.vmap(imm.weigh)(tracks, sights)


def _absorb(tracks: Track, sights: Sight, count: Int[Array, "N"]) -> tuple[Track, Estimate]:
    def one(track: Track, sights: Sight, count: Array) -> tuple[Track, Estimate]:
        def take(row: Array, track: Track) -> Track:
            sight = jax.tree.map(lambda column: column[row], sights)
            return imm.update(track, sight)[0]

        track = jax.lax.fori_loop(0, count, take, track)
        return track, imm.collapse(track)

    return jax.vmap(one)(tracks, sights, count)


def _hedge(
    tracks: Track, sights: Sight, chance: Float[Array, "N H"], centre: Int[Array, "N"]
) -> tuple[Track, Estimate]:
    def one(track: Track, sights: Sight, chance: Array, centre: Array) -> tuple[Track, Estimate]:
        alike = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (len(chance) - 1, *leaf.shape)), track)
        hits = jax.vmap(imm.update)(alike, sights)[0]
        every = jax.tree.map(lambda a, b: jnp.concatenate([a[None], b]), track, hits)
        track = imm.blend(every, chance)
        # The spread of all about one of them is wider by how far that lies from their middle.
        mean = jnp.where(centre < 0, track.mean, every.mean[jnp.maximum(centre, 0)])
        off = mean - track.mean
        track = replace(track, mean=mean, cov=track.cov + off[:, :, None] * off[:, None, :])
        return track, imm.collapse(track)

    return jax.vmap(one)(tracks, sights, chance, centre)


def _init(sights: Sight, belief: Belief) -> tuple[Track, Estimate]:
    tracks = jax.vmap(lambda sight: imm.init(sight, belief))(sights)
    return tracks, jax.vmap(imm.collapse)(tracks)


def _from_estimate(estimates: Estimate) -> Track:
    return jax.vmap(imm.from_estimate)(estimates)


_KERNELS: dict[str, Callable[..., Any]] = {
    "predict": stored(_predict, QUICK),
    "weigh": stored(_weigh, QUICK),
    "absorb": stored(_absorb, QUICK),
    "hedge": stored(_hedge, QUICK),
    "init": stored(_init, QUICK),
    "from_estimate": stored(_from_estimate, QUICK),
}


def _in_rows(name: str, rows: tuple[Any, ...], rest: tuple[Any, ...] = (), index: Any = None) -> Any:
    """Call a kernel on records of N rows, padded with the first row to a compiled number, and cut to N.

    `index` tells, for each of `rows`, which of its rows are meant, where they are not all in order.
    """
    flat = [jax.tree.flatten(record) for record in rows]
    arrays = [[np.asarray(leaf) for leaf in leaves] for leaves, _ in flat]
    count = len(arrays[0][0]) if index is None else len(index[0])
    size = next((size for size, most in _UP_TO.items() if count <= most), SIZES[-1])
    parts = []
    for start in range(0, count, size):
        here = np.arange(start, start + size)
        here[here >= count] = start
        padded = []
        for k, (_, shape) in enumerate(flat):
            at = here if index is None or index[k] is None else index[k][here]
            padded.append(jax.tree.unflatten(shape, [leaf[at] for leaf in arrays[k]]))
        # All leaves at once: one after the other each would wait for the kernel.
        found = jax.device_get(_KERNELS[name](*padded, *rest))
        stop = min(count - start, size)
        parts.append(jax.tree.map(lambda leaf, stop=stop: leaf[:stop], found))
    return parts[0] if len(parts) == 1 else jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)


def predict(tracks: Track, to_s: float, belief: Belief) -> Track:
    """All tracks [N] at a later time, in steps of at most STEP_S."""
    gap_s = to_s - tracks.time_s
    steps = np.maximum(np.ceil(np.abs(gap_s) / STEP_S - 1e-9), 1.0)
    first: Track = _in_rows("predict", (tracks, to_s - (steps - 1) * (gap_s / steps)), (belief,))
    far = np.flatnonzero(steps > 1)
    if not len(far):
        return first
    rest = jax.tree.map(lambda leaf: leaf[far], first)
    for left in range(int(steps.max()) - 1, 0, -1):
        goes = np.flatnonzero(steps[far] > left)
        now_s = to_s - (left - 1) * (gap_s / steps)[far][goes]
        moved = _in_rows("predict", (rest, now_s), (belief,), (goes, None))
        rest = jax.tree.map(lambda old, new, goes=goes: put(old, goes, new), rest, moved)
    return jax.tree.map(lambda old, new: put(old, far, new), first, rest)


def put(old: np.ndarray, rows: np.ndarray, new: np.ndarray) -> np.ndarray:
    """A copy of `old` with these rows set."""
    changed = np.array(old)
    changed[rows] = new
    return changed


def weigh(tracks: Track, sights: Sight, rows: Int[Array, "P"], columns: Int[Array, "P"]) -> Innovation:
    """How far sight columns[i] lies from track rows[i]."""
    told: Innovation = _in_rows("weigh", (tracks, sights), (), (rows, columns))
    return told


def absorb(
    tracks: Track, sights: Sight, rows: Int[Array, "N"], table: Int[Array, "N M"], count: Int[Array, "N"]
) -> tuple[Track, Estimate]:
    """Condition track rows[i] on the first count[i] of sights table[i], one after the other."""
    most = FEW if count.max() <= FEW else MOST
    found: tuple[Track, Estimate] = _in_rows(
        "absorb", (tracks, sights, count), (), (rows, table[:, :most], None)
    )
    return found


def hedge(
    tracks: Track,
    sights: Sight,
    rows: Int[Array, "N"],
    table: Int[Array, "N M"],
    chance: Float[Array, "N H"],
    count: Int[Array, "N"],
    centre: Int[Array, "N"],
) -> tuple[Track, Estimate]:
    """Condition track rows[i] on one of the first count[i] of sights table[i] or on none, with these chances,
    none first; about the middle of all, or about hypothesis centre[i] where that is not negative.
    """
    parts, order = [], []
    for most, those in ((FEW, count <= FEW), (MOST, count > FEW)):
        at = np.flatnonzero(those)
        if len(at):
            index = (rows[at], table[at, :most], None, None)
            told = (tracks, sights, chance[at, : most + 1], centre[at])
            parts.append(_in_rows("hedge", told, (), index))
            order.append(at)
    back = np.argsort(np.concatenate(order))
    found: tuple[Track, Estimate] = jax.tree.map(lambda *leaves: np.concatenate(leaves)[back], *parts)
    return found


def init(sights: Sight, belief: Belief) -> tuple[Track, Estimate]:
    """Tracks [N] from one plot each."""
    found: tuple[Track, Estimate] = _in_rows("init", (sights,), (belief,))
    return found


def from_estimate(estimates: Estimate) -> Track:
    """Tracks [N] from states that were found otherwise."""
    tracks: Track = _in_rows("from_estimate", (estimates,))
    return tracks


def sights(*shape: int) -> Sight:
    """Empty sights, to compile with."""
    one, three, four = np.ones(shape), np.ones((*shape, 3)), np.ones((*shape, 4))
    axes = np.broadcast_to(np.eye(3), (*shape, 3, 3))
    return Sight(one, four, four, three, axes, three, np.ones(shape, int))


def jobs(belief: Belief) -> list[Callable[[int], object]]:
    """Calls of the kernels that association by nearest neighbour needs, for so many rows of empty records."""

    def tracks(count: int) -> Track:
        return init(sights(count), belief)[0]

    def taken(count: int) -> object:
        rows = np.arange(count)
        table = np.repeat(rows[:, None], MOST, axis=1)
        return absorb(tracks(count), sights(count), rows, table, np.ones(count, int))

    return [
        taken,
        lambda count: predict(tracks(count), 2.0, belief),
        lambda count: weigh(tracks(count), sights(count), np.arange(count), np.arange(count)),
    ]
