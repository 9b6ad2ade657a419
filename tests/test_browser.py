"""The chat in a real Chromium, against a real server with a scripted assistant."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import scripted
from assistant.records import Database, FeedbackBook
from assistant.web import texts
from browsing import Opened, is_fault, is_local, needs_chromium

pytestmark = needs_chromium


@pytest.fixture
def chat(browser: Browser, address: str) -> Iterator[Page]:
    """The chat page, opened; at the end nothing may have left the machine or failed in the console."""
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    context.set_default_timeout(15_000)
    asked: list[str] = []
    failed: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    context.on("weberror", lambda error: failed.append(str(error.error)))
    page = context.new_page()
    page.on("console", lambda said: failed.append(said.text) if is_fault(said) else None)
    page.goto(address)
    expect(page.locator("#sources .panel")).to_be_visible()
    yield page
    assert asked and [url for url in asked if not is_local(url)] == []
    assert failed == []
    context.close()


def ask(page: Page, question: str) -> None:
    box = page.locator("#question textarea")
    box.fill(question)
    box.press("Enter")


def test_start_shows_the_title_the_documents_and_examples_to_begin_with(chat: Page) -> None:
    expect(chat.get_by_role("heading", name=texts.TITLE)).to_be_visible()
    expect(chat.locator("#sources")).to_contain_text("3 documents")
    expect(chat.locator("#sources")).not_to_contain_text("Restricted")
    expect(chat.locator("#question textarea")).to_be_focused()
    chat.locator("#chat .example").first.click()
    expect(chat.locator("#chat .question")).to_contain_text("What does “Passenger data")
    expect(chat.locator("#chat .answer.answered .marker")).to_have_count(2)


def test_answer_streams_and_a_marker_leads_to_the_marked_sentence(chat: Page) -> None:
    ask(chat, "How long are records kept?")
    expect(chat.locator("#chat .draft")).to_be_visible()
    marker = chat.locator("#chat .answer.answered .marker").nth(1)
    expect(marker).to_have_attribute("title", re.compile("Passenger data.*page 3.*financed by voluntary"))
    expect(chat.locator("#sources .card mark")).to_have_text([scripted.QUOTE, scripted.SECOND_QUOTE])
    expect(chat.locator("#question textarea")).to_be_focused()
    expect(chat.locator("#question textarea")).to_have_value("")
    marker.hover()
    expect(chat.locator("#source-2")).to_have_class(re.compile("lit"))
    with chat.context.expect_page() as opened:
        marker.click(modifiers=["Control"])
    viewer = opened.value
    expect(viewer.locator("mark#quote")).to_have_text(scripted.SECOND_QUOTE)
    expect(viewer.locator("mark#quote")).to_be_in_viewport()
    expect(viewer.locator(".paper")).to_contain_text("<script>alert(1)</script>")
    viewer.get_by_role("link", name=texts.PREVIOUS).first.click()
    expect(viewer.locator(".turning").first).to_contain_text("Page 2 of 3")
    viewer.get_by_role("link", name=texts.BACK).click()
    expect(viewer.get_by_role("heading", name=texts.TITLE)).to_be_visible()


def test_silence_of_the_documents_looks_different_and_shows_the_nearest_passages(chat: Page) -> None:
    ask(chat, "What is on the menu of the cafeteria?")
    expect(chat.locator("#chat .not_in_documents")).to_contain_text(texts.STATE_NOT_IN_DOCUMENTS)
    expect(chat.locator("#chat .not_in_documents")).to_contain_text(
        "None of the papers mentions “cafeteria”."
    )
    expect(chat.locator("#chat .not_in_documents")).to_contain_text(
        "Searched 3 documents for “What is on the"
    )
    expect(chat.locator("#sources h2")).to_have_text(texts.NEAREST)
    expect(chat.locator("#sources .card")).to_have_count(3)
    expect(chat.locator("#chat .marker")).to_have_count(0)


def test_follow_up_carries_the_conversation_and_a_new_one_forgets_it(chat: Page) -> None:
    first = "Who pays for the <programme>?"
    ask(chat, first)
    expect(chat.locator("#chat .answered")).to_have_count(1)
    ask(chat, "And is it free?")
    expect(chat.locator("#chat .answered").nth(1)).to_contain_text(f"Earlier you asked: {first}")
    chat.get_by_role("button", name=texts.NEW_CONVERSATION).click()
    expect(chat.locator("#chat .question")).to_have_count(0)
    expect(chat.locator("#chat .example").first).to_be_visible()


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (390, 844)])
def test_what_was_searched_for_is_told_and_can_be_corrected_by_keyboard(
    chat: Page, width: int, height: int
) -> None:
    chat.set_viewport_size({"width": width, "height": height})
    ask(chat, "How long are records kept?")
    expect(chat.locator("#chat .answered")).to_have_count(1)
    expect(chat.locator("#chat .searched")).to_have_count(0)
    ask(chat, "And who pays?")
    expect(chat.locator("#chat .searched")).to_have_text(
        texts.SEARCHED_FOR.format(text="How long are records kept? And who pays?")
    )
    fold = chat.get_by_role("button", name=texts.CHANGE_SEARCH)
    expect(fold).to_have_attribute("aria-expanded", "false")
    fold.focus()
    chat.keyboard.press("Enter")
    expect(fold).to_have_attribute("aria-expanded", "true")
    text = chat.get_by_label(texts.SEARCH_LABEL)
    expect(text).to_have_value("How long are records kept? And who pays?")
    again = chat.get_by_role("button", name=texts.SEARCH_AGAIN)
    again.scroll_into_view_if_needed()
    expect(again).to_be_in_viewport(ratio=1)
    assert chat.evaluate("document.documentElement.scrollWidth <= innerWidth")
    chat.keyboard.press("Tab")
    expect(text).to_be_focused()
    text.fill("who <b>finances</b> it")
    chat.keyboard.press("Tab")
    expect(again).to_be_focused()
    chat.keyboard.press("Enter")
    expect(chat.locator("#chat .searched")).to_have_text("Searched for: who <b>finances</b> it")
    expect(chat.locator("#chat .question")).to_have_text(["How long are records kept?", "And who pays?"])
    expect(chat.locator("#chat .answered")).to_have_count(2)
    expect(text).to_be_hidden()
    if width > 900:
        expect(chat.locator("#question textarea")).to_be_focused()


def test_a_search_that_cannot_be_made_leaves_the_answer_and_the_text_to_mend(chat: Page) -> None:
    ask(chat, "How long are records kept?")
    chat.get_by_role("button", name=texts.CHANGE_SEARCH).click()
    text = chat.get_by_label(texts.SEARCH_LABEL)
    text.fill("long " * 500)
    text.press("Enter")
    expect(chat.locator("#chat .notice")).to_contain_text("too long")
    expect(chat.locator("#chat .answered")).to_have_count(1)
    chat.get_by_role("button", name=texts.CHANGE_SEARCH).click()
    expect(text).to_have_value("long " * 500)


def test_key_phrase_note_and_dated_sources_stand_with_the_answer(chat: Page) -> None:
    chat.set_viewport_size({"width": 390, "height": 844})
    ask(chat, "How long are records kept, by which dates?")
    expect(chat.locator("#chat .answered strong.key")).to_have_text("five years")
    expect(chat.locator("#chat .answered .note")).to_have_text(scripted.NOTE)
    sources = chat.locator("#chat .answered .from li")
    expect(sources).to_have_count(2)
    expect(sources.nth(1)).to_contain_text("2021-06")
    expect(sources.nth(1).locator(".when")).to_be_in_viewport(ratio=1)


def test_markup_in_question_and_answer_is_shown_as_text_and_does_nothing(chat: Page) -> None:
    question = f"Is this hostile? {scripted.HOSTILE} **bold** $$x$$ <details open ontoggle=window.hit=3>"
    ask(chat, question)
    expect(chat.locator("#chat .question")).to_have_text(question)
    expect(chat.locator("#chat .answer.answered")).to_contain_text(scripted.HOSTILE)
    assert chat.evaluate("window.hit") is None
    assert chat.locator("#chat .message :is(img, script, details, b, iframe, svg)").count() == 0
    links = chat.locator("#chat .message a:not(.take a)")
    expect(links).to_have_count(1)
    expect(links).to_have_class("marker")


def test_faults_are_one_sentence_and_the_typed_text_stays(chat: Page) -> None:
    for question, sentence in [
        ("model away", "The language model does not answer right now."),
        ("stack trace", texts.UNEXPECTED),
        ("🙂🙂", "Please write a question in words."),
        ("long " * 10_000, "This question is too long"),
    ]:
        ask(chat, question)
        expect(chat.locator("#chat .notice")).to_contain_text(sentence)
        expect(chat.locator("#chat .notice")).to_have_count(1)
        expect(chat.locator("#question textarea")).to_have_value(question)
    ask(chat, "")
    expect(chat.locator("#chat .notice")).to_have_text(texts.EMPTY_QUESTION)
    expect(chat.locator(".toast-body")).to_have_count(0)


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (390, 844)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_layout_has_no_sideways_scroll_and_keeps_the_box_in_sight(
    opened: Opened, width: int, height: int, scheme: str
) -> None:
    chat = opened(size=(width, height), color_scheme=scheme)
    for answers in (1, 2):
        ask(chat, "How long are records kept?")
        expect(chat.locator("#chat .answered")).to_have_count(answers)
        expect(chat.locator("#marks")).to_be_visible()  # written down: the box is free again
    assert chat.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(chat.locator("#question textarea")).to_be_in_viewport(ratio=1)
    if width > 900:
        assert chat.evaluate("document.documentElement.scrollHeight <= innerHeight")
        expect(chat.locator("#sources .card").first).to_be_in_viewport()


def test_a_mark_is_one_click_and_can_be_changed_and_commented(chat: Page, records: Path) -> None:
    book = FeedbackBook(Database(f"sqlite:///{records}"))
    before = len(book.entries())
    expect(chat.locator("#marks")).to_have_count(0)
    ask(chat, "How long are records kept?")
    chat.get_by_role("button", name=texts.MARK_HELPFUL, exact=True).click()
    expect(chat.locator("#told p")).to_have_text(texts.MARK_KEPT)
    chosen = chat.locator("#marks button.primary")
    expect(chosen).to_have_text(texts.MARK_CHOSEN.format(mark=texts.MARK_HELPFUL))
    chat.get_by_label(texts.COMMENT_LABEL).fill("<b>the</b> programme is another")
    chat.get_by_role("button", name=texts.MARK_WRONG_EVIDENCE).click()
    expect(chat.locator("#told p")).to_have_text(texts.MARK_KEPT_WITH_COMMENT)
    expect(chosen).to_have_text(texts.MARK_CHOSEN.format(mark=texts.MARK_WRONG_EVIDENCE))
    *others, entry = book.entries()
    assert len(others) == before
    assert (entry.mark, entry.comment) == ("wrong_evidence", "<b>the</b> programme is another")
    assert entry.answer.startswith("Records are kept for five years") and len(entry.citations) == 2


def test_a_comment_sent_with_enter_joins_the_mark_that_was_given(chat: Page, records: Path) -> None:
    ask(chat, "What is on the menu of the cafeteria?")
    comment = chat.get_by_label(texts.COMMENT_LABEL)
    comment.fill("rightly silent")
    comment.press("Enter")
    expect(chat.locator("#told p")).to_have_text(texts.MARK_MISSING)
    expect(comment).to_have_value("rightly silent")
    chat.get_by_role("button", name=texts.MARK_HELPFUL, exact=True).click()
    expect(chat.locator("#told p")).to_have_text(texts.MARK_KEPT_WITH_COMMENT)
    entry = FeedbackBook(Database(f"sqlite:///{records}")).entries()[-1]
    assert (entry.status, entry.mark, entry.comment) == ("not_in_documents", "helpful", "rightly silent")


def test_marks_go_with_the_answer_they_are_about(chat: Page) -> None:
    ask(chat, "How long are records kept?")
    chat.get_by_role("button", name=texts.MARK_NOT_HELPFUL).click()
    expect(chat.locator("#told p")).to_have_text(texts.MARK_KEPT)
    ask(chat, "And who pays for it?")
    expect(chat.locator("#marks")).to_have_count(0)
    expect(chat.locator("#chat .answered")).to_have_count(2)
    expect(chat.locator("#marks button.primary")).to_have_count(0)
    expect(chat.locator("#told p")).to_have_count(0)
    chat.get_by_role("button", name=texts.NEW_CONVERSATION).click()
    expect(chat.locator("#marks")).to_have_count(0)


def test_a_mark_that_cannot_be_saved_is_one_sentence_and_the_comment_stays(chat: Page, records: Path) -> None:
    ask(chat, "How long are records kept?")
    comment = chat.get_by_label(texts.COMMENT_LABEL)
    comment.fill("a long thought")
    aside = records.rename(records.with_name("aside"))
    records.mkdir()
    try:
        chat.get_by_role("button", name=texts.MARK_WRONG_EVIDENCE).click()
        expect(chat.locator("#told p")).to_have_text(texts.MARK_NOT_KEPT)
    finally:
        records.rmdir()
        aside.rename(records)
    expect(comment).to_have_value("a long thought")
    chat.get_by_role("button", name=texts.MARK_WRONG_EVIDENCE).click()
    expect(chat.locator("#told p")).to_have_text(texts.MARK_KEPT_WITH_COMMENT)
