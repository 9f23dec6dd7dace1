"""Keys of nations without a line to each other: the partner between them vouches for both.

Over a hub each message keeps the seal of who wrote it, so the others must know that key. What a hub could do
with this is what it can do anyhow as the only way between two; who wants more compares fingerprints.
"""

from collections.abc import Mapping
from typing import Any

from noroshi.errors import InputError, Refused
from noroshi.live import home as homes
from noroshi.live.home import Home, Known, Partner


def of(partner: Partner) -> dict[str, Any]:
    """What we tell others of a partner, for JSON."""
    return {
        "nation": partner.nation,
        "keys": [key.to_dict() for key in partner.keys],
        "revoked": dict(partner.revoked),
    }


def gone(nation: str) -> dict[str, Any]:
    """What we tell others of one that is no partner any more."""
    return {"nation": nation, "keys": [], "revoked": {}}


def take(home: Home, by: str, told: Mapping[str, Any], now_unix_s: float, where: str) -> str:
    """Note what `by` vouches for; in words. Raises InputError.

    Own keys and those of partners are known at first hand: of these nobody tells us anything.
    """
    try:
        known = Known.from_dict({**told, "vouched_by": by, "since_unix_s": now_unix_s})
        revoked = {str(kid): float(when) for kid, when in known.revoked.items()}
    except (Refused, TypeError, KeyError, ValueError, AttributeError) as error:
        raise InputError(where, "members", None, f"does not introduce a nation: {error}.") from None
    nation = known.nation
    wrong = [key.kid for key in known.keys if (key.nation, key.exercise) != (nation, home.exercise)]
    if wrong or nation not in home.positions:
        need = "must be of this federation, with keys of its own and of this marking."
        raise InputError(where, "members", nation, need)
    if nation == home.nation or nation in home.partners:
        return f"{nation} is known at first hand"
    before = home.known.get(nation)
    if before is not None and before.vouched_by not in (by, "") and before.vouched_by in home.partners:
        return f"{nation} is known through {before.vouched_by}"
    homes.write_known(home.folder, Known(nation, by, known.keys, now_unix_s, revoked))
    if not known.keys:
        return f"{by} does not vouch for {nation} any more"
    prints = "; ".join(f"key {key.kid}, {key.fingerprint}" for key in known.keys)
    return f"{by} vouches for {nation}: {prints}"
