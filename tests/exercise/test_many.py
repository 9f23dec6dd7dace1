"""Many runs in one process: every arm of every seed, each the same as if it were run alone."""

import itertools

import pytest

from noroshi.errors import InputError
from noroshi.exercise.many import run_many
from noroshi.exercise.summary import summary


def test_every_arm_of_every_seed_comes_in_order_and_equals_its_own_run(replayed, arms):
    """Seeds as they are asked for, arms as they stand in the file."""
    outcomes = list(run_many(replayed, [2, 0], ["hub", "national"]))
    assert [(one.seed, one.arm) for one in outcomes] == [
        (2, "national"),
        (2, "hub"),
        (0, "national"),
        (0, "hub"),
    ]
    for one in outcomes[2:]:
        alone = arms[one.arm].run
        assert one.run.entries == alone.entries
        assert one.launches == summary(replayed, 0, [alone])["arms"][one.arm]["launches"]
    assert outcomes[0].run.world is outcomes[1].run.world


def test_a_name_is_enough_and_every_arm_is_run(replayed):
    found = run_many("japan-2022-10-04", [0])
    assert next(found).arm == next(iter(replayed.arms))


def test_runs_come_as_they_are_done(replayed):
    """Ten thousand seeds need the memory of one, and nobody waits for the last to see the first."""
    endless = run_many(replayed, itertools.count(), ["national"])
    assert next(endless).seed == 0


@pytest.mark.parametrize("name, hint", [("hubb", 'Did you mean "hub"?'), ("quad", "Known: bilateral, ")])
def test_an_unknown_arm_is_refused(replayed, name, hint):
    with pytest.raises(InputError) as caught:
        next(run_many(replayed, [0], ["national", name]))
    assert str(caught.value) == (
        f"{replayed.file}: sharing = '{name}'\n  is not an arm of this scenario. {hint}"
        + ("direct, hub, national." if hint.startswith("Known") else "")
    )


def test_an_unknown_scenario_is_refused():
    with pytest.raises(InputError, match=r"is neither a shipped scenario nor a file. Did you mean"):
        next(run_many("japan-2022-10-05", [0]))
