"""Does a written sentence say what its quote says? Checks that need no language model.

Covers: figures, dates, names, negations, opposites and roles that disagree; letters of a script that
the quote has none of; addresses and markup, which no written sentence may hold; clauses that the quote
does not carry, by words and by meaning.
Does not cover: entailment; a false sentence made of the quote's own words may pass. Figures measured
on tests/corpus/support.jsonl stand at the thresholds.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from assistant.particulars import dates, figures, folded, initials, is_named, names, says_date, words

Weigh = Callable[[str], dict[str, float]]  # the words of a text that carry meaning, by rarity
Cosine = Callable[[str, str], float]  # nearness in meaning of two texts

LEAST_SHARED = 0.4  # of a sentence's words, by rarity, that must stand in or around its quote
LEAST_CLAUSE_SHARED = 0.25  # the same of each clause
LEAST_CLAUSE_ALIKE = 0.55  # … or else its cosine
LEAST_ALIKE = 0.45  # cosine of a sentence and its quote
PARAPHRASE_ALIKE = 0.6  # a cosine that makes up for few shared words
LEAST_PARAPHRASE_SHARED = 0.2  # … as long as so many are shared

# Of any kind, and also as people write them to be mended by hand: `evil.example`, `evil[.]example`.
_ADDRESS = re.compile(
    r"/\s*/|\\\\|\w\s?@\s?\w|\[\.\]|\b(?:javascript|vbscript|data|file|mailto|tel):\S|"
    r"\bwww\.|\b[a-z0-9-]{2,}(?:\.[a-z0-9-]{2,})*\.[a-z]{2,}\b"
)
_MARKUP = re.compile(r"\]\(|<[a-zA-Z/!]|!\[|`")
_CLAUSE = re.compile(r"[;:—()]|\s–\s|,?\s(?:and|but|which|who|while|whereas|because|although|so that)\s|,\s")
_NEGATOR = re.compile(
    r"\b(?:not|never|no|none|neither|nor|without|cannot|nobody|nothing|hardly|refus(?:ed|es|e)|"
    r"fail(?:ed|s)? to|\w+n[’']t)\b",
    re.IGNORECASE,
)
# Said with a negator, meant without one.
_PLAIN = [
    (re.compile(form, re.IGNORECASE), plain)
    for form, plain in (
        (r"\b(?:not?|never) (?:less|fewer) than\b", "at least"),
        (r"\b(?:not?|never) more than\b|\bnot exceeding\b", "at most"),
        (r"\b(?:not?|never) later than\b", "by"),
        (r"\b(?:at no (?:cost|charge)|without (?:charge|cost)|free of (?:charge|cost))\b", "free"),
        (r"\bcosts? (\w+ )?nothing\b", "is free"),
        (r"\bnot only\b", "also"),
    )
]
_SCOPE_WORDS = 5  # words after a negator that it is taken to deny
_OPPOSITES = [
    (re.compile(rf"\b(?:{one})", re.IGNORECASE), re.compile(rf"\b(?:{other})", re.IGNORECASE))
    for one, other in (
        (r"increas|rose\b|rises?\b|grew\b|grow", r"decreas|fell\b|falls?\b|declin|shrank|drop"),
        (r"before\b|prior to\b", r"after\b|following\b"),
        (r"more than\b|over\b|above\b|at least\b", r"less than\b|fewer than\b|under\b|below\b|at most\b"),
        (r"begin|began\b|begun\b|start|open(?:s|ed|ing)?\b", r"end(?:s|ed|ing)?\b|clos(?:ed|es|ing)\b|ceas"),
        (r"allow|permit|authori[sz]", r"prohibit|forbid|forbad|ban(?:s|ned)?\b"),
        (r"accept|approv|adopt|endors", r"reject|refus|oppos"),
        (r"mandatory\b|compulsory\b|obligatory\b|must\b", r"voluntary\b|optional\b|may\b"),
        (r"support(?:s|ed)?\b", r"oppos"),
        (r"success", r"fail|unsuccess"),
        (r"public(?:ly)?\b", r"confidential|classified|secret"),
        (r"all\b|every\b", r"some\b|few\b|half\b|most\b"),
        (r"permanent", r"temporar|interim\b"),
        (r"import", r"export"),
        (r"male\b|men\b", r"female\b|women\b"),
        (r"first\b", r"last\b"),
    )
]


@dataclass(frozen=True)
class Quote:
    """A passage's exact sentence and what a reader sees around it: `titled` (title, date,
    headings) and `before` (the sentences before it, which "it" and "they" point to)."""

    text: str
    titled: str = ""
    before: str = ""

    @cached_property
    def everything(self) -> str:
        return f"{self.titled}\n{self.before}\n{self.text}"

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(words(self.everything))

    @cached_property
    def short_forms(self) -> frozenset[str]:
        return initials(self.everything)


@dataclass(frozen=True, slots=True)
class Support:
    """The standard that a written sentence is held to."""

    weigh: Weigh
    cosine: Cosine | None = None

    def fault(self, sentence: str, quote: Quote) -> str:
        """What is wrong with a sentence, in one word; "" where the quote supports it."""
        return disagreement(sentence, quote) or self._uncarried(sentence, quote)

    def shared(self, sentence: str, text: str) -> float:
        """Share of a sentence's meaning-carrying words, by rarity, that stand in a text."""
        return _share(self.weigh(sentence), self.weigh(text))

    def _uncarried(self, sentence: str, quote: Quote) -> str:
        there = self.weigh(quote.everything)
        shared = _share(self.weigh(sentence), there)
        alike = self.cosine(sentence, quote.text) if self.cosine else None
        if alike is not None and alike < LEAST_ALIKE:
            return "meaning"
        paraphrase = alike is not None and alike >= PARAPHRASE_ALIKE and shared >= LEAST_PARAPHRASE_SHARED
        if shared < LEAST_SHARED and not paraphrase:
            return "words"
        for clause in _CLAUSE.split(sentence):
            own = self.weigh(clause)
            if len(own) < 2 or _share(own, there) >= LEAST_CLAUSE_SHARED:
                continue
            if self.cosine is None or self.cosine(clause, quote.text) < LEAST_CLAUSE_ALIKE:
                return "clause"
        return ""


def _share(own: Mapping[str, float], there: Mapping[str, float]) -> float:
    total = sum(own.values())
    return sum(weight for word, weight in own.items() if word in there) / total if total else 0.0


def disagreement(sentence: str, quote: Quote) -> str:
    """The first kind of particular in which a sentence and its quote disagree, or ""."""
    if _MARKUP.search(sentence) or _ADDRESS.search(sentence):
        return "address"  # also one that the paper has: who wrote the paper may want to lure its readers
    if scripts(sentence) - scripts(quote.everything):
        return "script"  # nothing of it stands in the quote, so nothing of it can be checked
    known = f"{quote.titled}\n{quote.text}"
    told = dates(known) | {(int(v), 0, 0) for v, _ in figures(known) if v.isdigit()}  # 1800 for 1,800
    if any(not says_date(date, told) for date in dates(sentence)):
        return "date"
    if not _figures_agree(sentence, known):
        return "figure"
    if any(not is_named(name, quote.words, quote.short_forms) for name in names(sentence)):
        # The sentence may write out what the quote shortens.
        if not {f for f in initials(sentence) if len(f) > 2} & frozenset(names(quote.everything)):
            return "name"
    written, source = _plainly(sentence), _plainly(quote.text)
    if _negation_differs(written, source):
        return "negation"
    if _is_opposite(written, source):
        return "opposite"
    return "roles" if _roles_swapped(written, source) else ""


def scripts(text: str) -> set[str]:
    """The scripts that a text's letters are of, by the first word of their Unicode names."""
    letters = {sign for sign in unicodedata.normalize("NFKC", text) if sign.isalpha()}
    return {unicodedata.name(letter, "").partition(" ")[0] for letter in letters}


def _plainly(text: str) -> str:
    for form, plain in _PLAIN:
        text = form.sub(plain, text)
    return text


def _figures_agree(sentence: str, known: str) -> bool:
    there = figures(known)
    values = {value for value, _ in there} | {str(part) for date in dates(known) for part in date if part}
    units = {value: {u for v, u in there if v == value} for value in values}
    return all(
        value in values and (not unit or unit in units[value] or "" in units[value])
        for value, unit in figures(sentence)
        if not says_date((int(value), 0, 0) if value.isdigit() else (0, 0, 1), dates(known))
    )


def _denied(text: str) -> list[set[str]]:
    """For each negator of a text, the longer words of what it denies."""
    scopes = []
    for match in _NEGATOR.finditer(text):
        rest = re.split(r"[.,;:]|\b(?:and|but)\b", text[match.end() :], maxsplit=1)[0]
        scopes.append({word[:5] for word in words(rest)[:_SCOPE_WORDS] if len(word) > 3})
    return scopes


def _negation_differs(sentence: str, quote: str) -> bool:
    written, source = _denied(sentence), _denied(quote)
    if written and not source:
        return True
    # A long quote may deny something that the sentence leaves out: only what both speak of counts.
    own = {word[:5] for word in words(sentence)}
    spoken_of = [scope for scope in source if scope and len(scope & own) >= 0.6 * len(scope)]
    return bool(spoken_of) and not written


def _is_opposite(sentence: str, quote: str) -> bool:
    for pair in _OPPOSITES:
        for one, other in (pair, pair[::-1]):
            if (
                one.search(sentence)
                and other.search(quote)
                and not (one.search(quote) or other.search(sentence))
            ):
                return True
    return False


def _roles_swapped(sentence: str, quote: str) -> bool:
    """Whether two names stand in the other order around the same verb, both times in one voice."""
    written, source = folded(sentence), folded(quote)
    known = list(dict.fromkeys(folded(name) for name in names(sentence)))
    for number, a in enumerate(known):
        for b in known[number + 1 :]:
            between, across = _between(written, a, b), _between(source, b, a)
            if between is None or across is None or _between(source, a, b) is not None:
                continue
            verbs = {w[:5] for w in words(between) if len(w) > 3} & {w[:5] for w in words(across)}
            if verbs and (" by " in between) == (" by " in across):
                return True
    return False


def _between(text: str, first: str, second: str) -> str | None:
    start = re.search(rf"\b{re.escape(first)}\b", text)
    end = start and re.search(rf"\b{re.escape(second)}\b", text[start.end() :])
    return text[start.end() : start.end() + end.start()] if start and end else None
