"""A question's words as concepts: each with the other words that papers may use for it.

A concept is a word, an acronym or a name; its alternatives are sequences of stemmed words any
one of which stands for it: the acronym and its long form, the misspelt word and the word of
the papers that it resembles.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

Terms = tuple[str, ...]
Analyse = Callable[[str], list[str]]

MOST_FORMS = 8  # of a concept that are searched

_WORD = re.compile(r"[^\W_]+(?:[&/.’'-][^\W_]+)*")

# Words that ask, and say nothing of what is asked.
QUESTION_WORDS = tuple(
    "what which who whom whose when where why how many much do does did done doing can could should "
    "would shall may might must has have had having been were am i we you he she me us him your our "
    "my his her its theirs from about tell list name give say says said please any some other also "
    "than exactly under own them all each during within one ones so too very just only more most both "
    "kind kinds sort sorts get gets got getting go goes going put puts now still yet off".split()
)
# Ordinary words that are short forms only in capitals: SEE is South-East Europe, "see" is not.
_ONLY_IN_CAPITALS = frozenset("see car us it add aid aim who".split())
_POSSESSIVE = re.compile(r"[’'](?:s|S)?$")
_PLURAL_FORM = re.compile(r"(?P<form>[A-Z][A-Z&/.-]*[A-Z])s$")


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing a question asks about. `weight` is its rarity in what may be read; the first
    alternative is the question's own wording."""

    weight: float
    alternatives: tuple[Terms, ...]

    def coverage(self, terms: Collection[str]) -> float:
        """The largest share, 0 to 1, of one alternative's words that are among `terms`."""
        return max(
            sum(t in terms for t in alternative) / len(alternative) for alternative in self.alternatives
        )


@dataclass(frozen=True, slots=True)
class Language:
    """What is needed to read a question: the analyser, the rarity of words, the known forms
    (both ways, analysed) and the papers' words that resemble one they do not have."""

    analyse: Analyse
    rarity: Callable[[Sequence[str]], Mapping[str, float]]
    forms: Mapping[Terms, Sequence[Terms]]
    resembling: Callable[[str], Sequence[str]]


def concepts(text: str, language: Language) -> list[Concept]:
    """The concepts of a question, in order, each once."""
    words = [_POSSESSIVE.sub("", match[0]) for match in _WORD.finditer(text)]
    found: dict[Terms, list[Terms]] = {}
    at = 0
    while at < len(words):
        length, own, others = _longest_form(words, at, language)
        at += length
        if not own:
            continue
        alternatives = found.setdefault(own, [own])
        alternatives += [terms for terms in others if terms not in alternatives]
        if not others and len(own) == 1:
            alternatives += [(near,) for near in language.resembling(own[0]) if (near,) not in alternatives]
    if not found:
        return []
    rarity = language.rarity([term for forms in found.values() for form in forms for term in form])
    kept = [_likeliest(forms, rarity) for forms in found.values()]
    return [
        Concept(min(_weight(form, rarity) for form in _known(forms, rarity)), tuple(forms)) for forms in kept
    ]


def _likeliest(forms: Sequence[Terms], rarity: Mapping[str, float]) -> Sequence[Terms]:
    """The question's own form and the others in the papers' commonest words, MOST_FORMS at most: among 26,000
    papers one short form can have hundreds of long ones, and a search for all of them takes seconds."""
    if len(forms) <= MOST_FORMS:
        return forms
    others = sorted(forms[1:], key=lambda form: max(rarity[term] for term in form))
    return [forms[0], *others[: MOST_FORMS - 1]]


def _known(forms: Sequence[Terms], rarity: Mapping[str, float]) -> Sequence[Terms]:
    """The forms the papers use; where they use none, the question's own."""
    most = max(rarity.values())
    return [form for form in forms if all(rarity[t] < most for t in form)] or forms[:1]


def _weight(form: Terms, rarity: Mapping[str, float]) -> float:
    """A form of several words counts as more than its rarest word, and less than all of them."""
    ordered = sorted((rarity[term] for term in form), reverse=True)
    return ordered[0] + 0.3 * sum(ordered[1:3])


def _longest_form(words: Sequence[str], at: int, language: Language) -> tuple[int, Terms, Sequence[Terms]]:
    """How many words from `at` on make a known form, the form analysed, and its other forms;
    where there is none, one word."""
    longest = 1 if words[at] in _ONLY_IN_CAPITALS else min(12, len(words) - at)
    for length in range(longest, 0, -1):
        own = tuple(language.analyse(" ".join(words[at : at + length])))
        if length == 1 and own not in language.forms and (plural := _PLURAL_FORM.match(words[at])):
            own = tuple(language.analyse(plural["form"]))
        if own in language.forms and language.analyse(words[at]) and words[at] not in _ONLY_IN_CAPITALS:
            return length, own, language.forms[own]
    return 1, tuple(language.analyse(words[at])), ()


def coverage(found: Sequence[Concept], terms: Collection[str]) -> float:
    """The share of a question's concepts, by weight, that are among `terms`."""
    total = sum(concept.weight for concept in found)
    return sum(c.weight * c.coverage(terms) for c in found) / total if total else 0.0
