"""The row of guards before every page: what comes in, and with what headers it goes out."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import scripted
from assistant.config import Settings
from assistant.web import server
from assistant.web.guard import CHAT_BODY_KIB

ORIGIN = "http://127.0.0.1"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("guard")
    scripted.write_corpus(folder)
    return folder


def served(folder: Path, **given: object) -> TestClient:
    settings = Settings.from_env(
        corpus=folder / "corpus",
        records_url=f"sqlite:///{folder}/records.sqlite",
        audit=folder / "audit",
        **given,
    )
    app = server.create_app(settings, scripted.scripted())
    return TestClient(app, base_url=ORIGIN, client=("127.0.0.1", 5000))


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[TestClient]:
    yield served(folder)


def join(client: TestClient, session: str, **headers: str) -> int:
    told = {"data": [], "fn_index": 0, "session_hash": session, "trigger_id": 1}
    return client.post("/gradio_api/queue/join", json=told, headers=headers).status_code


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/upload",
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file/etc/passwd",
        "/gradio_api/proxy=http://127.0.0.1:1/",
        "/gradio_api/run/reply",
        "/gradio_api/call/reply",
        "/gradio_api/call/v2/reply",
        "/gradio_api/api/predict",
        "/gradio_api/info",
        "/gradio_api/openapi.json",
        "/gradio_api/deep_link",
        "/gradio_api/component_server",
        "/gradio_api/process_recording",
        "/gradio_api/vibe-code/",
        "/gradio_api/custom_component/x/client/component/index.js",
        "/gradio_api/stream/x/1/1/playlist.m3u8",
        "/gradio_api/token",
        "/gradio_api/user",
        "/monitoring",
        "/monitoring/summary",
        "/login",
        "/runs",
        "/dev/reload",
        "/docs",
        "/openapi.json",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_doors_of_the_framework_that_a_chat_without_files_does_not_need_are_not_there(
    client: TestClient, path: str, method: str
) -> None:
    absent = client.get("/documents/no-such-paper/pages/1")
    answer = client.request(method, path)
    assert answer.status_code == 404 and answer.text == absent.text


def test_a_large_body_is_turned_away_before_it_is_read(client: TestClient) -> None:
    assert client.post("/documents", content=b"x" * (64 * 1024 + 1)).status_code == 413
    large = b"x" * (CHAT_BODY_KIB * 1024 + 1)
    assert client.post("/gradio_api/queue/join", content=large).status_code == 413
    assert client.post("/gradio_api/queue/join", content=iter([b"x"])).status_code == 411


def test_another_site_cannot_ask_in_a_readers_name(client: TestClient) -> None:
    assert join(client, "mine", origin=ORIGIN) == 200
    assert join(client, "mine") == 200, "programs tell no origin"
    for headers in (
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
    ):
        assert join(client, "mine", **headers) == 403


def test_a_name_of_another_site_that_leads_to_this_machine_is_not_ours(client: TestClient) -> None:
    assert client.get("/documents", headers={"host": "rebound.example"}).status_code == 400
    assert client.get("/documents", headers={"host": "localhost:7860"}).status_code == 200


def test_only_listed_origins_frame_the_chat_and_the_pages_in_it(folder: Path, client: TestClient) -> None:
    def framed_by(client: TestClient, path: str) -> str:
        return client.get(path).headers["content-security-policy"].rpartition("frame-ancestors ")[2]

    assert framed_by(client, "/") == "'none'" and framed_by(client, "/documents") == "'self'"
    framing = served(folder, intranet_origins="https://one.example, https://two.example:8443")
    both = "https://one.example https://two.example:8443"
    assert framed_by(framing, "/") == both and framed_by(framing, "/documents") == f"'self' {both}"


def test_a_session_of_the_chat_belongs_to_who_used_it_first(folder: Path) -> None:
    client = served(folder, sign_on="proxy", proxy_addresses="127.0.0.1")

    def by(name: str) -> dict[str, str]:
        return {"x-forwarded-user": name}

    assert join(client, "anna-1", **by("anna")) == 200
    assert join(client, "ben-1", **by("ben")) == 200
    assert join(client, "anna-1", **by("ben")) == 404
    for answer in (
        client.get("/gradio_api/queue/data", params={"session_hash": "anna-1"}, headers=by("ben")),
        client.get("/gradio_api/heartbeat/anna-1", headers=by("ben")),
        client.get("/gradio_api/heartbeat/ben-1?session_hash=anna-1", headers=by("ben")),
        client.post(
            "/gradio_api/cancel",
            headers=by("ben"),
            json={"session_hash": "anna-1", "fn_index": 0, "event_id": "x"},
        ),
    ):
        assert answer.status_code == 404


def test_no_answer_names_the_server(client: TestClient) -> None:
    for path in ("/", "/documents", "/nowhere", "/theme.css"):
        assert "server" not in client.get(path).headers
