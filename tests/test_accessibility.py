"""Every state of the pages under axe-core, in a real Chromium: light and dark, in English and Arabic.

`pytest tests/test_accessibility.py --accessibility-report` also writes what was found, of any impact,
to docs/accessibility.md.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Frame, Page, expect

import axe
import printed
from browsing import Opened, free_port, needs_chromium, records_in, serving, windows
from conftest import ROOT
from test_browser import ask
from test_everyone import PHONE, SILENCE, answered

pytestmark = [needs_chromium, pytest.mark.skipif(not axe.held(), reason=axe.ABSENT)]

REPORT = ROOT / "docs" / "accessibility.md"
LANGUAGES, SCHEMES = ("en", "ar"), ("light", "dark")
STATES = (
    "start",
    "answer",
    "refusal",
    "comparison",
    "notice",
    "choices open",
    "deletion asked back",
    "source beside",
    "page as text",
    "page as printed, beside",
    "page as printed",
    "documents",
    "answer on a phone",
    "conversations on a phone",
)
PAGE_AS_TEXT = "documents/rules/pages/1?start=36&end=60"
IS_DARK = """(dark) => {
  const of = document.querySelector(".gradio-container") ?? document.body;
  const [red] = getComputedStyle(of).backgroundColor.match(/\\d+/);
  return (red < 128) === dark;
}"""
Found = dict[tuple[str, str, str], Counter[str]]


@pytest.fixture(scope="module")
def printed_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server whose sources are PDFs."""
    port = free_port()
    command = [sys.executable, str(Path(printed.__file__)), str(port)]
    with serving(command, port, records_in(tmp_path_factory.mktemp("printed"))) as address:
        yield address


@pytest.fixture
def prints(browser: Browser, printed_address: str) -> Iterator[Opened]:
    with windows(browser, printed_address) as open_:
        yield open_


@pytest.fixture(scope="module")
def found(request: pytest.FixtureRequest) -> Iterator[Found]:
    """What was found in all states, for the report where one is wanted."""
    found: Found = {}
    yield found
    if request.config.getoption("--accessibility-report"):
        REPORT.write_text(report(found), "utf-8")


def of_chat(chat: Page) -> Iterator[tuple[str, Page]]:
    """The states of one conversation, each as it stands when it is given."""
    yield "start", chat
    answered(chat)
    yield "answer", chat
    answered(chat, SILENCE)
    expect(chat.locator("#chat .not_in_documents")).to_be_visible()
    yield "refusal", chat
    answered(chat, "Which papers, side by side?")
    expect(chat.locator("#chat .side")).to_have_count(2)
    yield "comparison", chat
    ask(chat, "model away")
    expect(chat.locator("#chat .notice")).to_be_visible()
    yield "notice", chat
    chat.locator("#scope-fold > button").click()
    expect(chat.locator("#scope fieldset").first).to_be_visible()
    yield "choices open", chat
    chat.locator("#scope-fold > button").click()
    chat.locator("#own button").nth(1).click()
    expect(chat.locator("#sure")).to_be_visible()
    yield "deletion asked back", chat
    chat.locator("#chat a.marker").first.click()
    expect(chat.frame_locator("#source-view iframe").locator("#stage")).to_be_visible()
    yield "source beside", chat


def of_prints(prints: Opened, query: str, **given: object) -> Iterator[tuple[str, Page | Frame]]:
    """A printed page as it is drawn: the document in the frame beside the answer, and one of its own."""
    chat = prints(f"?{query}", **given)
    answered(chat)
    chat.locator("#chat a.marker").first.click()
    drawn = chat.frame_locator("#source-view iframe").locator("html[data-shown=drawn] .sheet mark")
    expect(drawn.first).to_be_visible()
    beside = chat.frame(url=re.compile("/documents/guide/pages/"))
    assert beside is not None
    yield "page as printed, beside", beside
    alone = prints(f"documents/guide/pages/2?{query}", **given)
    expect(alone.locator("html[data-shown=drawn] .sheet")).to_be_visible()
    yield "page as printed", alone


def of_phone(phone: Page) -> Iterator[tuple[str, Page]]:
    answered(phone)
    yield "answer on a phone", phone
    phone.locator("#history-toggle").click()
    expect(phone.locator("#listing .title").first).to_be_visible()
    yield "conversations on a phone", phone


def states(opened: Opened, prints: Opened, code: str) -> Iterator[tuple[str, Page | Frame]]:
    """All states in a language, each as it stands when it is given; colours change without delay."""
    query, given = f"lang={code}", {"bypass_csp": True, "reduced_motion": "reduce"}
    yield from of_chat(opened(f"?{query}", **given))
    yield from of_phone(opened(f"?{query}", PHONE, **given))
    yield from of_prints(prints, query, **given)
    yield "page as text", opened(f"{PAGE_AS_TEXT}&{query}", **given)
    yield "documents", opened(f"documents?{query}", **given)


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_state_has_a_serious_or_critical_violation(
    opened: Opened, prints: Opened, found: Found, code: str
) -> None:
    graves = {}
    for state, page in states(opened, prints, code):
        for scheme in SCHEMES:
            lit(page, scheme)
            violations = axe.violations(page)
            found[state, code, scheme] = Counter(each.impact for each in violations)
            graves[state, scheme] = [each for each in violations if each.grave]
    assert {state for state, _ in graves} == set(STATES)
    assert {where: grave for where, grave in graves.items() if grave} == {}


def lit(page: Page | Frame, scheme: str) -> None:
    """Wish for light or dark, and wait until the page is so: its ground and its letters."""
    (page if isinstance(page, Page) else page.page).emulate_media(
        color_scheme="dark" if scheme == "dark" else "light"
    )
    page.wait_for_function(IS_DARK, arg=scheme == "dark")


@pytest.mark.parametrize("path", ["documents", PAGE_AS_TEXT])
def test_the_checker_finds_what_is_wrong(opened: Opened, path: str) -> None:
    page = opened(path, bypass_csp=True)
    page.evaluate("document.body.append(document.createElement('button'))")
    assert [(each.impact, each.rule) for each in axe.violations(page)] == [("critical", "button-name")]


def test_the_checker_sees_into_the_frame_beside_the_answer(prints: Opened) -> None:
    for _, beside in of_prints(prints, "lang=en", bypass_csp=True):
        beside.evaluate("document.querySelector('.copy').textContent = ''")
        assert [each.rule for each in axe.violations(beside) if each.grave] == ["button-name"]


def test_the_report_tells_of_every_state_and_of_the_checker_that_is_used() -> None:
    written = REPORT.read_text("utf-8")
    assert f"axe-core {axe.VERSION}, " in written
    rows = [tuple(row.split(" | ")[:3]) for row in re.findall(r"^\| (.*) \|$", written, re.MULTILINE)[1:]]
    assert rows == [(state, code, scheme) for state in STATES for code in LANGUAGES for scheme in SCHEMES]


def report(found: Found) -> str:
    """The report, as Markdown: a row a state, language and theme, with counts by impact."""
    rows = [
        f"| {state} | {code} | {scheme} | "
        + " | ".join(str(found[state, code, scheme][impact]) for impact in axe.IMPACTS)
        + " |"
        for state in STATES
        for code in LANGUAGES
        for scheme in SCHEMES
    ]
    return "\n".join(
        [
            "# Accessibility",
            "",
            f"Elements that break one of the default rules of axe-core {axe.VERSION}, by impact. Critical",
            "and serious ones fail the tests. The pages are served with a scripted assistant and shown in",
            "Chromium, at 1366×768 and as on a phone at 390×844. Written by",
            "`pytest tests/test_accessibility.py --accessibility-report`.",
            "",
            f"| state | language | theme | {' | '.join(axe.IMPACTS)} |",
            f"|---|---|---|{'---|' * len(axe.IMPACTS)}",
            *rows,
            "",
        ]
    )
