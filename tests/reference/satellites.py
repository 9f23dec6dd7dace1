"""Published satellites by SGP4: the vectors of "Revisiting Spacetrack Report #3"."""

from functools import cache

import numpy as np

from tests.flight.test_elements import PUBLISHED, teme
from tests.reference.cases import Case, Group, absolute

# Number, minutes after its epoch; place km and velocity km/s in TEME.
VECTORS = [
    ("00005", 0, (7022.46529266, -1400.08296755, 0.03995155, 1.893841015, 6.405893759, 4.534807250)),
    ("00005", 360, (-7154.03120202, -3783.17682504, -3536.19412294, 4.741887409, -4.151817765, -2.093935425)),
    ("00005", 1440, (-938.55923943, -6268.18748831, -4294.02924751, 7.536105209, -0.427127707, 0.989878080)),
    ("00005", 4320, (-9060.47373569, 4658.70952502, 813.68673153, -2.232832783, -4.110453490, -3.157345433)),
    ("88888", 0, (2328.96975262, -5995.22051338, 1719.97297192, 2.912073281, -0.983417956, -7.090816210)),
    ("88888", 1440, (2742.55398832, -6079.67009123, -326.39012649, 1.948497651, 1.211072678, -7.356193131)),
    (
        "11801",
        1440,
        (9787.87836256, 33753.32249667, -15030.79874625, -1.094251553, 0.923589906, -1.522311008),
    ),
    ("28350", 1440, (-4527.90871828, -723.29199041, -4527.44608319, 5.121674217, -3.909895427, -4.500218556)),
]

SGP4 = Group(
    "sgp4",
    "Published satellites",
    "Element sets of the verification are read by `elements.from_tle`, moved by `elements.positions_sgp4`; "
    "what comes out over the turning Earth is taken back to the frame of SGP4 (TEME), and its distance "
    "from the published vector is given. The tolerance is the digit of the publication and the rounding of "
    "that way.",
    "Vallado et al., *Revisiting Spacetrack Report #3*, AIAA 2006-6753: SGP4-VER.TLE and tcppver.out as "
    "[python-sgp4](https://github.com/brandon-rhodes/python-sgp4) ships them.",
)


@cache
def off(row: int) -> tuple[float, float]:
    """How far ours lies from a vector: place, m, and velocity, m/s."""
    number, minutes, vector = VECTORS[row]
    place, velocity, status = teme(PUBLISHED[number][0], np.array([minutes], float))
    assert status[0] == 0
    return tuple(
        float(np.linalg.norm(part) * 1e3) for part in (place[0] - vector[:3], velocity[0] - vector[3:])
    )


def _cases() -> list[Case]:
    cases = []
    for row, (number, minutes, _) in enumerate(VECTORS):
        for what, index, unit, near, form in (
            ("place", 0, "m", absolute(2e-4), ".4f"),
            ("velocity", 1, "m/s", absolute(2e-6), ".6f"),
        ):
            cases.append(
                Case(
                    f"sgp4-{number}-{minutes}-{what}", SGP4, f"{number} after {minutes:,} min: {what} off",
                    "Vallado et al. 2006", "S1", 0.0, unit, near,
                    lambda row=row, index=index: off(row)[index], form,
                )
            )  # fmt: skip
    return cases


CASES = _cases()
