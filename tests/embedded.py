"""Pages of an intranet around a real assistant, on origins of their own: for the tests of the framed chat."""

import csv
import importlib.util
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from assistant.records import Database
from assistant.records.keys import Keys
from browsing import free_port, records_in, serving
from conftest import ROOT
from index.build import build
from index.embedding import Embedder

# Every name leads to this machine.
NAMES = "--host-resolver-rules=MAP *.example 127.0.0.1"
# Windows of these tests block them in any case, as private ones do; a test looks.
NO_THIRD_PARTY_COOKIES = "--test-third-party-cookie-phaseout"
PAPERS = {
    "harbour.md": (
        "# Harbour security\n\nNorway pays for the Harbour Programme with 4.2 million euros.\n\n"
        "## Training of officers\n\nThe Harbour Programme trains customs officers in nine ports.\n",
        {"title": "Harbour security", "programmes": "HARBOUR", "groups": "all"},
    ),
    "aviation.md": (
        "# Aviation workshop\n\nDenmark pays for the Aviation Programme with 2 million euros.\n",
        {"title": "Aviation workshop", "programmes": "CTTP", "groups": "all"},
    ),
    "leads.md": (
        "# Note for leads\n\nThe cormorant reserve of the Aviation Programme stands at 310,000 euros.\n",
        {"title": "Note for leads", "programmes": "CTTP", "groups": "leads"},
    ),
}
RESERVE = "What is the cormorant reserve of the Aviation Programme?"


@dataclass
class Intranet:
    """The assistant's address, the port of the pages, and what they serve: `pages` by their path, with
    `headers`; `/my/token` vouches for the `reader` (None: signed off), and was `asked_for` so often."""

    assistant: str
    port: int
    key: str
    records: Path
    pages: dict[str, str] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    reader: dict[str, Any] | None = None
    asked_for: int = 0

    def page(self, path: str, body: str, headers: Mapping[str, str] | None = None) -> str:
        """Serve a page; gives its address on the allowed origin."""
        self.pages[path] = f"<!doctype html><html lang=en><meta charset=utf-8><title>Host</title><body>{body}"
        self.headers[path] = dict(headers or {})
        return f"{self.origin}{path}"

    @property
    def origin(self) -> str:
        return f"http://intranet.example:{self.port}"


@contextmanager
def intranet(folder: Path, embedder: Embedder) -> Iterator[Intranet]:
    """An assistant over PAPERS, and pages that may frame it."""
    write_corpus(folder / "corpus")
    build(folder / "corpus", folder / "index", embedder)
    port, pages_port = free_port(), free_port()
    origin = f"http://intranet.example:{pages_port}"
    database = Database(f"sqlite:///{folder}/records.sqlite")
    key = Keys(database).create("portal", ["leads", "staff"], origin)
    database.close()
    more = {
        **records_in(folder),
        "PYTHONPATH": str(ROOT),
        "ASSISTANT_CORPUS": str(folder / "corpus"),
        "ASSISTANT_MODELS": str(ROOT / "var" / "models"),
        # Pages of strict.example are listed with a scheme that the tests' pages do not have.
        "ASSISTANT_INTRANET_ORIGINS": f"{origin},https://strict.example:{pages_port}",
    }
    command = [sys.executable, "-m", "assistant", "serve", "--port", str(port)]
    with serving([*command, "--index", str(folder / "index")], port, more, 90) as address:
        around = Intranet(address, pages_port, key, folder / "records.sqlite")
        server = ThreadingHTTPServer(("127.0.0.1", pages_port), pages_of(around))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield around
        server.shutdown()
        server.server_close()


def write_corpus(folder: Path) -> None:
    folder.mkdir()
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, ["path", "title", "programmes", "groups"])
        table.writeheader()
        for name, (text, row) in PAPERS.items():
            (folder / name).write_text(text, "utf-8")
            table.writerow({"path": name, **row})


def pages_of(around: Intranet) -> type[BaseHTTPRequestHandler]:
    """The demo of docs/embed, with the pages of a test beside its own."""
    spec = importlib.util.spec_from_file_location("host", ROOT / "docs" / "embed" / "host.py")
    assert spec and spec.loader
    host = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(host)
    vars(host).update(ASSISTANT=around.assistant.rstrip("/"), KEY=around.key)
    demo: Any = host.Host

    class Pages(demo):  # type: ignore[misc]
        def reader(self) -> dict[str, Any] | None:
            around.asked_for += 1
            return around.reader

        def do_GET(self) -> None:
            if self.path == "/":
                super().do_GET()
                return
            path = self.path.partition("?")[0]
            self.more = around.headers.get(path, {})
            self.answer(200 if path in around.pages else 404, "text/html", around.pages.get(path, ""))

        def end_headers(self) -> None:
            for name, value in getattr(self, "more", {}).items():
                self.send_header(name, value)
            super().end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    return Pages
