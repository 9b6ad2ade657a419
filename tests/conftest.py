"""Shared by all tests: a shut network, the real embedding model, and a small index."""

import csv
import os
import socket
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from index import generations
from index.build import build
from index.embedding import DEFAULT_MODEL, Embedder, load_embedder

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from browsing import Opened
    from chroma_server import Server as ChromaServer
    from index.chroma import StoreServer
    from postgres import Server

# A machine that is busy for a moment is no fault of the code under test.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"

# A small shelf: what a test asks about stands here in full.
PAPERS: dict[str, tuple[str, dict[str, str]]] = {
    "harbour.md": (
        "# Harbour security programme\n\nThe Harbour Programme trains customs officers in nine ports.\n\n"
        "## Funding\n\nNorway pays for the Harbour Programme with 4.2 million euros over three years.\n\n"
        "## Partners\n\nThe partners are:\n\n- the World Customs Organization\n- the port of Durrës\n",
        {"title": "Harbour security programme", "date": "2021-03-02", "groups": "all", "kind": "report"},
    ),
    "aviation.txt": (
        "Aviation workshop in Skopje\n\nThe workshop on passenger name records took place in Skopje on "
        "14 May 2019.\n\n"
        "Mr. Ilir Kola opened the workshop. He thanked 17 airlines for taking part.\n",
        {"title": "Aviation workshop", "date": "2019-05-14", "groups": "all", "kind": "press release"},
    ),
    "leads.md": (
        "# Note for programme leads\n\n"
        "The cormorant reserve of the Harbour Programme stands at 310,000 euros.\n",
        {"title": "Note for programme leads", "date": "2022-01-10", "groups": "leads", "kind": "note"},
    ),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    told = "write what axe-core finds to docs/accessibility.md"
    parser.addoption("--accessibility-report", action="store_true", help=told)


# Files that take longest, the longest first: what begins last must not be what ends last.
LONG = (
    "test_states test_framed_browser test_accessibility test_crowd test_leaks_doors test_injection "
    "test_conversation_browser test_narrow_browser test_browser test_real_server test_leaks test_embedding "
    "test_everyone test_cli test_hostile_browser test_oidc_browser test_runner test_deployment "
    "test_viewer_browser test_reranking test_hostile_files test_publishing test_backup test_load "
    "test_restarts test_llm_faults test_llm_leaving test_damage test_kills test_disk test_records_faults "
    "test_metrics test_ray"
).split()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; within a file the order stays."""
    place = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path.stem, len(LONG)))


@pytest.fixture(scope="session", autouse=True)
def calm(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Servers of tests are asked faster than people ask, and write no audit lines here."""
    os.environ.setdefault("ASSISTANT_QUESTIONS_PER_MINUTE", "10000")
    os.environ.setdefault("ASSISTANT_AUDIT", str(tmp_path_factory.mktemp("audit")))


@pytest.fixture(autouse=True)
def shut_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any connection off this machine fails the test that makes it."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        inside = self.family == socket.AF_UNIX or str(address[0]) in ("127.0.0.1", "::1", "localhost")
        assert inside, f"a connection to {address} was tried"
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return load_embedder(DEFAULT_MODEL, ROOT / "var" / "models")


def write_papers(folder: Path, papers: dict[str, tuple[str, dict[str, str]]]) -> None:
    """Write papers and their manifest into an empty or older corpus folder."""
    folder.mkdir(exist_ok=True)
    columns = ["path", "title", "date", "groups", "kind"]
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        for name, (text, row) in papers.items():
            (folder / name).write_text(text, "utf-8")
            table.writerow({"path": name, **row})


@pytest.fixture(scope="session")
def small_index(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    """The folder of an index over PAPERS; tests read it and do not write."""
    folder = tmp_path_factory.mktemp("small")
    write_papers(folder / "corpus", PAPERS)
    build(folder / "corpus", folder / "index", embedder)
    return folder / "index"


@pytest.fixture
def paper_folder(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Makes a corpus folder of the given papers, PAPERS by default."""

    def make(papers: dict[str, tuple[str, dict[str, str]]] | None = None) -> Path:
        write_papers(tmp_path / "corpus", PAPERS if papers is None else papers)
        return tmp_path / "corpus"

    yield make


@pytest.fixture(scope="session")
def postgres() -> "Iterator[Server]":
    """A PostgreSQL server for the whole run; the test is skipped where none is installed."""
    import postgres

    if postgres.binaries() is None:
        pytest.skip(postgres.ABSENT)
    folder = postgres.folder()
    try:
        server = postgres.Server(folder)
        yield server
        server.stop()
    finally:
        postgres.remove(folder)


@pytest.fixture(scope="session")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[ChromaServer]":
    """A Chroma server for the whole run."""
    import chroma_server

    server = chroma_server.Server(tmp_path_factory.mktemp("chroma"))
    yield server
    server.stop()


@pytest.fixture(params=["folder", "server"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> "StoreServer | None":
    """Where vectors are, in turn: in the builds, and on a real Chroma server. What the test's module has
    imported to build and to read is told of the server."""
    if request.param == "folder":
        return None
    running: ChromaServer = request.getfixturevalue("chroma")
    server = running.new_database()
    monkeypatch.setenv("ASSISTANT_STORE_URL", server.url)
    for where, names in (
        (request.module, ("build", "is_stale", "Index", "Served", "digest_of")),
        (generations, ("roll_back", "prune_all")),
    ):
        for name in set(names) & set(vars(where)):
            monkeypatch.setattr(where, name, partial(getattr(where, name), server=server))
    return server


@pytest.fixture(params=["sqlite", "postgresql"])
def records_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty records database, of both kinds in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/var/records.sqlite"
    server: Server = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture(scope="session")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the scripted server's records."""
    return tmp_path_factory.mktemp("scripted") / "records.sqlite"


@pytest.fixture(scope="session")
def address(records: Path) -> Iterator[str]:
    """The scripted assistant, served for the whole run; modules with another server have their own."""
    import scripted
    from browsing import free_port, records_in, serving

    port = free_port()
    with serving([sys.executable, scripted.__file__, str(port)], port, records_in(records.parent)) as address:
        yield address


@pytest.fixture
def opened(browser: "Browser", address: str) -> "Iterator[Opened]":
    """Opens an address of the server in a window of its own."""
    from browsing import windows

    with windows(browser, address) as open_:
        yield open_


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """A headless Chromium for a module's tests, which skip where there is none."""
    from playwright.sync_api import expect, sync_playwright

    from browsing import ARGUMENTS, CHROMIUM, PATIENCE_MS

    expect.set_options(timeout=PATIENCE_MS)  # as long as a click waits: a busy machine is no fault
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()
