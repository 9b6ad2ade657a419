"""The viewer without a browser: who gets which page and file, what is shipped, what changed."""

import hashlib
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

import printed
from assistant.access import local_principal
from assistant.types import Principal
from assistant.web import shipped, texts, viewer
from assistant.web.originals import Originals, State

PDFJS = Path(viewer.__file__).parent / "vendor/pdfjs"


class Elements(HTMLParser):
    """The elements of a page."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str, class_: str = "") -> list[dict[str, str | None]]:
        return [its for name, its in self.found if name == tag and class_ in (its.get("class") or "")]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return printed.write_corpus(tmp_path_factory.mktemp("viewer"))


@pytest.fixture(scope="module")
def client(corpus: Path) -> TestClient:
    def who(request: Request) -> Principal:
        return local_principal(request.headers.get("x-groups", "").split(","))

    app = FastAPI()
    app.include_router(viewer.routes(printed.PrintedAssistant(), who, corpus))  # type: ignore[arg-type]
    return TestClient(app)


@pytest.mark.parametrize("path", ["pages/1", "pages/1?start=0&end=9", "file"])
def test_restricted_paper_is_absent_for_who_may_not_read_it_and_whole_for_who_may(
    client: TestClient, path: str
) -> None:
    absent = client.get("/documents/no-such-paper/pages/1")
    denied = client.get(f"/documents/secret/{path}")
    assert denied.status_code == absent.status_code == 404
    assert denied.text == absent.text and denied.headers == absent.headers
    given = client.get(f"/documents/secret/{path}", headers={"x-groups": "board"})
    assert given.status_code == 200
    part = client.get("/documents/secret/file", headers={"Range": "bytes=0-9"})
    assert part.status_code == 404 and part.text == absent.text


def test_parts_of_a_file_can_be_asked_for(client: TestClient) -> None:
    part = client.get("/documents/guide/file", headers={"Range": "bytes=0-4"})
    assert (part.status_code, part.content) == (206, b"%PDF-")


def test_file_the_browser_has_is_not_sent_again_but_only_to_who_may_read_it(client: TestClient) -> None:
    tag = client.get("/documents/secret/file", headers={"x-groups": "board"}).headers["etag"]
    again = client.get("/documents/secret/file", headers={"x-groups": "board", "If-None-Match": tag})
    assert again.status_code == 304 and "no-cache" in again.headers["cache-control"]
    denied = client.get("/documents/secret/file", headers={"If-None-Match": tag})
    assert denied.status_code == 404 and "etag" not in denied.headers


def test_pages_may_run_shipped_scripts_only_and_be_framed_by_the_chat_only(client: TestClient) -> None:
    page = client.get("/documents/guide/pages/1")
    rules = dict(rule.split(" ", 1) for rule in page.headers["content-security-policy"].split("; "))
    assert rules["script-src"] == rules["worker-src"] == rules["connect-src"] == "'self'"
    assert rules["default-src"] == "'none'" and rules["frame-ancestors"] == "'self'"
    assert "unsafe" not in page.headers["content-security-policy"]
    for script in Elements(page.text).of("script"):
        address = str(script["src"]).removeprefix("../../..")
        assert client.get(address).headers["content-type"].startswith("text/javascript")


def test_drawing_is_offered_only_for_a_pdf_that_is_the_one_that_was_indexed(client: TestClient) -> None:
    for document_id, drawn in [("guide", True), ("changed", False), ("notes", False)]:
        page = client.get(f"/documents/{document_id}/pages/1").text
        assert bool(Elements(page).of("div", "drawing")) is drawn, document_id
        assert (document_id == "changed") is (texts.FILE_CHANGED.split(".")[0] in page)


def test_file_is_compared_again_after_every_change_and_not_without_one(tmp_path: Path) -> None:
    originals = Originals(printed.write_corpus(tmp_path))
    paper = printed.document("guide.pdf")
    file = tmp_path / "corpus/guide.pdf"
    assert originals.state(paper) is State.SAME
    kept = file.read_bytes()
    file.write_bytes(kept + b"\n")
    assert originals.state(paper) is State.CHANGED
    file.write_bytes(kept)
    assert originals.state(paper) is State.SAME
    file.unlink()
    assert originals.state(paper) is State.GONE


def test_page_of_a_file_that_is_gone_says_so_and_links_to_none(tmp_path: Path) -> None:
    app = FastAPI()
    assistant = printed.PrintedAssistant()
    app.include_router(viewer.routes(assistant, lambda _: local_principal(), tmp_path))  # type: ignore[arg-type]
    page = TestClient(app).get("/documents/guide/pages/1").text
    assert texts.FILE_GONE.split(".")[0] in page
    assert not Elements(page).of("a", "original")


def test_citation_to_copy_holds_title_date_page_and_quote(client: TestClient) -> None:
    text = printed.pages_of("guide.pdf")[0].text
    start = text.index(printed.WRAPPED)
    page = client.get(f"/documents/guide/pages/1?start={start}&end={start + len(printed.WRAPPED)}").text
    (button,) = Elements(page).of("button", "copy")
    assert button["data-citation"] == f"A guide for national units, 2021-06, page 1: “{printed.WRAPPED}”"
    (bare,) = Elements(client.get("/documents/guide/pages/3").text).of("button", "copy")
    assert bare["data-citation"] == "A guide for national units, 2021-06, page 3"


def test_hostile_title_and_file_name_are_only_text(client: TestClient) -> None:
    page = Elements(client.get("/documents/hostile/pages/1").text)
    assert not page.of("img") and not page.of("i")
    assert all(script.get("src") for script in page.of("script"))
    (button,) = page.of("button", "copy")
    assert printed.HOSTILE_TITLE in str(button["data-citation"])
    handed = client.get("/documents/hostile/file")
    assert handed.status_code == 200 and "<i>" not in handed.headers["content-disposition"]


# --- what is shipped -----------------------------------------------------------------------------


def test_pdfjs_is_as_the_registry_gave_it() -> None:
    told = json.loads((PDFJS / "manifest.json").read_text("utf-8"))
    found = {
        file.relative_to(PDFJS).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in PDFJS.rglob("*")
        if file.is_file() and file.name != "manifest.json"
    }
    assert found == told["sha256"]
    assert f"pdfjsVersion = {told['version']}" in (PDFJS / "pdf.min.mjs").read_text("utf-8")
    assert {"LICENSE", "standard_fonts/LICENSE_FOXIT", "standard_fonts/LICENSE_LIBERATION"} <= found.keys()


def test_what_is_shipped_is_kept_by_browsers_until_it_changes(client: TestClient) -> None:
    kept = client.get("/" + shipped.address("static/viewer.css"))
    assert kept.status_code == 200 and "immutable" in kept.headers["cache-control"]
    assert client.get("/viewer/older/static/viewer.css").headers["cache-control"] == "no-cache"
    worker = client.get("/" + shipped.address("vendor/pdfjs/pdf.worker.min.mjs"))
    assert worker.headers["content-type"].startswith("text/javascript")
    assert "unsafe" not in worker.headers["content-security-policy"]


@pytest.mark.parametrize(
    "name", ["server.py", "static/../server.py", "static/%2e%2e/server.py", "static", ""]
)
def test_nothing_but_what_is_shipped_is_served(client: TestClient, name: str) -> None:
    assert client.get(f"/{shipped.ADDRESS}/{shipped.stamp()}/{name}").status_code == 404


def test_everything_shipped_is_in_the_package() -> None:
    import tomllib
    from fnmatch import fnmatch

    declared = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
    patterns = declared["tool"]["setuptools"]["package-data"]["assistant.web"]
    depth = {pattern.count("/"): pattern for pattern in patterns}
    for name in shipped.files():
        assert any(fnmatch(name, pattern) for pattern in patterns), name
        assert name.count("/") in depth, name
