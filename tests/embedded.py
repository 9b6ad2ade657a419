"""Pages of an intranet around a real assistant, on origins of their own: for the tests of the framed chat."""

import csv
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from assistant.records import Database
from assistant.records.keys import Keys
from browsing import free_port, records_in, serving
from conftest import ROOT
from index.build import build
from index.embedding import Embedder

# Every name leads to this machine.
NAMES = "--host-resolver-rules=MAP *.example 127.0.0.1"
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
    """The assistant's address, the port of the pages, and what they serve: `pages` by their path,
    `reader` to `/my/token` (None: signed off), the answers to it counted in `told`."""

    assistant: str
    port: int
    key: str
    records: Path
    pages: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    reader: dict[str, Any] | None = None
    tickets: list[str] = field(default_factory=list)

    def page(self, path: str, body: str, headers: Mapping[str, str] | None = None) -> str:
        """Serve a page; gives its address on the allowed origin."""
        self.pages[path] = f"<!doctype html><html lang=en><meta charset=utf-8><title>Host</title><body>{body}"
        self.headers[path] = json.dumps(dict(headers or {}))
        return f"{self.origin}{path}"

    @property
    def origin(self) -> str:
        return f"http://intranet.example:{self.port}"

    def ticket(self, key: str | None = None, **told: Any) -> tuple[int, dict[str, Any]]:
        """Ask the assistant for a ticket, as a page's server does."""
        headers = {"Authorization": f"Bearer {self.key if key is None else key}"}
        body = json.dumps({"user": "anna", **told}).encode()
        try:
            with urlopen(Request(f"{self.assistant}api/embed/tickets", body, headers), timeout=10) as answer:
                return answer.status, json.load(answer)
        except HTTPError as fault:
            return fault.code, json.load(fault)


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
        "ASSISTANT_INTRANET_ORIGINS": origin,
    }
    command = [sys.executable, "-m", "assistant", "serve", "--port", str(port)]
    with serving([*command, "--index", str(folder / "index")], port, more, 90) as address:
        around = Intranet(address, pages_port, key, folder / "records.sqlite")
        server = ThreadingHTTPServer(("127.0.0.1", pages_port), _handler(around))
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


@contextmanager
def demo(around: Intranet) -> Iterator[str]:
    """The demo page of docs/embed, whose own key vouches for its own origin; not on its usual port."""
    raise NotImplementedError


def _handler(around: Intranet) -> type[BaseHTTPRequestHandler]:
    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            more = json.loads(around.headers.get(path, "{}"))
            self.told(200 if path in around.pages else 404, "text/html", around.pages.get(path, ""), more)

        def do_POST(self) -> None:
            status, told = around.ticket(**around.reader) if around.reader else (401, {})
            if status == 201:
                around.tickets.append(told["ticket"])
            self.told(200 if status == 201 else 401, "application/json", json.dumps(told), {})

        def told(self, status: int, kind: str, body: str, more: dict[str, str]) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            for name, value in more.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    return Pages
