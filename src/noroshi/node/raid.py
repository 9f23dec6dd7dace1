"""How many missiles a nation takes to be launched, and from how many places: its things, with doubt."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int

from noroshi.earth import frames
from noroshi.node import kernels
from noroshi.node.state import SIGHTING, Node, Outbox, RaidTold, Thing
from noroshi.node.things import known
from noroshi.records.tracks import BURNING, PLACE, SPEED, Estimate
from noroshi.tracking import raid, score

# How sure a word is that nothing else stands behind: a partner's confirmed track, a launch report (of a plume
# that moves), people's sighting. Assumptions: 0.95 to 1, 0.8 to 0.98, 0.1 to 0.6.
_TRACK_TOLD, _LAUNCH_TOLD, _SIGHTED = 0.98, 0.9, 0.3
# Launchers of one site stand so far from its middle, 1 sigma, m; an assumption, 1 to 10 km.
_SPREAD_M = 5e3
# Again so often while nothing new is known: what parted shows as the parts fly on.
_EVERY_S = 10.0
# What has parted comes together when carried back, within 3 sigmas and a share of the distance that gravity
# bends meanwhile. It parts faster than so, m/s, beyond the noise of the speeds, or it flew beside; and before
# it was first seen, but for some seconds in which a beam holds both. Assumptions, each by a factor of two.
_BENT, _PARTS_MPS, _TOGETHER_S = 0.05, 20.0, 20.0
# What has parted no longer burns but one of the two.
_COASTS = 0.1
# What is less likely is not told.
_TOLD = 0.01


def count(node: Node, now_s: float, out: Outbox) -> Node:
    """Count the missiles; journal it where the likeliest number, or where they come from, is another."""
    mine = [thing for thing in node.things if not thing.sort]
    former = node.raid
    if len(mine) < 2 and former.told is None:
        return node
    existence = np.array([missile(node, thing) for thing in mine])
    basis = tuple(
        (thing.id, round(chance, 2), thing.start)
        for thing, chance in zip(mine, existence.tolist(), strict=True)
    )
    if basis == former.basis and now_s < former.next_s:
        return node
    family = families(node, mine)
    chance = raid.count(existence, family)
    groups = raid.by_origin(*_launched(mine), existence, family, _SPREAD_M)
    most = int(chance.argmax())
    each = groups.chance.argmax(axis=1).tolist()
    told = most, tuple(sorted(each))
    if told != former.told:
        lat, lon, _ = np.degrees(frames.geodetic(groups.place_ecef_m))
        places = [
            {
                "lat_deg": round(float(lat[g]), 3),
                "lon_deg": round(float(lon[g]), 3),
                "sigma_km": round(float(groups.sigma_m[g]) / 1e3, 1),
                "first_s": round(float(groups.first_s[g]), 1),
                "last_s": round(float(groups.last_s[g]), 1),
                "count": each[g],
            }
            for g in range(len(each))
        ]
        shares = {str(n): round(float(p), 3) for n, p in enumerate(chance) if p >= _TOLD}
        unplaced = len(set(family[groups.group < 0].tolist()))
        out.note("raid", count=most, chance=shares, groups=places, unplaced=unplaced, things=len(mine))
    return replace(node, raid=RaidTold(now_s + _EVERY_S, basis, told))


def missile(node: Node, thing: Thing) -> float:
    """Probability that a thing is there and is a missile, by the surest word on it: words share causes."""
    words = [0.0]
    if thing.track is not None:
        background = node.tracker.rules.of(thing.track.newest.sensor)
        words.append(float(score.probability(np.float64(thing.track.score + score.first(background)))))
    if thing.foreign:
        words.append(_TRACK_TOLD)
    if thing.origin is not None or any(not name.startswith(SIGHTING) for name in thing.told):
        words.append(_LAUNCH_TOLD)
    elif thing.told:
        words.append(_SIGHTED)
    none = thing.held.odds.get("not a missile", 0.0) if thing.held is not None else 0.0
    return max(words) * (1 - none)


def families(node: Node, things: Sequence[Thing]) -> Int[np.ndarray, "N"]:
    """Number of the missile that each thing is of: what has parted from one another is one."""
    family = np.arange(len(things))
    estimates = {row: one for row, thing in enumerate(things) if (one := known(thing)) is not None}
    if len(estimates) < 2:
        return family
    rows = np.array(list(estimates))
    together = parted(
        kernels.carry_all(
            list(estimates.values()),
            max(float(one.time_s) for one in estimates.values()),
            node.desk.belief,
        ),
        np.array([_first_s(things[row], estimates[row]) for row in rows]),
    )
    for i, j in np.argwhere(np.triu(together)).tolist():
        family[family == family[rows[j]]] = family[rows[i]]
    return family


def parted(now: Estimate, first_s: Float[np.ndarray, "N"]) -> Bool[np.ndarray, "N N"]:
    """Which of N estimates of one time were one object not long before the younger was first seen.

    Carried back along their relative velocity they meet, and the elder was seen before that: two that were
    launched beside one another keep their distance, and two after one another keep apart by the speed along.
    """
    place, speed, cov = now.mean[:, PLACE], now.mean[:, SPEED], now.cov
    off, away = place[:, None] - place[None], speed[:, None] - speed[None]
    length, rate2 = np.linalg.norm(off, axis=-1), np.sum(away**2, axis=-1)
    since_s = np.sum(off * away, axis=-1) / np.maximum(rate2, 1e-9)
    miss_m = np.linalg.norm(off - since_s[..., None] * away, axis=-1)
    place2, speed2 = (np.einsum("nii->n", cov[:, part, part]) / 3 for part in (PLACE, SPEED))
    sigma_m = np.sqrt(place2[:, None] + place2 + since_s**2 * (speed2[:, None] + speed2))
    when_s = np.asarray(now.time_s)[0] - since_s
    younger_s, elder_s = np.maximum(first_s[:, None], first_s), np.minimum(first_s[:, None], first_s)
    moves = np.sqrt(rate2) > np.maximum(_PARTS_MPS, 3 * np.sqrt(speed2[:, None] + speed2))
    # What is known too badly meets everything, and says nothing.
    near = (miss_m < 3 * sigma_m + _BENT * length) & (6 * sigma_m < length)
    coasts = now.weight[:, BURNING] < _COASTS
    near &= coasts[:, None] | coasts
    return moves & near & (since_s > 0) & (when_s > elder_s) & (when_s < younger_s + _TOGETHER_S)


def _first_s(thing: Thing, estimate: Estimate) -> float:
    """When a thing was first seen."""
    return thing.track.born_s if thing.track is not None else float(estimate.time_s)


def _launched(things: Sequence[Thing]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Launch points, ECEF m, with covariances, and times; not a number where they are not known."""
    starts = [thing.start for thing in things]
    lat, lon, sigma_m, time_s = (
        np.array(
            [
                (math.radians(one.lat_deg), math.radians(one.lon_deg), one.sigma_km * 1e3, one.time_s)
                if one is not None
                else (math.nan,) * 4
                for one in starts
            ]
        )
        .reshape(-1, 4)
        .T
    )
    place = np.asarray(frames.ecef(lat, lon, np.zeros(len(lat))))
    return place, sigma_m[:, None, None] ** 2 * np.eye(3), time_s
