"""How a nation stands in its federation: partners, links, keys and their ages, for people and for JSON."""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from noroshi.live.home import Home, iso
from noroshi.records.labels import marking
from noroshi.sharing.keys import PublicKey

_DAY_S = 86_400.0


def standing(home: Home, links: Mapping[str, str] | None, now_unix_s: float | None = None) -> dict[str, Any]:
    """Everything public of a home; `links` are as its running node sees them, None where none runs."""
    now = time.time() if now_unix_s is None else now_unix_s
    partners = [
        {
            "nation": partner.nation,
            "role": partner.role,
            "since_utc": iso(partner.since_unix_s),
            "link": None if links is None else links.get(partner.nation, "not yet taken up"),
            "keys": _keys(partner.keys, partner.revoked, now),
        }
        for partner in home.partners.values()
    ]
    known = [
        {"nation": one.nation, "vouched_by": one.vouched_by, "keys": _keys(one.keys, one.revoked, now)}
        for one in home.known.values()
        if one.nation not in home.partners
    ]
    return {
        "nation": home.nation,
        "federation": home.federation,
        "marking": marking(home.exercise),
        "epoch_utc": home.epoch_utc,
        "running": links is not None,
        "keys": _keys(home.own_keys, home.own_revoked, now),
        "partners": partners,
        "known": known,
    }


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The same in words."""
    state = "node runs" if found["running"] else "node does not run"
    yield f"{found['nation']} in {found['federation']}, {found['marking']}, {state}"
    yield from _key_lines(found["keys"])
    for partner in found["partners"]:
        link = partner["link"] or "link unknown"
        yield f"{partner['nation']}: {link}, we {partner['role'][:-1]} its link, since {partner['since_utc']}"
        yield from _key_lines(partner["keys"])
    for one in found["known"]:
        by = one["vouched_by"] or "the exercise's staff"
        yield f"{one['nation']}: no line, known through {by}"
        yield from _key_lines(one["keys"])


def _keys(held: Iterable[PublicKey], revoked: Mapping[str, float], now: float) -> list[dict[str, Any]]:
    told = []
    for key in held:
        if key.kid in revoked:
            state = "revoked"
        elif now < key.valid_from_s:
            state = "to come"
        else:
            state = "counts" if now < key.valid_until_s else "over"
        told.append(
            {
                "kid": key.kid,
                "state": state,
                "age_days": round((now - key.valid_from_s) / _DAY_S, 1),
                "valid_until_utc": iso(key.valid_until_s),
                "fingerprint": key.fingerprint,
            }
        )
    return told


def _key_lines(told: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for key in told:
        age = f"{key['age_days']:.1f} days old" if key["age_days"] >= 0 else "not valid yet"
        yield f"  key {key['kid']} {key['state']}, {age}, until {key['valid_until_utc']}"
        yield f"    {key['fingerprint']}"
