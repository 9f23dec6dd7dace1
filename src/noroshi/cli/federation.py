"""noroshi federation: found, join, check and leave a federation of nations."""

import base64
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from noroshi.errors import InputError

if TYPE_CHECKING:
    from noroshi.live.home import Home

app = typer.Typer(
    name="federation",
    help="Found, join, check and leave a federation; every private key is made on its own host.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

HomeFolder = Annotated[Path, typer.Option("--home", help="The nation's home folder.", metavar="FOLDER")]
OutFile = Annotated[Path, typer.Option("--out", help="File to write.", metavar="FILE")]
AsJson = Annotated[bool, typer.Option("--json", help="Print a JSON object and nothing else.")]
Fingerprint = Annotated[
    str,
    typer.Option(help="The other side's fingerprint as it was told you by voice; another one is refused."),
]
PolicyFile = Annotated[
    Path | None, typer.Option(help="Policy to begin with, by default only words of people.", metavar="FILE")
]
DeskScenario = Annotated[
    str | None,
    typer.Option(
        "--scenario", help="Scenario that says which sensors and areas the node has.", metavar="NAME"
    ),
]
DeskArm = Annotated[str, typer.Option("--arm", help="Arm of sharing of that scenario.")]
Advertise = Annotated[str, typer.Option(help="Name or address by which partners reach this host.")]
LeafPort = Annotated[
    int | None, typer.Option(min=1, max=65535, help="Port for partners, by default a free one.")
]


@app.command(epilog="Example: noroshi federation new USA --home usa --name keen --exercise")
def new(
    nation: Annotated[str, typer.Argument(help="Code of the nation, such as USA.", metavar="NATION")],
    home: HomeFolder,
    name: Annotated[str, typer.Option(help="Name of the federation.")],
    exercise: Annotated[
        bool, typer.Option("--exercise/--live", help="What its keys and messages are good for; never both.")
    ],
    epoch_utc: Annotated[
        str,
        typer.Option(help="The moment from which its members count seconds, by default today's midnight."),
    ] = "",
    advertise: Advertise = "127.0.0.1",
    leaf_port: LeafPort = None,
    policy: PolicyFile = None,
    scenario: DeskScenario = None,
    arm: DeskArm = "hub",
) -> None:
    """Found a federation: make the home of its first nation."""
    from noroshi.live import federation

    made = federation.make_home(
        home,
        nation,
        exercise=exercise,
        federation=name,
        epoch_utc=epoch_utc or federation.midnight(),
        policy=_policy(policy),
        advertise=advertise,
        ports={} if leaf_port is None else {"leaf_port": leaf_port},
        settings=_desk(scenario, arm),
    )
    typer.echo(f"{home}: home of {nation} in {name}, {_marking(made)}. Its fingerprint:")
    typer.echo(f"  {made.signer.public.fingerprint}")


@app.command(epilog="Example: noroshi federation invite JPN --home usa --out for-jpn.invitation")
def invite(
    nation: Annotated[str, typer.Argument(help="Who is invited, such as JPN.", metavar="NATION")],
    home: HomeFolder,
    out: OutFile,
    hours: Annotated[float, typer.Option(min=0.01, max=8784, help="How long it can be answered.")] = 72.0,
    as_json: AsJson = False,
) -> None:
    """Write a signed invitation, good once."""
    from noroshi.live import home as homes
    from noroshi.live import joining

    _may_write(out)
    invited = joining.invite(home, nation, hours)
    _write(out, invited.data)
    until = homes.iso(invited.body.expires_unix_s)
    if as_json:
        typer.echo(json.dumps({"file": str(out), "until": until, "fingerprint": invited.key.fingerprint}))
        return
    typer.echo(f"{out}: for {nation}, until {until}. Tell {nation} this fingerprint by voice:")
    typer.echo(f"  {invited.key.fingerprint}")


@app.command(epilog="Example: noroshi federation join for-jpn.invitation --home jpn --out jpn.request")
def join(
    invitation: Annotated[Path, typer.Argument(help="The invitation's file.", metavar="FILE")],
    home: HomeFolder,
    out: Annotated[
        Path | None, typer.Option(help="File to write, by default beside the invitation.", metavar="FILE")
    ] = None,
    nation: Annotated[
        str | None, typer.Option(help="Who joins, when it shall be made sure of.", metavar="NATION")
    ] = None,
    fingerprint: Fingerprint = "",
    advertise: Advertise = "127.0.0.1",
    leaf_port: LeafPort = None,
    policy: PolicyFile = None,
    scenario: DeskScenario = None,
    arm: DeskArm = "hub",
    as_json: AsJson = False,
) -> None:
    """Answer an invitation; makes the home where there is none."""
    from noroshi.live import joining

    invited = joining.read_invitation(invitation)
    _compare(fingerprint, invited.key.fingerprint, str(invitation), invited.sender, quiet=as_json)
    target = out or invitation.with_name(f"{invited.to}-to-{invited.sender}.request")
    _may_write(target)
    made: dict[str, Any] = {}
    if not (home / "node.toml").exists():
        ports = {} if leaf_port is None else {"leaf_port": leaf_port}
        made = {"policy": _policy(policy), "advertise": advertise, "ports": ports}
        made["settings"] = _desk(scenario, arm)
    joined = joining.join(invitation, home, nation=nation, **made)
    _write(target, joined.request)
    key = joined.home.signer.public
    if as_json:
        told = {"file": str(target), "nation": joined.home.nation, "partner": invited.sender}
        typer.echo(json.dumps({**told, "fingerprint": key.fingerprint, "new_home": joined.is_new}))
        return
    if joined.is_new:
        typer.echo(f"{home}: home of {joined.home.nation}, {_marking(joined.home)}.")
    typer.echo(f"{target}: give it to {invited.sender}, and this fingerprint by voice:")
    typer.echo(f"  {key.fingerprint}")
    _reload(joined.home, quiet=False)


@app.command(epilog="Example: noroshi federation accept jpn.request --home usa")
def accept(
    request: Annotated[
        Path, typer.Argument(help="The answer to an invitation, or a partner's notice.", metavar="FILE")
    ],
    home: HomeFolder,
    fingerprint: Fingerprint = "",
    as_json: AsJson = False,
) -> None:
    """Take in an answer: its nation is a partner from now on. Notices of partners are taken in too."""
    from noroshi.live import joining, letters, rotation
    from noroshi.live.home import load_home

    if letters.is_notice(request):
        notice = rotation.take_notice(home, request.read_bytes(), str(request))
        _reload(load_home(home), quiet=as_json)
        if notice.what in rotation.PASSED_ON:
            _tell(load_home(home), rotation.introduce(home, notice.partner), None, quiet=as_json)
        typer.echo(json.dumps(vars(notice), ensure_ascii=False) if as_json else f"{notice.said}.")
        return
    partner, _ = joining.read_request(request, home)
    _compare(fingerprint, partner.keys[0].fingerprint, str(request), partner.nation, quiet=as_json)
    changed, partner = joining.accept(request, home)
    reloaded = _reload(changed, quiet=as_json)
    _tell(changed, rotation.introduce(home, partner.nation, is_new=True), None, quiet=as_json)
    if as_json:
        told = {"partner": partner.nation, "fingerprint": partner.keys[0].fingerprint}
        typer.echo(json.dumps({**told, "server_reloaded": reloaded}))
        return
    typer.echo(f"{partner.nation} is a partner of {changed.nation}; its link is let in.")


@app.command(epilog="Example: noroshi federation check JPN --home usa")
def check(
    partner: Annotated[str, typer.Argument(help="The partner's code.", metavar="PARTNER")],
    home: HomeFolder,
    as_json: AsJson = False,
) -> None:
    """Try the border both ways while both nodes run: identity, labels, canaries, streams. Leaves with 1
    when something failed."""
    from noroshi.live import command, conformance
    from noroshi.live.home import load_home

    mine = load_home(home)
    _known(mine, partner)
    found = command.ask(mine, {"do": "check", "partner": partner}, conformance.LONGEST_S)
    if found is None:
        raise InputError(str(home), "", None, "has no running node.", f"noroshi node --config {home}.")
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        for line in found["lines"]:
            verdict = "passed" if line["passed"] else "FAILED"
            typer.echo(f"{verdict}  {line['side']}  {line['name']}: {line['said']}")
        if found["passed"]:
            typer.echo(f"{mine.nation} and {partner} conform; {found['minutes']:.1f} minutes to federate.")
        else:
            typer.echo(f"{mine.nation} and {partner} do NOT conform.")
    if not found["passed"]:
        raise typer.Exit(1)


@app.command(epilog="Example: noroshi federation rotate --home usa --out notices")
def rotate(
    home: HomeFolder,
    leaf: Annotated[
        str | None, typer.Option(help="The NKey of the link to this partner instead.", metavar="PARTNER")
    ] = None,
    tls: Annotated[bool, typer.Option("--tls", help="The server's certificate instead.")] = False,
    after_s: Annotated[
        float, typer.Option(min=0, max=864_000, help="A new signing key signs from then on, s.")
    ] = 600.0,
    overlap_s: Annotated[
        float, typer.Option(min=0, max=8_640_000, help="The old one counts for so long after that, s.")
    ] = 604_800.0,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for notices that a running node cannot send.", metavar="FOLDER"),
    ] = None,
) -> None:
    """Change keys: of signatures, of a link (--leaf), or of the server (--tls). Partners are told."""
    from noroshi.live import rotation

    if leaf is not None and tls:
        raise InputError("", "--tls", None, "has no place beside --leaf.", "Rotate one after the other.")
    if tls:
        _reload(rotation.rotate_tls(home), quiet=False)
        typer.echo("The server has a new certificate under the same CA; partners need not be told.")
        return
    if leaf is not None:
        mine, notices = rotation.rotate_leaf(home, leaf)
        _tell(mine, notices, out)
        _reload(rotation.switch_leaf(home, leaf), quiet=False)
        typer.echo(f"The link to {leaf} has a new NKey; restart the node, which dials with it.")
        return
    mine, notices = rotation.rotate(home, after_s, overlap_s)
    _tell(mine, notices, out)
    _ask_reload(mine)
    newest = max(mine.own_keys, key=lambda key: key.valid_from_s)
    typer.echo(f"Key {newest.kid} signs in {after_s:.0f} s. Its fingerprint, for who wants to compare:")
    typer.echo(f"  {newest.fingerprint}")


@app.command(epilog="Example: noroshi federation revoke 0123456789abcdef --home usa --reason 'laptop lost'")
def revoke(
    kid: Annotated[str, typer.Argument(help="Id of the key, as status shows it.", metavar="KID")],
    home: HomeFolder,
    reason: Annotated[str, typer.Option(help="Why, for the partners.")] = "",
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for notices that a running node cannot send.", metavar="FOLDER"),
    ] = None,
) -> None:
    """A key counts no more from now on: an own one, which partners are told, or one of a partner, here."""
    from noroshi.live import rotation

    mine, notices = rotation.revoke(home, kid, reason)
    _ask_reload(mine)
    _tell(mine, notices, out)
    typer.echo(f"Key {kid} counts no more.")


@app.command(epilog="Example: noroshi federation leave JPN --home usa")
def leave(
    partner: Annotated[str, typer.Argument(help="The partner's code.", metavar="PARTNER")],
    home: HomeFolder,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the notice, when it cannot be sent.", metavar="FOLDER")
    ] = None,
) -> None:
    """End the border with a partner; it is told."""
    from noroshi.live import rotation
    from noroshi.live.home import load_home

    _tell(load_home(home), rotation.leave(home, partner), out)
    _reload(rotation.forget(home, partner), quiet=False)
    _tell(load_home(home), rotation.introduce(home, partner), out)
    typer.echo(f"The border with {partner} is closed.")


@app.command(epilog="Example: noroshi federation status --home usa")
def status(home: HomeFolder, as_json: AsJson = False) -> None:
    """Show partners, links, and the ages and fingerprints of keys."""
    from noroshi.live import command, standing
    from noroshi.live.home import load_home

    mine = load_home(home)
    running = command.ask(mine, {"do": "status"})
    found = standing.standing(mine, None if running is None else running["links"])
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for line in standing.lines(found):
        typer.echo(line)


@app.command(
    name="init-exercise",
    epilog="Example: noroshi federation init-exercise --nations JPN,KOR,USA --out exercise",
)
def init_exercise(
    nations: Annotated[str, typer.Option(help="Codes of the nations, with commas.", metavar="A,B,C")],
    out: Annotated[Path, typer.Option(help="Folder to write: one home for each nation.", metavar="FOLDER")],
    mesh: Annotated[
        bool,
        typer.Option(
            "--mesh/--star", help="A line between each two, or from one to each: USA, else the first."
        ),
    ] = False,
    scenario: Annotated[
        str | None, typer.Option(help="Take lines, policies and desks from this scenario.", metavar="NAME")
    ] = None,
    arm: Annotated[str, typer.Option(help="The arm of that scenario.")] = "hub",
    seed: Annotated[int, typer.Option(min=0, max=2**53, help="Seed of that scenario.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Make all homes of a one-machine exercise; keys are marked EXERCISE, and no live node takes them."""
    from noroshi.live import federation

    codes = [one.strip() for one in nations.split(",") if one.strip()]
    if scenario is not None:
        if mesh:
            raise InputError(
                "", "--mesh", None, "has no place beside --scenario.", "Its --arm has the lines."
            )
        made = _played(scenario, codes, arm, seed, out)
    else:
        if len(codes) < 2:
            raise InputError("", "--nations", nations, "must name two nations or more, such as JPN,KOR,USA.")
        hub = "USA" if "USA" in codes else codes[0]
        links = federation.mesh(codes) if mesh else federation.star(codes, hub)
        made = federation.init_exercise(out, codes, links, federation.midnight(), {})
    if as_json:
        typer.echo(json.dumps({nation: str(home.folder) for nation, home in made.items()}))
        return
    for home in made.values():
        partners = ", ".join(home.partners) or "nobody"
        typer.echo(f"{home.folder}: {home.nation}, {_marking(home)}, linked with {partners}")


# -- what several of them do


def _marking(home: "Home") -> str:
    from noroshi.records.labels import marking

    return marking(home.exercise)


def _policy(path: Path | None) -> str | None:
    if path is None:
        return None
    from noroshi.catalogue import door

    return door.read_text(path, str(path))


def _desk(scenario: str | None, arm: str) -> dict[str, Any]:
    return {} if scenario is None else {"desk": {"scenario": scenario, "arm": arm}}


def _played(scenario: str, nations: list[str], arm: str, seed: int, out: Path) -> "dict[str, Home]":
    """Homes as noroshi exercise makes them."""
    from noroshi.catalogue.scenario import load_scenario
    from noroshi.cli import exercise

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(str(out), "", None, "is not empty.", "Choose another --out.")
    out.mkdir(parents=True, exist_ok=True)
    asked = load_scenario(scenario)
    (name,) = asked.named_arms([arm])
    played = exercise.narrowed(asked, ",".join(nations), out)
    return exercise.make_homes(played, name, seed, 1.0, out)


def _known(home: "Home", partner: str) -> None:
    if partner not in home.partners:
        known = ", ".join(home.partners) or "none"
        need = f"is no partner of {home.nation}."
        raise InputError(str(home.folder), "PARTNER", partner, need, f"Partners: {known}.")


def _may_write(path: Path) -> None:
    if path.exists():
        raise InputError(str(path), "", None, "is there already and is left alone.", "Choose another name.")
    if not path.parent.is_dir():
        raise InputError(str(path.parent), "", None, "is no folder.")


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise InputError(str(path), "", None, f"cannot be written: {error.strerror}.") from error


def _compare(told: str, found: str, where: str, nation: str, *, quiet: bool) -> None:
    """By the option, or by asking at a terminal; a file or a pipe is told what to do."""
    if told:
        if "".join(told.split()).lower() != found.replace(" ", ""):
            need = f"is the fingerprint in the file, and not the one that {nation} told you."
            raise InputError(
                where, "fingerprint", found, need, "Somebody may stand between you: do not go on."
            )
        return
    if quiet:
        return
    typer.echo(f"Compare with {nation} by voice, on a number that you know:\n  {found}")
    if sys.stdin.isatty() and not typer.confirm("Is it the same?"):
        raise InputError(where, "fingerprint", None, "is not the one that you expect; nothing was changed.")


def _reload(home: "Home", *, quiet: bool) -> bool:
    """Give a running server and node what changed; whether there was a server."""
    from noroshi.live import server

    reloaded = server.reload(home)
    if reloaded:
        _ask_reload(home)
    if reloaded and not quiet:
        typer.echo("The running server has it.")
    return reloaded


def _ask_reload(home: "Home") -> None:
    from noroshi.live import command

    command.ask(home, {"do": "reload"})


def _tell(home: "Home", notices: dict[str, bytes], out: Path | None, *, quiet: bool = False) -> None:
    """Send notices through the running node; those that cannot go are written as files."""
    from noroshi.live import command

    for partner, letter in notices.items():
        words = {"do": "tell", "partner": partner, "letter": base64.b64encode(letter).decode()}
        answer = command.ask(home, words, 40.0)
        if answer is not None and answer.get("told"):
            if not quiet:
                typer.echo(f"{partner} has been told.")
            continue
        folder = out if out is not None else home.outgoing_path
        folder.mkdir(exist_ok=True)
        path = folder / f"{home.nation}-to-{partner}.notice"
        number = 1
        while path.exists():
            number += 1
            path = folder / f"{home.nation}-to-{partner}-{number}.notice"
        _write(path, letter)
        said = f"{partner} could not be told: give it {path} (noroshi federation accept)"
        said += "." if out is not None else ", or start the node, which sends it."
        typer.echo(said, err=quiet)
