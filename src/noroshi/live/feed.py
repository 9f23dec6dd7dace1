"""Feeds a node: publishes what a sensor reports to the door of the nation's own server."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from noroshi.errors import InputError
from noroshi.live.clock import Clock
from noroshi.records.detections import Recorded

# Plots of one parcel: with some 300 bytes each well below what a server takes at once.
MOST = 2_000

Encode = Callable[[Sequence[Recorded]], bytes]


def looks(rows: Iterable[Recorded], most: int = MOST) -> Iterator[list[Recorded]]:
    """Rows in parcels of one sensor and one whole second each, in their order."""
    for _, group in groupby(rows, key=lambda row: (row.plot.sensor, int(row.plot.time_s))):
        look = list(group)
        for start in range(0, len(look), most):
            yield look[start : start + most]


async def paced(rows: Iterable[Recorded], clock: Clock) -> AsyncIterator[list[Recorded]]:
    """The parcels, each when its second is over."""
    for look in looks(rows):
        await clock.sleep_until(max(row.plot.time_s for row in look))
        yield look


async def publish(connection: Any, looks: AsyncIterator[list[Recorded]], form: str, encode: Encode) -> int:
    """Publish parcels as `sense.<sensor>.<form>` over an open connection; how many plots went out."""
    count = 0
    async for look in looks:
        sensor = look[0].plot.sensor
        if not sensor or set(sensor) & set(".*> \t\r\n"):
            raise InputError("detections", "sensor", sensor, "must be a name without dots and spaces.")
        await connection.publish(f"sense.{sensor}.{form}", encode(look))
        count += len(look)
    await connection.flush()
    return count
