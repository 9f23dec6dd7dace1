"""Changing keys and leaving: notices to partners, signed by the key that they know.

A notice is a letter. A running node sends it over the border; else people carry its file.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from noroshi.errors import InputError, Refused
from noroshi.live import home as homes
from noroshi.live import identity, introduction, letters
from noroshi.live.home import Home, Partner
from noroshi.sharing import keys, statements

# A new signing key signs only from then on, so that partners have it first; the old one counts on a while.
AFTER_S = 600.0
OVERLAP_S = 7 * 86_400.0


@dataclass(frozen=True)
class Notice:
    """A notice taken in: from whom, and what it changed, in words."""

    partner: str
    what: str
    said: str


def rotate(
    folder: Path, after_s: float = AFTER_S, overlap_s: float = OVERLAP_S, now_unix_s: float | None = None
) -> tuple[Home, dict[str, bytes]]:
    """Make a new signing key, which signs `after_s` from now on; the old one counts `overlap_s` longer.

    Returns the home and a notice for each partner. Raises InputError while another rotation is under way.
    """
    now = _now(now_unix_s)
    home = homes.load_home(folder)
    signers, former, revoked = identity.read_signers(home.keys_path, home.nation, home.exercise)
    waiting = [one.public for one in signers if one.public.valid_from_s > now]
    if waiting:
        need = f"follows in {waiting[0].valid_from_s - now:.0f} s already."
        raise InputError(str(folder), f"key {waiting[0].kid}", None, need, "Wait for it, then rotate again.")
    old = home.signer
    until_s = min(old.public.valid_until_s, now + after_s + overlap_s)
    new = identity.new_signer(home.nation, home.exercise, now, now + after_s)
    ending = replace(old, public=replace(old.public, valid_until_s=until_s))
    gone = [one.public for one in signers if one.public.kid != old.public.kid]
    identity.write_own(home.keys_path, [ending, new], [*gone, *former], revoked)
    body = {
        "notice": "rotate",
        "statement": statements.rotate(old, new, now),
        "former_until_unix_s": until_s,
    }
    return homes.load_home(folder), _notices(home, body, old, now)


def revoke(
    folder: Path, kid: str, reason: str, now_unix_s: float | None = None
) -> tuple[Home, dict[str, bytes]]:
    """A key counts no more from now on: an own one (partners are told), or one of a partner (here only)."""
    now = _now(now_unix_s)
    home = homes.load_home(folder)
    for partner in home.partners.values():
        if kid in [key.kid for key in partner.keys]:
            homes.write_partner(folder, replace(partner, revoked={**partner.revoked, kid: now}))
            return homes.load_home(folder), {}
    signers, former, revoked = identity.read_signers(home.keys_path, home.nation, home.exercise)
    known = {key.kid: key for key in home.own_keys}
    if kid not in known:
        held = [*known, *(key.kid for partner in home.partners.values() for key in partner.keys)]
        raise InputError(
            str(folder), "KID", kid, "is no key that is held here.", f"Known: {', '.join(held)}."
        )
    others = [one for one in signers if one.public.kid != kid and one.public.kid not in revoked]
    usable = [one for one in others if one.public.valid_from_s <= now < one.public.valid_until_s]
    if not usable:
        hint = "noroshi federation rotate --after-s 0 makes another key first."
        raise InputError(str(folder), "KID", kid, "is the only key that may sign now.", hint)
    by = usable[-1]
    identity.write_own(home.keys_path, signers, former, {**revoked, kid: now})
    body = {"notice": "revoke", "statement": statements.revoke(by, kid, now, reason)}
    return homes.load_home(folder), _notices(home, body, by, now)


def rotate_leaf(folder: Path, partner: str, now_unix_s: float | None = None) -> tuple[Home, dict[str, bytes]]:
    """A new NKey for the link that we dial to `partner`; the old one is of no use once it knows.

    Until the partner has taken the notice, the new key is only kept beside the old one; `switch_leaf` puts
    it in place.
    """
    home = homes.load_home(folder)
    known = _partner(home, partner, str(folder))
    if known.role != "dials":
        need = f"dials us: the key of this link is made by {partner}."
        raise InputError(str(folder), "", partner, need, f"Rotate there with --leaf {home.nation}.")
    key = identity.new_nkey()
    identity.write_nkey(home.keys_path, f"leaf-{partner}.next", key, home.exercise)
    body = {"notice": "leaf", "leaf_public_nkey": key.public}
    notices = _notices(home, body, home.signer, _now(now_unix_s))
    return home, {partner: notices[partner]}


def switch_leaf(folder: Path, partner: str) -> Home:
    """Dial `partner` with the new NKey from now on."""
    home = homes.load_home(folder)
    name = f"leaf-{partner}.next"
    if not (home.keys_path / f"{name}.nk").exists():
        raise InputError(str(folder), "", partner, "has no new key waiting.", "rotate --leaf makes one.")
    identity.write_nkey(home.keys_path, f"leaf-{partner}", home.nkey(name), home.exercise)
    (home.keys_path / f"{name}.nk").unlink()
    return home


def rotate_tls(folder: Path) -> Home:
    """A new server key and certificate under our own CA; no partner need be told."""
    home = homes.load_home(folder)
    advertise = home.settings.server.advertise
    identity.renew_certificate(home.keys_path, home.nation, home.exercise, identity.hosts(advertise))
    return home


def leave(folder: Path, partner: str, now_unix_s: float | None = None) -> dict[str, bytes]:
    """The notice that we leave a partner. `forget` then ends the border on our side."""
    home = homes.load_home(folder)
    _partner(home, partner, str(folder))
    notices = _notices(home, {"notice": "leave"}, home.signer, _now(now_unix_s))
    return {partner: notices[partner]}


def forget(folder: Path, partner: str) -> Home:
    """End the border on our side: its keys, its certificates, its login."""
    home = homes.load_home(folder)
    _partner(home, partner, str(folder))
    homes.remove_partner(folder, partner)
    for known in home.known.values():
        if known.vouched_by == partner:
            homes.write_known(folder, replace(known, keys=()))
    for name in (f"leaf-{partner}.nk", f"leaf-{partner}.next.nk"):
        (home.keys_path / name).unlink(missing_ok=True)
    return homes.load_home(folder)


def introduce(
    folder: Path, nation: str, now_unix_s: float | None = None, *, is_new: bool = False
) -> dict[str, bytes]:
    """Notices for the other partners of what we know of `nation` now: new keys, or that it has left.

    One that `is_new` is told of the others too: they may have come since its invitation was written.
    """
    now = _now(now_unix_s)
    home = homes.load_home(folder)
    partner = home.partners.get(nation)
    member = introduction.gone(nation) if partner is None else introduction.of(partner)
    others = [introduction.of(one) for one in home.partners.values() if one.nation != nation]
    notices = _notices(home, {"notice": "introduce", "members": [member]}, home.signer, now)
    told = {to: letter for to, letter in notices.items() if to != nation}
    if is_new and others:
        body = {"notice": "introduce", "members": others, "written_unix_s": now}
        told[nation] = letters.write("notice", nation, body, home.signer)
    return told


def take_notice(folder: Path, data: bytes, where: str, now_unix_s: float | None = None) -> Notice:
    """Do what a partner's notice says, once. Raises InputError where it does not count."""
    now = _now(now_unix_s)
    home = homes.load_home(folder)
    ring = keys.Keyring(
        tuple(key for partner in home.partners.values() for key in partner.keys),
        {kid: when for partner in home.partners.values() for kid, when in partner.revoked.items()},
    )
    letter = letters.opened(data, where, ("notice",), now, ring)
    if letter.to != home.nation:
        raise InputError(where, "to", letter.to, f"is not {home.nation}, whose home {folder} is.")
    partner = _partner(home, letter.sender, where)
    written_unix_s = letter.body.get("written_unix_s")
    if not isinstance(written_unix_s, int | float) or not written_unix_s >= partner.since_unix_s - 1:
        raise InputError(where, "written_unix_s", None, f"is from before {letter.sender} became a partner.")
    if written_unix_s > now + identity.SKEW_S:
        need = f"is {written_unix_s - now:.0f} s from now: a clock is wrong."
        raise InputError(where, "written_unix_s", None, need, "Set both clocks, then try again.")
    taken = folder / "notices" / f"{letter.sha256}.letter"
    if taken.exists():
        raise InputError(where, "", None, "was taken already.")
    what = str(letter.body.get("notice"))
    if what not in _DO:
        need = f"must be one of {', '.join(_DO)}."
        raise InputError(where, "notice", what, need, "Is this noroshi older than the partner's?")
    try:
        said = _DO[what](home, partner, letter.body, now)
    except Refused as error:
        raise InputError(where, what, None, f"does not count: {error.reason}.") from None
    taken.parent.mkdir(mode=0o700, exist_ok=True)
    identity.replace(taken, data, 0o600)
    return Notice(letter.sender, what, said)


def _rotated(home: Home, partner: Partner, body: Mapping[str, Any], now: float) -> str:
    until_s = body.get("former_until_unix_s")
    if not isinstance(until_s, int | float) or until_s != until_s:
        raise Refused("statement", "does not say until when the former key counts")
    # Only this partner's keys: nobody rotates another's.
    ring = statements.rotated(body.get("statement"), keys.Keyring(partner.keys, partner.revoked), now)
    former = str(body["statement"]["former"])
    kept = tuple(
        replace(key, valid_until_s=max(key.valid_from_s + 1, min(key.valid_until_s, float(until_s))))
        if key.kid == former
        else key
        for key in ring.keys
    )
    homes.write_partner(home.folder, replace(partner, keys=kept))
    new = kept[-1]
    return (
        f"key {new.kid} of {partner.nation} counts from {homes.iso(new.valid_from_s)}, "
        f"key {former} until {homes.iso(float(until_s))}; compare the fingerprint {new.fingerprint}"
    )


def _revoked(home: Home, partner: Partner, body: Mapping[str, Any], now: float) -> str:
    ring = statements.revoked(body.get("statement"), keys.Keyring(partner.keys, partner.revoked), now)
    homes.write_partner(home.folder, replace(partner, revoked=dict(ring.revoked)))
    gone = sorted(set(ring.revoked) - set(partner.revoked)) or sorted(ring.revoked)
    return f"{partner.nation} revoked key {', '.join(gone)}"


def _leaf(home: Home, partner: Partner, body: Mapping[str, Any], now: float) -> str:
    public = body.get("leaf_public_nkey")
    if partner.role != "accepts" or not identity.is_nkey(public):
        raise Refused("statement", "no link that is dialled to us, or no NKey")
    homes.write_partner(home.folder, replace(partner, leaf_public_nkey=str(public)))
    return f"{partner.nation} dials with NKey {public} from now on"


def _left(home: Home, partner: Partner, body: Mapping[str, Any], now: float) -> str:
    forget(home.folder, partner.nation)
    return f"{partner.nation} has left; the border with it is closed"


def _introduced(home: Home, partner: Partner, body: Mapping[str, Any], now: float) -> str:
    members = body.get("members")
    if not isinstance(members, list) or not all(isinstance(one, dict) for one in members):
        raise Refused("statement", "introduces nobody")
    where = f"notice of {partner.nation}"
    return "; ".join(introduction.take(home, partner.nation, one, now, where) for one in members)


_DO = {"rotate": _rotated, "revoke": _revoked, "leaf": _leaf, "leave": _left, "introduce": _introduced}
# After these, the other partners are told what we know of the sender now.
PASSED_ON = ("rotate", "revoke", "leave")


def _notices(home: Home, body: Mapping[str, Any], by: keys.Signer, now: float) -> dict[str, bytes]:
    dated = {**body, "written_unix_s": now}
    return {partner: letters.write("notice", partner, dated, by) for partner in home.partners}


def _partner(home: Home, nation: str, where: str) -> Partner:
    if nation not in home.partners:
        known = ", ".join(home.partners) or "none"
        raise InputError(where, "", nation, f"is no partner of {home.nation}.", f"Partners: {known}.")
    return home.partners[nation]


def _now(now_unix_s: float | None) -> float:
    return time.time() if now_unix_s is None else now_unix_s
