"""Generic missiles, bodies and launches for the tests of flights."""

import numpy as np

from noroshi.flight.missile import Aim, Body, Missile, Site, Stage

ISP_MPS = 275 * 9.80665
SITE = Site(40.0, 126.0, 200.0)
BODY = Body(6000.0)
# From the Sea of Japan side of the peninsula, north-eastwards.
EAST = np.radians(80.0)


def one_stage(burn_s: float = 150.0, gravity_turn: float = 1.0) -> Missile:
    """A liquid stage with some 28 t and 1.65 m."""
    return Missile((Stage(burn_s, ISP_MPS),), 8.0, 48.0, np.pi / 4 * 1.65**2 / 28_000, gravity_turn)


def two_stages(light_kgpm2: float = 300.0) -> Missile:
    """Two stages of unlike burns, exhausts and shares, with a coast between them."""
    stages = (
        Stage(70.0, ISP_MPS, share=1.0, spent_kgpm2=light_kgpm2),
        Stage(90.0, 1.1 * ISP_MPS, share=1.5, gap_s=4.0, spent_kgpm2=light_kgpm2),
    )
    return Missile(stages, 6.0, 40.0, 1e-4)


def three_stages() -> Missile:
    """A space launcher: stages that burn the longer the higher they are."""
    stages = tuple(Stage(burn_s, 2900.0, gap_s=2.0) for burn_s in (120.0, 180.0, 240.0))
    return Missile(stages, 8.0, 40.0, 5e-5)


def aim(
    *lofts_deg: float, ideal_kmps: float = 6.0, azimuth_rad: float = EAST, upper: tuple[float, ...] = ()
) -> Aim:
    """Launches that differ in their loft."""
    count = len(lofts_deg)
    steered = [np.full(count, value) for value in upper]
    return Aim(
        np.radians(np.array(lofts_deg)), np.full(count, ideal_kmps), np.full(count, azimuth_rad), *steered
    )
