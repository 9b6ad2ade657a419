"""A PDF whose end is missing, given one: its objects are there, and only the way to the first is lost.

Covers: files cut short (a broken download, a full disk) whose catalogue stands plainly in what is left.
Does not cover: a catalogue inside an object stream, and encrypted files, whose key went with the end.
"""

import re

_CATALOGUE = re.compile(rb"/Type\s*/Catalog\b")
_LOOKED_BACK = 4_000  # a catalogue names itself within so many bytes of its number
_END = b"\ntrailer\n<< /Root %b %b R /Size 99999999 >>\nstartxref\n0\n%%%%EOF\n"


def ended(data: bytes) -> bytes:
    """The file up to its last whole object, with a trailer that names its catalogue; nothing where
    none can be found. A reader that rebuilds the table of objects can open it."""
    if b"/Encrypt" in data:
        return b""
    found = list(_CATALOGUE.finditer(data))
    if not found:
        return b""
    at = found[-1].start()
    start = data.rfind(b" obj", max(0, at - _LOOKED_BACK), at)
    number = re.search(rb"(\d{1,8})\s+(\d{1,5})\Z", data[max(0, start - 20) : start]) if start > 0 else None
    if number is None:
        return b""
    whole = data[: data.rfind(b"endobj") + len(b"endobj")]
    return whole + _END % (number[1], number[2])
