"""What a boost looks like before anyone has seen it: many generic ones as a mean and a few modes.

A launch that is only seen under angles has to be placed by what boosts are like. One shape with scales is too
stiff for missiles that burn 40 s or 500 s, in one stage or three; so many generic ones are flown with the
code of the flights, and the logarithms of their height and distance by the logarithm of age become a mean and
its principal components (a Gaussian process of low rank, Ramsay and Silverman, Functional Data Analysis, ch.
8).
"""

import math
from dataclasses import replace

import jax
import numpy as np
from jaxtyping import Float
from scipy.interpolate import make_lsq_spline
from scipy.stats import qmc

from noroshi.earth import frames
from noroshi.earth.arrays import Array
from noroshi.earth.constants import MEAN_RADIUS_M, STANDARD_GRAVITY_MPS2
from noroshi.earth.model import WGS84
from noroshi.flight.dynamics import KILO, MEGA
from noroshi.flight.fit import flown
from noroshi.flight.interpolate import hermite
from noroshi.flight.missile import Aim, Body, Missile, Site, Stage, course
from noroshi.records.pytree import record

# Logarithms are of height and distance plus so much, m: below it nothing is seen.
SMALL_M = 300.0
# Ages that the curves stand for, s, and the cells of a cubic spline over their logarithm.
YOUNG_S, OLD_S, CELLS = 4.0, 640.0, 40
MODES = 12
_FLIGHTS, _MOMENTS = 512, 28
# The least thrust over weight that lifts off: an assumption, 1.1 to 1.2.
_HEAVY = 1.12


@record
class Template:
    """What boosts are like: cubic splines over ln(age) of ln(height + SMALL_M) and ln(distance + SMALL_M).

    `mean` [2, C] and `modes` [M, 2, C] are spline coefficients; a boost is their sum with weights N(0, 1).
    `burn` [M + 2] is its ln(burn, s): mean, slopes by those weights, and the sigma that is left.
    `rest` [C, 3] is what no mode explains by age, one sigma for each direction: m, m/s, m/s2.
    `light_m` is about the height of the first sight from above, `light_ratio` one sigma of its logarithm.
    """

    mean: Float[Array, "2 C"]
    modes: Float[Array, "M 2 C"]
    burn: Float[Array, "M2"]
    rest: Float[Array, "C 3"]
    light_m: Float[Array, ""]
    light_ratio: Float[Array, ""]


def cell(age_s: Array) -> Array:
    """Where on the splines an age lies, in cells from the first."""
    return np.log(age_s / YOUNG_S) * (CELLS / math.log(OLD_S / YOUNG_S))


def generic() -> Template:
    """The template of boosts of all kinds, from short range to space; some seconds of work.

    All ranges are assumptions, wider than those of any shipped threat: nobody knows what comes.
    """
    ages, burn_s = _bank()
    fit_s = YOUNG_S * (OLD_S / YOUNG_S) ** (np.arange(4 * CELLS + 1) / (4 * CELLS))
    curves = np.stack([_drawn_out(age_s, place, fit_s) for age_s, place in ages])
    knots = np.arange(-3, CELLS + 4).astype(float)
    at = np.clip(cell(fit_s), 0.0, CELLS - 1e-9)
    flat = make_lsq_spline(at, curves.transpose(1, 0, 2).reshape(len(fit_s), -1), knots, k=3).c
    coefficients = flat.reshape(-1, len(curves), 2).transpose(1, 2, 0)  # flights, 2, C
    return template_of(coefficients, burn_s)


def template_of(coefficients: Float[np.ndarray, "N 2 C"], burn_s: Float[np.ndarray, "N"]) -> Template:
    """Mean and modes of N boosts given as splines that burn so long."""
    count, _, columns = coefficients.shape
    mean = coefficients.mean(axis=0)
    off = coefficients - mean
    # Ages that few reach weigh little: their curves beyond burnout are drawn out, not flown.
    age_s = YOUNG_S * (OLD_S / YOUNG_S) ** ((np.arange(columns) - 1) / CELLS)
    alive = (burn_s[:, None] > age_s).mean(axis=0)
    scale = np.sqrt(np.clip(alive, 0.02, 1.0))
    u, s, vt = np.linalg.svd((off * scale).reshape(count, -1), full_matrices=False)
    # Either sign of a mode is as good: the one whose largest number is positive is the same everywhere.
    largest = np.argmax(np.abs(vt[:MODES]), axis=1)
    sign = np.sign(vt[np.arange(MODES), largest])
    u, vt = u[:, :MODES] * sign, vt[:MODES] * sign[:, None]
    weights = u * math.sqrt(count)
    modes = (s[:MODES, None] / math.sqrt(count) * vt).reshape(MODES, 2, columns) / scale
    left = off - np.einsum("nm,mkc->nkc", weights, modes)
    # ln(burn) by the weights.
    design = np.concatenate([np.ones((count, 1)), weights], axis=1)
    slopes, *_ = np.linalg.lstsq(design, np.log(burn_s), rcond=None)
    spread = np.std(np.log(burn_s) - design @ slopes)
    # What is left of a logarithm, times height or distance, is metres; its slopes in age are speeds. Where
    # half of the flights have burnt out it is too few to tell, and what was left there stands for the rest.
    size = np.exp(np.minimum(coefficients, math.log(3e6)))
    known = int(np.flatnonzero(alive >= 0.1)[-1]) + 1
    dead = (burn_s[:, None] <= age_s)[:, None, :known]
    told = []
    for order in range(3):
        part = left
        for _ in range(order):
            part = np.gradient(part, axis=-1) * (CELLS / math.log(OLD_S / YOUNG_S)) / age_s
        each = np.where(dead, np.nan, (np.abs(part) * size)[..., :known])
        told.append(np.sqrt((np.nanpercentile(each, 68, axis=0) ** 2).mean(axis=0)))
    rest = np.stack(told, axis=-1)[np.minimum(np.arange(columns), known - 1)]
    return Template(mean, modes, np.concatenate([slopes, [spread]]), rest, np.float64(12e3), np.float64(0.5))


def _bank() -> tuple[list[tuple[np.ndarray, np.ndarray]], np.ndarray]:
    """Ages and (height, distance) along each flight's burn; how long each burns. On an Earth that stands."""
    u = qmc.Halton(10, scramble=False).random(2 * _FLIGHTS)[1:].T
    stages = 1 + (u[0] > 0.55) + (u[0] > 0.85)
    exhaust = STANDARD_GRAVITY_MPS2 * (225.0 + 80.0 * u[2])
    # Ideal velocity of a stage at most: a fuel fraction of 0.89, and 11 km/s of all stages.
    most = 1 - np.exp(-np.minimum(2.2, 11e3 / stages / exhaust))
    # Assumptions: burns log-uniform, short ones of one stage, long ones of several.
    low, high = np.array([35.0, 70.0, 150.0])[stages - 1], np.array([220.0, 330.0, 600.0])[stages - 1]
    longest_s = most * exhaust / (_HEAVY * STANDARD_GRAVITY_MPS2)
    burn_s = np.minimum(low * (high / low) ** u[1], stages * longest_s)
    # Thrust over weight at the lift-off, 1.12 to 7 where the burn allows: heavy ones leave the ground slowly,
    # so what is left to rise with is even in its logarithm.
    first = STANDARD_GRAVITY_MPS2 * burn_s / stages / exhaust
    hardest = np.minimum(most / first, 7.0)
    push = 1 + (_HEAVY - 1) * (np.maximum(hardest - 1, _HEAVY - 1) / (_HEAVY - 1)) ** u[3]
    ideal_kmps = -stages * exhaust * np.log1p(-np.minimum(push * first, most)) / 1e3
    vertical_s = 1.0 + (2.0 + 10.0 * np.minimum(burn_s / 150.0, 1.0)) * u[4]
    over_s = (6.0 + 70.0 * u[5]) * np.minimum(1.0, 0.25 + burn_s / 120.0)
    follows = (u[6] > 0.5).astype(float)
    # Pitch at the end of the turn: near the vertical where the thrust then follows the velocity.
    tilt_deg = np.where(follows > 0, 0.3 * (45.0 / 0.3) ** u[7], 3.0 + 62.0 * u[7])
    loft = np.radians(90.0 - tilt_deg)
    parts = []
    for number in range(3):
        has = stages > number
        parts.append(
            Stage(
                burn_s=np.where(has, burn_s / stages, 1e-3),
                exhaust_mps=exhaust,
                share=np.where(has, 1.0, 1e-9),
                gap_s=np.where(has, 4.0 * u[8], 1e-3),
            )
        )
    still = WGS84._replace(rotation_radps=0.0)
    missile = Missile(tuple(parts), vertical_s, vertical_s + over_s, 1e-4 * 3.0 ** (2 * u[9] - 1), follows)
    aim = Aim(loft, ideal_kmps, np.full(len(loft), np.pi / 2))
    whole_s = burn_s + 4.0 * u[8] * (stages - 1)
    share = (np.arange(1, _MOMENTS + 1) / _MOMENTS) ** 1.3
    until_s = whole_s * share[:, None]

    each, how = jax.tree.map(lambda leaf: np.tile(leaf, _MOMENTS) if np.ndim(leaf) else leaf, (missile, aim))
    plan = course(Site(0.0, 0.0), each, Body(1e4), how, still)
    plan = replace(plan, until_s=until_s.ravel())
    ends = flown(plan)
    state = ends.state[-1].reshape(6, _MOMENTS, -1)
    place, speed = state[:3] * MEGA, state[3:] * KILO
    time_s = ends.time[-1].reshape(_MOMENTS, -1) * KILO
    sound = np.asarray(ends.sound).reshape(_MOMENTS, -1).all(axis=0)
    up_m = frames.geodetic(np.moveaxis(place, 0, -1), still)[2]
    sound &= (np.abs(time_s - until_s) < 0.5).all(axis=0) & (up_m > 0).all(axis=0) & (up_m[-1] > 15e3)
    chosen = np.flatnonzero(sound)[:_FLIGHTS]
    found = []
    for k in chosen:
        at_s = np.append(0.0, until_s[:, k])
        nodes = np.concatenate([[[WGS84.semi_major_m, 0.0, 0.0]], place[:, :, k].T])
        moving = np.concatenate([np.zeros((1, 3)), speed[:, :, k].T])
        fine_s = np.linspace(0.0, at_s[-1], 200)
        along, _ = hermite(at_s, nodes, moving, fine_s)
        _, lon, height_m = frames.geodetic(along, still)
        found.append((fine_s, np.stack([height_m, MEAN_RADIUS_M * np.abs(lon)], axis=-1)))
    return found, whole_s[chosen]


def _drawn_out(age_s: np.ndarray, curve_m: np.ndarray, at_s: np.ndarray) -> np.ndarray:
    """Logarithms of height and distance at other ages; beyond the end as powers of age."""
    logs = np.log(np.maximum(curve_m, 0.0) + SMALL_M)
    inside = np.minimum(at_s, age_s[-1])
    read = np.stack([np.interp(inside, age_s, logs[:, k]) for k in range(2)], axis=-1)
    back = len(age_s) * 9 // 10
    slope = (logs[-1] - logs[back]) / np.log(age_s[-1] / age_s[back])
    return read + np.log(np.maximum(at_s / age_s[-1], 1.0))[:, None] * slope


def typical(template: Template, age_s: float) -> tuple[float, float]:
    """Height and ground distance, m, of the middle boost at an age."""
    at = float(cell(np.clip(age_s, YOUNG_S, OLD_S - 1e-6)))
    first = min(int(at), CELLS - 1)
    u = at - first
    blend = np.array([(1 - u) ** 3, 3 * u**3 - 6 * u**2 + 4, -3 * u**3 + 3 * u**2 + 3 * u + 1, u**3]) / 6
    height, distance = np.exp(np.asarray(template.mean)[:, first : first + 4] @ blend) - SMALL_M
    return float(max(height, 0.0)), float(max(distance, 0.0))
