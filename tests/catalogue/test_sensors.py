"""What a profile of a sensor may say: numbers that mean nothing alone, and pairs that cannot be."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.catalogue.assemble import shipped_names
from noroshi.catalogue.sensors import Brightness, RadarRange
from noroshi.errors import InputError
from tests.catalogue.placed import figure, profile, table

FAR = table("spy-6")["search_range_km"]


@pytest.mark.parametrize("name", sorted(shipped_names("sensors")))
def test_every_shipped_profile_is_a_sensor_of_some_kind(name):
    assert profile(name).kind in ("radar", "skywave", "infrared")


def without(row, *keys):
    return {key: value for key, value in row.items() if key not in keys}


@pytest.mark.parametrize(
    "of, change, field, need",
    [
        (
            "spy-6",
            {"search_range_km": without(FAR, "cross_section_m2")},
            "search_range_km.cross_section_m2",
            "is missing: target cross-section the range holds for, m2.",
        ),
        (
            "spy-6",
            {"cued_range_km": without(FAR, "snr_db")},
            "cued_range_km.snr_db",
            "is missing: signal-to-noise",
        ),
        (
            "geo-infrared",
            {"sensitivity_w_per_sr": without(table("geo-infrared")["sensitivity_w_per_sr"], "range_km")},
            "sensitivity_w_per_sr.range_km",
            "is missing: distance that the brightness holds for, km.",
        ),
        (
            "spy-6",
            {"track_dwell_ms": figure(20), "track_share": None},
            "track_share",
            "is missing: track_dwell_ms and track_share belong together.",
        ),
        (
            "spy-6",
            {"track_dwell_ms": None, "track_share": figure(0.5)},
            "track_dwell_ms",
            "is missing: track_dwell_ms and track_share belong together.",
        ),
        (
            "uewr-two-faces",
            {"rotation_s": figure(2), "search_revisit_s": figure(2), "track_revisit_s": figure(2)},
            "rotation_s = 2.0",
            "has no place here: fixed faces do not turn.",
        ),
        (
            "j-fps-3",
            {"search_revisit_s": figure(5)},
            "search_revisit_s = 5.0",
            "must be at least rotation_s = 10.0: it sees a direction once a turn.",
        ),
        (
            "j-fps-3",
            {"track_revisit_s": figure(5)},
            "track_revisit_s = 5.0",
            "must be at least rotation_s = 10.0",
        ),
        ("spy-6", {"faces": 5}, "faces = 5", "at most 4"),
        (
            "spy-6",
            {"faces": 4, "sector_deg": figure(120)},
            "sector_deg = 120.0",
            "at most 90 deg for each of 4",
        ),
        (
            "j-fps-5",
            {"fence_low_deg": figure(10), "fence_high_deg": figure(2)},
            "fence_high_deg = 2.0",
            "must be above fence_low_deg = 10.0.",
        ),
        (
            "j-fps-5",
            {"elevation_min_deg": figure(80), "elevation_max_deg": figure(5)},
            "elevation_max_deg = 5.0",
            "must be above elevation_min_deg = 80.0.",
        ),
        (
            "jorn-90",
            {"range_min_km": figure(3000), "range_max_km": figure(1000)},
            "range_max_km = 1000.0",
            "must be above range_min_km = 3000.0.",
        ),
        ("jorn-90", {"availability": figure(1.5)}, "availability = 1.5", "at most 1"),
        (
            "geo-infrared",
            {"hits_to_confirm": figure(2.5)},
            "hits_to_confirm = 2.5",
            "a whole number of looks.",
        ),
        ("geo-infrared", {"mode": "gazing"}, "mode = 'gazing'", "must be 'staring' or 'scanning'."),
        ("geo-infrared", {"search_range_km": FAR}, "search_range_km", "is not a known key."),
    ],
)
def test_a_profile_that_cannot_be_is_refused_by_field(of, change, field, need):
    with pytest.raises(InputError) as caught:
        profile(of, **change)
    where, said = str(caught.value).split("\n", 1)
    assert where.startswith(f"my.toml: {field}")
    assert need in said


@given(st.floats(1e-4, 1e3), st.floats(-20, 60))
def test_what_a_radar_gets_back_falls_with_the_fourth_power_of_range(cross_section_m2, snr_db):
    reach = RadarRange.model_validate(FAR)
    range_km = reach.at_km(cross_section_m2, snr_db)
    got_db = reach.snr_db + 10 * math.log10(cross_section_m2 / reach.cross_section_m2)
    assert got_db - 40 * math.log10(range_km / reach.value) == pytest.approx(snr_db)


@given(st.floats(1.0, 1e6), st.floats(1.0, 1e5))
def test_what_a_satellite_gets_falls_with_the_square_of_range(w_per_sr, range_km):
    one = Brightness.model_validate(figure(w_per_sr, range_km=range_km))
    # A source four times as bright looks the same from twice as far.
    other = Brightness.model_validate(figure(4 * w_per_sr, range_km=2 * range_km))
    assert other.irradiance_w_per_m2 == pytest.approx(one.irradiance_w_per_m2)
    assert one.irradiance_w_per_m2 == pytest.approx(w_per_sr / (range_km * 1e3) ** 2)
