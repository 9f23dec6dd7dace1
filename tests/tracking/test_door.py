"""Each refusal by its reason; and that what is refused changes nothing for anybody else."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.records.detections import Plot
from noroshi.tracking import door
from noroshi.tracking.door import Door, Limits, Refusal

NOW = 100.0
LIMITS = Limits(most={"north": 5})
GOOD = Plot("north", NOW, (500e3, 1.0, 0.2), (50.0, 6e-4, 6e-4), False)
SIGHT = Plot("above", NOW, (0.0, 0.01, 0.02), (math.inf, 3e-5, 3e-5), False)
BAD = [
    (replace(GOOD, sensor="nobody's"), Refusal.UNKNOWN_SENSOR),
    (replace(GOOD, measurement=(math.nan, 1.0, 0.2)), Refusal.NOT_A_NUMBER),
    (replace(GOOD, measurement=(500e3, math.inf, 0.2)), Refusal.NOT_A_NUMBER),
    (replace(GOOD, time_s=math.nan), Refusal.NOT_A_NUMBER),
    (replace(GOOD, time_s=math.inf), Refusal.NOT_A_NUMBER),
    (replace(GOOD, sigma=(50.0, math.nan, 6e-4)), Refusal.NOT_A_NUMBER),
    (replace(GOOD, range_rate_mps=math.nan, range_rate_sigma_mps=1.0), Refusal.NOT_A_NUMBER),
    (replace(GOOD, sigma=(50.0, -6e-4, 6e-4)), Refusal.BAD_SIGMA),
    (replace(GOOD, sigma=(0.0, 6e-4, 6e-4)), Refusal.BAD_SIGMA),
    (replace(GOOD, range_rate_sigma_mps=-math.inf), Refusal.BAD_SIGMA),
    (replace(GOOD, sigma=(math.inf,) * 3), Refusal.NOTHING_MEASURED),
    (replace(GOOD, measurement=(-1.0, 1.0, 0.2)), Refusal.OUT_OF_BOUNDS),
    (replace(GOOD, measurement=(1e9, 1.0, 0.2)), Refusal.OUT_OF_BOUNDS),
    (replace(GOOD, measurement=(500e3, 1.0, 2.0)), Refusal.OUT_OF_BOUNDS),
    (replace(GOOD, range_rate_mps=4e4, range_rate_sigma_mps=1.0), Refusal.OUT_OF_BOUNDS),
    (replace(GOOD, time_s=NOW + 3600.0), Refusal.FUTURE),
    (replace(GOOD, time_s=NOW - 3600.0), Refusal.TOO_OLD),
]
KNOWN = Door(known=frozenset({"north", "south", "above"}))


@pytest.mark.parametrize(("plot", "reason"), BAD, ids=lambda one: str(getattr(one, "value", "")))
def test_a_bad_plot_is_refused_with_its_reason_and_nothing_else_is(plot, reason):
    accepted, refused, after = door.judge([GOOD, plot, SIGHT], KNOWN, LIMITS, NOW)
    assert accepted == [GOOD, SIGHT]
    assert [why for _, why in refused] == [reason]
    assert refused[0][0] is plot
    assert after.count() == after.count(reason) == after.count(reason, plot.sensor) == 1


def test_sound_plots_of_all_kinds_pass():
    skywave = Plot("south", NOW, (2000e3, -1.0, 0.0), (20e3, 5e-3, math.inf), False)
    rated = replace(GOOD, time_s=NOW - 1, range_rate_mps=-3000.0, range_rate_sigma_mps=5.0)
    late = replace(GOOD, time_s=NOW - 30)
    plots = [GOOD, SIGHT, skywave, rated, late]
    accepted, refused, _ = door.judge(plots, KNOWN, LIMITS, NOW)
    assert accepted == plots
    assert refused == []


def test_a_plot_that_comes_again_is_refused_now_and_later_but_its_like_is_not():
    other = replace(GOOD, measurement=(500e3 + 1, 1.0, 0.2))
    _, refused, after = door.judge([GOOD, GOOD, other], KNOWN, LIMITS, NOW)
    assert [why for _, why in refused] == [Refusal.REPLAYED]
    accepted, refused, after = door.judge([GOOD, replace(GOOD, sensor="south")], after, LIMITS, NOW + 30)
    assert [why for _, why in refused] == [Refusal.REPLAYED]
    assert [plot.sensor for plot in accepted] == ["south"]
    assert after.count(Refusal.REPLAYED, "north") == 2


def test_a_replay_that_outlives_the_memory_is_refused_as_too_old():
    _, _, after = door.judge([GOOD], KNOWN, LIMITS, NOW)
    _, _, after = door.judge([], after, LIMITS, NOW + 1000)
    assert after.seen == {}
    _, refused, _ = door.judge([GOOD], after, LIMITS, NOW + 1000)
    assert [why for _, why in refused] == [Refusal.TOO_OLD]


def test_a_flood_is_cut_at_its_sensors_limit_and_the_others_do_not_notice():
    flood = [replace(GOOD, measurement=(1e5 + k, 1.0, 0.2)) for k in range(1000)]
    south = [replace(GOOD, sensor="south", measurement=(1e5 + k, 1.0, 0.2)) for k in range(6)]
    accepted, refused, after = door.judge([*flood, *south, SIGHT], KNOWN, LIMITS, NOW)
    assert accepted == [*flood[:5], *south, SIGHT]
    assert {why for _, why in refused} == {Refusal.FLOOD}
    assert after.count(Refusal.FLOOD, "north") == 995
    # Not around the limit by coming in two parcels; the next second is its own.
    later = replace(GOOD, time_s=NOW + 1)
    accepted, _, _ = door.judge([flood[-1], later], after, LIMITS, NOW + 1)
    assert accepted == [later]


def test_limits_follow_what_a_sensor_may_see():
    limits = door.limits_of({"quiet": 0.01, "busy": 200.0}, things=100)
    assert 100 < limits.most["quiet"] < 200
    assert limits.most["busy"] > 300


def test_what_is_remembered_stays_bounded():
    after, limits = KNOWN, Limits(late_s=10.0)
    for second in range(100):
        plots = [replace(GOOD, time_s=float(second), measurement=(1e5 + k, 0.0, 0.0)) for k in range(20)]
        _, _, after = door.judge(plots, after, limits, float(second))
    assert len(after.seen) <= 11 * 20
    assert len(after.taken) <= 12


_number = st.floats(allow_nan=True, allow_infinity=True, width=64)


@given(
    st.lists(
        st.builds(
            Plot,
            st.sampled_from(["north", "south", "else"]),
            _number,
            st.tuples(_number, _number, _number),
            st.tuples(_number, _number, _number),
            st.booleans(),
            _number,
            _number,
        ),
        max_size=20,
    )
)
def test_every_plot_is_accepted_or_counted_and_sound_ones_are_untouched(junk):
    mixed = [SIGHT, *junk, replace(SIGHT, time_s=NOW - 1)]
    accepted, refused, after = door.judge(mixed, KNOWN, LIMITS, NOW)
    assert len(accepted) + len(refused) == len(mixed)
    assert after.count() == len(refused)
    assert accepted[0] == SIGHT
    assert accepted[-1] == replace(SIGHT, time_s=NOW - 1)
    for plot in accepted:
        assert math.isfinite(plot.time_s + sum(plot.measurement) + plot.range_rate_mps)
        assert min(*plot.sigma, plot.range_rate_sigma_mps) > 0
