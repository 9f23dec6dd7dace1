"""Structured logs: one line of JSON, or of plain words, on standard error for each thing worth knowing."""

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

LOGGER = "noroshi"
# What a record of the standard library has by itself; all else was said with it.
_OWN = frozenset(logging.LogRecord("", 0, "", 0, "", (), None).__dict__) | {"message", "asctime", "taskName"}


class Json(logging.Formatter):
    """One JSON object a line: utc, level, node, event, and whatever was said with it."""

    def __init__(self, node: str) -> None:
        super().__init__()
        self.node = node

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        told = {
            "utc": _utc(record),
            "level": record.levelname.lower(),
            "node": self.node,
            "event": record.getMessage(),
            **_said(record),
        }
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False, default=str)


class Text(logging.Formatter):
    """The same for people."""

    def __init__(self, node: str) -> None:
        super().__init__()
        self.node = node

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        said = " ".join(f"{name}={value}" for name, value in _said(record).items())
        line = f"{_utc(record)} {self.node} {record.levelname.lower()}: {record.getMessage()} {said}".rstrip()
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def begin(
    node: str, form: str = "text", to: TextIO | None = None, level: int = logging.INFO
) -> logging.Logger:
    """Write what noroshi says to `to` (default: standard error) as "json" or "text"."""
    handler = logging.StreamHandler(to or sys.stderr)
    handler.setFormatter(Json(node) if form == "json" else Text(node))
    logger = logging.getLogger(LOGGER)
    logger.handlers = [handler]
    logger.setLevel(level)
    logger.propagate = False
    return logger


def say(event: str, level: int = logging.INFO, **fields: Any) -> None:
    """One line."""
    # Under one name: a field called "message" may not stand beside the record's own.
    logging.getLogger(LOGGER).log(level, event, extra={"said": fields})


def _said(record: logging.LogRecord) -> Mapping[str, Any]:
    told = {name: value for name, value in record.__dict__.items() if name not in _OWN}
    return {**told.pop("said", {}), **told}


def _utc(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
