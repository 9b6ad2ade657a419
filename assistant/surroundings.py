"""What a sound installation stands on: room, folders, limits, the clock, and settings that agree.

Looks only: nothing is made, written or sent.
"""

import os
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from assistant.config import Settings

MIB = 1024 * 1024
SPARE_BYTES = 64 * MIB  # of room, beside what is known to be needed
FILES_EACH = 4  # open files for each question that is answered or waits: connections, index, records
FILES_BESIDE = 256  # of the program itself
LEAST_SIGNS = 10  # different ones in a secret that nobody guesses
LATE_S = 300  # that a clock may be behind a build made elsewhere


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `text` says what it is and, where it is not sound, what to do."""

    sound: bool
    text: str


def folder(what: str, path: Path, setting: str) -> Finding:
    """Whether a folder can be written, or could be made. It is not made here."""
    there = _nearest(path)
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return Finding(True, f"{what}: {path}")
    told = f"{what}: {path} cannot be written. Give this user the folder, or name another in {setting}."
    return Finding(False, told)


def room(settings: Settings, build: Path | None) -> Iterator[Finding]:
    """Whether the next build, a server's own copy of the vectors, and the records find room."""
    copied = _size(build / "vectors") if build else 0
    temporary = Path(tempfile.gettempdir())
    for what, path, needed, setting in (
        ("the next build", settings.index, _size(build) if build else 0, "ASSISTANT_INDEX"),
        ("a server's copy of the vectors", temporary, copied, "TMPDIR"),
        ("audit lines", settings.audit, settings.audit_mib * MIB, "ASSISTANT_AUDIT"),
    ):
        free = shutil.disk_usage(_nearest(path)).free
        needed += SPARE_BYTES
        told = f"room for {what}: {free // MIB:,} MiB free at {path}"
        more = f", {needed // MIB:,} are needed. Make room, or name another place in {setting}."
        yield Finding(free >= needed, told if free >= needed else told + more)


def limits(settings: Settings) -> Finding:
    """Whether as many files can be open as people may ask at once."""
    asking = settings.answers_at_once + settings.answers_waiting
    needed = FILES_BESIDE + FILES_EACH * asking
    can = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if can == resource.RLIM_INFINITY or can >= needed:
        return Finding(True, f"open files: {can} for up to {asking} questions at once")
    return Finding(
        False,
        f"open files: {can}, but {asking} questions at once may need {needed}. Raise it (`ulimit -n`, "
        "LimitNOFILE=), or lower ASSISTANT_ANSWERS_WAITING.",
    )


def versions(record: Mapping[str, Any]) -> Finding:
    """The packages that a build was made with, beside those of today. The index has opened: so it is
    told, and no fault."""
    changed = [
        f"{name} {now}, at the build {then}"
        for name, then in sorted(record.get("versions", {}).items())
        if (now := _version(name)) != then
    ]
    return Finding(True, f"packages: {', '.join(changed) if changed else 'as at the build'}")


def clock(record_name: str) -> Finding:
    """A clock that is behind the build's is wrong: sign-ons, keys and tickets would be judged by it."""
    begun = datetime.strptime(record_name[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC).timestamp()
    if time.time() + LATE_S >= begun:
        return Finding(True, f"clock: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
    return Finding(
        False,
        f"clock: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, before the build was made. Set it (timedatectl).",
    )


def agreement(settings: Settings) -> Iterator[Finding]:
    """Settings that do not go together, or would not do what was meant."""
    secret, public = settings.secret.get_secret_value(), urlsplit(settings.public_url)
    signs = settings.sign_on
    wrong = {
        "ASSISTANT_SECRET is short or easily guessed. Set it to the output of `openssl rand -hex 32`.": secret
        and (len(secret) < 32 or len(set(secret)) < LEAST_SIGNS),
        "ASSISTANT_SECRET is empty: every start signs everybody off. Set it to the output of "
        "`openssl rand -hex 32`.": signs == "oidc" and not secret,
        "ASSISTANT_PUBLIC_URL is no https address: everybody on the way reads along. Let the proxy speak "
        "TLS.": settings.public_url and public.scheme != "https" and public.hostname not in _LOCAL,
        "ASSISTANT_PROXY_ADDRESSES is set, but ASSISTANT_SIGN_ON is not proxy: its sign-on headers are not "
        "believed. Set ASSISTANT_SIGN_ON=proxy, or unset it.": settings.proxy_addresses and signs == "none",
        "ASSISTANT_OIDC_ISSUER is set, but ASSISTANT_SIGN_ON is not oidc. Set it, or unset the "
        "issuer.": settings.oidc_issuer and signs != "oidc",
        "ASSISTANT_PROXY_USER_HEADER and ASSISTANT_PROXY_GROUPS_HEADER are the same. Name two.": (
            settings.proxy_user_header.lower() == settings.proxy_groups_header.lower()
        ),
        "ASSISTANT_LLM_FIRST_TOKEN_S is longer than ASSISTANT_LLM_TIMEOUT_S. Lower it.": (
            settings.llm_first_token_s > settings.llm_timeout_s
        ),
    }
    told = [text for text, is_wrong in wrong.items() if is_wrong]
    yield from (Finding(False, f"settings: {text}") for text in told)
    if not told:
        yield Finding(True, "settings: they agree with each other")


_LOCAL = ("localhost", "127.0.0.1", "::1")


def _nearest(path: Path) -> Path:
    """The folder itself, or the one above it that is there."""
    return next(place for place in (path, *path.absolute().parents) if place.exists())


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"
