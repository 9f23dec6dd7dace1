"""Signed heads of journals: what a nation says its journal is, and that a partner was told so.

A head names the last line of a journal by its seq and chain, and so every line before it. A partner who
countersigns it holds the nation to it: a journal that is rewritten later no longer leads to that chain.
Both are JSON in canonical form with two signatures, Ed25519 and ML-DSA-65, over everything else in it; what
is signed begins with words that no message begins with.
"""

import base64
import json
from dataclasses import dataclass
from typing import Any

from noroshi.errors import Refused
from noroshi.sharing.keys import Keyring, Signer, from_base64

MAX_BYTES = 65_536
_HEAD, _COUNTERSIGNED = "noroshi journal head 1", "noroshi journal countersignature 1"


@dataclass(frozen=True)
class Head:
    """What a nation said: its journal's line `seq` ends with `chain`, at `utc` (ISO 8601)."""

    nation: str
    seq: int
    chain: str
    utc: str
    kid: str


@dataclass(frozen=True)
class Countersigned:
    """Who countersigned which head, and when."""

    by: str
    utc: str
    kid: str
    head: Head


def make_head(seq: int, chain: str, utc: str, nation: str, signer: Signer) -> bytes:
    """Sign that the line `seq` of the journal of `nation` ends with `chain`."""
    return _signed({"what": _HEAD, "nation": nation, "seq": seq, "chain": chain, "utc": utc}, signer)


def read_head(data: bytes) -> Head:
    """What a head says, its signatures unchecked. Raises Refused("head")."""
    return _head(_read(data, _HEAD))


def check_head(data: bytes, keyring: Keyring, at_unix_s: float) -> Head:
    """A head whose two signatures are its nation's. Raises Refused: "head", "bad_signature", or a key's."""
    told = _read(data, _HEAD)
    head = _head(told)
    _verify(told, head.nation, keyring, at_unix_s)
    return head


def countersign(head: bytes, utc: str, signer: Signer) -> bytes:
    """Sign that we were told of this head. Check it first. Raises Refused("head") where it is none."""
    read_head(head)
    body = {"what": _COUNTERSIGNED, "by": signer.public.nation, "utc": utc, "head": head.decode()}
    return _signed(body, signer)


def read_countersignature(data: bytes) -> Countersigned:
    """What a countersignature says, its signatures unchecked. Raises Refused("head")."""
    return _countersigned(_read(data, _COUNTERSIGNED))


def check_countersignature(data: bytes, keyring: Keyring, at_unix_s: float) -> Countersigned:
    """A countersignature whose signatures, and those of the head in it, are good. Raises Refused."""
    told = _read(data, _COUNTERSIGNED)
    countersigned = _countersigned(told)
    _verify(told, countersigned.by, keyring, at_unix_s)
    check_head(told["head"].encode(), keyring, at_unix_s)
    return countersigned


def entry(data: bytes, t_s: float, node: str) -> dict[str, Any]:
    """The journal's entry "countersigned": the owner of the head and the partner write the same."""
    told = read_countersignature(data)
    named = {"nation": told.head.nation, "by": told.by}
    held = {"head_seq": told.head.seq, "head_chain": told.head.chain, "countersigned": data.decode()}
    return {"t_s": t_s, "node": node, "event": "countersigned", **named, **held}


def _canonical(body: dict[str, Any]) -> bytes:
    return json.dumps(
        body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def _signed(body: dict[str, Any], signer: Signer) -> bytes:
    body = {**body, "kid": signer.public.kid}
    data = _canonical(body)
    ed25519, mldsa65 = (base64.b64encode(one).decode() for one in (signer.sign(data), signer.sign_pq(data)))
    return _canonical({**body, "ed25519": ed25519, "mldsa65": mldsa65})


def _read(data: bytes, what: str) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise Refused("head", f"{len(data)} bytes, above {MAX_BYTES}")
    try:
        told = json.loads(data)
        good = isinstance(told, dict) and told.get("what") == what and _canonical(told) == data
    except (ValueError, RecursionError):
        good = False
    if not good:
        raise Refused("head", f"is no {what}")
    return dict(told)


def _words(told: dict[str, Any], *names: str) -> list[str]:
    words = [told.get(name) for name in names]
    if not all(isinstance(word, str) for word in words):
        raise Refused("head", f"must have {', '.join(names)}")
    return [str(word) for word in words]


def _head(told: dict[str, Any]) -> Head:
    nation, chain, utc, kid, *_ = _words(told, "nation", "chain", "utc", "kid", "ed25519", "mldsa65")
    seq = told.get("seq")
    if type(seq) is not int or seq < 0 or len(chain) != 64:
        raise Refused("head", "must have a seq and a chain")
    return Head(nation, seq, chain, utc, kid)


def _countersigned(told: dict[str, Any]) -> Countersigned:
    by, utc, kid, head, *_ = _words(told, "by", "utc", "kid", "head", "ed25519", "mldsa65")
    return Countersigned(by, utc, kid, read_head(head.encode()))


def _verify(told: dict[str, Any], nation: str, keyring: Keyring, at_unix_s: float) -> None:
    key = keyring.find(told["kid"], at_unix_s)
    if key.nation != nation:
        raise Refused("bad_signature", f"says {nation}, but the key {key.kid} is of {key.nation}")
    signatures = {name: told[name] for name in ("ed25519", "mldsa65")}
    data = _canonical({name: value for name, value in told.items() if name not in signatures})
    ed25519, mldsa65 = (from_base64(one) for one in signatures.values())
    if not (key.verify(ed25519, data) and key.verify_pq(mldsa65, data)):
        raise Refused("bad_signature", f"the signatures are not those of key {key.kid} of {nation}")
