"""A flight as JSON, as a table and as a picture."""

import io
import json
from dataclasses import replace
from functools import cache

import jsonschema
import numpy as np
import pytest
from rich.console import Console
from rich.table import Table

from noroshi.catalogue import schema
from noroshi.catalogue.flights import along, answer
from noroshi.catalogue.questions import Answer, Failure, Question, Unanswered, questions
from noroshi.catalogue.record import find_launch, load_launches
from noroshi.catalogue.threats import load_threat
from noroshi.earth import frames
from noroshi.flight.announced import Announced, Told
from noroshi.flight.cruise import Waypoint
from noroshi.flight.missile import Site
from noroshi.report.flight import plain, said, told_as, track
from noroshi.report.flight_plot import draw

LAUNCHES = load_launches()
SCHEMA = schema.flight_schema()


def own(apogee_km: float, range_km: float, family: str, **more) -> Answer:
    told = Announced(Told(apogee_km, 5.0), Told(range_km, 5.0), Told(80.0, 0.5))
    return answer(Question("flight", Site(40.0, 126.0, 200.0), told, load_threat(family), **more))


def recorded(name: str, number: int = 0, failure: Failure | None = None) -> Answer:
    asked = questions(find_launch(name, LAUNCHES))[number]
    return answer(replace(asked, failure=failure))


def waypoints() -> Answer:
    way = (Waypoint(40, 130, 100, 250), Waypoint(41, 131, 300, 250), Waypoint(40, 132, 200, 250))
    return along("patrol", way)


MADE = {
    "ballistic": lambda: recorded("2022-03-24", 1),
    "lost": lambda: recorded("2023-05-30"),
    "broken up": lambda: recorded("2022-10-03", 0, Failure(300.0, "break-up")),
    "orbital": lambda: recorded("2023-11-21"),
    "glide": lambda: own(120, 2500, "glide", bank=((60.0, 30.0),)),
    "waypoints": waypoints,
}


@cache
def made(kind: str) -> Answer:
    return MADE[kind]()


@cache
def shown(kind: str, step_s: float = 10.0) -> dict:
    """As a program reads it."""
    return json.loads(json.dumps(plain([made(kind)], step_s), allow_nan=False))


@pytest.fixture(params=MADE)
def kind(request):
    return request.param


def refused() -> Unanswered:
    return Unanswered(made("ballistic").question, "none [fits]")


def printed(*answers) -> str:
    console = Console(width=120, record=True, file=io.StringIO())
    for part in said(answers):
        console.print(part)
    return console.export_text()


# JSON.


def test_every_kind_of_flight_meets_the_schema(kind):
    jsonschema.validate(shown(kind), SCHEMA, jsonschema.Draft202012Validator)


def test_a_report_that_no_flight_fits_stands_among_the_others_with_its_reason():
    whole = plain([refused(), made("ballistic")], 10.0)
    jsonschema.validate(json.loads(json.dumps(whole)), SCHEMA, jsonschema.Draft202012Validator)
    assert whole["reports"][0]["error"] == "none [fits]"
    assert whole["reports"][0]["announced"] == whole["announced"]
    # The whole is the first flight that was found, with its track.
    first = {key: value for key, value in whole.items() if key not in ("track", "reports")}
    assert whole["reports"][1] == first


@pytest.mark.parametrize(
    "change",
    [
        lambda flight: flight.pop("spread"),
        lambda flight: flight.update(extra=1),
        lambda flight: flight.update(arc="high"),
        lambda flight: flight.update(range_km=-1.0),
        lambda flight: flight["impact"].pop("time_s"),
        lambda flight: flight["impact"].update(lat_deg=91.0),
        lambda flight: flight["announced"].update(speed={"value": 1}),
        lambda flight: flight["announced"]["range_km"].update(sense="exactly"),
        lambda flight: flight["spread"]["range_km"].pop(),
        lambda flight: flight["falls"][0]["zone"][0].append(0.0),
        lambda flight: flight["track"][0].pop(),
        lambda flight: flight["track"][0].__setitem__(5, 2),
        lambda flight: flight["reports"][0].update(track=[]),
        lambda flight: flight["reports"].clear(),
    ],
)
def test_what_is_no_flight_does_not_meet_the_schema(change):
    flight = json.loads(json.dumps(shown("ballistic")))
    jsonschema.validate(flight, SCHEMA)
    change(flight)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(flight, SCHEMA)


def documented(part, path=""):
    """Paths of properties without a description."""
    for name, inner in part.get("properties", {}).items():
        if "description" not in inner:
            yield f"{path}.{name}"
        yield from documented(inner, f"{path}.{name}")
    for inner in (part.get("items"), *part.get("anyOf", ()), *part.get("prefixItems", ())):
        if isinstance(inner, dict):
            yield from documented(inner, f"{path}[]")


def test_every_key_is_documented_with_its_unit():
    assert list(documented(SCHEMA)) == []
    units = {"km": " km", "deg": " deg", "s": " s", "m": " m", "kmps": "km/s", "mps": "m/s"}
    for name, inner in SCHEMA["properties"].items():
        unit = name.rpartition("_")[2]
        if "_" in name and unit in units:
            assert units[unit] in inner["description"], name


def test_the_track_starts_at_the_site_and_ends_at_the_impact(kind):
    flight = shown(kind)
    first, last = flight["track"][0], flight["track"][-1]
    site = flight["site"]
    assert first[0] == 0
    assert first[1:3] == pytest.approx([site["lat_deg"], site["lon_deg"]], abs=2e-5)
    assert first[3] == pytest.approx(site["height_m"] / 1e3, abs=1e-3)
    if flight["impact"] is None:
        assert flight["orbit"]["perigee_km"] - 30 < last[3] < flight["orbit"]["apogee_km"] + 30
        return
    impact = flight["impact"]
    assert last[0] == pytest.approx(impact["time_s"], abs=0.1)
    assert last[1:3] == pytest.approx([impact["lat_deg"], impact["lon_deg"]], abs=1e-3)
    assert flight["flight_time_s"] == impact["time_s"]
    if kind != "waypoints":
        assert abs(last[3]) < 0.01


def test_the_track_rises_in_time_and_to_the_apogee(kind):
    flight = shown(kind)
    rows = np.array(flight["track"])
    assert (np.diff(rows[:, 0]) > 0).all()
    assert np.diff(rows[:-1, 0]) == pytest.approx(10.0)
    if flight["orbit"] is None:
        assert rows[:, 3].max() <= flight["apogee_km"] + 0.05
    if kind != "waypoints":
        assert rows[0, 5] == 1
    # Once it is spent it does not burn again.
    if flight["burnout"] is not None:
        assert not rows[rows[:, 0] > flight["burnout"]["time_s"], 5].any()


@pytest.mark.parametrize("step_s", [0.1, 1.0, 2.5, 7.3, 60.0, 3600.0])
def test_a_track_has_a_row_every_step_and_its_last(step_s):
    flown = made("ballistic").trajectory
    rows = track(flown, step_s, made("ballistic").question.earth)
    asked_s = np.append(np.arange(0, flown.time_s[-1], step_s), flown.time_s[-1])
    assert [row[0] for row in rows] == pytest.approx(asked_s, abs=0.0051)
    # Between the flight's own rows, which are a second apart, it moves nearly evenly where the air is thin.
    heights = np.interp(asked_s, flown.time_s, frames.geodetic(flown.position_ecef_m)[2])
    high = heights > 40e3
    assert 1e3 * np.array([row[3] for row in rows])[high] == pytest.approx(heights[high], abs=15.0)
    lat, lon, height_m = frames.geodetic(flown.position_ecef_m[0])
    assert rows[0][1:4] == pytest.approx([np.degrees(lat), np.degrees(lon), height_m / 1e3], abs=1e-4)


def test_null_stands_for_what_there_is_not():
    orbit, way = shown("orbital"), shown("waypoints")
    for key in ("range_km", "flight_time_s", "impact", "spread"):
        assert orbit[key] is None
    assert orbit["orbit"]["apogee_km"] == orbit["apogee_km"]
    for key in ("threat", "orbit", "ideal_velocity_kmps", "burnout", "spread"):
        assert way[key] is None
    assert set(way["residuals"].values()) == {None}
    assert way["announced"] == {} and way["falls"] == [] and way["notes"] == []
    assert (way["family"], way["arc"]) == ("cruise", "waypoints")


def test_announced_figures_stand_as_they_were_told():
    told = shown("ballistic")["announced"]
    assert told["apogee_km"] == {"value": 6200.0, "half_width": 25.0, "sense": "at least"}
    assert told["bearing_convention"] == "great-circle"
    assert "flight_time_s" not in told


def test_residuals_are_what_was_flown_less_what_was_told():
    flight = shown("ballistic")
    off = flight["residuals"]
    for name in ("apogee_km", "range_km"):
        assert flight[name] - flight["announced"][name]["value"] == pytest.approx(off[name], abs=2e-3)
    assert off["flight_time_s"] is None
    october = plain([recorded("2022-10-03")], 60.0)
    told_s = october["announced"]["flight_time_s"]["value"]
    assert october["residuals"]["flight_time_s"] == pytest.approx(october["flight_time_s"] - told_s, abs=0.1)


# The table.


def test_figures_are_shown_as_they_were_told():
    assert told_as(None) == ""
    assert told_as(Told(6000, 25, "at least")) == "≥6,000 ± 25"
    assert told_as(Told(50, 0, "at most")) == "≤50"
    assert told_as(Told(4260, 60), 60, ".4g") == "~71 ± 1"


@pytest.mark.parametrize("of", ["ballistic", "lost", "broken up", "glide"])
def test_the_table_holds_what_the_json_says(of):
    text, flight = printed(made(of)), shown(of)
    assert flight["name"] in text
    assert f"{flight['apogee_km']:,.1f} ({flight['arc']})" in text
    assert f"{flight['range_km']:,.1f}" in text
    assert f"{flight['flight_time_s'] / 60:.1f}" in text
    assert f"{flight['impact']['lat_deg']:.3f}" in text
    assert f"{flight['burnout']['speed_mps']:,.0f} m/s" in text
    for fall in flight["falls"]:
        assert f"{fall['name']} down" in text
        assert f"{fall['lat_deg']:.2f}, {fall['lon_deg']:.2f}" in text
    for name in ("apogee_km", "range_km"):
        if flight["spread"]:
            low, _, high = flight["spread"][name]
            assert f"{low:,.0f} to {high:,.0f}" in text
    assert "note: " in text or not flight["notes"]


def test_the_table_of_an_orbit_and_of_a_way_holds_theirs():
    orbit, text = shown("orbital")["orbit"], printed(made("orbital"))
    assert f"{orbit['perigee_km']:.0f} x {orbit['apogee_km']:.0f}" in text
    assert f"{orbit['inclination_deg']:.2f}" in text
    way, text = shown("waypoints"), printed(made("waypoints"))
    assert f"{way['range_km']:,.1f}" in text and f"{way['flight_time_s'] / 60:.1f}" in text


def test_what_others_wrote_is_printed_as_they_wrote_it():
    asked = made("ballistic").question
    written = replace(asked, name="a [b] [/c]", by="[red]X", note="see [1] and [/bold]")
    text = printed(replace(made("ballistic"), question=written), Unanswered(written, "no [/way]"))
    assert "a [b] [/c], [red]X" in text
    assert "note: see [1] and [/bold]" in text
    assert "[red]X: no [/way]" in text


def test_tables_come_in_the_order_of_the_reports():
    parts = said([made("ballistic"), refused()])
    assert isinstance(parts[0], Table)
    assert parts[-1] == "ROK JCS: none \\[fits]"


# The picture.


@pytest.mark.parametrize(
    "ending, magic", [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF"), (".SVG", b"<?xml")]
)
def test_the_picture_is_written_in_the_format_of_its_ending_with_the_same_bytes_twice(
    tmp_path, ending, magic
):
    files = [tmp_path / f"{name}{ending}" for name in ("one", "two")]
    for file in files:
        draw([made("ballistic"), refused()], file)
    assert files[0].read_bytes().startswith(magic)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_every_kind_of_flight_has_a_picture_that_names_what_it_shows(kind, tmp_path):
    file = tmp_path / "flight.svg"
    draw([made(kind)], file)
    text = file.read_text(encoding="utf-8")
    assert "launch" in text and "height, km" in text and "km over the ground" in text
    ends = {"orbital": "in orbit", "waypoints": "last waypoint"}
    assert ends.get(kind, "impact") in text
    for fall in made(kind).falls:
        assert fall.name in text


def test_reports_beside_each_other_are_told_apart_by_name(tmp_path):
    file = tmp_path / "flight.svg"
    other = replace(made("ballistic"), question=replace(made("ballistic").question, by="Somebody"))
    draw([made("ballistic"), other], file)
    text = file.read_text(encoding="utf-8")
    assert "ROK JCS" in text and "Somebody" in text
