"""What a nation makes of partners' words: refused, paired with its own tracks, joined, compared."""

import itertools
import math
from dataclasses import replace

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noroshi.node import assess, kernels, pairs, picture
from noroshi.node.state import STAGES, Foreign, Origin, Outbox, Pending, Thing, View, Warning
from noroshi.node.things import joined
from noroshi.records.detections import Plot
from noroshi.records.messages import LaunchReport, Message
from noroshi.records.tracks import Estimate
from noroshi.tracking import told
from noroshi.tracking.classify import Known, classify
from noroshi.tracking.followed import Followed
from noroshi.tracking.provenance import Evidence
from tests.sharing.words import message, payload, track_report

NOW_S = 120.0
SIGMA = np.repeat([500.0, 10.0, 0.1, 0.3], [3, 3, 3, 1])
PLACE = np.array([-3.5e6, 3.2e6, 4.6e6, -3e3, -2e3, 3e3, 0.0, 0.0, 0.0, 8.5])


def coasting(place=(0.0, 0.0, 0.0), time_s=NOW_S, wide=1.0):
    """An estimate on a steady coast, so many metres from a fixed place."""
    mean = PLACE + np.array([*place, *np.zeros(7)])
    weight = np.array([0.0, 1.0, 0.0, 0.0])
    return Estimate(np.float64(time_s), mean, np.diag((wide * SIGMA) ** 2), weight)


def ours(name, estimate):
    """A thing with a confirmed track of our own."""
    plot = Plot("JPN-Sado", float(estimate.time_s), (1e6, 0.0, 0.5), (50.0, 1e-3, 1e-3), False)
    born = Followed(name, 0.0, NOW_S, 9, 20.0, ("JPN-Sado",), (plot,), plot, estimate, confirmed=True)
    return Thing(name, track=born, evidence=9)


def word(name, estimate, origin="USA", number=1, also=(), kind="track", fed_by=None) -> Message:
    """A partner's track, or its forecast with that track."""
    path = replace(told.report(name, estimate), also=also)
    told_by = message(kind, origin=origin, provenance=fed_by)
    body = path if kind == "track" else replace(payload("forecast"), track_id=name, path=path)
    return replace(told_by, id=f"{origin}-{number:05d}", payload=body)


def heard(node, *messages, now_s=NOW_S):
    """The node after it has heard these and sorted out what is what, and what it noted."""
    out = Outbox(now_s)
    for one in messages:
        node = picture.hear(node, one, now_s, out)
    return pairs.merge(node, now_s, out), out


def events(out, name):
    return [fields for _, event, fields in out.entries if event == name]


# What cannot be used.


@pytest.fixture
def busy(japan):
    """A node with a track of its own and a partner's of something else."""
    node = replace(japan, things=(ours("JPN-T1", coasting()),), made=1)
    return heard(node, word("USA-T1", coasting((4e5, 0, 0))))[0]


GOOD = track_report()
SPOILT = {
    "a place that is no number": {"position_ecef_m": (math.nan, 0.0, 0.0)},
    "infinite speed": {"velocity_ecef_mps": (math.inf, 0.0, 0.0)},
    "a negative variance": {"covariance": tuple(tuple(-v for v in row) for row in GOOD.covariance)},
    "a row missing": {"covariance": GOOD.covariance[:9]},
    "no numbers": {"covariance": (("x",) * 10,) * 10},
    "from the future": {"time_s": NOW_S + 60.0},
    "of no time": {"time_s": math.nan},
    "in the ground": {"position_ecef_m": (1e6, 0.0, 0.0)},
    "chances of two": {"models": (1.0, 1.0, 0.0, 0.0)},
}


@pytest.mark.parametrize("kind", ["track", "forecast"])
@pytest.mark.parametrize("spoilt", SPOILT.values(), ids=SPOILT.keys())
def test_a_track_that_cannot_be_used_changes_nothing_and_is_counted(busy, spoilt, kind):
    one = word("USA-T1", coasting((4e5, 0, 0)), number=7, kind=kind)
    path = one.payload if kind == "track" else one.payload.path
    bad = replace(path, **spoilt)
    one = replace(one, payload=bad if kind == "track" else replace(one.payload, path=bad))
    node, out = heard(busy, one)
    assert node.things == busy.things
    (said,) = events(out, "refused")
    assert (said["origin"], said["message"]) == ("USA", "USA-00007") and said["reason"]
    assert node.refused == {"USA": 1}
    assert heard(node, one)[0].refused == {"USA": 2}


@pytest.mark.parametrize(
    "spoilt",
    [
        {"impact_lat_deg": math.nan},
        {"impact_time_s": math.inf},
        {"semi_major_km": -1.0},
        {"semi_minor_km": 1e4},
        {"impact_time_sigma_s": 0.0},
        {"assessment": (("ballistic", 2.0),)},
        {"assessment": "x"},
    ],
)
def test_a_forecast_of_nonsense_changes_nothing(busy, spoilt):
    one = word("USA-T1", coasting((4e5, 0, 0)), kind="forecast")
    node, out = heard(busy, replace(one, payload=replace(one.payload, **spoilt)))
    assert node.things == busy.things and len(events(out, "refused")) == 1


@settings(max_examples=40)
@given(
    name=st.sampled_from([*vars(LaunchReport(0, 0, 0, 1, 0, 1))]),
    value=st.sampled_from([math.nan, math.inf, -math.inf, 1e9, -1e9]),
)
def test_a_launch_report_of_nonsense_changes_nothing(busy_once, name, value):
    report = replace(LaunchReport(100.0, 40.85, 125.7, 5.0, 80.0, 10.0), **{name: value})
    node, out = heard(busy_once, replace(message("launch_report", origin="USA"), payload=report))
    if name == "azimuth_deg" and math.isfinite(value):
        # Any finite angle is a direction.
        return
    assert node.things == busy_once.things and len(events(out, "refused")) == 1


@pytest.fixture(scope="module")
def busy_once(replayed, watchers):
    from noroshi.exercise.nations import nodes
    from tests.exercise.made import quiet

    japan = nodes(quiet(replayed, watchers, 20_000.0), "national", 0)["JPN"]
    return replace(japan, things=(ours("JPN-T1", coasting()),), made=1)


def test_what_can_be_used_is_not_refused(busy):
    fine = [word("USA-T9", coasting((-4e5, 0, 0)), kind=kind) for kind in ("track", "forecast")]
    report = LaunchReport(100.0, 40.85, 125.7, 5.0, 80.0, 10.0)
    node, out = heard(busy, *fine, replace(message("launch_report", origin="USA"), payload=report))
    assert not events(out, "refused") and not node.refused


# Which is which.


def salvo(count, seed):
    """Places some 30 km apart, and what another nation measures of them."""
    rng = np.random.default_rng(seed)
    side = math.ceil(count ** (1 / 3))
    grid = np.array(list(itertools.product(range(side), repeat=3)))[:count] * 30e3
    return grid, grid + rng.normal(size=grid.shape) * 500.0, rng


@pytest.mark.parametrize("seed", range(5))
def test_a_salvo_is_paired_object_by_object_whatever_the_order(japan, seed):
    places, its, rng = salvo(40, seed)
    mine = tuple(ours(f"JPN-T{row + 1}", coasting(place)) for row, place in enumerate(places))
    told_all = [word(f"USA-T{row + 1}", coasting(place), number=row) for row, place in enumerate(its)]
    node, _ = heard(replace(japan, things=mine, made=40), *(told_all[row] for row in rng.permutation(40)))
    assert len(node.things) == 40
    for thing in node.things:
        assert thing.foreign["USA"].track == thing.id.replace("JPN", "USA")


def test_partners_are_paired_where_we_have_no_track(japan):
    places, its, _ = salvo(12, 3)
    theirs = [
        word(f"{nation}-T{row}", coasting(place), nation, row)
        for nation, all_places in (("USA", places), ("KOR", its))
        for row, place in enumerate(all_places)
    ]
    node, _ = heard(japan, *theirs)
    assert len(node.things) == 12
    for thing in node.things:
        assert thing.foreign["USA"].track[3:] == thing.foreign["KOR"].track[3:]


def test_two_tracks_of_one_partner_are_two_objects(japan):
    """It tells its own tracks apart, however near they fly."""
    theirs = [word(f"USA-T{row}", coasting((row * 100.0, 0, 0)), number=row) for row in range(2)]
    node, _ = heard(replace(japan, things=(ours("JPN-T1", coasting()),), made=1), *theirs)
    assert sorted(len(thing.foreign) for thing in node.things) == [1, 1]
    assert sum(thing.track is not None for thing in node.things) == 1


def test_tracks_that_a_partner_found_to_be_one_are_one_here(japan):
    node, _ = heard(japan, word("USA-T1", coasting()), word("USA-T2", coasting((2e5, 0, 0)), number=2))
    assert len(node.things) == 2
    node, out = heard(
        node, word("USA-T2", coasting((2e5, 0, 0), 121.0), number=3, also=("USA-T1",)), now_s=121
    )
    (thing,) = node.things
    assert thing.foreign["USA"].track == "USA-T2" and len(events(out, "merged")) == 1


def test_a_partners_track_that_was_taken_for_ours_and_leaves_it_is_another_thing(busy):
    node, _ = heard(busy, word("USA-T2", coasting(), number=2))
    assert {"USA-T2"} == {thing.foreign["USA"].track for thing in node.things if thing.track is not None}
    later = replace(
        node.things[0], track=replace(node.things[0].track, estimate=coasting((9e4, 0, 0), 121.0))
    )
    node = replace(node, things=(later, *node.things[1:]))
    node, out = heard(node, word("USA-T2", coasting((-9e4, 0, 0), 121.0), number=3), now_s=121.0)
    assert [said["origin"] for said in events(out, "parted")] == ["USA"]
    assert not node.things[0].foreign and len(node.things) == 3


def test_pairing_again_changes_nothing(japan):
    places, its, _ = salvo(20, 9)
    mine = tuple(ours(f"JPN-T{row + 1}", coasting(place)) for row, place in enumerate(places))
    theirs = [word(f"USA-T{row + 1}", coasting(place), number=row) for row, place in enumerate(its)]
    node, _ = heard(replace(japan, things=mine, made=20), *theirs)
    again, out = heard(replace(node, paired={}))
    assert again.things == node.things and not out.entries


@pytest.mark.parametrize("stages", list(itertools.product(STAGES, repeat=2)), ids="-".join)
def test_of_two_alerts_about_one_object_the_farther_goes_on_and_is_delivered_once(japan, stages):
    """Whoever was alerted stays alerted, and nobody decides twice."""
    due = {"deciding": "decided", "delivering": "delivered"}
    two = [
        Thing(
            f"JPN-T{row}",
            warning=Warning(stage, stage != "idle", (f"A{row}",) if stage == "standing" else ()),
        )
        for row, stage in enumerate(stages)
    ]
    waiting = tuple(
        Pending(NOW_S + row, due[stage], f"JPN-T{row}") for row, stage in enumerate(stages) if stage in due
    )
    out = Outbox(NOW_S)
    node = joined(replace(japan, things=tuple(two), pending=waiting), *two, out)
    (thing,) = node.things
    farther = max(stages, key=STAGES.index)
    assert thing.warning.stage == farther
    assert [one.what for one in node.pending] == ([due[farther]] if farther in due else [])
    assert all(one.thing == thing.id for one in node.pending)
    assert set(thing.warning.areas) == {f"A{row}" for row, stage in enumerate(stages) if stage == "standing"}
    assert len(events(out, "stood_down")) == len(waiting) - len(node.pending)


# What all tell together.


def test_what_a_partner_passes_on_of_another_is_no_new_evidence(japan):
    """The same words, once straight and once through a third nation."""
    straight = word("USA-T1", coasting(), fed_by=("USA-IR-1",))
    round_about = word("KOR-T1", coasting(), "KOR", fed_by=("USA",))
    one, _ = heard(japan, straight)
    both, _ = heard(japan, straight, round_about)
    (alone,), (two,) = one.things, both.things
    assert set(two.foreign) == {"USA", "KOR"}
    assert picture.fused(japan.desk, two)[1] == ("USA",)
    for row, again in zip(
        picture.fused(japan.desk, two)[0:1], picture.fused(japan.desk, alone)[0:1], strict=True
    ):
        np.testing.assert_array_equal(row.cov, again.cov)


def test_two_are_never_surer_than_the_intersection_of_what_they_know(japan):
    """Equal estimates of two nations tell no more than one: their errors may be the same."""
    node, _ = heard(
        japan,
        word("USA-T1", coasting(), fed_by=("USA-A",)),
        word("KOR-T1", coasting(), "KOR", fed_by=("KOR-B",)),
    )
    (thing,) = node.things
    estimate, basis = picture.fused(japan.desk, thing)
    assert basis == ("KOR", "USA")
    np.testing.assert_allclose(estimate.cov, coasting().cov, rtol=1e-6, atol=1e-3)


# Who differs.


def seen(lat_deg, time_s=NOW_S):
    """A forecast of our own, 300 by 40 km."""
    held = classify(coasting(), Known(), None)
    return View(
        time_s, (0.0,) * 10, 1.0, 1.0, ("JPN",), 0.0, lat_deg, 172.0, 1320.0, 300.0, 40.0, 95.0, {}, {},
        held=held,
    )  # fmt: skip


@pytest.mark.parametrize("lat_deg, differs", [(38.0, False), (38.1, False), (45.0, True)])
def test_assessments_stand_beside_each_other_and_their_difference_is_told_once(japan, lat_deg, differs):
    mine = replace(
        ours("JPN-T1", coasting()), view=seen(lat_deg), origin=Origin(0.0, 40.85, 125.7, 5.0, 80.0, 10.0)
    )
    node, _ = heard(replace(japan, things=(mine,), made=1), word("USA-T1", coasting(), kind="forecast"))
    out = Outbox(NOW_S)
    node = assess.beside(node, NOW_S, out)
    (said,) = events(out, "assessments")
    assert [one["nation"] for one in said["told"]] == ["JPN", "USA", "merged"]
    about = {(*one["between"], one["about"]) for one in said["differ"]}
    assert (("JPN", "USA", "impact place") in about) is differs
    assert bool(events(out, "disagreement")) is any("merged" not in line for line in about)
    # Nothing new, nothing said; and not more often than every thirty seconds.
    for now_s in (NOW_S + 1, NOW_S + 40):
        again = Outbox(now_s)
        assert assess.beside(node, now_s, again) is node and not again.entries
    newer = replace(node.things[0], view=replace(node.things[0].view, time_s=NOW_S + 5))
    node = replace(node, things=(newer,))
    assert assess.beside(node, NOW_S + 5, Outbox(NOW_S + 5)) is node
    out = Outbox(NOW_S + 40)
    assess.beside(node, NOW_S + 40, out)
    assert len(events(out, "assessments")) == 1
    assert not events(out, "disagreement"), "the same difference is told once"


@pytest.mark.parametrize("falls_s, one", [(1320.0, True), (150.0, False)])
def test_what_has_come_down_takes_no_new_track_for_its_own(japan, falls_s, one):
    """A partner sees something where ours would be by now: it is ours only if that is still up."""
    ours_of = replace(ours("JPN-T1", coasting(wide=30.0)), mine=replace(seen(38.0), impact_time_s=falls_s))
    later = word("USA-T1", coasting(time_s=420.0, wide=30.0))
    there = picture.kernels.carry(coasting(), np.float64(420.0), japan.desk.belief)
    path = told.report("USA-T1", there)
    node, _ = heard(
        replace(japan, things=(ours_of,), made=1), replace(later, payload=path, created_s=420.0), now_s=420.0
    )
    assert len(node.things) == (1 if one else 2)


def test_without_a_partners_word_nothing_is_compared(japan):
    node = replace(japan, things=(replace(ours("JPN-T1", coasting()), view=seen(38.0)),), made=1)
    out = Outbox(NOW_S)
    assert assess.beside(node, NOW_S, out) is node and not out.entries


def test_what_was_long_unseen_and_contradicts_what_is_seen_now_is_left_out(japan):
    """Carried on wrongly, it may be sharper than any plot, and would win."""
    seen = coasting()
    stale = coasting((400e3, 0.0, 0.0), NOW_S - 100.0, 0.05)
    agreeing = Foreign(
        replace(seen, time_s=np.float64(NOW_S)), Evidence.of(("KOR-A",), "KOR", NOW_S), "KOR-T1"
    )
    apart = Foreign(stale, Evidence.of(("USA-A",), "USA", NOW_S - 100.0), "USA-T1")
    alone = replace(ours("JPN-T1", seen), foreign={"KOR": agreeing})
    beside = replace(alone, foreign={"KOR": agreeing, "USA": apart})
    for one, two in zip(picture.fused(japan.desk, alone), picture.fused(japan.desk, beside), strict=True):
        jax.tree.map(np.testing.assert_array_equal, one, two)


def test_what_was_unseen_for_a_while_and_agrees_still_counts(japan):
    seen = coasting(wide=4.0)
    sharp = kernels.carry(coasting(wide=0.05), np.float64(NOW_S - 40.0), japan.desk.belief)
    told_by = Foreign(sharp, Evidence.of(("USA-A",), "USA", NOW_S - 40.0), "USA-T1")
    thing = replace(ours("JPN-T1", seen), foreign={"USA": told_by})
    best, who = picture.fused(japan.desk, thing)
    assert who == ("USA",) or set(who) == {"JPN", "USA"}
    assert np.trace(best.cov[:3, :3]) < np.trace(seen.cov[:3, :3])
