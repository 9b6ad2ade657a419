"""What the server gives browsers to keep: sealed cookies, which nobody else can read or write.

So no server remembers sign-ons, and several workers with the same ASSISTANT_SECRET work as one.
Covers: the keys, the seal, a value spread over several cookies, which attributes they carry. Does not
cover: what is kept in them.

Attributes by mode. Over https: the name begins with `__Host-`, `Secure; HttpOnly; SameSite=Lax;
Path=/`: a browser takes it from this host only and sends it with no request that another site makes,
except when a reader follows a link. Over https with ASSISTANT_INTRANET_ORIGINS: `SameSite=None;
Partitioned` instead, so that a page of another site can frame us; each such site has cookies of its
own (a sign-on in a window does not count in a frame there), and the guard refuses what other sites
send. Over http (this machine only): a plain name, `SameSite=Lax`, no `Secure`.
"""

import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from assistant.config import Settings
from assistant.errors import BadSetting

SECRET_CHARS = 32
PART_CHARS = 3500  # of one cookie's value; browsers drop a cookie of more than 4,096 bytes


class TooLarge(Exception):
    """A value that does not fit into the cookies it may fill."""


def key(settings: Settings, purpose: str) -> bytes:
    """A key of 32 bytes from ASSISTANT_SECRET, another one for each purpose.

    Without a secret it is random and holds for this call only. Raises BadSetting for a short secret.
    """
    secret = settings.secret.get_secret_value()
    if secret and len(secret) < SECRET_CHARS:
        raise BadSetting(
            f"ASSISTANT_SECRET has {len(secret)} characters and needs {SECRET_CHARS} or more. "
            "Set it to the output of `openssl rand -hex 32`."
        )
    material = secret.encode() if secret else secrets.token_bytes(32)
    return HKDF(SHA256(), 32, salt=None, info=f"ct-assistant {purpose}".encode()).derive(material)


@dataclass(frozen=True, slots=True)
class Jar:
    """One kind of sealed cookie. `name` is without prefix; `seconds` is how long it is good for;
    `parts` is how many cookies one value may fill: proxies take 8 kB of them in all."""

    name: str
    seal: Fernet
    seconds: int
    parts: int
    secure: bool  # served over https
    framed: bool  # by pages of other sites

    @classmethod
    def of(cls, settings: Settings, name: str, seconds: int, parts: int = 1) -> "Jar":
        """The jar of the settings; its name is the purpose of its key. Raises BadSetting."""
        secure = settings.public_url.startswith("https:")
        seal = Fernet(urlsafe_b64encode(key(settings, name)))
        return cls(name, seal, seconds, parts, secure, secure and bool(settings.intranet_origins.strip()))

    def put(self, value: Mapping[str, Any], now: float, suffix: str = "") -> list[str]:
        """Seal a value: `Set-Cookie` lines, also for parts that a longer value left behind.

        Raises TooLarge.
        """
        sealed = self.seal.encrypt_at_time(json.dumps(dict(value)).encode(), int(now)).decode()
        parts = [sealed[start : start + PART_CHARS] for start in range(0, len(sealed), PART_CHARS)]
        if len(parts) > self.parts:
            raise TooLarge
        lines = [self._line(number, suffix, part, self.seconds) for number, part in enumerate(parts)]
        return lines + [self._line(number, suffix, "", 0) for number in range(len(parts), self.parts)]

    def get(self, cookies: Mapping[str, str], now: float, suffix: str = "") -> dict[str, Any] | None:
        """Open what was sealed here no longer than `seconds` ago; None for anything else."""
        parts: list[str] = []
        while len(parts) < self.parts and (part := cookies.get(self._name(len(parts), suffix))):
            parts.append(part)
        sealed = "".join(parts)
        if not sealed or not sealed.isascii() or any(len(part) > PART_CHARS for part in parts):
            return None
        try:
            value = json.loads(self.seal.decrypt_at_time(sealed.encode(), self.seconds, int(now)))
        except (InvalidToken, ValueError):
            return None
        return value if isinstance(value, dict) else None

    def clear(self, suffix: str = "") -> list[str]:
        """`Set-Cookie` lines that take the value away."""
        return [self._line(number, suffix, "", 0) for number in range(self.parts)]

    def suffixes(self, cookies: Mapping[str, str]) -> list[str]:
        """The suffixes under which a browser holds something of this kind."""
        start, end = self._name(0, "\n").split("\n")
        return [
            name[len(start) : -len(end)] for name in cookies if name.startswith(start) and name.endswith(end)
        ]

    def _name(self, number: int, suffix: str) -> str:
        return f"{'__Host-' if self.secure else ''}ct-{self.name}{suffix}-{number}"

    def _line(self, number: int, suffix: str, value: str, seconds: int) -> str:
        where = "SameSite=None; Partitioned" if self.framed else "SameSite=Lax"
        secure = "; Secure" if self.secure else ""
        return f"{self._name(number, suffix)}={value}; Max-Age={seconds}; Path=/; HttpOnly{secure}; {where}"
