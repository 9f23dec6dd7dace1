"""What reports say in words, read as numbers, bounds and directions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.catalogue import wording
from noroshi.flight.announced import Told


@pytest.mark.parametrize(
    "words, sense",
    [
        ("over", "at least"),
        ("greatly over", "at least"),
        ("far over", "at least"),
        ("at least (Japan)", "at least"),
        ("more than", "at least"),
        ("no less than", "at least"),
        ("≥", "at least"),
        ("Over", "at least"),
        ("at most (Japan)", "at most"),
        ("up to", "at most"),
        ("not more than", "at most"),
        ("less  than", "at most"),
        ("", "about"),
        ("approx", "about"),
        ("irregular", "about"),
        ("average of salvo", "about"),
        ("Japan", "about"),
        ("overflight of Hokkaido", "about"),  # no bound, though the letters are there
        ("CNS dataset, not official", "about"),
        ("at least ROK, at most Japan", "about"),  # both at once say nothing
        ("wibble", "about"),
    ],
)
def test_words_beside_a_number_make_it_a_bound_or_not(words, sense):
    assert wording.sense(words) == sense


@given(st.text(max_size=60), st.floats(0.1, 20_000))
def test_whatever_stands_beside_a_distance_leaves_its_value_alone(words, value):
    told = wording.distance(value, words)
    assert told.value == value
    assert told.half_width >= 0


def test_a_span_says_how_far_a_distance_may_be_off():
    assert wording.distance(55, "ROK 50-60") == Told(55, 5)
    assert wording.distance(55, "ROK 70-90") == Told(55, 0.5)  # of something else
    assert wording.distance(55, "seen 07:44-08:22") == Told(55, 0.5)


@pytest.mark.parametrize(
    "text, told",
    [
        ("093 deg (CNS/nagix dataset); E, over Tohoku", Told(93, 0.5)),
        ("93", Told(93, 0.5)),
        ("93.4°", Told(93.4, 0.05)),
        ("0 deg", Told(0, 0.5)),
        ("E", Told(90, 22.5)),
        ("N", Told(0, 22.5)),
        ("NE, high angle", Told(45, 22.5)),
        ("ENE", Told(67.5, 11.25)),
        ("north-east", Told(45, 22.5)),
        ("East-Northeast", Told(67.5, 11.25)),
        ("eastward", Told(90, 22.5)),
        ("towards the sea", None),
        ("", None),
    ],
)
def test_a_direction_is_read_from_degrees_or_from_words(text, told):
    assert wording.direction(text) == told


@given(st.integers(0, 360), st.sampled_from(["", " (some data set)", "; E, over Tohoku", "; 3 missiles"]))
def test_degrees_win_over_words(bearing, rest):
    assert wording.direction(f"{bearing:03d} deg{rest}") == Told(float(bearing), 0.5)


@pytest.mark.parametrize(
    "text, apogee, ground, time_s",
    [
        ("6,045 km, 1,000.2 km, 4,151 s", 6045, 1000.2, 4151),
        ("3,724.9 km apogee, 998 km, 47 min 12 s", 3724.9, 998, 2832),
        ("4,475 km apogee, 950 km, 53 min", 4475, 950, 3180),
        ("6,248.5 km, 1,090 km (4,052 s from memory)", 6248.5, 1090, 4052),
        ("1,413.6 km apogee, 400 km (from memory)", 1413.6, 400, None),
        ("400 km, altitude 1,413.6 km", 1413.6, 400, None),
        ("maximum altitude of 6,000 km and range of 1,000 km", 6000, 1000, None),
        ("600 km range", None, 600, None),
        ("358.5 km target", None, 358.5, None),
        ("395 km", None, 395, None),
        ("700 km, 120 km lateral manoeuvre", None, 700, None),
        ("flight time 1 h 8 min 55 s", None, None, 4135),
        ("300 km, 400 km, 500 km", None, None, None),  # which is which?
        ("600 km range, 700 km range", None, None, None),
        ("stage 1 fell 10 km off Hamgyong coast, stage 2 335 km off", None, None, None),
        ("18 rockets", None, None, None),
        ("30 s apart", None, None, None),
        ("", None, None, None),
    ],
)
def test_a_claim_gives_the_figures_of_the_flight_and_no_others(text, apogee, ground, time_s):
    found = wording.claim(text)
    if (apogee, ground, time_s) == (None, None, None):
        assert found is None
        return
    told = (found.apogee_km, found.range_km, found.flight_time_s)
    assert [one and one.value for one in told] == [apogee, ground, time_s]


@pytest.mark.parametrize("text, half_width", [("53 min", 30), ("47 min 12 s", 0.5), ("4,151 s", 0.5)])
def test_a_claimed_time_is_as_exact_as_it_is_told(text, half_width):
    assert wording.claim(text).flight_time_s.half_width == half_width


KM = st.integers(1, 99_999).map(lambda tenths: tenths / 10)


@given(KM, KM, st.integers(1, 9_999))
def test_a_claim_written_down_is_read_back(apogee, ground, time_s):
    found = wording.claim(f"{apogee:,} km, {ground:,} km, {time_s:,} s")
    told = (found.apogee_km, found.range_km, found.flight_time_s)
    assert [one.value for one in told] == [apogee, ground, time_s]
    assert all(one.sense == "about" for one in told)


@given(st.text(max_size=80))
def test_no_words_upset_the_readers(text):
    for read in (wording.claim, wording.direction, wording.irregular, wording.by_nation, wording.sense):
        read(text)
    assert wording.slug(text)


def test_what_a_text_says_for_two_nations_is_told_apart():
    assert wording.by_nation("ROK; Japan: far over 4,000") == ("ROK", {"Japan": "far over 4,000"})
    assert wording.by_nation("ROK JCS: 380 km, 07:00; Japan MoD: ~400 km; 30 s apart") == (
        "30 s apart",
        {"ROK": "380 km, 07:00", "Japan": "~400 km"},
    )
    # A bracket holds together, and a clock time is no speaker.
    assert wording.by_nation("ROK: 650 km (list; or not)")[1] == {"ROK": "650 km (list; or not)"}
    assert wording.by_nation("ROK 07:06; Japan 07:04")[1] == {}


@pytest.mark.parametrize(
    "value, said, sense",
    [
        (6200, "over 6,200 km, 1,080 km, 14:34", "at least"),
        (1080, "over 6,200 km, 1,080 km, 14:34", "about"),
        (350, "~100 km, over ~350 km, 06:13", "at least"),
        (100, "two, one ~200 km SE at ~100 km apogee", "about"),
        (500, "500 km or more", "at least"),
        (999, "over 6,200 km", None),
    ],
)
def test_a_nations_words_say_how_each_of_its_figures_is_meant(value, said, sense):
    assert wording.sense_of(value, said) == sense


@pytest.mark.parametrize(
    "text, found",
    [
        ("approx, irregular", True),
        ("irregularly flown", True),
        ("quasi-ballistic", True),
        ("with a pull-up", True),
        ("pulled up", True),
        ("not irregular", False),
        ("ballistic", False),
        ("", False),
    ],
)
def test_an_irregular_flight_is_known_by_its_words(text, found):
    assert wording.irregular("success", text) is found


@pytest.mark.parametrize(
    "missile, slug",
    [
        ("Hwasong-17 (lofted)", "hwasong-17"),
        ('Hwasong-12A / "hypersonic" (manoeuvring RV)', "hwasong-12a"),
        ("New IRBM (first called Hwasong-12), overflight of Aomori", "new-irbm"),
        ("SRBM salvo from four sites", "srbm-salvo-from-four"),
        ("", "missile"),
        ("火星", "missile"),
    ],
)
def test_a_missile_gets_a_short_plain_name(missile, slug):
    assert wording.slug(missile) == slug
