"""Writes the folder of a run: whole or not at all."""

import json
import math
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from noroshi import __version__
from noroshi.catalogue import eyes
from noroshi.catalogue.figures import Figure, Spread
from noroshi.catalogue.placement import SensorPlacement
from noroshi.catalogue.release import arm_policies
from noroshi.catalogue.scenario import Scenario
from noroshi.earth import frames
from noroshi.errors import InputError
from noroshi.exercise import sights
from noroshi.exercise.compare import Comparison
from noroshi.exercise.run import Run
from noroshi.exercise.world import World
from noroshi.formats import journal

_OURS = "summary.json"
_TRUTH = pa.schema(
    [
        ("launch", pa.string()),
        *((name, pa.float64()) for name in ("time_s", "lat_deg", "lon_deg", "height_m")),
        ("burning", pa.bool_()),
    ]
)


def write(comparison: Comparison, out: Path, finish: Callable[[Path], Any] = lambda folder: None) -> None:
    """Write everything beside `out` and move it there in one step; an interruption leaves `out` as it was.

    `finish` may add to the folder (a report) before the move. Raises InputError when `out` is there and is
    no run's folder, or cannot be written.
    """
    check_target(out)
    place = out.resolve()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    except OSError as error:
        raise _unwritable(out, error) from error
    old = part.with_name(part.name + "-old")
    try:
        part.chmod(0o755)
        _fill(comparison, part)
        finish(part)
        if place.exists():
            os.rename(place, old)
        os.rename(part, place)
    except OSError as error:
        raise _unwritable(out, error) from error
    finally:
        if old.exists() and not place.exists():
            # Stopped between the two moves: the former run goes back.
            os.rename(old, place)
        for left in (part, old):
            shutil.rmtree(left, ignore_errors=True)


def _unwritable(out: Path, error: OSError) -> InputError:
    return InputError(
        str(out), "", None, f"cannot be written: {error.strerror or error}.", "Name another with --out."
    )


def check_target(out: Path) -> None:
    """Refuse an `out` that holds something other than a former run, or can be no folder of its own."""
    hint = "Name another with --out."
    try:
        there = next(place for place in (out.absolute(), *out.absolute().parents) if place.exists())
        own_folder = not Path.cwd().is_relative_to(out.resolve())
    except OSError as error:
        raise _unwritable(out, error) from error
    if not there.is_dir():
        is_out = there == out.absolute()
        need = "is a file; a run needs a folder." if is_out else f"lies below a file, {there}."
        raise InputError(str(out), "", None, need, hint)
    if not own_folder:
        need = "is the folder that you stand in, or above it; a run's folder is replaced as a whole."
        raise InputError(str(out), "", None, need, hint)
    if out.is_dir() and any(out.iterdir()) and not _is_run(out):
        need = f"holds files but no {_OURS} of a run: it is not a run's folder and is left alone."
        raise InputError(str(out), "", None, need, hint)


def _is_run(folder: Path) -> bool:
    """Whether a folder's summary is ours; other programs write files of that name too."""
    try:
        found = json.loads((folder / _OURS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and {"scenario", "seed", "arms"} <= found.keys()


def _fill(comparison: Comparison, folder: Path) -> None:
    _json(folder / _OURS, comparison.summary)
    _json(folder / "extras.json", comparison.extras)
    truth, views = _truth(comparison.world), sights.views(comparison.world)
    for run in comparison.runs:
        place = folder / run.arm
        place.mkdir()
        head = {"t_s": 0.0, "node": "", "event": "run", **header(comparison.scenario, comparison.seed, run)}
        ordered = sorted(run.entries, key=lambda entry: entry["t_s"])
        (place / "journal").write_bytes(journal.encode([head, *ordered]))
        pq.write_table(_tracks(run), place / "tracks.parquet")
        pq.write_table(truth, place / "truth.parquet")
        pq.write_table(_sights(run, views), place / "sights.parquet")


def _json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(
        json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
    )


def header(scenario: Scenario, seed: int, run: Run) -> dict[str, Any]:
    """The journal's first line: what was run, from which assumptions and sources, with which versions."""
    arm = scenario.arms[run.arm]
    was = scenario.as_it_was
    figures = list(scenario.figures())
    return {
        "scenario": scenario.name,
        "title": scenario.title,
        "description": scenario.description.strip(),
        "epoch_utc": scenario.epoch_utc.isoformat(),
        "seed": seed,
        "arm": run.arm,
        "arm_title": arm.title,
        "retroactive": arm.retroactive,
        "note": arm.note,
        "nations": list(scenario.nations),
        "duration_s": scenario.duration_s,
        "versions": {
            "noroshi": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in ("jax", "jaxlib", "numpy", "cedarpy", "shapely")},
        },
        "policies": {
            nation: policy.sha256
            for nation, policy in arm_policies(arm, scenario.nations, scenario.file).items()
        },
        "sensors": [_sensor(sensor) for sensor in scenario.sensors if sensor.present],
        "notices": [notice.model_dump(exclude={"source"}) for notice in scenario.notices],
        "as_it_was": None
        if was is None
        else {
            "alert_s": dict(was.alert_s),
            "source": was.source,
            "notes": [{"time_s": n.time_s, "text": n.text, "source": n.source} for n in was.notes],
        },
        "assumptions": [
            {
                "field": path,
                "value": _middle(figure),
                "low": figure.low,
                "high": figure.high,
                "source": figure.source,
                "confidence": figure.confidence,
            }
            for path, figure in figures
            if figure.confidence == "assumed"
        ],
        "sources": sorted({figure.source for _, figure in figures if figure.confidence != "assumed"}),
    }


def _middle(figure: Any) -> float | None:
    if isinstance(figure, Spread):
        return round(figure.middle, 6)
    return figure.value if isinstance(figure, Figure) else getattr(figure, "value", None)


def _sensor(sensor: SensorPlacement) -> dict[str, Any]:
    """Who and where: what moves stands where it begins, what is in orbit at the place below it."""
    if sensor.lat_deg is not None and sensor.lon_deg is not None:
        lat, lon = sensor.lat_deg.value, sensor.lon_deg.value
    else:
        place = frames.geodetic(eyes.place_at(sensor)[0])[:2]
        lat, lon = (round(math.degrees(float(angle)), 4) for angle in place)
    return {
        "id": sensor.id,
        "nation": sensor.nation,
        "kind": sensor.profile.kind,
        "title": sensor.title or sensor.id,
        "lat_deg": lat,
        "lon_deg": lon,
    }


def _truth(world: World) -> pa.Table:
    """The true flights: what the director alone is served. No row where nothing is launched."""
    parts = [_TRUTH.empty_table()]
    for flight, track in zip(world.flights, world.tracks, strict=True):
        lat, lon, height_m = frames.geodetic(np.asarray(track.position_ecef_m))
        columns = {
            "launch": [flight.launch.id] * len(track.time_s),
            "time_s": np.asarray(track.time_s) + flight.launch.launch_time_s,
            "lat_deg": np.degrees(lat),
            "lon_deg": np.degrees(lon),
            "height_m": height_m,
            "burning": np.asarray(track.burning),
        }
        parts.append(pa.table(columns, schema=_TRUTH))
    return pa.concat_tables(parts)


def _sights(run: Run, views: Sequence[sights.View]) -> pa.Table:
    """Who could see which launch when, and why not: the director's too."""
    rows = sights.account(run, views)
    columns = {
        "launch": [row.launch for row in rows],
        "sensor": [row.sensor for row in rows],
        "from_s": [row.from_s for row in rows],
        "until_s": [row.until_s for row in rows],
        "why": [row.why.name.lower() for row in rows],
    }
    texts = ("launch", "sensor", "why")
    schema = pa.schema([(name, pa.string() if name in texts else pa.float64()) for name in columns])
    return pa.table(columns, schema=schema)


def _tracks(run: Run) -> pa.Table:
    """Every nation's pictures: when, what state, where it is thought to fall, how surely."""
    names = ("x_m", "y_m", "z_m", "vx_mps", "vy_mps", "vz_mps", "ax_mps2", "ay_mps2", "az_mps2")
    rows = run.samples
    columns: dict[str, Any] = {
        "t_s": [row.t_s for row in rows],
        "nation": [row.nation for row in rows],
        "track": [row.track for row in rows],
        "basis": [" ".join(row.view.basis) for row in rows],
        "time_s": [row.view.time_s for row in rows],
    }
    columns |= {name: [row.view.state[i] for row in rows] for i, name in enumerate(names)}
    for name in (
        "sigma_m",
        "sigma_mps",
        "burning",
        "impact_lat_deg",
        "impact_lon_deg",
        "impact_time_s",
        "semi_major_km",
        "semi_minor_km",
        "major_azimuth_deg",
    ):
        columns[name] = [float(getattr(row.view, name)) for row in rows]
    texts = {"nation", "track", "basis"}
    schema = pa.schema([(name, pa.string() if name in texts else pa.float64()) for name in columns])
    return pa.table(columns, schema=schema)
