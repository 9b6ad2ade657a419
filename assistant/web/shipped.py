"""The files that are shipped for the viewer's pages: our scripts and style, and PDF.js.

Their address holds a stamp of all their bytes, so a browser may keep them for good and still
gets new ones after an upgrade.
"""

import hashlib
from functools import cache
from pathlib import Path

from fastapi import Response
from fastapi.responses import FileResponse

HERE = Path(__file__).parent
ADDRESS = "viewer"
KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".pfb": "application/octet-stream",
    ".ttf": "font/ttf",
}
STAMP_CHARS = 12
# A worker obeys the policy of its own script: it may load decoders and fonts from here, no more.
POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
FOR_GOOD = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


@cache
def files() -> dict[str, Path]:
    """What is shipped, by its path below this folder; nothing else is ever served."""
    found = (file for folder in ("static", "vendor") for file in sorted((HERE / folder).rglob("*")))
    return {file.relative_to(HERE).as_posix(): file for file in found if file.suffix in KINDS}


@cache
def stamp() -> str:
    """A short sum of all names and bytes that are shipped."""
    total = hashlib.sha256()
    for name, file in files().items():
        total.update(name.encode() + b"\0" + file.read_bytes())
    return total.hexdigest()[:STAMP_CHARS]


def address(name: str) -> str:
    """Where a shipped file is found, from the folder the chat stands in."""
    return f"{ADDRESS}/{stamp()}/{name}"


def answer(asked_stamp: str, name: str) -> Response | None:
    """One shipped file, None where there is no such file; of another stamp it is not to be kept."""
    file = files().get(name)
    if file is None:
        return None
    kept = FOR_GOOD if asked_stamp == stamp() else ASK_AGAIN
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": kept}
    return FileResponse(file, media_type=KINDS[file.suffix], headers=headers)
