"""Hostile HTML, Markdown, plain text and e-mail."""

import base64

from hostile_files import SAID, HostileFile, hostile

_SAID = (SAID + " ") * 8
_HEAD = (
    "From: a@example.org\r\nTo: b@example.org\r\nSubject: Harbour\r\nDate: Mon, 2 Mar 2020 10:00:00 +0000\r\n"
)


def page(body: str, head: str = "", encoding: str = "utf-8") -> bytes:
    above = f"<!DOCTYPE html><html><head><title>Harbour</title>{head}</head>"
    told = f"{above}<body><p>{_SAID}</p>{body}</body></html>"
    return told.encode(encoding)


def text(told: str) -> bytes:
    return f"{_SAID}\n\n{told}\n".encode()


def mail(body: str | bytes, head: str = "Content-Type: text/plain; charset=utf-8\r\n") -> bytes:
    content = body.encode() if isinstance(body, str) else body
    return f"{_HEAD}MIME-Version: 1.0\r\n{head}\r\n".encode() + content


def _parts(depth: int) -> bytes:
    told = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(depth))
    return (_HEAD + "MIME-Version: 1.0\r\n" + told + f"Content-Type: text/plain\r\n\r\n{_SAID}").encode()


def _letters(depth: int) -> bytes:
    return (_HEAD + ("Content-Type: message/rfc822\r\n\r\n" + _HEAD) * depth + f"\r\n{_SAID}").encode()


def _many_parts() -> bytes:
    head = 'Content-Disposition: attachment; filename="x\x1b[2J\u202e.pdf"'
    part = f"--b\r\nContent-Type: application/pdf\r\n{head}\r\n\r\nx\r\n"
    told = f"--b\r\nContent-Type: text/plain\r\n\r\n{_SAID}\r\n" + part * 20_000 + "--b--\r\n"
    return mail(told, 'Content-Type: multipart/mixed; boundary="b"\r\n')


def _encoded(data: bytes) -> bytes:
    head = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
    return mail(base64.encodebytes(data), head)


def _mixed() -> bytes:
    return (
        _SAID.encode()
        + "café “quoted”\n".encode("cp1252")
        + "привет мир\n".encode("koi8-r")
        + "日本語\n".encode("shift-jis")
    )


_HTML = [
    hostile("large-50-mb.html", lambda: page("<p>word</p>" * 4_600_000), "too_large", False),
    hostile("deep-100000.html", lambda: page("<div>" * 100_000 + SAID), "read shut", False),
    hostile("deep-inline.html", lambda: page("<b><i>" * 20_000 + SAID), "read shut", False),
    hostile("deep-tables.html", lambda: page("<table><tr><td>" * 2_000 + SAID), "read shut", False),
    hostile("deep-lists.html", lambda: page("<ol><li>" * 5_000 + SAID), "read shut"),
    hostile("not-closed.html", lambda: page("<p><a href='x><b title=\"" * 10_000), "read", False),
    hostile(
        "attributes-million.html",
        lambda: page(f"<p {' '.join(f'a{n}=1' for n in range(1_000_000))}>x</p>"),
        "read too_large damaged",
        False,
    ),
    hostile("attribute-long.html", lambda: page(f"<p title='{'x' * 10_000_000}'>x</p>"), "read shut", False),
    hostile(
        "entities.html", lambda: page("&amp;&lt;&#x41;&notanentity;&#xD800;&#1114112;&#0;" * 500), "read"
    ),
    hostile(
        "entities-own.html",
        lambda: (
            b'<!DOCTYPE html [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><html>' + page("&b;" * 9_000)
        ),
        "read",
        False,
    ),
    hostile(
        "other-file.html",
        lambda: (
            b'<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]><html>'
            + page("&x;<iframe src=file:///etc/passwd></iframe><object data=/etc/passwd></object>")
        ),
        "read",
    ),
    hostile("charset-lie.html", lambda: page("café", '<meta charset="utf-16">'), "read"),
    hostile("charset-none.html", lambda: page("café", '<meta charset="no-such-charset-\x00">'), "read shut"),
    hostile("charset-codec.html", lambda: page("café", '<meta charset="zlib">'), "read"),
    hostile("charset-escape.html", lambda: page("\\ud800", '<meta charset="unicode_escape">'), "read"),
    hostile("charset-utf7.html", lambda: page("+2AA- +ADw-script+AD4-", '<meta charset="utf-7">'), "read"),
    hostile(
        "refresh-and-script.html",
        lambda: page(
            "<script>while(1){}</script><img src=http://127.0.0.1:47113/x>",
            '<meta http-equiv=refresh content="0;url=http://127.0.0.1:47113/"><base href=http://127.0.0.1:47113/>'
            "<link rel=stylesheet href=http://127.0.0.1:47113/x.css>",
        ),
    ),
    hostile(
        "hidden-cells.html",
        lambda: page("<table>" + "<tr><td style='display:none'>x<td hidden>y" * 5_000 + "</table>"),
        "read",
        False,
    ),
    hostile(
        "table-of-empty-cells.html", lambda: page("<table><tr>" + "<td>" * 60_000 + "</table>"), "read", False
    ),
    hostile(
        "list-from-afar.html",
        lambda: page(f"<ol start={'9' * 5_000}><li>x</ol><ol start=²><li>y</ol>"),
        "read shut",
    ),
]

_MARKDOWN = [
    hostile("quotes-deep.md", lambda: text("> " * 20_000 + "x"), "read shut"),
    hostile("lists-deep.md", lambda: text("\n".join(" " * 2 * n + "- x" for n in range(500))), "read shut"),
    hostile("lists-in-a-row.md", lambda: text("- " * 5_000 + "x"), "read shut"),
    hostile("emphasis.md", lambda: text("*a **b " * 5_000), "read shut", False),
    hostile("emphasis-closed.md", lambda: text("a**b" + "c* " * 1_000), "read shut"),
    hostile("brackets.md", lambda: text("[" * 20_000), "read shut", False),
    hostile("brackets-both.md", lambda: text("[a](" * 10_000 + "]" * 10_000), "read shut", False),
    hostile("links-in-links.md", lambda: text("[" * 2_000 + "a" + "](b)" * 2_000), "read shut"),
    hostile(
        "references.md",
        lambda: text("".join(f"[{n}]: u\n" for n in range(20_000)) + "[1]" * 20_000),
        "read shut",
        False,
    ),
    hostile("backticks.md", lambda: text("".join("e" + "`" * n for n in range(400))), "read shut", False),
    hostile("tags-open.md", lambda: text("<a " * 20_000 + "<!--" * 5_000 + "<?" * 5_000), "read shut", False),
    hostile("table-wide.md", lambda: text("|" * 3_000 + "\n" + "|-" * 3_000 + "|\n" + "|x" * 3_000), "read"),
    hostile("headings.md", lambda: text("# A\n" * 10_000), "read", False),
    hostile("date-wild.md", lambda: b"---\ntitle: Harbour\ndate: 2024-99-99\n---\n" + text("x"), "read"),
    hostile("date-zero.md", lambda: b"---\ndate: 0000-00-00\n---\n" + text("x"), "read"),
    hostile("front-matter-open.md", lambda: b"---\n" + b"a: b\n" * 10_000 + text("x"), "read", False),
]

_TEXT = [
    hostile("encodings-mixed.txt", _mixed, "read"),
    hostile("utf-16-without-mark.txt", lambda: _SAID.encode("utf-16-le"), "wrong_type"),
    hostile("utf-16-cut.txt", lambda: b"\xff\xfe" + _SAID.encode("utf-16-le") + b"\x00\xd8\x00", "read"),
    hostile("utf-32.txt", lambda: _SAID.encode("utf-32"), "read"),
    hostile("zeros.txt", lambda: bytes(1_000_000), "wrong_type empty"),
    hostile("zeros-between.txt", lambda: text("a\x00b\x00c"), "wrong_type"),
    hostile("line-50-mb.txt", lambda: b"word " * 10_000_000, "too_large", False),
    hostile("word-long.txt", lambda: text("a" * 1_000_000), "read"),
    hostile("quotation-marks.txt", lambda: text("“" * 40_000 + "‘" * 40_000), "read", False),
    hostile(
        "capitals.txt", lambda: text("Ab of " * 20_000 + "the Network met. The Network met."), "read", False
    ),
    hostile(
        "directions.txt", lambda: text("\u202e\u2066" * 10_000 + "pays" + "\u202c\u2069" * 10_000), "read"
    ),
    hostile("accents.txt", lambda: text("e" + "\u0301" * 50_000), "read", False),
    hostile("pages-6000.txt", lambda: b"x\f" * 6_000, "too_large"),
    hostile("hyphens.txt", lambda: text("counter-\n" * 5_000), "read", False),
    hostile("figures.txt", lambda: text("\n".join(str(n) for n in range(8_000))), "read", False),
    hostile("terminal.txt", lambda: text("\x1b[2J\x1b]0;x\x07 \x9b31m"), "read shut"),
    hostile("stars.txt", lambda: text("**" + "a b\n" * 20_000 + "** " * 5_000), "read", False),
    hostile("tags.txt", lambda: text("<b" * 20_000), "read", False),
]

_MAIL = [
    hostile("parts-deep.eml", lambda: _parts(500), "read shut", False),
    hostile("letters-in-letters.eml", lambda: _letters(500), "read shut"),
    hostile("parts-many.eml", _many_parts, "read", False),
    hostile("charset-none.eml", lambda: mail(_SAID, "Content-Type: text/plain; charset=no-such\r\n"), "read"),
    hostile(
        "charset-codec.eml", lambda: mail(_SAID, "Content-Type: text/plain; charset=zlib\r\n"), "read shut"
    ),
    hostile(
        "charset-escape.eml",
        lambda: mail(_SAID + "\\ud800", "Content-Type: text/plain; charset=unicode_escape\r\n"),
        "read shut",
    ),
    hostile("bytes-in-header.eml", lambda: b"Subject: caf\xe9 \xff\xfe\r\n" + mail(_SAID), "read"),
    hostile(
        "header-encoded-wildly.eml",
        lambda: (
            f"X-A: =?utf-8?b?{'/' * 999}?=\r\nCc: =?no-such?q?=ff?= <=?utf-7?q?+2AA-?=>\r\n".encode()
            + mail(_SAID)
        ),
        "read",
    ),
    hostile(
        "header-long.eml",
        lambda: ("Cc: " + "a@example.org, " * 4_000 + "\r\n").encode() + mail(_SAID),
        "read too_large shut",
        False,
    ),
    hostile("headers-many.eml", lambda: ("X-A: b\r\n" * 100_000).encode() + mail(_SAID), "read", False),
    hostile("base64-bomb.eml", lambda: _encoded(_SAID.encode() + b"a " * 15_000_000), "too_large", False),
    hostile("base64-broken.eml", lambda: _encoded(_SAID.encode())[:-7] + b"!!!=", "read"),
    hostile("boundary-missing.eml", lambda: mail(_SAID, "Content-Type: multipart/mixed\r\n"), "read shut"),
    hostile("parentheses.eml", lambda: ("To: " + "(" * 5_000 + "\r\n").encode() + mail(_SAID), "read shut"),
]

MARKUP: list[HostileFile] = [*_HTML, *_MARKDOWN, *_TEXT, *_MAIL]
