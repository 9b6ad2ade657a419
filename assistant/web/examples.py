"""Example questions, drawn from the documents the reader may see."""

import re
from collections.abc import Iterator, Sequence

from assistant.web import texts
from index.search import Index
from index.types import Document, Page

EXAMPLES = 4
LOOKED_AT = 8  # documents whose headings are read; the first screen must not wait for a whole library
PAGES_LOOKED_AT = 12
TITLE_CHARS = 70

_NUMBERING = re.compile(r"^(?:(?:chapter|part|section|annex|article)\s+)?(?:\d+(?:\.\d+)*|[IVXA-H])[.):]?\s+", re.I)
_EMPTY_HEADINGS = frozenset(
    "contents introduction summary conclusion conclusions foreword preface annex annexes references "
    "acknowledgements bibliography background glossary index abbreviations acronyms disclaimer "
    "overview contact notes appendix".split()
)


def example_questions(index: Index, groups: frozenset[str]) -> list[str]:
    """Make up to four questions, one a document; at least one where there is any document."""
    documents = index.documents(groups)
    questions: list[str] = []
    for document in _spread(documents, LOOKED_AT):
        pages = index.pages(document.id, groups)[:PAGES_LOOKED_AT]
        heading = next(_telling_headings(document, pages), None)
        if heading is not None:
            title = _shortened(document.title or document.path)
            questions.append(texts.EXAMPLE_SECTION.format(title=title, heading=heading))
        if len(questions) == EXAMPLES:
            return questions
    for document in documents[: EXAMPLES - len(questions)]:
        questions.append(texts.EXAMPLE_TITLE.format(title=_shortened(document.title or document.path)))
    return questions


def _spread(documents: Sequence[Document], count: int) -> Sequence[Document]:
    """Take some of a list, evenly, so that the examples are not all from the first shelf."""
    if len(documents) <= count:
        return documents
    return [documents[i * len(documents) // count] for i in range(count)]


def _telling_headings(document: Document, pages: Sequence[Page]) -> Iterator[str]:
    """Give the headings that can stand in a question: a few words, and more than a part's name."""
    for page in pages:
        for heading in page.headings:
            words = _NUMBERING.sub("", " ".join(heading.text.split())).rstrip(" .:;")
            named = words.lower()
            if not 8 <= len(words) <= 60 or not 2 <= len(words.split()) <= 8:
                continue
            if named in document.title.lower() or named.split()[0] in _EMPTY_HEADINGS:
                continue
            if any(sign in words for sign in "|@/\\?") or sum(sign.isdigit() for sign in words) > 4:
                continue
            yield _in_a_sentence(words)


def _in_a_sentence(words: str) -> str:
    """Lower a heading's capital letters where it is plainly in sentence case or all capitals."""
    first, *rest = words.split(" ")
    if words.isupper() and len(words) > 12:
        return words.lower()
    if first[1:].islower() and all(word.islower() for word in rest):
        return words[0].lower() + words[1:]
    return f"“{words}”"


def _shortened(title: str) -> str:
    title = " ".join(title.split())
    if len(title) <= TITLE_CHARS:
        return title
    return title[:TITLE_CHARS].rsplit(" ", 1)[0].rstrip(" ,:;–-") + "…"
