"""Where sentences begin and end, by offset.

Covers: prose in Latin, Cyrillic, Greek, Arabic and CJK punctuation; abbreviations, initials,
numbered paragraphs and decimal figures of official papers. Does not cover: text without
punctuation, which stays one sentence.
"""

import re

# Abbreviations after which a capital letter or a figure does not open a sentence.
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof gen col lt sgt capt sr jr st hon rev amb messrs mt ft fig figs no nos art arts para "
    "paras par pars sec secs ch chap vol vols pp p ed eds cf vs v al etc e.g i.e eg ie viz approx ca c dept "
    "univ inc ltd co corp jan feb mar apr jun jul aug sept sep oct nov dec res doc docs add rev corr suppl "
    "annex op cit ibid u.n u.s u.k e.u ph.d a.m p.m".split()
)
# Those that often do end a sentence: only a figure after them keeps the sentence open.
_ONLY_BEFORE_FIGURE = frozenset(
    "no nos art arts para paras par sec ch vol pp p fig etc co inc ltd add rev doc res".split()
)

LIST_ITEM = re.compile(r"(?:[-–•*▪◦]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)])\s+")
_ITEM_CHARS = 300  # what is longer is a numbered paragraph

_END = re.compile(
    r"""(?P<stop>[.!?…]+|[。！？؟۔])      # the sign that ends a sentence
        (?P<close>["'”’»)\]]*)           # what still belongs to it
        (?P<note>\d{1,2}(?=\s+[A-ZÀ-Þ]))?  # a footnote mark glued to the full stop
        (?P<gap>\s+|$)""",
    re.VERBOSE,
)
_OPENS = re.compile(r"""[“"'‘«(\[]*[^\W\d_a-zß-ÿа-яё]|[“"'‘«(\[]*\d|[-–•*]\s""")
_LAST_WORD = re.compile(r"[^\s(\[“\"'‘«]+$")


def is_list_item(line: str) -> bool:
    """Whether a block is an item of a list: it has a sign or a number, and is short."""
    return len(line) <= _ITEM_CHARS and LIST_ITEM.match(line) is not None


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Offsets (start, end) of the sentences of one block, in order, without outer blanks.

    The spans cover every character that is not white space.
    """
    spans: list[tuple[int, int]] = []
    start = len(text) - len(text.lstrip())
    for match in _END.finditer(text):
        end = match.start("gap")
        if end <= start or (match.end() < len(text) and not _ends_sentence(text, start, match)):
            continue
        spans.append((start, end))
        start = match.end()
    tail = len(text.rstrip())
    if tail > start:
        spans.append((start, tail))
    return spans


def _ends_sentence(text: str, start: int, match: re.Match[str]) -> bool:
    follows = text[match.end() : match.end() + 4]
    if match["stop"] in "。！？؟۔":
        return True
    if not _OPENS.match(follows):
        return False
    if match["stop"] != "." or match["close"]:
        return True
    word = _LAST_WORD.search(text, start, match.start("stop"))
    if word is None:
        return True
    bare = word[0].lower()
    if bare in _ONLY_BEFORE_FIGURE:
        return not follows[:1].isdigit()
    if bare in _ABBREVIATIONS or re.fullmatch(r"[A-Za-z]", bare):
        # "Mr.", "e.g.", an initial ("J. Smith"), a lettered item ("a. The").
        return False
    # "12. The Team": the number of a paragraph, not a sentence of one word.
    return not (bare.isdigit() and word.start() == start)
