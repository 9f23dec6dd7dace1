"""The public record of launches: every row as it was published, bounds as bounds, and what is refused."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noroshi.catalogue import record
from noroshi.catalogue.record import COLUMNS, SHIPPED, find_launch, load_launches, threat_for
from noroshi.errors import InputError
from noroshi.flight.announced import Told

LAUNCHES = load_launches()
ROWS = list(csv.DictReader(io.StringIO(SHIPPED.read_text(encoding="utf-8"))))
PAIRS = [pytest.param(launch, row, id=launch.name) for launch, row in zip(LAUNCHES, ROWS, strict=True)]

ROW = {
    **dict.fromkeys(COLUMNS, ""),
    "date_utc": "2030-01-02",
    "launch_time_utc": "03:04",
    "missile": "Example-1",
    "class": "icbm",
    "apogee_km": "6000",
    "range_km": "1000",
    "reported_by": "Japan MoD",
    "source_url": "https://example.org/a",
}


def number(text):
    return float(text) if text else None


def value(told):
    return told and told.value


def written(folder, *rows, columns=None):
    """A record of our own, each row changed from a good one."""
    file = folder / "mine.csv"
    rows = [{**ROW, **row} for row in rows]
    with file.open("w", encoding="utf-8", newline="") as out:
        # A column that is only in some rows comes after ours.
        more = [name for row in rows for name in row if name not in COLUMNS]
        writer = csv.DictWriter(out, columns or [*COLUMNS, *dict.fromkeys(more)], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return file


def loaded(folder, **cells):
    (launch,) = load_launches(written(folder, cells))
    return launch


def test_every_launch_has_a_name_of_its_own():
    assert len(LAUNCHES) == 83
    assert len({launch.name for launch in LAUNCHES}) == 83


@pytest.mark.parametrize("launch, row", PAIRS)
def test_the_headline_and_the_sources_are_those_of_the_row(launch, row):
    told = launch.reports[0].announced
    assert value(told.apogee_km) == number(row["apogee_km"])
    assert value(told.range_km) == number(row["range_km"])
    minutes = number(row["flight_time_min"])
    assert told.flight_time_s == (Told(60 * minutes, 60.0) if minutes else None)
    assert " | ".join(launch.sources) == row["source_url"]
    assert all(source.startswith("http") for source in launch.sources)
    assert launch.sources
    assert (launch.missile, launch.kind, launch.site) == (row["missile"], row["class"], row["launch_site"])
    assert (launch.lat_deg, launch.lon_deg) == (number(row["launch_lat"]), number(row["launch_lon"]))
    assert launch.salvo_count == int(row["salvo_count"])
    assert launch.launched_utc.strftime("%Y-%m-%d") == row["date_utc"]
    if row["launch_time_utc"]:
        assert launch.launched_utc.strftime("%H:%M") == row["launch_time_utc"]
        assert launch.launched_utc.tzinfo is UTC


@pytest.mark.parametrize("launch, row", PAIRS)
def test_a_nations_own_figures_stand_among_the_reports(launch, row):
    for nation, columns in (("Japan", "jp"), ("ROK", "rok")):
        for name in ("apogee_km", "range_km"):
            figure = number(row[f"{columns}_{name}"])
            told = [value(getattr(one.announced, name)) for one in launch.reports if nation in one.by]
            # Where nobody but the headline reports, the nation said the same.
            assert figure is None or figure in told or figure == number(row[name])


@pytest.mark.parametrize("launch", LAUNCHES, ids=lambda launch: launch.name)
def test_reports_beside_the_headline_say_something_else(launch):
    headline, *others = launch.reports
    for other in others:
        assert other.note
        assert replace(other.announced, bearing_deg=None) != replace(headline.announced, bearing_deg=None)
    assert len({one.by for one in launch.reports}) == len(launch.reports)
    # A bearing is the row's: every report can be flown.
    assert {one.announced.bearing_deg for one in launch.reports} == {launch.bearing_deg}


def reported(name):
    """Who said what of a launch: by, then apogee, range and time with their sense."""
    signs = {"about": "~", "at least": ">", "at most": "<"}

    def shown(told):
        return f"{signs[told.sense]}{told.value:g}" if told else ""

    launch = find_launch(name, LAUNCHES)
    return [
        (one.by, *map(shown, (one.announced.apogee_km, one.announced.range_km, one.announced.flight_time_s)))
        for one in launch.reports
    ]


@pytest.mark.parametrize(
    "name, reports",
    [
        (
            "2022-03-24",
            [
                ("Japan MoD", ">6000", "~1100", "~4260"),
                ("ROK JCS", ">6200", "~1080", ""),
                ("DPRK", "~6248.5", "~1090", "~4052"),
            ],
        ),
        ("2022-10-03", [("Japan MoD", "~1000", "~4600", "~1320"), ("ROK JCS", "~970", "~4500", "")]),
        (
            "2017-07-28",
            [
                ("Japan MoD", ">3500", "~1000", "~2700"),
                ("ROK JCS", "~3700", "~1000", "~2820"),
                ("DPRK", "~3724.9", "~998", "~2832"),
            ],
        ),
        (
            # The headline is both governments', so each stands by itself too.
            "2017-11-28",
            [
                ("Japan MoD / ROK JCS", "~4500", "~960", "~3180"),
                ("Japan MoD", ">4000", "~1000", "~3180"),
                ("ROK JCS", "~4500", "~960", ""),
                ("DPRK", "~4475", "~950", "~3180"),
            ],
        ),
        (
            "2016-06-21",
            [
                ("Japan MoD / ROK JCS", "~1400", "~400", ""),
                ("Japan MoD", ">1000", "~400", ""),
                ("DPRK", "~1413.6", "~400", ""),
            ],
        ),
        ("2022-11-09", [("Japan MoD", "<50", "~250", ""), ("ROK JCS", "~30", "~290", "")]),
        ("2024-01-14", [("Japan MoD", ">50", ">500", ""), ("ROK JCS", "", "~1000", "")]),
        # The row's qualifier is silent, the nation's own words are not.
        ("2024-05-29", [("Japan MoD", "~100", ">350", ""), ("ROK JCS", "", "~350", "")]),
        # reported_by names the ROK, the qualifiers name Japan.
        ("2022-11-01", [("Japan MoD", "~100", "~200", "")]),
        ("2022-11-17", [("ROK JCS", "~47", "~240", "")]),
        # Where its stages fell is no figure of the flight.
        ("2023-04-12", [("ROK JCS", "~3000", "~1000", "")]),
        ("2024-05-27", [("Japan MoD / ROK JCS", "", "", "")]),
    ],
)
def test_published_cases_are_read_as_they_were_announced(name, reports):
    assert reported(name) == reports


def test_what_numbers_cannot_hold_is_kept_in_words():
    def notes(name):
        return [one.note for one in find_launch(name, LAUNCHES).reports]

    assert "from memory" in notes("2022-03-24")[2]
    assert notes("2022-03-24")[1] == "over 6,200 km, 1,080 km, 14:34"
    assert notes("2022-01-04") == ["range: if ballistic", "700 km, 120 km lateral manoeuvre"]
    assert notes("2017-03-05") == ["apogee: average of salvo"]
    assert "CNS dataset, not official" in notes("2023-04-12")[0]
    assert "reported_by says ROK JCS" in notes("2022-11-01")[0]


def test_rounding_shows_in_the_digits():
    japan, korea, claim = (one.announced for one in find_launch("2022-03-24", LAUNCHES).reports)
    assert japan.apogee_km == Told(6000, 25, "at least")
    assert korea.range_km == Told(1080, 5, "about")
    assert claim.apogee_km == Told(6248.5, 0.05, "about")
    assert japan.flight_time_s == Told(71 * 60, 60)
    assert find_launch("2019-09-09", LAUNCHES).reports[0].announced.apogee_km == Told(55, 5)


def test_a_launch_is_found_by_name_by_its_beginning_or_by_its_missile():
    found = find_launch("2022-10-03-2222-new-irbm", LAUNCHES)
    assert found.launched_utc == datetime(2022, 10, 3, 22, 22, tzinfo=UTC)
    for name in ("2022-10-03", "first called Hwasong-12", "2022-10-03-2222-NEW"):
        assert find_launch(name, LAUNCHES) is found
    assert find_launch("2014-03-26", LAUNCHES).launched_utc == date(2014, 3, 26)


@pytest.mark.parametrize(
    "name, said",
    [
        (
            "2022-09-28",
            "fits 2 launches: 2022-09-28-0910-kn-23-family, 2022-09-28-0917-kn-23-family. Give more of it.",
        ),
        ("kn-25", "and 5 more. Give more of it."),
        ("", "fits 83 launches"),
        ("2022-10-03-2222-new-ibrm", 'Did you mean "2022-10-03-2222-new-irbm"?'),
        # The local date: it was the evening before in UTC.
        ("2022-10-04", "it was that day at 2022-10-03-2222-new-irbm."),
        ("zzz", "is no launch of the record. `noroshi launches` lists them."),
    ],
)
def test_a_name_that_fits_no_launch_or_several_is_refused(name, said):
    with pytest.raises(InputError) as caught:
        find_launch(name, LAUNCHES)
    assert said in str(caught.value)


def test_launches_of_one_minute_get_names_of_their_own(tmp_path):
    names = [one.name for one in load_launches(written(tmp_path, {}, {}, {"missile": "Example-1-2"}, {}))]
    assert names == [f"2030-01-02-0304-example-1{end}" for end in ("", "-2", "-2-2", "-3")]
    assert loaded(tmp_path, launch_time_utc="").name == "2030-01-02-example-1"


def example(kind="srbm", apogee=None, ground=None, irregular=False, threat=""):
    launch = find_launch("2022-10-03", LAUNCHES)
    told = replace(
        launch.reports[0].announced,
        apogee_km=apogee and Told(apogee),
        range_km=ground and Told(ground),
    )
    first = replace(launch.reports[0], announced=told)
    return replace(launch, kind=kind, irregular=irregular, threat=threat, reports=(first,))


@pytest.mark.parametrize(
    "launch, threat",
    [
        (example("slv", 500, 3000), "space"),
        (example("icbm", 6000, 1000), "icbm"),
        (example("irbm", 1000, 4600), "irbm-single-stage"),
        (example("mrbm", 150, 650), "mrbm"),
        (example("hgv", 50, 500), "glide"),
        (example("srbm", 100, 350), "srbm"),
        (example("srbm", 60, 270), "quasi-ballistic"),
        (example("srbm", 60, 269), "srbm"),
        (example("srbm", 61, 600), "srbm"),
        (example("srbm", 100, 800, irregular=True), "quasi-ballistic"),
        (example("srbm"), "srbm"),
        (example("slbm", 50, 600), "quasi-ballistic"),
        (example("slbm", None, 500), "srbm"),
        (example("slbm", 400, 1200), "mrbm"),
        (example("slbm", 910, 450), "mrbm"),  # lofted: it comes down near
        (example("slbm"), "mrbm"),
        (example("icbm", 50, 600, irregular=True), "icbm"),
        (example("icbm", 6000, 1000, threat="icbm-solid"), "icbm-solid"),
    ],
)
def test_the_threat_follows_from_class_and_figures_unless_the_row_names_one(launch, threat):
    assert threat_for(launch) == threat


def test_every_launch_of_the_record_has_a_family():
    known = {"space", "icbm", "irbm-single-stage", "mrbm", "srbm", "quasi-ballistic", "glide"}
    assert {threat_for(launch) for launch in LAUNCHES} == known


# Another record.


def test_another_record_loads_with_more_columns_and_less_in_them(tmp_path):
    launch = loaded(tmp_path, threat="icbm-solid", remark="mine", salvo_count="", **{"class": "ICBM"})
    assert (launch.threat, launch.salvo_count, launch.quality, launch.lat_deg) == (
        "icbm-solid",
        None,
        "",
        None,
    )
    assert launch.kind == "icbm"
    assert launch.derived_end is None
    bare = {column: "" for column in COLUMNS if column not in ("date_utc", "class")}
    launch = loaded(tmp_path, **bare)
    assert launch.name == "2030-01-02-missile"
    assert launch.sources == ()
    assert [one.by for one in launch.reports] == ["not stated"]


@pytest.mark.parametrize(
    "qualifier, sense",
    [
        ("well over", "at least"),
        ("exceeding", "at least"),
        ("Japan: at least; ROK: approx", "at least"),  # the headline is Japan's
        ("ROK: at least", "about"),
        ("slightly puzzling", "about"),
    ],
)
def test_other_words_in_a_qualifier_are_understood_or_kept(tmp_path, qualifier, sense):
    report = loaded(tmp_path, apogee_qualifier=qualifier).reports[0]
    assert report.announced.apogee_km.sense == sense
    assert qualifier in report.note


def test_a_nation_inherits_the_bound_of_a_headline_that_both_gave(tmp_path):
    cells = {"jp_apogee_km": "6000", "rok_apogee_km": "6000", "apogee_qualifier": "over"}
    both = loaded(tmp_path, reported_by="Japan MoD / ROK JCS", **cells)
    assert [one.by for one in both.reports] == ["Japan MoD / ROK JCS"]
    # What Japan calls a bound is not the ROK's word.
    japan = loaded(tmp_path, reported_by="Japan MoD", **cells)
    assert [(one.by, one.announced.apogee_km.sense) for one in japan.reports] == [
        ("Japan MoD", "at least"),
        ("ROK JCS", "about"),
    ]


@given(
    st.floats(1, 20_000).map(lambda x: round(x, 1)),
    st.sampled_from(["", "over", "at most", "approx", "Japan"]),
)
def test_any_figure_comes_through_the_file_unchanged(tmp_path_factory, figure, qualifier):
    launch = loaded(tmp_path_factory.mktemp("any"), range_km=str(figure), range_qualifier=qualifier)
    told = launch.reports[0].announced.range_km
    assert told.value == figure
    assert told.sense == {"over": "at least", "at most": "at most"}.get(qualifier, "about")


@given(st.lists(st.text(max_size=30), min_size=4, max_size=4))
def test_no_words_in_the_free_columns_upset_the_loader(tmp_path_factory, texts):
    columns = ("apogee_qualifier", "second_report", "dprk_claim", "notes")
    texts = ["".join(c for c in text if c.isprintable()) for text in texts]
    launch = loaded(tmp_path_factory.mktemp("any"), **dict(zip(columns, texts, strict=True)))
    assert launch.reports[0].announced.apogee_km.value == 6000


@pytest.mark.parametrize(
    "cells, field, said",
    [
        ({"apogee_km": "high"}, "apogee_km = 'high'", "must be a number. Or empty."),
        ({"apogee_km": "6,248.5"}, "apogee_km = '6,248.5'", "must be a number. Without commas: 6248.5."),
        ({"apogee_km": "nan"}, "apogee_km = 'nan'", "must be a number."),
        ({"apogee_km": "inf"}, "apogee_km = 'inf'", "must be a number."),
        ({"apogee_km": "1e999"}, "apogee_km = '1e999'", "must be above 0 and at most 100000 km."),
        ({"apogee_km": "1_000"}, "apogee_km = '1_000'", "must be a number."),
        ({"range_km": "-100"}, "range_km = '-100'", "must be above 0 and at most 20000 km."),
        ({"range_km": "0"}, "range_km = '0'", "must be above 0"),
        ({"range_km": "4600000"}, "range_km = '4600000'", "If this is metres, write 4600."),
        ({"jp_range_km": "-1"}, "jp_range_km = '-1'", "must be above 0"),
        ({"flight_time_min": "4260"}, "flight_time_min = '4260'", "If this is seconds, write 71."),
        (
            {"launch_lat": "91", "launch_lon": "0"},
            "launch_lat = '91'",
            "must be at least -90 and at most 90 deg.",
        ),
        ({"launch_lat": "9", "launch_lon": "181"}, "launch_lon = '181'", "at most 180 deg."),
        (
            {"launch_lat": "9"},
            "launch_lon = ''",
            "must not be empty beside launch_lat. Give both or neither.",
        ),
        ({"derived_impact_lon": "9"}, "derived_impact_lat = ''", "must not be empty"),
        ({"azimuth_or_direction": "400 deg"}, "azimuth_or_direction = '400 deg'", "at most 360 deg."),
        ({"azimuth_or_direction": "-20 deg"}, "azimuth_or_direction = '-20 deg'", "at least 0"),
        ({"launch_time_utc": "25:00"}, "launch_time_utc = '25:00'", "must be a time of day in UTC"),
        ({"launch_time_utc": "dawn"}, "launch_time_utc = 'dawn'", "such as 22:22. Or empty."),
        ({"date_utc": "2022-02-30"}, "date_utc = '2022-02-30'", "must be a date, such as 2022-10-03."),
        ({"date_utc": "3 Oct 2022"}, "date_utc = '3 Oct 2022'", "must be a date"),
        ({"date_utc": ""}, "date_utc = ''", "must be a date"),
        ({"class": "icbn"}, "class = 'icbn'", 'Did you mean "icbm"?'),
        ({"class": ""}, "class = ''", "must be one of slv, icbm, irbm, mrbm, srbm, slbm, hgv."),
        ({"quality_tier": "D"}, "quality_tier = 'D'", "must be one of A, B, C."),
        ({"salvo_count": "two"}, "salvo_count = 'two'", "must be a number."),
        ({"salvo_count": "1.5"}, "salvo_count = '1.5'", "must be a whole number."),
        ({"salvo_count": "0"}, "salvo_count = '0'", "must be at least 1"),
        ({"threat": "a b"}, "threat = 'a b'", "must be the name of a threat profile"),
    ],
)
def test_a_wrong_cell_is_refused_with_file_line_column_and_value(tmp_path, cells, field, said):
    file = written(tmp_path, {}, cells)
    with pytest.raises(InputError) as caught:
        load_launches(file)
    first, second = str(caught.value).split("\n")
    assert first == f"{file}: line 3: {field}"
    assert said in second


def test_the_line_is_right_below_a_cell_of_two_lines(tmp_path):
    file = written(tmp_path, {"notes": "two\nlines"}, {"apogee_km": "high"})
    file.write_text(
        file.read_text(encoding="utf-8").replace("\nlines", "\nlines", 1) + "\n", encoding="utf-8"
    )
    with pytest.raises(InputError, match=r"line 4: apogee_km"):
        load_launches(file)


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "is empty; its first line must name the columns"),
        ("a,b\n1,2\n", 'line 1\n  has no column "date_utc". The columns are: date_utc, '),
        (",".join(COLUMNS).replace("range_km", "range_k", 1), 'Is it the one called "range_k"?'),
        (",".join([*COLUMNS, "notes"]), 'line 1\n  has two columns "notes".'),
        (",".join(COLUMNS) + "\n2030-01-02,03:04\n", "line 2\n  has 2 values for 30 columns."),
        (",".join(COLUMNS) + '\n"2030-01-02\n', "is not valid CSV: unexpected end of data."),
    ],
)
def test_a_file_of_another_shape_is_refused(tmp_path, text, said):
    file = tmp_path / "mine.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_launches(file)
    assert str(caught.value).startswith(str(file))
    assert said in str(caught.value)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        load_launches(tmp_path / "none.csv")
    with pytest.raises(InputError, match="is a folder"):
        load_launches(tmp_path)
    (tmp_path / "bad.csv").write_bytes(b"caf\xe9")
    with pytest.raises(InputError, match="is not UTF-8"):
        load_launches(tmp_path / "bad.csv")


def test_a_record_without_launches_and_one_from_a_spreadsheet_are_read(tmp_path):
    file = written(tmp_path)
    assert load_launches(file) == ()
    file = written(tmp_path, {})
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes() + b"\r\n" + b"," * 29 + b"\r\n")
    assert [one.name for one in load_launches(str(file))] == ["2030-01-02-0304-example-1"]


def test_the_shipped_record_keeps_to_its_columns():
    assert tuple(ROWS[0]) == COLUMNS
    assert record.SHIPPED.parent.joinpath("README.md").read_text(encoding="utf-8").count("`") > 2 * len(
        COLUMNS
    )
