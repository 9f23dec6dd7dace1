"""A track that is no longer seen: it widens, then expires. It never stays sharp.

Twice a lost track became a false public warning: on 2022-11-03 it was flown on over Japan after the missile
had failed, on 2023-04-13 it stood on a few plots of what may have been a spent stage
(docs/reference/forecast.md).
"""

from dataclasses import dataclass, replace

import jax.numpy as jnp
import numpy as np

from noroshi.earth.arrays import Array
from noroshi.records.tracks import Estimate

# Share of launches that fail under thrust: 5 of the 83 rows of data/record/launches.csv failed, 5 of the 19
# of more than medium range. Assumption between the two, 0.06 to 0.26.
FAILS = 0.10
# Share of what vanishes that has failed, with the seconds after which not to be seen says so: assumptions,
# 0.3 to 0.7 and 10 to 60 s. Of what vanishes without thrust fewer have: 0.05 to 0.3.
_FAILED_WHEN_LOST, _BROKEN_WHEN_LOST, _TELLING_S = 0.5, 0.15, 25.0
# Acceleration that no plot has told, as white noise while nobody looks, m2/s3: residual thrust, venting,
# a tumbling body's lift. Assumption, 0.1 to 10: 10 m/s after 100 s.
_UNSEEN_M2PS3 = 1.0
# Seconds after which half of the forecasts of a lost track no longer hold, by model (burning, ballistic,
# gliding, level): a burn may have ended or turned, a ballistic body breaks up or was another one, a glider
# banks within a minute, an aircraft turns back. Assumptions, each by a factor of two.
_HALF_LIVES_S = (30.0, 300.0, 60.0, 150.0)
# Below this share of trust a track supports no forecast: two half-lives.
_LEAST_SHARE = 0.25
# A speed that is no better known than this says nothing of where an object goes, m/s. Assumption, 500 to
# 1,500.
_BLIND_MPS = 1000.0
# Seconds without a plot that are but the pause between two looks: assumption, 5 to 20.
PAUSE_S = 10.0


@dataclass(frozen=True)
class Trust:
    """Share of belief that a track still deserves, whether it may still support a forecast, and why not."""

    share: float
    expired: bool
    reason: str


def fail_share(unseen_s: Array) -> Array:
    """Share of what was seen to burn that will fail, or has, given that it was not seen for so long."""
    return FAILS + (_FAILED_WHEN_LOST - FAILS) * (1 - jnp.exp(-unseen_s / _TELLING_S))


def break_share(unseen_s: Array) -> Array:
    """Share of what flew without thrust that is in pieces, given that it was not seen for so long."""
    return _BROKEN_WHEN_LOST * (1 - jnp.exp(-unseen_s / _TELLING_S))


def widen(estimate: Estimate, unseen_s: Array) -> Estimate:
    """The state at the last plot, wider by what may have pushed the object unseen for `unseen_s`."""
    t = jnp.maximum(unseen_s, 0.0)
    block = _UNSEEN_M2PS3 * jnp.array([[t**3 / 3, t**2 / 2], [t**2 / 2, t]])
    grown = jnp.asarray(estimate.cov).at[:6, :6].add(jnp.kron(block, jnp.eye(3)))
    # The drag of what is no longer seen may be that of another shape: up to a factor of two.
    grown = grown.at[9, 9].add(0.5 * (1 - jnp.exp(-t / _TELLING_S)) * jnp.log(2.0) ** 2)
    return replace(estimate, cov=grown)


def trust(estimate: Estimate, last_plot_s: float, now_s: float) -> Trust:
    """What a track that had its last plot at `last_plot_s` is worth now."""
    mean, cov = np.asarray(estimate.mean), np.asarray(estimate.cov)
    if not (np.isfinite(mean).all() and np.isfinite(cov).all()):
        return Trust(0.0, True, "the state is not a number")
    weight = np.asarray(estimate.weight, float)
    unseen_s = max(float(now_s) - float(last_plot_s), 0.0)
    beyond_s = max(unseen_s - PAUSE_S, 0.0)
    share = float(weight @ 0.5 ** (beyond_s / np.array(_HALF_LIVES_S)) / max(weight.sum(), 1e-12))
    speed_sigma_mps = float(np.sqrt(np.linalg.eigvalsh(cov[3:6, 3:6])[-1]))
    if speed_sigma_mps > _BLIND_MPS:
        return Trust(share, True, f"speed known to {speed_sigma_mps:.0f} m/s only")
    if share < _LEAST_SHARE:
        return Trust(share, True, f"not seen for {unseen_s:.0f} s")
    return Trust(share, False, "" if beyond_s == 0 else f"lost for {unseen_s:.0f} s")
