"""Complete a scenario: fetch every profile and nation that it names, then check the whole."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from noroshi.catalogue import door
from noroshi.catalogue.background import load_background
from noroshi.catalogue.base import did_you_mean
from noroshi.catalogue.nation import NationModel
from noroshi.catalogue.placement import MOST_IN_ONE
from noroshi.catalogue.profiles import ThreatProfile
from noroshi.catalogue.sensors import InfraredProfile, RadarProfile, SensorProfile, SkywaveProfile
from noroshi.errors import InputError

S = TypeVar("S", bound=BaseModel)
KINDS: dict[str, type[SensorProfile]] = {
    "radar": RadarProfile,
    "skywave": SkywaveProfile,
    "infrared": InfraredProfile,
}
# Launches of one salvo.
MOST_IN_SALVO = 100
Check = Callable[[str, Any, str, door.Loc], BaseModel]
Wanted = Iterable[tuple[Any, str]]


def scenario(model: type[S], raw: Mapping[str, Any], where: str) -> S:
    """Build `model` (Scenario) from a file's tables; names of profiles become checked profiles.

    A row of sensors may name a shipped `site`, and a threat a shipped one that it is `like`, and change some
    of its fields; `arms` may be a shipped set's name. Raises InputError; a fault in a shipped profile names
    the profile's own file.
    """
    raw = {**raw, **shared(raw, where)}
    launches, sensors = _rows(raw, "launches"), _rows(raw, "sensors")
    named = [*_names(launches, "launches", "threat"), *_names([raw], "", "expects")]
    threats = _shelf(raw, "threats", "threats", _threat, named, where)
    profiles = _shelf(raw, "profiles", "sensors", _sensor, _names(sensors, "sensors", "profile"), where)
    codes = raw.get("nations", ())
    wanted = (
        [(code, f"nations.{row}") for row, code in enumerate(codes)]
        if isinstance(codes, list | tuple)
        else []
    )
    national = _shelf(raw, "national", "nations", _nation, wanted, where)
    complete = {**raw, "threats": threats, "profiles": profiles, "national": national}
    if launches:
        filled = [_filled(launch, "threat", threats) for launch in launches]
        complete["launches"] = [one for launch in filled for one in _salvo(launch)]
    if sensors:
        filled = [_filled(sensor, "profile", profiles) for sensor in sensors]
        complete["sensors"] = [one for sensor in filled for one in _constellation(sensor)]
    if "background" in raw:
        complete["background"] = load_background(raw["background"], where)
    if "expects" in raw:
        complete["expects"] = threats[raw["expects"]]
    if isinstance(arms := raw.get("arms"), dict):
        complete["arms"] = {
            name: _called(arm, "name", name, where, ("arms", name)) for name, arm in arms.items()
        }
    return door.validate(model, complete, where)


def shared(raw: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Sensors, threats and arms that a scenario takes over from shipped files, as if it had them itself."""
    taken: dict[str, Any] = {}
    sensors = _rows(raw, "sensors")
    if any(isinstance(row, dict) and "site" in row for row in sensors):
        sites = _sites()
        taken["sensors"] = [_sited(row, number, sites, where) for number, row in enumerate(sensors)]
    if isinstance(name := raw.get("arms"), str):
        known = shipped_names("arms")
        if name not in known:
            need = "is not a known set of arms."
            raise InputError(where, "arms", name, need, did_you_mean(name, known))
        path = door.DATA / "arms" / f"{name}.toml"
        taken["arms"] = door.read_toml(path, door.shipped(path))
    if isinstance(own := raw.get("threats"), dict):
        taken["threats"] = {name: _likened(name, table, where) for name, table in own.items()}
    return taken


def _likened(name: str, table: Any, where: str) -> Any:
    """A threat with all that it does not say itself from the shipped one that it is like."""
    if not isinstance(table, dict) or "like" not in table:
        return table
    like, known = table["like"], shipped_names("threats")
    if like not in known:
        need = "is not a known threat profile."
        raise InputError(where, f"threats.{name}.like", like, need, did_you_mean(like, known))
    path = door.DATA / "threats" / f"{like}.toml"
    base = door.read_toml(path, door.shipped(path))
    mine = {key: value for key, value in table.items() if key != "like"}
    if isinstance(belief := mine.get("belief"), dict):
        mine["belief"] = {**base["belief"], **belief}
    return {**base, **mine}


def _sites() -> dict[str, dict[str, Any]]:
    """Rows of the public catalogue of sensors by id, as its files have them."""
    rows: dict[str, dict[str, Any]] = {}
    for code in sorted(shipped_names("sites")):
        path = door.DATA / "sites" / f"{code}.toml"
        rows |= {row["id"]: row for row in door.read_toml(path, door.shipped(path))["sensors"]}
    return rows


def _sited(row: Any, number: int, sites: Mapping[str, Any], where: str) -> Any:
    """The shipped row that a row names, with what the row says otherwise."""
    if not isinstance(row, dict) or "site" not in row:
        return row
    name = row["site"]
    if not isinstance(name, str) or name not in sites:
        field = f"sensors.{door.label(row, number)}.site"
        raise InputError(where, field, name, "is not a known sensor.", did_you_mean(name, sites, False))
    return {**sites[name], **{key: value for key, value in row.items() if key != "site"}}


def _salvo(row: Any) -> list[Any]:
    """Launches of a salvo, L1-1, L1-2, ..., at their interval; what is none, or wrongly told, as it is."""
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        return [row]
    count, start_s, interval_s = row.get("count"), row.get("launch_time_s", 0.0), row.get("interval_s", 0.0)
    if not isinstance(count, int) or not 1 < count <= MOST_IN_SALVO:
        return [row]
    if not all(isinstance(one, int | float) and one >= 0 for one in (start_s, interval_s)):
        return [row]
    single = {key: value for key, value in row.items() if key not in ("count", "interval_s")}
    return [
        single | {"id": f"{row['id']}-{number + 1}", "launch_time_s": start_s + number * interval_s}
        for number in range(count)
    ]


def _constellation(row: Any) -> list[Any]:
    """Satellites of a constellation, X-1, X-2, ...; what is none, or wrongly told, as it is."""
    if not isinstance(row, dict) or not isinstance(row.get("walker"), dict):
        return [row]
    total = str(row["walker"].get("pattern", "")).partition("/")[0]
    if not isinstance(row.get("id"), str) or not total.isdigit() or not 1 < int(total) <= MOST_IN_ONE:
        return [row]
    return [row | {"id": f"{row['id']}-{number + 1}", "member": number} for number in range(int(total))]


def shipped_names(folder: str) -> set[str]:
    """Names of the profiles that come with the package in data/`folder`."""
    return {path.stem for path in (door.DATA / folder).glob("*.toml")}


def _rows(raw: Mapping[str, Any], field: str) -> list[Any]:
    rows = raw.get(field)
    return list(rows) if isinstance(rows, list | tuple) else []


def _names(rows: list[Any], field: str, key: str) -> Iterator[tuple[Any, str]]:
    """Which profiles the rows name, with the field that does so."""
    for number, row in enumerate(rows):
        if isinstance(row, dict) and key in row:
            yield row[key], f"{field}.{door.label(row, number)}.{key}" if field else key


def _shelf(
    raw: Mapping[str, Any], section: str, folder: str, check: Check, wanted: Wanted, where: str
) -> dict[str, Any]:
    """Checked models by name: those the file defines under `section`, and the shipped ones it names."""
    own = raw.get(section, {})
    if not isinstance(own, dict):
        raise InputError(where, section, own, f"must be a table, [{section}.NAME].")
    shelf: dict[str, Any] = {name: check(name, table, where, (section, name)) for name, table in own.items()}
    on_disk = shipped_names(folder)
    for name, field in wanted:
        if not isinstance(name, str):
            raise InputError(where, field, name, "must be a name in quotation marks.")
        if name in shelf:
            continue
        if name not in on_disk:
            what = {"threats": "threat profile", "profiles": "sensor profile", "national": "nation"}[section]
            raise InputError(
                where, field, name, f"is not a known {what}.", did_you_mean(name, on_disk | set(own))
            )
        path = door.DATA / folder / f"{name}.toml"
        shelf[name] = check(name, door.read_toml(path, door.shipped(path)), door.shipped(path), ())
    return shelf


def _filled(row: Any, key: str, shelf: Mapping[str, Any]) -> Any:
    return {**row, key: shelf[row[key]]} if isinstance(row, dict) and key in row else row


def _called(table: Any, key: str, name: str, where: str, prefix: door.Loc) -> Any:
    """Give a table the name that it stands under."""
    if not isinstance(table, dict):
        return table
    if table.get(key, name) != name:
        field = ".".join(map(str, (*prefix, key)))
        raise InputError(
            where, field, table[key], f'must be "{name}", the name it stands under.', "Leave it out."
        )
    return {**table, key: name}


def _threat(name: str, table: Any, where: str, prefix: door.Loc) -> ThreatProfile:
    return door.validate(ThreatProfile, _called(table, "name", name, where, prefix), where, prefix)


def _nation(name: str, table: Any, where: str, prefix: door.Loc) -> NationModel:
    return door.validate(NationModel, _called(table, "code", name, where, prefix), where, prefix)


def _sensor(name: str, table: Any, where: str, prefix: door.Loc) -> SensorProfile:
    kind = table.get("kind") if isinstance(table, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        field = ".".join(map(str, (*prefix, "kind")))
        raise InputError(
            where, field, kind, 'must be "radar", "skywave" or "infrared".', did_you_mean(kind, KINDS, False)
        )
    return door.validate(KINDS[kind], _called(table, "name", name, where, prefix), where, prefix)
