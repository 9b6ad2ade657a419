"""Whose voice a quoted sentence has: "my Office", "I" and "the Network" told by name beside the answer.

Covers: what `index.references` is sure of. Does not cover: meetings where many speak, and whatever
stands in an annex or in quotation marks, where the speaker may be another.
"""

from collections.abc import Iterator, Sequence

from assistant import sayings
from assistant.context import Evidence, Source
from assistant.types import Citation
from index.references import Reference, first_person, references
from index.speakers import own_words

MOST_NOTES = 3


def voices(citations: Sequence[Citation], evidence: Evidence) -> tuple[str, ...]:
    """A sentence for each reference in the quotes that is sure and that they do not explain
    themselves: the words, the citations they stand in, and what they stand for."""
    told: dict[tuple[str, str], list[int]] = {}
    words_of: dict[tuple[str, str], str] = {}
    for citation in citations:
        source = evidence.sources[citation.document_id]
        for who, words, name in _references(citation, source):
            key = (who, name)
            words_of.setdefault(key, words)
            told.setdefault(key, []).append(citation.number)
    notes = []
    for key, numbers in told.items():
        listed = sayings.COMMA.join(f"[{number}]" for number in numbers)
        notes.append(sayings.STANDS_FOR.format(words=words_of[key], numbers=listed, name=key[1]))
    return tuple(notes[:MOST_NOTES])


def _references(citation: Citation, source: Source) -> Iterator[tuple[str, *Reference]]:
    """Each reference of a quote, and before it what it is told once for: "I" and "my" are one."""
    document = source.document
    if citation.start < len(own_words(source.text)):
        for words, name in first_person(citation.quote, document):
            if name != document.office:
                office = f"{sayings.COMMA}{document.office}" if document.office else ""
                yield "I", words, f"{name}{office}{_dated(source)}"
            elif document.speaker:
                speaks = sayings.OFFICE_SPEAKS.format(office=name, speaker=document.speaker)
                yield words, words, f"{speaks}{_dated(source)}"
            else:
                yield words, words, f"{name}{_dated(source)}"
    for words, name in references(citation.quote, source.text[: citation.end], document.title):
        if name.partition(" (")[0] not in citation.quote:
            yield words, words, name


def _dated(source: Source) -> str:
    return f" ({source.document.date})" if source.document.date else ""
