"""A memo as Markdown with footnotes, as GitHub and Pandoc read them.

Covers: titles, quotes and questions stay words; they make no link, image, heading, list or HTML.
After `@` stands an invisible word joiner, because GitHub links addresses and names that are escaped.
"""

import re
from itertools import groupby

from assistant import sayings
from assistant.memo import directions
from assistant.memo.content import Block, Content, Note, Section, Source, Text

_SIGNS = re.compile(r"[\\`*_{}\[\]<>#|~&$^]")
_LINKS = re.compile(r"(?i)(?<=[a-z]):(?=//)|(?<=www)\.")
_OPENS = re.compile(r"(?:[-+=:]|\d{1,9}(?=[.)]))")
_PUNCTUATION = re.compile(r"[^\w\s]|_")


def as_markdown(content: Content) -> str:
    """Write the memo; it ends with a line break."""
    blocks = [f"# {escape(content.title)}", escape(content.date)]
    for section in content.sections:
        blocks += _section(section)
    if content.sources:
        blocks.append(f"## {escape(sayings.MEMO_SOURCES)}")
        blocks.append("\n".join(map(_source, content.sources)))
    blocks += map(_note, content.notes)
    return "\n\n".join(blocks) + "\n"


def escape(text: str, opens_line: bool = True) -> str:
    """One line of text that means nothing else to a Markdown reader."""
    written = _SIGNS.sub(r"\\\g<0>", text)
    written = _LINKS.sub(r"\\\g<0>", written).replace("@", "@\u2060")
    opening = _OPENS.match(written) if opens_line else None
    if opening is None:
        return written
    at = opening.end() if opening[0].isdigit() else 0
    return f"{written[:at]}\\{written[at:]}"


def _section(section: Section) -> list[str]:
    written = [f"## {escape(section.question)}"]
    if section.status:
        written.append(f"**{escape(section.status)}**")
    for listed, blocks in groupby(section.blocks, key=lambda block: block.kind):
        lines = [_block(block) for block in blocks]
        written += lines if listed == "paragraph" else ["\n".join(lines)]
    written += [f"> {escape(remark)}" for remark in section.remarks]
    if section.origin:
        written.append(f"*{escape(section.origin)}*")
    return written


def _block(block: Block) -> str:
    sign = {"paragraph": "", "bullet": "- ", "number": f"{block.value}. "}[block.kind]
    line = ""
    for part in block.parts:
        if isinstance(part, Text):
            line += _words(part, line)
        else:
            line += f"[^{part.number}]"
    return sign + line


def _words(part: Text, before: str) -> str:
    words = part.text.strip()
    if not part.strong or not words:
        return escape(part.text, not before)
    left, right = part.text.split(words, 1)
    # Beside a letter a strong word may not begin or end with a sign: the stars would be shown.
    alone = not before or bool(left) or before[-1:].isspace()
    if (_PUNCTUATION.match(words) and not alone) or _PUNCTUATION.match(words[-1]):
        return escape(part.text, not before)
    return f"{left}**{escape(words)}**{right}"


def _source(source: Source) -> str:
    told = [f"{_title(source.title)}, {escape(source.date, False)}", escape(source.path, False)]
    told += [f"<{source.url}>"] if source.url else []
    return f"- {' · '.join(told)} ({source.called})"


def _note(note: Note) -> str:
    place = escape(note.place, False) + directions.after(note.place)
    told = f"{_title(note.title)}, {place}: “{escape(note.quote, False)}”"
    return f"[^{note.number}]: {told}"


def _title(text: str) -> str:
    return escape(text) + directions.after(text)
