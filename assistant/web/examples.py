"""Example questions, drawn from the documents the reader may see; `rehearsal` asks them first."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest

from assistant.web import texts
from assistant.web.cards import PagesOf
from index.types import Document, Page

EXAMPLES = 4
LOOKED_AT = 12  # documents whose headings are read; the first screen must not wait for a whole library
PAGES_LOOKED_AT = 12
OF_ONE = 3  # questions about one document
TITLE_CHARS = 90
BRIEF_CHARS = 60

_NUMBERING = re.compile(
    r"^(?:(?:chapter|part|section|annex|article)\s+)?(?:\d+(?:\.\d+)*|[IVX]+|[A-H])[.):]?\s+", re.IGNORECASE
)
_EMPTY_HEADINGS = frozenset(
    "contents introduction summary conclusion conclusions foreword preface annex annexes references "
    "acknowledgements bibliography background glossary index abbreviations acronyms disclaimer "
    "overview contact notes appendix article articles artikel".split()
)
_GREETINGS = frozenset("excellencies excellency ladies dear distinguished mr ms mrs madam sir".split())


@dataclass(frozen=True, slots=True)
class Example:
    """A question, and the document it is about."""

    document_id: str
    question: str


def candidates(documents: Sequence[Document], pages_of: PagesOf) -> Iterator[Example]:
    """Give questions to choose from, the best first: one a document in turn, then further ones.

    A heading that is a question is asked as it is. Papers with a short name go first: a question
    that quotes a long one is no example to follow.
    """
    brief = [document for document in documents if len(document_name(document)) <= BRIEF_CHARS]
    long = [document for document in documents if len(document_name(document)) > BRIEF_CHARS]
    looked_at = [*_spread(brief, LOOKED_AT), *_spread(long, LOOKED_AT)]
    turns = (list(_about(document, pages_of(document.id)[:PAGES_LOOKED_AT])) for document in looked_at)
    for example in chain.from_iterable(zip_longest(*turns)):
        if example is not None:
            yield example
    for document in looked_at:
        yield Example(document.id, texts.EXAMPLE_TITLE.format(title=document_name(document)))


def _about(document: Document, pages: Sequence[Page]) -> Iterator[Example]:
    asked = [h.text.strip() for page in pages for h in page.headings if h.text.strip().endswith("?")]
    questions = [words for words in asked if 3 <= len(words.split()) <= 16 and words[0].isupper()]
    sections = (
        texts.EXAMPLE_SECTION.format(title=document_name(document), heading=heading)
        for heading in telling_headings(document, pages)
    )
    for question in islice(dict.fromkeys(chain(questions, sections)), OF_ONE):
        yield Example(document.id, question)


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
    if not (12 <= len(words) <= 60 and 2 <= len(words.split()) <= 8) or words[0].islower():
        return False
    if words.endswith(",") or words.lower().split()[0].strip(",") in _GREETINGS:
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
