"""The path of a question with a language model: a real HTTP server on loopback that speaks the
OpenAI protocol and says what the test tells it to."""

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from assistant.access import local_principal
from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.errors import BadSetting, ModelUnavailable
from assistant.prompting import NOT_IN_DOCUMENTS, visible_chars
from assistant.types import Answer, Question, Turn
from index.embedding import Embedder

pytest.importorskip("langchain_openai", reason="the extra [openai] is not installed")
QUESTION = "Who pays for the Harbour Programme?"


class ScriptedModel:
    """Streams `says` word by word and keeps the requests it got."""

    def __init__(self) -> None:
        self.says: str | list[str] = ""
        self.status = 200
        self.requests: list[dict[str, Any]] = []
        model = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                model.requests.append(body)
                self.send_response(model.status)
                self.send_header(
                    "Content-Type", "text/event-stream" if model.status == 200 else "application/json"
                )
                self.end_headers()
                if model.status != 200:
                    self.wfile.write(b'{"error": {"message": "key sk-secret at 10.9.8.7 refused"}}')
                    return
                for word in model._next().split(" "):
                    self._event({"delta": {"role": "assistant", "content": word + " "}, "index": 0})
                self._event({"delta": {}, "finish_reason": "stop", "index": 0})
                self.wfile.write(b"data: [DONE]\n\n")

            def _event(self, choice: dict[str, Any]) -> None:
                told = {
                    "id": "1",
                    "object": "chat.completion.chunk",
                    "created": 0,
                    "model": "m",
                    "choices": [choice],
                }
                self.wfile.write(f"data: {json.dumps(told)}\n\n".encode())

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _next(self) -> str:
        return self.says if isinstance(self.says, str) else self.says.pop(0)


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    scripted = ScriptedModel()
    yield scripted
    scripted.server.shutdown()
    scripted.server.server_close()


@pytest.fixture
def ask(model: ScriptedModel, small_index: Path, embedder: Embedder) -> Callable[..., Answer]:
    settings = Settings(index=small_index, llm="openai:scripted", llm_base_url=model.url, llm_timeout_s=10)
    assistant = Assistant(settings, embedder)
    return lambda text, *history: assistant.ask(Question(text, local_principal(), history))


def test_what_a_model_writes_is_cited_to_the_sentence_that_says_it(
    model: ScriptedModel, ask: Callable[..., Answer]
) -> None:
    model.says = "Norway pays for the Harbour Programme. [1]"
    answer = ask(QUESTION)
    assert (answer.status, answer.text) == ("answered", "Norway pays for the Harbour Programme. [1]")
    assert "Norway pays for the Harbour Programme with 4.2 million euros" in answer.citations[0].quote
    assert answer.trace.model == "openai:scripted" and len(answer.trace.prompt_hash) == 64
    prompt = model.requests[0]["messages"][1]["content"]
    assert "4.2 million euros" in prompt and QUESTION in prompt and "cormorant" not in prompt


def test_invented_sentences_and_markers_are_withheld_and_counted(
    model: ScriptedModel, ask: Callable[..., Answer]
) -> None:
    model.says = "Norway pays for the Harbour Programme. [1][42]\n\nDenmark sends eleven frigates yearly. [1]"
    answer = ask(QUESTION)
    assert answer.text == "Norway pays for the Harbour Programme. [1]"
    assert (answer.trace.markers_removed, answer.trace.sentences_removed) == (2, 1)


@pytest.mark.parametrize(
    "says", ["Denmark sends frigates. [1]", "Norway pays.", "", "I'm sorry, I can't help with that."]
)
def test_an_answer_left_empty_is_never_passed_off_as_one(
    model: ScriptedModel, ask: Callable[..., Answer], says: str
) -> None:
    model.says = says
    answer = ask(QUESTION)
    assert (answer.status, answer.text, answer.citations) == ("unsupported", "", ())


def test_the_models_own_refusal_is_a_refusal(model: ScriptedModel, ask: Callable[..., Answer]) -> None:
    model.says = NOT_IN_DOCUMENTS
    assert ask(QUESTION).status == "not_in_documents"


def test_a_missing_part_is_told(model: ScriptedModel, ask: Callable[..., Answer]) -> None:
    model.says = "Norway pays for the Harbour Programme. [1]\nNOT_COVERED: who audits it."
    answer = ask(QUESTION)
    assert answer.status == "partial" and answer.text.endswith("Not covered by the documents: who audits it.")


def test_weak_evidence_calls_no_model(model: ScriptedModel, ask: Callable[..., Answer]) -> None:
    assert ask("What is the recipe for a lemon cake?").status == "not_in_documents"
    assert model.requests == []


def test_a_follow_up_is_rewritten_by_the_model_and_shown_in_the_trace(
    model: ScriptedModel, ask: Callable[..., Answer]
) -> None:
    model.says = ["Who pays for the Harbour Programme?", "Norway pays for the Harbour Programme. [1]"]
    answer = ask(
        "And who pays?", Turn("user", "What is the Harbour Programme?"), Turn("assistant", "A programme.")
    )
    assert answer.trace.search_text.strip() == "Who pays for the Harbour Programme?"


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_models_error_is_told_without_its_keys_and_addresses(
    model: ScriptedModel, ask: Callable[..., Answer], status: int
) -> None:
    model.status = status
    with pytest.raises(ModelUnavailable, match="ASSISTANT_LLM") as error:
        ask(QUESTION)
    assert "sk-secret" not in str(error.value) and "10.9.8.7" not in str(error.value)


def test_a_model_that_is_not_there_is_told(small_index: Path, embedder: Embedder) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    assistant = Assistant(
        Settings(index=small_index, llm="openai:x", llm_base_url=url, llm_timeout_s=5), embedder
    )
    with pytest.raises(ModelUnavailable, match=url):
        assistant.ask(Question(QUESTION, local_principal()))


@pytest.mark.parametrize("name", ["nonsense", "nobody:model", "mistralai:large"])
def test_a_model_name_that_cannot_be_used_is_told(small_index: Path, embedder: Embedder, name: str) -> None:
    with pytest.raises(BadSetting, match="ASSISTANT_LLM"):
        Assistant(Settings(index=small_index, llm=name), embedder)


def test_signal_words_are_held_back_while_streaming() -> None:
    text = "Norway pays. [1]\nNOT_COVERED: audits"
    shown = [visible_chars(text[:n]) for n in range(len(text) + 1)]
    assert max(shown) == text.index("NOT_COVERED") and "NOT" not in text[: max(shown)]
    assert shown == sorted(shown)


def test_the_rendered_prompt_is_the_one_that_was_reviewed(
    small_index: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assistant.assistant import _answer_messages
    from assistant.context import select

    monkeypatch.setattr("secrets.token_hex", lambda n: "0123456789abcdef")
    index = Assistant(Settings(index=small_index), embedder).index
    hits = index.search(QUESTION, 2, {"all"})
    rendered = "\n-----\n".join(text for _, text in _answer_messages(QUESTION, select(index, hits, {"all"})))
    golden = Path(__file__).parent / "golden" / "answer_prompt.txt"
    if os.environ.get("WRITE_GOLDEN"):
        golden.write_text(rendered + "\n", "utf-8")
    assert rendered + "\n" == golden.read_text("utf-8"), "if this is meant, run the test with WRITE_GOLDEN=1"
