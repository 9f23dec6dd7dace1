import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noroshi.records.tracks import STATE, Estimate
from noroshi.tracking import fuse
from noroshi.tracking.provenance import MOST, Evidence, choose

NATIONS = ("AUS", "GBR", "JPN", "KOR", "USA")
SIZE = np.array([1000.0] * 3 + [15.0] * 3 + [1.0] * 3 + [0.3])


def fed(names: str, time_s: float = 0.0, origin: str = "JPN") -> Evidence:
    return Evidence.of(names.split(), origin, time_s)


@pytest.mark.parametrize(
    "one, other, within",
    [
        (fed("JPN-Sado"), fed("JPN-Sado USA-IR-1"), True),
        (fed("JPN-Sado USA-IR-1"), fed("JPN-Sado"), False),
        (fed("JPN-Sado"), fed("JPN-Sado"), True),
        (fed("JPN-Sado", 5.0), fed("JPN-Sado USA-IR-1", 4.0), False),  # ours has seen more since
        (fed("JPN-Sado", 4.0), fed("JPN-Sado", 5.0), True),
        (fed("JPN-Sado"), fed("JPN USA"), True),  # sanitised: it may be in there
        (fed("JPN"), fed("JPN-Sado"), True),
        (fed("JPN-Sado"), fed("JPN-Shariki"), False),
        (fed("JPN-Sado"), fed("KOR USA"), False),
        (fed("Sado"), fed("JPN-Sado"), True),  # a name without a nation is the originator's own
        (fed("Sado", origin="KOR"), fed("JPN-Sado"), False),
        (fed("FPS5-Sado"), fed("JPN"), True),
        (fed(""), fed("JPN"), True),
    ],
)
def test_one_report_holds_another_when_it_may_hold_all_of_it_and_as_new(one, other, within):
    assert one.within(other) is within


def test_both_together_hold_the_newest_of_each():
    both = fed("JPN-Sado USA", 3.0) | fed("JPN-Sado KOR-G", 5.0)
    assert both.fed == {("JPN-Sado", 5.0), ("USA", 3.0), ("KOR-G", 5.0)}
    assert both.nations == {"JPN", "KOR", "USA"}


names = st.sampled_from([*NATIONS, *(f"{nation}-{sensor}" for nation in NATIONS for sensor in "ab")])
evidence = st.builds(
    lambda pairs: Evidence(frozenset(dict(pairs).items())),
    st.lists(st.tuples(names, st.sampled_from([0.0, 5.0, 10.0])), min_size=1, max_size=4),
)


@given(st.lists(evidence, min_size=1, max_size=MOST + 2), st.integers(0, 2**32 - 1))
@settings(max_examples=200)
def test_what_is_chosen_holds_no_other_is_as_much_as_can_be_and_leaves_the_least(reports, seed):
    worth = np.random.default_rng(seed).uniform(0.5, 2.0, len(reports))

    def spread(rows: tuple[int, ...]) -> float:
        return 1 / float(sum(worth[list(rows)]))

    used = choose(reports, spread)
    assert used == tuple(sorted(set(used)))
    assert used

    def clash(i: int, j: int) -> bool:
        return reports[i].within(reports[j]) or reports[j].within(reports[i])

    assert not any(clash(i, j) for i, j in itertools.combinations(used, 2))
    for row in set(range(len(reports))) - set(used):
        assert any(clash(row, other) for other in used)
    if len(reports) <= 6:
        for count in range(1, len(reports) + 1):
            for rows in itertools.combinations(range(len(reports)), count):
                if not any(clash(i, j) for i, j in itertools.combinations(rows, 2)):
                    assert spread(used) <= spread(rows) * (1 + 1e-12)


def test_without_a_choice_nothing_is_weighed():
    def never(rows):
        raise AssertionError(rows)

    assert choose([fed("JPN-Sado"), fed("USA-IR-1"), fed("KOR")], never) == (0, 1, 2)


def test_of_two_that_are_equal_the_first_is_taken():
    assert choose([fed("JPN-Sado"), fed("JPN-Sado")], lambda rows: 1.0) == (0,)


# --- loops --------------------------------------------------------------------------------------------------


def part(seed: int, nation: str) -> fuse.Part:
    """What a nation's own sensors tell it."""
    chance = np.random.default_rng([seed, NATIONS.index(nation)])
    roots = chance.standard_normal((STATE, STATE)) * np.exp(chance.standard_normal(STATE))
    cov = (roots @ roots.T / STATE + 1e-3 * np.eye(STATE)) * SIZE * SIZE[:, None]
    estimate = Estimate(np.float64(0), SIZE * chance.standard_normal(STATE), cov, np.full(4, 0.25))
    return fuse.Part(estimate, Evidence.of([f"{nation}-radar"], nation, 0.0))


def sanitised(told: fuse.Part) -> fuse.Part:
    return fuse.Part(told.estimate, Evidence.of(sorted(told.evidence.nations), "", 0.0))


@st.composite
def networks(draw):
    """Three to five nations, who tells whom (a ring at least), and which links name nations only."""
    nations = NATIONS[: draw(st.integers(3, 5))]
    ring = [(one, nations[(row + 1) % len(nations)]) for row, one in enumerate(nations)]
    others = [pair for pair in itertools.permutations(nations, 2) if pair not in ring]
    links = ring + draw(st.lists(st.sampled_from(others), unique=True, max_size=4))
    return nations, links, draw(st.lists(st.booleans(), min_size=len(links), max_size=len(links)))


@given(network=networks(), seed=st.integers(0, 2**32 - 1), order=st.randoms(use_true_random=False))
@settings(max_examples=20)
def test_reports_that_circulate_make_nobody_surer_than_all_originals_together(network, seed, order):
    # Everyone passes on what it made of all it heard, round and round, the news at random in any order.
    nations, links, bare = network
    own = {nation: part(seed, nation) for nation in nations}
    best = fuse.together(list(own.values()))
    held = dict(own)
    heard: dict[tuple[str, str], fuse.Part] = {}
    least_m = None
    for _ in range(4 * len(nations)):
        shuffled = list(zip(links, bare, strict=True))
        order.shuffle(shuffled)
        for (teller, to), without in shuffled:
            heard[teller, to] = sanitised(held[teller]) if without else held[teller]
            made = fuse.together([own[to], *(heard[link] for link in sorted(heard) if link[1] == to)])
            held[to] = fuse.Part(made.estimate, made.evidence)
            assert made.spread_m >= best.spread_m * (1 - 1e-6)
        told = [*held.values(), *heard.values()]
        now_m = min(fuse.together([one]).spread_m for one in told)
        # From when on everybody holds everything, no round makes anybody surer than somebody was.
        assert least_m is None or now_m >= least_m * (1 - 1e-9)
        if least_m is None and all(len(one.evidence.nations) == len(nations) for one in told):
            least_m = now_m
    assert all(one.evidence.nations <= set(nations) for one in held.values())


def test_a_report_that_comes_back_round_the_ring_changes_nothing():
    # A tells B, B tells C, C tells A: what A gets holds its own and nothing newer of it.
    a, b, c = (part(1, nation) for nation in NATIONS[:3])
    with_a = fuse.together([b, a])
    with_b = fuse.together([c, fuse.Part(with_a.estimate, with_a.evidence)])
    back = fuse.Part(with_b.estimate, with_b.evidence)
    first = fuse.together([a, back])
    for _ in range(20):
        again = fuse.together([a, back, fuse.Part(first.estimate, first.evidence)])
        assert again.spread_m == pytest.approx(first.spread_m, rel=1e-9)
        first = again


STEPS, RUNS = 12, 40
MOVES = np.eye(STATE)
MOVES[:3, 3:6] = 10.0 * np.eye(3)
UNREST = np.diag(np.repeat([300.0, 20.0, 0.0, 0.0], [3, 3, 3, 1]) ** 2)
SEES = np.eye(STATE)[:3]


def moved(estimate: Estimate) -> Estimate:
    cov = MOVES @ estimate.cov @ MOVES.T + UNREST
    return Estimate(estimate.time_s + 1, MOVES @ estimate.mean, cov, estimate.weight)


def seen(estimate: Estimate, z: np.ndarray, noise: np.ndarray) -> Estimate:
    gain = np.linalg.solve(SEES @ estimate.cov @ SEES.T + noise, SEES @ estimate.cov).T
    cov = estimate.cov - gain @ SEES @ estimate.cov
    mean = estimate.mean + gain @ (z - SEES @ estimate.mean)
    return Estimate(estimate.time_s, mean, (cov + cov.T) / 2, estimate.weight)


def test_an_object_that_moves_unforeseen_is_known_round_a_ring_as_well_as_is_told():
    # Three nations track the same restless object, each with an exact Kalman filter of its own, and tell the
    # next one all they know, a step late. What is fused stays consistent; taken as independent it does not.
    chance = np.random.default_rng(8)
    nations = NATIONS[:3]
    noises = [np.diag(np.roll([100.0, 2000.0, 2000.0], row) ** 2) for row in range(3)]
    first = np.diag(np.repeat([5000.0, 200.0, 1.0, 0.3], [3, 3, 3, 1]) ** 2)
    ours, naive = [], []
    for _ in range(RUNS):
        truth = np.sqrt(np.diag(first)) * chance.standard_normal(STATE)
        own = [Estimate(np.float64(0), np.zeros(STATE), first, np.full(4, 0.25))] * 3
        held = [fuse.Part(one, Evidence(frozenset())) for one in own]
        summed = list(own)
        for step in range(1, STEPS + 1):
            truth = MOVES @ truth + np.sqrt(np.diag(UNREST)) * chance.standard_normal(STATE)
            plots = [truth[:3] + np.sqrt(np.diag(noise)) * chance.standard_normal(3) for noise in noises]
            own = [seen(moved(one), z, noise) for one, z, noise in zip(own, plots, noises, strict=True)]
            heard = [fuse.Part(moved(one.estimate), one.evidence) for one in (held[2], held[0], held[1])]
            news = [Evidence.of([f"{nation}-radar"], nation, float(step)) for nation in nations]
            told = [fuse.Part(one, new) for one, new in zip(own, news, strict=True)]
            made = [fuse.together([mine, theirs]) for mine, theirs in zip(told, heard, strict=True)]
            held = [fuse.Part(one.estimate, one.evidence) for one in made]
            for one, mine in zip(made, told, strict=True):
                assert one.spread_m <= fuse.together([mine]).spread_m * (1 + 1e-6)
            summed = [
                taken_as_independent(mine, moved(theirs))
                for mine, theirs in zip(own, (summed[2], summed[0], summed[1]), strict=True)
            ]
        ours += [distance2(one.estimate, truth) for one in held]
        naive += [distance2(one, truth) for one in summed]
    # Six degrees of freedom over 40 independent runs: above 8.5 has a chance below 1e-4.
    assert np.mean(ours) < 8.5 < np.mean(naive)


def taken_as_independent(a: Estimate, b: Estimate) -> Estimate:
    one, two = np.linalg.inv(a.cov), np.linalg.inv(b.cov)
    cov = np.linalg.inv(one + two)
    return Estimate(a.time_s, cov @ (one @ a.mean + two @ b.mean), cov, a.weight)


def distance2(estimate: Estimate, truth: np.ndarray) -> float:
    off = (np.asarray(estimate.mean) - truth)[:6]
    return float(off @ np.linalg.solve(np.asarray(estimate.cov)[:6, :6], off))
