"""Who asks: the only maker of Principals."""

from collections.abc import Iterable

from assistant.types import Principal

EVERYBODY = "all"


def local_principal(groups: Iterable[str] = ()) -> Principal:
    """Whoever sits at this machine, with the groups that were named on the command line.

    Without any, only what everybody may read is opened.
    """
    return Principal("local", frozenset(group.strip() for group in groups if group.strip()) | {EVERYBODY})
