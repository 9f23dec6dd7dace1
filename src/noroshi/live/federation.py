"""A federation's homes: one nation's, made on its own host, or all of a one-machine exercise."""

import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from noroshi.catalogue import door
from noroshi.errors import InputError
from noroshi.live import home as homes
from noroshi.live import identity
from noroshi.live.home import POSITIONS, Home, Partner
from noroshi.records.labels import NATION

_TEMPLATE = door.DATA / "template" / "policy.cedar"
_PORTS = ("client_port", "monitor_port", "metrics_port", "leaf_port")


def make_home(
    folder: Path,
    nation: str,
    *,
    exercise: bool,
    federation: str,
    epoch_utc: str,
    positions: Sequence[str] = POSITIONS,
    policy: str | None = None,
    advertise: str = "127.0.0.1",
    leaf_host: str | None = None,
    ports: Mapping[str, int] | None = None,
    settings: Mapping[str, Any] | None = None,
    now_unix_s: float | None = None,
) -> Home:
    """Make the home of `nation`: keys, certificates, settings, and a policy (its text; None: people's words).

    `settings` are further tables of node.toml. Ports that are not named are free ones. Raises InputError for
    a folder that holds something already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        need = "is not empty; a home is made in a new or empty folder."
        raise InputError(str(folder), "", None, need, "Choose another --home.")
    found = {**free_ports(_PORTS), **(ports or {})}
    server = {"advertise": advertise, "leaf_host": leaf_host or _listened(advertise)}
    table = {
        "nation": nation,
        "exercise": exercise,
        "federation": federation,
        "epoch_utc": epoch_utc,
        "positions": list(positions),
        "server": {**server, **found},
        **(settings or {}),
    }
    checked = door.validate(homes.NodeFile, table, str(folder / "node.toml"))
    text = policy if policy is not None else door.read_text(_TEMPLATE, "policy").replace("NATION", nation)
    try:
        identity.make_folder(folder)
        identity.make_folder(folder / "keys")
        now = time.time() if now_unix_s is None else now_unix_s
        identity.write_own(folder / "keys", [identity.new_signer(nation, exercise, now)])
        identity.make_certificates(folder / "keys", nation, exercise, identity.hosts(advertise))
        (folder / "partners").mkdir(exist_ok=True)
        homes.write_certificates(folder / "partners")
        identity.replace(folder / checked.policy, text.encode(), 0o644)
        homes.write_settings(folder, checked)  # last: a folder without it is no home
    except OSError as error:
        raise InputError(str(folder), "", None, f"cannot be written: {error.strerror}.") from None
    return homes.load_home(folder)


def midnight() -> str:
    """The beginning of today, UTC: an epoch for a new federation."""
    return datetime.now(UTC).strftime("%Y-%m-%dT00:00:00Z")


def _listened(advertise: str) -> str:
    """Where to await partners who dial `advertise`."""
    return "127.0.0.1" if advertise in ("127.0.0.1", "localhost") else "0.0.0.0"


def free_ports(names: Iterable[str], host: str = "127.0.0.1") -> dict[str, int]:
    """A port for each name that nobody listens at now."""
    with ExitStack() as stack:
        taken = {}
        for name in names:
            listener = stack.enter_context(socket.socket())
            listener.bind((host, 0))
            taken[name] = int(listener.getsockname()[1])
        return taken


def init_exercise(
    folder: Path,
    nations: Sequence[str],
    links: Sequence[tuple[str, str]],
    epoch_utc: str,
    policies: Mapping[str, str],
    *,
    federation: str = "exercise",
    settings: Mapping[str, Any] | None = None,
    now_unix_s: float | None = None,
) -> dict[str, Home]:
    """Homes of all nations of a one-machine exercise under `folder`, each knowing its partners.

    `links` are pairs (who accepts, who dials); `policies` are texts by nation; `settings` are further tables
    of each node.toml. Every key is marked EXERCISE, so that no live node takes it. Raises InputError.
    """
    now = time.time() if now_unix_s is None else now_unix_s
    positions = [*POSITIONS, *(nation for nation in nations if nation not in POSITIONS)]
    for nation in {*nations, *(one for pair in links for one in pair)}:
        if not NATION.fullmatch(nation) or nation not in nations:
            need = "must be one of the exercise's nations, three capital letters each."
            raise InputError("", "nations", nation, need, f"They are {', '.join(nations)}.")
    ports = free_ports([f"{nation}.{port}" for nation in nations for port in _PORTS])
    made = {}
    with identity.unsynced():
        for nation in nations:
            made[nation] = make_home(
                folder / nation,
                nation,
                exercise=True,
                federation=federation,
                epoch_utc=epoch_utc,
                positions=positions,
                policy=policies.get(nation),
                ports={name: ports[f"{nation}.{name}"] for name in _PORTS},
                settings=settings,
                now_unix_s=now,
            )
        for accepts, dials in links:
            homes.write_partner(made[accepts].folder, _partner(made[accepts], made[dials], True, now))
            homes.write_partner(made[dials].folder, _partner(made[dials], made[accepts], False, now))
        # Whose messages a hub passes on is known without a line.
        lines = {frozenset(pair) for pair in links}
        for us in made.values():
            for them in made.values():
                if us is not them and frozenset((us.nation, them.nation)) not in lines:
                    homes.write_known(us.folder, homes.Known(them.nation, "", (them.signer.public,), now, {}))
    return {nation: homes.load_home(home.folder) for nation, home in made.items()}


def _partner(us: Home, them: Home, accepts: bool, now_unix_s: float) -> Partner:
    """What `us` knows of `them`, when both homes are on one machine."""
    return Partner(
        nation=them.nation,
        role="accepts" if accepts else "dials",
        leaf_url="" if accepts else them.leaf_url,
        leaf_public_nkey=them.nkey(f"leaf-{us.nation}").public if accepts else "",
        ca_pem=them.ca_path.read_text(encoding="ascii"),
        keys=(them.signer.public,),
        since_unix_s=now_unix_s,
        invited_unix_s=now_unix_s,
        exercise=True,
    )


def star(nations: Sequence[str], hub: str) -> list[tuple[str, str]]:
    """Links of a hub with each of the others, as `init_exercise` takes them."""
    return [(hub, nation) for nation in nations if nation != hub]


def mesh(nations: Sequence[str]) -> list[tuple[str, str]]:
    """Links of each with each; who stands first accepts."""
    return [(one, other) for place, one in enumerate(nations) for other in nations[place + 1 :]]
