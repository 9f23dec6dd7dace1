"""From a threat profile to what flies: every number drawn from its stated spread."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from noroshi.catalogue import assemble, door
from noroshi.catalogue.base import did_you_mean
from noroshi.catalogue.profiles import LIFT, ThreatProfile
from noroshi.earth.arrays import Array
from noroshi.earth.constants import STANDARD_GRAVITY_MPS2
from noroshi.errors import InputError
from noroshi.flight.missile import Body, Missile, Stage
from noroshi.sensing.signature import Signature, Skin

# Between stages, and what is left of one: of no weight for the flight of the body.
GAP_S, SPENT_KGPM2 = 2.0, 400.0


def load_threat(name: str) -> ThreatProfile:
    """A shipped threat profile by name, or a TOML file's.

    Raises InputError when there is none of that name, or the file is no threat profile.
    """
    path = Path(name)
    if path.suffix == ".toml":
        where = str(path)
    else:
        path = door.DATA / "threats" / f"{name}.toml"
        where = door.shipped(path)
        known = assemble.shipped_names("threats")
        if name not in known:
            hint = did_you_mean(name, known)
            raise InputError("", "--family", name, "is not a known family of flights.", hint)
    table = {**door.read_toml(path, where), "name": path.stem}
    return door.validate(ThreatProfile, table, where)


def flyer(threat: ThreatProfile, chance: Callable[[str], Array]) -> tuple[Missile, Body]:
    """The missile and the body it carries; `chance` gives a number, or numbers, in [0, 1) for each name.

    Stages share the burn and the ideal velocity evenly, which is all that a public figure supports; those of
    a space launcher burn the longer the higher they are (2 : 3 : 4), as they do.
    """

    def draw(name: str) -> Array:
        spread, u01 = getattr(threat, name), chance(name)
        if np.ndim(u01):
            return np.array([spread.draw(float(one)) for one in u01])
        return spread.draw(float(u01))

    weights = [2.0 + number if threat.family == "space" else 1.0 for number in range(threat.stages)]
    burn_s, impulse_s = draw("burn_s"), draw("specific_impulse_s")
    stages = tuple(
        Stage(
            burn_s=burn_s * weight / sum(weights),
            exhaust_mps=impulse_s * STANDARD_GRAVITY_MPS2,
            gap_s=GAP_S,
            spent_kgpm2=SPENT_KGPM2,
        )
        for weight in weights
    )
    vertical_s = draw("vertical_s")
    missile = Missile(
        stages=stages,
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


def signature_of(threat: ThreatProfile) -> Signature:
    """What a missile of this profile shows of itself; what the profile leaves out changes nothing."""

    def told(name: str, otherwise: float) -> float:
        figure = getattr(threat, name)
        return float(otherwise if figure is None else figure.value)

    skin = Skin(
        length_m=told("skin_length_m", 0.0),
        half_angle_rad=math.radians(told("skin_half_angle_deg", 0.0)),
        emissivity=told("skin_emissivity", 0.0),
    )
    return Signature(
        rcs_m2_boost=threat.rcs_m2_boost.value,
        rcs_m2_coast=threat.rcs_m2_coast.value,
        rcs_m2_air=told("rcs_m2_air", threat.rcs_m2_coast.value),
        swerling=threat.swerling,
        plume_w_per_sr=threat.plume_w_per_sr.value,
        plume_upper_share=told("plume_upper_share", 1.0),
        plume_weak_share=told("plume_weak_share", 1.0),
        plume_weak_from_m=told("plume_weak_from_km", 0.0) * 1e3,
        plume_weak_to_m=told("plume_weak_to_km", 1.0) * 1e3,
        skin=skin if skin.length_m > 0 else None,
    )
