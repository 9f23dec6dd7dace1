"""Custody of a flight as tables for a terminal, and as a plain object for programs."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from rich.table import Table

from noroshi.catalogue.custody import Custody, Eye
from noroshi.records.detections import Why
from noroshi.sensing.custody import Hold, nearest

WHY = {
    Why.OTHER_KIND: "it sees aircraft and ships only",
    Why.BEHIND_EARTH: "below the horizon",
    Why.OUT_OF_SECTOR: "out of its sector",
    Why.BELOW_ELEVATION: "below its lowest elevation",
    Why.ABOVE_ELEVATION: "above its highest elevation",
    Why.MASKED: "behind the land",
    Why.TOO_NEAR: "too near",
    Why.TOO_FAR: "beyond its range",
    Why.OUT_OF_FIELD: "out of its field of view",
    Why.CLOUDED: "under the clouds",
    Why.DARK: "it no longer shines",
    Why.TOO_DIM: "too faint",
}


def said(found: Custody) -> Iterator[str | Table]:
    """What stands on the screen: the flight, each nation's custody, each sensor's, who never sees it."""
    yield headline(found)
    yield ""
    yield _nations(found)
    yield ""
    if found.hold() is not None:
        yield _sensors(found)
        yield ""
    yield from (f"- {one}" for one in never(found))
    yield from (f"- {one}" for one in assumptions(found))


def headline(found: Custody) -> str:
    """The flight in a line."""
    flown = found.flown
    by = f", flown to fit what {flown.question.by} told" if flown.question.by else ""
    track = found.track
    return (
        f"{flown.question.name}{by}: {track.ground_km[-1]:,.0f} km, apogee {track.height_km.max():,.0f} km, "
        f"{track.time_s[-1] / 60:.1f} min ({flown.question.profile.name})"
    )


def name_of(nation: str) -> str:
    """A nation, or what belongs to none that was named."""
    return nation or "shared"


def _nations(found: Custody) -> Table:
    shown = Table(box=None, header_style="bold", pad_edge=False)
    shown.add_column("nation")
    end = "impact" if found.lands else "end"
    for column in ("holds s", "at km", "lost at km", "gaps s", f"to {end} s", "km", "stereo s"):
        shown.add_column(column, justify="right", no_wrap=True)
    shown.add_column("lost because")
    shown.add_column("longest")
    for nation in [*found.nations, None]:
        row = plain_hold(found, found.hold(nation))
        title = "together" if nation is None else name_of(nation)
        if row is None:
            shown.add_row(title, "never")
            continue
        best = found.best(nation)
        gaps = row["gaps"]
        shown.add_row(
            title,
            f"{row['first_s']:,.0f}–{row['last_s']:,.0f}",
            f"{row['first_height_km']:,.0f}",
            f"{row['last_height_km']:,.0f}",
            f"{sum(one['until_s'] - one['from_s'] for one in gaps):,.0f} in {len(gaps)}" if gaps else "none",
            f"{row['gap_to_end_s']:,.0f}",
            f"{row['gap_to_end_km']:,.0f}",
            f"{_seconds(found, found.stereo(nation)):,.0f}",
            row["lost"] or "held to the end",
            "" if best is None else best.id,
            style="bold" if nation is None else "",
        )
    return shown


def _sensors(found: Custody) -> Table:
    shown = Table(box=None, header_style="bold", pad_edge=False)
    shown.add_column("sensor")
    shown.add_column("kind")
    for column in ("holds s", "at km", "lost at km"):
        shown.add_column(column, justify="right", no_wrap=True)
    shown.add_column("lost because")
    for nation in found.nations:
        for one in found.of(nation):
            row = plain_hold(found, one.hold)
            if row is not None and one.hold is not None:
                times = found.track.time_s
                spans = ", ".join(f"{times[a]:,.0f}–{times[b]:,.0f}" for a, b in one.hold.runs)
                cells = (f"{row['first_height_km']:,.0f}", f"{row['last_height_km']:,.0f}")
                shown.add_row(one.id, one.kind, spans, *cells, row["lost"] or "held to the end")
    return shown


def never(found: Custody) -> list[str]:
    """Sensors that never see the flight, together for each reason."""
    reasons: dict[str, list[str]] = {}
    for one in found.eyes:
        if one.hold is None:
            reasons.setdefault(why_never(one), []).append(one.id)
    return [f"never see this flight, {why}: {', '.join(ids)}" for why, ids in reasons.items()]


def why_never(one: Eye) -> str:
    """What kept it from seeing the flight, at the moment when it came nearest to that."""
    why = nearest(one.sight)
    return "beyond the horizon" if why == Why.BEHIND_EARTH else WHY[why]


def assumptions(found: Custody) -> list[str]:
    """What is left out, and what nobody publishes."""
    return [
        "held: a cued look of the radar would show it with a probability of a half or more, or it is bright "
        "enough for the satellite. Nobody is told where to look, tired or busy: a bound from above",
        f"refraction as over an Earth of {float(found.air.effective_earth):.3g} its radius; clouds up to "
        f"{float(found.air.cloud_break_m) / 1e3:g} km hide it from above",
        f"stereo: two at once; one measures range, or their lines cross at {found.crossing_deg:g}° or more",
        "the flight is one that fits rounded figures, its cross-section and brightness are of its family; "
        "satellites stand where their epoch has them at the launch",
    ]


def plain(found: Custody) -> dict[str, Any]:
    """Everything, as data/schema/custody.schema.json has it."""
    flown, track = found.flown, found.track
    top = int(track.height_km.argmax())
    return {
        "flight": {
            "name": flown.question.name,
            "by": flown.question.by,
            "family": flown.question.profile.name,
            "range_km": round(float(track.ground_km[-1]), 3),
            "apogee_km": round(float(track.height_km[top]), 3),
            "apogee_s": round(float(track.time_s[top]), 3),
            "burnout_s": None if flown.burnout is None else round(flown.burnout.time_s, 3),
            "end_s": round(float(track.time_s[-1]), 3),
            "lands": found.lands,
        },
        "net": None if found.net is None else found.net.name,
        "crossing_deg": found.crossing_deg,
        "together": _held(found, None),
        "nations": [{"nation": nation or None, **_held(found, nation)} for nation in found.nations],
        "sensors": [
            {
                "id": one.id,
                "nation": one.nation or None,
                "kind": one.kind,
                "count": one.count,
                "never": why_never(one) if one.hold is None else None,
                "custody": plain_hold(found, one.hold),
            }
            for one in found.eyes
        ],
        "assumptions": assumptions(found),
    }


def _held(found: Custody, nation: str | None) -> dict[str, Any]:
    best = found.best(nation)
    return {
        "custody": plain_hold(found, found.hold(nation)),
        "stereo_s": _seconds(found, found.stereo(nation)),
        "longest": None if best is None else best.id,
    }


def plain_hold(found: Custody, hold: Hold | None) -> dict[str, Any] | None:
    """Custody in seconds after launch and kilometres."""
    if hold is None:
        return None
    track = found.track
    times = [round(float(at_s), 3) for at_s in track.time_s]
    between = zip(hold.runs[:-1], hold.runs[1:], strict=True)
    return {
        "first_s": times[hold.first],
        "first_height_km": round(float(track.height_km[hold.first]), 3),
        "last_s": times[hold.last],
        "last_height_km": round(float(track.height_km[hold.last]), 3),
        "gaps": [{"from_s": times[before[1]], "until_s": times[after[0]]} for before, after in between],
        "gap_to_end_s": round(times[-1] - times[hold.last], 3),
        "gap_to_end_km": round(track.to_end_km(hold.last), 3),
        "lost": None if hold.lost is None else WHY[hold.lost],
    }


def _seconds(found: Custody, flag: np.ndarray) -> float:
    """How long a flag holds: each moment stands for the time until the next."""
    lasts_s = np.diff(found.track.time_s, append=found.track.time_s[-1])
    return round(float(lasts_s[flag].sum()), 3)
