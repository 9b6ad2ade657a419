"""The body of a Word document, walked once: blocks, list numbers, footnotes, page breaks."""

import re
from typing import Any

from index.cleaning import RawPage
from index.paragraphs import Line
from index.reading.hidden import WordStyles, told
from index.types import Hidden

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
# Removed or moved text, and what is drawn rather than written.
_DROPPED = frozenset({f"{_W}del", f"{_W}moveFrom", f"{_W}rPr", f"{_W}pPr", _FALLBACK, f"{_W}instrText"})
_SIGNS = {f"{_W}tab": " ", f"{_W}cr": " ", f"{_W}noBreakHyphen": "-"}
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_MAX_DEPTH = 60


class WordWalk:
    """Gathers the pages of one document; used once."""

    def __init__(self, document: Any) -> None:
        self._body = document.element.body
        self._lists = _Lists(document)
        self._levels = _heading_levels(document)
        self._notes = _footnotes(document)
        self._styles = WordStyles(document)
        self.hidden: list[Hidden] = []
        self._pages: list[list[Line]] = [[]]
        self._pending: list[Line] = []  # footnotes of the page in hand
        self._note_number = 0
        self._last_break = ""

    def pages(self) -> list[RawPage]:
        self._container(self._body, 0)
        self._pages[-1].extend(self._pending)
        return [RawPage(number, tuple(lines)) for number, lines in enumerate(self._pages, start=1)]

    def _container(self, element: Any, depth: int) -> None:
        if depth > _MAX_DEPTH:
            return
        for child in element:
            if child.tag == f"{_W}p":
                self._paragraph(child, depth)
            elif child.tag == f"{_W}tbl":
                self._table(child)
            elif child.tag not in _DROPPED and child.tag != f"{_W}sectPr":
                self._container(child, depth + 1)

    def _paragraph(self, paragraph: Any, depth: int) -> None:
        properties = paragraph.find(f"{_W}pPr")
        level = self._level(properties)
        if _is_on(properties, "pageBreakBefore"):
            self._break("explicit")
        pieces, boxes = self._pieces(paragraph)
        sign = self._lists.sign(properties, bool("".join(pieces).strip()))
        for i, piece in enumerate(pieces):
            if i:
                self._break(piece[:1])
            text = piece[1:] if i else piece
            if text.strip():
                self._add(Line(sign + text, level))
                sign = ""
        for box in boxes:
            self._container(box, depth + 1)
        section = properties.find(f"{_W}sectPr") if properties is not None else None
        if section is not None:
            kind = section.find(f"{_W}type")
            if kind is None or kind.get(f"{_W}val") != "continuous":
                self._break("explicit")

    def _pieces(self, paragraph: Any) -> tuple[list[str], list[Any]]:
        """(text between page breaks, text boxes); a piece after a break begins with its kind,
        `r` where Word only recorded it and `e` where someone put it."""
        pieces, boxes = [""], []
        stack = list(reversed(paragraph))
        while stack:
            node = stack.pop()
            tag = node.tag
            if tag in _DROPPED or not isinstance(tag, str):
                continue
            if tag == f"{_W}r" and (how := self._styles.way(node)):
                text = "".join(part.text or "" for part in node.iter(f"{_W}t"))
                if text.strip():
                    self.hidden.append(told(len(self._pages), how, text))
                    continue
            if tag == f"{_W}txbxContent":
                boxes.append(node)
            elif tag == f"{_W}t":
                pieces[-1] += node.text or ""
            elif tag in _SIGNS:
                pieces[-1] += _SIGNS[tag]
            elif tag == f"{_W}lastRenderedPageBreak":
                pieces.append("r")
            elif tag == f"{_W}br":
                if node.get(f"{_W}type") == "page":
                    pieces.append("e")
                else:
                    pieces[-1] += " "
            elif tag == f"{_W}footnoteReference":
                pieces[-1] += self._note(node.get(f"{_W}id"))
            else:
                stack.extend(reversed(node))
        return pieces, boxes

    def _note(self, note_id: str | None) -> str:
        text = self._notes.get(note_id or "")
        if not text:
            return ""
        self._note_number += 1
        raised = str(self._note_number).translate(_RAISED)
        self._pending.append(Line(f"{raised} {text}"))
        return raised

    def _add(self, line: Line) -> None:
        self._pages[-1].append(line)
        self._last_break = ""

    def _break(self, kind: str) -> None:
        # Word records a break again where one was put; and none comes before the first word.
        recorded = kind.startswith("r")
        if recorded and (self._last_break or not (self._pages[-1] or len(self._pages) > 1)):
            return
        if not recorded and self._last_break == "r":
            return
        if not (self._pages[-1] or self._pending or len(self._pages) > 1):
            return
        self._pages[-1].extend(self._pending)
        self._pending = []
        self._pages.append([])
        self._last_break = kind[:1]

    def _table(self, table: Any) -> None:
        for row in _children(table, "tr"):
            if next(row.iter(f"{_W}lastRenderedPageBreak"), None) is not None:
                self._break("r")
            cells = []
            for cell in _children(row, "tc"):
                merged = cell.find(f"{_W}tcPr/{_W}vMerge")
                going_on = merged is not None and merged.get(f"{_W}val") != "restart"
                texts = ("".join(self._pieces(p)[0]) for p in cell.iter(f"{_W}p"))
                cells.append("" if going_on else " ".join(" ".join(texts).split()))
            if any(cells):
                self._add(Line(" | ".join(cells)))

    def _level(self, properties: Any) -> int:
        if properties is None:
            return 0
        own = properties.find(f"{_W}outlineLvl")
        if own is not None and own.get(f"{_W}val", "9").isdecimal() and int(own.get(f"{_W}val")) < 9:
            return int(own.get(f"{_W}val")) + 1
        style = properties.find(f"{_W}pStyle")
        return self._levels.get(style.get(f"{_W}val"), 0) if style is not None else 0


class _Lists:
    """Counts the numbered paragraphs as Word would show them."""

    def __init__(self, document: Any) -> None:
        self._formats: dict[tuple[str, int], tuple[str, str, int]] = {}
        self._counts: dict[tuple[str, int], int] = {}
        self._abstract: dict[str, str] = {}
        self._styles: dict[str, Any] = {
            style.get(f"{_W}styleId"): style.find(f"{_W}pPr/{_W}numPr")
            for style in document.styles.element.iter(f"{_W}style")
        }
        root = _related(document, "numbering")
        if root is None:
            return
        for abstract in root.iter(f"{_W}abstractNum"):
            for level in abstract.iter(f"{_W}lvl"):
                kind, text, start = (_value(level, tag) for tag in ("numFmt", "lvlText", "start"))
                place = (abstract.get(f"{_W}abstractNumId"), int(level.get(f"{_W}ilvl", "0")))
                self._formats[place] = (kind, text, int(start) if start.isdecimal() else 1)
        for number in root.iter(f"{_W}num"):
            self._abstract[number.get(f"{_W}numId")] = _value(number, "abstractNumId")

    def sign(self, properties: Any, has_text: bool) -> str:
        """What stands before a paragraph: `- `, `12. `, `(a) `, or nothing."""
        if properties is None or not has_text:
            return ""
        own = properties.find(f"{_W}numPr")
        if own is None:
            style = properties.find(f"{_W}pStyle")
            own = self._styles.get(style.get(f"{_W}val")) if style is not None else None
        if own is None or _value(own, "numId") in ("", "0"):
            return ""
        abstract = self._abstract.get(_value(own, "numId"), "")
        level = int(_value(own, "ilvl") or "0")
        kind, text, start = self._formats.get((abstract, level), ("bullet", "", 1))
        if kind in ("bullet", "none"):
            return "- " if kind == "bullet" else ""
        self._counts[abstract, level] = self._counts.get((abstract, level), start - 1) + 1
        for deeper in range(level + 1, 9):
            self._counts.pop((abstract, deeper), None)

        def count(match: re.Match[str]) -> str:
            place = (abstract, int(match[1]) - 1)
            form, _, first = self._formats.get(place, ("decimal", "", 1))
            return _counted(self._counts.get(place, first), form)

        shown = re.sub(r"%(\d)", count, text)
        return f"{shown} " if shown else ""


def _counted(count: int, form: str) -> str:
    if form in ("lowerLetter", "upperLetter"):
        letters = chr(ord("a") + (count - 1) % 26) * ((count - 1) // 26 + 1)
        return letters if form == "lowerLetter" else letters.upper()
    if form in ("lowerRoman", "upperRoman"):
        roman = ""
        pairs = zip((50, 40, 10, 9, 5, 4, 1), ("L", "XL", "X", "IX", "V", "IV", "I"), strict=True)
        for worth, sign in pairs:
            roman += sign * (count // worth)
            count %= worth
        return roman.lower() if form == "lowerRoman" else roman
    return str(count)


def _heading_levels(document: Any) -> dict[str, int]:
    levels = {}
    for style in document.styles.element.iter(f"{_W}style"):
        name = _value(style, "name").casefold()
        outline = style.find(f"{_W}pPr/{_W}outlineLvl")
        if match := re.fullmatch(r"heading (\d)", name):
            levels[style.get(f"{_W}styleId")] = int(match[1])
        elif name == "title":
            levels[style.get(f"{_W}styleId")] = 1
        elif outline is not None and outline.get(f"{_W}val", "9") in "012345678":
            levels[style.get(f"{_W}styleId")] = int(outline.get(f"{_W}val")) + 1
    return levels


def _footnotes(document: Any) -> dict[str, str]:
    root = _related(document, "footnotes")
    if root is None:
        return {}
    return {
        note.get(f"{_W}id"): " ".join("".join(node.text or "" for node in note.iter(f"{_W}t")).split())
        for note in root.iter(f"{_W}footnote")
        if note.get(f"{_W}type") in (None, "normal")
    }


def _related(document: Any, name: str) -> Any:
    """The root of a part that belongs to the document, or None."""
    from lxml import etree  # type: ignore[import-untyped]

    for relation in document.part.rels.values():
        if not relation.is_external and (relation.reltype or "").endswith(f"/{name}"):
            parser = etree.XMLParser(resolve_entities=False, no_network=True)
            return etree.fromstring(relation.target_part.blob, parser)
    return None


def _children(element: Any, name: str) -> list[Any]:
    """Children of a name, also those inside content controls, but not of nested tables."""
    found = []
    for child in element:
        if child.tag == f"{_W}{name}":
            found.append(child)
        elif child.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}customXml"):
            found.extend(_children(child, name))
    return found


def _value(element: Any, name: str) -> str:
    found = element.find(f"{_W}{name}")
    return "" if found is None else found.get(f"{_W}val", "")


def _is_on(properties: Any, name: str) -> bool:
    found = None if properties is None else properties.find(f"{_W}{name}")
    return found is not None and found.get(f"{_W}val", "1") not in ("0", "false", "off")
