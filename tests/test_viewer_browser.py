"""Checking a source in one click, in a real Chromium over real PDFs."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect

import printed
from assistant.web import shipped, texts
from browsing import free_port, is_local, needs_chromium, records_in, serving
from test_browser import ask

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, str(Path(printed.__file__)), str(port)]
    records = records_in(tmp_path_factory.mktemp("records"))
    with serving(command, port, records) as address:
        yield address


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page; at the end nothing may have left the machine, failed or offended a policy."""
    context = browser.new_context(
        viewport={"width": 1366, "height": 768}, permissions=["clipboard-read", "clipboard-write"]
    )
    context.set_default_timeout(15_000)
    asked: list[str] = []
    failed: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    context.on("weberror", lambda error: failed.append(str(error.error)))
    page = context.new_page()
    page.on("console", lambda said: failed.append(said.text) if said.type == "error" else None)
    yield page
    assert asked and [url for url in asked if not is_local(url)] == []
    assert failed == []
    context.close()


def at(document_id: str, number: int, quote: str = "", nth: int = 0) -> str:
    """The address of a page, with the nth place of a quote on it."""
    name = next(name for name, its in printed.IDS.items() if its == document_id)
    pages = printed.pages_of(name)
    if not quote:
        return f"documents/{document_id}/pages/{number}"
    before = sum(len(page.text) + 1 for page in pages[: number - 1])
    places = [found.start() for found in re.finditer(re.escape(quote), pages[number - 1].text)]
    start = before + places[nth]
    return f"documents/{document_id}/pages/{number}?start={start}&end={start + len(quote)}#quote"


def letters(text: str) -> str:
    return "".join(sign for sign in text.lower() if sign.isalnum())


def marked(page: Page | FrameLocator) -> str:
    """The letters that are marked in the drawn page."""
    expect(page.locator("html[data-shown=drawn]")).to_have_count(1)
    return letters("".join(page.locator(".sheet mark").all_text_contents()))


def top(place: Locator) -> float:
    box = place.bounding_box()
    assert box is not None
    return box["y"]


def opened(page: Page, address: str) -> FrameLocator:
    """Ask, and open the first source beside the answer."""
    page.goto(address)
    expect(page.locator("#sources .panel")).to_be_visible()
    ask(page, "What do units compare?")
    page.locator("#chat .answer.answered .marker").first.click()
    return page.frame_locator("#source-view iframe")


def test_marker_opens_the_page_beside_the_answer_with_the_sentence_marked(page: Page, address: str) -> None:
    source = opened(page, address)
    assert marked(source) == letters(printed.WRAPPED)
    expect(source.locator(".sheet mark").first).to_be_in_viewport()
    expect(source.locator(".paper")).to_be_hidden()
    expect(page.locator("#source-view h2")).to_have_text("A guide for national units")
    expect(page.locator("#source-view").get_by_role("button", name=texts.CLOSE_SOURCE)).to_be_focused()
    expect(page.locator("#chat .answer.answered")).to_be_in_viewport()
    assert len(page.context.pages) == 1
    page.locator("#chat .marker").nth(1).click()
    expect(source.locator(".paper mark")).to_have_text("The programme is free of charge for Member States.")
    expect(source.locator(".paper mark")).to_be_in_viewport()
    expect(page.locator("#source-view h2")).to_have_text("Notes on costs")


def test_source_is_opened_read_and_closed_with_the_keyboard_alone(page: Page, address: str) -> None:
    source = opened(page, address)
    page.keyboard.press("Enter")
    expect(page.locator("#source-view")).to_have_count(0)
    marker = page.locator("#chat .marker").first
    expect(marker).to_be_focused()
    page.keyboard.press("Enter")
    expect(source.locator("html[data-shown=drawn]")).to_have_count(1)
    page.keyboard.press("Tab")
    expect(source.get_by_role("link", name=texts.NEXT)).to_be_focused()
    page.keyboard.press("Enter")
    expect(source.locator(".where")).to_have_text("Page 2 of 3")
    page.keyboard.press("ArrowRight")
    expect(source.locator(".where")).to_have_text("Page 3 of 3")
    expect(source.locator(".sheet")).to_contain_text(printed.LAST_PAGE)
    expect(source.get_by_role("link", name=texts.PREVIOUS)).to_be_focused()
    expect(source.get_by_role("status")).to_have_text("Page 3 of 3")
    page.keyboard.press("Escape")
    expect(page.locator("#source-view")).to_have_count(0)
    expect(marker).to_be_focused()
    expect(page.locator("#sources .card")).to_have_count(2)


def test_key_held_still_opens_a_tab_and_a_new_answer_takes_its_place_again(page: Page, address: str) -> None:
    opened(page, address)
    with page.context.expect_page() as tab:
        page.locator("#chat .marker").first.click(modifiers=["Control"])
    assert marked(tab.value) == letters(printed.WRAPPED)
    expect(tab.value.get_by_role("link", name=texts.BACK)).to_be_visible()
    tab.value.close()
    ask(page, "And again?")
    expect(page.locator("#chat .answer.answered")).to_have_count(2)
    expect(page.locator("#source-view")).to_have_count(0)
    expect(page.locator("#sources .card").first).to_be_visible()
    page.locator("#sources .card .open a").first.click()
    assert marked(page.frame_locator("#source-view iframe")) == letters(printed.WRAPPED)


def test_on_a_phone_the_source_stands_below_the_answer_and_nothing_scrolls_sideways(
    page: Page, address: str
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    source = opened(page, address)
    assert marked(source) == letters(printed.WRAPPED)
    expect(source.locator(".sheet mark").first).to_be_in_viewport()
    assert top(page.locator("#source-view")) > top(page.locator("#chat .answer.answered"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(page.locator("#question textarea")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("code", ["en", "ar"])
def test_title_over_a_print_wider_than_the_window_is_not_cut(page: Page, address: str, code: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address + at("guide", 1, printed.TWICE).replace("#", f"&lang={code}#"))
    assert marked(page) == letters(printed.TWICE)
    sheet, title = page.locator(".sheet").bounding_box(), page.locator("#stage h1").bounding_box()
    assert sheet and sheet["x"] < 0 and sheet["x"] + sheet["width"] > 390
    assert title and title["x"] >= 0 and title["x"] + title["width"] <= 390 and title["y"] > 0


@pytest.mark.parametrize("nth", [0, 1])
def test_of_the_same_words_twice_on_a_page_those_that_were_quoted_are_marked(
    page: Page, address: str, nth: int
) -> None:
    page.goto(address + at("guide", 1, printed.TWICE, nth))
    assert marked(page) == letters(printed.TWICE)
    line = page.locator(".sheet span", has_text="In the second region")
    assert (top(page.locator(".sheet mark").first) > top(line)) is (nth == 1)


def test_quote_over_columns_and_a_footnote_and_rows_of_a_table_are_marked(page: Page, address: str) -> None:
    over = printed.pages_of("guide.pdf")[0].text.split("Each State")[1].split("Names")[0]
    page.goto(address + at("guide", 1, over))
    assert marked(page) == letters(over)
    page.goto(address + at("guide", 2, "Eastern Africa 12 3,400"))
    assert marked(page) == "easternafrica123400"


def test_quote_is_found_by_its_letters_by_its_surroundings_and_in_parts(page: Page, address: str) -> None:
    page.goto(address + at("guide", 1))
    script = """async ([script, cases]) => {
        const { find, fold } = await import(script);
        const letters = (text) => fold(text).letters;
        return cases.map(([before, quote, after, print]) =>
            find(letters(before), letters(quote), letters(after), letters(print))
                .map(([start, end]) => letters(print).slice(start, end)));
    }"""
    cases = [
        ("", "the office’s efficiency, naïve", "", "the o\ufb03ce's e\ufb03-\nciency, nai\u0308ve"),
        ("x ", "aid is free", " in Asia", "aid is free in Africa aid is free in Asia"),
        ("", "names are hidden after six months", "", "names are hidden 1 see annex after six months"),
        ("", "Mali 12 Chad 34", "", "Chad Mali Niger 12 34 56"),
        ("", "nothing of this", "", "zzz"),
    ]
    found = page.evaluate(script, [f"/{shipped.address('static/quote.js')}", cases])
    assert found[0] == ["theofficesefficiencynaive"]
    assert found[1] == ["aidisfree"]
    assert found[2] == ["namesarehidden", "aftersixmonths"]
    assert found[3] == ["chadmali"]  # too little of the rest to be sure of it
    assert found[4] == []


def test_zoom_text_and_copy_work_and_are_spoken(page: Page, address: str) -> None:
    page.goto(address + at("guide", 1, printed.WRAPPED))
    assert marked(page) == letters(printed.WRAPPED)
    sheet = page.locator(".sheet")
    before = sheet.bounding_box()
    page.get_by_role("button", name=texts.ZOOM_IN).click()
    expect(sheet).not_to_have_css("width", f"{before and before['width']}px")
    after = sheet.bounding_box()
    assert before and after and 1.15 < after["width"] / before["width"] < 1.25
    assert marked(page) == letters(printed.WRAPPED)
    page.get_by_role("button", name=texts.COPY_CITATION).click()
    expect(page.get_by_role("status")).to_have_text(texts.CITATION_COPIED)
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"A guide for national units, 2021-06, page 1: “{printed.WRAPPED}”"
    page.get_by_role("button", name=texts.AS_TEXT).click()
    expect(page.locator(".paper mark")).to_have_text(printed.WRAPPED)
    expect(page.locator(".paper mark")).to_be_in_viewport()
    page.get_by_role("button", name=texts.AS_PRINTED).click()
    assert marked(page) == letters(printed.WRAPPED)


def test_citation_is_copied_also_where_the_browser_has_no_clipboard_of_its_own(
    page: Page, address: str
) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.goto(address + at("guide", 3))
    page.get_by_role("button", name=texts.COPY_CITATION).click()
    expect(page.get_by_role("status")).to_have_text(texts.CITATION_COPIED)


def test_what_cannot_be_drawn_or_changed_since_is_shown_as_its_indexed_text(page: Page, address: str) -> None:
    page.goto(address + at("broken", 1, "its text is still known"))
    expect(page.locator("html[data-shown=text]")).to_have_count(1)
    expect(page.get_by_role("status")).to_have_text(texts.PAGE_NOT_DRAWN)
    expect(page.locator(".paper mark")).to_have_text("its text is still known")
    page.goto(address + at("changed", 1, "fees are paid"))
    expect(page.locator(".changed")).to_contain_text("changed since it was indexed")
    expect(page.locator(".paper mark")).to_have_text("fees are paid")
    expect(page.locator(".sheet")).to_have_count(0)


def test_where_drawing_takes_too_long_the_text_is_shown(page: Page, address: str) -> None:
    page.clock.install()
    page.route("**/guide/file", lambda route: None)  # never answered
    page.goto(address + at("guide", 1, printed.WRAPPED))
    expect(page.locator(".drawing")).to_be_visible()
    expect(page.locator(".paper")).to_be_hidden()
    page.clock.fast_forward(20_000)
    expect(page.get_by_role("status")).to_have_text(texts.PAGE_NOT_DRAWN)
    expect(page.locator(".paper mark")).to_have_text(printed.WRAPPED)


def test_without_scripts_the_page_is_its_text_with_links_that_work(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + at("guide", 1, printed.WRAPPED))
    expect(page.locator(".paper mark")).to_have_text(printed.WRAPPED)
    expect(page.get_by_role("button")).to_have_count(0)
    page.get_by_role("link", name=texts.NEXT).click()
    expect(page.locator(".where")).to_have_text("Page 2 of 3")
    context.close()


def test_hostile_names_are_drawn_and_do_nothing(page: Page, address: str) -> None:
    page.goto(address + at("hostile", 1, "only names"))
    assert marked(page) == "onlynames"
    expect(page.locator("h1")).to_have_text(printed.HOSTILE_TITLE)
    assert page.evaluate("window.hit") is None
    assert page.locator("img").count() == 0


def test_restricted_page_says_in_the_frame_what_an_absent_one_says(page: Page, address: str) -> None:
    for path in ("documents/secret/pages/1", "documents/secret/file", "documents/none/pages/1"):
        answered = page.request.get(address + path)
        assert answered.status == 404 and texts.NOT_FOUND_TITLE in answered.text()
    page.goto(address)
