"""What a nation says of its keys: announced, followed by another, revoked; signed with both algorithms.

A statement is a dict for JSON, so that people can carry it. What is signed are its bytes without
`signatures`: keys sorted, no spaces, UTF-8, after a line that no message begins with.
"""

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from noroshi.errors import Refused
from noroshi.sharing.keys import Keyring, PublicKey, Signer, from_base64

_BEFORE = b"noroshi key statement\n"
_FIELDS = {
    "announce": {"statement", "key", "signatures"},
    "rotate": {"statement", "key", "former", "at_unix_s", "signatures"},
    "revoke": {"statement", "nation", "kid", "from_unix_s", "reason", "signatures"},
}
_MOST_REASON = 1_000


def announce(signer: Signer) -> dict[str, Any]:
    """A nation's public key, signed by itself: proof that who hands it over holds both private keys."""
    return _signed({"statement": "announce", "key": signer.public.to_dict()}, signer)


def rotate(old: Signer, new: Signer, at_unix_s: float) -> dict[str, Any]:
    """From `at_unix_s` on `new` signs too: signed by both, so that who trusts the old one can take it."""
    said = {
        "statement": "rotate",
        "key": new.public.to_dict(),
        "former": old.public.kid,
        "at_unix_s": float(at_unix_s),
    }
    return _signed(said, old, new)


def revoke(by: Signer, kid: str, from_unix_s: float, reason: str) -> dict[str, Any]:
    """A key of the signer's nation, its own or another, counts no more from `from_unix_s` on."""
    said = {
        "statement": "revoke",
        "nation": by.public.nation,
        "kid": kid,
        "from_unix_s": float(from_unix_s),
        "reason": reason[:_MOST_REASON],
    }
    return _signed(said, by)


def announced(told: Any) -> PublicKey:
    """The key of an announcement. Whether it is the nation's, only people can say: compare fingerprints.

    Raises Refused("statement"), ("key_document") or ("bad_signature").
    """
    said = _read(told, "announce")
    key = PublicKey.from_dict(said["key"])
    _verify(said, key)
    return key


def rotated(told: Any, keyring: Keyring, at_unix_s: float) -> Keyring:
    """The keyring with the new key beside the old one.

    Raises Refused: what `announced` and `Keyring.find` (for the old key) raise, and "statement" where the new
    key is of another nation, cell or marking than the old one, or not yet due.
    """
    said = _read(told, "rotate")
    key, due_s = PublicKey.from_dict(said["key"]), _time(said["at_unix_s"])
    former = keyring.find(str(said["former"]), at_unix_s)
    _verify(said, former, key)
    if (key.nation, key.cell, key.exercise) != (former.nation, former.cell, former.exercise):
        raise Refused("statement", f"key {key.kid} is not of the nation, cell and marking of {former.kid}")
    if at_unix_s < due_s:
        raise Refused("statement", f"key {key.kid} follows in {due_s - at_unix_s:.0f} s only")
    if any(held.kid == key.kid for held in keyring.keys):
        return keyring
    return replace(keyring, keys=(*keyring.keys, replace(key, valid_from_s=max(key.valid_from_s, due_s))))


def revoked(told: Any, keyring: Keyring, at_unix_s: float) -> Keyring:
    """The keyring with a key that counts no more; of two statements about it the earlier time holds.

    Raises Refused: "statement", "bad_signature", "unknown_key" for a key that is not held or not that
    nation's, and what `Keyring.find` says of the signer's key. A key may revoke itself even when it is over.
    """
    said = _read(told, "revoke")
    kid, from_s = str(said["kid"]), _time(said["from_unix_s"])
    key = next((one for one in keyring.keys if (one.kid, one.nation) == (kid, said["nation"])), None)
    if key is None:
        raise Refused("unknown_key", f"no key {kid[:20]} of {str(said['nation'])[:20]} is held")
    by = str(said["signatures"][0].get("kid"))
    signer = key if by == kid else keyring.find(by, at_unix_s)
    if (signer.nation, signer.exercise) != (key.nation, key.exercise):
        raise Refused(
            "statement", f"key {signer.kid} of {signer.nation} may not revoke {kid} of {key.nation}"
        )
    _verify(said, signer)
    since_s = min(from_s, keyring.revoked.get(kid, math.inf))
    return replace(keyring, revoked={**keyring.revoked, kid: since_s})


def _signed(said: dict[str, Any], *signers: Signer) -> dict[str, Any]:
    data = _bytes_of(said)
    signatures = [
        {
            "kid": signer.public.kid,
            "ed25519": base64.b64encode(signer.sign(data)).decode(),
            "mldsa65": base64.b64encode(signer.sign_pq(data)).decode(),
        }
        for signer in signers
    ]
    return said | {"signatures": signatures}


def _bytes_of(said: Mapping[str, Any]) -> bytes:
    kept = {name: value for name, value in said.items() if name != "signatures"}
    try:
        text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return _BEFORE + text.encode()
    except (TypeError, ValueError, RecursionError):
        raise Refused("statement", "holds what JSON cannot say") from None


def _read(told: Any, sort: str) -> Mapping[str, Any]:
    if not isinstance(told, Mapping) or told.get("statement") != sort or set(told) != _FIELDS[sort]:
        names = ", ".join(sorted(_FIELDS[sort]))
        raise Refused("statement", f"must be {sort!r} with the fields {names} and no others")
    signatures = told["signatures"]
    if not isinstance(signatures, list) or not signatures:
        raise Refused("statement", "must carry a list of signatures")
    if not all(isinstance(one, Mapping) and set(one) == {"kid", "ed25519", "mldsa65"} for one in signatures):
        raise Refused("statement", "each signature must have kid, ed25519, mldsa65")
    return told


def _verify(said: Mapping[str, Any], *keys: PublicKey) -> None:
    """Each key must have signed with both algorithms, in this order, and nobody else."""
    data, signatures = _bytes_of(said), said["signatures"]
    if [one["kid"] for one in signatures] != [key.kid for key in keys]:
        raise Refused("bad_signature", f"must be signed by {', '.join(key.kid for key in keys)} alone")
    for key, one in zip(keys, signatures, strict=True):
        if not key.verify(from_base64(one["ed25519"]), data) or not key.verify_pq(
            from_base64(one["mldsa65"]), data
        ):
            raise Refused("bad_signature", f"is not what {key.nation} signed with key {key.kid}")


def _time(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Refused("statement", "its time must be unix seconds")
    return float(value)
