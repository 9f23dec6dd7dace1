"""What moves or shines in the world: one object is a row a second, for as long as it is there."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from noroshi.records.truth import Kind


@dataclass(frozen=True)
class Object:
    """An object from `start_s` (a whole second after the scenario's epoch) on, N rows, one a second; ECEF."""

    id: str
    kind: Kind
    start_s: float
    position_ecef_m: Float[np.ndarray, "N 3"]
    velocity_ecef_mps: Float[np.ndarray, "N 3"]
    rcs_m2: Float[np.ndarray, "N"]
    infrared_w_per_sr: Float[np.ndarray, "N"]
    swerling: int = 1
