"""From a threat profile to what flies: every number drawn from its stated spread."""

from collections.abc import Callable

import numpy as np

from noroshi.catalogue.profiles import LIFT, ThreatProfile
from noroshi.earth.arrays import Array
from noroshi.earth.constants import STANDARD_GRAVITY_MPS2
from noroshi.flight.missile import Body, Missile, Stage

# Between stages, and what is left of one: of no weight for the flight of the body.
GAP_S, SPENT_KGPM2 = 2.0, 400.0


def flyer(threat: ThreatProfile, chance: Callable[[str], Array]) -> tuple[Missile, Body]:
    """The missile and the body it carries; `chance` gives a number, or numbers, in [0, 1) for each name.

    Stages share the burn and the ideal velocity evenly, which is all that a public figure supports.
    """

    def draw(name: str) -> Array:
        spread, u01 = getattr(threat, name), chance(name)
        if np.ndim(u01):
            return np.array([spread.draw(float(one)) for one in u01])
        return spread.draw(float(u01))

    stage = Stage(
        burn_s=draw("burn_s") / threat.stages,
        exhaust_mps=draw("specific_impulse_s") * STANDARD_GRAVITY_MPS2,
        gap_s=GAP_S,
        spent_kgpm2=SPENT_KGPM2,
    )
    vertical_s = draw("vertical_s")
    missile = Missile(
        stages=(stage,) * threat.stages,
        vertical_s=vertical_s,
        turned_s=vertical_s + draw("pitch_over_s"),
        area_m2pkg=np.pi / 4 * threat.boost_diameter_m.value**2 / threat.launch_mass_kg.value,
        gravity_turn=float(threat.steering == "gravity-turn"),
    )
    ballistic_coefficient = draw("ballistic_coefficient_kgpm2")
    if threat.glide_ratio is None:
        return missile, Body(ballistic_coefficient)
    ratio, below_km, dive_mps, damping = (draw(name) for name in LIFT)
    return missile, Body(ballistic_coefficient, ratio, below_km * 1e3, damping, dive_mps)
