"""Sensors at places of one's own, of shipped profiles that may be changed."""

from typing import Any

from noroshi.catalogue import door
from noroshi.catalogue.assemble import KINDS
from noroshi.catalogue.placement import SensorPlacement
from noroshi.catalogue.sensors import SensorProfile


def figure(value: float, **more: float) -> dict[str, Any]:
    return {"value": float(value), "source": "a test", "confidence": "published", **more}


def table(name: str) -> dict[str, Any]:
    """A shipped sensor profile as its file has it."""
    return door.read_toml(door.DATA / "sensors" / f"{name}.toml", f"{name}.toml") | {"name": name}


def profile(name: str, **change: Any) -> SensorProfile:
    """A shipped sensor profile with some fields changed; None takes one away."""
    changed = {key: value for key, value in (table(name) | change).items() if value is not None}
    return door.validate(KINDS[changed["kind"]], changed, "my.toml")  # type: ignore[return-value]


def placed(of: str | SensorProfile, **fields: Any) -> SensorPlacement:
    """A sensor of that profile; the fields say where it stands."""
    kind = profile(of) if isinstance(of, str) else of
    return door.validate(
        SensorPlacement, {"id": "JPN-X", "nation": "JPN", "profile": kind, **fields}, "my.toml"
    )


def on_ground(lat_deg: float, lon_deg: float, height_m: float = 0.0) -> dict[str, Any]:
    return {"lat_deg": figure(lat_deg), "lon_deg": figure(lon_deg), "height_m": figure(height_m)}


def moving(*points: tuple[float, float, float, float]) -> dict[str, Any]:
    """A course by points of time s, latitude and longitude deg, height m."""
    said = {"source": "a test", "confidence": "published"}
    return {"moves": {"points": [list(map(float, point)) for point in points], **said}}


def orbit(perigee_km: float, apogee_km: float, **angles: float) -> dict[str, Any]:
    told = {
        "inclination_deg": 63.4,
        "node_lon_deg": 10.0,
        "perigee_argument_deg": 270.0,
        "mean_anomaly_deg": 0.0,
    } | angles
    heights = {"perigee_km": perigee_km, "apogee_km": apogee_km}
    return {"orbit": {name: figure(value) for name, value in (heights | told).items()}}


def walker(pattern: str, height_km: float = 1000.0, spread: str = "delta", **angles: float) -> dict[str, Any]:
    told = {"height_km": height_km, "inclination_deg": 53.0, "node_lon_deg": 20.0} | angles
    figures = {name: figure(value) for name, value in told.items()}
    return {"walker": {"pattern": pattern, "spread": spread, **figures}}
