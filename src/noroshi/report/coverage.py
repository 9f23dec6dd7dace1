"""A coverage as a table for a terminal, and as a plain object for programs."""

import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.table import Table

from noroshi.catalogue.covered import Answer
from noroshi.catalogue.shares import Contribution
from noroshi.sensing import coverage
from noroshi.sensing.coverage import Coverage, Share
from noroshi.sensing.search import Criterion, Found

_MEASURES = {"p1": "one in view", "p2": "two in view", "longest_gap_s": "longest gap"}


def said(answer: Answer) -> Iterator[str | Table]:
    """What stands on the screen: what was asked, the figures, the latitudes."""
    if answer.searched is not None:
        yield from _searched(answer)
    if answer.geometry is None or answer.gated is None:
        return
    yield " + ".join([*(_layer(one) for one in plain_layers(answer)), *_net(answer)])
    times = answer.times
    when = "nothing moves"
    if times is not None:
        when = f"{times.steps} moments in {times.step_s * times.steps / 60:,.1f} min"
    yield f"{_target(answer)}; {len(answer.places.lat_deg):,} places, {when}, Earth: {answer.earth}"
    yield ""
    yield _table(answer, answer.geometry, answer.gated)
    yield ""
    if answer.nations:
        yield _nations(answer)
        yield ""
    yield from (f"- {name} {why}" for name, why in answer.never)
    yield from (f"- {one}" for one in assumptions(answer))


def _layer(one: dict[str, Any]) -> str:
    if one["kind"] == "elements":
        return f"{one['satellites']} satellites of {one['name']} at {one['epoch_utc']}"
    return f"Walker {one['pattern']} {one['name']}, {one['height_km']:g} km, {one['inclination_deg']:g}°"


def _net(answer: Answer) -> list[str]:
    net = answer.net
    if net is None:
        return []
    kinds = [(net.of(kind), kind) for kind in ("radar", "skywave", "infrared")]
    return [f"net {net.name}: " + ", ".join(f"{len(some)} {kind}" for some, kind in kinds if some)]


def _target(answer: Answer) -> str:
    rule = answer.rule
    if not answer.layers and rule.rcs_m2 is not None:
        return f"target of {rule.rcs_m2:g} m² at {rule.target_km:g} km"
    low = (
        "above the Earth's limb"
        if rule.min_elevation_deg is None
        else f"at {rule.min_elevation_deg:g}° or higher"
    )
    more = [f"target at {rule.target_km:g} km seen {low}"]
    if rule.nadir_deg is not None:
        more.append(f"within {rule.nadir_deg:g}° of the nadir")
    if rule.range_km is not None:
        more.append(f"up to {rule.range_km:,.0f} km away")
    return ", ".join(more)


def _table(answer: Answer, geometry: Coverage, gated: Coverage) -> Table:
    shown = Table(box=None, header_style="bold", pad_edge=False)
    shown.add_column("latitude")
    for column in ("mean in view", "≥ 1", "≥ 2", "gap s", "gated: mean", "≥ 1", "≥ 2", "gap s"):
        shown.add_column(column, justify="right", no_wrap=True)
    shown.add_row(
        where(answer), *_cells(answer.headline(geometry)), *_cells(answer.headline(gated)), style="bold"
    )
    for band in reversed(coverage.BANDS_DEG):
        here = coverage.within(answer.places, band)
        shares = coverage.over(geometry, here), coverage.over(gated, here)
        if shares[0] is not None and shares[1] is not None:
            shown.add_row(_band(*band), *_cells(shares[0]), *_cells(shares[1]))
    return shown


def where(answer: Answer) -> str:
    """Which places the headline is of, in a word or two."""
    if answer.band_deg is not None and answer.band_deg != (-90.0, 90.0):
        return _band(*answer.band_deg)
    return "whole Earth" if answer.band_deg is not None or answer.net is None else "in reach"


def _nations(answer: Answer) -> Table:
    """What each nation brings, gated: alone, what is lost without it, and what its radars hold."""
    shown = Table(box=None, header_style="bold", pad_edge=False)
    shown.add_column("nation")
    radars = answer.net is not None
    columns = ["sats", "radars", "holds km²", "only it km²"] if radars else ["satellites"]
    for column in (*columns, "alone: mean", "≥ 1", "≥ 2", "gap s", "lost without it: mean", "≥ 1", "≥ 2"):
        shown.add_column(column, justify="right")
    whole = answer.headline(answer.gated)  # type: ignore[arg-type]
    for one in answer.nations:
        without = answer.headline(one.without[1])
        own = [str(one.satellites)]
        if radars:
            held, only = areas_km2(answer, one)["gated"]
            own += [str(one.radars), f"{held:,.0f}", f"{only:,.0f}"]
        lost = (whole.p1 - without.p1, whole.p2 - without.p2)
        points = (f"{100 * part:.1f} pts" for part in lost)
        fewer = f"{whole.mean_in_view - without.mean_in_view:.3f}"
        shown.add_row(one.nation, *own, *_cells(answer.headline(one.alone[1])), fewer, *points)
    return shown


def areas_km2(answer: Answer, one: Contribution) -> dict[str, tuple[float, float]]:
    """What a nation's radars hold of the headline's places, and what only they do: geometry and gated."""
    here = answer.here

    def area(held: Any) -> float:
        return float(answer.place_km2 * (held & here).sum())

    return {
        name: (area(one.held[row]), area(one.only[row])) for row, name in enumerate(("geometry", "gated"))
    }


def _band(south: float, north: float) -> str:
    def edge(lat: float) -> str:
        return f"{abs(lat):g}°{'N' if lat > 0 else 'S' if lat < 0 else ''}"

    return f"{edge(south)} to {edge(north)}"


def _cells(share: Share) -> tuple[str, ...]:
    gap = "never seen" if math.isinf(share.longest_gap_s) else f"{share.longest_gap_s:,.0f}"
    return f"{share.mean_in_view:.3f}", _percent(share.p1), _percent(share.p2), gap


def _percent(part: float) -> str:
    """A hundred only where it is one."""
    text = f"{100 * part:.1f}"
    return f"{'>99.9' if text == '100.0' and part < 1 else text} %"


def _searched(answer: Answer) -> Iterator[str | Table]:
    found, criterion = answer.searched, answer.criterion
    assert found is not None and criterion is not None
    yield f"Smallest Walker constellation with {_wanted(criterion)}, {where(answer)}; {_target(answer)}."
    yield (
        f"{found.asked:,} patterns asked for: {found.screened:,} screened, {found.confirmed:,} confirmed; "
        "the rest have too few satellites, or more than were needed."
    )
    yield ""
    shown = Table(box=None, header_style="bold", pad_edge=False)
    shown.add_column("pattern")
    for column in ("height km", "incl.", "T/P/F", "satellites", "mean in view", "≥ 1", "≥ 2", "gap s"):
        shown.add_column(column, justify="right", no_wrap=True)
    for one in found.trade:
        cells = [one.kind, f"{one.height_km:g}", f"{one.inclination_deg:g}°"]
        if one.pattern is None or one.share is None:
            shown.add_row(*cells, "none")
            continue
        style = "bold" if one is found.best else ""
        shown.add_row(*cells, one.pattern.name, str(one.pattern.total), *_cells(one.share), style=style)
    yield shown
    yield ""
    if found.best is None:
        yield "None of them will do. Give more with --total, other heights or inclinations."


def _wanted(criterion: Criterion) -> str:
    gated = " that count" if criterion.gated else ""
    if criterion.measure == "longest_gap_s":
        return f"no gap{gated} above {criterion.bound:g} s"
    return f"{_MEASURES[criterion.measure]}{gated} {100 * criterion.bound:g} % of the time"


def assumptions(answer: Answer) -> list[str]:
    """What nobody publishes, and what is left out."""
    rule = answer.rule
    told = [
        f"gated, stereo counts when two lines of sight cross at {rule.crossing_deg:g}° or more: assumed",
        "no clouds, no background, no outage: a line of sight is a view"
        + (
            ""
            if rule.bright_range_km is None
            else f", gated as far as {rule.bright_range_km:,.0f} km (bright enough)"
        ),
    ]
    if answer.net is not None:
        told += [
            "a radar holds what a cued look shows with a probability of a half or more (Swerling 1); radars "
            "measure range, so that with any other sensor they are two",
            f"refraction as over an Earth of {float(answer.net.air.effective_earth):.3g} its radius; ships "
            "stand where they begin",
        ]
    if answer.earth != "wgs84":
        still = "at rest" if answer.earth == "still" else "turning"
        told.append(f"a round Earth of 6,371 km, {still}; circular orbits without drift")
    if answer.earth == "still":
        told.append("over an Earth at rest a place may lie in a gap for ever: gaps mean little")
    return told


def plain(answer: Answer) -> dict[str, Any]:
    """Everything, as data/schema/coverage.schema.json has it."""
    rule, times = answer.rule, answer.times
    return {
        "layers": plain_layers(answer),
        "net": _plain_net(answer),
        "target": {
            "height_km": rule.target_km,
            "intensity_w_per_sr": rule.intensity_w_per_sr,
            "rcs_m2": rule.rcs_m2,
        },
        "limits": {
            "limb": rule.min_elevation_deg is None,
            "min_elevation_deg": rule.min_elevation_deg,
            "nadir_deg": rule.nadir_deg,
            "range_km": rule.range_km,
            "crossing_deg": rule.crossing_deg,
            "threshold_w_per_m2": rule.threshold_w_per_m2,
            "bright_range_km": rule.bright_range_km and round(rule.bright_range_km, 3),
        },
        "band_deg": None if where(answer) == "in reach" else list(answer.band_deg or (-90.0, 90.0)),
        "earth": answer.earth,
        "places": len(answer.places.lat_deg),
        "steps": None if times is None else times.steps,
        "step_s": None if times is None else round(times.step_s, 6),
        "geometry": _coverage(answer, answer.geometry),
        "gated": _coverage(answer, answer.gated),
        "nations": [_plain_nation(answer, one) for one in answer.nations],
        "search": _search(answer),
        "assumptions": assumptions(answer),
    }


def _plain_net(answer: Answer) -> dict[str, Any] | None:
    if answer.net is None:
        return None
    never = dict(answer.never)
    rows = [
        {"id": one.id, "nation": one.nation, "kind": one.profile.kind, "never": never.get(one.id)}
        for one in answer.net.sensors
    ]
    return {"name": answer.net.name, "sensors": rows}


def _plain_nation(answer: Answer, one: Contribution) -> dict[str, Any]:
    found: dict[str, Any] = {"nation": one.nation, "satellites": one.satellites, "radars": one.radars}
    areas = areas_km2(answer, one)
    for row, (name, whole) in enumerate((("geometry", answer.geometry), ("gated", answer.gated))):
        assert whole is not None
        alone, rest = _share(answer.headline(one.alone[row])), _share(answer.headline(one.without[row]))
        complete = _share(answer.headline(whole))
        held, only = areas[name]
        loss = {key: round(complete[key] - rest[key], 6) for key in ("mean_in_view", "p1", "p2")}
        gaps_s = rest["longest_gap_s"], complete["longest_gap_s"]
        longer = None if None in gaps_s else round(gaps_s[0] - gaps_s[1], 3)
        found[name] = {
            "alone": alone,
            "without": rest,
            "loss": {**loss, "longest_gap_s": longer},
            "holds_km2": None if answer.net is None else round(held),
            "only_km2": None if answer.net is None else round(only),
        }
    return found


def plain_layers(answer: Answer) -> list[dict[str, Any]]:
    """The layers, as they were asked for."""
    rows = [asdict(one) for one in answer.layers]
    for row in rows:
        when = row["epoch_utc"]
        row["epoch_utc"] = when and when.strftime("%Y-%m-%dT%H:%M:%SZ")
    return rows


def _coverage(answer: Answer, found: Coverage | None) -> dict[str, Any] | None:
    if found is None:
        return None
    rows = []
    for band in coverage.BANDS_DEG:
        share = coverage.over(found, coverage.within(answer.places, band))
        if share is not None:
            # Of a net without a band these are the places in its reach.
            rows.append({"south_deg": band[0], "north_deg": band[1], **_share(share)})
    return {**_share(answer.headline(found)), "by_latitude": rows}


def _share(share: Share) -> dict[str, Any]:
    gap_s = share.longest_gap_s
    return {
        "mean_in_view": round(share.mean_in_view, 6),
        "p1": round(share.p1, 6),
        "p2": round(share.p2, 6),
        "longest_gap_s": None if math.isinf(gap_s) else round(gap_s, 3),
    }


def _search(answer: Answer) -> dict[str, Any] | None:
    found, criterion = answer.searched, answer.criterion
    if found is None or criterion is None:
        return None
    return {
        "criterion": asdict(criterion),
        "asked": found.asked,
        "screened": found.screened,
        "confirmed": found.confirmed,
        "best": None if found.best is None else _found(found.best),
        "trade": [_found(one) for one in found.trade],
    }


def _found(one: Found) -> dict[str, Any]:
    pattern = one.pattern
    return {
        "height_km": one.height_km,
        "inclination_deg": one.inclination_deg,
        "pattern": one.kind,
        "walker": pattern and pattern.name,
        "satellites": pattern and pattern.total,
        "coverage": None if one.share is None else _share(one.share),
    }
