"""Keys of one nation: made on its own host, kept where only its owner reads, marked EXERCISE or LIVE.

Three kinds: the pair of keys that signs messages (sharing.keys), NKeys that log in at NATS servers, and
a small certificate authority with the server's TLS certificate. No private key ever leaves `keys/`.
"""

import base64
import ipaddress
import json
import os
import re
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nkeys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from noroshi.errors import InputError, Refused
from noroshi.records.labels import marking
from noroshi.sharing import keys

DAY_S = 86_400.0
# An exercise is over in a month; a live key is changed at least once a year.
SIGNING_DAYS = {True: 30, False: 366}
CA_DAYS = {True: 30, False: 5 * 366}
# Partners' clocks may be this far apart.
SKEW_S = 300.0


def clock() -> float:
    """This machine's time, unix seconds: by it keys begin and end."""
    return time.time()


@dataclass(frozen=True)
class NKey:
    """An identity at a NATS server; `seed` is secret."""

    seed: str
    public: str

    def __repr__(self) -> str:
        """Without the seed, so that no log holds it."""
        return f"NKey({self.public})"


@dataclass(frozen=True)
class Own:
    """What a nation signs with now, all public keys it has had and will have, and what it has revoked."""

    signer: keys.Signer
    keys: tuple[keys.PublicKey, ...]
    revoked: Mapping[str, float]


# Whether files are on the disk before the call returns.
_synced: ContextVar[bool] = ContextVar("synced", default=True)


@contextmanager
def unsynced() -> Iterator[None]:
    """Inside, files may be lost with the power: for homes of an exercise, which are made anew in a second."""
    token = _synced.set(False)
    try:
        yield
    finally:
        _synced.reset(token)


def replace(path: Path, data: bytes, mode: int) -> None:
    """Write a file whole or not at all, readable as `mode` says from its first byte on."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            if _synced.get():
                os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read_secret(path: Path) -> bytes:
    """The bytes of a private key's file. Raises InputError where others may read it."""
    _private(path.parent, "0700")
    _private(path, "0600")
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(str(path), "", None, f"cannot be read: {error.strerror}.") from None


def _private(path: Path, wanted: str) -> None:
    try:
        mode = path.stat().st_mode & 0o777
    except FileNotFoundError:
        need = "does not exist." if wanted == "0600" else "is no folder of keys."
        raise InputError(str(path), "", None, need, "noroshi federation new makes a home.") from None
    if mode & 0o077:
        need = f"can be read by others (mode {mode:04o}); a private key must not be."
        hint = f"If nobody has, chmod {wanted} {path}; else rotate the key."
        raise InputError(str(path), "", None, need, hint)


def make_folder(path: Path) -> None:
    """The folder of secrets, for its owner only."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)


# Signing keys.


def new_signer(
    nation: str, exercise: bool, now_unix_s: float, from_unix_s: float | None = None
) -> keys.Signer:
    """A fresh pair of signing keys, valid from now (or later) on."""
    start = now_unix_s - SKEW_S if from_unix_s is None else from_unix_s
    return keys.generate(nation, exercise, start, start + SIGNING_DAYS[exercise] * DAY_S)


def write_own(
    folder: Path,
    signers: Sequence[keys.Signer],
    former: Sequence[keys.PublicKey] = (),
    revoked: Mapping[str, float] | None = None,
) -> None:
    """Write sign.json: `signers` are the present one and, while a new one is announced, the next."""
    first = signers[0].public
    table = {
        "marking": marking(first.exercise),
        "nation": first.nation,
        "signers": [
            {
                "public": one.public.to_dict(),
                "private": {name: raw.hex() for name, raw in one.private_bytes().items()},
            }
            for one in signers
        ],
        "former": [key.to_dict() for key in former],
        "revoked": dict(revoked or {}),
    }
    replace(folder / "sign.json", json.dumps(table, indent=1).encode(), 0o600)


def read_signers(
    folder: Path, nation: str, exercise: bool
) -> tuple[list[keys.Signer], list[keys.PublicKey], dict[str, float]]:
    """sign.json: signers (present, then next), former public keys, revoked ones. Raises InputError."""
    path = folder / "sign.json"
    data = read_secret(path)
    try:
        table = json.loads(data)
        signers = [
            keys.from_private(
                keys.PublicKey.from_dict(row["public"]),
                {name: bytes.fromhex(raw) for name, raw in row["private"].items()},
            )
            for row in table["signers"]
        ]
        former = [keys.PublicKey.from_dict(row) for row in table["former"]]
        revoked = {str(kid): float(when) for kid, when in table["revoked"].items()}
        if not signers:
            raise ValueError("no key")
    except (Refused, ValueError, KeyError, TypeError, AttributeError) as error:
        hint = "Restore it from a backup, or join anew."
        raise InputError(str(path), "", None, f"holds no signing key: {error}.", hint) from None
    for signer in signers:
        _same(str(path), "exercise", marking(signer.public.exercise), marking(exercise))
        _same(str(path), "nation", signer.public.nation, nation)
    return signers, former, revoked


def read_own(folder: Path, nation: str, exercise: bool, now_unix_s: float | None = None) -> Own:
    """The signer for now, and all public keys. Raises InputError when there is none that may sign."""
    signers, former, revoked = read_signers(folder, nation, exercise)
    now = clock() if now_unix_s is None else now_unix_s
    usable = [one for one in signers if one.public.valid_from_s <= now and one.public.kid not in revoked]
    # The last that is valid already: a next key signs as soon as its time has come.
    signer = usable[-1] if usable else signers[0]
    if now > signer.public.valid_until_s:
        days = (now - signer.public.valid_until_s) / DAY_S
        need = f"has run out {days:.0f} days ago."
        raise InputError(str(folder / "sign.json"), f"key {signer.public.kid}", None, need, "Join anew.")
    if signer.public.kid in revoked:
        need = "is revoked, and no other key is valid yet."
        raise InputError(str(folder / "sign.json"), f"key {signer.public.kid}", None, need)
    return Own(signer, (*(one.public for one in signers), *former), revoked)


def _same(where: str, field: str, got: str, wanted: str) -> None:
    if got != wanted:
        hint = "Exercise and live do not mix." if field == "exercise" else ""
        raise InputError(where, field, got, f"must be {wanted} as node.toml says.", hint)


# NKeys.


def new_nkey() -> NKey:
    """A fresh user NKey."""
    seed = nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER)
    return _nkey(bytes(seed).decode())


def _nkey(seed: str) -> NKey:
    pair = nkeys.from_seed(bytearray(seed.encode()))
    public = pair.public_key
    return NKey(seed, bytes(public).decode())


def is_nkey(public: object) -> bool:
    """Whether this is the public half of a user NKey."""
    if not isinstance(public, str) or not re.fullmatch("U[A-Z2-7]{55}", public):
        return False
    raw = base64.b32decode(public)
    return nkeys.crc16(bytearray(raw[:-2])) == int.from_bytes(raw[-2:], "little")


def nkey(folder: Path, name: str, exercise: bool) -> NKey:
    """The NKey in `name`.nk, made when it is first asked for. Raises InputError."""
    path = folder / f"{name}.nk"
    if not path.exists():
        write_nkey(folder, name, new_nkey(), exercise)
    data = read_secret(path)
    try:
        table = json.loads(data)
        found = _nkey(table["seed"])
        mark = str(table["marking"])
    except (ValueError, KeyError, TypeError, AttributeError, nkeys.NkeysError) as error:
        raise InputError(str(path), "", None, f"holds no NKey: {error or type(error).__name__}.") from None
    _same(str(path), "exercise", mark, marking(exercise))
    return found


def write_nkey(folder: Path, name: str, key: NKey, exercise: bool) -> None:
    """Keep an NKey."""
    table = {"marking": marking(exercise), "public": key.public, "seed": key.seed}
    replace(folder / f"{name}.nk", json.dumps(table).encode(), 0o600)


# Certificates.


def hosts(advertise: str) -> list[str]:
    """Names in a server's certificate: what partners dial, and this machine to itself."""
    local = advertise in ("127.0.0.1", "localhost", "::1")
    return [advertise, "localhost", "127.0.0.1"] if local else [advertise, "localhost"]


def make_certificates(folder: Path, nation: str, exercise: bool, hosts: Sequence[str]) -> None:
    """A CA of this nation alone, and a server certificate under it for `hosts`."""
    ca_key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"{nation} noroshi CA", nation, exercise)
    ca = _certificate(name, name, ca_key.public_key(), ca_key, CA_DAYS[exercise], ca=True, hosts=())
    _write_key(folder / "ca.key", ca_key, exercise)
    replace(folder / "ca.pem", _pem(ca), 0o600)
    renew_certificate(folder, nation, exercise, hosts)


def renew_certificate(folder: Path, nation: str, exercise: bool, hosts: Sequence[str]) -> None:
    """A new server key and certificate under the nation's CA; partners need not be told."""
    ca_key = serialization.load_pem_private_key(read_secret(folder / "ca.key"), None)
    ca = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(f"{nation} noroshi server", nation, exercise)
    public = key.public_key()
    # Not longer than the CA itself.
    cert = _certificate(subject, ca.subject, public, ca_key, CA_DAYS[exercise], ca=False, hosts=hosts)
    _write_key(folder / "server.key", key, exercise)
    replace(folder / "server.pem", _pem(cert) + _pem(ca), 0o600)


def check_certificates(folder: Path, nation: str, exercise: bool, now: datetime | None = None) -> None:
    """Raises InputError unless the server's certificate is this nation's, so marked, and not run out."""
    for name in ("ca.key", "server.key"):
        read_secret(folder / name)
    for name in ("ca.pem", "server.pem"):
        path = folder / name
        try:
            cert = x509.load_pem_x509_certificate(path.read_bytes())
        except (OSError, ValueError):
            raise InputError(str(path), "", None, "is no certificate.") from None
        check_certificate(cert, nation, exercise, str(path), now)


def check_certificate(
    cert: x509.Certificate, nation: str, exercise: bool, where: str, now: datetime | None = None
) -> None:
    """Raises InputError unless a certificate is of `nation`, so marked, and not run out."""
    units = [str(one.value) for one in cert.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)]
    names = [str(one.value) for one in cert.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    _same(where, "exercise", " ".join(units), marking(exercise))
    _same(where, "nation", " ".join(names), nation)
    if (now or datetime.fromtimestamp(clock(), UTC)) > cert.not_valid_after_utc:
        need = f"has run out on {cert.not_valid_after_utc:%Y-%m-%d}."
        raise InputError(where, "", None, need, "noroshi federation rotate --tls makes a new one.")


def read_ca(pem: str, nation: str, exercise: bool, where: str) -> x509.Certificate:
    """A partner's CA certificate. Raises InputError unless it is one certificate, a CA, of that nation."""
    try:
        found = x509.load_pem_x509_certificates(pem.encode())
        is_ca = found[0].extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        found[0].verify_directly_issued_by(found[0])
    except Exception:
        # cryptography raises its own, ValueError, TypeError and InvalidSignature here.
        raise InputError(where, "ca_pem", None, "is no certificate of a CA.") from None
    if len(found) != 1 or not is_ca:
        raise InputError(where, "ca_pem", None, "must be exactly one certificate of a CA.")
    check_certificate(found[0], nation, exercise, where)
    return found[0]


def _name(common: str, nation: str, exercise: bool) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, nation),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, marking(exercise)),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{common} {marking(exercise)}"),
        ]
    )


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    ca_key: ec.EllipticCurvePrivateKey,
    days: int,
    *,
    ca: bool,
    hosts: Sequence[str],
) -> x509.Certificate:
    now = datetime.fromtimestamp(clock(), UTC)
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
    )
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(seconds=SKEW_S))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not ca,
                key_cert_sign=ca,
                crl_sign=ca,
                encipher_only=False,
                decipher_only=False,
                **usage,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
    )
    if not ca:
        both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        built = built.add_extension(x509.ExtendedKeyUsage(both), critical=False)
        built = built.add_extension(x509.SubjectAlternativeName(_alternatives(hosts)), critical=False)
    return built.sign(ca_key, hashes.SHA256())


def _alternatives(hosts: Sequence[str]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for host in dict.fromkeys(hosts):
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            found.append(x509.DNSName(host))
    return found


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey, exercise: bool) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    replace(path, f"{marking(exercise)}\n".encode() + pem, 0o600)


def _pem(cert: x509.Certificate) -> bytes:
    return cert.public_bytes(serialization.Encoding.PEM)
