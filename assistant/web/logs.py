"""What the server writes to its log, without secrets: keys, tokens and passwords become a few dots.

Whatever is logged passes here last, tracebacks and the words of other packages too.
"""

import logging
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from pydantic import SecretStr

from assistant.config import Settings

HIDDEN = "…"
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
LEAST_CHARS = 6  # shorter values would hide ordinary words

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
        super().__init__(FORMAT)
        self._values = _values(settings)

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record), self._values)


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


def _values(settings: Settings) -> list[str]:
    held = [getattr(settings, name) for name in type(settings).model_fields]
    told = [value.get_secret_value() for value in held if isinstance(value, SecretStr)]
    # Of a database's address only the password is one.
    secrets = [urlsplit(value).password or "" if "://" in value else value for value in told]
    return [value for value in secrets if len(value) >= LEAST_CHARS]
