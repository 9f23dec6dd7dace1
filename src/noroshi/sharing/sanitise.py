"""Take from a message what its recipient may not have."""

import hashlib
from dataclasses import replace

from noroshi.records.messages import (
    FORMS,
    AlertNotice,
    ForecastReport,
    Message,
    Payload,
    TrackReport,
    nation_of,
)


def to_form(message: Message, form: str, new_id: str) -> Message:
    """The message in `form`; a derivative is called `new_id` and points back to what it came from.

    "whole" is the message itself. "elements" keeps launch point, path and impact point with their
    uncertainty, and names nations in place of sensors, everywhere. A message already in `form` is passed on
    as it is. Take `new_id` from the message's alone (not the recipient's): who hears it twice can then tell.
    Raises ValueError where `form` is unknown or would need more than the message still has.
    """
    if form not in FORMS:
        raise ValueError(f"form {form!r} is none of {', '.join(FORMS)}")
    if form == message.form:
        return message
    if FORMS.index(form) < FORMS.index(message.form):
        raise ValueError(f"message {message.id} is {message.form}: it cannot become {form} again")
    nations = {name: nation_of(name, message.origin) for name in message.provenance}
    sensors = {name: nation for name, nation in nations.items() if name != nation}
    return replace(
        message,
        id=_without(new_id, sensors),
        payload=_payload_without(message.payload, sensors),
        provenance=message.contributors,
        form=form,
        derived_from=_without(message.id, sensors),
    )


def _payload_without(payload: Payload, sensors: dict[str, str]) -> Payload:
    if isinstance(payload, TrackReport):
        return _path_without(payload, sensors)
    if isinstance(payload, ForecastReport):
        path = payload.path and _path_without(payload.path, sensors)
        said = tuple((_without(name, sensors), chance) for name, chance in payload.assessment)
        return replace(payload, track_id=_without(payload.track_id, sensors), path=path, assessment=said)
    if isinstance(payload, AlertNotice):
        return replace(payload, reason=_without(payload.reason, sensors))
    return payload


def _path_without(path: TrackReport, sensors: dict[str, str]) -> TrackReport:
    also = tuple(_without(name, sensors) for name in path.also)
    return replace(path, track_id=_without(path.track_id, sensors), also=also)


def _without(text: str, sensors: dict[str, str]) -> str:
    """`text` with the nation in place of each sensor; the longest first, for one name may hold another."""
    kept = text
    for name in sorted(sensors, key=len, reverse=True):
        kept = kept.replace(name, sensors[name])
    if any(name in kept for name in sensors):
        # Two names run into each other; what stays tells texts apart and nothing else.
        return hashlib.sha256(text.encode()).hexdigest()[:12]
    return kept
