"""Lines of the log, for people or as JSON, each with the id of the request that it is about."""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from proxy.config import LogFormat

#: Id of the request that is worked on; empty outside of any.
request_id: ContextVar[str] = ContextVar("request_id", default="")
#: Attribute of a record that holds what else the line says.
FACTS = "facts"


class JsonLines(logging.Formatter):
    """One JSON object a line: `time`, `level`, `logger`, `message`, `request`, the facts of the record."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if identity := request_id.get():
            line["request"] = identity
        line.update(getattr(record, FACTS, {}))
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class ConsoleLines(logging.Formatter):
    """A line for people: time, level, logger, message, and the facts as `name=value`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        """The line, without what stands behind it of an error."""
        facts: dict[str, Any] = dict(getattr(record, FACTS, {}))
        if identity := request_id.get():
            facts.setdefault("request", identity)
        # What callers sent may not begin a line of its own.
        text = " ".join(
            [super().formatMessage(record), *(f"{name}={value}" for name, value in facts.items())]
        )
        return text.replace("\n", "\\n").replace("\r", "\\r")


class _Stderr(logging.Handler):
    """Writes to standard error as it is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            # Nobody is there to be told.
            pass


def set_up(level: str, style: LogFormat = LogFormat.CONSOLE) -> None:
    """Send the log to standard error in a style; what the server's library says goes the same way."""
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if isinstance(handler, _Stderr)]:
        root.removeHandler(old)
    handler = _Stderr()
    handler.setFormatter(JsonLines() if style is LogFormat.JSON else ConsoleLines())
    root.addHandler(handler)
    root.setLevel(level.upper())
    logging.getLogger("rasterio").setLevel(logging.ERROR)
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
