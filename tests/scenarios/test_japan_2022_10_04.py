"""The shipped case against the public record and an outside estimate, none of it taken from our output."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import noroshi
from noroshi.catalogue.scenario import with_overrides
from noroshi.earth import geometry
from noroshi.exercise import draw
from noroshi.exercise.checks import checks, crossing_s, rises_s
from noroshi.exercise.summary import summary
from noroshi.exercise.world import build

SEEDS = range(20)
# Japan's Ministry of Defense: about 1,000 km high, about 4,600 km far, 07:22 to 07:44.
APOGEE_KM, RANGE_KM, FLIGHT_S = 1000.0, 4600.0, 22 * 60.0
# Where 4,600 km at 80 deg from Mupyong-ni end, by the sphere's formulas.
END_DEG = (35.14, 179.17)

THREAT = "threats.irbm-single-stage"
# The middle of what the threat profile draws its pitch programme and thrust from.
MIDDLE = {f"{THREAT}.vertical_s": 8.5, f"{THREAT}.pitch_over_s": 40.0, f"{THREAT}.specific_impulse_s": 275.0}
# Place, and when the missile rises over its sea horizon by the outside estimate, s after launch, with a burn
# of 130 s, antennas at sea level and no mask.
HORIZONS = {
    "Green Pine, North Chungcheong": (36.7, 127.7, 46.0),
    "Green Pine, South Chungcheong": (36.6, 126.8, 46.0),
    "Kyogamisaki": (35.7681, 135.2181, 96.0),
    "Sado": (38.086, 138.335, 107.0),
}


@pytest.fixture(scope="module")
def flights(replayed):
    return [draw.flight(replayed, replayed.launches[0], seed).fit for seed in SEEDS]


def test_the_missile_rises_as_high_as_announced(flights):
    for fit in flights:
        assert fit.apogee_km == pytest.approx(APOGEE_KM, rel=0.02)


def test_the_missile_falls_where_announced(flights):
    """Within 2 % of the range, in any direction."""
    for fit in flights:
        ends = np.radians([fit.impact_lat_deg, fit.impact_lon_deg, *END_DEG])
        assert geometry.great_circle(*ends)[0] / 1e3 < 0.02 * RANGE_KM
        assert fit.range_km == pytest.approx(RANGE_KM, rel=0.02)


def test_the_missile_flies_as_long_as_announced_though_nothing_is_fitted_to_that(flights):
    for fit in flights:
        assert fit.flight_time_s == pytest.approx(FLIGHT_S, rel=0.08)


def test_the_missile_crosses_the_meridian_of_aomori_when_it_did(replayed):
    """Over Aomori between 07:28 and 07:29 for a launch at 07:22, each rounded to the minute."""
    for seed in SEEDS:
        assert 380 <= crossing_s(build(replayed, seed), 140.7) <= 470


def test_the_missile_falls_some_3200_km_east_of_japan(flights):
    """From Cape Erimo or Cape Inubo, whichever is nearer; "some" is taken as 10 %."""
    capes = np.radians([(41.924, 143.249), (35.708, 140.869)])
    for fit in flights:
        end = np.radians([fit.impact_lat_deg, fit.impact_lon_deg])
        away_km = min(geometry.great_circle(*cape, *end)[0] for cape in capes) / 1e3
        assert away_km == pytest.approx(3200, rel=0.1)


def test_seeds_draw_around_the_announced_figures_and_not_on_one_side(flights):
    for name, middle in (("apogee_km", APOGEE_KM), ("range_km", RANGE_KM)):
        values = np.array([getattr(fit, name) for fit in flights])
        assert values.min() < middle < values.max()
        # The mean of a uniform draw of this width has this standard error.
        error = np.ptp(values) / np.sqrt(12 * len(values))
        assert abs(values.mean() - middle) < 5 * error


def with_burn(scenario, burn_s, **values):
    return with_overrides(scenario, {f"{THREAT}.burn_s": burn_s, **values})


@pytest.fixture(scope="module")
def short_burns(replayed):
    """Worlds with a burn of 130 s; each seed draws its own pitch programme and thrust."""
    return [build(with_burn(replayed, 130.0), seed) for seed in range(8)]


@pytest.mark.parametrize("place", HORIZONS)
def test_the_missile_rises_over_the_sea_horizon_when_an_outside_estimate_says(short_burns, place):
    """Pitch programme and thrust are anybody's guess; half a minute is what they leave open."""
    lat_deg, lon_deg, estimate_s = HORIZONS[place]
    for world in short_burns:
        assert rises_s(world, lat_deg, lon_deg) == pytest.approx(estimate_s, abs=30)


def test_the_missile_rises_over_one_horizon_after_the_other(short_burns):
    """Green Pine, Kyogamisaki, Sado: the order of their distances."""
    for world in short_burns:
        korea_s, _, kyogamisaki_s, sado_s = (rises_s(world, lat, lon) for lat, lon, _ in HORIZONS.values())
        assert korea_s < kyogamisaki_s < sado_s


@pytest.mark.parametrize("place", HORIZONS)
def test_a_longer_burn_rises_later(replayed, place):
    """With 200 s of burn for 130 s: the outside estimate is some 30 to 40 s; ours scatters about it."""
    lat_deg, lon_deg, _ = HORIZONS[place]
    short_s, long_s = (
        rises_s(build(with_burn(replayed, burn_s, **MIDDLE), 0), lat_deg, lon_deg)
        for burn_s in (130.0, 200.0)
    )
    assert 10 <= long_s - short_s <= 60


@pytest.mark.parametrize("place", HORIZONS)
def test_refraction_brings_a_target_over_the_horizon_earlier(replayed, world, place):
    lat_deg, lon_deg, _ = HORIZONS[place]
    straight = build(with_overrides(replayed, {"environment.refraction_factor": 1.0}), 0, like=world)
    assert rises_s(world, lat_deg, lon_deg) < rises_s(straight, lat_deg, lon_deg)


def test_the_checks_of_the_report_hold(replayed):
    for seed in SEEDS:
        for row in checks(build(replayed, seed)):
            assert row["ok"], row


@pytest.fixture(scope="module")
def digest(replayed, arms):
    return summary(replayed, 0, [watched.run for watched in arms.values()])


def test_the_summary_fits_the_shipped_schema(digest):
    data = Path(noroshi.__file__).parent / "data" / "schema" / "summary.schema.json"
    schema = json.loads(data.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(json.dumps(digest)))


def test_the_summary_has_the_keys_that_readers_rely_on_and_no_others(digest):
    assert list(digest) == ["scenario", "seed", "as_it_was", "arms"]
    assert (digest["scenario"], digest["seed"]) == ("japan-2022-10-04", 0)
    assert list(digest["arms"]) == ["national", "bilateral", "hub", "direct"]
    for arm in digest["arms"].values():
        assert list(arm) == ["launches", "cueing"]
        (launch,) = arm["launches"]
        assert list(launch) == ["id", "truth", "nations"]
        assert launch["id"] == "L1"
        assert list(launch["truth"]) == ["apogee_km", "range_km", "flight_time_s", "impact"]
        assert list(launch["truth"]["impact"]) == ["lat", "lon"]
        assert list(launch["nations"]) == ["JPN", "KOR", "USA"]
        for outcome in launch["nations"].values():
            assert list(outcome) == [
                "first_detection_s",
                "first_track_s",
                "first_warning_s",
                "alert_s",
                "alert_areas",
                "at_alert",
                "at_end",
            ]
            for name in ("at_alert", "at_end"):
                assert list(outcome[name]) == ["impact_error_km", "region_km"]


def test_as_it_was_is_what_the_record_says(digest):
    """J-ALERT at 07:27 to Hokkaido and at 07:29 to Aomori, for a launch at 07:22."""
    assert digest["as_it_was"] == {"alert_s": {"Hokkaido": 300, "Aomori": 420}}


def test_one_truth_serves_every_arm(digest):
    truths = [arm["launches"][0]["truth"] for arm in digest["arms"].values()]
    assert all(truth == truths[0] for truth in truths)


def test_times_come_in_their_order(digest):
    """What is warned of is known, and what is alerted was warned of."""
    for name, arm in digest["arms"].items():
        for outcome in arm["launches"][0]["nations"].values():
            assert outcome["first_warning_s"] <= outcome["first_track_s"]
            assert outcome["alert_s"] is None or outcome["first_warning_s"] < outcome["alert_s"]
            if name == "national":
                assert outcome["first_detection_s"] <= outcome["first_warning_s"]
            assert (outcome["alert_s"] is None) == (outcome["alert_areas"] == [])
            assert (outcome["alert_s"] is None) == (outcome["at_alert"]["region_km"] is None)


def test_more_is_known_at_the_end_than_at_the_alert(digest):
    for arm in digest["arms"].values():
        for outcome in arm["launches"][0]["nations"].values():
            at_alert, at_end = outcome["at_alert"]["region_km"], outcome["at_end"]["region_km"]
            assert at_end[0] >= at_end[1] > 0
            assert at_alert is None or at_alert[0] > at_end[0]
