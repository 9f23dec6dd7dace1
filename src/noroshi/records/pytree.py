"""The one way to declare a record of arrays."""

from dataclasses import dataclass, fields
from typing import TypeVar, dataclass_transform

import jax

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def record(cls: type[T]) -> type[T]:
    """Make `cls` a frozen dataclass whose fields are the leaves of a JAX pytree."""
    frozen = dataclass(frozen=True)(cls)
    names = [field.name for field in fields(frozen)]  # type: ignore[arg-type]
    jax.tree_util.register_dataclass(frozen, data_fields=names, meta_fields=[])
    return frozen
