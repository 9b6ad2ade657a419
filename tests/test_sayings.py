"""What the assistant says of its own is in the language of whoever asks; what papers say stays theirs."""

import io
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest
from docx import Document as WordFile
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from assistant import language, sayings
from assistant.access import local_principal
from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.errors import (
    AssistantFault,
    BadQuestion,
    ModelUnavailable,
    NoSuchConversation,
    RecordsUnavailable,
    for_staff,
)
from assistant.language import LANGUAGES, Language, speaking
from assistant.memo import memo
from assistant.records import FeedbackBook, exchange_of, new_id
from assistant.types import Answer, Question
from assistant.web import dialogue, downloads
from assistant.web.marks import Marks
from assistant.web.render import escape
from assistant.web.translation import Translated
from browsing import free_port, needs_chromium, records_in, serving
from conftest import ROOT, write_papers
from index.build import build
from index.embedding import Embedder
from index.errors import BadIndex
from memos import DAY, TALK
from test_browser import ask

PAPERS = {
    "lab-2019.txt": (
        "The Border Laboratory employs 45 analysts. It is paid for by Sweden.\n",
        {"title": "Report of 2019", "date": "2019-05-03", "groups": "all", "kind": "report"},
    ),
    "lab-2024.txt": (
        "By now the Border Laboratory employs 46 analysts.\n",
        {"title": "Report of 2024", "date": "2024-06-01", "groups": "all", "kind": "report"},
    ),
    "speech.txt": (
        "Opening remarks by Ms. Ada Kern, Director of the Harbour Security Office (HSO)\n\n"
        "Port Forum, Oslo, 23 January 2024\n\nExcellencies,\n\n"
        "My Office trains pilots in fourteen ports, and Norway pays for it.\n",
        {"title": "", "date": "2024-01-23", "groups": "all", "kind": "speech"},
    ),
}
ANALYSTS = "How many analysts does the Border Laboratory employ?"
PILOTS = "In how many ports does the Harbour Security Office train pilots?"
SILENCE = "What is the recipe of the lemon cake?"
HALF = f"{ANALYSTS} {SILENCE}"
SIDES = "Who pays, say the papers of 2019 and 2024, for the Laboratory?"
DIFFER = {
    "en": "The papers differ by date: “46” in Report of 2024 (2024-06-01), "
    "“45” in Report of 2019 (2019-05-03).",
    "fr": "Les documents divergent selon leur date\u00a0: «\u00a046\u00a0» dans «\u00a0Report of 2024\u00a0» "
    "(2024-06-01), «\u00a045\u00a0» dans «\u00a0Report of 2019\u00a0» (2019-05-03).",
}
BEGINS = {"es": "Los documentos difieren", "ru": "Документы разных дат", "ar": "تختلف الوثائق"}
SILENT = {"fr": "Les documents ne le disent pas", "ar": "لا تذكر الوثائق ذلك"}
READERS = list(LANGUAGES)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    folder = tmp_path_factory.mktemp("sayings")
    write_papers(folder / "corpus", PAPERS)
    build(folder / "corpus", folder / "index", embedder)
    return folder


@pytest.fixture(scope="module")
def assistant(built: Path, embedder: Embedder) -> Assistant:
    return Assistant(Settings(index=built / "index"), embedder)


def question(text: str, code: str) -> Question:
    return Question(text, local_principal(), language=code)


@pytest.mark.parametrize("code", READERS)
def test_a_note_is_in_the_language_of_the_question_and_the_papers_are_quoted_as_they_are(
    assistant: Assistant, code: str
) -> None:
    answer, english = (assistant.ask(question(ANALYSTS, each)) for each in (code, "en"))
    (note,) = answer.notes
    assert note == DIFFER[code] if code in DIFFER else note.startswith(BEGINS[code])
    assert "Report of 2024" in note and "46" in note
    assert (answer.text, answer.citations, answer.hits) == (english.text, english.citations, english.hits)


def test_who_speaks_is_told_once_in_every_language(assistant: Assistant) -> None:
    told = {code: assistant.ask(question(PILOTS, code)).notes for code in READERS}
    assert told["en"] == (
        "“my Office” in [1]: Harbour Security Office (HSO); the speaker is Ada Kern, Director (2024-01-23).",
    )
    assert all(len(notes) == 1 and "Ada Kern" in notes[0] for notes in told.values())
    assert len(set(told.values())) == len(READERS)


@pytest.mark.parametrize("code", READERS)
def test_what_is_not_covered_is_told_in_the_language_of_the_question(
    built: Path, embedder: Embedder, code: str
) -> None:
    strict = Assistant(Settings(index=built / "index", min_confidence=0.75), embedder)
    answer = strict.ask(question(HALF, code))
    said = sayings.NOT_COVERED if code == "en" else language.words(code)["NOT_COVERED"]
    assert answer.status == "partial" and "46 analysts" in answer.text
    assert answer.text.endswith(said.format(missing=SILENCE))


@pytest.mark.parametrize("code", READERS)
def test_the_side_of_a_comparison_that_is_silent_says_so_in_the_language_of_the_question(
    assistant: Assistant, code: str
) -> None:
    answer = assistant.ask(question(SIDES, code))
    assert [column.label for column in answer.columns] == ["2019", "2024"]
    with speaking(Language(code)):
        assert sayings.NOTHING_SAID in [answer.text[c.start : c.end] for c in answer.columns]


@pytest.mark.parametrize("text", ["", "?!", "x" * 50_000])
def test_a_question_that_cannot_be_searched_for_is_refused_in_its_language(
    assistant: Assistant, text: str
) -> None:
    refusals = []
    for code in READERS:
        with pytest.raises(BadQuestion) as refused:
            assistant.ask(question(text, code))
        refusals.append(refused.value.for_staff)
    assert len(set(refusals)) == len(READERS)
    assert "50\u00a0000" in refusals[1] if text.startswith("x") else "50" not in refusals[1]


def test_between_its_steps_an_answer_leaves_the_language_as_it_was(assistant: Assistant) -> None:
    for text in (ANALYSTS, HALF, SIDES):
        for _ in assistant.stream(question(text, "ar")):
            assert language.current() == Language()


def test_two_answers_that_are_made_step_by_step_in_turn_keep_their_languages(assistant: Assistant) -> None:
    walks = {code: assistant.stream(question(ANALYSTS, code)) for code in READERS}
    ended: dict[str, Answer] = {}
    while len(ended) < len(walks):
        for code in walks.keys() - ended.keys():
            part = next(walks[code])
            if isinstance(part, Answer):
                ended[code] = part
    assert len({answer.notes for answer in ended.values()}) == len(READERS)
    assert ended["fr"].notes == (DIFFER["fr"],)


def test_readers_who_ask_at_the_same_time_each_get_their_own_language(assistant: Assistant) -> None:
    def shown(code: str) -> str:
        with speaking(Language(code)):
            *_, last = dialogue.exchange(assistant, local_principal(), ANALYSTS, [])
        return str(last.messages[-1]["content"])

    codes = ["fr", "ar", "en", "ru", "es"] * 4
    with ThreadPoolExecutor(8) as readers:
        screens = list(readers.map(shown, codes))
    begins = BEGINS | {"en": DIFFER["en"][:20], "fr": "Les documents divergent"}
    for code, screen in zip(codes, screens, strict=True):
        found = {each for each, words in begins.items() if escape(words) in screen}
        assert found == {code}


@pytest.mark.parametrize(
    "fault",
    [
        AssistantFault("x"),
        ModelUnavailable("x"),
        RecordsUnavailable("x"),
        NoSuchConversation("x"),
        BadIndex("x"),
    ],
)
def test_a_fault_is_told_in_the_language_it_is_shown_in_and_logged_in_english(
    fault: AssistantFault | BadIndex,
) -> None:
    told = []
    for code in READERS:
        with speaking(Language(code)):
            told.append(for_staff(fault))
    assert len(set(told)) == len(READERS) and str(fault) == "x"


# --- memos ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", READERS)
def test_the_labels_of_a_memo_are_in_the_readers_language_and_its_quotes_are_not_touched(code: str) -> None:
    with speaking(Language(code)):
        labels = [sayings.MEMO_TITLE, sayings.MEMO_SOURCES, sayings.NOTHING_SAID, sayings.MEMO_EXTRACTED]
        word, text = memo("docx", TALK, DAY), memo("md", TALK, DAY).content.decode()
    file = WordFile(io.BytesIO(word.content))
    told = "\n".join(paragraph.text for paragraph in file.paragraphs)
    assert all(label in told and label in text for label in labels)
    assert "Norway pays 4.2 million euros." in text and "audits" in text
    assert file.core_properties.language == code
    assert {"en": "9 March 2026", "fr": "9 mars 2026", "ru": "9 марта 2026 года"}.get(code, "2026") in told
    english = [sayings.MEMO_TITLE, "The papers do not say", "printed as", "The assistant notes", "note 1"]
    assert code == "en" or [label for label in english if label in told or label in text] == []


def test_the_first_of_a_month_is_written_as_the_french_do() -> None:
    with speaking(Language("fr")):
        assert "1er mars 2026" in memo("md", TALK, DAY.replace(day=1)).content.decode()


@pytest.mark.parametrize("code", ["fr", "ru", "ar"])
def test_a_pdf_has_labels_in_the_readers_language_but_arabic_ones_which_it_could_not_show(code: str) -> None:
    with speaking(Language(code)):
        made = memo("pdf", TALK, DAY)
        title = sayings.MEMO_TITLE
        unshown = sayings.SCRIPT_ARABIC
    file = PdfReader(io.BytesIO(made.content))
    text = " ".join(" ".join(page.extract_text() for page in file.pages).split())
    tagged = str(cast(DictionaryObject, file.trailer["/Root"])["/Lang"])
    if code == "ar":
        assert "Answers from the papers" in text and "cannot show Arabic" in text
        assert made.unshown == ("Arabic",) and tagged == "en"
    else:
        assert title in text and f"[{unshown}]" in text and "cannot show" not in text
        assert tagged == code


def test_a_memo_is_handed_over_in_the_language_of_the_request(assistant: Assistant) -> None:
    marks = Marks(cast(FeedbackBook, None))
    asked = question(ANALYSTS, "fr")
    answer_id = new_id()
    documents = assistant.index.documents(asked.principal.groups)
    marks.keep(asked, exchange_of(answer_id, asked, assistant.ask(asked), documents))
    app = FastAPI()
    app.add_middleware(Translated)
    app.include_router(downloads.routes(assistant, lambda headers: local_principal(), marks.exchange))
    with TestClient(app) as client:
        given = {
            code: client.get(f"/answers/{answer_id}/memo.md", params={"lang": code}).text for code in READERS
        }
    for code, text in given.items():
        with speaking(Language(code)):
            assert f"# {sayings.MEMO_TITLE}\n" in text
        assert "Les documents divergent" in text, "a note stays as it was written"


# --- in the browser, over a real index -----------------------------------------------------------


@pytest.fixture(scope="module")
def address(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "assistant", "serve", "--index", str(built / "index")]
    more = {
        **records_in(tmp_path_factory.mktemp("records")),
        "ASSISTANT_CORPUS": str(built / "corpus"),
        "ASSISTANT_MODELS": str(ROOT / "var" / "models"),
    }
    with serving([*command, "--port", str(port)], port, more) as address:
        yield address


def opened(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    expect(page.locator("#sources .panel")).to_be_visible()
    return page


@needs_chromium
def test_a_french_and_an_arabic_reader_at_once_are_each_spoken_to_in_their_language(
    browser: Browser, address: str
) -> None:
    locales = {"fr": "fr-FR", "ar": "ar-EG"}
    contexts = {code: browser.new_context(locale=locale) for code, locale in locales.items()}
    try:
        pages = {code: opened(context, address) for code, context in contexts.items()}
        for page in pages.values():
            ask(page, ANALYSTS)
        for code, begins in (("fr", "Les documents divergent selon leur date"), ("ar", BEGINS["ar"])):
            expect(pages[code].locator("#chat .note")).to_contain_text(begins)
            expect(pages[code].locator("#marks button").first).to_be_visible()  # whole: the next may come
        for page in pages.values():
            ask(page, SILENCE)
        for code, page in pages.items():
            refusal = page.locator("#chat .not_in_documents")
            expect(refusal).to_contain_text(SILENT[code])
            expect(refusal).to_contain_text("lemon cake")
            assert not re.search(r"(?i)none of the papers|do not speak|searched", refusal.inner_text())
            saved = page.locator("#chat a.copy").first.get_attribute("href")
            told = page.evaluate("address => fetch(address).then(given => given.text())", saved)
            with speaking(Language(code)):
                assert sayings.MEMO_TITLE in told and sayings.MEMO_SOURCES in told
    finally:
        for context in contexts.values():
            context.close()
