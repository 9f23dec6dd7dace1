"""Sealed messages: COSE_Sign1 (RFC 9052) with Ed25519, and ML-DSA-65 as a countersignature (RFC 9338).

One narrow profile, compared byte by byte: tag 18, the protected header {1: -8, 4: kid of 8 bytes}, an
unprotected header that is empty or holds a CounterSignature0V2 (label 12), the body, 64 bytes of signature
and nothing after them. No general COSE reader is needed, and what such a reader also takes (a kid outside the
signature, other algorithms, trailing bytes) has no way in.
"""

from dataclasses import dataclass

from noroshi.errors import Refused
from noroshi.sharing.keys import (
    ED25519_SIGNATURE_BYTES,
    MLDSA65_SIGNATURE_BYTES,
    Keyring,
    PublicKey,
    Signer,
)

MAX_BYTES = 262_144 + 4_096  # the largest body, both signatures and the headers
_KID_BYTES = 8
_START = bytes.fromhex("d284")  # tag 18, a list of four
_PROTECTED = bytes.fromhex("a201270448")  # {1: -8, 4: 8 bytes}: EdDSA, and whose
_EMPTY, _COUNTERSIGNED = bytes.fromhex("a0"), bytes.fromhex("a10c")  # {} and {12: ...}


@dataclass(frozen=True)
class Opened:
    """A body whose signatures hold, the key that they are of, and whether the second one was there."""

    body: bytes
    key: PublicKey
    post_quantum: bool


def seal(body: bytes, signer: Signer, post_quantum: bool = False) -> bytes:
    """Sign a body; `post_quantum` adds the second signature. Raises Refused("too_large")."""
    protected = _PROTECTED + bytes.fromhex(signer.public.kid)
    signature = signer.sign(_to_sign(protected, body))
    unprotected = _EMPTY
    if post_quantum:
        unprotected = _COUNTERSIGNED + _bstr(signer.sign_pq(_to_countersign(protected, body, signature)))
    sealed = b"".join((_START, _bstr(protected), unprotected, _bstr(body), _bstr(signature)))
    if len(sealed) > MAX_BYTES:
        raise Refused("too_large", f"has {len(sealed)} bytes sealed; {MAX_BYTES} are taken")
    return sealed


def open_sealed(data: bytes, keyring: Keyring, at_unix_s: float, need_post_quantum: bool = False) -> Opened:
    """The body of a sealed message whose key counts at that time and whose signatures hold.

    A second signature that is there must hold, needed or not. Raises Refused: "too_large", "not_cose",
    "unknown_key", "key_revoked", "key_not_yet", "key_expired", "bad_signature", "no_post_quantum".
    """
    if len(data) > MAX_BYTES:
        raise Refused("too_large", f"has {len(data)} bytes sealed; {MAX_BYTES} are taken")
    protected, second, body, signature = _parts(bytes(data))
    key = keyring.find(protected[len(_PROTECTED) :].hex(), at_unix_s)
    if not key.verify(signature, _to_sign(protected, body)):
        raise Refused("bad_signature", f"is not what {key.nation} signed with key {key.kid}")
    if second is not None and not key.verify_pq(second, _to_countersign(protected, body, signature)):
        raise Refused("bad_signature", f"its second signature is not of key {key.kid} of {key.nation}")
    if need_post_quantum and second is None:
        raise Refused("no_post_quantum", "lacks the second signature, ML-DSA-65, that is asked for")
    return Opened(body, key, second is not None)


def kid_in(data: bytes) -> str:
    """The kid that a sealed message names, nothing verified. Raises Refused("not_cose")."""
    return _parts(bytes(data[:MAX_BYTES]))[0][len(_PROTECTED) :].hex()


def body_in(data: bytes) -> bytes:
    """The body of a sealed message, nothing verified: for what was checked when it came in.

    Raises Refused("not_cose").
    """
    return _parts(bytes(data))[2]


def _parts(data: bytes) -> tuple[bytes, bytes | None, bytes, bytes]:
    """Protected header, second signature or None, body, signature."""
    if not data.startswith(_START):
        raise Refused("not_cose", "is no COSE_Sign1 with its tag")
    protected, at = _take(data, len(_START))
    if len(protected) != len(_PROTECTED) + _KID_BYTES or not protected.startswith(_PROTECTED):
        raise Refused("not_cose", "its protected header is not {1: -8, 4: kid of 8 bytes}")
    second = None
    if data.startswith(_COUNTERSIGNED, at):
        second, at = _take(data, at + len(_COUNTERSIGNED))
        if len(second) != MLDSA65_SIGNATURE_BYTES:
            raise Refused("not_cose", f"its second signature has not {MLDSA65_SIGNATURE_BYTES} bytes")
    elif data.startswith(_EMPTY, at):
        at += len(_EMPTY)
    else:
        raise Refused("not_cose", "its unprotected header holds more than a countersignature")
    body, at = _take(data, at)
    signature, at = _take(data, at)
    if len(signature) != ED25519_SIGNATURE_BYTES or at != len(data):
        raise Refused("not_cose", f"does not end with {ED25519_SIGNATURE_BYTES} bytes of signature")
    return protected, second, body, signature


def _to_sign(protected: bytes, body: bytes) -> bytes:
    """Sig_structure of RFC 9052, 4.4: ["Signature1", protected, no external data, body]."""
    return b"\x84\x6aSignature1" + _bstr(protected) + b"\x40" + _bstr(body)


def _to_countersign(protected: bytes, body: bytes, signature: bytes) -> bytes:
    """Countersign_structure of RFC 9338, 3.3, with the first signature among what is signed."""
    start = b"\x85\x73CounterSignature0V2" + _bstr(protected) + b"\x40"
    return start + _bstr(body) + b"\x81" + _bstr(signature)


def _bstr(data: bytes) -> bytes:
    """A byte string of CBOR, its length written the shortest way."""
    size = len(data)
    if size < 24:
        return bytes((0x40 | size,)) + data
    for head, width in ((0x58, 1), (0x59, 2), (0x5A, 4)):
        if size < 1 << (8 * width):
            return bytes((head,)) + size.to_bytes(width, "big") + data
    raise Refused("too_large", f"{size} bytes are no part of a message")


def _take(data: bytes, at: int) -> tuple[bytes, int]:
    """The byte string at `at`, and where it ends; refuse any other item and any length not the shortest."""
    head = data[at] if at < len(data) else 0
    if not 0x40 <= head <= 0x5A:
        raise Refused("not_cose", f"byte {at} does not begin a byte string")
    width = 0 if head < 0x58 else 1 << (head - 0x58)
    size = int.from_bytes(data[at + 1 : at + 1 + width], "big") if width else head - 0x40
    start = at + 1 + width
    part = data[start : start + size]
    if len(part) != size or not data.startswith(_bstr(part)[: 1 + width], at):
        raise Refused(
            "not_cose", f"the byte string at byte {at} is cut short or not written the shortest way"
        )
    return part, start + size
