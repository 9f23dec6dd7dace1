"""Tracks made of recorded detections: a table to read, files to go on with."""

import io
import json
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from rich.table import Table

from noroshi.earth import frames
from noroshi.errors import InputError
from noroshi.exercise.recorded import Found, Recording
from noroshi.records.tracks import DRAG, MODELS, PLACE, SPEED
from noroshi.tracking.door import Refusal
from noroshi.tracking.region import Area

# In a larger region no one place and time is told to people, km2.
VAGUE_KM2 = 2e5


def table(made: Recording) -> Table:
    """One row a confirmed track."""
    shown = Table(box=None, pad_edge=False)
    for head in (
        "track",
        "from s",
        "to s",
        "plots",
        "sensors",
        "held for",
        "launched at",
        "comes down at",
        "95 % km2",
    ):
        shown.add_column(head, justify="right" if head in ("from s", "to s", "plots", "95 % km2") else "left")
    for one in made.found:
        shown.add_row(
            one.name,
            f"{one.followed.born_s:.0f}",
            f"{one.followed.last_s:.0f}",
            str(one.followed.plots),
            " ".join(one.followed.sensors),
            f"{one.held.likely} {100 * one.held.kinds[one.held.likely]:.0f} %",
            "-"
            if one.launched is None
            else f"{_place(one.launched.lat_deg, one.launched.lon_deg)} ± {one.launched.sigma_km:.0f} km",
            _fall(one),
            f"{one.areas[-1].area_km2:,.0f}" if one.areas else "-",
        )
    return shown


def _fall(one: Found) -> str:
    if one.lands is None:
        return "-"
    if one.areas[-1].area_km2 > VAGUE_KM2:
        return "not told yet"
    return f"{_place(*middle_of(one))} at {one.lands_s:.0f} s"


def said(made: Recording) -> list[str]:
    """What became of the plots that are in no table row."""
    lines = [f"{made.plots} plots, {len(made.found)} tracks; {made.unconfirmed} unconfirmed at the end."]
    if made.late:
        lines.append(f"{made.late} plots came late and were taken in where they belong.")
    lines += [
        f"refused: {number} of {sensor or 'no sensor'}, {reason}"
        for (sensor, reason), number in sorted(made.refused.items())
    ]
    if any(reason == Refusal.TOO_OLD for _, reason in made.refused):
        lines.append(
            f"The window is {made.window_s:g} s. Where the table is not in the order in which its rows came, "
            "--sort takes them by their times."
        )
    return lines


def plain(made: Recording) -> dict[str, Any]:
    """The same as plain values, for JSON."""
    return {
        "plots": made.plots,
        "late": made.late,
        "window_s": made.window_s,
        "unconfirmed": made.unconfirmed,
        "refused": [
            {"sensor": sensor, "reason": reason, "plots": number}
            for (sensor, reason), number in sorted(made.refused.items())
        ],
        "tracks": [_plain(one) for one in made.found],
    }


def _plain(one: Found) -> dict[str, Any]:
    mean, cov = np.asarray(one.followed.estimate.mean), np.asarray(one.followed.estimate.cov)
    found: dict[str, Any] = {
        "track": one.name,
        "from_s": one.followed.born_s,
        "to_s": one.followed.last_s,
        "plots": one.followed.plots,
        "lost": one.followed.lost,
        "sensors": list(one.followed.sensors),
        "position_ecef_m": mean[PLACE].tolist(),
        "velocity_ecef_mps": mean[SPEED].tolist(),
        "sigma_m": math.sqrt(float(np.trace(cov[PLACE, PLACE]))),
        "sigma_mps": math.sqrt(float(np.trace(cov[SPEED, SPEED]))),
        "models": dict(zip(MODELS, np.asarray(one.followed.estimate.weight).round(4).tolist(), strict=True)),
        "held_for": one.held.likely,
        "reason": one.held.reason,
        "kinds": {name: round(chance, 4) for name, chance in one.held.kinds.items()},
        "phases": {name: round(chance, 4) for name, chance in one.held.phases.items()},
        "launch": None,
        "impact": None,
    }
    if one.launched is not None:
        launch = one.launched
        found["launch"] = {
            "time_s": launch.time_s, "sigma_s": launch.sigma_s, "lat_deg": launch.lat_deg,
            "lon_deg": launch.lon_deg, "sigma_km": launch.sigma_km,
        }  # fmt: skip
    if one.lands is not None and one.lands_s is not None:
        lat_deg, lon_deg = middle_of(one)
        area_km2 = one.areas[-1].area_km2
        found["impact"] = {
            "time_s": one.lands_s, "lat_deg": lat_deg, "lon_deg": lon_deg, "area_95_km2": area_km2
        }  # fmt: skip
    return found


def make(folder: Path) -> None:
    """Make the folder before the work. Raises InputError when nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _unwritable(folder, error) from error


def write(made: Recording, folder: Path) -> None:
    """tracks.parquet, summary.json and regions.geojson in a folder. Raises InputError when they cannot be."""
    contents = {
        "tracks.parquet": _states(made),
        "summary.json": (json.dumps(plain(made), ensure_ascii=False, indent=1) + "\n").encode(),
        "regions.geojson": (json.dumps(_regions(made), ensure_ascii=False) + "\n").encode(),
    }
    try:
        for name, content in contents.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: OSError) -> InputError:
    hint = "Name another with --out."
    return InputError(str(folder), "", None, f"cannot be written: {error.strerror}.", hint)


def _states(made: Recording) -> bytes:
    """Every state of every track: when, what, how surely."""
    lines = made.lines
    mean = np.array([np.asarray(line.estimate.mean) for line in lines]).reshape(-1, DRAG + 1)
    cov = np.array([np.asarray(line.estimate.cov) for line in lines]).reshape(-1, DRAG + 1, DRAG + 1)
    lat, lon, height_m = frames.geodetic(mean[:, PLACE])
    names = ("x_m", "y_m", "z_m", "vx_mps", "vy_mps", "vz_mps", "fx_mps2", "fy_mps2", "fz_mps2")
    columns: dict[str, Any] = {
        "track": pa.array([line.track for line in lines], pa.string()),
        "time_s": np.array([line.time_s for line in lines]),
        "plots": np.array([line.plots for line in lines], int),
        "lat_deg": np.degrees(lat),
        "lon_deg": np.degrees(lon),
        "height_m": height_m,
    }
    columns |= {name: mean[:, row] for row, name in enumerate(names)}
    columns["ballistic_coefficient_kgpm2"] = np.exp(mean[:, DRAG])
    columns["sigma_m"] = np.sqrt(np.trace(cov[:, PLACE, PLACE], axis1=1, axis2=2))
    columns["sigma_mps"] = np.sqrt(np.trace(cov[:, SPEED, SPEED], axis1=1, axis2=2))
    for row, name in enumerate(MODELS):
        columns[name] = np.array([float(line.estimate.weight[row]) for line in lines])
    kinds = sorted({kind for line in lines for kind in line.held.kinds})
    columns |= {kind: np.array([line.held.kinds.get(kind, 0.0) for line in lines]) for kind in kinds}
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def _regions(made: Recording) -> dict[str, Any]:
    """Areas of 50, 90 and 95 % per track, as GeoJSON (RFC 7946)."""
    features = [
        {
            "type": "Feature",
            "properties": {"track": one.name, "share": area.share, "area_km2": round(area.area_km2, 1)},
            "geometry": shapely.geometry.mapping(shape_of(area)),
        }
        for one in made.found
        for area in one.areas
    ]
    return {"type": "FeatureCollection", "features": features}


def shape_of(area: Area) -> shapely.MultiPolygon:
    """An area with its holes, longitude first, cut at the date line, outlines anticlockwise."""
    whole: Any = shapely.MultiPolygon()
    for ring in area.rings:
        lat, lon = ring.T
        turned = lon[-1] - lon[0]
        if abs(turned) > 180:
            # About a pole: along it, back to where it began.
            pole = math.copysign(90.0, float(lat.mean()))
            lat, lon = np.append(lat, [pole, pole]), np.append(lon, [lon[-1], lon[0]])
        # By the even-odd rule a ring inside another is a hole.
        whole = whole.symmetric_difference(shapely.make_valid(shapely.Polygon(np.stack([lon, lat], axis=-1))))
    pieces = [
        shapely.transform(
            shapely.clip_by_rect(whole, west, -90, west + 360, 90), lambda xy, west=west: xy - (west + 180, 0)
        )
        for west in (-900.0, -540.0, -180.0, 180.0, 540.0)
    ]
    cut = shapely.set_precision(shapely.union_all(pieces), 1e-4)
    parts = [part for part in shapely.get_parts(cut) if part.geom_type == "Polygon"]
    return shapely.MultiPolygon([shapely.geometry.polygon.orient(part) for part in parts])


def middle_of(one: Found) -> tuple[float, float]:
    """Latitude and longitude, deg, of the middle of the impacts."""
    assert one.lands is not None
    lat, lon = one.lands.plane.there(one.lands.centre_km.mean(axis=0)[None])
    return float(lat[0]), float(lon[0])


def _place(lat_deg: float, lon_deg: float) -> str:
    return (
        f"{abs(lat_deg):.2f} {'N' if lat_deg >= 0 else 'S'} {abs(lon_deg):.2f} {'E' if lon_deg >= 0 else 'W'}"
    )
