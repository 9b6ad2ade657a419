"""Plain text and e-mail to raw pages."""

import re
from dataclasses import replace
from email.message import EmailMessage

from index.cleaning import Draft, RawPage
from index.errors import UnreadableDocument
from index.paragraphs import Line, join_lines, text_lines
from index.words import Vocabulary

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# What office papers without UTF-8 are written in; the rarer ones only lead the guess astray.
_GUESSES = "cp1252 cp1250 cp1251 cp1253 cp1254 cp1255 cp1256 cp1257 koi8_r cp932 gb18030 big5 euc_jp euc_kr"
_HEADING = re.compile(r"(#{1,6})\s*(\S.*?)\s*#*")
_BOLD_LINE = re.compile(r"(?:\*\*(?P<stars>[^*]+)\*\*|__(?P<bars>[^_]+)__)\s*:?")
_EMPHASIS = re.compile(
    r"(?<![\w*])(\*{1,3})(?=[^\s*])([^*\n]*[^\s*])\1(?![\w*])|"
    r"(?<![\w_])(_{2,3})(?=\S)([^_\n]+?)(?<=\S)\3(?!\w)"
)
_TAG = re.compile(r"</?(?:sup|sub|b|i|u|em|strong|br|span|small|mark|p)\b[^<>]{0,200}>", re.I)
_RULE = re.compile(r"\s*(?:[-*_=~]\s?){3,}\s*")
_BOLD_OVER_LINES = re.compile(r"(?<!\*)\*\*(?!\*)([^*]{1,600}?)(?<!\*)\*\*(?!\*)")
_MARKS = re.compile(r"^#{1,6}\s+\S|(?<![\w*])\*\*[^*\s][^*]{0,600}\*\*", re.M)


def read_text(data: bytes, max_pages: int) -> Draft:
    """A page for each form feed; hard-wrapped rows are marked for joining."""
    text, warnings = decode(data)
    sheets = text.split("\f")
    while len(sheets) > 1 and not sheets[-1].strip():
        sheets.pop()
    marked = bool(_MARKS.search(text))
    pages = [_page(number, sheet, marked) for number, sheet in enumerate(sheets, start=1)]
    return Draft(tuple(pages), warnings=tuple(warnings))


def decode(data: bytes) -> tuple[str, list[str]]:
    """Text of bytes: by byte order mark, else UTF-8, else guessed, which is told."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data.decode(encoding, errors="replace"), []
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError:
        pass
    import charset_normalizer

    found = charset_normalizer.from_bytes(data[:200_000], cp_isolation=_GUESSES.split())
    best = max(found, key=lambda match: match.percent_coherence - match.percent_chaos, default=None)
    names = best.could_be_from_charset if best else ["cp1252"]
    encoding = "cp1252" if "cp1252" in names else names[0]
    text = data.decode(encoding, errors="replace")
    return text, [f"it is not UTF-8; read as {encoding}, so check its accents and quotation marks."]


def whole_signs(text: str) -> str:
    """The text without halves of surrogate pairs, which can be neither stored nor parsed."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def plain(text: str) -> str:
    """A line without Markdown's emphasis and without inline tags."""
    text = _TAG.sub("", text)
    for _ in range(2):
        text = _EMPHASIS.sub(lambda match: match[2] or match[4] or "", text)
    return text


def _page(number: int, sheet: str, marked: bool) -> RawPage:
    if marked:
        # Bold that runs over several rows is one line that is bold.
        sheet = _BOLD_OVER_LINES.sub(
            lambda match: "**" + " ".join(match[1].split()) + "**" if "\n\n" not in match[1] else match[0],
            sheet,
        )
    lines = []
    for line in text_lines(["" if _RULE.fullmatch(row) else row for row in sheet.splitlines()]):
        text, level = _marked_line(line.text) if marked else (_TAG.sub("", line.text), 0)
        if text.strip():
            lines.append(replace(line, text=text, level=level))
    return RawPage(number, tuple(lines), wrapped=True)


def _marked_line(row: str) -> tuple[str, int]:
    if match := _HEADING.fullmatch(row):
        return plain(match[2]), len(match[1])
    if (match := _BOLD_LINE.fullmatch(row)) and len(row) <= 250:
        # A whole bold line heads what follows; a bold sentence is only loud.
        words = match["stars"] or match["bars"]
        return plain(words), 0 if words.rstrip().endswith((".", ",", ";")) else 2
    return plain(row.removeprefix("> ")), 0


def read_email(data: bytes, max_pages: int) -> Draft:
    """One page: the header lines people look for, then the body. Attachments are only named."""
    import email
    from email import policy

    message = email.message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    names = ("From", "To", "Cc", "Date", "Subject")
    told = {name: _header(message, name) for name in names}
    header = [f"{name}: {value}" for name, value in told.items() if value]
    if not header:
        raise UnreadableDocument(
            "wrong_type",
            "it has none of the header lines of an e-mail.",
            "Rename it to .txt if it is plain text.",
        )
    subject = " ".join(told["Subject"].split())
    body, warnings = _email_body(message)
    lines = [Line(line, 1 if line.startswith("Subject: ") else 0) for line in header]
    page = RawPage(1, (*lines, *body))
    attachments = [part.get_filename() or part.get_content_type() for part in message.iter_attachments()]
    if attachments:
        named = ", ".join(" ".join(str(name).split()) for name in attachments[:20])
        warnings.append(f"{len(attachments)} attachments are not read ({named}).")
    return Draft((page,), subject, _email_date(message), tuple(warnings))


def _header(message: EmailMessage, name: str) -> str:
    """A header line as text; as it stands in the file where it is too odd for Python's own reader."""
    try:
        return whole_signs(str(message[name] or ""))
    except Exception:
        raw = (value for key, value in message.raw_items() if key.lower() == name.lower())
        return whole_signs(str(next(raw, "")))


def _email_body(message: EmailMessage) -> tuple[list[Line], list[str]]:
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        return [], ["it has no body that can be read."]
    try:
        content = whole_signs(str(part.get_content()))
    except (LookupError, UnicodeError):
        payload = part.get_payload(decode=True)
        content = decode(payload if isinstance(payload, bytes) else b"")[0]
    if part.get_content_type() == "text/html":
        from index.reading.markup import html_lines

        return html_lines(content)[0], []
    blocks = join_lines(_page(1, content, marked=False).lines, Vocabulary.of(content.splitlines()))
    return [Line(block.text) for block in blocks], []


def _email_date(message: EmailMessage) -> str:
    try:
        found = getattr(message["Date"], "datetime", None)
    except Exception:  # as odd as other header lines can be
        return ""
    return found.date().isoformat() if found else ""
