"""A run's folder made by hand: a straight flight over Tohoku, and as much happening as a report tells of."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from noroshi.earth import geometry

NATIONS = ("JPN", "KOR", "USA")
ARMS = ("national", "bilateral", "hub", "direct")
LAUNCH = (40.6, 126.4)
FLIGHT_S, RANGE_M, BEARING_DEG = 1300, 4.6e6, 80.0
SENSORS = (
    ("JPN-Sado", "radar", 38.09, 138.34, "Sado"),
    ("KOR-North", "radar", 36.7, 127.7, "Green Pine, North Chungcheong"),
    ("USA-Shariki", "radar", 40.89, 140.34, "Shariki"),
    ("USA-IR-1", "infrared", 0.0, 75.0, "Infrared satellite 1 (notional)"),
)
ALERT_S: Mapping[str, float | None] = {"national": 240.0, "bilateral": 230.0, "hub": 190.0, "direct": 188.0}
AT_ALERT_KM = {"national": 900.0, "bilateral": 600.0, "hub": 280.0, "direct": 270.0}


def flown(
    bearing_deg: float = BEARING_DEG, launch: tuple[float, float] = LAUNCH
) -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude, deg, each second of the flight."""
    lat, lon = np.radians(launch)
    share = np.linspace(0, 1, FLIGHT_S + 1)
    ends = geometry.great_circle_end(lat, lon, np.radians(bearing_deg), RANGE_M * share)
    return np.degrees(ends[0]), np.degrees(ends[1])


def outcome(alert_s: float | None, at_alert_km: float, first_s: float = 100.0) -> dict[str, Any]:
    """What one nation reached."""
    nothing = {"impact_error_km": None, "region_km": None}
    alerted = alert_s is not None
    return {
        "first_detection_s": first_s,
        "first_track_s": first_s + 8,
        "first_warning_s": first_s - 40,
        "alert_s": alert_s,
        "alert_areas": ["Aomori", "Hokkaido"] if alerted else [],
        "at_alert": {"impact_error_km": 120.0, "region_km": [at_alert_km, 60.0]} if alerted else nothing,
        "at_end": {"impact_error_km": 4.0, "region_km": [12.0, 5.0]},
    }


def write_run(
    out: Path,
    arms: Sequence[str] = ARMS,
    alert_s: Mapping[str, float | None] = ALERT_S,
    at_alert_km: Mapping[str, float] = AT_ALERT_KM,
    nations: Sequence[str] = NATIONS,
    launches: Sequence[str] = ("L1",),
    extras: Mapping[str, Any] | None = None,
    as_it_was: bool = True,
    epoch_offset_s: float = 0.0,
    **head: Any,
) -> Path:
    """Write the folder of a run: in it only the first nation, where there is one, ever alerts anybody."""
    day = {"alert_s": {"Hokkaido": 300.0, "Aomori": 420.0}}
    out.mkdir(parents=True, exist_ok=True)
    told: dict[str, Any] = {
        "scenario": "made-up",
        "seed": 7,
        "as_it_was": day if as_it_was else None,
        "arms": {},
    }
    paths = {name: flown(BEARING_DEG + 40 * i) for i, name in enumerate(launches)}
    for arm in arms:
        rows = []
        for i, name in enumerate(launches):
            lat, lon = paths[name]
            truth = {
                "apogee_km": 1000.0,
                "range_km": 4600.0,
                "flight_time_s": float(FLIGHT_S),
                "impact": {"lat": float(lat[-1]), "lon": float(lon[-1])},
            }
            reached = {
                nation: outcome(
                    alert_s[arm] if nation == nations[0] and i == 0 else None,
                    at_alert_km[arm],
                    100.0 - 10 * (arm == "direct"),
                )
                for nation in nations
            }
            rows.append({"id": name, "truth": truth, "nations": reached})
        told["arms"][arm] = {"launches": rows}
        lines = [_head(arm, nations, head, day if as_it_was else None)]
        for i, name in enumerate(launches):
            begins_s = epoch_offset_s + 200.0 * i
            lines += _lines(arm, nations, alert_s[arm] if i == 0 else None, paths[name], begins_s, i)
        lines.sort(key=lambda line: line["t_s"])
        (out / arm).mkdir(parents=True)
        text = [json.dumps({"seq": i, **line}, separators=(",", ":")) + "\n" for i, line in enumerate(lines)]
        (out / arm / "journal").write_text("".join(text))
        _write_truth(out / arm / "truth.parquet", paths, epoch_offset_s)
        _write_sights(out / arm / "sights.parquet", launches, nations, epoch_offset_s)
    (out / "summary.json").write_text(json.dumps(told))
    if extras is not None:
        (out / "extras.json").write_text(json.dumps(extras))
    return out


def _head(
    arm: str, nations: Sequence[str], more: Mapping[str, Any], day: Mapping[str, Any] | None
) -> dict[str, Any]:
    note = {
        "time_s": 300.0,
        "text": "J-ALERT to <Hokkaido> & others.",
        "source": "https://example.org/a?b=1&c=2",
    }
    assumed = {
        "field": "sensors.JPN-Sado.lat_deg",
        "value": 38.09,
        "low": 38.0,
        "high": 38.2,
        "source": "assumption: read off a map",
        "confidence": "assumed",
    }
    return {
        "t_s": 0.0,
        "node": "",
        "event": "run",
        "scenario": "made-up",
        "title": "A missile over <Tohoku> & beyond",
        "description": "Made up for a test.",
        "epoch_utc": "2022-10-03T22:22:00+00:00",
        "seed": 7,
        "arm": arm,
        "arm_title": f"{arm.title()}: a title",
        "retroactive": arm in ("hub", "direct"),
        "note": "A note.",
        "nations": list(nations),
        "duration_s": 1500.0,
        "versions": {"noroshi": "0.1.0", "numpy": "2.0"},
        "policies": dict.fromkeys(nations, "ab" * 32),
        "sensors": [
            {"id": id, "nation": id[:3], "kind": kind, "lat_deg": lat, "lon_deg": lon, "title": title}
            for id, kind, lat, lon, title in SENSORS
            if id[:3] in nations
        ],
        "as_it_was": {**day, "notes": [note], "source": "newspapers"} if day else None,
        "assumptions": [assumed, {**assumed, "field": "sensors.JPN-Sado.lon_deg"}],
        "sources": ["https://example.org/source"],
        "chain": "0" * 64,
        **more,
    }


def _lines(
    arm: str,
    nations: Sequence[str],
    alert_s: float | None,
    path: tuple[np.ndarray, np.ndarray],
    begins_s: float,
    number: int,
) -> list[dict[str, Any]]:
    """What the nations journal about one launch that begins at `begins_s`."""
    lines: list[dict[str, Any]] = []
    lat, lon = path

    def note(after_s: float, node: str, event: str, **fields: Any) -> None:
        lines.append({"t_s": begins_s + after_s, "node": node, "event": event, **fields})

    for id, kind, *_ in SENSORS:
        if id[:3] in nations and number == 0:
            seen = 60 if kind == "infrared" else 100
            note(
                seen, id[:3], "first_sight", sensor=id, kind=kind, mode="search", lat_deg=float(lat[seen]),
                lon_deg=float(lon[seen]), height_km=None if kind == "infrared" else 80.0,
                range_km=None if kind == "infrared" else 640.0,
            )  # fmt: skip
    for nation in nations:
        track = f"{nation}-T{number + 1}"
        note(102.0, nation, "track", track=track, state="tentative", sensors=["x"])
        note(108.0, nation, "track", track=track, state="confirmed", sensors=["x"])
        for at in range(110, FLIGHT_S, 20):
            size = 40 + 3000 * math.exp(-(at - 110) / 60)
            note(
                at, nation, "forecast", track=track, basis=[nation], burning_probability=0.1,
                impact_lat_deg=float(lat[-1]) + size / 2000, impact_lon_deg=float(lon[-1]),
                impact_time_s=begins_s + FLIGHT_S, semi_major_km=size, semi_minor_km=size / 8,
                major_azimuth_deg=95.0, areas={"Aomori": 0.9},
            )  # fmt: skip
        for partner in nations:
            if partner != nation:
                allowed = arm != "national"
                note(
                    120.0, nation, "decision", message=f"{nation}-1", kind="forecast", origin=nation,
                    to=partner, allowed=allowed, form="elements" if allowed else None,
                    reason="the policy is <silent>",
                    rule="silence", policy="ab" * 6,
                )  # fmt: skip
                if allowed:
                    arrives_s = None if nation == "KOR" else begins_s + 122.0
                    note(
                        120.0,
                        nation,
                        "sent",
                        message=f"{nation}-1",
                        kind="forecast",
                        to=partner,
                        arrives_s=arrives_s,
                    )
    if alert_s is not None and nations:
        ends = [110.0, *np.linspace(130.0, alert_s, 4).tolist()]
        alert, start = f"{nations[0]}-T1-A1", 0.0
        for stage, end in zip(("see", "confirm", "relay", "decide", "deliver"), ends, strict=True):
            note(
                110.0,
                nations[0],
                "stage",
                alert=alert,
                stage=stage,
                start_s=begins_s + start,
                end_s=begins_s + end,
            )
            start = end
        note(alert_s, nations[0], "alert", alert=alert, areas=["Aomori"], reason="threatened")
        note(alert_s + 60, nations[0], "update", alert=alert, areas=["Aomori", "Hokkaido"], reason="now also")
        note(900.0, nations[0], "cancel", alert=alert, areas=["Aomori", "Hokkaido"], reason="it has passed")
    return lines


def _write_truth(
    path: Path, flown_paths: Mapping[str, tuple[np.ndarray, np.ndarray]], offset_s: float
) -> None:
    columns: dict[str, list[Any]] = {
        name: [] for name in ("launch", "time_s", "lat_deg", "lon_deg", "height_m")
    }
    columns["burning"] = []
    for i, (name, (lat, lon)) in enumerate(flown_paths.items()):
        time_s = np.arange(len(lat), dtype=float)
        columns["launch"] += [name] * len(lat)
        columns["time_s"] += (time_s + offset_s + 200.0 * i).tolist()
        columns["lat_deg"] += lat.tolist()
        columns["lon_deg"] += lon.tolist()
        columns["height_m"] += (1e6 * np.sin(np.pi * time_s / time_s[-1])).tolist()
        columns["burning"] += (time_s < 150).tolist()
    pq.write_table(pa.table(columns), path)


# What each sensor's account says: Green Pine never sees anything.
SPELLS = {
    "JPN-Sado": (
        ("behind_earth", 100),
        ("seen", 130),
        ("missed", 131),
        ("seen", 400),
        ("out_of_sector", FLIGHT_S),
    ),
    "KOR-North": (("masked", 60), ("too_dim", 100), ("behind_earth", FLIGHT_S)),
    "USA-Shariki": (("behind_earth", 90), ("not_looked", 100), ("seen", 300), ("too_far", FLIGHT_S)),
    "USA-IR-1": (("clouded", 40), ("seen", 150), ("dark", FLIGHT_S)),
}


def _write_sights(path: Path, launches: Sequence[str], nations: Sequence[str], offset_s: float) -> None:
    rows = []
    for i, launch in enumerate(launches):
        for sensor, spells in SPELLS.items():
            begins_s = 0.0
            for why, ends_s in spells if sensor[:3] in nations else ():
                times = [offset_s + 200.0 * i + time_s for time_s in (begins_s, ends_s)]
                rows.append([launch, sensor, *times, why])
                begins_s = ends_s
    names = ("launch", "sensor", "from_s", "until_s", "why")
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    pq.write_table(pa.table(columns), path)


# Reports, tracks and alerts of each nation under each arm of a run without a launch.
QUIET = {
    "national": {"JPN": (2, 5, 0), "KOR": (0, 1, 0), "USA": (1, 4, 0)},
    "bilateral": {"JPN": (2, 5, 1), "KOR": (0, 1, 0), "USA": (1, 4, 0)},
    "hub": {"JPN": (1, 5, 1), "KOR": (0, 1, 3), "USA": (1, 4, 0)},
}


def write_quiet(
    out: Path,
    claimed: Mapping[str, Mapping[str, Sequence[int]]] = QUIET,
    days: float = 30.0,
    background: bool = True,
    **head: Any,
) -> Path:
    """Write the folder of a run without a launch, with so many launch reports, tracks and alerts."""
    fields = ("launch_reports", "confirmed_tracks", "alerts")
    told: dict[str, Any] = {"scenario": "made-up", "seed": 7, "as_it_was": None, "arms": {}}
    extras: dict[str, Any] = {"checks": []}
    causes: dict[str, Any] = {}
    for arm, nations in claimed.items():
        counts = {nation: dict(zip(fields, three, strict=True)) for nation, three in nations.items()}
        month = {n: {name: 30 / days * value for name, value in one.items()} for n, one in counts.items()}
        told["arms"][arm] = {"launches": [], "claims": counts, "claims_a_month": month}
        lines = [_head(arm, list(nations), {"duration_s": days * 86_400.0, **head}, None)]
        alerts = []
        for nation, (reports, tracks, alerted) in nations.items():
            for kind, number in (("launch_report", reports), ("track", tracks), ("alert", alerted)):
                for i in range(number):
                    line = {"t_s": (i + 1) * days * 86_400 / (number + 1), "node": nation, "event": kind}
                    thing = f"{nation}-T{i + 1}"
                    if kind == "alert":
                        line |= {"alert": f"{thing}-A1", "areas": ["<Aomori>"], "reason": "threatened"}
                        alerts.append(
                            {
                                "t_s": line["t_s"],
                                "nation": nation,
                                "alert": f"{thing}-A1",
                                "cause": "airliner",
                            }
                        )
                        lines.append({**line, "t_s": line["t_s"] + 600.0, "event": "cancel"})
                    else:
                        line |= {"track": thing, "state": "confirmed", "sensors": ["x"]}
                    # What is told again counts once.
                    lines += [line, {**line, "t_s": line["t_s"] + 1.0}] if kind != "alert" else [line]
        lines.sort(key=lambda line: line["t_s"])
        (out / arm).mkdir(parents=True)
        text = [json.dumps({"seq": i, **line}, separators=(",", ":")) + "\n" for i, line in enumerate(lines)]
        (out / arm / "journal").write_text("".join(text))
        causes[arm] = {
            "claims": {
                nation: {name: {"airliner": value} for name, value in one.items() if value}
                for nation, one in counts.items()
            },
            "alerts": alerts,
            "recognised": {nation: {"aircraft": one["confirmed_tracks"]} for nation, one in counts.items()},
        }
    if background:
        objects = {"satellite": 13, "debris": 0, "airliner": 1234, "fire": 2}
        extras["background"] = {"objects": objects, "false_plots": {"JPN": 7, "KOR": 1}, "arms": causes}
    (out / "summary.json").write_text(json.dumps(told))
    (out / "extras.json").write_text(json.dumps(extras))
    return out


def some_extras() -> dict[str, Any]:
    """All that the exercise may work out beside a run."""
    return {
        "tornado": {
            "measure": "alert of JPN",
            "baseline": {"bilateral": 230.0, "hub": 190.0},
            "rows": [
                {"name": "burn", "title": "Burn: 130 s or 200 s", "low": {"bilateral": 210.0, "hub": 180.0},
                 "high": {"bilateral": 260.0, "hub": 221.0}},
                {"name": "mask", "title": "Land hides: nothing, or all below 3 deg",
                 "low": {"bilateral": 229.0, "hub": 190.0}, "high": {"bilateral": None, "hub": 198.0}},
            ],
        },
        "spread": {"seeds": 20, "rows": [
            {"nation": "JPN", "quantity": "alert_s", "seeds": 18, "bilateral": [210.0, 230.0, 300.0],
             "hub": [180.0, 190.0, 240.0], "gain": [0.0, 38.0, 60.0]},
            {"nation": "KOR", "quantity": "alert_s", "seeds": 18, "bilateral": [None] * 3, "hub": None,
             "gain": None},
        ]},
        "checks": [
            {"name": "apogee", "published": 1000.0, "ours": 1001.2, "unit": "km", "ok": True},
            {"name": "flight time", "published": 22, "ours": 21.4, "unit": "min", "ok": False},
        ],
    }  # fmt: skip
