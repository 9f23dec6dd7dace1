import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from noroshi.catalogue import door
from noroshi.catalogue.reports import Circle, Notice, Report, Zone, check_told
from noroshi.earth import geometry
from noroshi.errors import InputError

DELAY = {
    "kind": "uniform",
    "low": 60.0,
    "high": 300.0,
    "source": "assumption: a call",
    "confidence": "assumed",
}
REPORT = {
    "id": "R1",
    "by": "coast-guard",
    "to": "JPN",
    "time_s": 100.0,
    "lat_deg": 41.0,
    "lon_deg": 138.0,
    "radius_km": 50.0,
    "delay_s": DELAY,
    "confidence_level": "low",
    "text": "A light that climbed to the east.",
    "source": "assumption: invented for the test",
}
BOX = [[130.0, 30.0], [132.0, 30.0], [132.0, 33.0], [130.0, 33.0]]
NOTICE = {
    "id": "N1",
    "issued_by": "PRK",
    "known_to": ["JPN", "KOR"],
    "from_s": 0.0,
    "until_s": 3600.0,
    "launch": {"lat_deg": 39.66, "lon_deg": 124.7, "radius_km": 30.0},
    "zones": [
        {"id": "stage-1", "points_deg": BOX},
        {"id": "stage-2", "circle": {"lat_deg": 15.0, "lon_deg": 135.0, "radius_km": 100.0}},
    ],
    "source": "assumption: invented for the test",
}


def notice(**change: object) -> Notice:
    return door.validate(Notice, NOTICE | change, "my.toml")


def test_a_report_reads():
    report = door.validate(Report, REPORT | {"bearing_deg": 90.0}, "my.toml")
    assert report.bearing_deg == 90.0 and 60 <= report.delay_s.draw(0.5) <= 300
    notice_of = door.validate(Report, REPORT | {"by": "nation", "nation": "KOR"}, "my.toml")
    assert notice_of.nation == "KOR"


@pytest.mark.parametrize(
    "change, said",
    [
        ({"by": "gull"}, "by = 'gull'"),
        ({"by": "nation"}, 'nation\n  is missing: a report by "nation" says by which'),
        ({"nation": "KOR"}, 'has no place in a report by "coast-guard"'),
        ({"by": "nation", "nation": "JPN"}, "must not be the nation that hears it"),
        ({"lat_deg": 91.0}, "must be at least -90 and at most 90 deg"),
        ({"radius_km": 0.0}, "must be above 0"),
        ({"radius_km": 50_000.0}, "If this is metres, write 50"),
        ({"bearing_deg": 400.0}, "bearing_deg"),
        ({"time_s": -5.0}, "must be at least 0 s"),
        ({"confidence_level": "high"}, "confidence_level"),
        ({"text": ""}, "must not be empty"),
        ({"to": "jp"}, "must be three capital letters"),
        ({"sensor": "JPN-A"}, "is not a known key"),
    ],
)
def test_a_report_that_cannot_be_is_refused_by_field(change, said):
    with pytest.raises(InputError) as caught:
        door.validate(Report, REPORT | change, "my.toml")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "change, said",
    [
        ({"until_s": -1.0}, "must be above from_s = 0: the window ends before it begins"),
        ({"known_to": []}, "must hold at least 1"),
        ({"known_to": ["JPN", "JPN"]}, "is given twice"),
        ({"launch": None, "zones": []}, "a notice names a launch place, drop zones, or both"),
        ({"zones": [NOTICE["zones"][0]] * 2}, "is given twice"),
    ],
)
def test_a_notice_that_cannot_be_is_refused_by_field(change, said):
    with pytest.raises(InputError) as caught:
        notice(**change)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "points, said",
    [
        (BOX[:2], "must have at least 3 different corners"),
        ([BOX[0], BOX[1], BOX[0]], "must have at least 3 different corners"),
        ([[130.0, 30.0], [131.0, 31.0], [132.0, 32.0]], "must enclose an area"),
        ([[130.0, 30.0], [132.0, 33.0], [132.0, 30.0], [130.0, 33.5]], "must not cross itself"),
        ([[30.0, 130.0], [30.0, 132.0], [33.0, 132.0]], "Longitude first: [130, 30]"),
        ([[0.0, 0.0], [100.0, 10.0], [-160.0, 0.0], [100.0, -10.0]], "must be less than 180 deg wide"),
    ],
)
def test_a_zone_that_is_none_is_refused(points, said):
    with pytest.raises(InputError) as caught:
        door.validate(Zone, {"id": "Z", "points_deg": points}, "my.toml")
    assert said in str(caught.value)


def test_a_zone_is_a_polygon_or_a_circle():
    for row in ({"id": "Z"}, {"id": "Z", "points_deg": BOX, "circle": NOTICE["launch"]}):
        with pytest.raises(InputError, match="must have either points_deg or circle"):
            door.validate(Zone, row, "my.toml")


@pytest.mark.parametrize(
    "time_s, lat, lon, told_of",
    [
        (10.0, 39.7, 124.7, True),  # beside the launch place
        (10.0, 40.5, 124.7, False),  # 93 km north of it
        (10.0, 31.0, 131.0, False),  # where a stage falls, nothing starts
        (0.0, 39.66, 124.7, True),  # the window's ends belong to it
        (3600.0, 39.66, 124.7, True),
        (3600.5, 39.66, 124.7, False),
        (-1.0, 39.66, 124.7, False),
    ],
)
def test_a_notice_tells_of_a_launch_from_its_place_while_its_window_is_open(time_s, lat, lon, told_of):
    assert notice().tells_of(time_s, lat, lon) is told_of


def test_a_notice_without_a_launch_place_tells_of_none():
    assert not notice(launch=None).tells_of(5.0, 39.66, 124.7)


@given(st.floats(-90, 90), st.floats(-180, 180), st.floats(-90, 90), st.floats(-180, 180))
def test_a_circle_ends_where_the_great_circle_does(lat, lon, to_lat, to_lon):
    away_m, _ = geometry.great_circle(*np.radians([lat, lon, to_lat, to_lon]))
    for share, inside in ((1 + 1e-6, True), (1 - 1e-6, False)):
        radius_km = float(away_m) / 1e3 * share
        if 0.01 < radius_km <= 2000:
            assert Circle(lat_deg=lat, lon_deg=lon, radius_km=radius_km).holds(to_lat, to_lon) is inside


@given(st.floats(-180, 180))
def test_a_zone_may_lie_anywhere_round_the_earth(east):
    corners = [(-3.0, -2.0), (3.0, -3.0), (2.5, 2.0), (0.0, 0.5), (-2.0, 3.0)]
    points = [[(lon + east + 180) % 360 - 180, lat] for lon, lat in corners]
    assert door.validate(Zone, {"id": "Z", "points_deg": points}, "my.toml").points_deg is not None


def told_wrongly(**change: object) -> dict[str, object]:
    given = {
        "reports": [door.validate(Report, REPORT, "my.toml")],
        "notices": [notice()],
        "nations": ["JPN", "KOR"],
        "duration_s": 3600.0,
    }
    with pytest.raises(PydanticCustomError) as caught:
        check_told(**(given | change))
    check_told(**given)
    return dict(caught.value.context or {})


def test_who_takes_no_part_hears_nothing():
    report = told_wrongly(nations=["KOR", "USA"])
    assert report["field"] == ("reports", 0, "to") and report["got"] == "JPN"
    known = told_wrongly(nations=["JPN", "USA"])
    assert known["field"] == ("notices", 0, "known_to", 1)
    assert known["need"] == "is not among the scenario's nations."


def test_what_is_told_twice_or_after_the_end_is_refused():
    late = told_wrongly(duration_s=50.0)
    assert late["field"] == ("reports", 0, "time_s") and late["need"] == "must be at most duration_s = 50."
    twice = told_wrongly(notices=[notice(), notice()])
    assert twice["field"] == ("notices", 1, "id") and twice["got"] == "N1"
