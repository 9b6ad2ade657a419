"""For everyone, in a real Chromium: by keyboard, by ear, right to left, without motion, without delay."""

import re

import pytest
from playwright.sync_api import Page, expect

from assistant import language
from assistant.language import Language
from assistant.web import texts
from browsing import WIDE, Opened, needs_chromium
from test_browser import ask
from timing import SENTENCE, first_paint_ms, progress_ms

pytestmark = needs_chromium

PHONE = (390, 844)
QUESTION = "How long are records kept, by which dates?"
SILENCE = "What is on the menu of the cafeteria?"
RING = """() => {
  const seen = (element) => {
    const style = getComputedStyle(element);
    const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    return outlined || style.boxShadow !== "none";
  };
  const focused = document.activeElement;
  return focused === document.body || seen(focused) || seen(focused.closest(".input-container") ?? focused);
}"""
FOCUSED = """() => {
  const focused = document.activeElement;
  const words = focused.getAttribute("aria-label") || focused.textContent.trim() || focused.placeholder;
  return (words || focused.tagName).slice(0, 60);
}"""
WRITTEN_DOWN = """() => {
  window.told = [];
  const heard = document.getElementById("heard");
  const note = () => { if (heard.textContent) window.told.push(heard.textContent); };
  new MutationObserver(note).observe(heard, { childList: true, subtree: true });
}"""


def answered(page: Page, question: str = QUESTION) -> None:
    """Ask, and wait until the answer can be marked."""
    whole = page.locator("#chat .answer:not(.draft)")
    before = whole.count()
    ask(page, question)
    expect(whole).to_have_count(before + 1)
    expect(page.locator("#marks")).to_be_visible()


# --- the keyboard --------------------------------------------------------------------------------


def tabbed(page: Page, until: str, most: int = 120, back: bool = False) -> list[str]:
    """Press Tab until something has the focus, and tell what had it: labels or texts. The ring around
    it must always be seen."""
    passed: list[str] = []
    for _ in range(most):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        passed.append(page.evaluate(FOCUSED))
        assert page.evaluate(RING), f"no ring around {passed[-1]}"
        if until in passed[-1]:
            return passed
    raise AssertionError(f"{until} was not reached: {passed}")


def test_a_question_its_source_and_its_mark_take_no_mouse(opened: Opened) -> None:
    chat = opened()
    expect(chat.locator("#question textarea")).to_be_focused()
    chat.keyboard.type(QUESTION)
    chat.keyboard.press("Enter")
    expect(chat.locator("#marks")).to_be_visible()
    expect(chat.locator("#question textarea")).to_be_focused()
    passed = tabbed(chat, "[1]", back=True)
    wanted = (texts.MARK_WRONG_EVIDENCE, texts.MARK_HELPFUL, texts.CHANGE_SEARCH, "[2]", "[1]")
    assert [name for part in wanted for name in passed if name.startswith(part)] == [
        name for name in passed if name.startswith(wanted)
    ], passed
    chat.keyboard.press("Enter")
    view = chat.locator("#source-view")
    expect(view.get_by_role("button", name=texts.CLOSE_SOURCE)).to_be_focused()
    expect(chat.frame_locator("#source-view iframe").locator(".bar .copy")).to_be_visible()
    chat.keyboard.press("Tab")  # into the page of the source: Escape works there, too
    chat.keyboard.press("Escape")
    expect(view).to_have_count(0)
    expect(chat.locator("#chat a.marker").first).to_be_focused()
    tabbed(chat, texts.MARK_HELPFUL)
    chat.keyboard.press("Enter")
    expect(chat.locator("#told p")).to_have_text(texts.MARK_KEPT)


def test_an_example_a_language_and_a_new_conversation_take_no_mouse(opened: Opened) -> None:
    chat = opened("?from=elsewhere")
    tabbed(chat, "Français")
    tabbed(chat, "What does “Passenger data")
    chat.keyboard.press("Enter")
    expect(chat.locator("#chat .answer.answered")).to_have_count(1)
    expect(chat.locator("#anew")).to_be_visible()
    chat.locator("#question textarea").focus()
    tabbed(chat, texts.NEW_CONVERSATION, back=True)
    chat.keyboard.press("Enter")
    expect(chat.locator("#chat .answer")).to_have_count(0)
    expect(chat).not_to_have_url(re.compile("conversation="))
    tabbed(chat, "Français")
    before = chat.url
    chat.keyboard.press("Enter")
    expect(chat.get_by_role("heading", level=1)).to_have_text("Interroger les documents")
    assert chat.url == f"{before}{'&' if '?' in before else '?'}lang=fr", "the rest of the address stays"


# --- by ear --------------------------------------------------------------------------------------


def test_an_answer_is_told_once_and_not_piece_by_piece(opened: Opened) -> None:
    chat = opened()
    expect(chat.locator("#chat [role=log]")).to_have_attribute("aria-live", "off")
    chat.evaluate(WRITTEN_DOWN)
    for _ in range(2):
        answered(chat)
        expect(chat.locator("#heard")).to_have_text(texts.ANSWER_HAS_COME)
        expect(chat.locator("#heard")).to_have_attribute("role", "status")
        assert chat.evaluate("window.told") == [texts.ANSWER_HAS_COME]
        chat.evaluate("window.told.length = 0")
    assert chat.locator("#chat [aria-live=polite]").count() == 0


# --- right to left, and each language ------------------------------------------------------------


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_arabic_runs_from_right_to_left_and_papers_keep_their_own_way(
    opened: Opened, size: tuple[int, int]
) -> None:
    chat = opened("?lang=ar", size)
    root = chat.locator("html")
    expect(root).to_have_attribute("dir", "rtl")
    expect(root).to_have_attribute("lang", "ar")
    answered(chat)
    with language.speaking(Language("ar")):
        expect(chat.locator("#sources h2")).to_have_text(texts.SOURCES)
        expect(chat.locator("#marks")).to_contain_text(texts.MARK_HELPFUL)
        expect(chat.locator("#question button")).to_have_text(texts.SEND)
        expect(chat).to_have_title(texts.TITLE)
    assert chat.evaluate("document.documentElement.scrollWidth <= innerWidth")
    where = "(name) => document.querySelector(name).getBoundingClientRect().left"
    assert chat.evaluate(where, "#question textarea") > chat.evaluate(where, "#question button")
    assert chat.evaluate(where, "#chat .question") - chat.evaluate(where, "#chat") < 40
    if size == WIDE:
        assert chat.evaluate(where, "#chat") > chat.evaluate(where, "#sources")
    way = "(name) => getComputedStyle(document.querySelector(name)).direction"
    assert (
        chat.evaluate(way, "#chat .message-wrap") == "rtl" and chat.evaluate(way, "#sources .hint") == "rtl"
    )
    assert chat.evaluate(way, "#chat .prose .prose, #chat .answer .prose") == "ltr"
    assert chat.evaluate(way, "#sources blockquote") == "ltr"
    box = chat.locator("#question textarea")
    assert chat.evaluate(way, "#question textarea") == "rtl"
    box.fill("an English question")
    assert chat.evaluate(way, "#question textarea") == "ltr"
    link = chat.locator("#sources .open a").first
    expect(link).to_have_attribute("href", re.compile("lang=ar"))


def test_arrow_keys_turn_pages_the_way_the_signs_point(opened: Opened) -> None:
    viewer = opened("documents/pnr-guide/pages/2?lang=ar")
    expect(viewer.locator(".turning")).to_contain_text("الصفحة 2 من 3")
    viewer.keyboard.press("ArrowLeft")
    expect(viewer.locator(".turning")).to_contain_text("الصفحة 3 من 3")


@pytest.mark.parametrize("code", ["fr", "es", "ru"])
def test_the_browsers_language_is_the_pages_and_no_english_is_left(opened: Opened, code: str) -> None:
    chat = opened(locale=code)
    expect(chat.locator("html")).to_have_attribute("lang", code)
    with language.speaking(Language(code)):
        expect(chat.get_by_label(texts.QUESTION_LABEL)).to_be_focused()
        answered(chat, SILENCE)
        expect(chat.locator("#chat .not_in_documents")).to_contain_text(texts.STATE_NOT_IN_DOCUMENTS)
        expect(chat.locator("#sources h2")).to_have_text(texts.NEAREST)
        expect(chat.locator("#anew")).to_have_text(texts.NEW_CONVERSATION)
    shown = chat.locator("body").inner_text()
    english = {name: said for name, said in vars(texts).items() if name.isupper() and isinstance(said, str)}
    with language.speaking(Language(code)):  # some words are the same in two languages
        theirs = "\n".join(str(getattr(texts, name)) for name in english)
    whole = {said for said in english.values() if said not in theirs}
    assert [said for said in whole if len(said) > 8 and "{" not in said and said in shown] == []


# --- motion and time -----------------------------------------------------------------------------


def test_nothing_moves_for_who_asked_for_less_motion(opened: Opened) -> None:
    for motion, moves in (("reduce", False), ("no-preference", True)):
        chat = opened(reduced_motion=motion)
        chat.evaluate("document.getElementById('question').dataset.sent = ''")
        style = "getComputedStyle(document.getElementById('question'), '::before').animationName"
        assert (chat.evaluate(style) != "none") is moves


def test_the_first_paint_and_the_first_sign_of_life_come_soon(opened: Opened, address: str) -> None:
    page = opened()
    paints, waits = [], []
    for _ in range(3):
        paints.append(first_paint_ms(page, address))
        expect(page.locator("#sources .panel")).to_be_visible()
        waits.append(progress_ms(page, QUESTION))
        expect(page.locator("#marks")).to_be_visible()
        expect(page.locator("#question[data-sent]")).to_have_count(0)
    assert min(paints) < 2000
    assert min(waits) < 300
    page.goto(address)
    expect(page.locator("#sources .panel")).to_be_visible()
    assert progress_ms(page, QUESTION, SENTENCE) < 2000
