"""Every arm of one seed side by side, and what hangs on numbers that nobody published."""

import pytest

from noroshi.catalogue.scenario import with_overrides
from noroshi.errors import InputError
from noroshi.exercise.compare import compare
from noroshi.exercise.run import run
from noroshi.exercise.summary import summary

ROWS = ("burn", "threshold-japan")


@pytest.fixture(scope="module")
def short(replayed):
    """The shipped scenario with two rows of its tornado."""
    kept = tuple(row for row in replayed.sensitivity if row.name in ROWS)
    assert len(kept) == len(ROWS)
    return replayed.model_copy(update={"sensitivity": kept})


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def compared(short, told):
    return compare(short, 0, ["hub", "bilateral"], told=lambda *what: told.append(what))


def test_the_arms_stand_in_the_order_of_the_file_and_are_the_runs_they_would_be_alone(compared, arms):
    assert [one.arm for one in compared.runs] == ["bilateral", "hub"]
    for one in compared.runs:
        assert one.entries == arms[one.arm].run.entries


def test_the_summary_is_that_of_its_runs(compared, short, arms):
    assert compared.summary == summary(short, 0, [arms[arm].run for arm in ("bilateral", "hub")])
    assert compared.world is compared.runs[0].world


def test_a_run_with_a_launch_has_no_false_claims_to_count(compared):
    for told in compared.summary["arms"].values():
        assert not {"claims", "claims_a_month"} & told.keys()
    assert "background" not in compared.extras


def test_an_end_of_the_tornado_is_the_alert_of_a_run_with_that_number(compared, short):
    """It is run only as far as needed; run to its end it says the same."""
    tornado = compared.extras["tornado"]
    assert [row["name"] for row in tornado["rows"]] == list(ROWS)
    for row, number in zip(tornado["rows"], short.sensitivity, strict=True):
        for end, values in ((row["low"], number.low), (row["high"], number.high)):
            changed = with_overrides(short, values)
            whole = summary(changed, 0, [run(changed, 0, "hub")])
            (launch,) = whole["arms"]["hub"]["launches"]
            assert end["hub"] == launch["nations"][tornado["nation"]]["alert_s"]


def test_the_middle_of_the_tornado_is_the_run_itself(compared):
    tornado = compared.extras["tornado"]
    for arm in ("bilateral", "hub"):
        (launch,) = compared.summary["arms"][arm]["launches"]
        assert tornado["baseline"][arm] == launch["nations"][tornado["nation"]]["alert_s"]


def test_who_asks_hears_of_every_job_until_the_last(compared, told):
    assert told
    last = {what: (done, of) for what, done, of in told}
    assert all(done == of for done, of in last.values())
    for what in last:
        counts = [done for one, done, _ in told if one == what]
        assert counts == sorted(counts)


def test_further_seeds_tell_the_spread_of_the_gain(short):
    """Each seed's own difference, not the difference of two spreads."""
    plain = short.model_copy(update={"sensitivity": ()})
    spread = compare(plain, 0, ["bilateral", "hub"], spread=2).extras["spread"]
    assert spread["seeds"] == 2
    for row in spread["rows"]:
        low, middle, high = row["gain"]
        assert low <= middle <= high
        assert row["nation"] in plain.nations
        assert 1 <= row["seeds"] <= 2
        for arm in ("bilateral", "hub"):
            assert row[arm] == sorted(row[arm])


def test_one_arm_has_nothing_to_be_compared_with(short):
    alone = compare(short, 0, ["hub"], spread=2)
    assert "tornado" not in alone.extras and "spread" not in alone.extras


def test_two_processes_find_what_one_finds(short, compared):
    """One end of the tornado here, another there: the same numbers."""
    both = compare(short, 0, ["hub", "bilateral"], processes=2)
    assert both.extras == compared.extras
    assert both.summary == compared.summary
    assert [one.entries for one in both.runs] == [one.entries for one in compared.runs]


def test_an_unknown_arm_is_refused(short):
    with pytest.raises(InputError, match="is not an arm of this scenario"):
        compare(short, 0, ["hub", "quad"])


def test_figures_that_no_flight_meets_are_refused(short):
    wrong = with_overrides(short, {"launches.L1.apogee_km": 200.0, "launches.L1.range_km": 9000.0})
    with pytest.raises(InputError, match="must be met by one flight"):
        compare(wrong, 0, ["national"])
