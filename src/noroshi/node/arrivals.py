"""In which order a node takes in what reaches it in one second, simulated or live."""

from noroshi.records.detections import Sighting
from noroshi.records.messages import Message

Place = tuple[float, int, str]


def place(arrives_s: float, item: Message | Sighting) -> Place:
    """Where an item stands among what arrives: by time, people's reports first, then by name.

    Names alone decide what comes at one moment, for who wrote first is known to nobody who receives.
    """
    return arrives_s, int(isinstance(item, Message)), item.id
