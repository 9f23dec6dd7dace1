"""The compiled looks: every sensor of a kind at every object of a moment."""

from typing import Any

import jax

from noroshi.compiled import QUICK, stored
from noroshi.earth.arrays import Array
from noroshi.records.detections import Detections
from noroshi.records.truth import Truth
from noroshi.sensing import infrared, radar, skywave
from noroshi.sensing.environment import Environment


def _apart(
    look: Any, sensor: Any, tasking: Any, air: Environment, truth: Truth, key: Array, numbers: Array
) -> Any:
    """One look at objects one by one, each with its own key: no other object alters its noise."""
    alone = jax.tree.map(lambda rows: rows[:, None], truth)
    each = jax.vmap(jax.random.fold_in, in_axes=(None, 0))(key, numbers)
    more = () if tasking is None else (tasking,)
    seen = jax.vmap(lambda one, own: look(sensor, *more, air, one, own))(alone, each)
    return jax.tree.map(lambda rows: rows[:, 0], seen)


def _looks(look: Any) -> Any:
    """One look of every sensor of a kind; the key of a look is its sensor's, folded with the second."""

    def all_of(
        sensors: Any,
        tasking: Any,
        air: Environment,
        truth: Truth,
        keys_: Array,
        second: Array,
        numbers: Array,
    ) -> Detections:
        each = jax.vmap(jax.random.fold_in, in_axes=(0, None))(keys_, second)
        told = None if tasking is None else 0
        apart: Detections = jax.vmap(
            lambda one, task, key: _apart(look, one, task, air, truth, key, numbers), in_axes=(0, told, 0)
        )(sensors, tasking, each)
        return apart

    all_of.__qualname__ = all_of.__name__ = f"{look.__module__.rpartition('.')[2]}_looks"
    return stored(all_of, QUICK)


radar_looks, skywave_looks, infrared_looks = (_looks(kind.look) for kind in (radar, skywave, infrared))
