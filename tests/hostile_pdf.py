"""Hostile PDF files: bombs, loops, depths and lies."""

import base64
import zlib
from collections.abc import Sequence

from hostile_files import SAID, HostileFile, hostile

_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
_ENCRYPTED = (
    b"<< /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O <" + b"41" * 32 + b"> /U <" + b"42" * 32 + b"> >>"
)


def pdf(objects: Sequence[bytes], more: bytes = b"", header: bytes = b"%PDF-1.7\n") -> bytes:
    """A file of numbered objects, the first of them its catalogue, with a right table of offsets."""
    body, offsets = bytearray(header), []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    start, count = len(body), len(objects) + 1
    body += b"xref\n0 %d\n0000000000 65535 f \n" % count
    body += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    body += b"trailer << /Size %d /Root 1 0 R %b >>\nstartxref\n%d\n%%%%EOF\n" % (count, more, start)
    return bytes(body)


def stream(data: bytes, told: bytes = b"") -> bytes:
    return b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(data), told, data)


def paper(content: bytes, catalogue: bytes = b"", page: bytes = b"", more: Sequence[bytes] = ()) -> bytes:
    """A paper of one page that draws `content` (an object), and `more` objects from number 6 on."""
    return pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R %b >>" % catalogue,
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
            b"/Resources << /Font << /F1 5 0 R >> >> %b >>" % page,
            content,
            _FONT,
            *more,
        ]
    )


def said(more: bytes = b"") -> bytes:
    """The drawing of a page that says something, eight times."""
    rows = b" ".join(b"0 -20 Td (%b) Tj" % SAID.encode() for _ in range(8))
    return stream(b"BT /F1 12 Tf 60 700 Td " + rows + b" ET " + more)


def flate(data: bytes, times: int = 1) -> bytes:
    for _ in range(times):
        data = zlib.compress(data, 9)
    return stream(data, b"/Filter [" + b"/FlateDecode " * times + b"]")


def _ascii85_bomb() -> bytes:
    return stream(b"z" * 3_000_000 + b"~>", b"/Filter /ASCII85Decode")


def _run_length_bomb() -> bytes:
    return stream(b"\x81A" * 2_000_000 + b"\x80", b"/Filter /RunLengthDecode")


def _nested_bomb() -> bytes:
    inner = zlib.compress(zlib.compress(b" " * 400_000_000, 9), 9)
    return stream(
        base64.a85encode(zlib.compress(inner, 9)) + b"~>",
        b"/Filter [/ASCII85Decode /FlateDecode /FlateDecode /FlateDecode]",
    )


def _many_pages(count: int) -> bytes:
    kids = b" ".join(b"%d 0 R" % (number + 4) for number in range(count))
    head = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [%b] /Count %d >>" % (kids, count)]
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"
    return pdf([*head, b"null", *([page] * count)])


def _claimed_pages() -> bytes:
    return paper(said()).replace(b"/Count 1", b"/Count 9").replace(b"/Count 9", b"/Count 2147483647", 1)


def _deep_pages(depth: int) -> bytes:
    nodes = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    nodes += [b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % (n + 3) for n in range(depth)]
    return pdf([*nodes, b"<< /Type /Page /MediaBox [0 0 9 9] /Contents %d 0 R >>" % (depth + 3), said()])


def _cyclic_pages() -> bytes:
    return pdf([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 9 >>"])


def _outline(chain: str) -> bytes:
    loop = b"<< /Title (Loop) /Parent 6 0 R /Next 7 0 R /First 7 0 R /Dest [3 0 R /Fit] >>"
    items = [b"<< /Type /Outlines /First 7 0 R /Last 7 0 R >>", loop]
    if chain == "long":
        items[1:] = [
            b"<< /Title (Item) /Parent 6 0 R /Next %d 0 R /Dest [3 0 R /Fit] >>" % (n + 8)
            for n in range(60_000)
        ]
    if chain == "deep":
        items[1:] = [b"<< /Title (Deep) /First %d 0 R /Dest [3 0 R /Fit] >>" % (n + 8) for n in range(20_000)]
    return paper(said(), b"/Outlines 6 0 R", more=items)


def _cyclic_xref() -> bytes:
    data = paper(said())
    start = data.rindex(b"xref\n0 ", 0, data.rindex(b"startxref"))
    return data.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %d" % start)


def _wild_xref() -> bytes:
    data = paper(said())
    return data[: data.rindex(b"startxref")] + b"startxref\n99999999999999999999\n%%EOF\n"


def _huge_xref() -> bytes:
    return paper(said()).replace(b"xref\n0 6", b"xref\n0 999999999")


def _object_streams() -> bytes:
    first = stream(b"7 0 << /A 7 0 R >>", b"/Type /ObjStm /N 1 /First 4 /Extends 7 0 R")
    second = stream(b"6 0 << /B 6 0 R >>", b"/Type /ObjStm /N 999999 /First 4 /Extends 6 0 R")
    return paper(said(), b"/Names 6 0 R", more=[first, second])


def _picture(told: bytes) -> bytes:
    picture = stream(
        bytes(range(256)) * 200, b"/Type /XObject /Subtype /Image /Width 65000 /Height 65000 " + told
    )
    return paper(
        said(b"/I Do"), page=b"/Resources << /Font << /F1 5 0 R >> /XObject << /I 6 0 R >> >>", more=[picture]
    )


def _form_loop() -> bytes:
    told = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 6 0 R >> >>"
    form = stream(b"/X Do " * 40, told)
    return paper(
        said(b"/X Do"), page=b"/Resources << /Font << /F1 5 0 R >> /XObject << /X 6 0 R >> >>", more=[form]
    )


def _forms_of_forms() -> bytes:
    """Ten forms that each draw the next ten times: ten to the tenth drawings."""
    forms = [
        stream(
            b"/X Do " * 10,
            b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X %d 0 R >> >>"
            % (n + 7),
        )
        for n in range(10)
    ]
    words = stream(b"BT /F1 9 Tf (word) Tj ET", b"/Type /XObject /Subtype /Form /BBox [0 0 9 9]")
    page = b"/Resources << /Font << /F1 5 0 R >> /XObject << /X 6 0 R >> >>"
    return paper(said(b"/X Do"), page=page, more=[*forms, words])


def _encrypted() -> bytes:
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"]
    objects += [b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>", said(), _ENCRYPTED]
    return pdf(objects, b"/Encrypt 5 0 R /ID [<00> <00>]")


def _script() -> bytes:
    action = b"<< /S /JavaScript /JS (app.launchURL\\('http://127.0.0.1:47113/'\\)) >>"
    return paper(
        said(),
        b"/OpenAction 6 0 R /Names << /EmbeddedFiles << /Names [(f) 7 0 R] >> >>",
        more=[action, b"<< /Type /Filespec /F (/etc/passwd) /UF (../../../etc/passwd) >>"],
    )


def _outside() -> bytes:
    """Contents that stand in another file, as the standard allows."""
    return paper(stream(b"", b"/F (/etc/passwd) /FFilter []"))


def _letters() -> bytes:
    return stream(b"BT /F1 9 Tf 60 700 Td " + b"(a) Tj 9 0 Td " * 400_000 + b"ET")


PDF: list[HostileFile] = [
    hostile("bomb-ascii85.pdf", lambda: paper(_ascii85_bomb()), "scanned too_large", False),
    hostile("bomb-run-length.pdf", lambda: paper(_run_length_bomb()), "scanned garbled too_large", False),
    hostile("bomb-flate.pdf", lambda: paper(flate(b" " * 1_500_000_000)), "shut", False),
    hostile("bomb-flate-twice.pdf", lambda: paper(flate(b"(a) Tj " * 20_000_000, 2)), "shut", False),
    hostile("bomb-nested-filters.pdf", lambda: paper(_nested_bomb()), "shut", False),
    hostile(
        "bomb-lzw.pdf",
        lambda: paper(stream(b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01" * 300_000, b"/Filter /LZWDecode")),
        "shut",
        False,
    ),
    hostile(
        "filters-a-thousand.pdf",
        lambda: paper(stream(b"<>", b"/Filter [" + b"/ASCIIHexDecode " * 1000 + b"]")),
        "scanned",
    ),
    hostile("filter-of-no-kind.pdf", lambda: paper(stream(b"abc", b"/Filter /NoSuchDecode")), "scanned"),
    hostile(
        "predictor-wild.pdf",
        lambda: paper(
            stream(
                zlib.compress(b"x" * 99),
                b"/Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns 2147483647 /Colors 999 >>",
            )
        ),
        "shut",
    ),
    hostile("letters-400000.pdf", lambda: paper(_letters()), "garbled too_large", False),
    hostile("pages-100000.pdf", lambda: _many_pages(100_000), "too_large", False),
    hostile("pages-claimed.pdf", _claimed_pages, "read shut"),
    hostile("pages-deep.pdf", lambda: _deep_pages(3_000), "read shut"),
    hostile("pages-in-a-circle.pdf", _cyclic_pages, "shut"),
    hostile("outline-in-a-circle.pdf", lambda: _outline("loop")),
    hostile("outline-long.pdf", lambda: _outline("long"), "read", False),
    hostile("outline-deep.pdf", lambda: _outline("deep"), "read"),
    hostile("xref-in-a-circle.pdf", _cyclic_xref),
    hostile("xref-wild.pdf", _wild_xref),
    hostile("xref-huge.pdf", _huge_xref, "read"),
    hostile("xref-none.pdf", lambda: paper(said()).split(b"xref\n0 ")[0]),
    hostile("object-streams-in-a-circle.pdf", _object_streams),
    hostile(
        "nested-arrays.pdf", lambda: paper(said(), b"/Deep " + b"[" * 50_000 + b"]" * 50_000), "read shut"
    ),
    hostile(
        "nested-dictionaries.pdf",
        lambda: paper(said(), b"/A " + b"<< /A " * 20_000 + b"1" + b" >>" * 20_000),
        "read shut",
    ),
    hostile("nested-in-contents.pdf", lambda: paper(stream(b"[" * 200_000 + b"(a) Tj")), "shut"),
    hostile(
        "picture-jbig2.pdf",
        lambda: _picture(b"/Filter /JBIG2Decode /BitsPerComponent 1 /ColorSpace /DeviceGray"),
    ),
    hostile("picture-jpx.pdf", lambda: _picture(b"/Filter /JPXDecode")),
    hostile(
        "picture-dct.pdf", lambda: _picture(b"/Filter /DCTDecode /BitsPerComponent 8 /ColorSpace /DeviceCMYK")
    ),
    hostile("form-in-itself.pdf", _form_loop, "read too_large", False),
    hostile("forms-of-forms.pdf", _forms_of_forms, "read too_large", False),
    hostile("encrypted.pdf", _encrypted, "encrypted"),
    hostile(
        "encrypted-oddly.pdf",
        lambda: _encrypted().replace(b"/Standard", b"/NoSuch"),
        "encrypted damaged scanned",
    ),
    hostile("script-and-file.pdf", _script),
    hostile("contents-elsewhere.pdf", _outside, "scanned"),
    hostile(
        "page-of-no-size.pdf", lambda: paper(said()).replace(b"[0 0 612 792]", b"[0 0 0 0]"), "read scanned"
    ),
    hostile(
        "page-endless.pdf",
        lambda: paper(said()).replace(b"[0 0 612 792]", b"[0 0 1e38 1e308]"),
        "read scanned",
    ),
    hostile("cut-short.pdf", lambda: paper(said())[:-200], "read damaged"),
    hostile("page-missing.pdf", lambda: paper(said()).replace(b"3 0 obj", b"9 0 obj"), "read shut"),
    hostile("zeros.pdf", lambda: b"%PDF-1.7\n" + bytes(3_000_000), "shut"),
    hostile("header-only.pdf", lambda: b"%PDF-1.7\n%%EOF\n", "shut"),
]
