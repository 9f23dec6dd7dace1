"""The compiled steps of a node, each compiled once per process and shared by all nations."""

from collections.abc import Sequence

import jax
import numpy as np

from noroshi.compiled import QUICK, stored
from noroshi.earth.arrays import Array
from noroshi.records.tracks import Belief, Estimate
from noroshi.tracking import backwards, forecast, fuse, launchpoint

# Estimates are carried so many at a time: one kernel, as quick for eight as for one.
_CARRIED = 8


def _carry_rows(estimates: Estimate, to_s: Array, belief: Belief) -> Estimate:
    return jax.vmap(lambda one: fuse.carry(one, to_s, belief))(estimates)


_rows = stored(_carry_rows, QUICK)
bundle = stored(forecast.bundle)
launch = stored(launchpoint.estimate, QUICK)


def carry_all(estimates: Sequence[Estimate], to_s: float, belief: Belief) -> Estimate:
    """Estimates, at least one, as rows [N] that all stand at `to_s`."""
    stacked = jax.tree.map(lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *estimates)
    count = len(estimates)
    if (stacked.time_s == to_s).all():
        return stacked
    parts = []
    for start in range(0, count, _CARRIED):
        index = np.minimum(np.arange(start, start + _CARRIED), count - 1)
        padded = jax.tree.map(lambda leaf, index=index: leaf[index], stacked)
        moved = jax.device_get(_rows(padded, np.float64(to_s), belief))
        stop = min(count - start, _CARRIED)
        parts.append(jax.tree.map(lambda leaf, stop=stop: leaf[:stop], moved))
    return parts[0] if len(parts) == 1 else jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)


def carry(estimate: Estimate, to_s: Array, belief: Belief) -> Estimate:
    """One estimate carried to `to_s`."""
    moved: Estimate = jax.tree.map(lambda leaf: leaf[0], carry_all([estimate], float(to_s), belief))
    return moved


source = stored(backwards.source, QUICK)
