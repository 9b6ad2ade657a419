"""Vectors on a Chroma server: whose they are, what is deleted when, and what a server that fails does."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from assistant import backup, checks
from assistant.config import Settings
from assistant.errors import for_staff
from browsing import free_port
from chroma_server import Server
from conftest import PAPERS, ROOT, write_papers
from index import generations, remote
from index.build import build
from index.chroma import Chroma, StoreServer
from index.digest import digest_of
from index.embedding import Embedder
from index.errors import BadIndex, StoreAway, StoreFault
from index.remote import RemoteStore
from index.search import Index
from index.served import Served
from proxied import ABSENT, AROUND, NGINX

EVERYBODY, LEADS = {"all"}, {"all", "leads"}
QUESTION = "Who pays for the Harbour Programme?"


@pytest.fixture
def server(chroma: Server) -> StoreServer:
    return chroma.new_database()


class Shelf:
    """Papers, and an index over them whose vectors are on a server."""

    def __init__(self, folder: Path, embedder: Embedder, server: StoreServer) -> None:
        self.corpus, self.index, self.embedder, self.server = folder / "c", folder / "i", embedder, server
        folder.mkdir(exist_ok=True)

    def publish(self, payer: str = "Norway", **row: str) -> str:
        text, told = PAPERS["harbour.md"]
        papers = {**PAPERS, "harbour.md": (text.replace("Norway", payer), told | row)}
        write_papers(self.corpus, papers)
        return build(self.corpus, self.index, self.embedder, server=self.server).build_id

    def found(self, groups: set[str] = EVERYBODY) -> str:
        """The best passage for the question."""
        with closing(Served(self.index, self.embedder, self.server).index) as index:
            return index.search(QUESTION, 1, groups)[0].passage.text

    def on_server(self) -> set[str]:
        """The builds that have collections there, complete or not."""
        with closing(Chroma(self.server)) as chroma:
            return {name.rpartition("-")[0] for name in chroma.collections() if not is_alias(name)}

    def aliases(self) -> list[dict[str, Any]]:
        with closing(Chroma(self.server)) as chroma:
            return [dict(kept.metadata) for name, kept in chroma.collections().items() if is_alias(name)]


def is_alias(name: str) -> bool:
    return name.startswith(remote.ALIAS)


@pytest.fixture
def shelf(tmp_path: Path, embedder: Embedder, server: StoreServer) -> Shelf:
    return Shelf(tmp_path / "shelf", embedder, server)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that the server is asked for, as it goes on."""
    paths: list[str] = []
    ask = Chroma._ask

    def recorded(self: Chroma, method: str, path: str, *args: Any, **more: Any) -> Any:
        paths.append(path)
        return ask(self, method, path, *args, **more)

    monkeypatch.setattr(Chroma, "_ask", recorded)
    return paths


def test_many_vectors_are_found_again_in_their_own_shelf_and_among_those_allowed(
    server: StoreServer, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(720, 24)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = [f"paper{n % 7}:{n}" for n in range(len(vectors))]
    own = {0: (ids[:700], vectors[:700]), 1: ([], vectors[:0]), 2: (ids[700:], vectors[700:])}
    counts = remote.upload(tmp_path / "20260101T000000-abcdef", server, own)
    assert counts == [700, 0, 20]
    with closing(RemoteStore(tmp_path / "20260101T000000-abcdef", counts, server)) as store:
        assert store.search(vectors[5], 1, [0]) == {ids[5]: pytest.approx(1.0, abs=1e-5)}
        assert not set(store.search(vectors[5], 60, [1, 2])) & set(ids[:700])
        assert store.search(vectors[5], 60, [0, 2], set()) == {}
        few = set(ids[::7])
        near = store.search(vectors[0], 60, [0, 2], {"paper0", "no-such-paper"})
        best = sorted(few, key=lambda i: -float(vectors[int(i[7:])] @ vectors[0]))[:10]
        assert set(near) <= few and near.keys() >= set(best)
        told = store.similarities(vectors[1], ids[650:], [2])
        cosines = {i: float(vectors[int(i[7:])] @ vectors[1]) for i in ids[700:]}
        assert told == pytest.approx(cosines, abs=1e-5)
        assert store.vectors(0).keys() == set(ids[:700])


def test_nobody_causes_a_question_to_the_collection_of_a_group_they_are_not_in(
    shelf: Shelf, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    built = shelf.publish()
    with closing(Chroma(shelf.server)) as chroma:
        numbers = {kept.id: name for name, kept in chroma.collections().items()}
    record = generations.record_of(shelf.index / built)
    closed = {f"{built}-{n}" for n, groups in enumerate(record["shelves"]) if "all" not in groups}
    assert len(closed) == 1

    def opened_by(groups: set[str]) -> set[str]:
        del asked[:]
        for filters in (None, {"kind": ("report", "note")}):
            index.search("cormorant reserve", 5, groups, filters)
        searched = [path.split("/") for path in asked if path.endswith(("/query", "/get"))]
        return {numbers[path[-2]] for path in searched}

    with closing(Index(shelf.index / built, shelf.embedder, shelf.server)) as index:
        assert opened_by(EVERYBODY) and not opened_by(EVERYBODY) & closed
        assert opened_by(LEADS) >= closed
        monkeypatch.setattr(Index, "_readable", lambda self, groups: list(range(len(self._shelves))))
        assert opened_by(EVERYBODY) >= closed, "the test sees it where the wall is taken out"


def test_a_server_that_names_passages_of_other_groups_opens_none(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.publish()
    lies = {"leads:p1.1": 0.99, "no-such:p1.1": 0.99}
    monkeypatch.setattr(Chroma, "nearest", lambda *asked: lies)
    with closing(Served(shelf.index, shelf.embedder, shelf.server).index) as index:
        assert "leads" not in {hit.passage.document_id for hit in index.search("reserve", 9, EVERYBODY)}


def test_a_withdrawn_paper_goes_from_the_server_with_the_builds_that_held_it(shelf: Shelf) -> None:
    first = shelf.publish()
    second = shelf.publish("Iceland")
    assert shelf.on_server() == {first, second}
    third = shelf.publish("Iceland", groups="leads")
    assert shelf.on_server() == {third}
    assert shelf.aliases() == [{"serves": third, "holds": third}]
    assert "Iceland" in shelf.found(LEADS) and "Iceland" not in shelf.found()


def test_builds_on_a_server_hold_what_builds_in_folders_hold(shelf: Shelf, small_index: Path) -> None:
    built = shelf.index / shelf.publish()
    assert not (built / "vectors").exists() and not (built / "exact").exists()
    assert digest_of(built, shelf.server) == digest_of(generations.current(small_index))


def test_what_another_index_serves_is_deleted_by_none_but_the_last(shelf: Shelf, tmp_path: Path) -> None:
    first = shelf.publish()
    saved, records = tmp_path / "b.tar", f"sqlite:///{tmp_path}/none.sqlite"
    assert any("vectors: on the Chroma server" in line for line in backup.save(saved, shelf.index, records))
    other = Shelf(tmp_path / "other", shelf.embedder, shelf.server)
    told = backup.restore(saved, other.index, records, False, shelf.server)
    assert told == [f"index: build {first} in {other.index}"]
    second = shelf.publish("Iceland", groups="leads")
    assert shelf.on_server() == {first, second} and "Norway" in other.found()
    third = other.publish("Finland", groups="leads")
    assert shelf.on_server() == {second, third}
    for payer, one in (("Iceland", shelf), ("Finland", other)):
        assert payer in one.found(LEADS)
    # … and a backup whose vectors are nowhere any more is told to be built.
    late = tmp_path / "late"
    told = backup.restore(saved, late, records, False, shelf.server)
    assert "are not on the Chroma server" in told[-1] and "ct-assistant build" in told[-1]


def test_a_copied_folder_that_is_built_in_leaves_the_builds_of_the_first_one_alone(
    shelf: Shelf, tmp_path: Path
) -> None:
    shelf.publish()
    copy = Shelf(tmp_path / "copy", shelf.embedder, shelf.server)
    shutil.copytree(shelf.index, copy.index)
    second = shelf.publish("Iceland", groups="leads")
    third = copy.publish("Finland", groups="leads")
    assert shelf.on_server() >= {second, third} and "Iceland" in shelf.found(LEADS)


def test_collections_that_are_missing_or_lack_passages_are_damage(shelf: Shelf) -> None:
    first, second = shelf.publish(), shelf.publish("Iceland")
    settings = Settings(index=shelf.index, store_url=shelf.server.url)
    assert all(finding.sound for finding in checks._builds(settings))
    with closing(Chroma(shelf.server)) as chroma:
        chroma.add(chroma.collections()[f"{second}-0"].id, ["one:more"], np.ones((1, 384), np.float32))
    assert "more than" in told_by(shelf) or "passages of" in told_by(shelf)
    assert [f.text for f in checks._builds(settings) if not f.sound and "passages of" in f.text]
    with closing(Chroma(shelf.server)) as chroma:
        chroma.drop(f"{second}-0")
    assert f"build {second} are not on the Chroma server" in told_by(shelf)
    assert "Norway" in shelf.found(), "the build before serves"
    with pytest.raises(BadIndex, match="Set ASSISTANT_STORE_URL"):
        Index(shelf.index / first, shelf.embedder)
    third = shelf.publish("Iceland")
    assert third != second and "Iceland" in shelf.found(), "a build mends it although no paper changed"


def told_by(shelf: Shelf) -> str:
    server = Served(shelf.index, shelf.embedder, shelf.server)
    server.close()
    return server.fault


def test_a_server_that_is_away_ends_questions_in_a_sentence_until_it_is_back(
    shelf: Shelf, chroma: Server, tmp_path: Path
) -> None:
    shelf.publish()
    with closing(Served(shelf.index, shelf.embedder, shelf.server)) as served:
        assert served.index.search(QUESTION, 1, EVERYBODY)
        chroma.stop()
        try:
            with pytest.raises(StoreAway, match=r"cannot be reached .*\. Start it") as fault:
                served.index.search(QUESTION, 1, EVERYBODY)
            assert "127.0.0.1" not in for_staff(fault.value)
            late = Served(shelf.index, shelf.embedder, shelf.server)
            with pytest.raises(StoreAway):
                late.index.search(QUESTION, 1, EVERYBODY)
            with pytest.raises(BadIndex, match=r"stopped: .* is served"):
                shelf.publish("Iceland")
        finally:
            chroma.start()
        for one in (served, late):
            assert "Norway" in one.index.search(QUESTION, 1, EVERYBODY)[0].passage.text
        late.close()


@pytest.mark.parametrize("how", ["away", "full"])
def test_a_build_that_the_server_fails_publishes_nothing_and_the_next_one_clears_it_away(
    shelf: Shelf, chroma: Server, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    first = shelf.publish()
    add, calls = Chroma.add, list[str]()

    def failing(self: Chroma, collection: str, ids: list[str], vectors: Any) -> None:
        calls.append(collection)
        if len(calls) > 1:
            if how == "away":
                chroma.kill()
            else:
                full = httpx.Response(507, json={"message": "No space left on device"})
                self._http.close()
                self._http = httpx.Client(transport=httpx.MockTransport(lambda _: full), base_url="http://x")
        add(self, collection, ids, vectors)

    monkeypatch.setattr(Chroma, "add", failing)
    reason = "cannot be reached" if how == "away" else r"507.*No space left on device"
    with pytest.raises(BadIndex, match=rf"the build stopped: .*{reason}.*Build {first} is served"):
        shelf.publish("Iceland")
    monkeypatch.setattr(Chroma, "add", add)
    if how == "away":
        chroma.start()
    assert generations.current(shelf.index).name == first and "Norway" in shelf.found()
    assert [path.name for path in generations._builds(shelf.index)] == [first]
    half = shelf.on_server() - {first}
    assert len(half) == 1
    report = build(shelf.corpus, shelf.index, shelf.embedder, server=shelf.server)
    assert report.embedded == 0 and shelf.on_server() == {first, report.build_id}


def test_a_server_that_is_silent_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.chroma.READ_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with closing(Chroma(StoreServer(f"http://127.0.0.1:{silent.getsockname()[1]}"))) as chroma:
            with pytest.raises(StoreAway, match="does not answer in time"):
                chroma.nearest("a", np.ones(3, np.float32), 1)


def listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def guarded(chroma: Server, tmp_path: Path) -> Iterator[str]:
    """The address of the operators' nginx before Chroma, which lets through who has the token."""
    if NGINX is None:
        pytest.skip(ABSENT)
    port, conf = free_port(), (ROOT / "docs" / "deployment" / "chroma.conf").read_text()
    folder = Path(tempfile.mkdtemp(prefix="ct-chroma-"))  # pytest's own are closed to nginx's user
    (folder / "chroma.token").write_text('"Bearer open-sesame" yes;\n')
    for name, here in (
        ("listen 8000", f"listen 127.0.0.1:{port}"),
        ("http://chroma:8000", chroma.address),
        ("/etc/nginx/chroma.token", str(folder / "chroma.token")),
    ):
        assert name in conf
        conf = conf.replace(name, here)
    (folder / "ct-assistant.conf").write_text("access_log off;\n" + conf)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user))
    command = [NGINX, "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", str(folder / "error.log")]
    with subprocess.Popen(command) as nginx:
        try:
            until = time.monotonic() + 30
            while not listens(port):
                assert nginx.poll() is None and time.monotonic() < until, "nginx does not start"
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            nginx.terminate()
            nginx.wait(30)
            shutil.rmtree(folder)


def test_a_proxy_before_the_server_is_shown_the_token_and_a_wrong_one_is_told_as_such(
    guarded: str, chroma: Server, tmp_path: Path
) -> None:
    place = chroma.new_database().url.removeprefix(chroma.address)
    folder, own = tmp_path / "20260101T000000-abcdef", {0: (["a:1"], np.ones((1, 3), np.float32))}
    server = StoreServer(guarded + place, "open-sesame")
    assert remote.upload(folder, server, own) == [1] and "sesame" not in repr(server)
    wrong = StoreServer(guarded + place, "open-barley")
    with pytest.raises(StoreFault, match=r"refuses the token \(401\)") as fault:
        RemoteStore(folder, [1], wrong)
    assert "barley" not in str(fault.value) and "ASSISTANT_STORE_TOKEN" in str(fault.value)
    assert not isinstance(fault.value, StoreAway), "it is told when the index is opened"
    assert httpx.get(f"{guarded}/docs", headers={"Authorization": "Bearer open-sesame"}).status_code == 404


def test_chroma_cloud_is_asked_whose_database_a_key_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    def cloud(request: httpx.Request) -> httpx.Response:
        assert request.headers["X-Chroma-Token"] == "ck-key" and "Authorization" not in request.headers
        if request.url.path == "/api/v2/auth/identity":
            return httpx.Response(200, json={"user_id": "u", "tenant": "t-1", "databases": databases})
        return httpx.Response(200, json=[] if "/t-1/databases/papers/" in request.url.path else None)

    client = partial(httpx.Client, transport=httpx.MockTransport(cloud))
    monkeypatch.setattr(httpx, "Client", client)
    for place in ("", "/t-1/papers"):
        databases = ["papers"]
        with closing(Chroma(StoreServer(f"https://api.trychroma.com{place}", "ck-key"))) as chroma:
            assert chroma.collections() == {} and chroma.most == 300
    databases = ["papers", "more"]
    with closing(Chroma(StoreServer("https://api.trychroma.com", "ck-key"))) as chroma:
        with pytest.raises(StoreFault, match="opens 2 databases"):
            chroma.collections()


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[1]", b'[{"name": "a", "id": "../up"}]', b"null"])
def test_an_answer_of_another_program_is_told_as_such(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    other = httpx.MockTransport(lambda _: httpx.Response(200, content=body))
    monkeypatch.setattr(httpx, "Client", partial(httpx.Client, transport=other))
    with closing(Chroma(StoreServer("http://chroma:8000"))) as chroma:
        with pytest.raises(StoreFault, match="not as a Chroma server does"):
            chroma.collections()


@pytest.mark.parametrize(
    "url", ["chroma:8000", "ftp://chroma", "http://", "http://me:secret@chroma", "http://chroma/one", "http://a:b"]
)
def test_an_address_that_is_none_is_told_and_no_password_of_it(url: str) -> None:
    with pytest.raises(BadIndex, match="ASSISTANT_STORE_URL") as fault:
        Chroma(StoreServer(url))
    assert "secret" not in str(fault.value)
