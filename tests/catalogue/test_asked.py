"""What a user asks for, as typed: every form of a figure, every refusal."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.catalogue.asked import Typed, figure, load_waypoints
from noroshi.catalogue.questions import Failure
from noroshi.earth.constants import MEAN_RADIUS_M
from noroshi.earth.model import WGS84
from noroshi.errors import InputError
from noroshi.flight.announced import Told, as_rounded
from noroshi.flight.cruise import Waypoint

ROOM = (1.0, 100_000.0)
OWN = {"lat": 40.0, "lon": 126.0, "bearing_deg": "80", "apogee_km": "1000", "range_km": "4600"}

values = st.floats(1.0, 100_000.0)
signs = st.sampled_from(
    [("", "about"), ("~", "about"), (">", "at least"), (">=", "at least"), ("≥", "at least"),
     ("<", "at most"), ("<=", "at most"), ("≤", "at most")]
)  # fmt: skip
blanks = st.sampled_from(["", " ", "  "])


def said(**options) -> str:
    """What is said against these options beside good figures."""
    with pytest.raises(InputError) as caught:
        Typed(**{**OWN, **options}).questions()
    return str(caught.value)


def one(**options):
    (question,) = Typed(**{**OWN, **options}).questions()
    return question


# Figures.


@given(values, signs, st.sampled_from([None, "+-", "±"]), st.floats(0.001, 0.9), blanks, st.booleans())
def test_every_form_of_a_figure_comes_back_as_it_was_written(value, sign, plus_minus, share, blank, commas):
    value = float(f"{value:.4f}")
    half = float(f"{share * value:.4f}")
    mark, sense = sign
    text = blank + mark + blank + (f"{value:,.4f}" if commas else f"{value:.4f}") + blank
    if plus_minus:
        text += plus_minus + blank + f"{half:.4f}" + blank
    told = figure("--x", text, 50.0, ROOM)
    assert (told.value, told.sense) == (value, sense)
    assert told.half_width == (half if plus_minus else as_rounded(value).half_width)


@pytest.mark.parametrize(
    "text, told",
    [
        ("6000", Told(6000, 25)),
        ("6,248.5", Told(6248.5, 0.05)),
        (">6000", Told(6000, 25, "at least")),
        ("<50", Told(50, 25, "at most")),
        ("6000+-25", Told(6000, 25)),
        ("~ 970", Told(970, 5)),
        ("4600.", Told(4600, 25)),
        ("+4600", Told(4600, 25)),
    ],
)
def test_figures_are_read_as_people_write_them(text, told):
    assert figure("--x", text, 50.0, ROOM) == told


@given(values)
def test_a_figure_in_another_unit_is_that_figure_times_the_unit(value):
    text = f"{value:.2f}"
    plain, scaled = (figure("--x", text, 1.0, ROOM, unit) for unit in (1.0, 60.0))
    assert scaled == Told(plain.value * 60.0, plain.half_width * 60.0)


def test_no_figure_is_no_figure():
    assert figure("--x", None, 50.0, ROOM) is None


@pytest.mark.parametrize(
    "text",
    ["", "abc", "1e3", "nan", "inf", "6000 km", "6000-", "6 000", "><5", "6000+-", "1.2.3", "6000+--5"],
)
def test_what_is_no_figure_is_refused_with_every_form_of_one(text):
    with pytest.raises(InputError) as caught:
        figure("--range-km", text, 50.0, ROOM)
    assert str(caught.value) == (
        f"--range-km = {text!r}\n  is not a figure. "
        "Write a number, such as 6000, '>6000' (at least), '<50' (at most) or '6000+-25'."
    )


@given(st.text(max_size=12))
def test_any_text_is_a_figure_in_bounds_or_refused_by_its_option(text):
    try:
        told = figure("--range-km", text, 50.0, ROOM)
    except InputError as error:
        assert str(error).startswith("--range-km = ")
    else:
        assert ROOM[0] <= told.value <= ROOM[1] and told.half_width >= 0


@pytest.mark.parametrize("text", ["0", "0.99", "-5", "100001"])
def test_a_figure_out_of_bounds_is_refused(text):
    with pytest.raises(InputError, match=r"must lie between 1 and 100000\."):
        figure("--range-km", text, 50.0, ROOM)


@pytest.mark.parametrize("text", ["100+-100", "100+-200"])
def test_a_width_that_leaves_nothing_is_refused(text):
    with pytest.raises(InputError, match="its half width reaches zero"):
        figure("--range-km", text, 50.0, ROOM)


# Questions.


def test_own_figures_are_one_question():
    asked = one(flight_time_min="22", height_m=300.0, seed=7)
    assert (asked.name, asked.by, asked.seed, asked.strict_time) == ("flight", "", 7, True)
    assert (asked.site.lat_deg, asked.site.lon_deg, asked.site.height_m) == (40.0, 126.0, 300.0)
    told = asked.announced
    assert told.apogee_km == Told(1000, 25)
    assert told.range_km == Told(4600, 25)
    assert told.bearing_deg == Told(80, 0.5)
    assert told.flight_time_s == Told(22 * 60, 30)
    assert told.convention == "great-circle"
    assert one(convention="launch-azimuth").announced.convention == "launch-azimuth"


def test_an_end_point_stands_for_range_and_direction():
    asked = one(bearing_deg=None, range_km=None, end_lat=41.0, end_lon=-170.0)
    assert asked.announced.end_deg == (41.0, -170.0)


def test_what_reaches_orbit_needs_no_range():
    assert one(family="space", range_km=None, apogee_km="500").announced.range_km is None


@pytest.mark.parametrize(
    "apogee, away, family",
    [
        ("100", "300", "srbm"),
        ("200", "1000", "srbm"),
        ("300", "1300", "mrbm"),
        ("1000", "4600", "irbm-single-stage"),
        ("1200", "10000", "icbm"),
        # Lofted: how far it could have gone is some twice its apogee.
        ("2111.5", "700", "irbm-single-stage"),
        ("4475", "950", "icbm"),
        (None, "2000", "mrbm"),
    ],
)
def test_the_class_follows_from_the_reach(apogee, away, family):
    assert one(apogee_km=apogee, range_km=away).profile.name == family


def test_a_recorded_launch_is_asked_about_by_name():
    found = Typed(name="2022-03-24", seed=3, fails_at_s=90.0, rotation=False).questions()
    assert [one.by for one in found] == ["Japan MoD", "ROK JCS", "DPRK"]
    assert {one.seed for one in found} == {3}
    assert {one.failure for one in found} == {Failure(90.0, "thrust-loss")}
    assert {one.earth.rotation_radps for one in found} == {0.0}
    # What was announced is not the user's word: a time that no flight takes is noted.
    assert not any(one.strict_time for one in found)


def test_the_earth_is_the_one_that_was_asked_for():
    assert one().earth == WGS84
    assert one(air=False).earth == WGS84._replace(air=0.0)
    still = one(rotation=False).earth
    assert (still.rotation_radps, still.j2) == (0.0, WGS84.j2)
    ball = one(earth="sphere").earth
    assert (ball.flattening, ball.j2, ball.semi_major_m) == (0.0, 0.0, MEAN_RADIUS_M)
    assert ball.rotation_radps == WGS84.rotation_radps


@given(st.lists(st.tuples(st.floats(-180, 180), st.floats(0.01, 9e4)), min_size=1, max_size=8))
def test_a_programme_of_banks_comes_back_as_it_was_written(banks):
    text = ",".join(f"{bank}:{lasts_s}" for bank, lasts_s in banks)
    assert one(bank=text).bank == tuple((lasts_s, bank) for bank, lasts_s in banks)


def test_a_known_burn_is_flown():
    assert one(burn_s=150.0).profile.burn_s.draw(0.9) == 150.0


# Refusals.


@pytest.mark.parametrize(
    "options, text",
    [
        ({"lat": None}, "--lat\n  is missing. Give a recorded launch's name (noroshi launches), or a"),
        ({"lon": None}, "--lon\n  is missing."),
        ({"lat": 95.0}, "--lat = 95.0\n  must lie between -90 and 90 deg."),
        ({"lon": -181.0}, "--lon = -181.0\n  must lie between -180 and 180 deg."),
        ({"lat": float("nan")}, "--lat = nan\n  must lie between -90 and 90 deg."),
        ({"end_lat": 91.0, "end_lon": 0.0}, "--end-lat = 91.0\n  must lie between"),
        ({"end_lat": 9.0, "end_lon": 181.0}, "--end-lon = 181.0\n  must lie between"),
        (
            {"height_m": -10_000.0},
            "--height-m = -10000.0\n  must lie between -500 and 9,000 m: a launch starts on the ground, not "
            "inside the Earth.",
        ),
        ({"height_m": 9001.0}, "--height-m = 9001.0\n  must lie between"),
        (
            {"convention": "loxodrome"},
            "--bearing-convention = 'loxodrome'\n  must be great-circle or launch-",
        ),
        ({"end_lat": 41.0}, "--end-lat, --end-lon\n  belong together: give both or neither."),
        ({"end_lon": 41.0}, "--end-lat, --end-lon\n  belong together: give both or neither."),
        (
            {"range_km": None},
            "--range-km\n  is missing. A flight needs a range and a direction, or --end-lat",
        ),
        ({"bearing_deg": None}, "--bearing-deg\n  is missing. A flight needs a range and a direction"),
        ({"range_km": "-5"}, "--range-km = '-5'\n  must lie between 1 and 20000."),
        ({"apogee_km": "0"}, "--apogee-km = '0'\n  must lie between 1 and 100000."),
        ({"bearing_deg": "361"}, "--bearing-deg = '361'\n  must lie between -360 and 360."),
        ({"flight_time_min": "301"}, "--flight-time-min = '301'\n  must lie between 0.1 and 300."),
        ({"family": "icmb"}, "--family = 'icmb'\n  is not a known family of flights. Did you mean \"icbm\"?"),
        ({"family": "nowhere.toml"}, "nowhere.toml\n  does not exist."),
        ({"earth": "flat"}, "--earth = 'flat'\n  must be wgs84 or sphere."),
        ({"bank": "30"}, "--bank = '30'\n  is no programme of banks. Write deg:s, such as 30:120,-30:120."),
        ({"bank": "a:b"}, "--bank = 'a:b'\n  is no programme of banks."),
        ({"bank": "30:0"}, "--bank = '30:0'\n  needs banks within 180 deg for more than 0 s."),
        ({"bank": "181:9"}, "--bank = '181:9'\n  needs banks within 180 deg"),
        ({"bank": "nan:9"}, "--bank = 'nan:9'\n  needs banks within 180 deg"),
        ({"failure": "break-up"}, "--failure = 'break-up'\n  needs --fails-at-s: when does it fail?"),
        ({"file": Path("mine.csv")}, "--file = 'mine.csv'\n  is a record of launches. Name one of its"),
        (
            {"end_lat": 40.0, "end_lon": 126.0},
            "--end-lat, --end-lon = (40.0, 126.0)\n  is the launch point itself.",
        ),
        ({"family": "space", "range_km": None, "apogee_km": None}, "--range-km\n  is missing."),
        ({"failure": "sabotage"}, "--failure = 'sabotage'\n  must be thrust-loss or break-up."),
        ({"fails_at_s": 0.0}, "--fails-at-s = 0.0\n  must lie between 0.1 and 100,000 s."),
        ({"fails_at_s": 1e-9}, "--fails-at-s = 1e-09\n  must lie between 0.1 and 100,000 s."),
        ({"fails_at_s": float("nan")}, "--fails-at-s = nan\n  must lie between"),
        ({"burn_s": 100_000.0}, "irbm-single-stage: burn_s = 100000.0\n  must be above 0 and at most 600 s."),
        ({"burn_s": -1.0}, "irbm-single-stage: burn_s = -1.0\n  must be above 0"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused_by_its_name(options, text):
    assert said(**options).startswith(text)


@pytest.mark.parametrize(
    "option, value",
    [*OWN.items(), ("flight_time_min", "71"), ("end_lat", 1.0), ("end_lon", 1.0), ("height_m", 5.0),
     ("convention", "launch-azimuth")],
)  # fmt: skip
def test_a_recorded_launch_takes_no_figures_beside_its_own(option, value):
    with pytest.raises(InputError) as caught:
        Typed(name="2022-10-03", **{option: value}).questions()
    assert str(caught.value) == (
        "NAME = '2022-10-03'\n  is given together with figures. Give one or the other."
    )


def test_a_launch_that_nobody_knows_is_refused():
    with pytest.raises(InputError, match="is no launch of the record"):
        Typed(name="zzz").questions()


# Waypoints.

HEAD = "lat_deg,lon_deg,height_m,speed_mps"
places = st.tuples(st.floats(-90, 90), st.floats(-180, 180), st.floats(-500, 4e4), st.floats(1, 3e3))


@given(st.lists(places, max_size=5))
def test_waypoints_come_out_of_their_file_as_they_went_in(tmp_path_factory, points):
    file = tmp_path_factory.mktemp("way") / "way.csv"
    lines = [",".join(map(repr, point)) for point in points]
    file.write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
    assert load_waypoints(file) == tuple(Waypoint(*point) for point in points)


def test_a_spreadsheets_mark_and_more_columns_do_no_harm(tmp_path):
    file = tmp_path / "way.csv"
    file.write_text("\ufeffname,speed_mps,lat_deg,lon_deg,height_m\na,250,40,130,100\n", encoding="utf-8")
    assert load_waypoints(file) == (Waypoint(40, 130, 100, 250),)


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "way.csv\n  has no column lat_deg. Needed: lat_deg, lon_deg, height_m, speed_mps."),
        ("lat_deg,lon_deg,height_m\n", "way.csv\n  has no column speed_mps."),
        (f"{HEAD}\n40,130,100,250\n40,far,100,250\n", "way.csv:3: lon_deg = 'far'\n  must be a number."),
        (f"{HEAD}\n40,130,100\n", "way.csv:2: speed_mps\n  must be a number."),
        (f"{HEAD}\n40,130,,250\n", "way.csv:2: height_m = ''\n  must be a number."),
    ],
)
def test_a_file_of_waypoints_is_refused_by_line_and_column(tmp_path, monkeypatch, text, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "way.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_waypoints(Path("way.csv"))
    assert str(caught.value).startswith(said)
