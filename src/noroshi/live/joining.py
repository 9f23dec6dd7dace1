"""Joining a federation: an invitation, an answer to it, and its acceptance.

The one who invites accepts the link; the one who joins dials it. Each private key is made on its own host.
"""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from noroshi.catalogue import door
from noroshi.catalogue.base import Code, Id, Model, Rows
from noroshi.errors import InputError
from noroshi.live import home as homes
from noroshi.live import identity, introduction, letters
from noroshi.live.federation import make_home
from noroshi.live.home import Home, Partner
from noroshi.records.labels import NATION, marking
from noroshi.sharing import keys

VALID_HOURS = 72.0


class Federation(Model):
    """What all members share; it stands in every invitation and answer."""

    federation: Id
    exercise: bool
    epoch_utc: Annotated[str, AfterValidator(homes.moment)]
    positions: Rows[Code] = Field(min_length=2)


class InvitationFile(Federation):
    """The body of an invitation."""

    ca_pem: str
    leaf_url: str = Field(pattern=r"^tls://[A-Za-z0-9.:\[\]-]+:\d{1,5}$")
    nonce: str = Field(pattern=r"^[0-9a-f]{32}$")
    members: Rows[dict[str, Any]] = Field(max_length=32)
    written_unix_s: float
    expires_unix_s: float


class RequestFile(Federation):
    """The body of an answer."""

    ca_pem: str
    leaf_public_nkey: str = Field(pattern=r"^U[A-Z2-7]{55}$")
    nonce: str = Field(pattern=r"^[0-9a-f]{32}$")
    invitation_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    written_unix_s: float


@dataclass(frozen=True)
class Invited:
    """An invitation as written or as read."""

    sender: str
    to: str
    body: InvitationFile
    key: keys.PublicKey
    data: bytes


@dataclass(frozen=True)
class Joined:
    """What `join` did: the home, the answer to send back, and whom to compare fingerprints with."""

    home: Home
    partner: Partner
    request: bytes
    is_new: bool


def invite(folder: Path, nation: str, hours: float = VALID_HOURS, now_unix_s: float | None = None) -> Invited:
    """Write an invitation for one nation, good once and for `hours`."""
    home = homes.load_home(folder)
    now = time.time() if now_unix_s is None else now_unix_s
    _may_become_partner(home, nation, str(folder))
    if nation not in home.positions:
        known = ", ".join(home.positions)
        hint = f"Every member adds it at the end of positions in node.toml (now {known}), then invite again."
        raise InputError(str(folder / "node.toml"), "positions", None, f"does not hold {nation}.", hint)
    if not home.leaf_url:
        need = "is 0: nobody can dial this nation."
        raise InputError(str(folder / "node.toml"), "server.leaf_port", 0, need, "Write a port there.")
    body = {
        **_shared(home),
        "ca_pem": home.ca_path.read_text(encoding="ascii"),
        "leaf_url": home.leaf_url,
        "nonce": secrets.token_hex(16),
        # The other members, whose messages we pass on: we vouch for their keys.
        "members": [introduction.of(partner) for partner in home.partners.values()],
        "written_unix_s": now,
        "expires_unix_s": now + hours * 3600,
    }
    data = letters.write("invitation", nation, body, home.signer)
    note = {"to": nation, "written_unix_s": now, "expires_unix_s": body["expires_unix_s"]}
    _remember(folder, str(body["nonce"]), {**note, "sha256": letters.sum_of(data), "used": False})
    return Invited(home.nation, nation, InvitationFile.model_validate(body), home.signer.public, data)


def read_invitation(path: Path, now_unix_s: float | None = None) -> Invited:
    """Read and check an invitation, by the key that it brings. Raises InputError."""
    now = time.time() if now_unix_s is None else now_unix_s
    letter = letters.read(path, ("invitation",), now)
    body = door.validate(InvitationFile, letter.body, str(path))
    _same_marking(letter, body.exercise)
    identity.read_ca(body.ca_pem, letter.sender, body.exercise, str(path))
    _in_time(letter.where, body.written_unix_s, body.expires_unix_s, now)
    if letter.to == letter.sender or not {letter.to, letter.sender} <= set(body.positions):
        raise InputError(str(path), "positions", None, "must hold who invites and who is invited.")
    return Invited(letter.sender, letter.to, body, letter.key, path.read_bytes())


def join(
    path: Path,
    folder: Path,
    *,
    nation: str | None = None,
    now_unix_s: float | None = None,
    **new: Any,
) -> Joined:
    """Answer an invitation: add who invites as a partner, and make the home where there is none.

    `nation` is who joins, when it is said; `new` is what `make_home` takes besides. Raises InputError.
    """
    now = time.time() if now_unix_s is None else now_unix_s
    invited = read_invitation(path, now)
    body = invited.body
    if nation not in (None, invited.to):
        raise InputError(str(path), "to", invited.to, f"is not {nation}, who joins.", "Ask for your own.")
    is_new = not (folder / "node.toml").exists()
    if not is_new:
        home = homes.load_home(folder)
        if home.nation != invited.to:
            need = f"is not {home.nation}, whose home {folder} is."
            raise InputError(str(path), "to", invited.to, need, "Ask for your own.")
        _agrees(home, body, str(path))
        _may_become_partner(home, invited.sender, str(path))
    else:
        home = make_home(
            folder,
            invited.to,
            exercise=body.exercise,
            federation=body.federation,
            epoch_utc=body.epoch_utc,
            positions=body.positions,
            now_unix_s=now,
            **new,
        )
    partner = Partner(
        nation=invited.sender,
        role="dials",
        leaf_url=body.leaf_url,
        leaf_public_nkey="",
        ca_pem=body.ca_pem,
        keys=(invited.key,),
        since_unix_s=now,
        invited_unix_s=body.written_unix_s,
        exercise=body.exercise,
    )
    answer = {
        **_shared(home),
        "ca_pem": home.ca_path.read_text(encoding="ascii"),
        "leaf_public_nkey": home.nkey(f"leaf-{invited.sender}").public,
        "nonce": body.nonce,
        "invitation_sha256": letters.sum_of(invited.data),
        "written_unix_s": now,
    }
    homes.write_partner(folder, partner)
    for member in body.members:
        introduction.take(homes.load_home(folder), invited.sender, member, now, str(path))
    request = letters.write("request", invited.sender, answer, home.signer)
    return Joined(homes.load_home(folder), partner, request, is_new)


def read_request(path: Path, folder: Path, now_unix_s: float | None = None) -> tuple[Partner, RequestFile]:
    """Check an answer against the invitation that it answers; nothing is changed. Raises InputError."""
    now = time.time() if now_unix_s is None else now_unix_s
    home = homes.load_home(folder)
    letter = letters.read(path, ("request",), now)
    where = letter.where
    if letter.to != home.nation:
        raise InputError(where, "to", letter.to, f"is not {home.nation}, whose home {folder} is.")
    body = door.validate(RequestFile, letter.body, where)
    _same_marking(letter, body.exercise)
    _agrees(home, body, where)
    note = _invitation(folder, body.nonce, where)
    if letter.sender != note["to"]:
        need = f"answers an invitation that was written for {note['to']}."
        raise InputError(where, "from", letter.sender, need, f"Invite {letter.sender} itself.")
    if note["used"]:
        hint = "Write another invitation for another home."
        raise InputError(where, "", None, "answers an invitation that was used already.", hint)
    if body.invitation_sha256 != note["sha256"]:
        need = "answers other bytes than those of the invitation: it was altered on its way there."
        raise InputError(where, "invitation_sha256", None, need, "Invite anew, by another way.")
    _in_time(where, body.written_unix_s, note["expires_unix_s"], now)
    if body.written_unix_s < note["written_unix_s"] - identity.SKEW_S:
        early_s = note["written_unix_s"] - body.written_unix_s
        need = f"was written {early_s:.0f} s before its invitation: a clock is wrong."
        raise InputError(where, "written_unix_s", None, need, "Set both clocks, then join again.")
    _may_become_partner(home, letter.sender, where)
    identity.read_ca(body.ca_pem, letter.sender, body.exercise, where)
    if not identity.is_nkey(body.leaf_public_nkey):
        raise InputError(where, "leaf_public_nkey", body.leaf_public_nkey, "is no public NKey.")
    partner = Partner(
        nation=letter.sender,
        role="accepts",
        leaf_url="",
        leaf_public_nkey=body.leaf_public_nkey,
        ca_pem=body.ca_pem,
        keys=(letter.key,),
        since_unix_s=now,
        invited_unix_s=note["written_unix_s"],
        exercise=body.exercise,
    )
    return partner, body


def accept(path: Path, folder: Path, now_unix_s: float | None = None) -> tuple[Home, Partner]:
    """Take in who answered: it is a partner from now on, and its link is let in. Raises InputError."""
    partner, body = read_request(path, folder, now_unix_s)
    homes.write_partner(folder, partner)
    homes.write_known(folder, homes.Known(partner.nation, "", (), partner.since_unix_s, {}))
    note = _invitation(folder, body.nonce, str(path))
    _remember(folder, body.nonce, {**note, "used": True})
    return homes.load_home(folder), partner


def _shared(home: Home) -> dict[str, Any]:
    return {
        "federation": home.federation,
        "exercise": home.exercise,
        "epoch_utc": home.epoch_utc,
        "positions": list(home.positions),
    }


def _agrees(home: Home, body: Federation, where: str) -> None:
    """Both are members of one federation, and in the same seriousness."""
    if body.exercise != home.exercise:
        need = f"is for {marking(body.exercise)}, but this home is {marking(home.exercise)}."
        hint = "Exercise and live do not mix; make another home for it."
        raise InputError(where, "exercise", None, need, hint)
    for name, mine in _shared(home).items():
        theirs = getattr(body, name)
        theirs = list(theirs) if name == "positions" else theirs
        if theirs != mine:
            need = f"must be {mine!r} as in {home.folder / 'node.toml'}."
            raise InputError(where, name, theirs, need, "All members of a federation share it.")


def _same_marking(letter: letters.Letter, exercise: bool) -> None:
    if letter.exercise != exercise or letter.key.exercise != exercise:
        need = f"is marked {marking(exercise)}, but was signed with a key for {marking(letter.key.exercise)}."
        raise InputError(letter.where, "exercise", None, need, "Exercise and live do not mix.")


def _in_time(where: str, written_unix_s: float, expires_unix_s: float, now_unix_s: float) -> None:
    if written_unix_s > now_unix_s + identity.SKEW_S:
        ahead_s = written_unix_s - now_unix_s
        need = f"was written {ahead_s:.0f} s from now: a clock is wrong."
        raise InputError(where, "written_unix_s", None, need, "Set both clocks, then try again.")
    # Written so that what is no number is refused.
    if not now_unix_s <= expires_unix_s:
        need = f"ran out on {homes.iso(expires_unix_s)}."
        raise InputError(where, "expires_unix_s", None, need, "Ask for a new invitation.")


def _may_become_partner(home: Home, nation: str, where: str) -> None:
    if not NATION.fullmatch(nation):
        raise InputError(
            "", "NATION", nation, "must be three capital letters, ISO 3166 alpha-3, such as JPN."
        )
    if nation == home.nation:
        raise InputError(where, "", nation, "is this home's own nation.")
    if nation in home.partners:
        hint = f"noroshi federation leave {nation} ends that first."
        raise InputError(where, "", nation, "is a partner already.", hint)


def _invitation(folder: Path, nonce: str, where: str) -> dict[str, Any]:
    """What was noted when the invitation was written."""
    path = folder / "invitations" / f"{nonce}.json"
    if not path.exists():
        need = "answers no invitation that was written here."
        raise InputError(where, "nonce", None, need, "noroshi federation invite writes one.")
    try:
        note: dict[str, Any] = json.loads(identity.read_secret(path))
        return {name: note[name] for name in ("to", "written_unix_s", "expires_unix_s", "sha256", "used")}
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(str(path), "", None, f"is no note of an invitation: {error}.") from None


def _remember(folder: Path, nonce: str, note: Mapping[str, Any]) -> None:
    identity.make_folder(folder / "invitations")
    identity.replace(folder / "invitations" / f"{nonce}.json", json.dumps(note).encode(), 0o600)
