"""Narrowing, comparing, going on and taking away, in a real Chromium against the real assistant."""

import io
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from docx import Document as WordFile
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from pypdf import PdfReader

from assistant.web import texts
from browsing import free_port, is_fault, needs_chromium, records_in, serving
from conftest import ROOT, write_papers
from index.build import build
from index.embedding import Embedder

START_WITHIN_S = 90
ASKED = "Who pays for the Harbour Programme?"
TOPIC = "What do the papers of 2019 and 2024 each say about the Harbour Programme?"
PAPERS = {
    "old.md": (
        "# Harbours then\n\n## Funding from Norway\n\nNorway pays for the Harbour Programme with "
        "2 million euros of funding.\n\n## Training of officers\n\nTraining of officers is in nine ports.\n",
        {"title": "Harbours 2019", "date": "2019-03-02", "groups": "all", "kind": "report"},
    ),
    "new.md": (
        "# Harbours now\n\nIceland pays for the Harbour Programme with 5 million euros.\n",
        {"title": "Harbours 2024", "date": "2024-03-02", "groups": "all", "kind": "report"},
    ),
    "news.txt": (
        "Aviation workshop\n\nThe workshop on passenger records took place in Skopje on 14 May 2019.\n",
        {"title": "Aviation workshop", "date": "2019-05-14", "groups": "all", "kind": "press release"},
    ),
    "leads.md": (
        "# Note\n\nThe reserve of the Harbour Programme stands at 310,000 euros.\n",
        {"title": "Closed note", "date": "1999-01-10", "groups": "leads", "kind": "minutes"},
    ),
}

pytestmark = needs_chromium
Opens = Callable[..., Page]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("narrow")
    write_papers(folder / "corpus", PAPERS)
    build(folder / "corpus", folder / "index", embedder)
    port = free_port()
    more = {
        **records_in(folder),
        "PYTHONPATH": str(ROOT),
        "ASSISTANT_CORPUS": str(folder / "corpus"),
        "ASSISTANT_MODELS": str(ROOT / "var" / "models"),
    }
    command = [sys.executable, "-m", "assistant", "serve", "--port", str(port)]
    command += ["--index", str(folder / "index")]
    with serving(command, port, more, START_WITHIN_S) as address:
        yield address


@pytest.fixture
def opens(browser: Browser, address: str) -> Iterator[Opens]:
    """Opens the chat; at the end nothing may have failed in the console."""
    contexts: list[BrowserContext] = []
    failed: list[str] = []

    def opened(query: str = "", width: int = 1366, height: int = 768) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height})
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: failed.append(str(error)))
        page.on("console", lambda said: failed.append(said.text) if is_fault(said) else None)
        page.goto(address + query)
        expect(line(page)).to_contain_text("Asking")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert failed == []


def line(page: Page) -> Locator:
    return page.locator("#scope-fold > button")


def ask(page: Page, question: str) -> None:
    box = page.locator("#question textarea")
    box.fill(question)
    box.press("Enter")
    expect(page.locator("#chat .answer .take").last).to_be_visible()


def chips(page: Page, field: str) -> list[str]:
    return [text.strip() for text in page.locator(f"#scope-{field} label").all_inner_texts()]


def test_chips_have_the_readers_counts_which_follow_the_other_choices(opens: Opens) -> None:
    page = opens()
    expect(line(page)).to_contain_text("Asking all 3 documents")
    line(page).click()
    assert chips(page, "kind") == ["report (2)", "press release (1)"]
    assert chips(page, "year") == ["2024 (1)", "2019 (2)"]
    assert page.locator("#scope-publisher, #scope-region, #scope-programme").count() == 0, "nobody fills them"
    for closed in ("minutes", "1999", "Closed note"):
        assert closed not in page.content()
    page.get_by_role("checkbox", name="2019 (2)").check()
    expect(line(page)).to_contain_text("Asking 2 of 3 documents: 2019")
    expect(page.locator("#scope-kind label").first).to_contain_text("press release (1)")
    assert chips(page, "kind") == ["press release (1)", "report (1)"]
    assert chips(page, "year") == ["2024 (1)", "2019 (2)"]
    page.get_by_role("button", name=texts.CLEAR_SCOPE).click()
    expect(line(page)).to_contain_text("Asking all 3 documents")
    expect(page.get_by_role("checkbox", name="2019 (2)")).not_to_be_checked()
    expect(page.get_by_role("button", name=texts.CLEAR_SCOPE)).to_be_hidden()


def test_the_panel_is_used_with_the_keyboard_alone_and_says_what_it_does(opens: Opens) -> None:
    page = opens()
    fold = line(page)
    fold.focus()
    expect(fold).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    expect(fold).to_have_attribute("aria-expanded", "true")
    first = page.get_by_role("group", name=texts.FIELD_KIND).get_by_role("checkbox").first
    expect(first).to_be_visible()
    page.keyboard.press("Tab")
    expect(first).to_be_focused()
    page.keyboard.press("Space")
    expect(first).to_be_checked()
    expect(first).to_be_focused()
    expect(fold).to_contain_text("Asking 2 of 3 documents: report")
    expect(page.locator("#narrow-told")).to_contain_text("Asking 2 of 3 documents: report")


def test_the_scope_travels_with_the_question_and_with_a_second_search(opens: Opens) -> None:
    page = opens()
    line(page).click()
    page.get_by_role("checkbox", name="2024 (1)").check()
    expect(line(page)).to_contain_text("Asking 1 of 3 documents: 2024")
    ask(page, ASKED)
    answer = page.locator("#chat .answer").last
    expect(answer).to_contain_text("Iceland pays")
    expect(answer).not_to_contain_text("Norway")
    expect(answer).to_contain_text("Asked 1 of 3 documents: 2024")
    page.get_by_role("button", name=texts.CLEAR_SCOPE).click()
    expect(line(page)).to_contain_text("Asking all")
    page.locator("#search > button").click()
    page.locator("#search-text textarea").fill("Harbour Programme pays")
    page.locator("#search-text textarea").press("Enter")
    expect(page.locator("#chat .answer").last).to_contain_text("Searched for: Harbour Programme pays")
    expect(page.locator("#chat .answer").last).to_contain_text("Asked 1 of 3 documents: 2024")


def test_an_address_asks_one_document_and_one_that_is_closed_is_told_as_absent(opens: Opens) -> None:
    page = opens("?document=new")
    expect(line(page)).to_contain_text("Asking 1 of 3 documents: Harbours 2024")
    ask(page, ASKED)
    expect(page.locator("#chat .answer").last).not_to_contain_text("Norway")
    told = []
    for name in ("leads", "no-such-paper"):
        page = opens(f"?document={name}&year=2019")
        expect(line(page)).to_contain_text("Asking 2 of 3 documents: 2019")
        told.append(page.locator("#scope-told").inner_text().strip())
    assert told == [texts.SCOPE_UNKNOWN] * 2


def test_a_source_narrows_to_its_document_and_the_conversation_stays(opens: Opens) -> None:
    page = opens("?year=2019")
    ask(page, ASKED)
    page.locator("#sources .card a.only").first.click()
    expect(line(page)).to_contain_text("Asking 1 of 3 documents: Harbours 2019")
    expect(page.locator("#question textarea")).to_be_focused()
    expect(page.locator("#chat .question")).to_have_count(1)
    page.get_by_role("button", name=texts.CLEAR_SCOPE).click()
    expect(line(page)).to_contain_text("Asking all")
    page.locator("#chat a.marker").first.click()
    page.frame_locator("#source-view iframe").get_by_role("link", name=texts.ONLY_THIS).click()
    expect(line(page)).to_contain_text("Asking 1 of 3 documents: Harbours 2019")
    expect(page.locator("#chat .question")).to_have_count(1)


@pytest.mark.parametrize(("width", "beside"), [(1366, True), (390, False)])
def test_two_years_are_answered_side_by_side_and_on_a_phone_one_under_the_other(
    opens: Opens, width: int, beside: bool
) -> None:
    page = opens(width=width)
    ask(page, TOPIC)
    sides = page.locator("#chat .side")
    expect(sides).to_have_count(2)
    expect(sides.nth(0)).to_contain_text("Norway pays")
    expect(sides.nth(1)).to_contain_text("Iceland pays")
    expect(sides.nth(0)).not_to_contain_text("Iceland")
    expect(sides.nth(1).locator(".from")).to_contain_text("Harbours 2024")
    first, second = sides.nth(0).bounding_box(), sides.nth(1).bounding_box()
    assert first and second
    assert (second["x"] > first["x"] + first["width"] - 1) is beside
    assert (second["y"] >= first["y"] + first["height"]) is not beside
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"


def test_two_chosen_values_can_be_compared(opens: Opens) -> None:
    page = opens()
    line(page).click()
    page.get_by_role("checkbox", name="2024 (1)").check()
    expect(page.locator("#scope-beside")).to_have_count(0)
    page.get_by_role("checkbox", name="2019 (2)").check()
    page.get_by_role("radio", name="2019 beside 2024").check()
    expect(line(page)).to_contain_text("Comparing 2019 with 2024 in 3 of 3 documents")
    ask(page, ASKED)
    expect(page.locator("#chat .side h2")).to_have_text(["2019", "2024"])
    expect(page).to_have_url(re.compile("conversation="))
    page.reload()
    expect(page.locator("#chat .side h2")).to_have_text(["2019", "2024"])
    before = page.locator("#chat .take .mark").get_attribute("href")
    page.get_by_role("button", name=texts.ASK_AGAIN).click()
    expect(page.locator(f"#chat .take .mark:not([href='{before}'])")).to_be_visible()
    expect(page.locator("#chat .side h2")).to_have_text(["2019", "2024"])
    expect(page.locator("#chat .answer")).to_have_count(1)


def test_suggested_questions_come_after_the_answer_and_ask_the_same_documents(opens: Opens) -> None:
    page = opens("?document=old")
    ask(page, ASKED)
    offered = page.locator("#next button")
    expect(offered.first).to_be_visible()
    question = offered.first.inner_text().strip()
    looks = "button => { button.classList.toggle('hidden'); return getComputedStyle(button).display; }"
    assert [offered.first.evaluate(looks) for _ in range(2)] == ["none", "block"]  # as one without a question
    page.get_by_role("button", name=texts.CLEAR_SCOPE).click()
    expect(line(page)).to_contain_text("Asking all")
    offered.first.click()
    expect(page.locator("#chat .question")).to_have_text([ASKED, question])
    expect(page.locator("#chat .answer .take")).to_have_count(2)
    expect(page.locator("#chat .answer").last).to_contain_text("Asked 1 of 3 documents: Harbours 2019")
    page.locator("#anew").click()
    expect(page.locator("#next")).to_be_hidden()


def test_an_answer_is_taken_away_as_word_and_pdf(opens: Opens) -> None:
    page = opens()
    ask(page, ASKED)
    files: dict[str, bytes] = {}
    for name in (texts.AS_WORD, texts.AS_PDF):
        with page.expect_download() as coming:
            page.get_by_role("link", name=name).click()
        path = Path(coming.value.path())
        files[coming.value.suggested_filename.rpartition(".")[2]] = path.read_bytes()
    word = "\n".join(paragraph.text for paragraph in WordFile(io.BytesIO(files["docx"])).paragraphs)
    assert "Iceland pays" in word
    assert "Iceland pays" in PdfReader(io.BytesIO(files["pdf"])).pages[0].extract_text()


def test_an_answer_is_copied_as_markdown_and_that_is_said(opens: Opens) -> None:
    page = opens()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, ASKED)
    page.get_by_role("link", name=texts.COPY_MARKDOWN).click()
    expect(page.locator("#narrow-told[role=status]")).to_have_text(texts.MARKDOWN_COPIED)
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "Iceland pays for the Harbour Programme" in copied and "Sources" in copied


def test_where_a_browser_lets_nothing_be_copied_the_text_is_opened(opens: Opens) -> None:
    page = opens()
    ask(page, ASKED)
    page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', {value: undefined});document.execCommand = () => false"
    )
    with page.context.expect_page() as opened:
        page.get_by_role("link", name=texts.COPY_MARKDOWN).click()
    expect(opened.value.locator("body")).to_contain_text("Iceland pays for the Harbour Programme")
