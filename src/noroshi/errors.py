"""Every exception of the project.

NoroshiError
├── InputError      what came through a door (file, message, command) cannot be used
├── FlightError     no flight of the family meets the figures
└── Refused         a border or a node will not take what it was handed, with a code that is counted
"""


class NoroshiError(Exception):
    """Base of all errors that the project raises on purpose."""


class InputError(NoroshiError):
    """Something at the door is wrong: says where, which field, what we got, what would do."""

    def __init__(self, where: str, field: str, got: object, need: str, hint: str = "") -> None:
        self.where, self.field, self.got, self.need, self.hint = where, field, got, need, hint
        shown = f" = {got!r}" if got is not None else ""
        place = ": ".join(part for part in (where, field) if part) + shown
        super().__init__(f"{place}\n  {need}" + (f" {hint}" if hint else ""))

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        """As it was made: the text alone would not make it again in another process."""
        return type(self), (self.where, self.field, self.got, self.need, self.hint)


class FlightError(NoroshiError):
    """No flight of the family meets the figures; the text says which one and how far off."""


class Refused(NoroshiError):
    """What a partner or a sensor handed over is not taken: `code` is counted, `reason` is for people."""

    def __init__(self, code: str, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(f"{code}: {reason}")

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        """As it was made, in another process too."""
        return type(self), (self.code, self.reason)
