"""What the server writes to its log, without secrets: keys, tokens and passwords become a few dots.

Whatever is logged passes here last, tracebacks, the words of other packages and what nobody caught
too. A record is one line as JSON; as text it is one line and, below it and indented, its traceback.
Does not cover: what a package prints past the log.
"""

import json
import logging
import os
import re
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from assistant import watching
from assistant.config import Settings

HIDDEN = "…"
LEAST_CHARS = 6  # shorter values would hide ordinary words
BESIDE = "    "  # before the lines of a traceback in text
TRACING_HEADERS = ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS")

# What tells of a person or opens a door, by how it looks: keys of ours, headers, passwords in an
# address, parameters of a sign-on, the unguessable part of a visit's address.
_SECRETS = re.compile(
    r"(?<=cta_)[\w-]{8,}"
    r"|(?i:(?<=bearer )|(?<=basic )|(?<=cookie: )|(?<=cookie', b'))[^\s'\"]{6,}"
    r"|(?<=://)[^\s/:@]+:[^\s/@]+(?=@)"
    r"|(?i:(?<=[?&]code=)|(?<=[?&]state=)|(?<=[?&]ticket=)|(?<=[?&]token=))[^\s&#'\"]+"
    r"|(?<=/visit/)[\w-]{8,}"
)


class Redacting(logging.Formatter):
    """A formatter whose lines hold no secret that looks like one, and none of the settings'."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._values = _values(settings)
        self._written = _as_json if settings.log == "json" else _as_text

    def format(self, record: logging.LogRecord) -> str:
        """The record on one line, or as text with its traceback below. What is hidden is hidden in
        each field before it is quoted, so that no quoting hides it from us."""
        told = {name: redacted(value, self._values) for name, value in self._told(record).items() if value}
        return self._written(told)

    def _told(self, record: logging.LogRecord) -> dict[str, str]:
        """The fields of a record; what callers add to it beside these is left out."""
        errand = watching.current()
        try:
            message = record.getMessage()
        except Exception:  # the arguments do not fit: the log itself would print them, secrets and all
            message = f"{record.msg} (and arguments that do not fit)"
        exception = self.formatException(record.exc_info) if record.exc_info else record.exc_text or ""
        stack = self.formatStack(record.stack_info) if record.stack_info else ""
        return {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": message,
            "request": errand.request,
            "trace": errand.trace,
            "exception": "\n".join(filter(None, (exception, stack))),
        }


def redacted(line: str, values: Sequence[str] = ()) -> str:
    """A line without what looks like a secret, and without these values."""
    for value in values:
        line = line.replace(value, HIDDEN)
    return _SECRETS.sub(HIDDEN, line)


def begin(settings: Settings) -> None:
    """Send this process's log to standard error, redacted; where a log was set up before, it is left."""
    if logging.getLogger().handlers:
        return
    handler = logging.StreamHandler()
    handler.setFormatter(Redacting(settings))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.captureWarnings(True)
    log = logging.getLogger("assistant")
    sys.excepthook = lambda kind, fault, trace: log.critical("not caught", exc_info=(kind, fault, trace))
    threading.excepthook = lambda told: log.error("a thread ended", exc_info=told.exc_value)
    sys.unraisablehook = lambda told: log.error("not caught", exc_info=told.exc_value)


def _as_json(told: dict[str, str]) -> str:
    """ASCII only: no sign in it ends a line for any reader."""
    return json.dumps(told)


def _as_text(told: dict[str, str]) -> str:
    """As people read it. A line that begins at the margin is a record's own: nothing that is said in a
    message, nor in an exception's, can begin one."""
    ids = "".join(f" [{told[name]}]" for name in ("request", "trace") if name in told)
    first = f"{told['time']} {told['level']} {told['logger']}{ids}: {told.get('message', '')}"
    below = told.get("exception", "").split("\n") if "exception" in told else []
    return "\n".join([_plain(first), *(BESIDE + _plain(line) for line in below)])


def _plain(line: str) -> str:
    """A line with every sign that is no letter, figure or mark written out: line breaks, escapes of a
    terminal, signs that turn the direction of what follows."""
    if line.isprintable():
        return line
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in line
    )


def _values(settings: Settings) -> list[str]:
    held: list[Any] = [getattr(settings, name) for name in type(settings).model_fields]
    told = [value.get_secret_value() for value in held if isinstance(value, SecretStr)]
    # Of a database's address only the password is one.
    secrets = [urlsplit(value).password or "" if "://" in value else value for value in told]
    pairs = ",".join(os.environ.get(name, "") for name in TRACING_HEADERS).split(",")
    secrets += [pair.partition("=")[2].strip() for pair in pairs]
    return sorted({value for value in secrets if len(value) >= LEAST_CHARS}, key=len, reverse=True)
