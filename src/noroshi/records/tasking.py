"""What a cue changes: where a radar puts its energy."""

from dataclasses import dataclass

from jaxtyping import Bool, Float

from noroshi.earth.arrays import Array
from noroshi.records.pytree import record


@record
class Tasking:
    """Up to M cued directions, azimuth and elevation in rad with a half-width, and the search fence.

    An object inside a valid cue is looked at with the track's energy; any other only while `searching`. A
    cue that is asked for and not `served` found no time left for it. `swept_rad` is the azimuth where the
    beam of a turning antenna stands when the look begins and how far it turns in it; 2 pi or more is a look
    all round.
    """

    centre_rad: Float[Array, "M 2"]
    half_width_rad: Float[Array, "M"]
    valid: Bool[Array, "M"]
    served: Bool[Array, "M"]
    searching: Bool[Array, ""]
    swept_rad: Float[Array, "2"]


@dataclass(frozen=True)
class Cue:
    """A node's word to one of its radars: look there until `until_s`, and why.

    What coasts steadily needs fewer looks than what may burn, turn or get lost. What is `urgent` goes before
    the rest where there is no time for all.
    """

    sensor: str
    track: str
    azimuth_rad: float
    elevation_rad: float
    half_width_rad: float
    steady: bool
    until_s: float
    because: str
    urgent: bool = False
