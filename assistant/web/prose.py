"""The words of an answer: paragraphs and lists, markers as links, key phrases strong.

All of it is text until `render` has escaped it; the offsets of the key phrases are resolved before.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import groupby

from assistant.types import Citation
from assistant.web import addresses, texts
from assistant.web.render import Html, clean, element, escape, join, page_name

# Two signs that stand for nothing in any text (Unicode noncharacters): a key phrase's start and end.
_FROM, _TO = "\ufdd0", "\ufdd1"
_PARTS = re.compile(rf"\[(?P<marker>\d{{1,3}})\]|{_FROM}(?P<key>[^{_FROM}{_TO}\n]*){_TO}")
_MARKER = re.compile(r"\[(\d{1,3})\]")
_NO_KEY = re.compile(r"[\r\n\x0b\x0c\x85\u2028\u2029]|\[\d{1,3}\]")  # what none may touch
_ITEM = re.compile(r"^\s*(?:[-*•–]|(\d{1,2})[.)])\s+(?=\S)")
_STRONG = re.compile(r"\*\*(?=\S)([^*]+?)(?<=\S)\*\*")
_TIP_CHARS = 160


def written(text: str, citations: Mapping[int, Citation], keys: Sequence[tuple[int, int]] = ()) -> Html:
    """Write paragraphs and list items, one a line; nothing else of Markdown is understood.

    A marker whose number has a citation becomes a link, any other stays as it is; `keys` are (start,
    end) offsets of key phrases in the text.
    """
    marked = clean(_with_keys(text, keys))
    lines = [_block(line, citations) for line in marked.split("\n") if line.strip()]
    blocks: list[Html] = []
    for kind, members in groupby(lines, key=lambda line: line[0]):
        these = [block for _, block in members]
        blocks += these if kind == "p" else [element(kind, *these)]
    return join(blocks)


def called(text: str) -> set[int]:
    """Give the numbers of the markers in a text."""
    return {int(number) for number in _MARKER.findall(text)}


def marker(citation: Citation) -> Html:
    """Write the link of one marker; pointing at it tells the source, following it opens the page."""
    quote = citation.quote if len(citation.quote) <= _TIP_CHARS else citation.quote[:_TIP_CHARS] + "…"
    tip = texts.MARKER_SOURCE.format(
        number=citation.number,
        title=citation.title,
        page=page_name(citation.page, citation.page_label),
        quote=" ".join(quote.split()),
    )
    return element(
        "a",
        f"[{citation.number}]",
        class_="marker",
        href=addresses.citation(citation),
        target="_blank",
        rel="noopener",
        title=tip,
    )


def _with_keys(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """Put a sign at both ends of each key phrase: offsets are of this text, before anything is
    cleaned or escaped. A phrase over a line break or a marker is let go."""
    if _FROM in text or _TO in text:
        return text
    taken = [found.span() for found in _NO_KEY.finditer(text)]
    for start, end in sorted(spans, reverse=True):
        if 0 <= start < end <= len(text) and not any(start < high and low < end for low, high in taken):
            text = f"{text[:start]}{_FROM}{text[start:end]}{_TO}{text[end:]}"
    return text


def _block(line: str, citations: Mapping[int, Citation]) -> tuple[str, Html]:
    """Write one line as a paragraph or as an item, and tell what it has to stand in."""
    sign = _ITEM.match(line)
    if sign is None:
        return "p", element("p", _line(line, citations), dir="auto")
    item = element("li", _line(line[sign.end() :], citations), value=sign[1])
    return "ol" if sign[1] else "ul", item


def _line(text: str, citations: Mapping[int, Citation]) -> Html:
    """Write one line: known markers as links, key phrases and `**words**` as strong, the rest as text."""
    parts: list[str] = []
    done = 0
    for found in _PARTS.finditer(text):
        citation = citations.get(int(found["marker"] or 0))
        before = text[done : found.start()]
        if found["key"] is not None:
            parts += [_strong(before), element("strong", found["key"], class_="key")]
        elif citation is not None:
            parts += [_strong(before.rstrip(" ")), marker(citation)]
        else:
            continue
        done = found.end()
    return join([*parts, _strong(text[done:])])


def _strong(text: str) -> Html:
    pieces = _STRONG.split(text)
    return join(element("strong", piece) if i % 2 else escape(piece) for i, piece in enumerate(pieces))
