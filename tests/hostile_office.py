"""Hostile Word, PowerPoint and Excel files: what a zip archive and its XML can hide."""

import io
import re
import struct
import zipfile
from collections.abc import Mapping
from functools import lru_cache

from hostile_files import SAID, HostileFile, hostile

_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "lol">' for n in range(12))


@lru_cache(maxsize=3)
def parts_of(kind: str) -> Mapping[str, bytes]:
    """The parts of a sound file that says `SAID` eight times; `kind` is docx, pptx or xlsx."""
    packed = io.BytesIO()
    if kind == "docx":
        import docx

        document = docx.Document()
        for _ in range(8):
            document.add_paragraph(SAID)
        document.save(packed)
    elif kind == "pptx":
        import pptx

        deck = pptx.Presentation()
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = "Harbour"
        slide.placeholders[1].text_frame.text = "\n".join([SAID] * 8)
        deck.save(packed)
    else:
        import openpyxl  # type: ignore[import-untyped]

        book = openpyxl.Workbook()
        for row in [("Who", "What"), *[(SAID, f"row {n}") for n in range(8)]]:
            book.active.append(row)
        book.save(packed)
    with zipfile.ZipFile(packed) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def changed(kind: str, part: str, old: str, new: str | bytes) -> bytes:
    """A sound file in which one part has one text (a pattern) replaced, where it stands first."""
    parts = dict(parts_of(kind))
    told = new.encode() if isinstance(new, str) else new
    parts[part], count = re.subn(old.encode(), lambda _: told, parts[part], count=1, flags=re.S)
    assert count == 1, (part, old)
    return zipped(parts)


def without(kind: str, part: str) -> bytes:
    return zipped({name: content for name, content in parts_of(kind).items() if name != part})


def added(kind: str, **more: bytes) -> bytes:
    return zipped({**parts_of(kind), **{name.replace("__", "/"): content for name, content in more.items()}})


_WORD, _SLIDE, _SHEET = "word/document.xml", "ppt/slides/slide1.xml", "xl/worksheets/sheet1.xml"


def _with_dtd(kind: str, part: str, dtd: str, used: str, root: str, text: str) -> bytes:
    """A part with a document type, and a reference to one of its entities before a text."""
    parts = dict(parts_of(kind))
    content = parts[part].decode().split("?>", 1)[-1].replace(text, used + text, 1)
    parts[part] = f'<?xml version="1.0"?><!DOCTYPE {root} [{dtd}]>{content}'.encode()
    return zipped(parts)


def _laughs(kind: str, part: str, root: str, text: str) -> bytes:
    return _with_dtd(kind, part, _LAUGHS, "&l11;", root, text)


def _quadratic() -> bytes:
    return _with_dtd("docx", _WORD, f'<!ENTITY a "{"a" * 60_000}">', "&a;" * 30_000, "w:document", SAID)


def _file(kind: str, part: str, root: str, text: str, url: str = "file:///etc/passwd") -> bytes:
    return _with_dtd(kind, part, f'<!ENTITY x SYSTEM "{url}">', "&x;", root, text)


def _parameter() -> bytes:
    return _with_dtd(
        "xlsx",
        _SHEET,
        '<!ENTITY % p SYSTEM "http://127.0.0.1:47113/p.dtd"> %p;',
        "",
        "worksheet",
        "<sheetData",
    )


def _slipped() -> bytes:
    return added("docx", **{"../../../../tmp/slipped.txt": b"out", "/tmp/slipped.txt": b"out"})


def _overlapping(kind: str, entries: int) -> bytes:
    """Many entries of the directory that share the bytes of one, which unpacks to 20 MB."""
    whole = zipped({**parts_of(kind), "word/media/x.bin": bytes(20_000_000)})
    end = whole.rindex(b"PK\x05\x06")
    start = struct.unpack("<I", whole[end + 16 : end + 20])[0]
    directory = whole[start:end]
    last = directory[directory.rindex(b"PK\x01\x02") :]
    copies = b"".join(
        last[:46] + (b"word/media/%05d" % n).ljust(len(last) - 46, b"x") for n in range(entries)
    )
    count = struct.unpack("<H", whole[end + 10 : end + 12])[0] + entries
    told = whole[end : end + 8] + struct.pack("<HHII", count, count, len(directory + copies), start)
    return whole[:start] + directory + copies + told + b"\0\0"


def _lying_size() -> bytes:
    """An entry that says it unpacks to a hundred bytes and gives 300 MB."""
    whole = bytearray(added("docx", word__document2=b""))
    content = parts_of("docx")[_WORD].replace(SAID.encode(), SAID.encode() + b" " * 300_000_000, 1)
    whole = bytearray(zipped({**parts_of("docx"), _WORD: content}))
    size = struct.pack("<I", len(content))
    return bytes(whole.replace(size, struct.pack("<I", 100)))


def _bomb(kind: str, part: str, text: str, signs: int) -> bytes:
    parts = dict(parts_of(kind))
    parts[part] = parts[part].replace(text.encode(), text.encode() + b"a " * (signs // 2), 1)
    return zipped(parts)


def _strings(strings: bytes, cell: int = 0) -> bytes:
    """A workbook whose cell A1 is the shared string of this number."""
    parts = dict(parts_of("xlsx"))
    told = b'<sheetData><row><c r="A1" t="s"><v>%d</v></c></row></sheetData>' % cell
    parts[_SHEET] = re.sub(b"<sheetData>.*</sheetData>", told, parts[_SHEET], flags=re.S)
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = b'<Override PartName="/xl/sharedStrings.xml" ContentType="%b"/></Types>' % kind
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(b"</Types>", override)
    return zipped({**parts, "xl/sharedStrings.xml": strings} if strings else parts)


def _sst(text: str, dtd: str = "") -> bytes:
    start = f'<?xml version="1.0"?><!DOCTYPE sst [{dtd}]>' if dtd else ""
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'{start}<sst xmlns="{space}"><si><t>{text}{SAID}</t></si></sst>'.encode()


def _rows(cells: str) -> bytes:
    return changed("xlsx", _SHEET, "<sheetData>.*</sheetData>", f"<sheetData>{cells}</sheetData>")


def _far_cell() -> bytes:
    told = f'<c r="A1" t="inlineStr"><is><t>{SAID}</t></is></c>'
    return _rows(f'<row r="1">{told}</row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')


def _far_cells() -> bytes:
    return _rows("".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, 60_000)))


def _million_cells() -> bytes:
    row = "".join(f"<c><v>{n}</v></c>" for n in range(1_000))
    return _rows(f"<row>{row}</row>" * 1_000)


def _tables(depth: int) -> bytes:
    opened, closed = "<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>"
    inner = f"<w:p><w:r><w:t>{SAID}</w:t></w:r></w:p>"
    return changed("docx", _WORD, "<w:p>", opened * depth + inner + closed * depth + "<w:p>")


def _groups(depth: int) -> bytes:
    group = (
        '<p:grpSp><p:nvGrpSpPr><p:cNvPr id="9" name="g"/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
    )
    return changed("pptx", _SLIDE, "<p:sp>", group * depth + "</p:grpSp>" * depth + "<p:sp>")


def _styles_loop() -> bytes:
    loop = '<w:style w:type="paragraph" w:styleId="{}"><w:name w:val="{}"/><w:basedOn w:val="{}"/></w:style>'
    return changed(
        "docx",
        "word/styles.xml",
        "</w:styles>",
        loop.format("A", "A", "B") + loop.format("B", "B", "A") + "</w:styles>",
    )


def _relations(kind: str, part: str, more: str) -> bytes:
    return changed(kind, part, "</Relationships>", more + "</Relationships>")


_OWN = 'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
_DOCX_RELS, _PPTX_RELS = "word/_rels/document.xml.rels", "ppt/slides/_rels/slide1.xml.rels"

OFFICE: list[HostileFile] = [
    hostile("zip-bomb-flat.docx", lambda: added("docx", word__x=bytes(1_100_000_000)), "too_large", False),
    hostile(
        "zip-bomb-in-text.docx", lambda: _bomb("docx", _WORD, SAID, 120_000_000), "too_large damaged", False
    ),
    hostile(
        "zip-bomb-in-slide.pptx", lambda: _bomb("pptx", _SLIDE, SAID, 120_000_000), "too_large damaged", False
    ),
    hostile("zip-bomb-in-sheet.xlsx", lambda: _strings(_sst("a " * 60_000_000)), "too_large damaged", False),
    hostile(
        "zip-bomb-nested.docx",
        lambda: added("docx", word__embeddings__a=zipped({"b": zipped({"c": bytes(5_000_000)})})),
        "read",
    ),
    hostile("zip-bomb-overlapping.docx", lambda: _overlapping("docx", 60), "shut"),
    hostile("zip-size-lie.docx", _lying_size, "shut read", False),
    hostile("zip-slip.docx", _slipped),
    hostile(
        "zip-many-parts.docx",
        lambda: zipped({**parts_of("docx"), **{f"word/{n}.xml": b"<a/>" for n in range(20_000)}}),
        "read",
        False,
    ),
    hostile("zip-cut-short.pptx", lambda: zipped(parts_of("pptx"))[:-500], "damaged"),
    hostile("zip-no-parts.docx", lambda: b"PK\x05\x06" + bytes(18), "shut"),
    hostile(
        "zip-locked.docx",
        lambda: zipped(parts_of("docx")).replace(
            b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00"
        ),
        "shut",
    ),
    hostile("laughs.docx", lambda: _laughs("docx", _WORD, "w:document", SAID), "read shut"),
    hostile("laughs.pptx", lambda: _laughs("pptx", _SLIDE, "p:sld", SAID), "read shut"),
    hostile("laughs.xlsx", lambda: _strings(_sst("&l11;", _LAUGHS)), "read shut"),
    hostile(
        "laughs-in-sheet.xlsx", lambda: _laughs("xlsx", _SHEET, "worksheet", "<sheetData"), "read shut", False
    ),
    hostile("quadratic-entities.docx", _quadratic, "read shut"),
    hostile("other-file.docx", lambda: _file("docx", _WORD, "w:document", SAID), "read shut"),
    hostile("other-file.pptx", lambda: _file("pptx", _SLIDE, "p:sld", SAID), "read shut"),
    hostile(
        "other-file.xlsx",
        lambda: _strings(_sst("&x;", '<!ENTITY x SYSTEM "file:///etc/passwd">')),
        "read shut",
    ),
    hostile(
        "other-machine.docx",
        lambda: _file("docx", _WORD, "w:document", SAID, "http://127.0.0.1:47113/x"),
        "read shut",
    ),
    hostile("other-machine.xlsx", _parameter, "read shut"),
    hostile("no-document.docx", lambda: without("docx", _WORD), "damaged"),
    hostile("no-styles.docx", lambda: without("docx", "word/styles.xml"), "read shut"),
    hostile("no-slide.pptx", lambda: without("pptx", _SLIDE), "damaged"),
    hostile("no-strings.xlsx", lambda: _strings(b""), "read shut"),
    hostile("no-sheet.xlsx", lambda: without("xlsx", _SHEET), "shut"),
    hostile("no-types.docx", lambda: without("docx", "[Content_Types].xml"), "shut"),
    hostile("wrong-type.docx", lambda: zipped(parts_of("xlsx")), "wrong_type"),
    hostile(
        "wrong-content-type.docx",
        lambda: changed(
            "docx", "[Content_Types].xml", "wordprocessingml.document.main", "spreadsheetml.sheet.main"
        ),
        "read shut",
    ),
    hostile("broken-xml.docx", lambda: changed("docx", _WORD, "</w:body>", "<w:p>"), "damaged"),
    hostile(
        "nested-elements.docx",
        lambda: changed("docx", _WORD, "<w:p>", "<w:sdt>" * 100_000 + "<w:p>"),
        "damaged",
    ),
    hostile("tables-30-deep.docx", lambda: _tables(30), "read"),
    hostile("tables-80-deep.docx", lambda: _tables(80), "read"),
    hostile("tables-5000-deep.docx", lambda: _tables(5_000), "damaged"),
    hostile("groups-70-deep.pptx", lambda: _groups(70), "read"),
    hostile("groups-5000-deep.pptx", lambda: _groups(5_000), "damaged"),
    hostile("styles-in-a-circle.docx", _styles_loop),
    hostile(
        "relation-without-type.docx",
        lambda: _relations("docx", _DOCX_RELS, '<Relationship Id="x9" Target="styles.xml"/>'),
    ),
    hostile(
        "relation-in-a-circle.docx",
        lambda: _relations(
            "docx", _DOCX_RELS, f'<Relationship Id="x9" {_OWN}footnotes" Target="document.xml"/>'
        ),
        "read shut",
    ),
    hostile(
        "relation-in-a-circle.pptx",
        lambda: _relations(
            "pptx", _PPTX_RELS, f'<Relationship Id="x9" {_OWN}notesSlide" Target="slide1.xml"/>'
        ),
        "read shut",
    ),
    hostile(
        "relation-outside.docx",
        lambda: _relations(
            "docx",
            _DOCX_RELS,
            f'<Relationship Id="x9" {_OWN}footnotes" Target="file:///etc/passwd" TargetMode="External"/>',
        ),
    ),
    hostile(
        "relation-up.docx",
        lambda: _relations(
            "docx", _DOCX_RELS, f'<Relationship Id="x9" {_OWN}footnotes" Target="../../../../etc/passwd"/>'
        ),
        "read shut",
    ),
    hostile("no-body.docx", lambda: changed("docx", _WORD, "<w:body>.*</w:body>", ""), "shut"),
    hostile(
        "root-of-no-document.docx",
        lambda: zipped(
            {**parts_of("docx"), _WORD: parts_of("docx")[_WORD].replace(b"w:document", b"w:other")}
        ),
        "damaged",
    ),
    hostile("far-cell.xlsx", _far_cell, "read", False),
    hostile("far-cells-60000.xlsx", _far_cells, "too_large read", False),
    hostile("million-cells.xlsx", _million_cells, "read too_large", False),
    hostile("string-out-of-range.xlsx", lambda: _strings(_sst(""), 999_999_999), "read shut"),
    hostile(
        "cell-of-no-place.xlsx",
        lambda: _rows('<row r="1"><c r="ZZZZZZ99999999999"><v>1</v></c></row>'),
        "shut read",
    ),
    hostile(
        "number-endless.xlsx",
        lambda: _rows(f"<row><c><v>{'9' * 100_000}</v></c><c><v>1e999</v></c></row>"),
        "shut read",
    ),
    hostile(
        "date-wild.xlsx",
        lambda: _rows('<row><c t="d"><v>9999999-99-99</v></c><c t="n"><v>-99999999999</v></c></row>'),
        "shut read",
    ),
]
