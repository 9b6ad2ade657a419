"""Addresses that want to lead elsewhere, as raw bytes through a socket, into every route with an id.

The routes are asked of the application itself, so one that is added later is tried as well.
"""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import uvicorn

import scripted
from assistant.config import Settings
from assistant.web import originals, server, sheet, shipped
from hostile import ADDRESSES, EVIL
from index.corpus import find
from index.errors import BadCorpus

# What stands in files and papers that nobody here may get.
CANARIES = (b"OUTSIDE-CANARY", b"root:x:0:0", b"The board met in March", b"Restricted paper", b"PATH=/")
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
PLAUSIBLE = {"document_id": "pnr-guide", "number": "1", "kind": "md", "stamp": shipped.stamp(), "size": "1"}
OPEN_ENDED = "/gradio_api/heartbeat/"  # takes any name, and sends nothing until somebody leaves


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus with links that lead out of it."""
    folder = tmp_path_factory.mktemp("traversal")
    corpus = scripted.write_corpus(folder)
    (folder / "outside.txt").write_text("OUTSIDE-CANARY")
    (corpus / "link.txt").symlink_to(folder / "outside.txt")
    (corpus / "links").symlink_to(folder)
    return folder


@pytest.fixture(scope="module")
def reached() -> Iterator[list[Any]]:
    """Every connection that this process makes, and every name it looks up, while the module runs."""
    made: list[Any] = []
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def noted(self: socket.socket, address: Any) -> None:
        made.append(address)
        connect(self, address)

    def asked(host: Any, *more: Any, **given: Any) -> Any:
        made.append(host)
        return look_up("127.0.0.1", *more, **given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", noted)
        patch.setattr(socket, "getaddrinfo", asked)
        yield made


@pytest.fixture(scope="module")
def app(folder: Path) -> Any:
    settings = Settings.from_env(
        corpus=folder / "corpus", records_url=f"sqlite:///{folder}/r.sqlite", audit=folder / "audit"
    )
    return server.create_app(settings, scripted.scripted())


@pytest.fixture(scope="module")
def address(app: Any, reached: list[Any]) -> Iterator[tuple[str, int]]:
    """The real server, in a thread of this process."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(
            app, log_level="critical", loop="asyncio", timeout_graceful_shutdown=1, lifespan="off"
        )
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
        thread.start()
        while not running.started:
            time.sleep(0.01)
        yield listening.getsockname()
        running.should_exit = True
        thread.join()


def routes(app: Any, before: str = "") -> Iterator[tuple[str, frozenset[str]]]:
    """Each address of the application with a place for an id, and its methods."""
    for route in getattr(app, "routes", []):
        inner = getattr(route, "original_router", None)
        own = getattr(route, "path", "")
        path = own if before and own.startswith(f"{before}/") else before + own
        yield from routes(inner or route, path)
        if not inner and _PARAMETER.search(path):
            yield path, frozenset(getattr(route, "methods", None) or {"GET"})


def asked(path: str) -> Iterator[str]:
    """A route with every hostile text in each of its places, as it is and with all signs escaped."""
    names = _PARAMETER.findall(path)
    for name, text in product(names, ADDRESSES):
        for written in dict.fromkeys((text, quote(text, safe=""))):
            filled = path
            for other in names:
                value = written if other == name else PLAUSIBLE.get(other, "x")
                filled = re.sub(rf"\{{{other}(:\w+)?\}}", value.replace("\\", "\\\\"), filled)
            yield filled


class Line:
    """One connection to the server; what is sent is not touched on its way."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._open: socket.socket | None = None

    def send(self, method: str, target: str, body: bytes = b"") -> tuple[int, bytes]:
        """Status and body; of an answer that does not end its head only."""
        head = f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        message = head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body
        for _ in range(2):  # the server may have closed a connection that stood idle
            try:
                if self._open is None:
                    self._open = socket.create_connection(self._address, timeout=20)
                self._open.sendall(message)
                return self._read(endless=OPEN_ENDED in target)
            except ConnectionError:
                self.close()
        return 400, b""  # closed without a word: nothing came through

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _received(self) -> bytes:
        assert self._open is not None
        self._open.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)  # else 40 ms for each answer
        return self._open.recv(65536)

    def _read(self, endless: bool) -> tuple[int, bytes]:
        assert self._open is not None
        got = b""
        while b"\r\n\r\n" not in got:
            piece = self._received()
            if not piece:
                raise ConnectionResetError
            got += piece
        head, _, body = got.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        status = int(head.split(b" ", 2)[1])
        while not endless and (length is None or len(body) < int(length[1])):
            if length is None and body.endswith(b"0\r\n\r\n"):
                break
            piece = self._received()
            if not piece:
                break
            body += piece
        if endless or b"onnection: close" in head:
            self.close()
        return status, body


@pytest.fixture
def line(address: tuple[str, int]) -> Iterator[Line]:
    line = Line(address)
    yield line
    line.close()


def elsewhere(reached: list[Any], address: tuple[str, int]) -> list[Any]:
    """What was reached beside the server itself."""
    return [place for place in reached if place not in (address, address[0])]


def test_no_address_reaches_a_file_or_another_machine(
    app: Any, line: Line, address: tuple[str, int], reached: list[Any]
) -> None:
    wrong, tried = [], 0
    paths = {**dict(routes(app)), "/visit/{visit_id}/documents": frozenset({"GET"})}  # no route, a way in
    wanted = {"/documents/{document_id}/file", "/answers/{answer_id}/memo.{kind}", "/assets/{path:path}"}
    assert wanted | {"/api/passages/{passage_id:path}", "/v1/models/{model}"} <= {*paths}
    for path, methods in paths.items():
        for method, target in product(sorted(methods - {"HEAD"}), asked(path)):
            status, body = line.send(method, target)
            tried += 1
            through = 200 <= status < 300 and not target.startswith(OPEN_ENDED)
            if through or status >= 500 or any(canary in body for canary in CANARIES):
                wrong.append((status, method, target[:120], body[:80]))
    assert wrong == []
    assert tried > 100 * len(paths)
    assert elsewhere(reached, address) == []


def test_every_hostile_id_of_a_paper_or_an_answer_gets_the_common_absent_page(line: Line) -> None:
    absent = sheet.absent().encode()
    for form, text in product(
        ("/documents/{}/pages/1", "/documents/{}/file", "/answers/{}/memo.md"), ADDRESSES
    ):
        status, body = line.send("GET", form.format(quote(text, safe="")))
        assert (status, body) == (404, absent), text


@pytest.mark.parametrize("name", ["conversation", "document", "deep_link", "year", "lang", "view", "__theme"])
def test_no_parameter_of_the_chats_page_brings_a_file_or_another_machine_in(
    line: Line, address: tuple[str, int], reached: list[Any], name: str
) -> None:
    for text in ADDRESSES:
        status, body = line.send("GET", f"/?{name}={quote(text, safe='')}")
        assert status in (200, 404) and not any(canary in body for canary in CANARIES), text
    assert elsewhere(reached, address) == []


def files_named(text: str) -> Iterator[Any]:
    """A file as the chat's framework takes one, in the places where a browser could put it."""
    file = {"path": text, "url": text, "meta": {"_type": "gradio.FileData"}}
    yield file
    yield [{"role": "user", "content": [{"type": "file", "file": file}]}]
    yield [{"role": "user", "content": "x", "metadata": {"x": [file]}}]


def test_no_file_named_in_the_body_of_a_question_is_fetched_or_read(
    line: Line, address: tuple[str, int], reached: list[Any], folder: Path
) -> None:
    config = json.loads(line.send("GET", "/config")[1])
    functions = [each for each in config["dependencies"] if each["inputs"]]
    assert functions
    named = [str(folder / "outside.txt"), "/etc/passwd", f"http://{EVIL}/x", "http://169.254.169.254/x"]
    for text, function in product([*named, *ADDRESSES[-46:-12]], functions[:3]):
        for value in files_named(text):
            told = {
                "data": [value] * len(function["inputs"]),
                "fn_index": function["id"],
                "session_hash": "s",
            }
            for door in ("run/predict", "queue/join"):
                status, body = line.send("POST", f"/gradio_api/{door}", json.dumps(told).encode())
                assert status == 400, (door, text, body)
    assert elsewhere(reached, address) == []


@pytest.mark.parametrize("body", [b"[" * 100_000, b"null", b'"x"', b"{", b"\xff", b'{"a":' * 50_000])
def test_a_body_that_cannot_be_read_is_refused_and_no_server_error(line: Line, body: bytes) -> None:
    assert line.send("POST", "/gradio_api/queue/join", body)[0] == 400


def test_a_link_in_the_corpus_folder_leads_nowhere_outside(folder: Path) -> None:
    corpus = folder / "corpus"
    for path in ("link.txt", "links/outside.txt", "../outside.txt", str(folder / "outside.txt"), "a\0b", "~"):
        assert originals.inside(corpus, path) is None, path
    assert originals.inside(corpus, "notes.txt") is not None
    assert [document.path for document in find(corpus, [".txt"]).documents if "link" in document.path] == []


@pytest.mark.parametrize("path", ["../outside.txt", "/etc/passwd", "a/../../outside.txt", "..\\outside.txt"])
def test_a_manifest_names_no_file_outside_the_corpus_folder(tmp_path: Path, path: str) -> None:
    (tmp_path / "outside.txt").write_text("OUTSIDE-CANARY")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "manifest.csv").write_text(f"path,title\n{path},x\n")
    with pytest.raises(BadCorpus, match="inside the corpus folder"):
        find(corpus, [".txt"])


@pytest.mark.parametrize("identifier", ["a/b", "../x", "a%2fb", "a\\b", "a b", ".." + "/" * 3, "http://x"])
def test_a_document_id_holds_no_slash(tmp_path: Path, identifier: str) -> None:
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "manifest.csv").write_text(f"path,id\na.txt,{identifier}\n")
    with pytest.raises(BadCorpus, match="the id"):
        find(tmp_path, [".txt"])
