import copy
import re
import tomllib
from pathlib import Path

import pytest
from pydantic_core import PydanticCustomError

from noroshi.catalogue import door
from noroshi.catalogue.background import (
    FOLDER,
    Background,
    Fault,
    check_faults,
    list_backgrounds,
    load_background,
)
from noroshi.catalogue.figures import Figure, Spread
from noroshi.catalogue.reports import Notice, Report
from noroshi.errors import InputError

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "background.md"
RAW = door.read_toml(FOLDER / "quiet.toml", "quiet.toml")
KNOWN = {"source": "a page that was opened", "confidence": "published"}


def figure(value: float) -> dict[str, object]:
    return {"value": value, **KNOWN}


def broken(path: str, value: object) -> str:
    """What is said against the quiet day with one field changed."""
    raw = copy.deepcopy(RAW)
    *way, last = path.split(".")
    part = raw
    for step in way:
        part = part[int(step) if step.isdigit() else step]
    part[last] = value
    with pytest.raises(InputError) as caught:
        door.validate(Background, raw, "quiet.toml")
    return str(caught.value)


def numbers(part: object) -> list[Figure | Spread]:
    if isinstance(part, Figure | Spread):
        return [part]
    if isinstance(part, tuple):
        return [one for row in part for one in numbers(row)]
    fields = type(part).model_fields if hasattr(type(part), "model_fields") else ()
    return [one for name in fields for one in numbers(getattr(part, name))]


@pytest.mark.parametrize("name", list_backgrounds())
def test_a_shipped_background_reads_and_gives_a_range_for_what_it_assumes(name):
    background = load_background(name)
    stated = numbers(background)
    assert background.name == name and len(stated) > 30
    for one in stated:
        assert one.confidence != "assumed" or (one.low is not None and one.low < one.high)


def test_the_quiet_day_ships():
    assert "quiet" in list_backgrounds()


def test_a_background_that_does_not_ship_is_refused_where_it_was_asked_for():
    with pytest.raises(InputError) as caught:
        load_background("quite", "my.toml")
    assert str(caught.value).startswith("my.toml: background = 'quite'")
    assert "is not a known background" in str(caught.value) and 'Did you mean "quiet"?' in str(caught.value)
    with pytest.raises(InputError, match="must be a name in quotation marks"):
        load_background(3, "my.toml")


@pytest.mark.parametrize(
    "path, value, said",
    [
        ("satellites.share_known", figure(1.5), "satellites.share_known"),
        ("satellites.objects", figure(-1.0), "must be at least 0"),
        ("satellites.shells.0.to_km", 200.0, "must be above from_km = 250"),
        ("satellites.shells.0.share", figure(0.5), "must have shares that sum to 1"),
        ("satellites.lanes.0.share", figure(0.5), "must have shares that sum to 1"),
        ("satellites.lanes.0.inclination_deg", 180.0, "must be below 180"),
        ("satellites.shells", [], "must hold at least 1"),
        ("debris.entry_km", figure(120_000.0), "If this is metres, write 120"),
        ("debris.per_year", 500.0, "must be a table, for every number states its source"),
        ("airliners.tracks_per_day", figure(-1.0), "airliners.tracks_per_day"),
        ("fires.regions.0.lat_deg", [66.0, 59.0], "must rise from the south to the north edge"),
        ("fires.regions.0.lon_deg", [170.0, -170.0], "write [170, 190]"),
        ("fires.regions.1.id", "west-siberia", "is given twice"),
        ("ghosts.duplicate_share", figure(-0.1), "ghosts.duplicate_share"),
        ("ghosts.false_plots_a_day", figure(1.0), "is not a known key"),
    ],
)
def test_a_background_that_cannot_be_is_refused_by_field(path, value, said):
    text = broken(path, value)
    assert text.startswith("quiet.toml: ") and said in text


FAULT = {"sensor": "JPN-A", "kind": "silent", "from_s": 10.0, "until_s": 20.0}


@pytest.mark.parametrize(
    "change, said",
    [
        ({"until_s": 10.0}, "must be above from_s = 10"),
        ({"from_s": -1.0}, "must be at least 0 s"),
        ({"kind": "noise"}, 'factor\n  is missing: a fault of kind "noise" needs it'),
        ({"kind": "bias"}, 'azimuth_deg\n  is missing: a fault of kind "bias" needs it'),
        ({"kind": "storm"}, 'plots_per_min\n  is missing: a fault of kind "storm" needs it'),
        ({"factor": figure(3.0)}, 'has no place in a fault of kind "silent"'),
        ({"kind": "noise", "factor": figure(0.5)}, "must be above 1"),
        ({"kind": "deaf"}, "must be 'silent', 'noise', 'bias' or 'storm'"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_by_field(change, said):
    with pytest.raises(InputError) as caught:
        door.validate(Fault, FAULT | change, "my.toml")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "sensors, duration_s, field, need",
    [
        (["JPN-B"], 100.0, ("faults", 0, "sensor"), "is not among the scenario's sensors."),
        (["JPN-A"], 5.0, ("faults", 0, "from_s"), "must be below duration_s = 5."),
    ],
)
def test_a_fault_must_fit_its_scenario(sensors, duration_s, field, need):
    fault = door.validate(Fault, FAULT, "my.toml")
    with pytest.raises(PydanticCustomError) as caught:
        check_faults([fault], sensors, duration_s)
    assert caught.value.context["field"] == field and caught.value.context["need"] == need
    check_faults([fault], ["JPN-A"], 100.0)


@pytest.mark.parametrize("key, model", [("faults", Fault), ("reports", Report), ("notices", Notice)])
def test_the_examples_of_the_page_read(key, model):
    rows = tomllib.loads("\n".join(re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)))[key]
    assert rows
    for row in rows:
        assert set(row) <= door.validate(model, row, "background.md").model_fields_set
