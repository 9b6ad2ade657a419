"""Conversations in a real Chromium: kept, searched, renamed, deleted, asked again, stopped."""

import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

import scripted
from assistant.records import Conversations, Database, Exchange, Reader, exchange_of, new_id, reader_of
from assistant.types import Answer, Principal, Question
from assistant.web import texts
from browsing import Opened, free_port, needs_chromium, stop, wait_for
from test_browser import ask

KEPT = "How long are records kept?"
ANYBODY = Principal("local", frozenset({"all"}))

pytestmark = needs_chromium


class Served:
    """The server as a process that can be stopped and started again, over one database."""

    def __init__(self, records: Path) -> None:
        self.records = records
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}/"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, str(Path(scripted.__file__)), str(self.port)]
        environment = {**os.environ, "ASSISTANT_RECORDS_URL": f"sqlite:///{self.records}"}
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(command, stdout=quiet, stderr=quiet, env=environment)
        wait_for(f"{self.address}documents", self.process)

    def stop(self) -> None:
        assert self.process is not None
        stop(self.process)

    def conversations(self) -> Conversations:
        return Conversations(Database(f"sqlite:///{self.records}"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("records") / "records.sqlite")
    served.start()
    yield served
    served.stop()


@pytest.fixture(scope="module")
def address(served: Served) -> str:
    return served.address


@pytest.fixture
def chat(browser: Browser, served: Served) -> Iterator[Page]:
    """The chat page of somebody without conversations; at the end nothing may have failed on it."""
    served.conversations().delete_all("local")
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    context.set_default_timeout(15_000)
    failed: list[str] = []
    context.on("weberror", lambda error: failed.append(str(error.error)))
    page = context.new_page()
    show(page, served.address)
    yield page
    assert failed == []
    context.close()


def show(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("#sources .panel")).to_be_visible()


def answered(page: Page, question: str, count: int = 1) -> None:
    """Ask, and wait until the answer stands and is written down."""
    ask(page, question)
    expect(page.locator("#chat .answer:not(.draft)")).to_have_count(count)
    expect(page.locator("#marks")).to_be_visible()


def listed(page: Page) -> list[str]:
    return page.locator("#listing .title").all_inner_texts()


def open_id(page: Page) -> str:
    (found,) = parse_qs(urlsplit(page.url).query)["conversation"]
    return found


def test_reload_a_second_tab_and_a_restart_lose_no_answer_and_no_mark(chat: Page, served: Served) -> None:
    answered(chat, KEPT)
    chat.get_by_role("button", name=texts.MARK_HELPFUL, exact=True).click()
    expect(chat.locator("#told p")).to_have_text(texts.MARK_KEPT)
    answered(chat, "And who pays?", 2)
    chat.get_by_label(texts.COMMENT_LABEL).fill("as it says")
    chat.get_by_role("button", name=texts.MARK_WRONG_EVIDENCE).click()
    expect(chat.locator("#told p")).to_have_text(texts.MARK_KEPT_WITH_COMMENT)
    address = chat.url

    def holds_all(page: Page, questions: list[str]) -> None:
        expect(page.locator("#chat .question")).to_have_text(questions)
        expect(page.locator("#chat .answered")).to_have_count(len(questions))
        expect(page.locator("#chat .answered").first).to_contain_text(
            f"You marked this answer: {texts.MARK_HELPFUL}"
        )

    chat.reload()
    holds_all(chat, [KEPT, "And who pays?"])
    served.stop()
    served.start()
    second = chat.context.new_page()
    show(second, address)
    holds_all(second, [KEPT, "And who pays?"])
    chosen = second.locator("#marks button.primary")
    expect(chosen).to_have_text(texts.MARK_CHOSEN.format(mark=texts.MARK_WRONG_EVIDENCE))
    expect(second.get_by_label(texts.COMMENT_LABEL)).to_have_value("as it says")
    second.get_by_role("button", name=texts.MARK_NOT_HELPFUL).click()
    expect(chosen).to_have_text(texts.MARK_CHOSEN.format(mark=texts.MARK_NOT_HELPFUL))
    assert kept(second, served)[1].marked == ("not_helpful", "as it says")
    answered(second, "And is it free?", 3)
    expect(second.locator("#chat .answered").nth(2)).to_contain_text(f"Earlier you asked: {KEPT}")
    # The first tab has not heard of that question; what it asks now stands behind it.
    show(chat, address)
    answered(second, "And when?", 4)
    answered(chat, "And where?", 5)
    holds_all(chat, [KEPT, "And who pays?", "And is it free?", "And when?", "And where?"])


def test_an_earlier_answer_is_marked_by_keyboard_and_the_row_says_which_one_it_means(
    chat: Page, served: Served
) -> None:
    answered(chat, KEPT)
    answered(chat, "And who pays?", 2)
    answered(chat, "And when?", 3)
    row, chosen = chat.get_by_role("group", name=texts.MARKS_LABEL), chat.locator("#marks button.primary")
    expect(row).to_be_visible()
    chat.get_by_role("button", name=texts.MARK_NOT_HELPFUL).click()
    last = texts.MARK_CHOSEN.format(mark=texts.MARK_NOT_HELPFUL)
    expect(chosen).to_have_text(last)
    expect(chat.locator("#chat .answer").last).to_contain_text("You marked this answer: Not helpful")

    def choose(number: int) -> None:
        chat.locator("#chat .take .mark").nth(number).focus()
        chat.keyboard.press("Enter")

    choose(0)
    earlier = chat.get_by_role("group", name=texts.MARKS_LABEL_OF.format(question=KEPT))
    expect(earlier.get_by_role("button", name=texts.MARK_HELPFUL, exact=True)).to_be_focused()
    expect(chosen).to_have_count(0)
    chat.keyboard.press("Enter")
    expect(chat.locator("#told p")).to_have_text(texts.MARK_KEPT)
    first = chat.locator("#chat .answer").first
    expect(first).to_contain_text("You marked this answer: Helpful")
    comment = chat.get_by_label(texts.COMMENT_LABEL)
    comment.fill("quite so")
    comment.press("Enter")
    expect(chat.locator("#told p")).to_have_text(texts.MARK_KEPT_WITH_COMMENT)
    marks = [each.marked for each in kept(chat, served)]
    assert marks == [("helpful", "quite so"), None, ("not_helpful", "")]
    choose(2)
    expect(row).to_be_visible()
    expect(chosen).to_have_text(last)
    expect(comment).to_have_value("")
    chat.reload()
    expect(first).to_contain_text("You marked this answer: Helpful")
    expect(chosen).to_have_text(last)
    choose(0)
    expect(chosen).to_have_text(texts.MARK_CHOSEN.format(mark=texts.MARK_HELPFUL))
    expect(comment).to_have_value("quite so")
    chat.get_by_role("button", name=texts.MARK_WRONG_EVIDENCE).click()
    expect(first).to_contain_text("You marked this answer: Wrong evidence")
    # The next answer has the row to itself.
    answered(chat, "And where?", 4)
    expect(row).to_be_visible()
    expect(chosen).to_have_count(0)
    expect(first).to_contain_text("You marked this answer: Wrong evidence")
    marks = [each.marked for each in kept(chat, served)]
    assert marks == [("wrong_evidence", "quite so"), None, ("not_helpful", ""), None]


def test_while_an_answer_comes_no_other_one_can_be_chosen(chat: Page) -> None:
    answered(chat, KEPT)
    ask(chat, "Tell me slowly how long records are kept")
    expect(chat.locator("#chat .draft")).to_contain_text("Earlier")
    expect(chat.locator("#chat .take .mark").first).to_be_hidden()
    chat.evaluate("document.querySelector('#chat .take .mark').click()")
    expect(chat.locator("#chat .answer:not(.draft)")).to_have_count(2, timeout=20_000)
    expect(chat.get_by_role("group", name=texts.MARKS_LABEL)).to_be_visible()
    assert len(chat.context.pages) == 1


def test_a_marker_of_an_old_answer_still_opens_its_sentence(chat: Page) -> None:
    answered(chat, KEPT)
    chat.reload()
    marker = chat.locator("#chat .answered .marker").nth(1)
    expect(chat.locator("#sources .card mark")).to_have_text([scripted.QUOTE, scripted.SECOND_QUOTE])
    with chat.context.expect_page() as opened:
        marker.click(modifiers=["Control"])
    expect(opened.value.locator("mark#quote")).to_have_text(scripted.SECOND_QUOTE)


def reader() -> Reader:
    return reader_of(ANYBODY, scripted.scripted().index)


def test_conversations_are_listed_searched_opened_and_renamed_by_keyboard(chat: Page) -> None:
    answered(chat, KEPT)
    chat.get_by_role("button", name=texts.NEW_CONVERSATION).click()
    expect(chat.locator("#chat .question")).to_have_count(0)
    assert "conversation" not in chat.url
    answered(chat, "What is on the menu of the cafeteria?")
    expect(chat.locator("#listing .title")).to_have_text(["What is on the menu of the cafeteria?", KEPT])
    chat.get_by_role("button", name=texts.RENAME, exact=True).focus()
    chat.keyboard.press("Enter")
    name = chat.get_by_label(texts.RENAME_LABEL)
    expect(name).to_have_value("What is on the menu of the cafeteria?")
    name.fill("Lunch <b>today</b>")
    name.press("Enter")
    expect(chat.locator("#listing .title")).to_have_text(["Lunch <b>today</b>", KEPT])
    find = chat.get_by_label(texts.FIND)
    find.press_sequentially("voluntary RECORDS")
    expect(chat.locator("#listing .title")).to_have_text([KEPT])
    chat.wait_for_timeout(500)  # every letter searches; the last answer of these may still come
    find.press("Tab")
    for _ in range(3):
        if chat.evaluate("document.activeElement.closest('#listing') !== null"):
            break
        chat.keyboard.press("Tab")
    chat.keyboard.press("Enter")
    expect(chat.locator("#chat .question")).to_have_text([KEPT])
    expect(chat.locator("#listing a[aria-current=page]")).to_contain_text(KEPT)
    chat.get_by_label(texts.FIND).fill("giraffe")
    expect(chat.locator("#listing")).to_contain_text(texts.NOTHING_FOUND)


def test_a_deleted_conversation_is_gone_for_good_and_only_after_a_second_word(
    chat: Page, served: Served
) -> None:
    answered(chat, KEPT)
    address = chat.url
    chat.get_by_role("button", name=texts.DELETE, exact=True).click()
    expect(chat.locator("#sure")).to_contain_text("deleted for good")
    chat.locator("#sure").get_by_role("button", name=texts.DELETE_NOT).click()
    expect(chat.locator("#sure")).to_have_count(0)
    assert listed(chat) == [KEPT]
    chat.get_by_role("button", name=texts.DELETE, exact=True).click()
    chat.get_by_role("button", name=texts.DELETE_NOW).click()
    expect(chat.locator("#history-told")).to_have_text(texts.DELETED)
    expect(chat.locator("#chat .question")).to_have_count(0)
    assert b"How long are records" not in b"".join(
        path.read_bytes() for path in served.records.parent.iterdir() if path.is_file()
    )
    show(chat, address)
    expect(chat.locator("#chat .notice")).to_have_text(texts.CONVERSATION_ABSENT)
    assert "conversation" not in chat.url


def test_all_conversations_are_deleted_at_once(chat: Page, served: Served) -> None:
    answered(chat, KEPT)
    chat.get_by_role("button", name=texts.NEW_CONVERSATION).click()
    expect(chat.locator("#chat .question")).to_have_count(0)
    answered(chat, "Half of it?")
    chat.get_by_role("button", name=texts.DELETE_ALL).click()
    chat.get_by_role("button", name=texts.DELETE_ALL_NOW).click()
    expect(chat.locator("#history-told")).to_have_text(texts.DELETED_ALL)
    expect(chat.locator("#listing")).to_contain_text(texts.NO_CONVERSATIONS)
    assert served.conversations().latest("local") == []


def test_going_on_in_a_conversation_that_was_deleted_elsewhere_begins_a_new_one(
    chat: Page, served: Served
) -> None:
    answered(chat, KEPT)
    deleted = open_id(chat)
    served.conversations().delete("local", deleted)
    ask(chat, "Half of it?")
    expect(chat.locator("#chat .partial")).to_have_count(1)
    expect(chat.locator("#chat .question")).to_have_text(["Half of it?"])
    expect(chat.locator("#listing .title")).to_have_text(["Half of it?"])
    assert open_id(chat) != deleted


def test_another_persons_conversation_looks_like_an_absent_one(chat: Page, served: Served) -> None:
    theirs, shown = new_id(), []
    answer = Answer(
        "Their secret.", "answered", (), (), scripted.ScriptedAssistant().ask(Question("x", ANYBODY)).trace
    )
    exchange = exchange_of(new_id(), Question("Their question?", ANYBODY), answer, [])
    served.conversations().append("somebody else", theirs, exchange, begin=True)
    for asked in (theirs, new_id(), "../../etc", "x" * 5000):
        show(chat, f"{served.address}?conversation={asked}")
        expect(chat.locator("#chat .notice")).to_have_text(texts.CONVERSATION_ABSENT)
        assert "conversation" not in chat.url
        shown.append((chat.locator("#chat").inner_text(), chat.locator("#history").inner_text()))
    assert len(set(shown)) == 1 and "Their" not in str(shown)


def test_with_the_database_locked_the_answer_is_shown_told_once_and_written_later(
    chat: Page, served: Served
) -> None:
    lock = sqlite3.connect(served.records, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        ask(chat, KEPT)
        expect(chat.locator("#chat .answered")).to_have_count(1)
        expect(chat.locator("#chat .notice")).to_have_text(texts.NOT_KEPT_YET, timeout=20_000)
        ask(chat, "And who pays?")
        expect(chat.locator("#chat .answered").nth(1)).to_contain_text(
            f"Earlier you asked: {KEPT}", timeout=20_000
        )
        expect(chat.locator("#marks")).to_be_visible(timeout=20_000)
        expect(chat.locator("#chat .notice")).to_have_count(0)
    finally:
        lock.rollback()
        lock.close()
    answered(chat, "And when?", 3)
    chat.reload()
    expect(chat.locator("#chat .question")).to_have_text([KEPT, "And who pays?", "And when?"])


def test_the_last_question_is_edited_and_asked_again_by_keyboard_and_replaced_in_the_records(
    chat: Page, served: Served
) -> None:
    answered(chat, KEPT)
    answered(chat, "And who pays?", 2)
    fold = chat.get_by_role("button", name=texts.EDIT_QUESTION)
    fold.focus()
    chat.keyboard.press("Enter")
    expect(fold).to_have_attribute("aria-expanded", "true")
    text = chat.get_by_label(texts.EDIT_LABEL)
    expect(text).to_have_value("And who pays?")
    chat.wait_for_timeout(500)  # at its end an answer is sent once more as a whole, and this text with it
    text.fill("Is half of it paid?")
    text.press("Enter")
    expect(chat.locator("#chat .question")).to_have_text([KEPT, "Is half of it paid?"])
    expect(chat.locator("#chat .partial")).to_have_count(1)
    expect(chat.locator("#question textarea")).to_be_focused()
    again = chat.get_by_role("button", name=texts.ASK_AGAIN)
    expect(again).to_be_visible()
    before = [exchange.id for exchange in kept(chat, served)]
    again.focus()
    chat.keyboard.press("Enter")
    deadline = time.monotonic() + 10
    while kept(chat, served)[-1].id == before[-1] and time.monotonic() < deadline:
        chat.wait_for_timeout(100)
    after = kept(chat, served)
    assert [exchange.question for exchange in after] == [KEPT, "Is half of it paid?"]
    assert after[0].id == before[0] and after[1].id != before[1]


def kept(page: Page, served: Served) -> list[Exchange]:
    return served.conversations().open("local", open_id(page), reader()).exchanges


def sent_by(page: Page) -> list[str]:
    """What the page sends from now on: "cancel" breaks something off, "join" asks for something."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url.rpartition("/")[2].partition("?")[0]))
    return sent


def test_a_running_answer_is_stopped_by_keyboard_and_not_kept(chat: Page, served: Served) -> None:
    ask(chat, "Tell me slowly how long records are kept")
    expect(chat.locator("#chat .draft")).to_contain_text("Records")
    sent = sent_by(chat)
    chat.locator("#question textarea").press("Escape")
    expect(chat.locator("#chat .notice")).to_have_text(texts.STOPPED)
    assert sent[:2] == ["cancel", "join"]  # broken off, then said: a step that follows is shown over it
    expect(chat.locator("#question textarea")).to_have_value("Tell me slowly how long records are kept")
    expect(chat.locator("#question").get_by_role("button", name=texts.SEND)).to_be_visible()
    chat.wait_for_timeout(1500)
    expect(chat.locator("#chat .answer")).to_have_count(0)
    assert served.conversations().latest("local") == []
    answered(chat, KEPT)
    expect(chat.locator("#chat .notice")).to_have_count(0)
    chat.get_by_role("button", name=texts.MARK_HELPFUL, exact=True).click()
    expect(chat.locator("#told p")).to_have_text(texts.MARK_KEPT)
    # The answer that another one was to replace stays where it is, as it was marked.
    chat.get_by_role("button", name=texts.EDIT_QUESTION).click()
    chat.get_by_label(texts.EDIT_LABEL).fill("And slowly?")
    chat.get_by_label(texts.EDIT_LABEL).press("Enter")
    expect(chat.locator("#chat .draft")).to_contain_text("Records")
    stop = chat.get_by_role("button", name=texts.STOP, exact=True)
    stop.focus()
    chat.keyboard.press("Enter")
    expect(chat.locator("#chat .notice")).to_have_text(texts.STOPPED_AGAIN)
    expect(chat.locator("#chat .question")).to_have_text([KEPT])
    chosen = texts.MARK_CHOSEN.format(mark=texts.MARK_HELPFUL)
    expect(chat.locator("#marks button.primary")).to_have_text(chosen)
    assert [exchange.question for exchange in kept(chat, served)] == [KEPT]


def test_a_new_conversation_begun_while_an_answer_comes_stays_empty(chat: Page, served: Served) -> None:
    answered(chat, KEPT)
    ask(chat, "Tell me slowly how long records are kept")
    expect(chat.locator("#chat .draft")).to_contain_text("Earlier")
    sent = sent_by(chat)
    chat.get_by_role("button", name=texts.NEW_CONVERSATION).click()
    expect(chat.locator("#chat .question")).to_have_count(0)
    assert sent.index("cancel") < sent.index("join")
    expect(chat.locator("#question").get_by_role("button", name=texts.SEND)).to_be_visible()
    chat.wait_for_timeout(1500)
    expect(chat.locator("#chat .question")).to_have_count(0)
    (left,) = served.conversations().latest("local")
    chat.locator("#listing a").click()
    expect(chat.locator("#chat .question")).to_have_text([KEPT])
    assert left.id == open_id(chat)


def test_an_old_answer_says_that_its_document_changed_since(chat: Page, served: Served) -> None:
    answered(chat, KEPT)
    conversations, conversation_id = served.conversations(), open_id(chat)
    (exchange,) = conversations.open("local", conversation_id, reader()).exchanges
    seen = {name: replace(each, sha256="other bytes") for name, each in exchange.documents.items()}
    first, second = exchange.answer.citations
    lost = replace(second, quote="A sentence that was taken out.")
    moved = replace(exchange.answer, citations=(replace(first, page=9, start=1, end=3), lost))
    old = replace(exchange, id=new_id(), documents=seen, answer=moved)
    conversations.append("local", conversation_id, old, replacing=exchange.id)
    chat.reload()
    expect(chat.locator("#chat .change")).to_have_count(2)
    expect(chat.locator("#chat .change").nth(0)).to_contain_text(
        "The sentence of [1] is still in it, on page 1."
    )
    expect(chat.locator("#chat .change").nth(1)).to_contain_text("The sentence of [2] is no longer in it.")
    with chat.context.expect_page() as opened:
        chat.locator("#chat .answered .marker").first.click(modifiers=["Control"])
    expect(opened.value.locator("mark#quote")).to_have_text(scripted.QUOTE)


def test_an_answer_says_who_chose_its_words_and_how_sure_it_is(chat: Page) -> None:
    answered(chat, "How long, surely?")
    expect(chat.locator("#chat .extracted .made")).to_contain_text(texts.CONFIDENCE_CLEAR)
    expect(chat.locator("#chat .extracted .made")).to_contain_text(texts.EXTRACTED)
    chat.get_by_role("button", name=texts.NEW_CONVERSATION).click()
    expect(chat.locator("#chat .question")).to_have_count(0)
    answered(chat, "What does the model say?")
    expect(chat.locator("#chat .written .made")).to_contain_text(texts.CONFIDENCE_WEAK)
    expect(chat.locator("#chat .written .made")).to_contain_text("scripted-7b")


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (390, 844)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_list_folds_away_and_nothing_scrolls_sideways(
    opened: Opened, served: Served, width: int, height: int, scheme: str
) -> None:
    served.conversations().delete_all("local")
    chat = opened(size=(width, height), color_scheme=scheme)
    toggle = chat.get_by_role("button", name=texts.HISTORY, exact=True)
    phone = width < 900
    expect(toggle).to_have_attribute("aria-expanded", "false" if phone else "true")
    answered(chat, "How long are records kept, and on whose money, by which rules and since which year?")
    toggle.focus()
    if phone:
        expect(chat.locator("#listing")).to_be_hidden()
        chat.keyboard.press("Enter")
    expect(chat.locator("#listing .title")).to_be_visible()
    assert chat.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if shots := os.environ.get("SCREENSHOTS"):
        chat.get_by_role("button", name=texts.DELETE, exact=True).click()
        expect(chat.locator("#sure")).to_be_visible()
        chat.screenshot(path=f"{shots}/history-{width}-{scheme}.png")
    toggle.click()
    expect(chat.locator("#listing")).to_be_hidden()
    assert re.search(r"conversation=\w{32}$", chat.url)


def test_a_page_whose_server_was_away_comes_back_by_itself_with_what_was_not_sent_yet(
    browser: Browser, served: Served
) -> None:
    served.conversations().delete_all("local")
    context = browser.new_context()
    page = context.new_page()
    page.goto(served.address)
    answered(page, KEPT, 1)
    served.stop()
    box = page.locator("#question textarea")
    ask(page, "And who pays?")  # nobody takes it
    expect(page.get_by_text("Connection to the server was lost")).to_be_visible()
    served.start()
    expect(page.get_by_text("Connection to the server was lost")).to_have_count(0, timeout=30_000)
    expect(page.locator("#chat .question")).to_have_text([KEPT])
    expect(box).to_have_value("And who pays?")
    box.press("Enter")
    expect(page.locator("#chat .answered")).to_have_count(2)
    context.close()
