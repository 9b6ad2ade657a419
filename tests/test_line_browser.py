"""Who waits in the line, in a real Chromium: the place is told, and stopping leaves the window usable."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

import scripted
from assistant.web import texts
from browsing import Opened, free_port, needs_chromium, records_in, serving, windows
from test_browser import ask

SLOWLY = "Tell me slowly how long records are kept"
ONE_AT_ONCE = {
    "ASSISTANT_ANSWERS_AT_ONCE": "1",
    "ASSISTANT_SIGN_ON": "proxy",
    "ASSISTANT_PROXY_ADDRESSES": "127.0.0.1",
}

pytestmark = needs_chromium


@pytest.fixture
def opens(browser: Browser, tmp_path: Path) -> Iterator[Opened]:
    port = free_port()
    command = [sys.executable, scripted.__file__, str(port)]
    with serving(command, port, {**ONE_AT_ONCE, **records_in(tmp_path)}, path="api/health") as address:
        with windows(browser, address) as open_:
            yield open_


def test_a_question_stopped_in_the_line_is_let_go_and_the_next_one_is_asked(opens: Opened) -> None:
    answering, waiting = (opens(extra_http_headers={"X-Forwarded-User": who}) for who in ("ann", "bob"))
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
