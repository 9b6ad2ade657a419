"""Hostile texts in every place of every page, in a real Chromium: nothing runs, nothing is fetched from
elsewhere, nothing is a link that is not ours."""

import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Error, Page, expect, sync_playwright

import hostile_shelf
from browsing import (
    ARGUMENTS,
    CHROMIUM,
    PATIENCE_MS,
    free_port,
    is_local,
    needs_chromium,
    records_in,
    serving,
)
from hostile import EVIL
from hostile_shelf import ACTIVE, TEXTS
from test_browser import ask
from test_report import answer, result, write_answers

pytestmark = needs_chromium
LONG = 2  # texts whose end a list of titles does not show

# Whatever hostile texts want to set, call or become.
WATCH = """
  const tell = (what) => console.error("PWNED " + what);
  for (const name of ["__pwned", "hit"]) Object.defineProperty(window, name, {set: () => tell(name)});
  for (const name of ["alert", "confirm", "prompt", "print"]) window[name] = () => tell(name);
  document.addEventListener("securitypolicyviolation", (e) => tell(e.violatedDirective + " " + e.blockedURI));
"""
# What is on a page, its frames included, that must not be there.
BAD = r"""() => {
  const bad = [];
  const addresses = ["href", "src", "action", "formaction", "data", "poster", "background", "srcset", "ping",
    "xlink:href", "cite", "manifest"];
  const never = "object,embed,applet,base:not([href='./']),math,marquee,audio,video,gradio-app[src]," +
    "gradio-app gradio-app,gradio-lite,image,meta[http-equiv=refresh i]";
  const inText = "script,img,svg,iframe,form,style,link,input,details,body,select,button,table.forged,source";
  const places = "#chat .message, #sources, #listing, #history .prose, main header, .paper";
  const allowed = (value) => {
    if (value.startsWith("#") || value === "") return true;
    if (!URL.canParse(value, document.baseURI)) return false;
    const url = new URL(value, document.baseURI);
    if (url.protocol === "data:") return /^data:(image\/png|font)/.test(url.href);
    if (url.protocol === "blob:") return true;
    return url.origin === location.origin && !/gradio_api\/(file|proxy)/.test(url.pathname);
  };
  const look = (doc) => {
    for (const each of doc.querySelectorAll("*")) {
      for (const {name, value} of each.attributes) {
        const live = /^on/i.test(name) || name === "srcdoc" ||
          (addresses.includes(name) && !allowed(value.trim())) ||
          (name === "style" && /url\(|expression|import|binding/i.test(value));
        if (live) bad.push(`${each.tagName} ${name}=${value.slice(0, 80)}`);
      }
    }
    for (const each of doc.querySelectorAll(never)) bad.push(each.outerHTML.slice(0, 120));
    for (const place of doc.querySelectorAll(places))
      for (const each of place.querySelectorAll(inText)) bad.push(`text: ${each.outerHTML.slice(0, 120)}`);
    for (const frame of doc.querySelectorAll("iframe"))
      if (frame.contentDocument) look(frame.contentDocument);
  };
  look(document);
  return bad;
}"""
CAME = r"""() => {
  const values = [...document.querySelectorAll("textarea,input")].map((each) => each.value);
  const tips = [...document.querySelectorAll("[title]")].map((each) => each.title);
  const all = [document.body.textContent, ...values, ...tips].join(" ");
  return new Set(all.match(/z\d{3}z/g) || []).size;
}"""

# Open addresses in frames of the page, as the chat does; give the text of each.
IN_FRAMES = """async (addresses) => {
  for (const old of document.querySelectorAll("iframe.tried")) old.remove();
  const frame = (src) => Object.assign(document.createElement("iframe"), {src, className: "tried"});
  const frames = addresses.map(frame);
  const come = frames.map((frame) => new Promise((done) => (frame.onload = done)));
  document.body.append(...frames);
  await Promise.all(come);
  return frames.map((frame) => frame.contentDocument.body.textContent);
}"""


@pytest.fixture(scope="module")
def trap() -> Iterator[tuple[int, list[bytes]]]:
    """A port that `evil.example` leads to in this browser, and what came there."""
    came: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def take() -> None:
            while True:
                try:
                    caught, _ = listening.accept()
                except OSError:
                    return
                with caught:
                    caught.settimeout(1)
                    try:
                        came.append(caught.recv(200))
                    except OSError:
                        came.append(b"")

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield listening.getsockname()[1], came
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)


@pytest.fixture(scope="module")
def browser(trap: tuple[int, list[bytes]]) -> Iterator[Browser]:
    rules = f"--host-resolver-rules=MAP {EVIL} 127.0.0.1:{trap[0]}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, rules])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def address(records: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, hostile_shelf.__file__, str(port)]
    with serving(command, port, records_in(records)) as address:
        yield address


@pytest.fixture
def page(browser: Browser, trap: tuple[int, list[bytes]]) -> Iterator[Page]:
    """A window that is watched; at the end nothing may have run, and nothing may have left the machine."""
    context = browser.new_context(viewport={"width": 1366, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(WATCH)
    asked: list[str] = []
    said: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    context.on("weberror", lambda error: said.append(str(error.error)))
    page = context.new_page()
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)

    def opened(dialog: Dialog) -> None:
        said.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", opened)
    yield page
    context.close()
    # The framework's own words where a page is left while it still asks for something.
    left = ("AbortError", "Connection errored out")
    assert [line for line in said if not any(word in line for word in left)] == []
    assert [url for url in asked if not is_local(url) and not url.startswith("file:")] == []
    assert trap[1] == []


def harmless(page: Page, at_least: int) -> None:
    """Nothing on the page is what it must not be, and so many hostile texts stand on it."""
    came = page.evaluate(CAME)
    assert page.evaluate(BAD) == []
    assert came >= at_least, came


def test_chat_sources_history_and_scope_show_hostile_texts_as_texts(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("#sources .panel")).to_be_visible()
    harmless(page, len(TEXTS) - LONG)
    ask(page, f"Tell me half of it slowly {TEXTS[14]}")
    expect(page.locator("#chat .draft")).to_contain_text("z117z")
    harmless(page, len(TEXTS))
    expect(page.locator("#chat .answer.partial")).to_be_visible()
    expect(page.locator("#sources .card")).to_have_count(len(TEXTS))
    harmless(page, len(TEXTS))
    links = page.locator("#chat .message a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert all(link.startswith(("documents/d", "answers/", "#mark-")) for link in links)
    page.locator("#chat .marker").nth(14).hover()
    page.locator("#chat .marker").nth(14).click()
    expect(page.frame_locator("iframe").locator(".paper")).to_contain_text("z014z")
    harmless(page, len(TEXTS))
    memo = page.locator("#chat .take a.copy").get_attribute("href")
    for question, shown in (("compare", ".sides"), ("nothing", ".not_in_documents")):
        page.goto(address)  # anew: two such answers are more than a question may bring along
        expect(page.locator("#sources .panel")).to_be_visible()
        ask(page, f"{question} {TEXTS[15]}")
        expect(page.locator(f"#chat {shown}")).to_be_visible()
        harmless(page, 6)
    page.goto(address + str(memo))
    harmless(page, len(TEXTS))


def test_an_old_conversation_and_its_comment_are_texts(page: Page, address: str, records: Path) -> None:
    page.goto(f"{address}?conversation={(records / 'place').read_text()}")
    expect(page.locator("#chat .answer.partial")).to_have_count(1)
    harmless(page, len(TEXTS))


def test_the_list_of_papers_and_its_search_are_texts(page: Page, address: str) -> None:
    seen = 0
    for number in range(1, 9):
        page.goto(f"{address}documents?page={number}")
        seen += page.locator("tbody tr").count()
        harmless(page, 1)
        if seen > len(TEXTS):
            break
    assert seen == len(TEXTS) + 1
    for text in TEXTS[::12]:
        page.goto(f"{address}documents")
        page.locator("[type=search]").fill(text)
        page.locator("[type=search]").press("Enter")
        harmless(page, 1)


def test_every_paper_is_text_on_its_page(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("#sources .panel")).to_be_visible()
    for first in range(0, len(TEXTS), 40):
        numbers = range(first, min(first + 40, len(TEXTS)))
        opened = [f"documents/d{number:03d}/pages/1?start=0&end=40#quote" for number in numbers]
        read = page.evaluate(IN_FRAMES, opened)
        came = [f"z{number:03d}z" in text for number, text in zip(numbers, read, strict=True)]
        assert all(came)
        harmless(page, len(TEXTS) - LONG)


def test_a_pdf_that_acts_is_drawn_and_does_nothing(page: Page, address: str) -> None:
    for identifier in (ACTIVE, "d004", "d114"):
        page.goto(f"{address}documents/{identifier}/pages/1")
        expect(page.locator("html[data-shown=drawn]")).to_have_count(1)
        page.locator(".sheet").click(position={"x": 60, "y": 200})
        assert page.locator(".sheet :is(a, input, textarea, form, object, iframe)").count() == 0
        harmless(page, 1)


def test_a_report_of_hostile_questions_is_text(page: Page, tmp_path: Path) -> None:
    from assistant.evaluation.report import write_report
    from assistant.evaluation.types import EvalQuestion, EvalRun

    rows = tuple(
        result(n, question=text, tags=(text,), failure=text, reason=text) for n, text in enumerate(TEXTS)
    )
    source = {"number": 1, "page": 1}
    answers = [
        answer(n, question=text, text=f"{text} [1]", citations=[{**source, **dict.fromkeys(
            ("path", "title", "page_label", "quote"), text)}])
        for n, text in enumerate(TEXTS)
    ]  # fmt: skip
    write_answers(tmp_path, answers)
    run = EvalRun(TEXTS[14], TEXTS[0], {"hostile": TEXTS[1]}, (), {}, rows)
    questions = [EvalQuestion(f"made-{n}", text, (text,)) for n, text in enumerate(TEXTS)]
    page.goto(write_report(run, tmp_path, questions).as_uri())
    for fold in page.locator("summary").all()[:20]:
        fold.click()
    harmless(page, len(TEXTS))


def test_the_watch_sees_what_it_is_to_see(browser: Browser, trap: tuple[int, list[bytes]]) -> None:
    """Pages made of the texts as they are: had an escape been forgotten, this is what would be found."""
    context = browser.new_context()
    context.add_init_script(WATCH)
    context.route("http://127.0.0.1:1/", lambda route: route.fulfill(body="", content_type="text/html"))
    said: list[str] = []
    context.on("console", lambda line: said.append(line.text))
    bad, page = 0, context.new_page()
    page.goto("http://127.0.0.1:1/")
    for text in TEXTS:
        try:
            page.set_content(f"<main><header>{text}</header></main>", wait_until="commit")
            bad += bool(page.evaluate(BAD))
        except Error:  # the text led the page away
            bad, page = bad + 1, context.new_page()
            page.goto("http://127.0.0.1:1/")
    page.wait_for_timeout(300)
    context.close()
    assert bad >= 65
    assert sum("PWNED" in line for line in said) >= 20
    assert len(trap[1]) >= 5
    trap[1].clear()
