"""Keys of chance, folded by name so that adding a draw never changes another."""

import zlib

import jax
import numpy as np

Key = jax.Array


def root(seed: int) -> Key:
    """The key that everything in one run is folded from."""
    return jax.random.key(seed)


def number(name: str) -> int:
    """A stable 32-bit number for `name` (CRC-32), the same in every process."""
    return zlib.crc32(name.encode())


def fold(key: Key, *names: str | int) -> Key:
    """Fold names into `key`, outermost first: fold(key, "sensor", "JPN-FPS5-Sado")."""
    for name in names:
        key = jax.random.fold_in(key, number(name) if isinstance(name, str) else name)
    return key


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """A NumPy generator for draws outside compiled code, seeded by the run and the names alone."""
    words = [number(name) if isinstance(name, str) else int(name) & 0xFFFFFFFF for name in names]
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, *words])))


def uniform(seed: int, *names: str | int) -> float:
    """One number in [0, 1) that depends on the run and the names alone."""
    return float(generator(seed, *names).random())
