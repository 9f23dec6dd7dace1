"""How sure a fit is: flights that agree with what was told, and no others."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.earth import geometry
from noroshi.flight.announced import Announced, Told
from noroshi.flight.fit import Fit, fit
from noroshi.flight.missile import Missile, Stage
from noroshi.flight.spread import BEYOND, Spread, draw, spread
from tests.flight.made import BODY, ISP_MPS, SITE, aim, one_stage, two_stages

COUNT = 48
RANGE, BEARING = Told(1000.0, 25.0), Told(80.0, 0.5)
# 28 November 2017: far over 4,000 km, 1,000 km, 53 min (Japan); 4,500 km (South Korea).
JAPAN = Announced(Told(4000.0, 25.0, "at least"), RANGE, BEARING, flight_time_s=Told(53 * 60.0, 60.0))
KOREA_KM = 4500.0
# A flight that meets a figure is this near to it, km.
MET_KM = 0.5


def chances(seed: int = 0) -> dict[str, np.ndarray]:
    chance = np.random.default_rng(seed)
    return {name: chance.random(COUNT) for name in ("apogee", "range", "bearing", "burn")}


def missiles(seed: int = 0) -> Missile:
    """Two stages that burn for 1 to 2.5 min each."""
    burn_s = 60 + 90 * chances(seed)["burn"]
    stage = Stage(burn_s, 1.05 * ISP_MPS, gap_s=2.0)
    return Missile((stage, stage), 8.0, 48.0, 6e-5)


@cache
def nominal(told: Announced) -> Fit:
    return fit(SITE, told, two_stages(), BODY)


@cache
def spreading(told: Announced, seed: int = 0) -> Spread:
    return spread(nominal(told), told, missiles(seed), BODY, chances(seed))


BOUNDS = {
    "about": (Told(2000.0, 50.0), 1950.0, 2050.0),
    "at least": (Told(2000.0, 50.0, "at least"), 1950.0, 2050.0 * (1 + BEYOND)),
    "at most": (Told(2000.0, 50.0, "at most"), 1950.0 / (1 + BEYOND), 2050.0),
}


@given(st.sampled_from(list(BOUNDS)), st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_draws_agree_with_what_was_told_and_rise_with_chance(sense, u01):
    told, low, high = BOUNDS[sense]
    values = draw(told, np.sort(u01))
    assert (np.diff(values) >= 0).all()
    assert (values >= low - 1e-9).all() and (values <= high + 1e-9).all()
    assert draw(told, np.array([0.0, 1.0])) == pytest.approx([low, high])


@pytest.mark.parametrize("sense", BOUNDS)
def test_the_figures_of_every_flight_that_counts_lie_where_they_were_told_to(sense):
    told, low, high = BOUNDS[sense]
    wide = spreading(Announced(told, RANGE, BEARING))
    assert wide.met.any()
    apogee, away = wide.apogee_km[wide.met], wide.range_km[wide.met]
    assert (apogee >= low - MET_KM).all() and (apogee <= high + MET_KM).all()
    assert np.abs(away - RANGE.value).max() <= RANGE.half_width + MET_KM
    start = np.radians([SITE.lat_deg, SITE.lon_deg])
    ends = np.radians([wide.impact_lat_deg, wide.impact_lon_deg])[:, wide.met]
    _, bearing = geometry.great_circle(*start, *ends)
    across_km = np.radians(np.abs(np.degrees(bearing) - 80.0) - 0.5) * away
    assert across_km.max() <= MET_KM


def test_without_a_flight_time_every_flight_weighs_the_same():
    wide = spreading(Announced(Told(2000.0, 50.0), RANGE, BEARING))
    assert wide.timely
    assert set(wide.weight[wide.met]) == {1 / wide.met.sum()}
    assert (wide.weight[~wide.met] == 0).all()
    assert wide.effective == pytest.approx(wide.met.sum())


def test_a_flight_time_narrows_an_apogee_that_was_told_as_a_bound():
    open_ended = spreading(Announced(JAPAN.apogee_km, RANGE, BEARING))
    timed = spreading(JAPAN)
    assert timed.timely and timed.weight.sum() == pytest.approx(1)
    low, middle, high = timed.between("apogee_km")
    wider_low, _, wider_high = open_ended.between("apogee_km")
    assert low < KOREA_KM < high
    assert high - low < 0.6 * (wider_high - wider_low)
    assert abs(middle - KOREA_KM) < 0.05 * KOREA_KM
    assert timed.effective < open_ended.effective
    assert timed.between("flight_time_s")[1] == pytest.approx(53 * 60, abs=60)


@pytest.mark.parametrize("sense, told_s", [("at least", 52.0 * 60), ("at most", 50.0 * 60)])
def test_a_bound_on_the_time_weighs_down_one_side_alone(sense, told_s):
    told = Announced(JAPAN.apogee_km, RANGE, BEARING, flight_time_s=Told(told_s, 30.0, sense))
    wide = spreading(told)
    time_s, weight = wide.flight_time_s[wide.met], wide.weight[wide.met]
    inside = time_s > told_s if sense == "at least" else time_s < told_s
    assert np.ptp(weight[inside]) == pytest.approx(0.0, abs=1e-15)
    off = np.abs(time_s - told_s) > 60
    assert (weight[~inside & off] < weight[inside].min()).all()
    assert (~inside & off).any()


def test_a_time_that_no_flight_takes_is_told_and_weighs_nothing():
    told = Announced(Told(2000.0, 50.0), RANGE, BEARING, flight_time_s=Told(7200.0, 60.0))
    wide = spreading(told)
    assert not wide.timely
    assert set(wide.weight[wide.met]) == {1 / wide.met.sum()}


def test_the_same_chance_gives_the_same_flights_and_another_gives_others():
    told = Announced(Told(2000.0, 50.0), RANGE, BEARING)
    again = spread(nominal(told), told, missiles(0), BODY, chances(0))
    assert again.apogee_km.tobytes() == spreading(told).apogee_km.tobytes()
    assert again.impact_lat_deg.tobytes() == spreading(told).impact_lat_deg.tobytes()
    other = spread(nominal(told), told, missiles(0), BODY, chances(1))
    assert other.apogee_km.tobytes() != again.apogee_km.tobytes()


def test_without_an_apogee_flights_are_spread_around_the_least_costly_one():
    told = Announced(None, Told(1000.0, 25.0), BEARING)
    wide = spreading(told)
    low, _, high = wide.between("apogee_km")
    assert low < nominal(told).apogee_km < high


def test_around_an_end_point_flights_come_down_within_what_is_known_of_it():
    told = Announced(Told(2000.0, 50.0), None, None, end_deg=(41.0, 138.0), end_half_width_km=20.0)
    wide = spreading(told)
    ends = np.radians([wide.impact_lat_deg, wide.impact_lon_deg])[:, wide.met]
    away_m, _ = geometry.great_circle(*np.radians([41.0, 138.0]), *ends)
    # Along and across, each.
    assert 5e3 < away_m.max() <= (20.0 * np.sqrt(2) + 2 * MET_KM) * 1e3


def test_longitudes_do_not_break_at_the_date_line():
    told = Announced(Told(2000.0, 50.0), None, None, end_deg=(45.0, 179.99), end_half_width_km=30.0)
    wide = spreading(told)
    low, _, high = wide.between("impact_lon_deg")
    assert high - low < 2.0
    assert low < 180 < high


def of(weights: list[float], values: list[float]) -> Spread:
    """A spread of made-up apogees; those that do not count never met the figures."""
    weight, some = np.array(weights), np.array(values)
    return Spread(weight > 0, weight, some, *[some] * 6, two_stages(), aim(60.0), True)


flights = st.lists(st.tuples(st.floats(0, 1), st.floats(-1e3, 1e3)), min_size=1, max_size=30)


@given(flights, flights)
def test_quantiles_rise_and_lie_among_the_flights_that_count(counted, others):
    weights = [0.01 + weight for weight, _ in counted]
    total = sum(weights)
    values = [value for _, value in counted]
    far = [1e6 * np.sign(value) if value else np.nan for _, value in others]
    wide = of([w / total for w in weights] + [0.0] * len(far), values + far)
    low, middle, high = wide.between("apogee_km")
    assert min(values) <= low <= middle <= high <= max(values)
    assert 1 - 1e-9 <= wide.effective <= len(values) + 1e-9


def test_numbers_of_the_missile_may_be_one_for_all():
    told = Announced(Told(2000.0, 50.0), RANGE, BEARING)
    wide = spread(nominal(told), told, one_stage(), BODY, chances())
    assert wide.met.any()
    assert set(wide.burnout_s) == {150.0}
