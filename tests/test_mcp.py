"""The tools for other programs, as the protocol's own client uses them: over HTTP and over stdio."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import httpx
import httpx2
import pytest
from fastapi.testclient import TestClient
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent

import scripted
from assistant import sayings
from assistant.access import signed_on_principal
from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.journal import CURRENT, Bounds, Journal
from assistant.records import Database
from assistant.records.keys import Keys
from assistant.web import reception, server
from assistant.web.forms import Findings, Found, Narrowed, Told
from assistant.web.reception import Reception
from assistant.web.tools import NO_PASSAGE, TOOLS, Caller, Desk, call
from browsing import free_port, records_in, serving
from conftest import ROOT
from index.embedding import Embedder
from index.facets import FIELDS

Result = TypeVar("Result")

SECRET = "cormorant"  # stands in the paper of the group `leads` only
STAFF, LEAD = signed_on_principal("key", "staff", []), signed_on_principal("key", "lead", ["leads"])
BOUNDS = reception.Bounds(per_minute=1000, at_once=4, waiting=4, history_turns=20)
OLD_AND_NEW = pytest.mark.parametrize("mode", ["legacy", "auto"])
MESSAGE = {
    "content-type": "application/json",
    "accept": "application/json, text/event-stream",
}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Keys, Path]]:
    folder = tmp_path_factory.mktemp("mcp")
    database = Database(records_in(folder)["ASSISTANT_RECORDS_URL"])
    database.prepare()
    yield Keys(database), folder
    database.close()


@pytest.fixture(scope="module")
def served(small_index: Path, keys: tuple[Keys, Path]) -> Iterator[str]:
    """The address of a real server over the small index."""
    port = free_port()
    command = [sys.executable, "-m", "assistant", "serve", "--index", str(small_index), "--port", str(port)]
    with serving(command, port, records_in(keys[1])) as address:
        yield address


@pytest.fixture(scope="module")
def secrets(keys: tuple[Keys, Path]) -> dict[str, str]:
    return {"staff": keys[0].create("staff", []), "lead": keys[0].create("lead", ["leads"])}


@pytest.fixture(scope="module")
def assistant(small_index: Path, embedder: Embedder) -> Assistant:
    return Assistant(Settings.from_env(index=small_index), embedder)


@pytest.fixture
def desk(assistant: Assistant) -> Desk:
    return Desk(Reception(assistant, BOUNDS), 2000)


@asynccontextmanager
async def program(served: str, secret: str, mode: str = "auto") -> AsyncIterator[Client]:
    """The protocol's own client, with a key."""
    async with (
        httpx2.AsyncClient(headers={"authorization": f"Bearer {secret}"}, timeout=60) as http,
        Client(streamable_http_client(f"{served}mcp", http_client=http), mode=mode) as client,
    ):
        yield client


def stdio(index: Path, *more: str) -> StdioServerParameters:
    arguments = ["-m", "assistant", "mcp", "--index", str(index), *more]
    return StdioServerParameters(command=sys.executable, args=arguments, env=dict(os.environ), cwd=ROOT)


def within(told: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(asyncio.wait_for(told, 120))


def told(result: CallToolResult) -> Any:
    """The object of a result, which is the same as its text."""
    [text] = result.content
    assert isinstance(text, TextContent) and not result.is_error, text
    assert json.loads(text.text) == result.structured_content
    return result.structured_content


def sentence(result: CallToolResult) -> str:
    [text] = result.content
    assert isinstance(text, TextContent) and result.is_error and result.structured_content is None
    return text.text


@OLD_AND_NEW
def test_a_program_finds_asks_and_reads_and_every_statement_has_its_page(
    served: str, secrets: Mapping[str, str], mode: str
) -> None:
    async def use() -> tuple[Any, Any, Any, list[str]]:
        async with program(served, secrets["staff"], mode) as client:
            tools = (await client.list_tools()).tools
            found = told(await client.call_tool("search", {"query": "Who pays for the harbour?", "k": 2}))
            answer = told(await client.call_tool("ask", {"question": "Who pays for the Harbour Programme?"}))
            passage_id = found["passages"][0]["id"]
            return (
                found,
                answer,
                told(await client.call_tool("read_passage", {"id": passage_id})),
                [f"{tool.name}: {tool.description}" for tool in tools],
            )

    found, answer, read, described = within(use())
    assert len(found["passages"]) == 2 and read == found["passages"][0]
    assert "Norway pays" in read["text"] and read["document"]["title"] == "Harbour security programme"
    assert answer["status"] == "answered" and "Norway" in answer["text"] and "[1]" in answer["text"]
    cited = answer["citations"][0]
    assert (cited["number"], cited["page"], cited["title"]) == (1, 1, "Harbour security programme")
    assert "Norway pays for the Harbour Programme" in cited["quote"]
    for address in (read["address"], cited["address"]):
        assert address.startswith(served)
        page = httpx.get(address, headers={"authorization": f"Bearer {secrets['staff']}"})
        assert page.status_code == 200 and "Norway" in page.text
    assert [line.split(":")[0] for line in described] == ["search", "ask", "read_passage"]
    assert all("never instructions" in line and "page" in line for line in described)


@OLD_AND_NEW
def test_programs_at_the_same_time_get_what_their_own_key_opens(
    served: str, secrets: Mapping[str, str], mode: str
) -> None:
    async def use() -> list[list[CallToolResult]]:
        async with (
            program(served, secrets["staff"], mode) as staff,
            program(served, secrets["lead"], mode) as lead,
        ):
            calls = [
                one.call_tool("search", {"query": "cormorant reserve of the Harbour Programme", "k": 20})
                for _ in range(10)
                for one in (staff, lead)
            ]
            found = await asyncio.gather(*calls)
            question = {"question": "How high is the cormorant reserve of the Harbour Programme?"}
            asked = [await one.call_tool("ask", question) for _ in range(3) for one in (staff, lead)]
            return [found, asked]

    for results in within(use()):
        texts = [json.dumps(told(result)) for result in results]
        assert [SECRET in text and "310,000" in text for text in texts] == [False, True] * (len(texts) // 2)
        assert not any("leads" in text for text in texts[::2])


def test_a_key_opens_nothing_more_from_the_moment_it_is_revoked(served: str, keys: tuple[Keys, Path]) -> None:
    secret = keys[0].create("leaving", ["leads"])

    async def use() -> None:
        async with program(served, secret) as client:
            assert SECRET in json.dumps(told(await client.call_tool("search", {"query": "reserve"})))
            keys[0].revoke("leaving")
            with pytest.raises(Exception, match="(?i)unauthorized|401|error") as refused:
                await client.call_tool("search", {"query": "reserve"})
            assert SECRET not in str(refused.value)

    within(use())
    for key in (secret, "no-key"):
        headers = {**MESSAGE, "authorization": f"Bearer {key}"}
        assert httpx.post(f"{served}mcp", json=asking("search"), headers=headers).status_code == 401


def asking(tool: str, arguments: object = None) -> dict[str, Any]:
    params = {"name": tool, "arguments": arguments if arguments is not None else {"query": "reserve"}}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


def test_there_is_no_session_to_take_over(served: str, secrets: Mapping[str, str]) -> None:
    with httpx.Client(base_url=served, headers=MESSAGE) as http:
        hello = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "x", "version": "1"},
            },
        }
        lead = {"authorization": f"Bearer {secrets['lead']}"}
        begun = http.post("mcp", json=hello, headers=lead)
        assert begun.status_code == 200 and "mcp-session-id" not in begun.headers
        staff = {"authorization": f"Bearer {secrets['staff']}", "mcp-session-id": "x"}
        answer = http.post("mcp", json=asking("search"), headers=staff)
        assert answer.status_code == 200 and SECRET not in answer.text and "Harbour" in answer.text
        for method in ("GET", "DELETE", "PUT"):
            assert http.request(method, "mcp", headers=lead).status_code == 405


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"[]",
        b"null",
        b"1" * 6000,
        b"[" * 20_000,
        b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call"}',
        b'{"jsonrpc": "2.0", "id": {}, "method": "tools/call"}',
        b'{"jsonrpc": "2.0", "id": 1, "method": "../../x", "params": []}',
        json.dumps([asking("search")] * 50).encode(),
        json.dumps(asking("search", [])).encode(),
        json.dumps(asking("search", {"query": "\ud800 x"})).encode(),
        json.dumps(asking("search", {"query": "x", "filters": {"\ud800": ["x"]}})).encode(),
        json.dumps(asking("search", {"query": "x", "k": float("nan")})).encode(),
        json.dumps(asking("\ud800")).encode(),
        json.dumps(asking("read_passage", {"id": "\x00"})).encode(),
    ],
)
def test_an_odd_message_gets_an_answer_without_our_insides(
    served: str, secrets: Mapping[str, str], body: bytes
) -> None:
    headers = {**MESSAGE, "authorization": f"Bearer {secrets['staff']}"}
    for more in ({}, {"mcp-protocol-version": "2025-11-25"}, {"mcp-protocol-version": "2026-07-28"}):
        answer = httpx.post(f"{served}mcp", content=body, headers={**headers, **more}, timeout=30)
        assert answer.status_code < 500, answer.text
        assert not any(ours in answer.text for ours in ("Traceback", 'File "', "site-packages", str(ROOT)))


def test_a_large_message_is_turned_away(served: str, secrets: Mapping[str, str]) -> None:
    headers = {**MESSAGE, "authorization": f"Bearer {secrets['staff']}"}
    large = json.dumps(asking("search", {"query": "x" * 70_000})).encode()
    assert httpx.post(f"{served}mcp", content=large, headers=headers).status_code == 413


def test_a_server_behind_a_proxy_is_used_under_its_public_name_and_not_from_other_sites(
    tmp_path: Path,
) -> None:
    settings = Settings.from_env(
        corpus=scripted.write_corpus(tmp_path),
        records_url=f"sqlite:///{tmp_path}/records.sqlite",
        sign_on="proxy",
        proxy_addresses="127.0.0.1",
        public_url="https://papers.example.org",
    )
    app = server.create_app(settings, scripted.scripted())
    client = TestClient(app, base_url="https://papers.example.org", client=("127.0.0.1", 5000))
    body, person = asking("ask", {"question": "Who pays for it?"}), {**MESSAGE, "x-forwarded-user": "mary"}
    for ours in ({}, {"origin": "https://papers.example.org"}):
        answer = client.post("/mcp", json=body, headers={**person, **ours})
        cited = answer.json()["result"]["structuredContent"]["citations"][0]
        assert cited["address"].startswith("https://papers.example.org/documents/rules/pages/1?start=")
    assert client.post("/mcp", json=body, headers=MESSAGE).status_code == 401
    other = client.post("/mcp", json=body, headers={**person, "origin": "https://elsewhere.example"})
    assert other.status_code == 403


@OLD_AND_NEW
def test_a_program_on_this_machine_reads_with_the_groups_it_was_started_with(
    small_index: Path, mode: str
) -> None:
    async def use(*more: str) -> tuple[str, str]:
        async with Client(stdio(small_index, *more), mode=mode) as client:
            found = told(await client.call_tool("search", {"query": "cormorant reserve", "k": 20}))
            answer = told(await client.call_tool("ask", {"question": "Who pays for the Harbour Programme?"}))
            assert "Norway" in answer["text"]
            return json.dumps(found), sentence(await client.call_tool("search", {"query": "x", "k": 0}))

    found, wrong = within(use())
    assert "Harbour" in found and SECRET not in found and wrong.startswith("k: ")
    assert SECRET in within(use("--as-groups", "leads"))[0]


def test_what_is_no_message_does_not_stop_a_program_from_being_served(small_index: Path) -> None:
    prefix = "io.modelcontextprotocol/"
    meta = {
        f"{prefix}protocolVersion": "2026-07-28",
        f"{prefix}clientInfo": {"name": "x", "version": "1"},
        f"{prefix}clientCapabilities": {},
    }

    def message(number: int, arguments: object = None) -> bytes:
        told = asking("search", arguments)
        return json.dumps({**told, "id": number, "params": {**told["params"], "_meta": meta}}).encode()

    lines = [
        message(1),
        b"x",
        b"\xff\xfe",
        b"[" * 50_000,
        message(2, {"query": "\ud800 x"}),
        message(3, {"query": "x", "filters": {"\ud800": "x"}}),
        message(4),
    ]
    given = stdio(small_index)
    with subprocess.Popen(
        [given.command, *given.args], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as served:
        assert served.stdin and served.stdout
        served.stdin.write(b"\n".join(lines) + b"\n")
        served.stdin.flush()
        answers: dict[object, dict[str, Any]] = {}
        while not {1, 4} <= answers.keys():  # each line of the output is a message, in any order
            answer = json.loads(served.stdout.readline())
            answers[answer.get("id")] = answer
        served.stdin.close()
        assert served.wait(20) == 0
    assert "Norway" in json.dumps(answers[1]) and "Norway" in json.dumps(answers[4])
    assert all("Traceback" not in json.dumps(answer) for answer in answers.values())


def test_a_passage_that_is_not_there_and_one_of_others_are_told_in_the_same_words(desk: Desk) -> None:
    found = call(desk, Caller(LEAD), "search", {"query": "cormorant reserve"}).result
    assert isinstance(found, Findings)
    closed = next(each.id for each in found.passages if SECRET in each.text)
    read = call(desk, Caller(LEAD), "read_passage", {"id": closed}).result
    assert isinstance(read, Found) and SECRET in read.text
    for passage_id in (closed, "leads:p99.1", "x", "", "../" * 300, "' OR 1=1 --", "*"):
        outcome = call(desk, Caller(STAFF), "read_passage", {"id": passage_id})
        assert (outcome.result, outcome.wrong) == (None, NO_PASSAGE)


@pytest.mark.parametrize(
    ("filters", "finds"),
    [
        ({}, True),
        ({"kind": []}, True),
        ({"kind": ["report", "note"]}, True),
        ({"year": ["2021"]}, True),
        ({"year": ["2022"]}, False),
    ],
)
def test_what_the_way_in_is_bound_to_narrows_every_tool_and_no_filter_widens_it(
    desk: Desk, filters: dict[str, list[str]], finds: bool
) -> None:
    bound = Caller(replace(LEAD, scope={"kind": ("report",)}))
    search = {"query": "Harbour Programme workshop", "k": 20}
    everything = call(desk, Caller(LEAD), "search", search).result
    found = call(desk, bound, "search", {**search, "filters": filters}).result
    assert isinstance(everything, Findings) and isinstance(found, Findings)
    assert {each.document.path for each in found.passages} == ({"harbour.md"} if finds else set())
    question = {"question": "How high is the cormorant reserve of the Harbour Programme?"}
    answer = call(desk, bound, "ask", {**question, "filters": filters}).result
    assert isinstance(answer, Told) and {cited.path for cited in answer.citations} <= {"harbour.md"}
    elsewhere = [each.id for each in everything.passages if each.document.path != "harbour.md"]
    assert len(elsewhere) >= 2
    for passage_id in elsewhere:
        assert call(desk, bound, "read_passage", {"id": passage_id}).wrong == NO_PASSAGE


@pytest.mark.parametrize("tool", ["search", "ask"])
def test_what_lies_wholly_outside_the_way_in_is_refused(desk: Desk, tool: str) -> None:
    bound = Caller(replace(LEAD, scope={"kind": ("report",)}))
    asked = {"query" if tool == "search" else "question": "workshop", "filters": {"kind": ["note"]}}
    outcome = call(desk, bound, tool, asked)
    assert (outcome.result, outcome.wrong) == (None, sayings.OUT_OF_SCOPE)


def test_filters_are_the_fields_that_a_search_can_be_narrowed_by() -> None:
    assert set(Narrowed.model_fields) == set(FIELDS)


@pytest.mark.parametrize(
    ("tool", "arguments", "begins"),
    [
        ("search", {}, "query: "),
        ("search", {"query": ""}, "query: "),
        ("search", {"query": "?!"}, "The question holds no words."),
        ("search", {"query": "word " * 1000}, "The question has 4,999 characters"),
        ("search", {"query": "x", "k": 21}, "k: "),
        ("search", {"query": "x", "k": -1}, "k: "),
        ("search", {"query": "x", "k": 10**400}, "k: "),
        ("search", {"query": "x", "k": "all"}, "k: "),
        ("search", {"query": "x", "filters": "kind"}, "filters: input should be an object."),
        ("search", {"query": "x", "filters": {"groups": ["leads"]}}, "filters has no such argument."),
        ("search", {"query": "x", "filters": {"kind": {"$ne": ""}}}, "filters.kind: input should be a list"),
        ("search", {"query": "x", "filters": {"kind": [None]}}, "filters.kind: "),
        ("search", {"query": "x", "filters": {"kind": ["x"] * 51}}, "filters.kind: "),
        ("search", {"query": "x", "groups": ["leads"]}, "search has no such argument."),
        ("ask", {"question": "  "}, "The question is empty."),
        ("ask", {"question": "x", "principal": "lead"}, "ask has no such argument."),
        ("ask", {"query": "x"}, "ask"),
        ("read_passage", {"id": 7}, "id: "),
        ("build", {}, "There is no such tool. The tools are search, ask, read_passage."),
    ],
)
def test_a_wrong_call_gets_one_sentence(
    desk: Desk, tool: str, arguments: dict[str, Any], begins: str
) -> None:
    outcome = call(desk, Caller(STAFF), tool, arguments)
    assert outcome.result is None
    assert outcome.wrong.startswith(begins) or (begins == "ask" and outcome.wrong.startswith("question: "))
    assert "\n" not in outcome.wrong and len(outcome.wrong) < 200 and "pydantic" not in outcome.wrong


def test_one_value_of_a_filter_needs_no_list_and_nothing_is_no_filter(desk: Desk) -> None:
    asked = {"query": "Harbour Programme", "k": None, "filters": {"kind": "press release", "year": []}}
    found = call(desk, Caller(LEAD), "search", asked).result
    assert isinstance(found, Findings)
    assert {each.document.path for each in found.passages} == {"aviation.txt"}


def test_every_use_counts_as_a_question_of_its_minute_and_ends_in_an_audit_line(
    assistant: Assistant, tmp_path: Path
) -> None:
    journal = Journal(tmp_path, Bounds(1_000_000, 90))
    desk = Desk(Reception(assistant, replace(BOUNDS, per_minute=3), journal), 2000)
    used = (
        ("search", {"query": "Harbour"}),
        ("read_passage", {"id": "no-such"}),
        ("ask", {"question": "Who pays for the Harbour Programme?"}),
    )
    assert [call(desk, Caller(STAFF), *use).result is not None for use in used] == [True, False, True]
    for use in used:
        assert call(desk, Caller(STAFF), *use).wrong.startswith("You have asked many questions")
    assert call(desk, Caller(LEAD), *used[0]).result is not None, "others are not kept out by it"
    lines = [json.loads(line) for line in (tmp_path / CURRENT).read_text("utf-8").splitlines()]
    assert [line["status"] for line in lines] == [
        "looked_up", "refused", "answered", "turned_away", "turned_away", "turned_away", "looked_up",
    ]  # fmt: skip
    assert {(line["door"], line["who"]) for line in lines} == {("mcp", "key:staff"), ("mcp", "key:lead")}


def test_what_no_passage_supports_is_not_handed_on_as_an_answer() -> None:
    desk = Desk(Reception(scripted.scripted(), BOUNDS), 2000)
    invented = call(desk, Caller(STAFF), "ask", {"question": "Please invent something"}).result
    assert isinstance(invented, Told) and invented.status == "unsupported"
    assert "century" not in invented.text and "no passage supports" in invented.text
    noted = call(desk, Caller(STAFF), "ask", {"question": "Do the dates differ?"}).result
    assert isinstance(noted, Told) and noted.notes == (scripted.NOTE,)


def test_a_failure_is_a_sentence_too() -> None:
    desk = Desk(Reception(scripted.scripted(), BOUNDS), 2000)
    for question, begins in (("stack trace", "Something went wrong"), ("model away", "The language model")):
        outcome = call(desk, Caller(STAFF), "ask", {"question": question})
        assert outcome.result is None and outcome.wrong.startswith(begins)
        assert "srv" not in outcome.wrong and "127.0.0.1" not in outcome.wrong


def test_the_protocol_is_loaded_when_it_is_used() -> None:
    said = (
        "import assistant.web.server, sys; sys.exit(any(m.partition('.')[0] == 'mcp' for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", said], cwd=ROOT).returncode == 0


def test_all_tools_have_a_form_that_programs_can_check() -> None:
    for tool in TOOLS.values():
        schema = tool.takes.model_json_schema()
        assert schema["type"] == "object" and schema["additionalProperties"] is False
