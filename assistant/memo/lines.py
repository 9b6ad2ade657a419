"""Single lines fit for any file: no breaks, no characters that XML forbids, no unsound addresses."""

import re
from collections.abc import Sequence
from urllib.parse import quote

from assistant import sayings

_MOST_LISTED = 6
_SPACE = re.compile(r"\s")
# What XML 1.0 forbids, what no reader can see, and what turns the text around it.
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_REST = r"[A-Za-z0-9._~%!$&'()*+,;=:@/?-]*"
_ADDRESS = re.compile(rf"https?://{_LABEL}(?:\.{_LABEL})*(?::\d{{1,4}})?(?:/{_REST}(?:#{_REST})?)?")


def one_line(text: str) -> str:
    """A text without breaks, doubled blanks and characters that a file may not hold."""
    return " ".join(printable(text).split())


def printable(text: str) -> str:
    """The text with every white space a blank, and nothing that XML or a reader cannot take."""
    return _SURROGATE.sub("\ufffd", _INVISIBLE.sub("", _SPACE.sub(" ", text)))


def listed(words: Sequence[str]) -> str:
    """The first words of a list, and how many more there are."""
    more = len(words) - _MOST_LISTED
    listed = sayings.COMMA.join(words[:_MOST_LISTED])
    return sayings.AND_MORE.format(listed=listed, count=more) if more > 0 else listed


def address(url: str) -> str:
    """An address fit for a link in any file, "" where it is none.

    Word calls a whole file damaged for one address that it cannot read, so only plain http and
    https addresses pass; other letters than ASCII are written as percent signs say them.
    """
    written = quote(one_line(url).encode("utf-8", "replace"), safe="%!#$&'()*+,/:;=?@~[]")
    return written if len(written) <= 2000 and _ADDRESS.fullmatch(written) else ""
