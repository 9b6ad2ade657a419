"""The languages readers are spoken to in: which one each gets, that nothing is missing."""

import ast
import asyncio
import re
from collections.abc import Iterator
from contextvars import copy_context
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from fastapi.testclient import TestClient

import scripted
from assistant import language, sayings
from assistant.access import local_principal
from assistant.config import Settings
from assistant.language import Language
from assistant.web import addresses, render, server, texts
from assistant.web.reception import Bounds, Reception
from assistant.web.translation import filled, spoken

HOUSE = Path(language.__file__).parent
OTHERS = [code for code in language.LANGUAGES if code != language.ENGLISH]
FOR_STAFF = {"PORT_IN_USE", "CANNOT_LISTEN"}  # printed by the command line, in English
_SIDED = re.compile(r"(?:^|[;{ -])(?:left|right)(?:-[a-z]+)?\s*:|(?:text-align|float):\s*(?:left|right)")
_FOUR = re.compile(r"(?:margin|padding|inset|border-width):\s*((?:[^\s;]+\s+){3}[^\s;]+)\s*;")
_FIELD = re.compile(r"\{(\w*)\}")


def english() -> dict[str, str]:
    return own(texts) | own(sayings)


def own(module: ModuleType) -> dict[str, str]:
    return {name: said for name, said in vars(module).items() if name.isupper() and isinstance(said, str)}


def said(name: str, code: str) -> list[str]:
    """All forms of a text in a language."""
    found = language.words(code)[name]
    return list(found.forms.values()) if isinstance(found, language.Counted) else [found]


@pytest.mark.parametrize("code", OTHERS)
def test_every_text_is_in_every_language(code: str) -> None:
    assert set(english()) - FOR_STAFF == set(language.words(code))


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_has_the_fields_of_the_english_text(code: str) -> None:
    for name, source in english().items():
        if name in FOR_STAFF:
            continue
        wanted = set(_FIELD.findall(source))
        for form in said(name, code):
            fields = set(_FIELD.findall(form))
            assert fields <= wanted and fields | {"count"} >= wanted, (name, form)
            assert fields == wanted or isinstance(language.words(code)[name], language.Counted), (name, form)


@pytest.mark.parametrize("code", [language.ENGLISH, *OTHERS])
def test_no_text_holds_what_would_end_a_string_or_begin_an_element(code: str) -> None:
    held = (
        english()
        if code == language.ENGLISH
        else {name: "".join(said(name, code)) for name in language.words(code)}
    )
    assert [name for name, text in held.items() if set(text) & set('"\\<>&\n')] == []


def test_a_name_stands_for_one_text_only() -> None:
    assert own(texts).keys() & own(sayings).keys() == set()


def looked_up(node: ast.AST) -> str:
    """The module of texts that an expression takes one from, "" where it does not."""
    found = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id
    return found if found in ("texts", "sayings") else ""


@pytest.mark.parametrize("module", [texts, sayings])
def test_every_name_that_is_used_is_a_text_and_every_text_is_used(module: ModuleType) -> None:
    used = {
        node.attr
        for path in HOUSE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and looked_up(node) == module.__name__.rpartition(".")[2]
    }
    by_kind = ("HEALTH_", "FIELD_", "SCRIPT_")  # looked up by what they name
    assert used <= set(own(module))
    assert [name for name in own(module) if name not in used and not name.startswith(by_kind)] == []


def test_no_text_is_taken_before_there_is_a_reader() -> None:
    """A text that is looked up as a module is loaded is English for good: `language.Naming` is for that."""
    early: list[str] = []
    for path in HOUSE.rglob("*.py"):
        waiting: list[ast.AST] = [ast.parse(path.read_text("utf-8"))]
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                waiting += [node.args, *getattr(node, "decorator_list", ())]
                continue
            if isinstance(node, ast.Attribute) and looked_up(node):
                early.append(f"{path.name}: {node.attr}")
            if isinstance(node, ast.ImportFrom) and str(node.module).endswith((".texts", ".sayings")):
                early.append(f"{path.name}: {node.names[0].name}")
            waiting += ast.iter_child_nodes(node)
    assert early == []


@pytest.mark.parametrize(
    ("asked", "accepted", "code", "chosen"),
    [
        ("", "", "en", False),
        ("", "fr-CH, fr;q=0.9, en;q=0.8", "fr", False),
        ("", "de, ar;q=0.5, es;q=0.7", "es", False),
        ("", "en;q=0.3, ru;q=0.9", "ru", False),
        ("", "fr;q=0, zh", "en", False),
        ("", "fr;q=much", "en", False),
        ("ar", "fr", "ar", True),
        ("tlh", "fr", "fr", False),
    ],
)
def test_the_address_decides_before_the_browser_and_english_is_the_last_resort(
    asked: str, accepted: str, code: str, chosen: bool
) -> None:
    assert language.choose(asked, accepted) == Language(code, chosen)


@pytest.mark.parametrize(
    ("code", "counted"),
    [
        ("en", {0: "0 documents", 1: "1 document", 21: "21 documents"}),
        ("fr", {0: "0 document", 1: "1 document", 2: "2 documents"}),
        ("es", {0: "0 documentos", 1: "1 documento", 2: "2 documentos"}),
        (
            "ru",
            {1: "1 документ", 3: "3 документа", 5: "5 документов", 12: "12 документов", 21: "21 документ",
             112: "112 документов", 122: "122 документа"},
        ),
        (
            "ar",
            {0: "لا وثائق", 1: "وثيقة واحدة", 2: "وثيقتان", 3: "3 وثائق", 10: "10 وثائق", 11: "11 وثيقة",
             100: "100 وثيقة", 103: "103 وثائق"},
        ),
    ],
)  # fmt: skip
def test_a_number_takes_the_form_its_language_asks_for(code: str, counted: dict[int, str]) -> None:
    with language.speaking(Language(code)):
        assert {count: render.count_of_documents(count) for count in counted} == counted


def test_a_text_that_is_not_translated_yet_is_said_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "words", lambda code: {})
    with language.speaking(Language("fr")):
        assert texts.SEND == "Ask"


def test_a_chosen_language_is_carried_by_our_links_and_by_no_other() -> None:
    ours, theirs = "documents/a/pages/3?start=1&end=2#quote", "https://example.org/a"
    assert addresses.carried(ours) == ours
    with language.speaking(Language("ar", chosen=True)):
        assert addresses.carried(ours) == "documents/a/pages/3?start=1&end=2&lang=ar#quote"
        assert addresses.carried("./") == "./?lang=ar"
        assert addresses.carried("./?lang=fr") == "./?lang=fr"
        assert addresses.carried(theirs) == theirs
        assert "lang" in render.element("a", "x", href=ours) and "lang" not in render.element("i", href=ours)


def test_words_are_put_in_where_they_were_laid_out_and_escaped_where_html_is() -> None:
    with language.placeholders():
        page = f'<html lang="en">[{texts.SEND}|{texts.START_HINT}|{render.element("p", texts.START_HINT)}]'
    shown = filled(page, Language("fr"))
    hint = language.words("fr")["START_HINT"]
    assert shown == f'<html lang="fr" dir="ltr">[Demander|{hint}|<p>{render.escape(hint)}</p>]'
    assert filled(page.replace("&", "\\u0026"), Language("fr")) == shown  # JSON within HTML


def request(query: str, accepted: str = "") -> SimpleNamespace:
    return SimpleNamespace(query_params={"lang": query}, headers={"accept-language": accepted})


def test_each_step_of_a_handler_speaks_the_language_of_its_request() -> None:
    ended: list[str] = []

    def handler(asked: SimpleNamespace) -> Iterator[str]:
        try:
            yield texts.SEND
            yield texts.SEND
        finally:
            ended.append(texts.CLOSE_SOURCE)

    french, arabic = spoken(handler)(request("fr")), spoken(handler)(request("", "ar"))
    # One step of each in turn, each in a fresh context, as the chat's framework takes them.
    steps = [copy_context().run(next, walk) for walk in (french, arabic, french, arabic)]
    assert steps == ["Demander", "اسأل", "Demander", "اسأل"]
    french.close()
    assert ended == ["Fermer"] and texts.SEND == "Ask"


# --- the server ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("language")
    settings = Settings(corpus=scripted.write_corpus(folder), records_url=f"sqlite:///{folder}/r.sqlite")
    with TestClient(server.create_app(settings, scripted.scripted()), base_url="http://127.0.0.1") as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/documents", "/documents/rules/pages/1", "/documents/none/pages/1"])
@pytest.mark.parametrize("code", [language.ENGLISH, *OTHERS])
def test_a_page_comes_in_the_language_asked_for_and_says_so(client: TestClient, path: str, code: str) -> None:
    for page in (
        client.get(path, params={"lang": code}, headers={"accept-language": "es"}),
        client.get(path, headers={"accept-language": f"{code};q=0.9"}),
    ):
        direction = "rtl" if code == "ar" else "ltr"
        assert re.search(rf'<html lang="{code}" dir="{direction}"', page.text), page.text[:200]
        assert "\ue000" not in page.text
        name = {"/": "TITLE", "/documents": "HELD"}.get(path, "NOT_FOUND_TITLE" if "none" in path else "BACK")
        with language.speaking(Language(code)):
            assert getattr(texts, name) in page.text


def test_the_page_of_one_reader_leaves_the_next_in_english(client: TestClient) -> None:
    assert "Nouvelle conversation" in client.get("/?lang=fr").text
    config = client.get("/config").text
    assert "New conversation" in config and "Nouvelle" not in config and "\ue000" not in config


def test_every_handler_of_the_chat_is_spoken(client: TestClient) -> None:
    from assistant.web import chat

    async def laid_out() -> Any:  # the framework wants a running loop
        marks: Any = SimpleNamespace(keep=None, exchange=None)
        desk = Reception(scripted.scripted(), Bounds(per_minute=1, at_once=1, waiting=1, history_turns=1))
        return chat.page(desk, lambda _: local_principal(), marks, marks)

    page = asyncio.run(laid_out())
    handlers = [listener.fn for listener in page.fns.values() if listener.fn]
    assert handlers and all(hasattr(handler, "__wrapped__") for handler in handlers)


WEB = Path(render.__file__).parent
SHEETS = [WEB / "style.css", *sorted(WEB.glob("static/*.css"))]


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_no_style_names_a_side_that_is_another_one_in_arabic(sheet: Path) -> None:
    written = re.sub(r"/\*.*?\*/| *!important", "", sheet.read_text("utf-8"), flags=re.DOTALL)
    uneven = [four for four in _FOUR.findall(written) if four.split()[1] != four.split()[3]]
    assert _SIDED.findall(written) + uneven == []
