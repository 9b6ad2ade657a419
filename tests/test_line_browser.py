"""Who waits in the line, in a real Chromium: the place is told, and stopping leaves the window usable."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import scripted
from assistant.web import texts
from browsing import free_port, needs_chromium, stop, wait_for
from test_browser import ask

SLOWLY = "Tell me slowly how long records are kept"
ONE_AT_ONCE = {
    "ASSISTANT_ANSWERS_AT_ONCE": "1",
    "ASSISTANT_SIGN_ON": "proxy",
    "ASSISTANT_PROXY_ADDRESSES": "127.0.0.1",
}

pytestmark = needs_chromium


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    port = free_port()
    records = f"sqlite:///{tmp_path / 'records.sqlite'}"
    served = subprocess.Popen(
        [sys.executable, str(Path(scripted.__file__)), str(port)],
        env={**os.environ, **ONE_AT_ONCE, "ASSISTANT_RECORDS_URL": records},
        stderr=subprocess.DEVNULL,
    )
    wait_for(f"http://127.0.0.1:{port}/api/health", served)
    yield f"http://127.0.0.1:{port}/"
    stop(served)


def window_of(browser: Browser, address: str, person: str) -> Page:
    page = browser.new_context(extra_http_headers={"X-Forwarded-User": person}).new_page()
    page.goto(address)
    expect(page.locator("#sources .panel")).to_be_visible()
    return page


def test_a_question_stopped_in_the_line_is_let_go_and_the_next_one_is_asked(
    browser: Browser, address: str
) -> None:
    answering, waiting = window_of(browser, address, "ann"), window_of(browser, address, "bob")
    ask(answering, SLOWLY)
    expect(answering.locator("#chat .draft")).to_be_visible()
    ask(waiting, SLOWLY)
    expect(waiting.locator("#chat .progress")).to_contain_text("number 1 in line")
    waiting.locator("#question textarea").press("Escape")
    expect(waiting.locator("#chat .notice")).to_have_text(texts.STOPPED, timeout=3000)
    expect(answering.locator("#chat .draft")).to_be_visible()  # so that the line has not moved
    answering.locator("#question textarea").press("Escape")
    ask(waiting, "How long are records kept?")
    expect(waiting.locator("#chat .answer:not(.draft)")).to_have_count(1)
    expect(waiting.locator("#chat .notice")).to_have_count(0)
    for page in (answering, waiting):
        page.context.close()
