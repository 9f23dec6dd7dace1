"""One formula for both worlds: NumPy outside compiled code, JAX inside it."""

from types import ModuleType
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

# A NumPy array or a JAX one: functions of the inside take both, and no checker tells them apart by shape.
Array: TypeAlias = Any


def namespace(*values: Any) -> ModuleType:
    """jax.numpy if any value is a JAX array or being traced, else numpy (no compilation, no waiting)."""
    return jnp if any(isinstance(value, jax.Array) for value in values) else np
