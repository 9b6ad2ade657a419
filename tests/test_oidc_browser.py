"""Signing on in a real browser, and what a reader sees whose sign-on ends while the page is open."""

import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect

import provider
from assistant import sayings
from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.web import oidc, server, standing, texts
from browsing import PATIENCE_MS, free_port, needs_chromium
from index.embedding import Embedder

pytestmark = needs_chromium
QUESTION = "How large is the cormorant reserve of the Harbour Programme?"
FACT = "310,000"


@dataclass
class Site:
    """Our server, with a provider of its own."""

    address: str
    idp: provider.Provider


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, small_index: Path, embedder: Embedder) -> Iterator[Site]:
    folder, port = tmp_path_factory.mktemp("oidc"), free_port()
    home = f"http://127.0.0.1:{port}"
    with provider.running() as idp:
        name, secret = idp.register(home + oidc.BACK)
        settings = Settings.from_env(
            sign_on="oidc",
            oidc_issuer=idp.address,
            oidc_client_id=name,
            oidc_client_secret=secret,
            public_url=home,
            secret="k" * 40,
            index=small_index,
            models=Path("var/models"),
            records_url=f"sqlite:///{folder}/records.sqlite",
        )
        app = server.create_app(settings, Assistant.open(settings))
        config = uvicorn.Config(app, port=port, log_level="error", timeout_graceful_shutdown=1)
        served = uvicorn.Server(config)
        thread = threading.Thread(target=served.run)
        thread.start()
        yield Site(home, idp)
        served.should_exit = True
        thread.join(10)


@pytest.fixture
def window(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


def sign_on(page: Page, name: str) -> None:
    """Do what a person does at the provider."""
    page.get_by_placeholder("sub").fill(name)
    page.get_by_role("button", name="Authorize").click()
    expect(page.locator("#sources .panel")).to_be_visible()


def ask(page: Page, question: str) -> str:
    """Ask, and give the whole answer."""
    box = page.get_by_label(texts.QUESTION_LABEL)
    answers = page.locator("#chat .bot-row .answer:not(.draft)")
    before = answers.count()
    box.fill(question)
    box.press("Enter")
    expect(answers).to_have_count(before + 1)
    return answers.last.inner_text()


def test_a_reader_signs_on_asks_loses_a_group_and_signs_off(
    site: Site, window: BrowserContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "ASK_AFTER_S", 0.2)
    site.idp.person("anna", groups=["leads"])
    page = window.new_page()
    page.goto(site.address + "/?lang=en")
    sign_on(page, "anna")
    assert page.url.startswith(site.address + "/") and "code=" not in page.url
    assert FACT in ask(page, QUESTION)
    site.idp.person("anna", groups=["staff"])
    page.wait_for_timeout(300)
    assert FACT not in ask(page, QUESTION)
    cookie = next(each for each in window.cookies() if each["name"] == "ct-session-0")
    assert cookie["httpOnly"] and cookie["sameSite"] == "Lax"
    page.get_by_role("link", name=texts.SIGN_OFF).click()
    expect(page.get_by_text(texts.SIGNED_OFF)).to_be_visible()
    assert window.cookies() == []
    page.goto(site.address)
    expect(page.get_by_placeholder("sub")).to_be_visible()


def test_a_question_asked_after_the_session_has_ended_is_not_lost(
    site: Site, window: BrowserContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "ASK_AFTER_S", 0.2)
    site.idp.person("ben", groups=["leads"])
    page = window.new_page()
    page.goto(site.address)
    sign_on(page, "ben")
    first = ask(page, "Who pays for the Harbour Programme?")
    site.idp.forget("all")
    page.wait_for_timeout(300)
    box = page.get_by_label(texts.QUESTION_LABEL)
    box.fill(QUESTION)
    box.press("Enter")
    notice = page.get_by_role("alert").filter(has_text=texts.SIGN_ON_OVER)
    expect(notice).to_be_visible()
    page.wait_for_timeout(500)
    expect(box).to_have_value(QUESTION)
    expect(page.get_by_text("Error", exact=True)).to_have_count(0)
    assert first in page.locator("#chat").inner_text()
    with window.expect_page() as opened:
        notice.get_by_role("link").click()
    sign_on(opened.value, "ben")
    page.bring_to_front()
    expect(page.locator("#chat .bot-row .answer:not(.draft)").last).to_contain_text(FACT)
    expect(notice).to_have_count(0)


def test_a_question_waits_while_the_provider_is_away(
    site: Site, window: BrowserContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "ASK_AFTER_S", 0.2)
    monkeypatch.setattr(standing, "SHUT_AFTER_S", 0.4)
    monkeypatch.setattr(standing, "TRY_AFTER_S", 0.2)
    site.idp.person("cleo", groups=["leads"])
    page = window.new_page()
    page.goto(site.address)
    sign_on(page, "cleo")
    monkeypatch.setattr("assistant.web.provider.WITHIN_S", 0.5)
    site.idp.process.send_signal(signal.SIGSTOP)
    try:
        page.wait_for_timeout(500)
        box = page.get_by_label(texts.QUESTION_LABEL)
        box.fill(QUESTION)
        box.press("Enter")
        expect(page.get_by_role("alert").filter(has_text=sayings.SIGN_ON_AWAY)).to_be_visible()
    finally:
        site.idp.process.send_signal(signal.SIGCONT)
    monkeypatch.setattr("assistant.web.provider.WITHIN_S", 5)
    expect(page.locator("#chat .bot-row .answer:not(.draft)").last).to_contain_text(FACT)

    page.goto(site.address + oidc.SIGN_OFF)
    page.get_by_role("button", name=texts.SIGN_OFF).click()
    expect(page.get_by_text(texts.SIGNED_OFF)).to_be_visible()
    assert window.cookies() == []
