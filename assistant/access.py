"""Who asks: the only maker of Principals. Every door of the program comes here.

Covers: what makes a person and their groups of what a way in has already proved. Does not cover:
the proof itself (`web/sign_on.py`, `records/keys.py`).
"""

import unicodedata
from collections.abc import Iterable, Mapping

from assistant.errors import NotSignedOn
from assistant.types import Principal
from index.types import EVERYBODY, NOBODY

LOCAL = "local"
ID_CHARS = 200  # of a person's name; longer ones are no names
GROUPS = 500  # of one person
GROUP_CHARS = 200


def local_principal(groups: Iterable[str] = ()) -> Principal:
    """Whoever sits at this machine, with the groups that were named on the command line.

    Without any, only what everybody may read is opened.
    """
    return Principal(LOCAL, _cleaned(groups))


def signed_on_principal(
    way: str, name: object, groups: object, scope: Mapping[str, tuple[str, ...]] | None = None
) -> Principal:
    """A person that a way in has proved: `way` keeps the same name from two ways apart.

    `groups` is a list of names, or one text with commas; `scope` are the filters that the way in is
    bound to. Raises NotSignedOn for what is no name.
    """
    if not isinstance(name, str) or not name.strip() or len(name) > ID_CHARS or not _printable(name):
        raise NotSignedOn(f"{way}: no usable name of a person came with the request. Check the sign-on.")
    told = groups.split(",") if isinstance(groups, str) else groups if isinstance(groups, list) else []
    named = _cleaned(each for each in told if isinstance(each, str))
    return Principal(f"{way}:{name.strip()}", named, scope or {})


def _cleaned(groups: Iterable[str]) -> frozenset[str]:
    """Names of groups as the manifest has them: trimmed; odd ones are dropped, which opens nothing."""
    named = (group.strip() for group in groups)
    kept = [group for group in named if 0 < len(group) <= GROUP_CHARS and _printable(group)]
    # Nobody is in the group that stands for nobody, whatever a sign-on tells.
    return frozenset(group for group in kept[:GROUPS] if group.casefold() != NOBODY) | {EVERYBODY}


def _printable(text: str) -> bool:
    return not any(unicodedata.category(sign).startswith("C") for sign in text)
