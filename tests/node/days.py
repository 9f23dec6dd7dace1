"""What a nation says of a day, and fixtures for it."""

from typing import Any

from noroshi.catalogue.scenario import Scenario
from noroshi.exercise.objects import Object
from noroshi.exercise.run import run
from tests.exercise.made import world_of

STAGES = ("see", "confirm", "relay", "decide", "deliver")
ALARMS = {"stage", "alert", "update", "cancel", "stood_down"}
SIGHTED = {
    "id": "R1",
    "by": "coast-guard",
    "to": "JPN",
    "time_s": 100.0,
    "lat_deg": 39.5,
    "lon_deg": 134.5,
    "radius_km": 50.0,
    "delay_s": {"kind": "uniform", "low": 60.0, "high": 120.0, "source": "a test", "confidence": "published"},
    "confidence_level": "low",
    "text": "A light.",
    "source": "a test",
}


def journal(scenario: Scenario, *objects: Object) -> list[dict[str, Any]]:
    """What a nation says of objects that fly before its sensors."""
    world = world_of(scenario, *objects)
    return run(world.scenario, 0, "national", world).entries


def of(lines: list[dict[str, Any]], event: str) -> list[dict[str, Any]]:
    """The lines of one kind."""
    return [line for line in lines if line["event"] == event]
