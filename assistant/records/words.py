"""Words as the search compares them: without case and accents.

Covers: every script; a word is found inside a longer one, which also serves scripts without
spaces. Does not cover: stems, synonyms, spelling mistakes.
"""

import unicodedata

MOST_WORDS = 20
WORD_CHARS = 100


def fold(text: str) -> str:
    """Text without case and accents, for comparing: `Écoles` and `ecoles` become the same."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(sign for sign in apart if unicodedata.category(sign) != "Mn")
    return unicodedata.normalize("NFC", storable(bare))


def words_of(query: str) -> list[str]:
    """The folded words of what was typed into a search box, at most 20."""
    return [word[:WORD_CHARS] for word in fold(query).split()][:MOST_WORDS]


def storable(text: str) -> str:
    """Text that every database takes: no half of a surrogate pair, no NUL."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
