"""Keys of nations: a pair of signature keys each, Ed25519 and ML-DSA-65, with validity and revocation."""

import base64
import binascii
import hashlib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey

from noroshi.errors import Refused
from noroshi.records.labels import NATION

ED25519_BYTES, ED25519_SIGNATURE_BYTES = 32, 64
MLDSA65_BYTES, MLDSA65_SIGNATURE_BYTES = 1_952, 3_309  # FIPS 204, table 2
_SEED_BYTES = 32
_CELL = re.compile(r"[!-~]{0,64}")


@dataclass(frozen=True)
class PublicKey:
    """What partners hold of a nation's signer; times in unix seconds.

    `kid` is the first 16 hex digits of the SHA-256 over both keys. `exercise` marks a key that counts in
    exercises only. `cell` is who in the nation signs with it, "" for the node itself.
    """

    nation: str
    cell: str
    kid: str
    ed25519: bytes
    mldsa65: bytes
    exercise: bool
    valid_from_s: float
    valid_until_s: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: bytes in base64."""
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        return told | {name: base64.b64encode(told[name]).decode() for name in ("ed25519", "mldsa65")}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> "PublicKey":
        """Read `to_dict`'s values. Raises Refused("key_document") where anything is wrong with them."""
        names = {one.name for one in fields(cls)}
        if not isinstance(told, Mapping) or set(told) != names:
            raise Refused("key_document", f"must have the fields {', '.join(sorted(names))} and no others")
        key = cls(
            nation=_matching(NATION, told["nation"], "nation"),
            cell=_matching(_CELL, told["cell"], "cell"),
            kid=str(told["kid"]),
            ed25519=_base64(told["ed25519"], ED25519_BYTES, "ed25519"),
            mldsa65=_base64(told["mldsa65"], MLDSA65_BYTES, "mldsa65"),
            exercise=_flag(told["exercise"], "exercise"),
            valid_from_s=_time(told["valid_from_s"], "valid_from_s"),
            valid_until_s=_time(told["valid_until_s"], "valid_until_s"),
        )
        if key.kid != kid_of(key.ed25519, key.mldsa65):
            raise Refused("key_document", f"kid {key.kid[:20]!r} is not that of its keys")
        if not key.valid_from_s < key.valid_until_s:
            raise Refused("key_document", "ends before it begins")
        return key

    @property
    def fingerprint(self) -> str:
        """SHA-256 over both keys in groups of four, to be compared by voice."""
        digits = hashlib.sha256(self.ed25519 + self.mldsa65).hexdigest()
        return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))

    def verify(self, signature: bytes, data: bytes) -> bool:
        """Whether an Ed25519 signature is this key's over `data`."""
        return _holds(_ed25519(self.ed25519).verify, signature, data)

    def verify_pq(self, signature: bytes, data: bytes) -> bool:
        """Whether an ML-DSA-65 signature is this key's over `data`."""
        return _holds(_mldsa65(self.mldsa65).verify, signature, data)


@dataclass(frozen=True)
class Signer:
    """A nation's private keys beside what partners hold of them."""

    public: PublicKey
    _ed25519: Ed25519PrivateKey = field(repr=False)
    _mldsa65: MLDSA65PrivateKey = field(repr=False)

    def sign(self, data: bytes) -> bytes:
        """Ed25519 signature, 64 bytes, the same for the same data."""
        return self._ed25519.sign(data)

    def sign_pq(self, data: bytes) -> bytes:
        """ML-DSA-65 signature with an empty context, 3,309 bytes, another each time."""
        return self._mldsa65.sign(data)

    def private_bytes(self) -> dict[str, bytes]:
        """The two seeds of 32 bytes that `from_private` takes."""
        return {
            "ed25519": self._ed25519.private_bytes_raw(),
            "mldsa65": self._mldsa65.private_bytes_raw(),
        }


@dataclass(frozen=True)
class Keyring:
    """The keys that a nation takes, and from when on each revoked one counts no more (by kid, unix s)."""

    keys: tuple[PublicKey, ...]
    revoked: Mapping[str, float] = field(default_factory=dict)

    def find(self, kid: str, at_unix_s: float) -> PublicKey:
        """The key of that name. Raises Refused where it does not count at that time, with the reason."""
        key = next((one for one in self.keys if one.kid == kid), None)
        if key is None:
            raise Refused("unknown_key", f"no key {kid} is held")
        said = f"key {kid} of {key.nation}"
        # Not "at_unix_s >= ...": a time that is not a number must not pass.
        if kid in self.revoked and not at_unix_s < self.revoked[kid]:
            raise Refused("key_revoked", f"{said} was revoked {at_unix_s - self.revoked[kid]:.0f} s ago")
        if not at_unix_s >= key.valid_from_s:
            raise Refused("key_not_yet", f"{said} counts in {key.valid_from_s - at_unix_s:.0f} s only")
        if not at_unix_s < key.valid_until_s:
            raise Refused("key_expired", f"{said} ended {at_unix_s - key.valid_until_s:.0f} s ago")
        return key


def kid_of(ed25519: bytes, mldsa65: bytes) -> str:
    """The name of a pair of keys: the first 16 hex digits of the SHA-256 over both."""
    return hashlib.sha256(ed25519 + mldsa65).hexdigest()[:16]


def generate(
    nation: str, exercise: bool, valid_from_s: float, valid_until_s: float, cell: str = ""
) -> Signer:
    """New keys, drawn by the system. Raises Refused("key_document") for a nation or times that cannot be."""
    private = {
        "ed25519": Ed25519PrivateKey.generate().private_bytes_raw(),
        "mldsa65": MLDSA65PrivateKey.generate().private_bytes_raw(),
    }
    ed25519, mldsa65 = _public_of(private)
    kid = kid_of(ed25519, mldsa65)
    public = PublicKey(nation, cell, kid, ed25519, mldsa65, exercise, valid_from_s, valid_until_s)
    return from_private(PublicKey.from_dict(public.to_dict()), private)


def from_private(public: PublicKey, private: Mapping[str, bytes]) -> Signer:
    """The signer of seeds. Raises Refused("key_document") where they are not those of `public`."""
    if _public_of(private) != (public.ed25519, public.mldsa65):
        raise Refused("key_document", f"these private keys are not those of {public.kid} of {public.nation}")
    return Signer(
        public,
        Ed25519PrivateKey.from_private_bytes(private["ed25519"]),
        MLDSA65PrivateKey.from_seed_bytes(private["mldsa65"]),
    )


def _public_of(private: Mapping[str, bytes]) -> tuple[bytes, bytes]:
    for name in ("ed25519", "mldsa65"):
        if not isinstance(private.get(name), bytes) or len(private[name]) != _SEED_BYTES:
            raise Refused("key_document", f"the private {name} must have {_SEED_BYTES} bytes")
    return (
        Ed25519PrivateKey.from_private_bytes(private["ed25519"]).public_key().public_bytes_raw(),
        MLDSA65PrivateKey.from_seed_bytes(private["mldsa65"]).public_key().public_bytes_raw(),
    )


@lru_cache(maxsize=256)
def _ed25519(raw: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(raw)


@lru_cache(maxsize=256)
def _mldsa65(raw: bytes) -> MLDSA65PublicKey:
    return MLDSA65PublicKey.from_public_bytes(raw)


def _holds(verify: Callable[[bytes, bytes], None], signature: bytes, data: bytes) -> bool:
    try:
        verify(signature, data)
    except InvalidSignature:
        return False
    return True


def _matching(pattern: re.Pattern[str], value: Any, name: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise Refused("key_document", f"{name} = {str(value)[:40]!r} must match {pattern.pattern}")
    return value


def _flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise Refused("key_document", f"{name} must be true or false")
    return value


def _time(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Refused("key_document", f"{name} must be unix seconds")
    return float(value)


def from_base64(text: object) -> bytes:
    """The bytes of a text that is base64 in the one way it is written; of any other none.

    Spare bits at the end could be changed without changing what is signed.
    """
    try:
        data = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        return b""
    return data if base64.b64encode(data).decode() == text else b""


def _base64(value: Any, size: int, name: str) -> bytes:
    data = from_base64(value)
    if len(data) != size:
        raise Refused("key_document", f"{name} must be {size} bytes in base64")
    return data
