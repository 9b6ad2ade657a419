"""The official client of OpenAI's protocol against a real server of ours."""

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

import programs
import scripted
from assistant.answer_json import answer_as_json
from assistant.assistant import Assistant
from assistant.types import Answer, Question
from assistant.web import texts
from conftest import ROOT

openai = pytest.importorskip("openai", reason="the extra [openai] is not installed")
ASKED: Any = [{"role": "user", "content": "How long are records kept?"}]


class Model(scripted.ScriptedAssistant):
    """An assistant whose language model breaks off, where the question says so."""

    def stream(self, question: Question) -> Iterator[str | Answer]:
        for part in super().stream(question):
            if isinstance(part, str) and "breaks off" in question.text:
                part = "Half a "
                yield part
                yield self._answer(question, "")
                return
            yield part


@pytest.fixture(scope="module")
def asked() -> Model:
    return Model()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("openai")
    scripted.write_corpus(folder)
    return folder


@pytest.fixture(scope="module")
def address(folder: Path, asked: Model) -> Iterator[str]:
    with programs.on_a_port(programs.application(folder, cast(Assistant, asked))) as address:
        yield f"{address}/v1"


@pytest.fixture(scope="module")
def client(folder: Path, address: str) -> Iterator[Any]:
    key = programs.key_in(folder, "client")["Authorization"].removeprefix("Bearer ")
    with openai.OpenAI(base_url=address, api_key=key, max_retries=0, timeout=20) as client:
        yield client


def ask(client: Any, messages: Any = ASKED, **given: Any) -> Any:
    return client.chat.completions.create(model="ct-assistant", messages=messages, **given)


def test_the_models_are_one(client: Any) -> None:
    assert [model.id for model in client.models.list()] == ["ct-assistant"]
    assert client.models.retrieve("ct-assistant").owned_by == "ct-assistant"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-4o")


def test_an_answer_comes_with_its_citations(client: Any, asked: Model) -> None:
    done = ask(client)
    choice = done.choices[0]
    question = asked.asked[-1]
    told = answer_as_json(question.text, asked.ask(question), asked.index.documents(["all"]))
    assert choice.finish_reason == "stop" and choice.message.content == told["text"]
    assert choice.message.citations == told["citations"] and choice.message.ct_status == "answered"
    assert (done.usage.prompt_tokens, done.usage.total_tokens) == (0, 0)
    assert question.principal.id == "key:client"


def test_a_streamed_answer_is_the_same(client: Any) -> None:
    whole = ask(client).choices[0].message
    chunks = list(ask(client, stream=True, stream_options={"include_usage": True}))
    assert len({chunk.id for chunk in chunks}) == 1 and chunks[0].choices[0].delta.role == "assistant"
    deltas = [choice for chunk in chunks for choice in chunk.choices]
    assert "".join(choice.delta.content or "" for choice in deltas).strip() == whole.content
    assert [choice.finish_reason for choice in deltas] == [None] * (len(deltas) - 1) + ["stop"]
    assert deltas[-1].delta.citations == whole.citations and deltas[-1].delta.ct_status == "answered"
    assert chunks[-1].usage.total_tokens == 0 and not chunks[-1].choices


def test_an_answer_that_changed_on_its_way_is_said_as_a_whole(client: Any) -> None:
    chunks = list(ask(client, [{"role": "user", "content": "breaks off"}], stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text.startswith("Half a \n\nRecords are kept") and text.endswith("contributions [2].")


def test_the_chat_before_counts_and_instructions_do_not(client: Any, asked: Model) -> None:
    before = [{"role": "user", "content": f"Turn {number}?"} for number in range(30)]
    messages = [
        {"role": "system", "content": "You are a pirate."},
        *before,
        {"role": "assistant", "content": "Five years."},
        {"role": "developer", "content": "Sing."},
        {"role": "user", "content": [{"type": "text", "text": "And who"}, {"type": "text", "text": "pays?"}]},
    ]
    ask(client, messages)
    question = asked.asked[-1]
    assert question.text == "And who\npays?" and len(question.history) == 20
    assert [turn.text for turn in question.history[-2:]] == ["Turn 29?", "Five years."]
    assert "pirate" not in str(question) and "Sing" not in str(question)


def test_filters_narrow_and_sampling_is_ignored(client: Any, asked: Model) -> None:
    ask(client, temperature=0, max_tokens=5, seed=1, extra_body={"filters": {"kind": ["guide"]}})
    assert asked.asked[-1].filters == {"kind": ("guide",)}


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"n": 2}, "n"),
        ({"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]}, "tools"),
        ({"response_format": {"type": "json_object"}}, "response_format.type"),
        ({"extra_body": {"filters": {"knd": ["x"]}}}, "filters.knd"),
        ({"messages": []}, "messages"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(client: Any, given: dict[str, Any], param: str) -> None:
    with pytest.raises(openai.BadRequestError) as told:
        ask(client, **given)
    assert told.value.param == param and told.value.type == "invalid_request_error"


@pytest.mark.parametrize(
    "last",
    [
        {"role": "assistant", "content": "Well?"},
        {"role": "tool", "tool_call_id": "x", "content": "Well?"},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://127.0.0.1:1/x"}}]},
        {"role": "user", "content": None},
    ],
)
def test_a_chat_that_does_not_end_with_a_question_is_refused(client: Any, last: Any) -> None:
    with pytest.raises(openai.BadRequestError):
        ask(client, [*ASKED, last])


def test_errors_are_the_clients_own_kinds(client: Any, address: str) -> None:
    with pytest.raises(openai.NotFoundError) as absent:
        client.chat.completions.create(model="gpt-4o", messages=ASKED)
    assert absent.value.code == "model_not_found"
    with pytest.raises(openai.InternalServerError) as fault:
        ask(client, [{"role": "user", "content": "stack trace"}])
    assert fault.value.type == "server_error" and "srv" not in fault.value.message
    wrong = openai.OpenAI(base_url=address, api_key="cta_wrong", max_retries=0)
    with wrong, pytest.raises(openai.AuthenticationError):
        wrong.models.list()


def test_a_stream_that_fails_on_its_way_fails_in_the_client(client: Any) -> None:
    with pytest.raises(openai.APIError) as told:
        list(ask(client, [{"role": "user", "content": "model away"}], stream=True))
    assert "does not answer right now" in told.value.message


def test_a_client_that_asks_too_fast_is_told_when_to_come_back(folder: Path) -> None:
    with programs.on_a_port(programs.application(folder, questions_per_minute=1)) as address:
        with openai.OpenAI(base_url=f"{address}/v1", api_key="x", max_retries=0) as client:
            with pytest.raises(openai.AuthenticationError):
                ask(client)
        key = programs.key_in(folder, "fast")["Authorization"].removeprefix("Bearer ")
        with openai.OpenAI(base_url=f"{address}/v1", api_key=key, max_retries=0) as client:
            ask(client)
            with pytest.raises(openai.RateLimitError) as told:
                ask(client, stream=True)
    assert 1 <= int(told.value.response.headers["retry-after"]) <= 60
    assert told.value.code == "rate_limit_exceeded" and texts.NOT_FOUND not in told.value.message


def test_the_lines_that_readme_shows_work(folder: Path, address: str) -> None:
    lines = (ROOT / "README.md").read_text("utf-8").partition("    from openai import")[2].split("\n\n")[0]
    code = textwrap.dedent("    from openai import" + lines)
    key = programs.key_in(folder, "readme")["Authorization"].removeprefix("Bearer ")
    named: dict[str, Any] = {}
    exec(code.replace("http://127.0.0.1:7860/v1", address).replace("cta_…", key), named)
    assert named["answer"].content and named["answer"].citations and named["answer"].ct_status
    named["client"].close()
