"""The outbox: warnings first, order within a lane, nothing lost, whatever the line does."""

from hypothesis import given
from hypothesis import strategies as st

from noroshi.live.outbox import ROOM, WINDOW, Outbox, Parcel
from noroshi.records.messages import LANES

WARNING, TRACK, BULK = range(len(LANES))


def parcel(number: int, lane: int = WARNING, expires_s: float = 1e9, size: int = 10) -> Parcel:
    return Parcel(f"p{number}", f"m{number}", lane, expires_s, float(number), "rel", b"x" * size)


class Side:
    """The partner's side: its stream takes nothing after a gap, its node knows what it has already."""

    def __init__(self) -> None:
        self.last: tuple[str, int] | None = None
        self.held: dict[str, Parcel] = {}

    def take(self, shipment) -> bool:
        if shipment.after is not None and (shipment.after, shipment.run) != self.last:
            return False
        self.last = shipment.parcel.parcel_id, shipment.run
        self.held.setdefault(shipment.parcel.parcel_id, shipment.parcel)
        return True


FATES = st.sampled_from(("held", "held", "held", "lost", "receipt lost", "late"))


@given(
    lanes=st.lists(st.integers(0, 2), max_size=60),
    fates=st.lists(FATES, max_size=400),
    window=st.integers(1, 9),
)
def test_whatever_the_line_does_each_lane_arrives_whole_and_in_order(lanes, fates, window):
    box, side = Outbox(window), Side()
    sent = [parcel(number, lane) for number, lane in enumerate(lanes)]
    for one in sent:
        assert box.put(one)
    late = []
    while len(box):
        flight = []
        while shipment := box.next():
            flight.append(shipment)
        for shipment in flight:
            fate = fates.pop() if fates else "held"
            if fate == "late":
                late.append(shipment)
            if fate in ("held", "receipt lost") and side.take(shipment) and fate == "held":
                box.receipted(shipment.parcel.parcel_id)
            else:
                box.reset(shipment.run)
            if late and fate == "receipt lost":
                side.take(late.pop(0))  # what nobody awaits any more
    held = list(side.held.values())
    assert len(held) == len(sent)
    for lane in range(3):
        assert [one for one in held if one.lane == lane] == [one for one in sent if one.lane == lane]


@given(lanes=st.lists(st.integers(0, 2), min_size=1, max_size=40))
def test_warnings_go_before_tracks_and_tracks_before_bulk(lanes):
    box = Outbox()
    for number, lane in enumerate(lanes):
        box.put(parcel(number, lane))
    shipped = []
    while shipment := box.next():
        shipped.append(shipment.parcel.lane)
        box.receipted(shipment.parcel.parcel_id)
    assert shipped == sorted(lanes)


def test_a_warning_that_comes_later_waits_for_no_more_than_is_under_way():
    box = Outbox(window=4)
    for number in range(100):
        box.put(parcel(number, BULK))
    under_way = [box.next()]
    box.receipted(under_way[0].parcel.parcel_id)
    while shipment := box.next():
        under_way.append(shipment)
    box.put(parcel(1000, WARNING))
    box.receipted(under_way[1].parcel.parcel_id)
    assert box.next().parcel.message_id == "m1000"


def test_the_window_opens_with_receipts_and_a_reset_closes_it():
    box = Outbox()
    for number in range(1000):
        box.put(parcel(number))
    first = box.next()
    assert first.after is None
    assert box.next() is None  # one alone asks whether the way is open
    box.receipted(first.parcel.parcel_id)
    second, third = box.next(), box.next()
    assert (second.after, third.after) == ("p0", "p1")
    assert box.reset(second.run)
    assert not box.reset(third.run)  # of the same run: nothing new
    again = box.next()
    assert (again.parcel.parcel_id, again.after) == ("p1", None)
    for _ in range(WINDOW):
        box.receipted(again.parcel.parcel_id)
        flight = [again, *iter(box.next, None)]
        again = flight[-1]
    assert len(flight) <= WINDOW


def test_a_large_message_goes_although_it_is_larger_than_the_window():
    box = Outbox(window_bytes=100)
    box.put(parcel(0, size=500))
    box.put(parcel(1, size=500))
    assert box.next().parcel.parcel_id == "p0"
    assert box.next() is None
    box.receipted("p0")
    assert box.next().parcel.parcel_id == "p1"


def test_what_expires_while_it_waits_is_dropped_and_what_is_under_way_is_not():
    box = Outbox()
    for number, expires_s in enumerate((5.0, 5.0, 50.0)):
        box.put(parcel(number, WARNING, expires_s))
    first = box.next()
    assert [one.parcel_id for one in box.expire(6.0)] == ["p1"]
    box.reset(first.run)
    assert [one.parcel_id for one in box.expire(6.0)] == ["p0"]
    assert [one.parcel_id for one in box.parcels()] == ["p2"]
    assert box.expire(49.0) == []  # a warning that is still valid stays


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0, 100)), max_size=40), st.floats(0, 100))
def test_expiry_takes_exactly_what_is_past_it(rows, now_s):
    box = Outbox()
    for number, (lane, expires_s) in enumerate(rows):
        box.put(parcel(number, lane, expires_s))
    gone = {one.parcel_id for one in box.expire(now_s)}
    assert gone == {f"p{number}" for number, (_, expires_s) in enumerate(rows) if expires_s < now_s}
    assert len(box) == len(rows) - len(gone)


def test_a_receipt_that_comes_late_counts_although_the_message_waits_to_be_sent_again():
    box = Outbox()
    box.put(parcel(0))
    box.reset(box.next().run)
    assert box.receipted("p0").message_id == "m0"
    assert len(box) == 0
    assert box.receipted("p0") is None


def test_bulk_is_held_before_tracks_and_warnings_never():
    box = Outbox()
    for number in range(ROOM[BULK]):
        assert box.room(BULK)
        box.put(parcel(number, BULK))
    assert [box.room(lane) for lane in range(3)] == [True, True, False]
    for number in range(ROOM[BULK], ROOM[TRACK]):
        box.put(parcel(number, TRACK))
    assert [box.room(lane) for lane in range(3)] == [True, False, False]


def test_the_same_parcel_is_taken_once():
    box = Outbox()
    assert box.put(parcel(0))
    assert not box.put(parcel(0))
    box.next()
    assert not box.put(parcel(0))


def test_the_oldest_that_waits_tells_how_late_the_line_is():
    box = Outbox()
    assert box.oldest_s() is None
    for number, lane in ((3, BULK), (7, WARNING), (9, WARNING)):
        box.put(parcel(number, lane))
    assert box.oldest_s() == 3.0
    assert box.next().parcel.message_id == "m7"
    assert box.oldest_s() == 3.0
