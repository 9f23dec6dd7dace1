"""A nation's folder: its settings, its keys, and what it knows of its partners."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import tomli_w
from pydantic import AfterValidator, Field, model_validator

from noroshi.catalogue import door
from noroshi.catalogue.base import Code, Id, Model, Rows, refuse
from noroshi.errors import InputError, Refused
from noroshi.live import identity
from noroshi.records.labels import marking
from noroshi.sharing import keys

POSITIONS = ("USA", "JPN", "KOR", "AUS", "GBR")
Port = Annotated[int, Field(ge=0, le=65535)]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]+$")]


def utc(text: str) -> datetime:
    """The moment that `text` (ISO 8601 with a zone) names. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no zone")
    return moment.astimezone(UTC)


def iso(unix_s: float) -> str:
    """Whole seconds, ISO 8601, UTC."""
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> str:
    """Let a moment's text through; for validators."""
    try:
        utc(text)
    except ValueError:
        refuse("must be a time with its zone, such as 2026-05-01T00:00:00Z.", text)
    return text


class ServerFile(Model):
    """Where the nation's NATS server listens, or where its own server or cluster is."""

    host: Host = Field(default="127.0.0.1", description="Where own clients and the monitoring listen.")
    client_port: Port = Field(description="Port for own clients.")
    monitor_port: Port = Field(description="Port of the server's own monitoring.")
    metrics_port: Port = Field(default=0, description="Port of the node's health and metrics; 0: none.")
    leaf_host: Host = Field(default="127.0.0.1", description="Where links of partners are awaited.")
    leaf_port: Port = Field(default=0, description="Port for links of partners; 0: nobody dials this nation.")
    advertise: Host = Field(
        default="127.0.0.1", description="Name or address that partners dial; it stands in the certificate."
    )
    url: str = Field(
        default="", description="The nation's own NATS server or cluster; empty: the node starts a server."
    )


class PostQuantumFile(Model):
    """The second signature, ML-DSA-65, on messages; keys and journal heads always have it."""

    sign: bool = Field(default=False, description="Own messages carry it.")
    need: bool = Field(default=False, description="Messages of partners without it are refused.")


class ClockFile(Model):
    """What time it is at this node."""

    kind: Literal["wall", "exercise"] = Field(
        default="wall", description="wall: this machine's clock; exercise: seconds that the world counts."
    )
    speed: Annotated[float, Field(gt=0, le=1000, strict=False)] = Field(
        default=1.0, description="Seconds of exercise in one second."
    )


class DeskFile(Model):
    """What staff prepared for a node: who it is, whom it shares with, which seed."""

    scenario: str = Field(description="Shipped scenario or file: the nation's areas, sensors, delays.")
    arm: str = Field(description="Arm of sharing of that scenario.")
    seed: Annotated[int, Field(ge=0, le=2**53)] = Field(default=0, description="Seed of people's delays.")
    emulated_lines: bool = Field(
        default=False, description="Whether messages arrive as late as the arm's lines would make them."
    )


class NodeFile(Model):
    """node.toml: the settings of one nation's node."""

    nation: Code = Field(description="The nation, ISO 3166 alpha-3.")
    exercise: bool = Field(description="true: an exercise; its keys and messages never meet live ones.")
    federation: Id = Field(description="Name of the federation.")
    epoch_utc: Annotated[str, AfterValidator(moment)] = Field(
        description="The moment from which the federation counts seconds."
    )
    positions: Rows[Code] = Field(
        default=POSITIONS, min_length=2, description="Nations in the order of subject tokens."
    )
    policy: str = Field(default="policy.cedar", description="The nation's release policy, beside this file.")
    server: ServerFile
    post_quantum: PostQuantumFile = Field(default=PostQuantumFile())
    clock: ClockFile = Field(default=ClockFile())
    desk: DeskFile | None = Field(default=None, description="What the node is prepared with.")

    @model_validator(mode="after")
    def _nations_stand_once(self) -> "NodeFile":
        if len(set(self.positions)) != len(self.positions):
            refuse("must name each nation once.", list(self.positions), field=("positions",))
        if self.nation not in self.positions:
            refuse(
                "must be one of positions.", self.nation, "New nations come at its end.", field=("nation",)
            )
        return self


@dataclass(frozen=True)
class Partner:
    """What a nation knows of one partner; all of it is public.

    `role` is what WE do: "accepts" (it dials us) or "dials" (we dial it). `leaf_url` is where we dial, ""
    where we accept; `leaf_public_nkey` is who may dial us, "" where we dial. Times are unix seconds;
    `invited_unix_s` is when the invitation was written, for the minutes to federate.
    """

    nation: str
    role: str
    leaf_url: str
    leaf_public_nkey: str
    ca_pem: str
    keys: tuple[keys.PublicKey, ...]
    since_unix_s: float
    invited_unix_s: float
    exercise: bool
    revoked: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**plain, "keys": [key.to_dict() for key in self.keys], "revoked": dict(self.revoked)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Partner":
        """From JSON. Raises Refused, TypeError, KeyError or ValueError when it is something else."""
        found = tuple(keys.PublicKey.from_dict(key) for key in data["keys"])
        return cls(**{**data, "keys": found})


@dataclass(frozen=True)
class Known:
    """A nation without a line to us, whose messages a partner passes on: its keys, and who vouches for them.

    `vouched_by` is that partner, "" where the staff of an exercise made all keys.
    """

    nation: str
    vouched_by: str
    keys: tuple[keys.PublicKey, ...]
    since_unix_s: float
    revoked: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**plain, "keys": [key.to_dict() for key in self.keys], "revoked": dict(self.revoked)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Known":
        """From JSON. Raises Refused, TypeError, KeyError or ValueError when it is something else."""
        return cls(**{**data, "keys": tuple(keys.PublicKey.from_dict(key) for key in data["keys"])})


@dataclass(frozen=True)
class Home:
    """One nation's folder, read and checked. Changing it is done on disk; then it is read anew."""

    folder: Path
    settings: NodeFile
    signer: keys.Signer
    own_keys: tuple[keys.PublicKey, ...]
    own_revoked: Mapping[str, float]
    partners: Mapping[str, Partner]
    known: Mapping[str, Known] = field(default_factory=dict)

    @property
    def nation(self) -> str:
        """Whose node it is."""
        return self.settings.nation

    @property
    def exercise(self) -> bool:
        """Whether its keys and messages are those of an exercise."""
        return self.settings.exercise

    @property
    def federation(self) -> str:
        """Name of the federation."""
        return self.settings.federation

    @property
    def epoch_utc(self) -> str:
        """The federation's epoch, as written."""
        return self.settings.epoch_utc

    @property
    def epoch_unix_s(self) -> float:
        """The federation's epoch in unix seconds."""
        return utc(self.settings.epoch_utc).timestamp()

    @property
    def positions(self) -> tuple[str, ...]:
        """Nations in the order of subject tokens."""
        return self.settings.positions

    @property
    def keyring(self) -> keys.Keyring:
        """Public keys of this nation, of every partner and of those vouched for, with what was revoked."""
        without_line = [one for nation, one in self.known.items() if nation not in self.partners]
        others: list[Partner | Known] = [*self.partners.values(), *without_line]
        found = [*self.own_keys, *(key for one in others for key in one.keys)]
        revoked = dict(self.own_revoked)
        for one in others:
            revoked.update(one.revoked)
        return keys.Keyring(tuple(found), revoked)

    @property
    def client_url(self) -> str:
        """Where own clients connect."""
        server = self.settings.server
        return server.url or f"nats://{server.host}:{server.client_port}"

    @property
    def http_port(self) -> int:
        """Port of the server's monitoring."""
        return self.settings.server.monitor_port

    @property
    def leaf_listen(self) -> str:
        """host:port where partners' links are awaited, "" where nobody dials."""
        server = self.settings.server
        return f"{server.leaf_host}:{server.leaf_port}" if server.leaf_port else ""

    @property
    def leaf_url(self) -> str:
        """What partners dial, "" where nobody does."""
        server = self.settings.server
        return f"tls://{server.advertise}:{server.leaf_port}" if server.leaf_port else ""

    @property
    def policy_path(self) -> Path:
        """The nation's Cedar file."""
        return self.folder / self.settings.policy

    @property
    def keys_path(self) -> Path:
        """The folder of everything secret."""
        return self.folder / "keys"

    @property
    def tls_cert_path(self) -> Path:
        """The server's certificate, PEM, with that of the nation's CA behind it."""
        return self.keys_path / "server.pem"

    @property
    def tls_key_path(self) -> Path:
        """The server's private key, PEM."""
        return self.keys_path / "server.key"

    @property
    def ca_path(self) -> Path:
        """The certificate of the nation's own CA, PEM."""
        return self.keys_path / "ca.pem"

    @property
    def ca_bundle_path(self) -> Path:
        """Certificates of all partners' CAs, and our own, in one file: who may knock at our leaf port."""
        return self.folder / "partners" / "all.pem"

    def partner_ca_path(self, nation: str) -> Path:
        """The certificate of one partner's CA: whom we expect where we dial."""
        return self.folder / "partners" / f"{nation}.pem"

    @property
    def journal_path(self) -> Path:
        """The folder of the journal's segments."""
        return self.folder / "journal"

    @property
    def jetstream_path(self) -> Path:
        """The folder of the server's streams."""
        return self.folder / "jetstream"

    @property
    def outgoing_path(self) -> Path:
        """The folder of notices that no running node has sent yet."""
        return self.folder / "outgoing"

    @property
    def server_config_path(self) -> Path:
        """The generated configuration of the server."""
        return self.folder / "nats.conf"

    @property
    def server_pid_path(self) -> Path:
        """Where a running server writes its process id."""
        return self.folder / "nats.pid"

    def nkey(self, name: str) -> identity.NKey:
        """The NKey called `name`, made here when it is first asked for.

        Names: "leaf-USA" (we dial USA with it), "client" (own node at own server), "border-USA" (own node
        in the account of that partner).
        """
        return identity.nkey(self.keys_path, name, self.exercise)


def load_home(place: Path) -> Home:
    """Read and check a home folder, or the home of a node.toml. Raises InputError."""
    folder = place.parent if place.name == "node.toml" else place
    settings = read_settings(folder)
    own = identity.read_own(folder / "keys", settings.nation, settings.exercise)
    partners = _read(folder / "partners", Partner, settings)
    known = _read(folder / "known", Known, settings)
    return Home(folder, settings, own.signer, own.keys, own.revoked, partners, known)


def read_settings(folder: Path) -> NodeFile:
    """node.toml alone. Raises InputError."""
    path = folder / "node.toml"
    if not folder.is_dir():
        hint = "noroshi federation new makes one."
        raise InputError(str(folder), "", None, "is no folder; a nation's home is needed.", hint)
    return door.validate(NodeFile, door.read_toml(path, str(path)), str(path))


def write_settings(folder: Path, settings: NodeFile) -> None:
    """Write node.toml."""
    table = settings.model_dump(mode="json", exclude_none=True)
    identity.replace(folder / "node.toml", tomli_w.dumps(table).encode(), 0o644)


def write_partner(folder: Path, partner: Partner) -> None:
    """Add or replace one partner; certificates that the server reads are written anew."""
    inside = folder / "partners"
    inside.mkdir(mode=0o755, exist_ok=True)
    text = json.dumps(partner.to_dict(), indent=1, ensure_ascii=False) + "\n"
    identity.replace(inside / f"{partner.nation}.json", text.encode(), 0o644)
    write_certificates(inside)


def remove_partner(folder: Path, nation: str) -> None:
    """Forget one partner."""
    (folder / "partners" / f"{nation}.json").unlink(missing_ok=True)
    (folder / "partners" / f"{nation}.pem").unlink(missing_ok=True)
    write_certificates(folder / "partners")


def write_known(folder: Path, known: Known) -> None:
    """Add or replace a nation without a line; with no keys, forget it."""
    inside = folder / "known"
    inside.mkdir(mode=0o755, exist_ok=True)
    if not known.keys:
        (inside / f"{known.nation}.json").unlink(missing_ok=True)
        return
    text = json.dumps(known.to_dict(), indent=1, ensure_ascii=False) + "\n"
    identity.replace(inside / f"{known.nation}.json", text.encode(), 0o644)


def write_certificates(inside: Path) -> None:
    """One file for each partner's CA and one for all, as the server reads them.

    Our own CA stands in that for all, since a server does not listen with none; who may come says the NKey.
    """
    bundle = [(inside.parent / "keys" / "ca.pem").read_text(encoding="ascii")]
    for path in sorted(inside.glob("*.json")):
        pem = json.loads(path.read_text(encoding="utf-8"))["ca_pem"]
        identity.replace(path.with_suffix(".pem"), pem.encode(), 0o644)
        bundle.append(pem)
    identity.replace(inside / "all.pem", "".join(bundle).encode(), 0o644)


T = TypeVar("T", Partner, Known)


def _read(inside: Path, kind: type[T], settings: NodeFile) -> dict[str, T]:
    """Every nation's file of a folder; none may be of another marking, or under another nation's name."""
    found: dict[str, T] = {}
    for path in sorted(inside.glob("*.json")):
        try:
            one: T = kind.from_dict(json.loads(door.read_text(path, str(path))))
        except (Refused, TypeError, KeyError, ValueError, AttributeError) as error:
            raise InputError(str(path), "", None, f"is no nation's file: {error}.") from None
        for nation in (one.nation, *(key.nation for key in one.keys)):
            if nation != path.stem:
                raise InputError(str(path), "nation", nation, f"must be {path.stem}.")
        marks = {key.exercise for key in one.keys}
        if isinstance(one, Partner):
            marks.add(one.exercise)
        if marks != {settings.exercise}:
            mine = marking(settings.exercise)
            need = f"is marked {marking(not settings.exercise)}, but this node is {mine}."
            raise InputError(str(path), "exercise", None, need, "Exercise and live do not mix.")
        found[one.nation] = one
    return found
