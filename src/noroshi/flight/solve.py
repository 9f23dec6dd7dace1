"""Levenberg-Marquardt for many small problems in lockstep: one batch of flights serves all of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

# Flights of one batch: the shape that is compiled.
LANES = 64

Misses = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Unknowns:
    """What is sought: bounds, the step of the difference quotient, and the longest step of one round."""

    low: Float[np.ndarray, "n"]
    high: Float[np.ndarray, "n"]
    probe: Float[np.ndarray, "n"]
    stride: Float[np.ndarray, "n"]

    @property
    def problems(self) -> int:
        """How many problems one batch holds: each flies with a neighbour for every unknown."""
        return LANES // (len(self.low) + 1)


def solve(
    misses: Misses, unknowns: Unknowns, first: Float[np.ndarray, "n K"], met: float, rounds: int = 40
) -> tuple[Float[np.ndarray, "n K"], Float[np.ndarray, "m K"]]:
    """Unknowns and what they miss, for K problems, each from its first guess.

    `misses` maps unknowns [n, L] to misses [m, L] in units in which `met` is good enough, inf where nothing
    flew; its lanes are the K problems n+1 times over (itself, then moved by each probe). A problem stops
    when its largest miss is below `met` or no step makes it smaller.
    """
    n, count = first.shape

    def look(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        moved = [x] + [x + np.where(np.arange(n) == i, unknowns.probe, 0.0)[:, None] for i in range(n)]
        found = misses(np.concatenate(moved, axis=1))
        here = found[:, :count]
        near = found[:, count:].reshape(len(found), n, count)
        with np.errstate(invalid="ignore"):
            return here, (near - here[:, None]) / unknowns.probe[None, :, None]

    def size(miss: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return np.where(np.isfinite(miss).all(axis=0), np.sum(miss**2, axis=0), np.inf)

    stuck = np.zeros(count, dtype=bool)
    best = np.clip(first, unknowns.low[:, None], unknowns.high[:, None])
    miss, slope = look(best)
    damping = np.full(count, 1e-3)
    for _ in range(rounds):
        left = ~(np.abs(miss).max(axis=0) < met) & (damping < 1e7) & ~stuck
        if not left.any():
            break
        # Problems without a slope (nothing flew beside them) stand still.
        usable = np.isfinite(slope).all(axis=(0, 1)) & np.isfinite(miss).all(axis=0)
        jacobian = np.where(usable, slope, 0.0).transpose(2, 0, 1)
        normal = jacobian.transpose(0, 2, 1) @ jacobian
        diagonal = np.einsum("kii->ki", normal)
        floor = diagonal.max(axis=1, keepdims=True) * 1e-12 + 1e-12
        ridge = damping[:, None] * (diagonal + floor) + 1e-12
        normal = normal + ridge[:, :, None] * np.eye(n)
        wanted = -np.einsum("kmn,mk->kn", jacobian, np.where(usable, miss, 0.0))
        step = np.linalg.solve(normal, wanted[..., None])[..., 0].T
        step = step / np.maximum(np.abs(step / unknowns.stride[:, None]).max(axis=0), 1.0)
        trial = np.where(left, np.clip(best + step, unknowns.low[:, None], unknowns.high[:, None]), best)
        new, new_slope = look(trial)
        better = left & (size(new) < size(miss))
        best = np.where(better, trial, best)
        miss = np.where(better, new, miss)
        slope = np.where(better, new_slope, slope)
        damping = np.where(better, damping / 10, np.where(left, damping * 10, damping))
        damping = np.maximum(damping, 1e-9)
        stuck = ~usable
    return best, miss
