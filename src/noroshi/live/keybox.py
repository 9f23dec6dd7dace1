"""Private keys under a passphrase: scrypt makes the key, ChaCha20-Poly1305 seals the files of keys/."""

import base64
import binascii
import json
import os
import re
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from noroshi.errors import InputError

MAX_BYTES = 16 << 20
MIN_PASSPHRASE = 12  # characters
# 128 MiB and about half a second for each guess.
COST = {"n": 1 << 17, "r": 8, "p": 1}
_MAX_COST = {"n": 1 << 20, "r": 32, "p": 16}  # what a file from elsewhere may ask of us
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,120}")
_WHAT = "noroshi keys 1"


def seal(folder: Path, passphrase: str) -> bytes:
    """All plain files of a folder, sealed. Raises InputError for a passphrase that is too short."""
    if len(passphrase) < MIN_PASSPHRASE:
        need = f"must have at least {MIN_PASSPHRASE} characters."
        raise InputError("", "passphrase", None, need, "It alone protects the keys.")
    paths = [path for path in sorted(folder.iterdir()) if path.is_file() and not path.is_symlink()]
    files = {path.name: base64.b64encode(path.read_bytes()).decode() for path in paths}
    header: dict[str, Any] = {
        "what": _WHAT,
        **COST,
        "salt": os.urandom(16).hex(),
        "nonce": os.urandom(12).hex(),
    }
    sealed = _cipher(header, passphrase).encrypt(
        bytes.fromhex(header["nonce"]), json.dumps(files).encode(), _bound(header)
    )
    return json.dumps({**header, "sealed": base64.b64encode(sealed).decode()}).encode()


def open_into(where: str, data: bytes, passphrase: str, folder: Path) -> None:
    """Write the sealed files into a new folder, readable by the owner alone. Raises InputError."""
    if len(data) > MAX_BYTES:
        raise InputError(where, "keys", None, f"are {len(data)} bytes, above {MAX_BYTES}.")
    try:
        header: dict[str, Any] = json.loads(data)
        sealed = base64.b64decode(header.pop("sealed"), validate=True)
        for name, most in _MAX_COST.items():
            if type(header[name]) is not int or not 1 <= header[name] <= most:
                raise ValueError(f"{name} must be from 1 to {most}")
        if header["what"] != _WHAT:
            raise ValueError("of another kind or version")
        nonce, bound = bytes.fromhex(header["nonce"]), _bound(header)
        files = json.loads(_cipher(header, passphrase).decrypt(nonce, sealed, bound))
        plain = {name: base64.b64decode(text, validate=True) for name, text in files.items()}
        if strange := [name for name in plain if not _NAME.fullmatch(name)]:
            raise ValueError(f"{strange[0]!r} is no name of a key")
    except InvalidTag:
        need = "do not open: the passphrase is another one, or they are damaged."
        raise InputError(where, "keys", None, need) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error) as error:
        raise InputError(where, "keys", None, f"cannot be read: {error}.") from error
    folder.mkdir(mode=0o700)
    for name, content in plain.items():
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def _cipher(header: dict[str, Any], passphrase: str) -> ChaCha20Poly1305:
    cost = {name: header[name] for name in COST}
    kdf = Scrypt(salt=bytes.fromhex(header["salt"]), length=32, **cost)
    return ChaCha20Poly1305(kdf.derive(passphrase.encode()))


def _bound(header: dict[str, Any]) -> bytes:
    """What must not be changed either."""
    return json.dumps(header, sort_keys=True).encode()
