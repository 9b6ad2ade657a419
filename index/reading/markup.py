"""HTML and Markdown to raw pages: one page, a block a line."""

import re
from typing import Any

from index.cleaning import Draft, RawPage
from index.paragraphs import Line
from index.reading.hidden import MOST, html_way, told
from index.reading.text import decode, whole_signs
from index.types import Hidden

_DROPPED = frozenset(
    "script style nav template noscript head title meta link svg math iframe object embed canvas audio video "
    "select button input textarea datalist dialog".split()
)
_BLOCKS = frozenset(
    "p div section article main aside header footer blockquote pre ul ol li dl dt dd table tr thead tbody "
    "tfoot figure figcaption form fieldset address details summary hr body html center caption "
    "h1 h2 h3 h4 h5 h6".split()
)
_LEAST_WORDS = 5  # hidden labels of buttons are no news
_FRONT_MATTER = re.compile(r"\A\s*---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.S)
_ATX = re.compile(r"^(#{1,6})(?=[^\s#])", re.M)
_DATE = re.compile(r"[12]\d{3}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?(?!\d)", re.A)


def read_html(data: bytes, max_pages: int) -> Draft:
    """One page of the text a reader of the page would see."""
    text, warnings = _decode_html(data)
    lines, title, hidden = html_lines(text)
    page = RawPage(1, tuple(lines))
    return Draft((page,), title, warnings=tuple(warnings), hidden=tuple(hidden))


def read_markdown(data: bytes, max_pages: int) -> Draft:
    """CommonMark with tables, by way of HTML, so that raw tags in it are understood too."""
    from markdown_it import MarkdownIt

    text, warnings = decode(data)
    title = date = ""
    if match := _FRONT_MATTER.match(text):
        title, date = _front_matter(match[1])
        text = text[match.end() :]
    # Many papers leave out the space that CommonMark wants after the signs of a heading.
    text = _ATX.sub(r"\1 ", text)
    lines, _, hidden = html_lines(MarkdownIt("commonmark").enable("table").render(text))
    page = RawPage(1, tuple(lines))
    return Draft((page,), title, date, tuple(warnings), tuple(hidden))


def html_lines(text: str) -> tuple[list[Line], str, list[Hidden]]:
    """(blocks, title, hidden text) of an HTML text."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(text, "lxml")
    title = soup.title.get_text(" ", strip=True) if soup.title else ""
    walk = _Walk()
    walk.visit(soup.body or soup)
    walk.flush()
    return walk.lines, title, walk.hidden


class _Walk:
    """One pass over a parsed page that gathers blocks. Not recursive: pages can be nested deep."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.hidden: list[Hidden] = []
        self._words: list[str] = []
        self._level = 0
        self._sign = ""
        self._counts: dict[int, int] = {}  # items seen of each numbered list

    def visit(self, root: Any) -> None:
        stack: list[tuple[Any, bool]] = [(root, False)]
        while stack:
            node, leaving = stack.pop()
            if leaving:
                self.flush()
                self._level = 0
                continue
            name = getattr(node, "name", None)
            if name is None:
                if type(node).__name__ in ("NavigableString", "CData"):
                    self._words.append(str(node))
                continue
            if name in _DROPPED or self._is_left_out(node):
                continue
            if name == "table" and not node.find("table"):
                self.flush()
                self._table(node)
                continue
            if name == "br":
                self._words.append(" ")
            if name in _BLOCKS:
                self._enter(node, name)
                stack.append((node, True))
            stack.extend((child, False) for child in reversed(list(node.children)))

    def _is_left_out(self, node: Any) -> bool:
        """Whether an element is hidden; what it hides is noted."""
        how = html_way(node)
        if how and len(self.hidden) < MOST and len((words := node.get_text(" ")).split()) >= _LEAST_WORDS:
            self.hidden.append(told(1, how, words))
        return bool(how) or _is_for_nobody(node)

    def flush(self) -> None:
        """End the block being gathered."""
        text = " ".join("".join(self._words).split())
        self._words.clear()
        if text:
            self.lines.append(Line(self._sign + text, self._level))
            self._sign = ""

    def _enter(self, node: Any, name: str) -> None:
        self.flush()
        if len(name) == 2 and name[0] == "h" and name[1].isdigit():
            self._level = int(name[1])
        if name == "li":
            self._sign = self._item_sign(node.parent)

    def _item_sign(self, parent: Any) -> str:
        if parent is None or parent.name != "ol":
            return "- "
        first = str(parent.get("start", "1"))
        before = self._counts.get(id(parent), int(first) - 1 if first.isdecimal() and len(first) < 10 else 0)
        self._counts[id(parent)] = before + 1
        return f"{before + 1}. "

    def _table(self, table: Any) -> None:
        if caption := table.find("caption"):
            self.lines.append(Line(" ".join(caption.get_text(" ").split())))
        for row in table.find_all("tr"):
            if self._is_left_out(row):
                continue
            for node in row.find_all(lambda tag: tag.name in _DROPPED or self._is_left_out(tag)):
                node.extract()
            cells = [_cell_text(cell) for cell in row.find_all(["td", "th"])]
            if any(cells):
                self.lines.append(Line(" | ".join(cells)))


def _cell_text(cell: Any) -> str:
    for node in cell.find_all(["br", *_BLOCKS]):
        node.insert_before(" ")
    return " ".join(cell.get_text("").split())


def _is_for_nobody(node: Any) -> bool:
    return str((node.attrs or {}).get("aria-hidden", "")).lower() == "true"


def _decode_html(data: bytes) -> tuple[str, list[str]]:
    from bs4.dammit import EncodingDetector

    declared = EncodingDetector.find_declared_encoding(data[:4096], is_html=True)
    if declared and not data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        try:
            # Some encodings of Python's are not the web's, and give what is no text.
            return whole_signs(data.decode(declared)), []
        except (LookupError, UnicodeError):
            pass
    return decode(data)


def _front_matter(block: str) -> tuple[str, str]:
    """(title, date) of YAML front matter: plain `key: value` lines only."""
    values = {}
    for line in block.splitlines():
        key, colon, value = line.partition(":")
        if colon and key == key.strip():
            values[key.lower()] = value.strip().strip("\"'")
    date = _DATE.match(values.get("date", ""))
    return values.get("title", ""), date[0] if date else ""
