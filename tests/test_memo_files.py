"""The memo as a Word file and as a PDF, read back by other programs."""

import io
import re
import shutil
import subprocess
import time
import zipfile
from pathlib import Path
from posixpath import join, normpath
from typing import Any

import docx
import pypdf
import pypdfium2  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree  # type: ignore[import-untyped]

from assistant.memo import memo
from assistant.memo.lines import one_line
from memos import DAY, TALK, answered, cite

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
# The order of a run's and a paragraph's properties in the schema, as far as they are used here.
RUN_ORDER = "rStyle rFonts b bCs i iCs noProof color sz szCs u vertAlign rtl lang".split()
PARAGRAPH_ORDER = "pStyle keepNext keepLines numPr bidi spacing ind jc".split()
HOSTILE = {
    "control characters": "".join(map(chr, range(0x300))) + "\ufffe\uffff\ud800</w:t>&amp;<b>",
    "a word of 100 kB": "x" * 100_000,
    "a quote of 100 kB": "lorem ipsum " * 8_500,
    "Arabic of 100 kB": "قرار " * 20_000,
}


def parts(content: bytes) -> dict[str, etree._Element]:
    """The XML parts of a Word file by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.testzip() is None
        return {name: etree.fromstring(file.read(name)) for name in file.namelist()}


def texts(root: etree._Element) -> str:
    return "".join(node.text or "" for node in root.iter(f"{W}t"))


def notes(read: dict[str, etree._Element]) -> dict[int, str]:
    """The footnotes by id, without the separators."""
    found = {int(note.get(f"{W}id", "")): texts(note) for note in read["word/footnotes.xml"]}
    return {number: text for number, text in found.items() if number > 0}


def check_word(content: bytes) -> dict[str, etree._Element]:
    """Hold what Word holds a file to; the parts."""
    read = parts(content)
    types = {node.get("PartName"): node.get("ContentType") for node in read["[Content_Types].xml"]}
    for name in read:
        assert name.endswith(".rels") or name == "[Content_Types].xml" or types.get(f"/{name}"), name
    links: dict[str, str] = {}
    for name in (name for name in read if name.endswith(".rels")):
        folder = name.partition("_rels/")[0]
        for link in read[name]:
            target = link.get("Target", "")
            if link.get("TargetMode") == "External":
                links[link.get("Id", "")] = target
            else:
                assert normpath(join(folder, target.lstrip("/"))) in read, target
    document, footnotes = read["word/document.xml"], read["word/footnotes.xml"]
    assert {node.get(f"{R}id") for node in document.iter(f"{W}hyperlink")} <= set(links)
    kept = {node.get(f"{W}styleId") for node in read["word/styles.xml"].iter(f"{W}style")}
    for tag in ("pStyle", "rStyle"):
        used = {node.get(f"{W}val") for root in (document, footnotes) for node in root.iter(f"{W}{tag}")}
        assert used <= kept, used - kept
    lists = {node.get(f"{W}numId") for node in read["word/numbering.xml"].iter(f"{W}num")}
    assert {node.get(f"{W}val") for node in document.iter(f"{W}numId")} <= lists
    ids = [int(node.get(f"{W}id", "")) for node in footnotes]
    assert ids == list(range(-1, len(ids) - 1)), "separators, then the notes in order"
    assert [node.get(f"{W}type") for node in footnotes[:2]] == ["separator", "continuationSeparator"]
    called = [int(node.get(f"{W}id", "")) for node in document.iter(f"{W}footnoteReference")]
    assert called == ids[2:], "each note is called once, in order; Word numbers them so"
    settings = [node.tag.removeprefix(W) for node in read["word/settings.xml"]]
    assert settings.index("footnotePr") + 1 == settings.index("compat")
    marks = {node.get(f"{W}name") for node in document.iter(f"{W}bookmarkStart")}
    for field in document.iter(f"{W}fldSimple"):
        assert field.get(f"{W}instr", "").split()[1] in marks
    for tag, order in (("rPr", RUN_ORDER), ("pPr", PARAGRAPH_ORDER)):
        for look in (node for root in (document, footnotes) for node in root.iter(f"{W}{tag}")):
            places = [order.index(child.tag.removeprefix(W)) for child in look]
            assert places == sorted(places), etree.tostring(look)
    return read


def page_texts(content: bytes) -> list[str]:
    return [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(content)]


def words(text: str) -> list[str]:
    return re.sub(r"[\ufffe\x02\u00ad]", "", text).split()


def test_the_word_file_is_one_that_word_takes() -> None:
    read = check_word(memo("docx", TALK, DAY).content)
    told = notes(read)
    assert told[2] == " Harbour report, 2021-03-02, page 5 (printed as iii): “Norway pays 4.2 million euros.”"
    repeated = [node.get(f"{W}instr") for node in read["word/document.xml"].iter(f"{W}fldSimple")]
    assert repeated == [r" NOTEREF _RefNote1 \f \h ", r" NOTEREF _RefNote2 \f \h "]
    document = docx.Document(io.BytesIO(memo("docx", TALK, DAY).content))
    styled = [(p.style.name if p.style else "", p.text) for p in document.paragraphs]
    assert ("Heading 1", "Who pays for the Harbour Programme?") in styled
    assert ("List Bullet", "the port of Durrës") in styled and ("List Number", "training by Norway") in styled
    strong = [run.text for p in document.paragraphs for run in p.runs if run.bold]
    assert "Harbour Programme" in strong and "Norway" in strong
    starts = [node.get(f"{W}val") for node in read["word/numbering.xml"].iter(f"{W}startOverride")]
    assert starts == ["2"], "the list begins at 2 and goes on"


def test_arabic_runs_from_the_right_in_word() -> None:
    root = parts(memo("docx", TALK, DAY).content)["word/footnotes.xml"]
    note = root[5]
    assert [p.find(f"{W}pPr/{W}bidi") is not None for p in note.iter(f"{W}p")] == [False, True]
    turned = {texts(run) for run in note.iter(f"{W}r") if run.find(f"{W}rPr/{W}rtl") is not None}
    assert "القرار 2396" in turned and not any("PNR" in text for text in turned)
    spoken = {lang.get(f"{W}bidi") for lang in note.iter(f"{W}lang")}
    assert spoken == {"ar-SA"}


def test_the_files_tell_nothing_of_who_made_them_and_when() -> None:
    written = memo("docx", TALK, DAY).content
    with zipfile.ZipFile(io.BytesIO(written)) as file:
        assert {entry.date_time for entry in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not any("thumbnail" in name or "app.xml" in name for name in file.namelist())
    about = docx.Document(io.BytesIO(written)).core_properties
    assert (about.author, about.last_modified_by, about.comments) == ("", "", "")
    assert about.created is not None and about.created.date() == DAY
    told = pypdf.PdfReader(io.BytesIO(memo("pdf", TALK, DAY).content)).metadata
    assert told is not None and not told.author and told.creator == "ct-assistant"
    assert told.creation_date is not None and told.creation_date.date() == DAY


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(), min_size=1, max_size=80), st.text(st.characters(), max_size=80))
def test_any_text_comes_back_from_the_word_file(text: str, quote: str) -> None:
    sentence = "S " + text.replace("[", "(").replace("*", "")
    made = memo("docx", [(text, answered(f"{sentence} [1]", cite(1, quote, title=text)))], DAY).content
    read = check_word(made)
    told = "".join(p.text for p in docx.Document(io.BytesIO(made)).paragraphs)
    assert one_line(sentence).replace(" ", "") in told.replace(" ", "").replace("\u200e", "")
    assert notes(read)[1].endswith(f"“{one_line(quote)}”")


LETTERS = st.sampled_from("abcxyzÄéñőșřğßΑβγΏАбвгЖщѐіїქარ0189.,;:!?()-–—“”«»‘’…§©€£½≥→/&<>'\"")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(LETTERS, min_size=1, max_size=9), min_size=1, max_size=30))
def test_latin_greek_and_cyrillic_come_back_from_the_pdf(told: list[str]) -> None:
    quote = " ".join(told)
    made = memo("pdf", [("?", answered("Yes [1].", cite(1, quote)))], DAY)
    assert made.unshown == ()
    shown = "".join(words("".join(page_texts(made.content))))
    assert "".join(words(f"“{quote}”")) in shown


def test_what_the_pdf_cannot_show_is_told_where_it_stood_and_at_the_beginning() -> None:
    quote = "قرار مجلس الأمن and 安理会 \U0001f600 end"
    made = memo("pdf", [("?", answered("Yes [1].", cite(1, quote)))], DAY)
    assert made.unshown == ("Arabic", "Chinese", "U+1F600")
    shown = " ".join(words("".join(page_texts(made.content))))
    assert "“[Arabic] and [Chinese] [U+1F600] end”" in shown
    assert "This file cannot show Arabic, Chinese, U+1F600;" in shown


def test_notes_and_text_of_the_pdf_are_linked_both_ways() -> None:
    reader = pypdf.PdfReader(io.BytesIO(memo("pdf", TALK, DAY).content))
    links: list[Any] = [note.get_object() for page in reader.pages for note in page.get("/Annots", [])]
    inside = [link for link in links if "/Dest" in link or "/D" in link.get("/A", {})]
    assert len(inside) == 7 + 5, "seven marks and five notes"
    assert [link["/A"]["/URI"] for link in links if "/URI" in link.get("/A", {})] == [
        "https://example.org/a?b=1&c=2"
    ]
    root: Any = reader.trailer["/Root"]
    assert root["/Lang"] == "en" and root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert [str(entry["/Title"]) for entry in reader.outline if isinstance(entry, dict)] == [
        *(question for question, _ in TALK),
        "Notes",
        "Sources",
    ]


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_text_breaks_no_file_and_takes_seconds(what: str) -> None:
    text = HOSTILE[what]
    asked = [(text[:2000], answered(f"Yes {text[:5000]} [1].", cite(1, text, title=text[:3000])))]
    begun = time.perf_counter()
    check_word(memo("docx", asked, DAY).content)
    assert len(page_texts(memo("pdf", asked, DAY).content)) > 1
    assert time.perf_counter() - begun < 30, "it takes two seconds on two shared cores"


@pytest.mark.skipif(
    not shutil.which("soffice"), reason="LibreOffice is not installed: apt install libreoffice-writer-nogui"
)
def test_libreoffice_opens_the_word_file_and_shows_its_notes(tmp_path: Path) -> None:
    (tmp_path / "memo.docx").write_bytes(memo("docx", TALK, DAY).content)
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    done = subprocess.run(
        [
            "soffice",
            profile,
            "--headless",
            "--convert-to",
            "pdf",
            "--outdir",
            tmp_path,
            tmp_path / "memo.docx",
        ],
        capture_output=True,
        timeout=100,
        check=True,
    )
    assert (tmp_path / "memo.pdf").exists(), done.stderr
    shown = " ".join(words("".join(page_texts((tmp_path / "memo.pdf").read_bytes()))))
    assert "The Harbour Programme trains officers.1,2" in shown, "marks beside their sentence"
    assert "Russia" not in shown and "Россия3" in shown and "2. training by Norway2" in shown
    assert "2 Harbour report, 2021-03-02, page 5 (printed as iii): “Norway pays 4.2 million euros.”" in shown
    assert "5 Harbour report, no date given, page 3: “17 airlines.”" in shown
