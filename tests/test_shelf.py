"""The documents page: what is told of which file to whom, what is found, in which order."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, expect

from assistant import sayings
from assistant.access import local_principal
from assistant.types import Principal
from assistant.web import cards, holdings, render, shelf, texts, viewer
from assistant.web.holdings import Holding, View
from browsing import CHROMIUM
from conftest import write_papers
from index import generations
from index.build import build
from index.embedding import Embedder
from index.search import Index
from index.types import Document
from test_viewer import Elements

HOSTILE_TITLE = '<img src=x onerror="window.hit=1"> & "quoted"'
HOSTILE_NAME = "<b>odd & 'name'.txt"
ARABIC = "مذكرة عن أمن الحدود"
LONG = "The ministers of the region met, and they agreed to share what they know of the harbours. "
COLUMNS = "path,id,title,date,publisher,kind,language,url,programmes,regions,supersedes,groups\n"
MANIFEST = f"""\
plan-2019.txt,plan-2019,Plan of 2019,2019-05,Élan Office,plan,,,,,,all
plan-2024.txt,plan-2024,Plan of 2024,2024-02-01,Élan Office,plan,,,,,plan-2019,all
board-plan.txt,board-plan,Plan of the board,2025,Inner circle,plan,,,,,plan-2024,board
note.txt,note,{ARABIC},,Border desk,note,ar,,,,,all
hostile.txt,hostile,"{HOSTILE_TITLE.replace('"', '""')}",2020,<i>desk</i>,,,,,,,all
{HOSTILE_NAME},,,,,,,,,,,all
board-cut.pdf,board-cut,The cut paper of the board,2023,Inner circle,plan,,,,,,board
board-left-out.pdf,,,,,,,,,,,board
board.odd,,,,,,,,,,,board
cut.pdf,,,,,,,,,,,all
"""
RESTRICTED = ("board", "Inner circle", "2025", "2023")


def write_corpus(folder: Path) -> Path:
    write_papers(folder, {})
    (folder / "manifest.csv").write_text(COLUMNS + MANIFEST, "utf-8")
    for name in ("plan-2019.txt", "plan-2024.txt", "board-plan.txt", "note.txt", "hostile.txt", HOSTILE_NAME):
        (folder / name).write_text(f"A paper called {name}.\n\n{LONG * 6}", "utf-8")
    (folder / "copy of the plan.txt").write_bytes((folder / "plan-2019.txt").read_bytes())
    (folder / "board-twin.txt").write_bytes((folder / "board-plan.txt").read_bytes())
    with (folder / "manifest.csv").open("a", encoding="utf-8") as manifest:
        manifest.write("board-twin.txt,,,,,,,,,,,board\n")
    for name in ("board-cut.pdf", "cut.pdf"):
        (folder / name).write_bytes(b"%PDF-1.4\n" + name.encode())
    (folder / "board.odd").write_bytes(b"?")
    return folder


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("shelf") / "corpus")


@pytest.fixture(scope="module")
def built(corpus: Path, embedder: Embedder) -> Path:
    build(corpus, corpus.parent / "index", embedder)
    return generations.current(corpus.parent / "index")


@pytest.fixture(scope="module")
def index(built: Path, embedder: Embedder) -> Iterator[Index]:
    opened = Index(built, embedder)
    yield opened
    opened.close()


def who(request: Request) -> Principal:
    return local_principal(request.headers.get("x-groups", "").split(","))


def served(index: Index, corpus: Path) -> FastAPI:
    app = FastAPI()
    app.include_router(viewer.routes(SimpleNamespace(index=index), who, corpus))  # type: ignore[arg-type]
    return app


@pytest.fixture(scope="module")
def client(index: Index, corpus: Path) -> TestClient:
    return TestClient(served(index, corpus))


def seen(client: TestClient, query: str = "", groups: str = "") -> str:
    """The page as a reader has it, without references for characters."""
    import html

    answer = client.get(f"/documents{query}", headers={"x-groups": groups})
    assert answer.status_code == 200
    return html.unescape(answer.text)


@pytest.mark.parametrize("query", ["", "?q=board", "?q=cut", "?health=damaged", "?sort=-date", "?kind=plan"])
def test_restricted_papers_read_or_damaged_leave_no_trace_for_others(client: TestClient, query: str) -> None:
    asked = seen(client, query).replace('value="board"', "")  # the search field holds what was typed
    assert [word for word in RESTRICTED if word in asked.replace(query.removeprefix("?q="), "")] == []


def test_trace_that_others_must_not_see_is_there_for_who_may(client: TestClient) -> None:
    told = seen(client, groups="board")
    for name in ("board-cut.pdf", "Plan of the board", "board-twin.txt", "board.odd"):
        assert name in told, name
    assert "board-left-out.pdf" not in told  # a row without a file is nothing to browse
    assert "6 documents, 5 other files" in told
    assert "5 documents, 2 other files" in seen(client)


def test_files_that_were_not_read_are_told_with_their_reason_and_are_not_counted_as_documents(
    client: TestClient,
) -> None:
    told = seen(client)
    assert texts.SHELF_UNREAD_ONE in told
    row = told.split("cut.pdf")[1].split("</tr>")[0]
    assert texts.HEALTH_DAMAGED in row and "does not open as a PDF" in row
    assert "<a" not in row


def test_old_build_that_kept_no_groups_tells_how_many_files_were_not_read_and_no_name(
    built: Path, corpus: Path, embedder: Embedder, tmp_path: Path
) -> None:
    import shutil

    old = tmp_path / built.name
    shutil.copytree(built, old)
    record = json.loads((old / generations.RECORD).read_text("utf-8"))
    del record["seal"]  # which it did not have then either
    for outcome in record["outcomes"]:
        del outcome["groups"], outcome["twin"]
    (old / generations.RECORD).write_text(json.dumps(record), "utf-8")
    index = Index(old, embedder)
    told = seen(TestClient(served(index, corpus)), groups="board")
    assert "cut.pdf" not in told and "board.odd" not in told
    assert texts.SHELF_UNREAD_MANY.format(count=3) in told
    assert "Plan of the board" in told and "1 page" in told
    assert "Plan of the board" not in seen(TestClient(served(index, corpus)))
    index.close()


def test_groups_of_outcomes_outlive_a_build_that_finds_nothing_new(
    corpus: Path, built: Path, embedder: Embedder
) -> None:
    report = build(corpus, built.parent, embedder)
    groups = {outcome.path: outcome.groups for outcome in report.outcomes}
    assert not report.published
    assert groups["board-cut.pdf"] == groups["board-left-out.pdf"] == groups["board.odd"] == ("board",)
    assert groups["cut.pdf"] == groups["copy of the plan.txt"] == ("all",)


def test_superseded_paper_names_what_replaces_it_as_far_as_the_reader_may_know(client: TestClient) -> None:
    def row(of: str, groups: str) -> str:
        return next(r for r in seen(client, "?q=plan", groups).split("<tr") if f'name">{of}<' in r)

    assert "Superseded by" in row("Plan of 2019", "") and "Plan of 2024" in row("Plan of 2019", "")
    assert texts.HEALTH_INDEXED in row("Plan of 2024", "")
    assert "Plan of the board" in row("Plan of 2024", "board")
    page = client.get("/documents/plan-2019/pages/1").text
    assert [its["href"] for its in Elements(page.split('class="superseded"')[1]).of("a")][0] == (
        "../../../documents/plan-2024/pages/1"
    )
    assert "superseded" not in client.get("/documents/plan-2024/pages/1").text
    assert "superseded" in client.get("/documents/plan-2024/pages/1", headers={"x-groups": "board"}).text


def test_duplicate_names_the_document_it_is_the_same_as(client: TestClient) -> None:
    row = seen(client).split(">copy of the plan.txt<")[1].split("</tr>")[0]
    assert texts.HEALTH_DUPLICATE in row and ">Plan of 2019<" in row


def test_titles_and_file_names_are_text_and_take_their_own_direction(client: TestClient) -> None:
    page = client.get("/documents").text
    assert not Elements(page).of("img") and not Elements(page).of("b") and not Elements(page).of("i")
    assert HOSTILE_TITLE in seen(client)
    names = Elements(page).of("a", "name") + Elements(page).of("span", "name")
    assert len(names) == 7 and all(its["dir"] == "auto" for its in names)
    policy = client.get("/documents").headers["content-security-policy"]
    assert "form-action 'self'" in policy and "unsafe" not in policy
    assert "form-action 'none'" in client.get("/documents/note/pages/1").headers["content-security-policy"]


def test_every_link_of_the_page_leads_to_a_page_or_a_file(client: TestClient) -> None:
    for its in Elements(client.get("/documents", headers={"x-groups": "board"}).text).of("a"):
        address = str(its["href"])
        if not address.startswith("./"):
            where = f"/documents{address}" if address.startswith("?") else f"/{address}"
            assert client.get(where, headers={"x-groups": "board"}).status_code == 200, address
    asked = [its["href"] for its in Elements(client.get("/documents").text).of("a")]
    assert "./?document=plan-2019" in asked and "documents/plan-2019/file" in asked


def named(client: TestClient, query: str) -> list[str]:
    found = seen(client, query).split('class="name">')[1:]
    return [part.split("</a>")[0].split("</span>")[0] for part in found]


def test_words_of_a_search_must_all_stand_somewhere_without_capitals_or_accents(client: TestClient) -> None:
    assert named(client, "?q=ELAN+2024") == ["Plan of 2024"]
    assert named(client, "?q=cut.pdf") == ["cut.pdf"]
    assert named(client, f"?q={ARABIC[:5]}") == [ARABIC]
    assert named(client, "?q=nothing-of-this") == []
    assert texts.SHELF_EMPTY in seen(client, "?q=nothing-of-this")


def test_filters_narrow_and_their_counts_tell_what_is_left(client: TestClient) -> None:
    assert named(client, "?kind=plan&year=2019") == ["Plan of 2019"]
    counted = seen(client, "?publisher=Élan+Office")
    assert "2019 (1)" in counted and "2020 (1)" not in counted and "plan (2)" in counted
    assert named(client, "?health=damaged") == ["cut.pdf"]
    assert named(client, "?kind=plan&health=damaged") == []


def test_order_is_told_and_what_is_not_known_comes_last_either_way(client: TestClient) -> None:
    dated = ["Plan of 2019", HOSTILE_TITLE, "Plan of 2024"]
    assert named(client, "?sort=date")[:3] == dated
    assert named(client, "?sort=-date")[:3] == dated[::-1]
    assert named(client, "?sort=-publisher")[-1] == named(client, "?sort=publisher")[-1]
    heads = Elements(seen(client, "?sort=-date")).of("th", "date")
    assert heads[0]["aria-sort"] == "descending"
    assert Elements(seen(client)).of("th", "title")[0]["aria-sort"] == "ascending"


@pytest.mark.parametrize(
    "query",
    ["?page=0", "?page=-1", "?page=%D9%A3", "?page=99999999", "?sort=groups", "?kind="],
)
def test_address_that_makes_no_sense_shows_the_first_page(client: TestClient, query: str) -> None:
    assert "cut.pdf" in named(client, query)


def holding(number: int) -> Holding:
    document = Document(f"d{number}", f"d{number}.txt", f"Paper {number:03}", f"{number}", f"{1900 + number}")
    return Holding(document.path, document, holdings.READY, pages=2)


def test_large_shelf_comes_in_pages_of_fifty_that_keep_what_was_asked() -> None:
    held = [holding(number) for number in range(120)]
    last = holdings.shown(held, View.of({"page": "9", "sort": "-title"}))
    assert [row.name for row in last.rows] == [f"Paper {number:03}" for number in range(19, -1, -1)]
    middle = holdings.shown(held, View.of({"page": "2", "q": "paper", "sort": "-date"}))
    assert len(middle.rows) == holdings.SHOWN and middle.rows[0].name == "Paper 069"
    markup = shelf.page(middle, 0, lambda _: True)
    turns = {its["rel"]: its["href"] for its in Elements(markup).of("a", "turn") if its.get("rel")}
    assert turns == {"prev": "?q=paper&sort=-date", "next": "?q=paper&sort=-date&page=3"}
    assert "51–100 of 120" in markup


def test_empty_shelf_is_told_in_one_sentence_and_has_no_form() -> None:
    markup = shelf.page(holdings.shown([], View()), 0, lambda _: False)
    assert str(render.escape(texts.NO_DOCUMENTS)) in markup
    assert not Elements(markup).of("form") and not Elements(markup).of("table")


def test_short_list_beside_the_chat_tells_dates_and_pages_and_leads_to_all(index: Index) -> None:
    counts = {outcome.path: outcome.pages for outcome in index.outcomes({"all"})}
    panel = cards.shelf(index.documents({"all"}), counts)
    assert sayings.UNDATED in panel and "1 page" in panel
    assert Elements(panel).of("a")[-1]["href"] == "documents"


def test_source_card_tells_what_replaces_the_paper(index: Index) -> None:
    from scripted import GUIDE, GUIDE_PAGES, SECOND_QUOTE, citation

    cited = citation(1, GUIDE, GUIDE_PAGES, 3, SECOND_QUOTE)
    newer = Document("newer", "newer.txt", HOSTILE_TITLE, "0")
    card = cards.source(cited, lambda _: GUIDE_PAGES, lambda _: [newer])
    assert Elements(card).of("p", "superseded") and not Elements(card).of("img")
    assert "superseded" not in cards.source(cited, lambda _: GUIDE_PAGES)


@pytest.fixture(scope="module")
def address(index: Index, corpus: Path) -> Iterator[str]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(served(index, corpus), log_level="error")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/documents"
        server.should_exit = True
        thread.join(10)


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def page(request: pytest.FixtureRequest, address: str) -> Iterator[Page]:
    if CHROMIUM is None:
        pytest.skip("no chromium found; name one in CHROMIUM")
    browser: Browser = request.getfixturevalue("browser")
    context = browser.new_context(java_script_enabled=request.param)
    context.set_default_timeout(15_000)
    page = context.new_page()
    failed: list[str] = []
    page.on("console", lambda said: failed.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.goto(address)
    yield page
    assert [told for told in failed if "favicon" not in told and "404" not in told] == []
    context.close()


def scripts(page: Page) -> bool:
    return bool(page.locator("form.live").count())


def test_shelf_is_searched_and_sorted_with_the_keyboard_alone(page: Page, address: str) -> None:
    names = page.locator("tbody .name")
    expect(names).to_have_count(7)
    field = page.get_by_role("searchbox")
    field.focus()
    page.keyboard.type("elan")
    if not scripts(page):
        page.keyboard.press("Enter")
    expect(names).to_have_text(["Plan of 2019", "Plan of 2024"])
    expect(page.get_by_role("status")).to_have_text("2 of 5 documents, 0 of 2 other files")
    if scripts(page):
        expect(page).to_have_url(f"{address}?q=elan")  # what "el" finds is the same
        expect(field).to_be_focused()
        expect(field).to_have_value("elan")
        expect(page.locator("select[name=kind] option")).to_have_text([texts.SHELF_ANY_KIND, "plan (2)"])
        expect(page.locator("select[name=kind]")).to_have_value("")
    sorting = page.get_by_role("columnheader", name=texts.COLUMN_DATE).get_by_role("link")
    sorting.focus()
    page.keyboard.press("Enter")
    expect(names).to_have_text(["Plan of 2024", "Plan of 2019"])
    head = page.get_by_role("columnheader", name=texts.COLUMN_DATE)
    expect(head).to_have_attribute("aria-sort", "descending")
    if scripts(page):
        expect(sorting).to_be_focused()
    page.get_by_role("link", name=texts.SHELF_CLEAR).press("Enter")
    expect(names).to_have_count(7)
    expect(head).to_have_attribute("aria-sort", "descending")
    names.first.press("Enter")
    expect(page.locator("h1")).to_have_text("Plan of 2024")


def test_choice_of_a_filter_narrows_and_nothing_scrolls_sideways_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_label(texts.COLUMN_YEAR).select_option("2019")
    if not scripts(page):
        page.get_by_role("button", name=texts.SHELF_SHOW).click()
    expect(page.locator("tbody .name")).to_have_text(["Plan of 2019"])
    expect(page.get_by_label(texts.COLUMN_YEAR)).to_have_value("2019")
    if scripts(page):
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate("window.hit") is None
