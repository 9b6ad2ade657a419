"""The chat in pages of an intranet, in a real Chromium, on origins of their own."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Frame,
    FrameLocator,
    Page,
    Route,
    expect,
    sync_playwright,
)

from assistant import sayings
from assistant.web import texts
from browsing import ARGUMENTS, CHROMIUM, PATIENCE_MS, needs_chromium
from embedded import NAMES, NO_THIRD_PARTY_COOKIES, RESERVE, Intranet, intranet, pages_of
from index.embedding import Embedder

pytestmark = needs_chromium

ASKED = "Who pays for the Aviation Programme?"
ELSEWHERE = "Who pays for the Harbour Programme?"
Opens = Callable[..., Page]


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Intranet]:
    with intranet(tmp_path_factory.mktemp("framed"), embedder) as around:
        yield around


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for which every name leads to this machine, and frames keep no cookies."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        arguments = [*ARGUMENTS, NAMES, NO_THIRD_PARTY_COOKIES]
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield opened
        opened.close()


@pytest.fixture
def opens(browser: Browser) -> Iterator[Opens]:
    """Opens an address in a window of its own; no script may have failed in it."""
    contexts: list[BrowserContext] = []
    failed: list[str] = []

    def opened(address: str, width: int = 760, **given: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **given)
        context.set_default_timeout(PATIENCE_MS)
        context.on("weberror", lambda error: failed.append(str(error.error)))
        contexts.append(context)
        page = context.new_page()
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert failed == []


def script(net: Intranet, **data: str) -> str:
    told = " ".join(f'data-{name.replace("_", "-")}="{value}"' for name, value in data.items())
    return f'<script src="{net.assistant}embed.js" {told} defer></script>'


def vouched(net: Intranet, path: str, before: str = "", **data: str) -> str:
    """The address of a page with a panel, whose server vouches for its reader."""
    return net.page(path, before + script(net, mode="panel", token_url="/my/token", **data))


def chat(page: Page) -> FrameLocator:
    framed = page.frame_locator("iframe").first
    expect(framed.locator("#sources .panel")).to_be_visible()
    return framed


def inside(page: Page) -> Frame:
    """The chat's own window."""
    chat(page)
    return next(frame for frame in page.frames if frame != page.main_frame)


def ask(page: Page, text: str = ASKED) -> FrameLocator:
    framed = chat(page)
    framed.locator("#question textarea").fill(text)
    framed.locator("#question textarea").press("Enter")
    return framed


def says(framed: FrameLocator, words: str) -> None:
    expect(framed.locator("#chat .bot-row").last).to_contain_text(words)


def height(page: Page) -> float:
    box = page.locator("iframe").first.bounding_box()
    assert box
    return box["height"]


def looks_dark(frame: Frame) -> bool:
    return bool(frame.evaluate("document.body.classList.contains('dark')"))


def test_a_listed_page_frames_the_chat_and_a_source_within_it(net: Intranet, opens: Opens) -> None:
    frame = f'<iframe src="{net.assistant}?scope=programme:CTTP" style="width:420px;height:640px"></iframe>'
    page = opens(net.page("/simple", frame))
    expect(chat(page).locator("#scope-fold")).to_contain_text("CTTP")
    framed = ask(page)
    says(framed, "Denmark")
    framed.locator("#chat a.marker").first.click()
    expect(framed.frame_locator("#source-view iframe").locator("mark").first).to_contain_text("Denmark")
    wide = inside(page).evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert wide <= 0, "nothing runs over the side"


def test_pages_that_are_not_listed_do_not_frame_it(net: Intranet, opens: Opens) -> None:
    frame = f'<iframe src="{net.assistant}"></iframe>'
    net.page("/framing", frame)
    boxed = net.page("/boxed", frame, {"Content-Security-Policy": "sandbox allow-scripts"})
    server = ThreadingHTTPServer(("127.0.0.1", 0), pages_of(net))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    refused = {
        "scheme": f"http://strict.example:{net.port}/framing",
        "port": f"http://intranet.example:{server.server_port}/framing",
        "subdomain": f"http://sub.intranet.example:{net.port}/framing",
        "other site": f"http://evil.example:{net.port}/framing",
        "no origin": boxed,
        "other name of this machine": f"http://localhost:{net.port}/framing",
    }
    for why, address in refused.items():
        page = opens(address)
        page.wait_for_timeout(500)
        assert [frame.url for frame in page.frames[1:]] == ["chrome-error://chromewebdata/"], why
    server.shutdown()
    server.server_close()
    inside(opens(f"{net.origin}/framing"))


def test_a_reader_whose_page_vouches_for_them_asks_without_any_cookie(net: Intranet, opens: Opens) -> None:
    cookie = "document.cookie='seen=1; SameSite=None; Secure'; document.title=document.cookie||'none'"
    net.page("/cookie", f"<script>{cookie}</script>")
    third = f"http://127.0.0.1:{net.port}/cookie"
    blocked = opens(net.page("/cookies", f'<iframe src="{third}"></iframe>'))
    assert blocked.frames[1].evaluate("document.title") == "none", "cookies in frames are blocked"
    own = net.page("/own-frame", '<iframe src="/cookie"></iframe>').replace("intranet.example", "127.0.0.1")
    assert opens(own).frames[1].evaluate("document.title") == "seen=1", "in frames of other sites only"
    net.reader = {"user": "anna", "groups": ["leads"]}
    page = opens(vouched(net, "/token"))
    says(ask(page, RESERVE), "310,000 euros")
    framed = chat(page)
    framed.locator("#chat a.marker").first.click()
    expect(framed.frame_locator("#source-view iframe").locator("mark").first).to_contain_text("cormorant")
    assert "/visit/" in inside(page).url and page.context.cookies() == []
    for address in (page.url, page.content()):
        assert net.key not in address
    net.reader = {"user": "ben", "groups": []}
    other = opens(vouched(net, "/token"))
    says(ask(other, RESERVE), texts.STATE_NOT_IN_DOCUMENTS)
    expect(chat(other).locator("#sources")).not_to_contain_text("Note for leads")
    net.reader = {"user": "anna", "groups": ["leads"]}
    again = chat(opens(vouched(net, "/token")))
    again.locator("#history-toggle").click()
    expect(again.locator("#listing")).to_contain_text("cormorant")  # the same person's conversations


def test_without_a_ticket_a_sentence_stands_in_the_place_of_the_chat(net: Intranet, opens: Opens) -> None:
    net.reader = None
    page = opens(vouched(net, "/nobody", language="fr"))
    expect(page.get_by_role("status")).to_contain_text("Vous n’êtes pas connecté")
    net.reader = {"user": "anna"}
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    chat(page)
    expect(page.get_by_role("status")).to_be_hidden()


def test_the_scope_of_a_page_is_shown_and_cannot_be_widened(net: Intranet, opens: Opens) -> None:
    net.reader = {"user": "anna", "scope": {"programme": ["CTTP"]}}
    page = opens(vouched(net, "/scoped"))
    framed = ask(page, ELSEWHERE)
    expect(framed.locator("#scope-told .fixed")).to_contain_text("CTTP")
    expect(framed.locator("#chat .answer:not(.draft)")).to_be_visible()
    expect(framed.locator("#sources")).to_contain_text("Aviation workshop")
    expect(framed.locator("#chat")).not_to_contain_text("Norway")
    expect(framed.locator("#scope-fold")).to_contain_text(texts.ASKING_ONE)
    shelf = inside(page).evaluate("fetch('documents').then((answer) => answer.text())")
    assert "Aviation workshop" in shelf and "Harbour" not in shelf

    wish: list[str] = []

    def widened(route: Route) -> None:
        """Send another choice of programmes than the page's, as only a tampered page could."""
        told = json.loads(route.request.post_data or "{}")
        choice = json.dumps({"filters": {"programme": wish}, "beside": ""})
        told["data"] = [choice if n == 3 else value for n, value in enumerate(told.get("data", []))]
        route.continue_(post_data=json.dumps(told))

    page.route("**/gradio_api/queue/join*", widened)
    wish[:] = ["HARBOUR"]
    says(ask(page, ELSEWHERE), texts.SCOPE_EMPTY)
    wish[:] = ["HARBOUR", "CTTP"]
    ask(page, ELSEWHERE)
    expect(framed.locator("#chat .answer:not(.draft)")).to_have_count(2)
    expect(framed.locator("#sources")).to_contain_text("Aviation workshop")
    expect(framed.locator("#chat")).not_to_contain_text("Norway")


def test_groups_that_the_page_takes_back_are_gone_with_the_next_ticket(net: Intranet, opens: Opens) -> None:
    net.reader = {"user": "anna", "groups": ["leads"]}
    page = opens(vouched(net, "/revoked"))
    says(ask(page, RESERVE), "310,000 euros")
    net.reader = {"user": "anna", "groups": []}
    _renewed(page)
    framed = chat(page)
    framed.locator("#anew").click()
    expect(framed.locator("#chat .bot-row")).to_have_count(0)
    says(ask(page, RESERVE), texts.STATE_NOT_IN_DOCUMENTS)
    net.reader = None  # signed off, and nobody speaks for the reader any more
    closed = inside(page).evaluate("fetch('documents/leads/pages/1').then((answer) => answer.status)")
    assert closed == 404


def _renewed(page: Page) -> None:
    with page.expect_response("**/renew") as told:
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert told.value.status == 204


def test_a_visit_that_ended_says_so_and_goes_on_with_a_fresh_ticket(net: Intranet, opens: Opens) -> None:
    net.reader = {"user": "carla"}
    page = opens("about:blank")
    page.clock.install()
    page.goto(vouched(net, "/ending"))
    framed = chat(page)
    net.reader = None
    with sqlite3.connect(net.records) as db:
        past = datetime.now(UTC).isoformat(timespec="microseconds")
        assert db.execute("update visits set ends = ? where person = 'carla'", [past]).rowcount
    db.close()
    assert inside(page).evaluate("fetch('documents').then((answer) => answer.status)") == 401
    page.clock.fast_forward(61_000)
    expect(framed.locator("#visit-ended")).to_contain_text(sayings.NOT_SIGNED_ON)
    framed.locator("#question textarea").fill(ASKED)
    net.reader = {"user": "carla"}
    _renewed(page)
    expect(framed.locator("#visit-ended")).to_have_count(0)
    framed.locator("#question textarea").press("Enter")
    says(framed, "Denmark")


def test_links_of_the_page_ask_and_what_they_ask_is_text(net: Intranet, opens: Opens) -> None:
    net.reader = {"user": "anna"}
    link = f'<a href="#" data-ask="{ASKED}">ask this</a>'
    link += '<a href="#" data-ask="<img src=x onerror=1><b>Harbour</b>?">odd</a>'
    page = opens(vouched(net, "/links", link))
    page.get_by_text("ask this").click()  # also before the chat is there
    framed = chat(page)
    says(framed, "Denmark")
    expect(framed.locator("#chat .user-row")).to_have_text(ASKED)
    page.get_by_text("odd").click()
    expect(framed.locator("#chat .user-row").last).to_contain_text("<img src=x onerror=1><b>Harbour</b>?")
    assert framed.locator("#chat .user-row b, #chat .user-row img").count() == 0
    expect(framed.locator("#chat .answer")).to_have_count(2)


def test_nobody_but_the_framing_page_is_heard(net: Intranet, opens: Opens) -> None:
    told = {"ctAssistant": "ask", "text": ASKED}
    messages = (told, {"ctAssistant": "theme", "theme": "dark"}, {"ctAssistant": "hello", "theme": "dark"})
    posts = "".join(f"parent.frames[0].postMessage({json.dumps(message)}, '*');" for message in messages)
    posts += "parent.postMessage({ctAssistant: 'height', height: 5000}, '*');"
    other = f"<script>setInterval(() => {{ {posts} }}, 200)</script>"
    beside = f"{net.page('/beside', other)}"
    evil = beside.replace("intranet.example", "evil.example")
    frames = f'<iframe src="{net.assistant}?__theme=light"></iframe>'  # one that `parent.frames` leads to
    frames += f'<iframe src="{evil}"></iframe><iframe src="{beside}"></iframe>'
    page = opens(net.page("/noise", frames + script(net, mode="panel", theme="light")))
    panel = page.locator("iframe").nth(3)
    expect(panel.content_frame.locator("#sources .panel")).to_be_visible()
    inner = inside(page)
    page.wait_for_timeout(1500)
    assert inner.locator("#chat .user-row").count() == 0 and not looks_dark(inner)
    assert (panel.bounding_box() or {"height": 5000})["height"] < 2000
    # Of the right window, but of another origin; and what is no message of ours.
    heard = (
        "([data, origin]) => "
        "window.dispatchEvent(new MessageEvent('message', {data, origin, source: window.parent}))"
    )
    long: dict[str, object] = {**told, "text": "x" * 2001}
    for origin in ("http://evil.example", "null", net.assistant.rstrip("/")):
        inner.evaluate(heard, [told, origin])
    for data in (None, "ask", {**told, "text": {}}, long):
        inner.evaluate(heard, [data, net.origin])
    page.wait_for_timeout(500)
    assert inner.locator("#chat .user-row").count() == 0
    inner.evaluate(heard, [told, net.origin])
    expect(inner.locator("#chat .user-row")).to_have_count(1)


@pytest.mark.parametrize("width", [460, 1200])
def test_the_frame_is_as_high_as_what_is_in_it(net: Intranet, opens: Opens, width: int) -> None:
    net.reader = {"user": f"dora{width}"}
    page = opens(vouched(net, "/height"), width)
    framed = chat(page)
    page.wait_for_timeout(1000)
    empty = height(page)
    says(ask(page), "Denmark")
    expect(framed.locator("#marks")).to_be_visible()
    page.wait_for_timeout(1000)
    answered = height(page)
    assert answered > empty + 40
    inner = inside(page)
    scroll = "document.documentElement.scrollHeight - document.documentElement.clientHeight"
    assert inner.evaluate(scroll) <= 1, "nothing scrolls within"
    framed.locator("#chat a.marker").first.click()
    page.wait_for_timeout(1500)
    source = height(page)
    page.wait_for_timeout(1000)
    assert source == height(page) < answered + 800, "a source does not drive it up and up"
    framed.locator("#source-view .close").click()
    framed.locator("#anew").click()
    expect(framed.locator("#chat .start")).to_be_visible()
    page.wait_for_timeout(1000)
    assert height(page) < answered - 40


def test_light_and_dark_follow_the_page_while_it_is_open(net: Intranet, opens: Opens) -> None:
    net.reader = {"user": "anna"}
    page = opens(vouched(net, "/theme"), color_scheme="dark")
    framed = ask(page)
    says(framed, "Denmark")
    inner = inside(page)
    assert looks_dark(inner)
    framed.locator("#chat a.marker").first.click()
    source = framed.frame_locator("#source-view iframe").locator("body")
    expect(source.locator("h1").first).to_be_visible()
    ground = (
        "(({contentWindow: shown}) => shown.getComputedStyle(shown.document.body).backgroundColor)"
        "(document.querySelector('#source-view iframe'))"
    )
    dark = inner.evaluate(ground)
    page.emulate_media(color_scheme="light")
    expect(inner.locator("body.dark")).to_have_count(0)
    light = inner.evaluate(ground)
    assert light != dark
    page.evaluate("document.querySelector('script[src*=embed]').dataset.theme = 'dark'")
    expect(inner.locator("body.dark")).to_have_count(1)
    assert inner.evaluate(ground) == dark, "also a source within it"
    page.evaluate("ctAssistant.theme('light')")
    expect(inner.locator("body.dark")).to_have_count(0)
    assert inner.evaluate(ground) == light


def test_the_language_is_the_pages_or_the_tickets(net: Intranet, opens: Opens) -> None:
    net.reader = {"user": "anna", "language": "es"}
    spanish = inside(opens(vouched(net, "/ticket-language")))
    assert spanish.evaluate("document.documentElement.lang") == "es"
    french = inside(opens(vouched(net, "/language", language="fr")))
    assert french.evaluate("document.documentElement.lang") == "fr"


def test_the_bubble_is_opened_and_closed_by_keyboard(net: Intranet, opens: Opens) -> None:
    net.reader = {"user": "anna"}
    before = net.asked_for
    page = opens(f"{net.origin}/")  # the demo
    button = page.get_by_role("button")
    expect(button).to_have_attribute("aria-expanded", "false")
    assert net.asked_for == before, "nothing is loaded before somebody wants it"
    button.focus()
    page.keyboard.press("Enter")
    framed = chat(page)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    expect(dialog).to_have_attribute("aria-label", texts.TITLE)
    expect(button).to_have_attribute("aria-expanded", "true")
    framed.locator("#question textarea").press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()
    page.get_by_role("link").click()
    expect(dialog).to_be_visible()
    expect(framed.locator("#chat .user-row")).to_contain_text("passenger data")
    button.press("Escape")
    expect(dialog).to_be_hidden()


def test_a_visits_address_opens_nothing_in_a_window(net: Intranet, opens: Opens, tmp_path: Path) -> None:
    net.reader = {"user": "anna"}
    page = opens(vouched(net, "/address"))
    address = inside(page).url
    outside = page.context.new_page()
    told = outside.goto(address)
    assert told and told.status == 401 and sayings.NOT_SIGNED_ON in outside.content()
    framed = ask(page)
    says(framed, "Denmark")
    framed.locator("#chat a.marker").first.click()
    with page.context.expect_page() as tab:
        framed.locator("#source-view .head a").click()
    expect(tab.value.locator("mark").first).to_contain_text("Denmark")
