"""What a nation knows becomes work for its radars, as long as it holds and under the name of who said it."""

import math
from dataclasses import replace

import numpy as np
import pytest

from noroshi.earth import frames, geometry
from noroshi.node import cue, kernels
from noroshi.node.state import SIGHTING, Foreign, Origin, Outbox, Thing, View, Warning
from noroshi.records.detections import Plot
from noroshi.records.tracks import Estimate
from noroshi.tracking.followed import Followed
from noroshi.tracking.provenance import Evidence

NOW_S = 100.0
PLACE = np.asarray(frames.ecef(*np.radians([40.0, 133.0]), np.float64(120e3)))
AXES = frames.enu_axes(*np.radians([40.0, 133.0]))
BURNS, COASTS = (0.98, 0.02, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0)
START = Origin(NOW_S - 60.0, 40.0, 131.0, 20.0, 90.0, 10.0)


def estimated(time_s=NOW_S, models=COASTS, force_mps2=0.0):
    """Up at 2 km/s and east at 2 km/s, perhaps pushed along."""
    speed = 2e3 * (AXES[0] + AXES[2])
    state = np.array([*PLACE, *speed, *(force_mps2 * speed / np.linalg.norm(speed)), 8.5])
    sigma = np.repeat([500.0, 10.0, 1.0, 0.3], [3, 3, 3, 1])
    return Estimate(np.float64(time_s), state, np.diag(sigma**2), np.array(models))


def foreign(time_s=NOW_S, models=COASTS, of="USA"):
    return {of: Foreign(estimated(time_s, models), Evidence.of([of], of, time_s), f"{of}-T1")}


def followed(time_s=NOW_S, lost=False, models=COASTS, confirmed=True):
    plot = Plot("JPN-Sado", time_s, (5e5, 0.0, 0.3), (30.0, 1e-3, 1e-3), False)
    state = estimated(time_s, models)
    return Followed("T1", 0.0, time_s, 9, 50.0, ("JPN-Sado",), (plot,), plot, state, confirmed, lost)


def cues(node, thing, now_s=NOW_S):
    out = Outbox(now_s)
    cue.task(replace(node, things=(thing,)), now_s, out)
    return out.cues


@pytest.mark.parametrize(
    "thing, because",
    [
        (Thing("JPN-T1", track=followed()), "own track"),
        (Thing("JPN-T1", track=followed(), foreign=foreign()), "own track"),
        (Thing("JPN-T1", foreign=foreign()), "track from USA"),
        (Thing("JPN-T1", foreign=foreign(60.0) | foreign(90.0, of="KOR")), "track from KOR"),
        (Thing("JPN-T1", track=followed(confirmed=False), foreign=foreign()), "track from USA"),
        (Thing("JPN-T1", origin=START), "own launch report"),
        (Thing("JPN-T1", told={"KOR": START}), "launch report from KOR"),
        (Thing("JPN-T1", told={f"{SIGHTING}r1": START}), "sighting"),
        (Thing("JPN-T1", track=followed(60.0, lost=True)), "own track, lost"),
        (Thing("JPN-T1", track=followed(60.0, lost=True), foreign=foreign()), "track from USA"),
    ],
    ids=str,
)
def test_the_first_word_that_holds_points_the_radars(japan, thing, because):
    found = cues(japan, thing)
    assert found and {one.because for one in found} == {because}
    assert {one.sensor for one in found} <= set(japan.desk.radars)


@pytest.mark.parametrize(
    "thing",
    [
        Thing("JPN-T1", track=followed(), sort="satellite"),
        Thing("JPN-T1", track=followed(), sort="aircraft"),
        Thing("JPN-T1"),
        Thing("JPN-T1", track=followed(confirmed=False)),
    ],
    ids=["satellite", "aircraft", "nothing", "unconfirmed"],
)
def test_what_is_no_missile_is_not_cued(japan, thing):
    assert cues(japan, thing) == []


@pytest.mark.parametrize("models, lasts_s", [(BURNS, 40.0), (COASTS, 500.0)])
def test_a_word_that_has_expired_points_nobody(japan, models, lasts_s):
    """A burn that nobody sees holds for a minute, a coast for ten: in any case not for an hour."""
    for thing in (
        Thing("JPN-T1", track=followed(lost=True, models=models)),
        Thing("JPN-T1", foreign=foreign(models=models)),
    ):
        assert cues(japan, thing, NOW_S + lasts_s)
        assert cues(japan, thing, NOW_S + 3600.0) == []


def test_an_expired_track_makes_room_for_a_younger_report(japan):
    old = foreign(NOW_S - 200.0, models=BURNS)
    found = cues(japan, Thing("JPN-T1", foreign=old, told={"KOR": START}))
    assert {one.because for one in found} == {"launch report from KOR"}


@pytest.mark.parametrize("age_s", [0.0, 3.0, 7.0, 30.0, 120.0])
@pytest.mark.parametrize("models, force_mps2", [(COASTS, 0.0), (BURNS, 40.0)])
def test_a_radar_is_pointed_where_the_filter_expects_it(japan, age_s, models, force_mps2):
    """However old the estimate: the filter's own prediction lies well inside the cone."""
    state = estimated(NOW_S - age_s, models, force_mps2)
    told = Foreign(state, Evidence.of(["USA"], "USA", NOW_S - age_s), "USA-T1")
    found = cues(japan, Thing("JPN-T1", foreign={"USA": told}))
    if models == BURNS and age_s > 60:
        assert found == []
        return
    there = kernels.carry(state, np.float64(NOW_S + cue.EVERY_S / 2), japan.desk.belief)
    assert found
    for one in found:
        site, axes = japan.desk.radars[one.sensor].at(NOW_S)
        _, azimuth, elevation = geometry.range_azimuth_elevation(site, axes, np.asarray(there.mean)[:3])
        turn = (azimuth - one.azimuth_rad + math.pi) % (2 * math.pi) - math.pi
        off = math.hypot(turn * math.cos(elevation), elevation - one.elevation_rad)
        assert off < one.half_width_rad / 3


def test_what_is_new_slips_away_or_threatens_is_urgent(japan):
    steady = View(NOW_S, (0.0,) * 10, 1.0, 1.0, ("JPN",), 0.0, 0.0, 0.0, 900.0, 10.0, 5.0, 0.0, {}, {})
    mine = Thing("JPN-T1", track=followed(), view=steady)
    assert {(one.urgent, one.steady) for one in cues(japan, mine)} == {(False, True)}
    for thing in (
        Thing("JPN-T1", foreign=foreign()),
        replace(mine, track=followed(NOW_S - 15.0)),
        replace(mine, view=replace(steady, areas={"Aomori": 0.2})),
        replace(mine, warning=Warning(stage="deciding", number=1)),
    ):
        assert {one.urgent for one in cues(japan, thing)} == {True}
