"""What a door took of one parcel of detections, and what it refused."""

from dataclasses import dataclass

from noroshi.errors import Refused
from noroshi.records.detections import Recorded


@dataclass(frozen=True)
class Taken:
    """Rows in the order in which they came, and a refusal for each that is not among them."""

    rows: tuple[Recorded, ...]
    refused: tuple[Refused, ...]
