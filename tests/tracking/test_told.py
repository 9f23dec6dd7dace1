import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.records.messages import TrackReport
from noroshi.tracking import told
from noroshi.tracking.fuse import widened
from tests.sharing.words import track_report

NAN, INF = float("nan"), float("inf")
GOOD = track_report()


def changed(row: int, column: int, value: float, both: bool = True) -> TrackReport:
    cov = [list(line) for line in GOOD.covariance]
    cov[row][column] = value
    if both:
        cov[column][row] = value
    return replace(GOOD, covariance=tuple(tuple(line) for line in cov))


def test_what_is_told_comes_back_as_it_was():
    estimate = told.estimate(GOOD)
    again = told.report(GOOD.track_id, estimate, GOOD.launch_lat_deg, GOOD.launch_lon_deg)
    assert replace(again, also=GOOD.also) == GOOD
    through = TrackReport(**json.loads(json.dumps(asdict(GOOD))))
    assert np.array_equal(told.estimate(through).cov, estimate.cov)


def test_a_track_as_partners_tell_it_is_taken():
    assert told.refused(GOOD, GOOD.time_s) is None
    assert told.refused(GOOD, GOOD.time_s + 600.0) is None


@pytest.mark.parametrize(
    "spoilt, reason",
    [
        (replace(GOOD, position_ecef_m=(NAN, 0.0, 0.0)), "not finite"),
        (replace(GOOD, velocity_ecef_mps=(INF, 0.0, 0.0)), "not finite"),
        (replace(GOOD, time_s=NAN), "not finite"),
        (replace(GOOD, log_ballistic_coefficient=NAN), "not finite"),
        (changed(2, 3, NAN), "not finite"),
        (changed(2, 3, NAN, both=False), "not finite"),
        (changed(4, 4, -1.0), "variance -1"),
        (changed(4, 4, 0.0), "variance 0"),
        (changed(0, 1, 2e6), "covariance negative"),
        (changed(0, 1, 1e5, both=False), "not symmetric"),
        (replace(GOOD, covariance=GOOD.covariance[:9]), "covariance (9, 10)"),
        (replace(GOOD, covariance=(*GOOD.covariance[:9], (1.0,))), "rows of different length"),
        (replace(GOOD, covariance=()), "covariance (0,)"),
        (replace(GOOD, models=(0.5, 0.5)), "2 models"),
        (replace(GOOD, models=(0.9, 0.9, 0.0, 0.0)), "probabilities of models 0.9, 0.9"),
        (replace(GOOD, models=(1.2, -0.2, 0.0, 0.0)), "probabilities of models 1.2, -0.2"),
        (replace(GOOD, models=(NAN, 1.0, 0.0, 0.0)), "not finite"),
        (replace(GOOD, position_ecef_m=("here", 0.0, 0.0)), "not numbers"),
        (replace(GOOD, position_ecef_m=(1e3, 0.0, 0.0)), "1 km from the Earth's centre"),
        (replace(GOOD, position_ecef_m=(4e8, 0.0, 0.0)), "400000 km from the Earth's centre"),
        (replace(GOOD, velocity_ecef_mps=(3e4, 0.0, 0.0)), "30.0 km/s"),
        (replace(GOOD, force_ecef_mps2=(0.0, 5e3, 0.0)), "force of 5000 m/s2"),
        (replace(GOOD, log_ballistic_coefficient=99.0), "ballistic coefficient 99.0"),
        (replace(GOOD, time_s=GOOD.time_s + 60.0), "60 s ahead"),
        (replace(GOOD, time_s=GOOD.time_s - 9e3), "9000 s old"),
    ],
)
def test_nonsense_is_refused_with_its_reason(spoilt, reason):
    assert reason in told.refused(spoilt, GOOD.time_s)


numbers = st.floats(allow_nan=True, allow_infinity=True)
small = st.floats(-1.0, 1.0)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), small | numbers), max_size=12),
    st.tuples(small | numbers, small | numbers, small | numbers, small | numbers),
    numbers | st.just(GOOD.time_s),
)
def test_whatever_comes_is_refused_or_can_be_inverted(changes, models, now_s):
    size = np.sqrt(np.diag(np.array(GOOD.covariance)))
    correlation = np.eye(10)
    for row, column, value in changes:
        correlation[row, column] = correlation[column, row] = value
    with np.errstate(all="ignore"):
        cov = correlation * size * size[:, None]
    spoilt = replace(GOOD, covariance=tuple(map(tuple, cov.tolist())), models=models)
    for path in (spoilt, replace(spoilt, models=GOOD.models)):
        if told.refused(path, now_s) is None:
            kept = told.estimate(path).cov
            assert np.isfinite(np.linalg.cholesky(np.asarray(widened(kept)))).all()
