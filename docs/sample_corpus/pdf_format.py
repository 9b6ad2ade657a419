"""The PDFs of the sample corpus: blocks in, bytes out, the same bytes for the same blocks.

A section of the source is one physical page; one that needs more is refused, so that page numbers stay true.
"""

import html
import io
import re
from typing import Any

from formats import Block, Sections
from reportlab import platypus  # type: ignore[import-untyped]
from reportlab.lib import colors, pagesizes  # type: ignore[import-untyped]
from reportlab.lib.styles import ParagraphStyle  # type: ignore[import-untyped]
from reportlab.lib.units import cm  # type: ignore[import-untyped]
from reportlab.pdfbase import pdfmetrics, ttfonts  # type: ignore[import-untyped]

SIDE, TOP, BOTTOM = 2.3 * cm, 2.4 * cm, 3.0 * cm
BLUE = colors.HexColor("#1f4e79")


def pdf_styles() -> dict[str, Any]:
    """Styles by block kind. Vera comes with reportlab, so that the bytes do not hang on a system's fonts."""
    for face, file in (("V", "Vera"), ("V-b", "VeraBd"), ("V-i", "VeraIt"), ("V-bi", "VeraBI")):
        pdfmetrics.registerFont(ttfonts.TTFont(face, f"{file}.ttf"))
    pdfmetrics.registerFontFamily("V", "V", "V-b", "V-i", "V-bi")
    base = ParagraphStyle("paragraph", fontName="V", fontSize=10, leading=14.4, spaceAfter=7)
    heading = {"fontName": "V-b", "textColor": BLUE, "alignment": 0, "keepWithNext": 1}
    made = {
        "paragraph": base,
        "h1": ParagraphStyle("h1", base, fontSize=15, leading=19, spaceAfter=9, **heading),
        "h2": ParagraphStyle("h2", base, fontSize=11.5, leading=14.5, spaceBefore=7, spaceAfter=4, **heading),
        "h3": ParagraphStyle("h3", base, fontSize=10, spaceBefore=4, spaceAfter=3, **heading),
        "masthead": ParagraphStyle("masthead", base, fontName="V-b", textColor=colors.grey, spaceAfter=1),
        "breakable": ParagraphStyle("breakable", base, embeddedHyphenation=1),
        "bullet": ParagraphStyle("bullet", base, leftIndent=14, bulletIndent=3, spaceAfter=4),
        "footnote": ParagraphStyle("footnote", base, fontSize=7.4, leading=9.4, spaceAfter=2),
        "cell": ParagraphStyle("cell", base, fontSize=8.2, leading=10.8, spaceAfter=0),
    }
    return made | {"number": made["bullet"]}


def pdf_text(text: str, hyphens: str) -> str:
    """Our marks as reportlab's; soft hyphens in the words that `hyphens` lists."""
    for word in hyphens.split():
        text = re.sub(rf"\b{word.replace('-', '')}\b", word.replace("-", "\u00ad"), text)
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", html.escape(text, quote=False))
    return re.sub(r"\[\^(\d+)\]", r"<super size=6>\1</super>", text)


def column_widths(rows: list[list[str]], width: float) -> list[float]:
    """Each column gets its longest word, the rest goes by the length of the columns' texts."""
    columns = list(zip(*rows, strict=True))
    words = [[word for cell in column for word in cell.split()] for column in columns]
    least = [max(pdfmetrics.stringWidth(word, "V", 8.2) for word in column) + 14 for column in words]
    lengths = [max(len(cell) for cell in column) for column in columns]
    return [own + (width - sum(least)) * n / sum(lengths) for own, n in zip(least, lengths, strict=True)]


def pdf_flow(section: list[Block], styles: dict[str, Any], hyphens: str, width: float) -> list[Any]:
    """What reportlab sets on one page, footnotes left out."""
    flow: list[Any] = []
    count = 0
    for block in section:
        count = count + 1 if block.kind == "number" else 0
        if block.kind == "table":
            cells = [
                [platypus.Paragraph(pdf_text(cell, ""), styles["cell"]) for cell in row] for row in block.rows
            ]
            table = platypus.Table(cells, column_widths(block.rows, width), repeatRows=1)
            lines = ("LINEBELOW", (0, 0), (-1, -1), 0.4, colors.lightgrey)
            head = ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#dde7f0"))
            table.setStyle(platypus.TableStyle([lines, head, ("VALIGN", (0, 0), (-1, -1), "TOP")]))
            flow += [table, platypus.Spacer(1, 9)]
        elif block.kind != "footnote":
            sign = {"bullet": "•", "number": f"{count}."}.get(block.kind)
            # reportlab drops the hyphen of `long-term` where it also breaks words: never both in one block
            breakable = block.kind == "paragraph" and hyphens and "-" not in block.text
            text = pdf_text(block.text, hyphens if breakable else "")
            style = styles["breakable" if breakable else block.kind]
            flow.append(platypus.Paragraph(text, style, bulletText=sign))
    return flow


def pdf_bytes(front: dict[str, str], sections: Sections) -> bytes:
    """A PDF with outline, page labels, running header and footer."""
    styles, hyphens, cover = pdf_styles(), front.get("hyphens", ""), int(front.get("cover", "0"))
    styles["breakable"].alignment = styles["paragraph"].alignment = 4 if hyphens else 0
    page_width, page_height = pagesizes.A4
    columns, gap = int(front.get("columns", "1")), 0.7 * cm
    width = (page_width - 2 * SIDE - gap * (columns - 1)) / columns
    frames = [
        platypus.Frame(SIDE + i * (width + gap), BOTTOM, width, page_height - TOP - BOTTOM, 0, 0, 0, 0)
        for i in range(columns)
    ]
    out = io.BytesIO()
    pages = 0

    def draw_head(canvas: Any, _document: Any) -> None:
        nonlocal pages
        pages = canvas.getPageNumber()
        if pages == 1:
            if cover:
                canvas.addPageLabel(0, style="ROMAN_LOWER", start=1)
            canvas.addPageLabel(cover, style="ARABIC", start=1)
        canvas.setFont("V", 7.4)
        canvas.setFillColor(colors.grey)
        canvas.drawString(SIDE, page_height - 1.5 * cm, front["header"])

    def draw_foot(canvas: Any, _document: Any) -> None:
        notes = [
            b.text.partition(" ") for b in sections[min(pages, len(sections)) - 1] if b.kind == "footnote"
        ]
        lines = [platypus.Paragraph(pdf_text(f"[^{n}] {t}", ""), styles["footnote"]) for n, _, t in notes]
        heights = [line.wrap(page_width - 2 * SIDE, page_height)[1] + 2 for line in lines]
        top = 1.8 * cm + sum(heights)
        if lines:
            canvas.line(SIDE, top + 2, SIDE + 4 * cm, top + 2)
        for line, height in zip(lines, heights, strict=True):
            top -= height
            line.drawOn(canvas, SIDE, top + 2)
        canvas.setFont("V", 7.4)
        canvas.setFillColor(colors.grey)
        canvas.drawString(SIDE, 1.3 * cm, front["publisher"])
        label = str(pages - cover) if pages > cover else "i" * pages
        canvas.drawRightString(page_width - SIDE, 1.3 * cm, f"Page {label}")

    def mark_heading(flowable: Any) -> None:
        level = {"h1": 0, "h2": 1}.get(getattr(getattr(flowable, "style", None), "name", ""))
        if level is not None:
            key = f"{document.page}-{flowable.getPlainText()}"
            document.canv.bookmarkPage(key)
            document.canv.addOutlineEntry(flowable.getPlainText().replace("\u00ad", ""), key, level)

    document = platypus.BaseDocTemplate(
        out, pagesize=pagesizes.A4, invariant=1, title=front["title"], author=front["publisher"], lang="en"
    )
    document.addPageTemplates(platypus.PageTemplate("page", frames, onPage=draw_head, onPageEnd=draw_foot))
    document.afterFlowable = mark_heading
    flow: list[Any] = []
    for section in sections:
        flow += [platypus.PageBreak()] * bool(flow) + pdf_flow(section, styles, hyphens, width)
    document.build(flow)
    if pages != len(sections):
        raise SystemExit(f"{front['path']}: {len(sections)} sections fill {pages} pages; shorten one")
    return out.getvalue()
