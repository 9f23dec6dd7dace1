"""noroshi feed: detections from a file into the sensor door of a node that runs."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from noroshi.errors import InputError

if TYPE_CHECKING:
    from noroshi.live.home import Home
    from noroshi.records.detections import Recorded


def feed(
    file: Annotated[Path, typer.Argument(help="Detections, Parquet or JSON lines.", metavar="FILE")],
    home: Annotated[Path, typer.Option(help="The nation's home folder.", metavar="HOME")],
    sensor: Annotated[str, typer.Option(help="Only this sensor's; by default all.")] = "",
    now: Annotated[bool, typer.Option("--now", help="Tell times as if the first were now.")] = False,
) -> None:
    """Publish detections to the nation's own server, each when its second has come."""
    from dataclasses import replace

    from noroshi.catalogue.door import read_text
    from noroshi.formats import detections, detections_json
    from noroshi.live.clock import WallClock
    from noroshi.live.home import load_home

    nation = load_home(home)
    if file.suffix == ".parquet":
        try:
            rows = detections.decode(file.read_bytes(), str(file))
        except OSError as error:
            raise InputError(str(file), "", None, f"cannot be read: {error.strerror}.") from None
    else:
        rows = detections_json.decode(read_text(file, str(file)).encode(), str(file))
    rows = sorted((row for row in rows if sensor in ("", row.plot.sensor)), key=lambda row: row.plot.time_s)
    if not rows:
        raise InputError(str(file), "--sensor", sensor, "has no plot in this file.")
    if now:
        shift_s = WallClock(nation.epoch_unix_s).now_s() - rows[0].plot.time_s
        rows = [replace(row, plot=replace(row.plot, time_s=row.plot.time_s + shift_s)) for row in rows]
    count = asyncio.run(_publish(nation, rows))
    typer.echo(f"{count} plots published to {nation.nation}")


async def _publish(home: "Home", rows: "list[Recorded]") -> int:
    from nats.errors import Error as NatsError

    from noroshi.formats import detections_json
    from noroshi.live import feed
    from noroshi.live.clock import WallClock
    from noroshi.live.nats import NatsTransport

    try:
        async with asyncio.timeout(10):
            connection = await NatsTransport(home).national()
    except (NatsError, OSError, TimeoutError):
        need = "does not answer; start the node first."
        raise InputError(str(home.folder), "server", home.client_url, need) from None
    try:
        looks = feed.paced(rows, WallClock(home.epoch_unix_s))
        return await feed.publish(connection, looks, "jsonl", detections_json.encode)
    finally:
        await connection.close()
