"""What a refusal can tell: the words of a question that the papers do not have.

Covers: words as they were typed, neighbours joined to a phrase, small words left out. A word
counts as had where its stem, its acronym or long form, or the word it was read as stands there.
Does not cover: words that are had, but never together or in another sense. Everything is taken
from what the asker may read, so that a paper of another group and no paper at all tell the same.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant import sayings
from assistant.types import Answer
from index.concepts import Concept
from index.search import Index
from index.types import Hit

MOST_PHRASES = 4
_WORD = re.compile(r"[^\W_]+(?:[&/.’'-][^\W_]+)*")
# Words that no paper need have for a question to be answered.
_WEAK = frozenset(
    "get gets got getting want wants wanted wish mean means meant put puts take takes took taken make makes "
    "made add adds added given gives gave go goes went gone come comes came see seen say said tell told know "
    "known need needs use used like look happen happened currently today now far off out up down again still "
    "yet ever even every else anybody anyone anything somebody someone something nobody everybody everyone "
    "thing things way ways lot apart "
    "date dates subject subjects topic topics number amount share part parts body "
    "before after during between please maybe really actually exactly "
    "large big small long short old high great good".split()
)
_POSSESSIVE = re.compile(r"[’']s?$")


@dataclass(frozen=True, slots=True)
class Missing:
    """Words and phrases of a question, as typed and in its order, that none of the readable
    papers has; where these have all, those that none of the nearest passages has."""

    phrases: tuple[str, ...] = ()
    place: Literal["papers", "passages"] = "papers"


def missing_words(index: Index, text: str, hits: Sequence[Hit], groups: Collection[str]) -> Missing:
    """What of `text` is missing; `hits` are the nearest passages."""
    words = [word for match in _WORD.finditer(text) if (word := _Word.of(match, index))]
    found = index.concepts(text, groups)
    passages = [_terms_of(index, hit, groups) for hit in hits]
    known = index.known([t for c in found for form in c.alternatives for t in form], groups)
    far = [word for word in words if not any(_has(word, passage, found) for passage in passages)]
    absent = [word for word in far if not _in_papers(word, known, found)]
    chosen = absent or far
    return Missing(_phrases(text, chosen)[:MOST_PHRASES], "papers" if absent else "passages")


def missing_sentence(answer: Answer) -> str:
    """What an answer's `missing` tells, in a sentence of the language of the moment; "" where nothing is."""
    if not answer.missing:
        return ""
    *others, last = (sayings.QUOTED.format(text=phrase) for phrase in answer.missing)
    phrases = sayings.OR.format(others=sayings.COMMA.join(others), last=last) if others else last
    papers = answer.missing_from == "papers"
    said = sayings.MISSING_FROM_PAPERS if papers else sayings.MISSING_FROM_PASSAGES
    return said.format(phrases=phrases)


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    terms: tuple[str, ...]

    @classmethod
    def of(cls, match: "re.Match[str]", index: Index) -> "_Word | None":
        """A word of the question with its stems; None where it says nothing of what is asked."""
        bare = _POSSESSIVE.sub("", match[0])
        terms = () if bare.lower() in _WEAK else tuple(index.terms(bare))
        return cls(match.start(), match.start() + len(bare), terms) if terms else None


def _terms_of(index: Index, hit: Hit, groups: Collection[str]) -> frozenset[str]:
    """The stems of a passage, of the headings above it and of its paper's title."""
    document = index.document(hit.passage.document_id, groups)
    title = document.title if document else ""
    return frozenset(index.terms("\n".join((hit.passage.text, *hit.passage.heading_path, title))))


def _has(word: _Word, passage: frozenset[str], found: Sequence[Concept]) -> bool:
    forms = [form for c in _concepts_of(word, found) for form in c.alternatives]
    return passage.issuperset(word.terms) or any(passage.issuperset(form) for form in forms)


def _in_papers(word: _Word, known: Collection[str], found: Sequence[Concept]) -> bool:
    """Whether the papers have the word, or its long form. What merely resembles it counts only
    where it was found near: any word resembles some other in a large shelf."""
    if all(term in known for term in word.terms):
        return True
    forms = [form for c in _concepts_of(word, found) for form in c.alternatives[1:]]
    return any(len(form) > 1 and all(term in known for term in form) for form in forms)


def _concepts_of(word: _Word, found: Sequence[Concept]) -> list[Concept]:
    return [concept for concept in found if set(word.terms) <= set(concept.alternatives[0])]


def _phrases(text: str, words: Sequence[_Word]) -> tuple[str, ...]:
    """Words that stand side by side joined, each phrase once whatever its capitals."""
    spans: list[tuple[int, int]] = []
    for word in words:
        if spans and not text[spans[-1][1] : word.start].strip(" -"):
            spans[-1] = (spans[-1][0], word.end)
        else:
            spans.append((word.start, word.end))
    phrases = {text[start:end].lower(): text[start:end] for start, end in reversed(spans)}
    return tuple(reversed(phrases.values()))
