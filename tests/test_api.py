"""Programs ask over REST: answers, streams, documents, passages, and what they are told when it fails."""

import html
import json
import logging
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from fastapi.testclient import TestClient

import programs
import scripted
from assistant import sayings
from assistant.access import local_principal
from assistant.answer_json import answer_as_json
from assistant.assistant import Assistant
from assistant.errors import RecordsUnavailable
from assistant.journal import CURRENT
from assistant.types import Answer, Question
from assistant.web import texts
from assistant.web.api import walk
from assistant.web.api.forms import Filters
from assistant.web.guard import HEADERS
from conftest import ROOT
from index.embedding import Embedder
from index.errors import BadIndex
from index.facets import FIELDS

GOLDEN = ROOT / "tests" / "golden" / "api_answer.json"
ASKED = {"question": "How long are records kept?"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("api")
    scripted.write_corpus(folder)
    return folder


@pytest.fixture(scope="module")
def asked() -> scripted.ScriptedAssistant:
    return scripted.ScriptedAssistant()


@pytest.fixture(scope="module")
def client(folder: Path, asked: scripted.ScriptedAssistant) -> Iterator[TestClient]:
    yield programs.client(programs.application(folder, cast(Assistant, asked)))


def events(text: str) -> list[tuple[str, Any]]:
    """Server-sent events; comments are left out, as clients leave them out."""
    told = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            told.append((lines["event"], json.loads(lines["data"])))
    return told


def problem(answer: Any) -> dict[str, Any]:
    """The problem document that an answer is; fails where it is none."""
    told: dict[str, Any] = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert all(answer.headers[name.lower()] for name in HEADERS)
    assert told["type"] == "about:blank" and told["status"] == answer.status_code
    assert told["title"] and told["detail"] and "<" not in told["detail"]
    return told


def test_an_answer_has_the_one_form_in_which_answers_leave_the_program(client: TestClient) -> None:
    answer = client.post("/api/ask", json=ASKED)
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    assert answer.json() == json.loads(GOLDEN.read_text("utf-8"))


def test_the_golden_answer_is_what_the_command_line_prints() -> None:
    assistant = scripted.ScriptedAssistant()
    question = Question(ASKED["question"], local_principal())
    told = answer_as_json(question.text, assistant.ask(question), assistant.index.documents(["all"]))
    assert json.loads(json.dumps(told)) == json.loads(GOLDEN.read_text("utf-8"))


def test_a_stream_gives_pieces_and_then_the_same_object_once(client: TestClient) -> None:
    answer = client.post("/api/ask/stream", json=ASKED)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store" and answer.headers["x-accel-buffering"] == "no"
    told = events(answer.text)
    assert [name for name, _ in told[:-1]] == ["text"] * (len(told) - 1) and len(told) > 5
    assert told[-1] == ("answer", json.loads(GOLDEN.read_text("utf-8")))
    assert "".join(piece["text"] for _, piece in told[:-1]).rstrip() == told[-1][1]["text"]


def test_history_filters_search_text_and_language_reach_the_question(
    client: TestClient, asked: scripted.ScriptedAssistant
) -> None:
    told = {
        "question": "And who pays?",
        "history": [{"role": "user", "text": "What is kept?"}, {"role": "assistant", "text": "Records."}],
        "filters": {"year": ["2019", "2021"], "kind": ["guide"]},
        "search_text": "voluntary contributions",
    }
    assert client.post("/api/ask?lang=fr", json=told).status_code == 200
    question = asked.asked[-1]
    assert [(turn.role, turn.text) for turn in question.history] == [
        ("user", "What is kept?"),
        ("assistant", "Records."),
    ]
    assert question.filters == {"year": ("2019", "2021"), "kind": ("guide",)}
    assert question.search_text == "voluntary contributions" and question.language == "fr"


def test_two_values_are_compared(client: TestClient, asked: scripted.ScriptedAssistant) -> None:
    compare = {"field": "year", "one": "2021", "other": "2019"}
    answer = client.post("/api/ask", json={"question": "Side by side?", "compare": compare})
    assert [column["label"] for column in answer.json()["columns"]] == ["2019", "2021-06"]
    assert [side.label for side in asked.asked[-1].sides] == ["2019", "2021"]
    same = {**compare, "other": "2021"}
    assert client.post("/api/ask", json={"question": "?", "compare": same}).status_code == 400


def test_every_field_of_the_index_can_be_filtered_by() -> None:
    assert set(Filters.model_fields) == set(FIELDS)


def test_documents_are_those_that_the_asker_may_read(folder: Path, client: TestClient) -> None:
    told = client.get("/api/documents").json()
    assert [document["id"] for document in told["documents"]] == ["pnr-guide", "rules", "notes"]
    assert told["total"] == 3
    board = client.get("/api/documents", headers=programs.key_in(folder, "board", "board")).json()
    assert [document["id"] for document in board["documents"]][-1] == "secret"
    assert "groups" not in board["documents"][0] and "sha256" not in board["documents"][0]
    one = client.get("/api/documents", params={"year": ["2019", "1999"], "publisher": "Assembly of States"})
    assert [document["id"] for document in one.json()["documents"]] == ["rules"]
    part = client.get("/api/documents", params={"offset": 1, "limit": 1}).json()
    assert part["total"] == 3 and [document["id"] for document in part["documents"]] == ["rules"]


def test_a_document_that_replaces_one_of_others_does_not_name_it(folder: Path) -> None:
    assistant = scripted.ScriptedAssistant()
    newer = replace(scripted.GUIDE, supersedes=("secret", "rules"))
    assistant.index.shelf = (newer, scripted.RULES, scripted.NOTES, scripted.SECRET)
    app = programs.application(folder, cast(Assistant, assistant))
    answer = programs.client(app).get("/api/documents")
    assert answer.json()["documents"][0]["supersedes"] == ["rules"] and "secret" not in answer.text


def test_hits_of_papers_that_are_not_theirs_are_left_out(client: TestClient) -> None:
    answer = client.post("/api/ask", json=ASKED)
    assert len(answer.json()["hits"]) == 4 and "board met" not in answer.text


@pytest.fixture(scope="module")
def real(
    tmp_path_factory: pytest.TempPathFactory, small_index: Path, embedder: Embedder
) -> tuple[Path, TestClient]:
    """A program before the real assistant over a small index, and the folder of its records."""
    folder = tmp_path_factory.mktemp("real")
    assistant = Assistant(programs.settings_in(folder, index=small_index), embedder)
    return folder, programs.client(programs.application(folder, assistant, index=small_index))


def test_passages_are_read_and_absent_and_denied_ones_are_alike(real: tuple[Path, TestClient]) -> None:
    folder, client = real
    leads = programs.key_in(folder, "leads", "leads")
    found = client.post("/api/ask", json={"question": "What is the cormorant reserve?"}, headers=leads)
    hit = next(hit for hit in found.json()["hits"] if "cormorant" in hit["text"])
    passage = client.get(f"/api/passages/{hit['passage_id']}", headers=leads).json()
    assert passage["text"] == hit["text"] and passage["pages"] == hit["pages"]
    assert passage["document"]["title"] == "Note for programme leads"
    denied = client.get(f"/api/passages/{hit['passage_id']}")
    for absent in ("/api/passages/none:p1.1", "/api/passages/a/b%00/..%2f", "/api/nowhere"):
        answer = client.get(absent)
        assert (answer.status_code, answer.text) == (denied.status_code, denied.text)
        assert programs.headers(answer) == programs.headers(denied)
    assert problem(denied)["status"] == 404 and problem(denied)["detail"] == texts.NOT_FOUND


def test_alive_and_ready_are_open_to_all_and_tell_nothing_more(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = programs.application(folder, sign_on="proxy", proxy_addresses="10.0.0.1")
    client = programs.client(app)
    for path in ("/api/health", "/api/ready"):
        answer = client.get(path)
        assert answer.status_code == 200 and answer.json() == {"status": "ok"}

    def away(_: object) -> None:
        raise RecordsUnavailable("postgresql://10.1.1.1: away")

    monkeypatch.setattr("assistant.web.server.reach", away)
    answer = client.get("/api/ready")
    assert answer.status_code == 503 and "10.1.1.1" not in answer.text and problem(answer)
    assert int(answer.headers["retry-after"]) > 0
    assert client.get("/api/health").status_code == 200


# What goes wrong


class Failing(scripted.ScriptedAssistant):
    """An assistant whose build is gone."""

    def stream(self, question: Question) -> Iterator[str | Answer]:
        raise BadIndex("/srv/index: damaged")
        yield ""


ROUTES = [
    ("POST", "/api/ask"),
    ("POST", "/api/ask/stream"),
    ("POST", "/v1/chat/completions"),
    ("GET", "/api/documents"),
    ("GET", "/api/passages/x:p1.1"),
    ("GET", "/api/openapi.json"),
    ("GET", "/api/docs"),
    ("GET", "/v1/models"),
]
POSTS = [path for method, path in ROUTES if method == "POST"]


def body(path: str, question: str = "Who pays?") -> dict[str, Any]:
    if path.startswith("/v1"):
        return {"model": "ct-assistant", "messages": [{"role": "user", "content": question}]}
    return {"question": question}


@pytest.fixture(scope="module")
def behind_a_proxy(folder: Path) -> TestClient:
    return programs.client(programs.application(folder, sign_on="proxy", proxy_addresses="10.0.0.1"))


@pytest.mark.parametrize(("method", "path"), [*ROUTES, ("GET", "/api/nowhere"), ("POST", "/v1/nowhere")])
def test_without_a_key_in_use_everything_else_is_refused(
    behind_a_proxy: TestClient, method: str, path: str
) -> None:
    for headers in ({}, {"Authorization": "Bearer cta_nothing"}, {"x-forwarded-user": "mary"}):
        answer = behind_a_proxy.request(method, path, headers=headers)
        assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
        assert ("error" in problem(answer)) == path.startswith("/v1")


@pytest.mark.parametrize(("method", "path"), [*ROUTES, ("GET", "/api/health"), ("GET", "/api/ready")])
def test_a_wrong_method_is_named_with_the_right_one(client: TestClient, method: str, path: str) -> None:
    wrong = "POST" if method == "GET" else "GET"
    answer = client.request(wrong, path)
    assert answer.status_code == 405 and answer.headers["allow"] == method
    assert problem(answer)["status"] == 405


@pytest.mark.parametrize("path", ["/api/nowhere", "/api/", "/v1", "/v1/embeddings", "/v1/models/gpt"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_what_is_not_there_is_a_problem_too(client: TestClient, path: str, method: str) -> None:
    answer = client.request(method, path)
    assert answer.status_code in (404, 405) and problem(answer)


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    ("status", "content", "headers"),
    [
        (400, b"{", {}),
        (400, b"[]", {}),
        (400, b"null", {}),
        (400, b"\xff\xfe", {}),
        (400, b'{"question": "\\ud800", "messages": "\\ud800", "model": 7}', {}),
        (400, b"[" * 30_000, {}),
        (413, b"x" * (64 * 1024 + 1), {}),
        (403, b"{}", {"origin": "https://elsewhere.example"}),
        (400, b"{}", {"host": "rebound.example"}),
    ],
)
def test_a_body_that_cannot_be_used_is_refused_by_name(
    client: TestClient, path: str, status: int, content: bytes, headers: dict[str, str]
) -> None:
    answer = client.post(path, content=content, headers={"content-type": "application/json", **headers})
    assert answer.status_code == status and problem(answer)


@pytest.mark.parametrize("path", POSTS)
def test_a_body_without_a_length_is_refused(client: TestClient, path: str) -> None:
    answer = client.post(path, content=iter([b"{}"]))
    assert answer.status_code == 411 and problem(answer)


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("question", ["", "  ", "!!!", "x" * 2001, "<b></b>"])
def test_a_question_that_cannot_be_searched_for_is_the_askers_to_mend(
    real: tuple[Path, TestClient], path: str, question: str
) -> None:
    _, client = real
    answer = client.post(path, json=body(path, question))
    assert answer.status_code == 400 and problem(answer)


@pytest.mark.parametrize(
    ("told", "pointer"),
    [
        ({}, "#/question"),
        ({"question": 7}, "#/question"),
        ({"question": "Who?", "histroy": []}, "#/histroy"),
        ({"question": "Who?", "history": [{"role": "system", "text": "x"}]}, "#/history/0/role"),
        ({"question": "Who?", "filters": {"knd": ["guide"]}}, "#/filters/knd"),
        ({"question": "Who?", "filters": {"a/b~c": []}}, "#/filters/a~1b~0c"),
        ({"question": "Who?", "filters": {"kind": []}}, "#/filters/kind"),
        ({"question": "Who?", "compare": {"field": "id", "one": "a", "other": "b"}}, "#/compare/field"),
    ],
)
def test_what_is_not_as_documented_is_pointed_at(
    client: TestClient, told: dict[str, Any], pointer: str
) -> None:
    answer = client.post("/api/ask", json=told)
    assert answer.status_code == 400 and problem(answer)["errors"][0]["pointer"] == pointer


def test_too_long_a_history_is_refused_and_not_cut_in_silence(client: TestClient) -> None:
    turns = [{"role": "user", "text": "Who?"}] * 20
    assert client.post("/api/ask", json={**ASKED, "history": turns}).status_code == 200
    answer = client.post("/api/ask", json={**ASKED, "history": [*turns, turns[0]]})
    assert answer.status_code == 400 and "21 turns; at most 20" in problem(answer)["detail"]


def test_filters_that_leave_nothing_are_told(client: TestClient) -> None:
    for filters in ({"year": ["1871"]}, {"document": ["secret"]}):
        answer = client.post("/api/ask", json={**ASKED, "filters": filters})
        assert answer.status_code == 400 and problem(answer)["detail"] == texts.SCOPE_EMPTY


@pytest.mark.parametrize("path", POSTS)
def test_a_fault_of_ours_tells_nothing_and_the_log_tells_all(
    client: TestClient, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.post(path, json=body(path, "stack trace"))
    assert answer.status_code == 500 and "srv" not in answer.text and "Zero" not in answer.text
    assert problem(answer)["detail"] == sayings.WENT_WRONG and "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("path", POSTS)
def test_a_build_that_is_gone_is_told_as_away(folder: Path, path: str) -> None:
    client = programs.client(programs.application(folder, cast(Assistant, Failing())))
    answer = client.post(path, json=body(path))
    assert answer.status_code == 503 and "srv" not in answer.text and problem(answer)
    assert int(answer.headers["retry-after"]) > 0


def test_records_that_are_away_let_no_key_in(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    given: Any = {"records_url": f"sqlite:///{tmp_path}/file/records.sqlite"}
    client = programs.client(programs.application(folder, **given))
    answer = client.get("/api/documents", headers={"Authorization": "Bearer cta_x"})
    assert answer.status_code == 503 and problem(answer) and int(answer.headers["retry-after"]) > 0
    assert client.get("/api/ready").status_code == 503


@pytest.mark.parametrize("path", POSTS)
def test_too_many_questions_are_told_when_to_ask_again(folder: Path, path: str) -> None:
    client = programs.client(programs.application(folder, questions_per_minute=1))
    assert client.post(path, json=body(path)).status_code == 200
    answer = client.post(path, json=body(path))
    assert answer.status_code == 429 and 1 <= int(answer.headers["retry-after"]) <= 60
    assert answer.headers["retry-after"] in problem(answer)["detail"]


def test_a_stream_that_fails_on_its_way_ends_with_a_problem(client: TestClient) -> None:
    answer = client.post("/api/ask/stream", json={"question": "model away"})
    *_, (name, told) = events(answer.text)
    assert answer.status_code == 200 and name == "problem" and told["status"] == 503
    assert "127.0.0.1" not in answer.text


class Breaking(scripted.ScriptedAssistant):
    """An assistant that breaks while it speaks."""

    def stream(self, question: Question) -> Iterator[str | Answer]:
        yield "Half of a sent"
        raise ZeroDivisionError("secret path /srv/papers")


@pytest.mark.parametrize("path", POSTS)
def test_a_fault_of_ours_on_the_way_tells_nothing_either(
    folder: Path, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = programs.client(programs.application(folder, cast(Assistant, Breaking())))
    answer = client.post(path, json={**body(path), **({"stream": True} if "v1" in path else {})})
    assert sayings.WENT_WRONG in answer.text and "srv" not in answer.text and "Zero" not in answer.text
    assert "ZeroDivisionError" in caplog.text


def test_odd_line_breaks_break_no_event(client: TestClient) -> None:
    question = "How long\u2028data: are\x85records\x0ckept?"
    *_, (name, told) = events(client.post("/api/ask/stream", json={"question": question}).text)
    assert name == "answer" and told["question"] == question


def test_each_question_is_written_down_with_its_door(folder: Path, client: TestClient) -> None:
    for path in POSTS:
        client.post(path, json=body(path))
    lines = (folder / "audit" / CURRENT).read_text("utf-8").splitlines()[-3:]
    assert [json.loads(line)["door"] for line in lines] == ["api", "api", "openai"]


# Pages of other sites


def test_only_listed_origins_may_call_and_only_the_doors_for_programs(folder: Path) -> None:
    friend, stranger = {"origin": "https://one.example"}, {"origin": "https://two.example"}
    ask = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    app = programs.application(folder, intranet_origins="https://one.example", sign_on="proxy",
                               proxy_addresses="10.0.0.1")  # fmt: skip
    client, allowed = programs.client(app), "access-control-allow-origin"
    for path in ("/api/ask", "/v1/chat/completions"):
        preflight = client.options(path, headers={**friend, **ask})
        assert preflight.status_code == 200 and preflight.headers[allowed] == friend["origin"]
        assert "access-control-allow-credentials" not in preflight.headers
        assert allowed not in client.options(path, headers={**stranger, **ask}).headers
        refused = client.post(path, json=body(path), headers=friend)
        assert refused.status_code == 401 and refused.headers[allowed] == friend["origin"]
        assert client.post(path, json=body(path), headers=stranger).status_code == 403
    for path in ("/", "/documents", "/apiary"):
        assert allowed not in client.get(path, headers=friend).headers
    key = programs.key_in(folder, "page")
    answer = client.post("/api/ask", json=ASKED, headers={**friend, **key})
    assert answer.status_code == 200 and answer.headers[allowed] == friend["origin"]


def test_without_listed_origins_nobody_is_let_across(client: TestClient) -> None:
    told = {"origin": "https://one.example", "access-control-request-method": "POST"}
    answer = client.options("/api/ask", headers=told)
    assert answer.status_code == 405 and "access-control-allow-origin" not in answer.headers


# A real server


class Endless(scripted.ScriptedAssistant):
    """Answers for as long as somebody listens, and tells when it was stopped."""

    stopped = False

    def stream(self, question: Question) -> Iterator[str | Answer]:
        if "ever" not in question.text:
            yield from super().stream(question)
            return
        try:
            while True:
                if "words" in question.text:
                    yield "word "
                time.sleep(0.02)
                if "whole" in question.text:
                    yield ""
        finally:
            self.stopped = True


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("path", "question"),
    [
        ("/api/ask/stream", "words for ever"),
        ("/v1/chat/completions", "words for ever"),
        ("/api/ask", "whole for ever"),
        ("/v1/chat/completions", "whole for ever"),
    ],
)
def test_whoever_leaves_stops_the_answer_and_gives_the_place_back(
    folder: Path, path: str, question: str, caplog: pytest.LogCaptureFixture
) -> None:
    assistant = Endless()
    told = body(path, question) | ({"stream": True} if "v1" in path and "words" in question else {})
    with programs.on_a_port(programs.application(folder, cast(Assistant, assistant))) as address:
        with httpx.Client(base_url=address, timeout=1) as leaving:
            try:
                with leaving.stream("POST", path, json=told) as answer:
                    assert "word" in next(text for text in answer.iter_text() if "word" in text)
            except httpx.ReadTimeout:
                assert "whole" in question
        wait_until(lambda: assistant.stopped)
        free = httpx.post(f"{address}/api/ask", json=ASKED, timeout=10)
        assert free.status_code == 200
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_quiet_stream_gives_signs_of_life(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "BEGIN_S", 0.2)
    monkeypatch.setattr(walk, "QUIET_S", 0.2)
    with programs.on_a_port(programs.application(folder)) as address:
        answer = httpx.post(f"{address}/api/ask/stream", json={"question": "slowly"}, timeout=30)
    assert walk.SIGN_OF_LIFE.decode() in answer.text
    assert [name for name, _ in events(answer.text)][-1] == "answer"


def test_words_arrive_as_they_are_made(folder: Path) -> None:
    with programs.on_a_port(programs.application(folder)) as address:
        began = time.monotonic()
        with httpx.stream("POST", f"{address}/api/ask/stream", json={"question": "slowly"}) as answer:
            next(answer.iter_text())
            first = time.monotonic() - began
        assert first < 4, "twenty words of 0.4 s each are not waited for"


# What it says of itself


def test_the_request_that_readme_shows_is_answered(client: TestClient) -> None:
    shown = re.search(r"-d '(.*?)'\n", (ROOT / "README.md").read_text("utf-8"))
    assert shown and client.post("/api/ask", json=json.loads(shown[1])).status_code == 200


def test_the_page_about_the_doors_tells_all_of_them_and_needs_nothing(client: TestClient) -> None:
    page = client.get("/api", follow_redirects=True)
    assert page.status_code == 200 and page.url.path == "/api/docs"
    said = html.unescape(page.text)
    told = client.get("/api/openapi.json").json()
    for path, methods in told["paths"].items():
        assert all(f"<code>{method.upper()} {path}</code>" in said for method in methods)
    for name in told["components"]["schemas"]:
        assert f'id="{name}"' in said and f'href="#{name}"' in said
    assert "<script" not in page.text
    assert all(not re.match("[a-z]+:|//", link) for link in re.findall('(?:href|src)="([^"]*)"', said))
