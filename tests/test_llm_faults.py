"""A language model that misbehaves: the answer comes all the same, extracted, and says so."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.access import local_principal
from assistant.assistant import Assistant
from assistant.cli import main
from assistant.config import Settings
from assistant.llm import PAUSE_S, LanguageModel, unavailable
from assistant.types import Answer, Question, Turn
from conftest import ROOT
from index.embedding import Embedder
from scripted_model import Reply, ScriptedModel

pytest.importorskip("langchain_openai", reason="the extra [openai] is not installed")
QUESTION = Question("Who pays for the Harbour Programme?", local_principal())
GOOD = "Norway pays for the Harbour Programme. [1]"
FIRST_S, WHOLE_S = 0.5, 0.8
SECRETS = ("sk-secret", "10.9.8.7", "127.0.0.1", "user:pass")


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel() as scripted:
        yield scripted


@pytest.fixture
def assistant(model: ScriptedModel, small_index: Path, embedder: Embedder) -> Assistant:
    settings = Settings(
        index=small_index,
        llm="openai:scripted",
        llm_base_url=model.url.replace("127.0.0.1", "user:pass@127.0.0.1"),
        llm_timeout_s=WHOLE_S,
        llm_first_token_s=FIRST_S,
        llm_max_tokens=50,
    )
    return Assistant(settings, embedder)


def error(status: int, message: str = "key sk-secret at 10.9.8.7", **headers: str) -> Callable[[Reply], None]:
    return lambda reply: reply.error(status, message, **headers)


def says(text: str, finish: str = "stop") -> Callable[[Reply], None]:
    return lambda reply: reply.say(text, finish)


def sends(*raw: str | bytes, kind: str = "text/event-stream") -> Callable[[Reply], None]:
    def turn(reply: Reply) -> None:
        reply.open(kind=kind)
        for part in raw:
            reply.raw(part)

    return turn


def hangs_before_a_word(reply: Reply) -> None:
    time.sleep(FIRST_S + 0.2)


def hangs_after_the_headers(reply: Reply) -> None:
    reply.open()
    time.sleep(FIRST_S + 0.2)


def only_keeps_alive(reply: Reply) -> None:
    reply.open()
    for _ in range(30):
        reply.raw(": ping\n\n")
        time.sleep(0.04)


def hangs_in_the_middle(reply: Reply) -> None:
    reply.open()
    reply.words("Norway pays for")
    time.sleep(WHOLE_S + 0.2)


def drips(reply: Reply) -> None:
    reply.open()
    for _ in range(60):
        reply.words("word")
        time.sleep(0.03)


def never_ends(reply: Reply) -> None:
    reply.open()
    for _ in range(2000):
        reply.words("Norway pays and pays and pays")


def breaks_off(reply: Reply) -> None:
    reply.open()
    reply.words("Norway pays for the Harbour Programme. [1] Then it")


def breaks_off_inside_an_event(reply: Reply) -> None:
    breaks_off(reply)
    reply.raw('data: {"choices": [{"delta": {"content": "sto')


def lies_about_its_length(reply: Reply) -> None:
    reply.open(Content_Length="5000")
    reply.words("Norway pays for")


def resets_the_connection(reply: Reply) -> None:
    reply.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    reply.connection.close()
    reply.wfile = open("/dev/null", "wb")


def says_nothing_at_all(reply: Reply) -> None:
    return


def refuses_in_a_field(reply: Reply) -> None:
    reply.open()
    reply.event({"role": "assistant", "refusal": "This may be dangerous."})
    reply.close()


def fails_in_the_stream(reply: Reply) -> None:
    reply.open()
    reply.words("Norway")
    reply.raw('data: {"error": {"message": "key sk-secret at 10.9.8.7", "type": "server_error"}}\n\n')


def filtered_in_the_middle(reply: Reply) -> None:
    reply.open()
    reply.words("Norway pays for the Harbour Programme. [1] It also")
    reply.close("content_filter")


FAULTS: dict[str, tuple[Callable[[Reply], None], str, int]] = {
    # what the server does: (turn, word in the trace, requests it gets)
    "wrong key": (error(401), "rejected", 1),
    "forbidden": (error(403), "rejected", 1),
    "no such model": (error(404), "rejected", 1),
    "bad request": (error(400), "rejected", 1),
    "prompt filtered": (error(400, "stopped by the content filter"), "filtered", 1),
    "prompt too long": (error(413), "rejected", 1),
    "rate limit": (error(429), "rate_limited", 2),
    "rate limit for an hour": (error(429, retry_after="3600"), "rate_limited", 1),
    "server error": (error(500), "server_error", 2),
    "bad gateway": (error(502), "server_error", 2),
    "overloaded": (error(503), "server_error", 2),
    "gateway timeout": (error(504), "timeout", 1),
    "hangs before a word": (hangs_before_a_word, "timeout", 1),
    "hangs after the headers": (hangs_after_the_headers, "timeout", 1),
    "only keeps alive": (only_keeps_alive, "timeout", 1),
    "hangs in the middle": (hangs_in_the_middle, "timeout", 1),
    "drips": (drips, "timeout", 1),
    "never ends": (never_ends, "garbage", 1),
    "breaks off": (breaks_off, "cut", 1),
    "breaks off inside an event": (breaks_off_inside_an_event, "cut", 1),
    "lies about its length": (lies_about_its_length, "cut", 1),
    "says nothing at all": (says_nothing_at_all, "cut", 1),
    "empty stream": (sends(""), "empty", 2),
    "only the end mark": (sends("data: [DONE]\n\n"), "empty", 2),
    "empty text": (says(""), "empty", 1),
    "garbage bytes": (sends(b"\x00\xff\xfe\x8f\n\n" * 9), "garbage", 1),
    "garbage events": (sends("data: \x01{{{]]\n\n"), "garbage", 1),
    "events of another kind": (sends('data: {"choices": 7}\n\n'), "garbage", 1),
    "a web page": (sends("<html>Log in</html>", kind="text/html"), "empty", 2),
    "plain JSON": (sends("{}", kind="application/json"), "empty", 2),
    "fails in the stream": (fails_in_the_stream, "server_error", 1),
    "content filter": (says("Norway", "content_filter"), "filtered", 1),
    "filtered in the middle": (filtered_in_the_middle, "filtered", 1),
    "refuses in a field": (refuses_in_a_field, "empty", 2),
    "refuses in words": (says("I'm sorry, but I can't help with that."), "refused", 1),
    "refuses at length": (says("I cannot assist with terrorism. Please ask something else."), "refused", 1),
    "only thinks": (says("<think> Norway pays, I believe. [1]"), "empty", 1),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_a_model_does_the_papers_answer(
    model: ScriptedModel, assistant: Assistant, fault: str
) -> None:
    turn, word, requests = FAULTS[fault]
    model.turns = [turn]
    begun = time.monotonic()
    answer = assistant.ask(QUESTION)
    assert time.monotonic() - begun < WHOLE_S + 2 * PAUSE_S + 1
    assert (answer.status, answer.trace.fallback) == ("answered", word)
    assert "Norway pays for the Harbour Programme with 4.2 million euros" in answer.text
    assert answer.citations and (answer.trace.model, answer.trace.prompt_hash) == ("", "")
    assert len(model.requests) == requests
    assert not any(secret in repr(answer) for secret in SECRETS)


@pytest.mark.parametrize(
    "first", [error(500), error(429, retry_after="0.1"), sends(""), sends("data: [DONE]\n\n")]
)
def test_what_passes_is_tried_once_more(
    model: ScriptedModel, assistant: Assistant, first: Callable[[Reply], None]
) -> None:
    model.turns = [first, says(GOOD)]
    answer = assistant.ask(QUESTION)
    assert (answer.text, answer.trace.fallback, len(model.requests)) == (GOOD, "", 2)


def test_a_model_that_is_not_there_is_unreachable(small_index: Path, embedder: Embedder) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    answer = Assistant(
        Settings(index=small_index, llm="openai:x", llm_base_url=url, llm_timeout_s=5), embedder
    ).ask(QUESTION)
    assert (answer.status, answer.trace.fallback) == ("answered", "unreachable")


def test_the_command_line_answers_and_says_that_the_model_failed(
    model: ScriptedModel,
    small_index: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    model.turns = [error(401)]
    monkeypatch.setenv("ASSISTANT_LLM", "openai:scripted")
    monkeypatch.setenv("ASSISTANT_LLM_BASE_URL", model.url)
    monkeypatch.setenv("ASSISTANT_MODELS", str(ROOT / "var" / "models"))
    assert main(["ask", QUESTION.text, "--index", str(small_index)]) == 0
    told = capsys.readouterr()
    assert "Norway pays" in told.out and "the language model failed (rejected)" in told.err
    assert not any(secret in told.out + told.err for secret in SECRETS)


def test_an_operator_is_told_where_but_no_name_key_or_query() -> None:
    settings = Settings(llm="openai:x", llm_base_url="http://user:pass@host:9/v1?key=sk-secret")
    told = str(unavailable(settings, "unreachable"))
    assert "http://host:9/v1 did not answer" in told and "pass" not in told and "sk-secret" not in told


def test_sentences_streamed_before_a_fault_are_replaced(model: ScriptedModel, assistant: Assistant) -> None:
    model.turns = [breaks_off]
    *pieces, answer = assistant.stream(QUESTION)
    assert "".join(map(str, pieces)) == GOOD, "nothing is streamed after the fault"
    assert isinstance(answer, Answer) and answer.text != GOOD and answer.trace.fallback == "cut"


def test_a_follow_up_is_searched_by_rule_where_the_model_fails(
    model: ScriptedModel, assistant: Assistant
) -> None:
    model.turns = [error(401)]
    history = (Turn("user", "What is the Harbour Programme?"), Turn("assistant", "A programme."))
    answer = assistant.ask(Question("And who pays for it?", local_principal(), history))
    assert answer.trace.search_text == "What is the Harbour Programme? And who pays for it?"
    assert (answer.trace.fallback, len(model.requests)) == ("rejected", 1)


def test_who_stops_reading_stops_the_model(model: ScriptedModel) -> None:
    sent = []

    def endless(reply: Reply) -> None:
        reply.open()
        for n in range(400):
            reply.words("word")
            sent.append(n)
            time.sleep(0.005)

    model.turns = [endless]
    stream = LanguageModel(Settings(llm="openai:x", llm_base_url=model.url)).stream([("user", "x")])
    next(iter(stream))
    stream.close()  # type: ignore[attr-defined]
    time.sleep(0.3)
    count = len(sent)
    time.sleep(0.1)
    assert len(sent) == count < 300


def test_what_is_sent_holds_no_tools_and_asks_for_the_count(
    model: ScriptedModel, assistant: Assistant
) -> None:
    model.says = GOOD
    assistant.ask(QUESTION)
    sent = model.requests[0]
    assert sent["stream_options"] == {"include_usage": True} and sent["temperature"] == 0
    assert "tools" not in sent and "groups" not in json.dumps(sent)
