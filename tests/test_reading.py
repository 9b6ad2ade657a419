"""Every format to pages, and every other file to a named refusal."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from index.errors import UnreadableDocument
from index.reading import SUPPORTED_SUFFIXES, Reading, read
from index.reading.limits import read_limited

SHARED = Path(__file__).resolve().parents[2] / "shared"


def written(folder: Path, name: str, data: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def reading(folder: Path, name: str, data: str | bytes) -> Reading:
    return read(written(folder, name, data), "d")


def blocks(found: Reading, page: int = 1) -> list[str]:
    return found.pages[page - 1].text.split("\n")


def refusal(folder: Path, name: str, data: str | bytes) -> UnreadableDocument:
    with pytest.raises(UnreadableDocument) as caught:
        reading(folder, name, data)
    assert caught.value.reason.endswith(".") and caught.value.action.endswith(".")
    return caught.value


def pdf(pages: list[list[tuple[float, float, str, int, str]]], **options: Any) -> bytes:
    """A PDF of rows (x, y, font, size, text), a list for each page."""
    from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

    buffer = io.BytesIO()
    canvas = Canvas(buffer, **options)
    for rows in pages:
        for x, y, font, size, text in rows:
            canvas.setFont(font, size)
            canvas.drawString(x, y, text)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def saved(thing: Any) -> bytes:
    buffer = io.BytesIO()
    thing.save(buffer)
    return buffer.getvalue()


BODY = [
    (72.0, 700.0, "Helvetica-Bold", 14, "I. Introduction"),
    (
        72.0,
        670.0,
        "Helvetica",
        10,
        "1. The present report speaks of programmes against terrorist travel, of their imple-",
    ),
    (72.0, 658.0, "Helvetica", 10, "mentation and of what they cost."),
    (72.0, 634.0, "Helvetica", 10, "2. It ends here."),
]


def test_pdf_rows_become_paragraphs_under_a_guessed_heading(tmp_path: Path) -> None:
    found = reading(tmp_path, "a.pdf", pdf([BODY]))
    assert blocks(found) == [
        "I. Introduction",
        "1. The present report speaks of programmes against terrorist travel, of their implementation "
        "and of what they cost.",
        "2. It ends here.",
    ]
    assert [(h.level, h.text, h.start) for h in found.pages[0].headings] == [(1, "I. Introduction", 0)]


@pytest.mark.parametrize(("gap", "wanted"), [(1.3, "Kha’ir goes on"), (2.6, "Kha ’ir goes on")])
def test_pdf_blank_before_an_apostrophe_is_kept_only_where_the_print_has_room(
    tmp_path: Path, gap: float, wanted: str
) -> None:
    from reportlab.pdfbase.pdfmetrics import stringWidth  # type: ignore[import-untyped]

    font, words = "Times-Roman", "The camp of Kha"
    after = 72.0 + stringWidth(words, font, 10) + gap
    rows = [(72.0, 700.0, font, 10, words), (after, 700.0, font, 10, "’ir goes on")]
    assert wanted in reading(tmp_path, "a.pdf", pdf([rows])).pages[0].text


def test_two_page_form_loses_its_foot_and_its_symbol(tmp_path: Path) -> None:
    head = [
        (430.0, 800.0, "Helvetica", 10, "S/2024/835"),
        (72.0, 770.0, "Helvetica", 10, "24-20468 (E) 221124"),
    ]
    second = [
        (430.0, 800.0, "Helvetica", 10, "S/2024/835"),
        (72.0, 40.0, "Helvetica", 8, "2/2 24-20468"),
        (72.0, 700.0, "Helvetica", 10, "9. Decides to remain actively seized of the matter."),
    ]
    found = reading(tmp_path, "a.pdf", pdf([head + BODY, second]))
    assert blocks(found, 2) == ["9. Decides to remain actively seized of the matter."]


def test_pdf_page_without_text_is_told(tmp_path: Path) -> None:
    found = reading(tmp_path, "a.pdf", pdf([BODY, [], BODY]))
    assert found.warnings == ("no text on 1 of 3 pages (2).",)
    assert [page.number for page in found.pages] == [1, 2, 3]


def test_pdf_without_any_text_is_scanned(tmp_path: Path) -> None:
    error = refusal(tmp_path, "a.pdf", pdf([[], []]))
    assert (error.status, error.reason) == ("scanned", "no text on 2 of 2 pages (a scan?).")


def test_pdf_that_asks_for_a_password_is_encrypted(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a.pdf", pdf([BODY], encrypt="secret")).status == "encrypted"


def test_pdf_with_an_empty_user_password_is_read(tmp_path: Path) -> None:
    from reportlab.lib.pdfencrypt import StandardEncryption  # type: ignore[import-untyped]

    data = pdf([BODY], encrypt=StandardEncryption("", ownerPassword="owner"))
    assert "ends here" in reading(tmp_path, "a.pdf", data).pages[0].text


def test_pdf_outline_gives_headings_and_labels_are_kept(tmp_path: Path) -> None:
    import pypdf
    from pypdf.constants import PageLabelStyle

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf([BODY, BODY])))
    parent = writer.add_outline_item(title="Introduction", page_number=0)
    writer.add_outline_item(title="It ends here", page_number=1, parent=parent)
    writer.add_outline_item(title="Drawn, not written", page_number=1, parent=parent)
    writer.set_page_label(page_index_from=0, page_index_to=1, style=PageLabelStyle.LOWERCASE_ROMAN)
    writer.add_metadata({"/Title": "Microsoft Word - x.doc"})
    buffer = io.BytesIO()
    writer.write(buffer)
    found = reading(tmp_path, "a.pdf", buffer.getvalue())
    assert [page.label for page in found.pages] == ["i", "ii"]
    assert [(h.level, h.text) for h in found.pages[0].headings] == [(1, "I. Introduction")]
    assert [(h.level, h.text) for h in found.pages[1].headings] == [
        (2, "2. It ends here."),
        (2, "Drawn, not written"),
    ]
    assert found.pages[1].headings[1].start == 0


def test_pdf_cut_short_is_damaged_or_told(tmp_path: Path) -> None:
    whole = pdf([BODY])
    try:
        found = reading(tmp_path, "a.pdf", whole[: len(whole) // 2])
        assert found.warnings
    except UnreadableDocument as error:
        assert error.status in ("damaged", "scanned")


def test_word_headings_lists_tables_notes_and_page_breaks(tmp_path: Path) -> None:
    import docx
    from docx.enum.text import WD_BREAK

    document = docx.Document()
    document.core_properties.title = "Microsoft Word - draft.docx"
    document.add_heading("Programme on travel", 0)
    document.add_heading("Budget", 1)
    document.add_paragraph("Funds come from two donors.")
    document.add_paragraph("First donor", style="List Bullet")
    document.add_paragraph("Step one", style="List Number")
    document.add_paragraph("Step two", style="List Number")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ["Donor", "Amount", "Norway", "2,500"], strict=True):
        cell.text = text
    document.add_paragraph("before").add_run().add_break(WD_BREAK.PAGE)
    document.add_paragraph("On the second page.")
    document.sections[0].header.paragraphs[0].text = "A running header"
    found = reading(tmp_path, "a.docx", saved(document))
    assert blocks(found) == [
        "Programme on travel",
        "Budget",
        "Funds come from two donors.",
        "- First donor",
        "1. Step one",
        "2. Step two",
        "Donor | Amount",
        "Norway | 2,500",
        "before",
    ]
    assert blocks(found, 2) == ["On the second page."]
    assert [(h.level, h.text) for h in found.pages[0].headings] == [(1, "Programme on travel"), (1, "Budget")]
    assert found.title == "Programme on travel"


def word_part(body: str, **parts: str) -> bytes:
    """A Word file from hand-written XML, for what python-docx does not write."""
    import docx

    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    plain, buffer = io.BytesIO(saved(docx.Document())), io.BytesIO()
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            data = old.read(name).decode("latin-1")
            if name == "word/document.xml":
                data = f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>'
            if name == "word/_rels/document.xml.rels" and "footnotes" in parts:
                item = f'<Relationship Id="rIdF" Type="{relation}" Target="footnotes.xml"/></Relationships>'
                data = data.replace("</Relationships>", item)
            if name == "[Content_Types].xml" and "footnotes" in parts:
                kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
                item = f'<Override PartName="/word/footnotes.xml" ContentType="{kind}"/></Types>'
                data = data.replace("</Types>", item)
            new.writestr(name, data.encode("latin-1"))
        if "footnotes" in parts:
            new.writestr(
                "word/footnotes.xml", f'<w:footnotes xmlns:w="{space}">{parts["footnotes"]}</w:footnotes>'
            )
    return buffer.getvalue()


def test_word_footnote_stands_at_the_end_of_its_page(tmp_path: Path) -> None:
    data = word_part(
        '<w:p><w:r><w:t>It grew.</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
        "<w:p><w:r><w:t>More.</w:t></w:r><w:r><w:lastRenderedPageBreak/><w:t>Over.</w:t></w:r></w:p>",
        footnotes='<w:footnote w:id="2"><w:p><w:r><w:t>See A/79/1.</w:t></w:r></w:p></w:footnote>',
    )
    found = reading(tmp_path, "a.docx", data)
    assert blocks(found) == ["It grew.¹", "More.", "¹ See A/79/1."]
    assert blocks(found, 2) == ["Over."]


def test_word_page_break_recorded_twice_counts_once_and_deleted_text_is_gone(tmp_path: Path) -> None:
    data = word_part(
        '<w:p><w:r><w:t>One</w:t><w:br w:type="page"/></w:r></w:p>'
        "<w:p><w:r><w:lastRenderedPageBreak/><w:t>Two</w:t></w:r><w:del><w:r><w:t>gone</w:t></w:r></w:del></w:p>"
        "<w:p><w:r><w:txbxContent><w:p><w:r><w:t>In a box</w:t></w:r></w:p></w:txbxContent></w:r></w:p>"
    )
    found = reading(tmp_path, "a.docx", data)
    assert [page.text for page in found.pages] == ["One", "Two\nIn a box"]


def test_slide_notes_are_labelled_as_notes(tmp_path: Path) -> None:
    from pptx import Presentation
    from pptx.util import Inches

    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Countering\vTerrorist Travel"
    low = slide.shapes.add_textbox(Inches(1), Inches(5), Inches(3), Inches(1))
    low.text_frame.text = "Last words"
    right = slide.shapes.add_textbox(Inches(5), Inches(2), Inches(3), Inches(1))
    right.text_frame.text = "Right"
    group = slide.shapes.add_group_shape()
    left = group.shapes.add_textbox(Inches(1), Inches(2), Inches(3), Inches(1))
    left.text_frame.text = "Left"
    table = slide.shapes.add_table(1, 2, Inches(1), Inches(3), Inches(4), Inches(1)).table
    table.cell(0, 0).text, table.cell(0, 1).text = "State", "Since"
    slide.notes_slide.notes_text_frame.text = "Thank the donors."
    found = reading(tmp_path, "a.pptx", saved(deck))
    assert blocks(found) == [
        "Countering Terrorist Travel",
        "Left",
        "Right",
        "State | Since",
        "Last words",
        "Speaker notes: Thank the donors.",
    ]
    assert found.title == "Countering Terrorist Travel"


def test_each_sheet_row_can_be_read_alone(tmp_path: Path) -> None:
    import datetime

    import openpyxl  # type: ignore[import-untyped]

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Donors"
    sheet.append(["Contributions, in thousands"])
    sheet.append([])
    sheet.append(["Donor", "Amount", "Paid on"])
    sheet.append(["Norway", 35.0, datetime.datetime(2019, 9, 23)])
    sheet.append([None, None, None])
    sheet.append(["Qatar", 12.5, None])
    book.create_sheet("Empty")
    found = reading(tmp_path, "a.xlsx", saved(book))
    assert blocks(found) == [
        "Donors",
        "Contributions, in thousands",
        "Donor: Norway | Amount: 35 | Paid on: 2019-09-23",
        "Donor: Qatar | Amount: 12.5",
    ]
    assert [page.label for page in found.pages] == ["Donors", "Empty"]
    assert found.warnings == ("no text on 1 of 2 pages (2).",)


def test_formulas_that_nobody_worked_out_are_counted_by_sheet(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Sums"
    for row in (
        ["Donor", "Amount"],
        ["Norway", 35],
        ["Qatar", 12],
        ["All", "=SUM(B2:B3)"],
        ["Half", "=B4/2"],
    ):
        sheet.append(row)
    book.create_sheet("Plain").append(["No formula", "here"])
    found = reading(tmp_path, "a.xlsx", saved(book))
    assert found.warnings == (
        "2 formulas have no stored value on sheet Sums: open the file in Excel and save it.",
    )


def test_html_shows_what_its_reader_sees(tmp_path: Path) -> None:
    found = reading(
        tmp_path,
        "a.html",
        "<html><head><title>UNOCT &amp; partners</title><style>p{}</style></head><body><nav>Menu</nav>"
        "<h1>Who <em>we</em> are</h1><p>One<br>two.</p><p hidden>no</p><div style='display: none'>no</div>"
        "<ul><li>first</li><li><p>second</p></li></ul><ol start=3><li>third</li></ol>"
        "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2<br>3</td></tr></table><script>no</script>"
        "loose text</body></html>",
    )
    assert blocks(found) == [
        "Who we are", "One two.", "- first", "- second", "3. third", "A | B", "1 | 2 3", "loose text",
    ]  # fmt: skip
    assert found.title == "UNOCT & partners" and found.pages[0].headings[0].level == 1


def test_html_encoding_is_taken_from_its_meta(tmp_path: Path) -> None:
    page = "<html><head><meta charset='windows-1251'></head><body><p>Совет Безопасности</p></body></html>"
    assert blocks(reading(tmp_path, "a.htm", page.encode("cp1251"))) == ["Совет Безопасности"]


def test_markdown_shows_no_marks_and_no_tags(tmp_path: Path) -> None:
    found = reading(
        tmp_path,
        "a.md",
        "---\ntitle: 'The Strategy'\ndate: 2024-06-11\n---\n##Pillars\n\nFour **pillars**<sup>1</sup> and\n"
        "[a link](http://x.y).\n\n- one\n- two\n\n| A | B |\n|---|---|\n| 1 | 2 |\n",
    )
    assert blocks(found) == ["Pillars", "Four pillars1 and a link.", "- one", "- two", "A | B", "1 | 2"]
    assert (found.title, found.date) == ("The Strategy", "2024-06-11")


def test_text_with_marks_of_markdown_is_understood(tmp_path: Path) -> None:
    found = reading(
        tmp_path,
        "a.txt",
        "**UNITED NATIONS\nOFFICE OF COUNTER-TERRORISM**\n\n**Opening remarks by\nMr. Voronkov**\n\n"
        "beyond Afghanistan<sup>1</sup>.\n- ***Five functions:***\n- **Leadership**\n"
        "## Excellencies,\n2 * 3 * 4",
    )
    assert blocks(found) == [
        "UNITED NATIONS OFFICE OF COUNTER-TERRORISM",
        "Opening remarks by Mr. Voronkov",
        "beyond Afghanistan1.",
        "- Five functions:",
        "- Leadership",
        "Excellencies,",
        "2 * 3 * 4",
    ]
    assert [h.text for h in found.pages[0].headings][-1] == "Excellencies,"
    assert found.title == "Opening remarks by Mr. Voronkov"


def test_form_feed_is_a_page_break(tmp_path: Path) -> None:
    assert [page.text for page in reading(tmp_path, "a.txt", "One.\fTwo.\f\n").pages] == ["One.", "Two."]


def test_running_lines_of_a_text_file_are_removed_where_its_rows_are_paragraphs(tmp_path: Path) -> None:
    sheets = [f"A/AC.182/INF/1\n{name}\nMr. {name}son\n" for name in ("Ada", "Ben", "Cy", "Dee")]
    assert [p.text for p in reading(tmp_path, "a.txt", "\f".join(sheets)).pages][1] == "Ben\nMr. Benson"


def test_text_that_is_not_utf_8_is_read_and_told(tmp_path: Path) -> None:
    words = "Le Bureau de lutte contre le terrorisme a été créé en juin 2017 à la suite d'une décision. " * 3
    found = reading(tmp_path, "a.txt", words.encode("cp1252"))
    assert "a été créé" in found.pages[0].text
    assert "not UTF-8" in found.warnings[0]


def test_utf_16_with_its_mark_is_read(tmp_path: Path) -> None:
    assert blocks(reading(tmp_path, "a.txt", "Résolution 1373".encode("utf-16"))) == ["Résolution 1373"]


def test_mail_has_its_subject_as_title_and_names_its_attachments(tmp_path: Path) -> None:
    from email.message import EmailMessage

    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@un.org", "b@un.org", "Travel programme: update"
    mail["Date"] = "Mon, 23 Sep 2019 10:00:00 +0000"
    mail.set_content("Dear all,\n\nThe meeting is on Monday.\n")
    mail.add_alternative("<p>no</p>", subtype="html")
    mail.add_attachment(b"x", maintype="application", subtype="pdf", filename="plan.pdf")
    found = reading(tmp_path, "a.eml", mail.as_bytes())
    assert (found.title, found.date) == ("Travel programme: update", "2019-09-23")
    assert blocks(found)[-2:] == ["Dear all,", "The meeting is on Monday."]
    assert "From: a@un.org" in blocks(found)
    assert found.warnings == ("1 attachments are not read (plan.pdf).",)


@pytest.mark.parametrize(
    ("name", "data", "status", "said"),
    [
        ("a.txt", b"", "empty", "no bytes"),
        ("a.txt", b" \n\n ", "empty", "no text"),
        ("a.docx", b"%PDF-1.4 x", "wrong_type", "its bytes are a PDF"),
        ("a.txt", b"text\x00with\x00nul", "wrong_type", "binary"),
        ("a.pdf", b"just words", "wrong_type", "plain text"),
        ("a.pdf", b"<!DOCTYPE html><p>Not found</p>", "wrong_type", "an HTML page"),
        ("a.txt", b"<html><p>x</p></html>", "wrong_type", "an HTML page"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "wrong_type", "old binary Office"),
        ("a.docx", b"PK\x03\x04 broken", "damaged", "zip archive"),
        ("a.doc", b"words", "unsupported", ".doc"),
        ("a.pdf", b"\x89PNG\r\n", "wrong_type", "PNG"),
        ("a.pdf", b"%PDF-1.4\nnothing else", "damaged", "PDF"),
        ("a.eml", b"no header lines at all", "wrong_type", "header"),
    ],
)
def test_file_that_cannot_be_read_is_refused_by_name(
    tmp_path: Path, name: str, data: bytes, status: str, said: str
) -> None:
    error = refusal(tmp_path, name, data)
    assert error.status == status and said in error.reason


def test_protected_office_file_is_encrypted(tmp_path: Path) -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le")
    assert refusal(tmp_path, "a.docx", data).status == "encrypted"


def test_other_zip_is_not_taken_for_an_office_file(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "x")
    assert "zip archive" in refusal(tmp_path, "a.docx", buffer.getvalue()).reason
    assert refusal(tmp_path, "a.pdf", buffer.getvalue()).status == "wrong_type"


def test_exception_inside_a_reader_becomes_damaged(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", "<x")
        archive.writestr("word/document.xml", "<x")
    error = refusal(tmp_path, "a.docx", buffer.getvalue())
    assert error.status == "damaged" and "Error" in error.reason and "\n" not in error.reason


def test_suffixes_are_listed_once() -> None:
    assert {".pdf", ".docx", ".pptx", ".xlsx", ".html", ".md", ".txt", ".eml"} <= SUPPORTED_SUFFIXES


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared papers are not beside this project")
def test_real_papers_read_as_a_reader_would_want() -> None:
    found = read_limited(SHARED / "corpus" / "un_pdf" / "S_2025_482.pdf", "d")
    text = "\n".join(page.text for page in found.pages)
    assert len(found.pages) == 27 and found.title.startswith("Letter dated 21 July 2025")
    assert "25-10785 " not in found.pages[9].text and "S/2025/482" not in found.pages[9].text
    assert "\n2. Al-Qaida affiliates continued to operate largely autonomously." in text
    with pytest.raises(UnreadableDocument) as caught:
        read_limited(SHARED / "corpus" / "un_pdf" / "A_45_696_Add.1.pdf", "d")
    assert caught.value.status == "scanned"


def test_a_paper_of_five_hundred_pages_is_read_whole_within_the_limits(tmp_path: Path) -> None:
    rows = [[(72.0, 700.0, "Helvetica", 11, f"Paragraph {n} speaks of harbour {n}.")] for n in range(1, 501)]
    found = read_limited(written(tmp_path, "long.pdf", pdf(rows)), "d")
    assert len(found.pages) == 500
    assert found.pages[499].text == "Paragraph 500 speaks of harbour 500."
