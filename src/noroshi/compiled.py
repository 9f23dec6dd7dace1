"""Kernels that are traced once per machine: what tracing gave is kept beside the compiled code.

JAX keeps compiled code on disk, but each process traces and lowers anew to find it there, which takes longer
than to load it. What is kept here (jax.export) is bound to the package's sources, the shapes and the backend,
in a folder bound to jaxlib and the processor (settings). It is pickled, and trusted as that folder's machine
code is. What is missing or broken is made again; NOROSHI_CACHE_DIR=off keeps nothing.
"""

import contextlib
import hashlib
import os
import pickle
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import jax
from jax import export

P = ParamSpec("P")
R = TypeVar("R")

# Small kernels compile in half the time without them and run no slower.
QUICK = {"xla_cpu_use_fusion_emitters": False}


def stored(function: Callable[P, R], options: Mapping[str, bool] | None = None) -> Callable[P, R]:
    """`function` of arrays and records, compiled; not for use inside vmap or grad.

    The first process goes through the kept form too, so that later ones compute the same to the last bit.
    """

    @wraps(function)
    def call(*args: Any) -> Any:
        return _kept(function, args).call(*args)

    # Said outright, for what went through jax.export comes back bound to its device: arguments of both sorts
    # would have each kernel loaded once more.
    here = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    return jax.jit(call, in_shardings=here, compiler_options=dict(options or {}))  # type: ignore[return-value]


def place(name: str) -> str | None:
    """Path of what is kept under `name` for these very sources; None where nothing is kept."""
    folder = jax.config.values["jax_compilation_cache_dir"]
    return os.path.join(folder, f"noroshi-{_SOURCES[:16]}-{name}") if folder else None


def _kept(function: Callable[..., Any], args: tuple[Any, ...]) -> export.Exported:
    shapes = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype), args)
    told = f"{jax.default_backend()} {jax.tree.flatten(shapes)}"
    name = f"{function.__module__}.{function.__qualname__}"
    path = place(f"{name}-{hashlib.sha256(told.encode()).hexdigest()[:16]}")
    # Whatever a broken file may raise, the answer is the same.
    with contextlib.suppress(Exception):
        if path is not None:
            with open(path, "rb") as file:
                found = pickle.load(file)
            if isinstance(found, export.Exported):
                return found
    made = export.export(jax.jit(function))(*shapes)
    with contextlib.suppress(Exception):
        if path is not None:
            _write(path, pickle.dumps(replace(made, _get_vjp=None)))
    return made


def _write(path: str, content: bytes) -> None:
    """Whole or not at all, for two processes may write at once."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    part = f"{path}.{os.getpid()}.part"
    with open(part, "wb") as file:
        file.write(content)
    os.replace(part, path)


def _sources() -> str:
    """Digest of the package's sources: any of them may have changed what is traced."""
    digest = hashlib.sha256()
    for folder, folders, files in os.walk(os.path.dirname(__file__)):
        folders.sort()
        for name in sorted(files):
            if name.endswith(".py"):
                with open(os.path.join(folder, name), "rb") as file:
                    digest.update(file.read())
    return digest.hexdigest()


# At once: what is traced later is what was imported now, whatever happens to the files meanwhile.
_SOURCES = _sources()
