"""What waits for one partner: lanes, a window, expiry. It does nothing itself and knows no clock."""

import heapq
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from noroshi.records.messages import LANES

# Under way at once. A warning waits behind these at most; at 600 ms there and back it still makes 200/s.
WINDOW = 128
WINDOW_BYTES = 1 << 20
# How many may wait before a lane takes no more: bulk first, tracks far later, warnings never.
ROOM = (None, 50_000, 5_000)


@dataclass(frozen=True)
class Parcel:
    """One sealed message for one partner.

    `parcel_id` is made of the bytes, so that the very same message is one parcel however often it is sent.
    `expires_s` is in seconds after the epoch; `queued_s` by whatever clock the caller measures waiting with.
    """

    parcel_id: str
    message_id: str
    lane: int
    expires_s: float
    queued_s: float
    subject: str
    data: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Shipment:
    """A parcel to be sent now, `after` the parcel named (None: the partner need not look).

    `run` counts the resets: what an earlier run failed to ship says nothing about this one.
    """

    parcel: Parcel
    after: str | None
    run: int


class Outbox:
    """Order within a lane is the order of `put`; lanes are served in their order.

    After a reset one parcel goes alone, without a predecessor; each receipt opens the window by one more. All
    later ones name the one before them, and the partner's side takes none that comes after a gap: what is
    sent again is sent from the first one missing. What comes twice is recognised by its bytes.
    """

    def __init__(self, window: int = WINDOW, window_bytes: int = WINDOW_BYTES) -> None:
        self._window, self._window_bytes = window, window_bytes
        self._waiting: tuple[OrderedDict[str, Parcel], ...] = tuple(OrderedDict() for _ in LANES)
        self._under_way: OrderedDict[str, Parcel] = OrderedDict()
        self._under_way_bytes = 0
        self._expiries: list[tuple[float, str, int]] = []
        self._last: str | None = None
        self._open = 1
        self.run = 0

    def __len__(self) -> int:
        return sum(len(lane) for lane in self._waiting) + len(self._under_way)

    def __contains__(self, parcel_id: object) -> bool:
        return parcel_id in self._under_way or any(parcel_id in lane for lane in self._waiting)

    def parcels(self) -> Iterator[Parcel]:
        """All that has no receipt yet: first what is under way, then lane by lane."""
        yield from self._under_way.values()
        for lane in self._waiting:
            yield from lane.values()

    def waiting(self, lane: int) -> int:
        """How many of a lane have not been sent, or are to be sent again."""
        return len(self._waiting[lane])

    def room(self, lane: int) -> bool:
        """Whether the lane takes one more; lower lanes are full earlier, and warnings always go."""
        limit = ROOM[lane]
        return limit is None or len(self) < limit

    def oldest_s(self) -> float | None:
        """When the one that has waited longest was put in, by the caller's clock."""
        fronts = [next(iter(lane.values())) for lane in (*self._waiting, self._under_way) if lane]
        return min((parcel.queued_s for parcel in fronts), default=None)

    def put(self, parcel: Parcel) -> bool:
        """Take one in; False where it is here already."""
        if parcel.parcel_id in self:
            return False
        self._waiting[parcel.lane][parcel.parcel_id] = parcel
        heapq.heappush(self._expiries, (parcel.expires_s, parcel.parcel_id, parcel.lane))
        return True

    def next(self) -> Shipment | None:
        """The next to send, or None while the window is full or nothing waits."""
        if len(self._under_way) >= self._open:
            return None
        lane = next((lane for lane in self._waiting if lane), None)
        if lane is None:
            return None
        parcel = next(iter(lane.values()))
        if self._under_way and self._under_way_bytes + len(parcel.data) > self._window_bytes:
            return None
        del lane[parcel.parcel_id]
        self._under_way[parcel.parcel_id] = parcel
        self._under_way_bytes += len(parcel.data)
        after, self._last = self._last, parcel.parcel_id
        return Shipment(parcel, after, self.run)

    def receipted(self, parcel_id: str) -> Parcel | None:
        """The partner's side holds it; None where that is known already (or it has expired meanwhile)."""
        parcel = self._under_way.pop(parcel_id, None)
        if parcel is not None:
            self._under_way_bytes -= len(parcel.data)
            self._open = min(self._open + 1, self._window)
            return parcel
        # The receipt of an earlier run, while it waits to be sent again.
        for lane in self._waiting:
            if parcel_id in lane:
                return lane.pop(parcel_id)
        return None

    def reset(self, run: int) -> bool:
        """Something of `run` did not arrive: all that is under way will be sent again, in its old order.

        False where that run is over already.
        """
        if run != self.run:
            return False
        for parcel_id in reversed(self._under_way):
            parcel = self._under_way[parcel_id]
            lane = self._waiting[parcel.lane]
            lane[parcel_id] = parcel
            lane.move_to_end(parcel_id, last=False)
        self._under_way.clear()
        self._under_way_bytes, self._last, self._open = 0, None, 1
        self.run += 1
        return True

    def expire(self, now_s: float) -> list[Parcel]:
        """Drop and return what waits past its expiry; what is under way is left to its receipt."""
        gone = []
        kept = []
        while self._expiries and self._expiries[0][0] < now_s:
            expiry = heapq.heappop(self._expiries)
            _, parcel_id, lane = expiry
            parcel = self._waiting[lane].pop(parcel_id, None)
            if parcel is not None:
                gone.append(parcel)
            elif parcel_id in self._under_way:
                kept.append(expiry)
        for expiry in kept:
            heapq.heappush(self._expiries, expiry)
        return gone
