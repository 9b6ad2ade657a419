"""Example questions, drawn from the documents the reader may see."""

import re
from collections.abc import Iterator, Sequence

from assistant.web import texts
from assistant.web.cards import PagesOf
from index.types import Document, Page

EXAMPLES = 4
LOOKED_AT = 8  # documents whose headings are read; the first screen must not wait for a whole library
PAGES_LOOKED_AT = 12
TITLE_CHARS = 90

_NUMBERING = re.compile(
    r"^(?:(?:chapter|part|section|annex|article)\s+)?(?:\d+(?:\.\d+)*|[IVXA-H])[.):]?\s+", re.IGNORECASE
)
_EMPTY_HEADINGS = frozenset(
    "contents introduction summary conclusion conclusions foreword preface annex annexes references "
    "acknowledgements bibliography background glossary index abbreviations acronyms disclaimer "
    "overview contact notes appendix".split()
)


def example_questions(documents: Sequence[Document], pages_of: PagesOf) -> list[str]:
    """Make up to four questions, one a document; at least one where there is any document."""
    questions: list[str] = []
    used: set[str] = set()
    for document in _spread(documents, LOOKED_AT):
        pages = pages_of(document.id)[:PAGES_LOOKED_AT]
        heading = next(telling_headings(document, pages), None)
        if heading is not None and len(questions) < EXAMPLES:
            used.add(document.id)
            questions.append(texts.EXAMPLE_SECTION.format(title=document_name(document), heading=heading))
    for document in documents:
        if document.id not in used and len(questions) < EXAMPLES:
            questions.append(texts.EXAMPLE_TITLE.format(title=document_name(document)))
    return questions


def _spread(documents: Sequence[Document], count: int) -> Sequence[Document]:
    """Take some of a list, evenly, so that the examples are not all from the first shelf."""
    if len(documents) <= count:
        return documents
    return [documents[i * len(documents) // count] for i in range(count)]


def telling_headings(document: Document, pages: Sequence[Page]) -> Iterator[str]:
    """Give the headings that can stand in a question."""
    for page in pages:
        for heading in page.headings:
            words = _NUMBERING.sub("", " ".join(heading.text.split())).rstrip(" .:;")
            if _tells(words) and words.lower() not in document.title.lower():
                yield words


def _tells(words: str) -> bool:
    """Judge whether a heading is a few plain words that say more than the name of a part."""
    if not (8 <= len(words) <= 60 and 2 <= len(words.split()) <= 8) or words[0].islower():
        return False
    if any(sign in words for sign in "|@/\\?") or sum(sign.isdigit() for sign in words) > 4:
        return False
    return words.lower().split()[0] not in _EMPTY_HEADINGS


def document_name(document: Document) -> str:
    """Give a document's name, short enough to stand in a question."""
    title = " ".join((document.title or document.path).split())
    if len(title) <= TITLE_CHARS:
        return title
    return title[:TITLE_CHARS].rsplit(" ", 1)[0].rstrip(" ,:;–-") + "…"
