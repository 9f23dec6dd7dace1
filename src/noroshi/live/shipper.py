"""Brings what is in one partner's outbox to its side, until there is a receipt for each."""

import asyncio
import logging
from collections.abc import Callable

from noroshi.live.outbox import Outbox, Parcel, Shipment
from noroshi.live.transport import AFTER, Transport, Unreachable

# After a failed shipment, s: short, for it is one small message that asks whether the way is open again.
RETRY_S = (0.05, 0.1, 0.2, 0.4)

_LOG = logging.getLogger(__name__)


class Shipper:
    """`receipted` hears of each parcel that the partner's side has, `failed` of each attempt without receipt.

    `incarnation` is another one for each process of this nation.
    """

    def __init__(
        self,
        partner: str,
        transport: Transport,
        incarnation: str,
        receipted: Callable[[str, Parcel], None],
        failed: Callable[[str], None],
    ) -> None:
        self.partner, self.box = partner, Outbox()
        self._transport, self._incarnation = transport, incarnation
        self._receipted, self._failed = receipted, failed
        self._wake = asyncio.Event()
        self._failures = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, parcel: Parcel) -> None:
        """Ship it when its turn comes."""
        self.box.put(parcel)
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                self._wake.clear()
                while shipment := self.box.next():
                    task = asyncio.create_task(self._ship(shipment))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
                await self._wake.wait()
                if self._failures:
                    await asyncio.sleep(RETRY_S[min(self._failures, len(RETRY_S)) - 1])
        finally:
            for task in self._tasks:
                task.cancel()

    async def _ship(self, shipment: Shipment) -> None:
        parcel, headers = shipment.parcel, dict(shipment.parcel.headers)
        # Named anew in each run: what an earlier run still has on the line follows nothing of this one.
        run = f"{self._incarnation}.{shipment.run}"
        if shipment.after is not None:
            headers[AFTER] = f"{shipment.after}.{run}"
        try:
            name = f"{parcel.parcel_id}.{run}"
            await self._transport.ship(self.partner, parcel.subject, name, parcel.data, headers)
        except Unreachable as error:
            self._failed(self.partner)
            if self.box.reset(shipment.run):
                self._failures += 1
                _LOG.debug("to %s: %s", self.partner, error)
        else:
            self._failures = 0
            if self.box.receipted(parcel.parcel_id) is not None:
                self._receipted(self.partner, parcel)
        self._wake.set()
