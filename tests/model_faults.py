"""What a language model's server can do wrong, one by one, and what an asker sees of it.

Of each fault: what the server does, the word in the trace that is right for it ("" where the model's
answer stands), and how many requests it gets.
"""

import contextlib
import gzip
import html
import json
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import SecretStr

from assistant.access import local_principal
from assistant.answer_json import answer_as_json
from assistant.assistant import Assistant
from assistant.breaker import Breaker
from assistant.config import Settings
from assistant.types import Answer, Question
from assistant.web import answers, texts
from index.embedding import Embedder
from scripted_model import Reply, ScriptedModel, Turn

QUESTION = Question("Who pays for the Harbour Programme?", local_principal())
GOOD = "Norway pays for the Harbour Programme. [1]"
EXTRACTED = "Norway pays for the Harbour Programme with 4.2 million euros"
SECRETS = ("sk-secret", "10.9.8.7", "127.0.0.1", "user:pass", "sk-key")
HURRIED = (0.4, 0.7)  # seconds for the first word and the whole, where a fault is that nothing comes
PATIENT = (6.0, 9.0)  # where it is another one: a busy machine is none of them
SLACK_S = 2.0  # beyond them, for the search and a busy machine


@dataclass(frozen=True)
class Fault:
    """`greet` is done before a request is read, `turn` with one; `url` is where the model is sought;
    `waits` tells that only the time ends it."""

    turn: Turn | None = None
    word: str = ""
    requests: int = 1
    greet: Callable[[socket.socket], bool] | None = None
    url: Callable[[str], str] | None = None
    waits: bool = False

    @property
    def seconds(self) -> tuple[float, float]:
        """What is given for the first word, and for the whole."""
        return HURRIED if self.waits else PATIENT


@dataclass(frozen=True)
class Met:
    """What came of a fault; `elsewhere` counts the requests that another host got."""

    answer: Answer
    seconds: float
    requests: int
    let_go_s: float = 0.0
    elsewhere: int = 0

    def wrong(self, fault: Fault, whole_s: float = 0.0) -> str:
        """What does not keep the promise, "" where all does."""
        found = self.answer.trace
        if self.answer.status != "answered" or not self.answer.citations:
            return f"no answer ({self.answer.status})"
        told = answer_as_json(QUESTION.text, self.answer, ())["trace"]["fallback"]
        requests = self.requests if not fault.waits else fault.requests
        if (told, requests) != (fault.word, fault.requests):
            return f"{told!r} after {requests} requests, not {fault.word!r} after {fault.requests}"
        if self.seconds > (whole_s or fault.seconds[1]) + SLACK_S:
            return f"took {self.seconds:.1f} s"
        if self.let_go_s > 2:
            return f"its connection was let go after {self.let_go_s:.1f} s"
        if self.elsewhere:
            return "another host was asked"
        said = html.unescape(str(answers.answer(self.answer)))
        marked = texts.STATE_FALLBACK in said
        if fault.word and (EXTRACTED not in self.answer.text or found.model or not marked):
            return "an extracted answer that does not say so"
        if not fault.word and (found.model != "openai:scripted" or marked):
            return "a model's answer that does not say so"
        return next((f"tells {each}" for each in SECRETS if each in repr(self.answer) + said), "")


class Bench:
    """A server that does what it is told, and an assistant that asks it; for one thread."""

    def __init__(self, index: Path, embedder: Embedder, seconds: tuple[float, float]) -> None:
        self.model, self.other = ScriptedModel(), ScriptedModel()
        self.model.elsewhere = self.other.url
        self._index, self._embedder, self._seconds = index, embedder, seconds
        self._assistant = self._assistant_at(self.model.url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.model.__exit__()
        self.other.__exit__()

    def meet(self, fault: Fault) -> Met:
        """Ask while the server does this."""
        assistant = self._assistant_at(fault.url(self.model.url)) if fault.url else self._assistant
        assert assistant._model is not None
        assistant._model.breaker = Breaker()
        server = self.model.server
        self.model.turns = [fault.turn] if fault.turn else []
        self.model.requests.clear()
        self.other.requests.clear()
        server.greet = fault.greet or (lambda connection: False)
        server.hanging.clear()
        server.left_at.clear()
        began = time.monotonic()
        answer = assistant.ask(QUESTION)
        ended = time.monotonic()
        let_go_s = 0.0
        if server.hanging.is_set():
            until = ended + 3
            while not server.left_at and time.monotonic() < until:
                time.sleep(0.02)
            let_go_s = max(0.0, (server.left_at or [until])[0] - ended)
        return Met(answer, ended - began, len(self.model.requests), let_go_s, len(self.other.requests))

    def _assistant_at(self, url: str) -> Assistant:
        return Assistant(settings_of(url, self._index, self._seconds), self._embedder)


def settings_of(url: str, index: Path, seconds: tuple[float, float] = PATIENT) -> Settings:
    """Settings of a model at this address, with a key and a password that nobody may be told."""
    return Settings(
        index=index,
        llm="openai:scripted",
        llm_base_url=url.replace("127.0.0.1", "user:pass@127.0.0.1"),
        llm_api_key=SecretStr("sk-key"),
        llm_first_token_s=seconds[0],
        llm_timeout_s=seconds[1],
        llm_max_tokens=50,
    )


def error(status: int, message: str = "key sk-secret at 10.9.8.7", **headers: str) -> Turn:
    return lambda reply: reply.error(status, message, **headers)


def says(text: str, finish: str = "stop") -> Turn:
    return lambda reply: reply.say(text, finish)


def sends(*raw: str | bytes, kind: str = "text/event-stream", **headers: str) -> Turn:
    def turn(reply: Reply) -> None:
        reply.open(200, kind, **headers)
        for part in raw:
            reply.raw(part)

    return turn


def after(*raw: str | bytes, text: str = GOOD) -> Turn:
    """Says something, and then sends this instead of an end."""

    def turn(reply: Reply) -> None:
        reply.open()
        reply.words(text)
        for part in raw:
            reply.raw(part)

    return turn


def raw(*parts: bytes, pause_s: float = 0.0, times: int = 1) -> Turn:
    """Sends bytes instead of HTTP."""

    def turn(reply: Reply) -> None:
        for _ in range(times):
            for part in parts:
                reply.raw(part)
                time.sleep(pause_s)

    return turn


def event(told: object) -> str:
    return f"data: {json.dumps(told)}\n\n"


def chunk(*deltas: dict[str, object], finish: str | None = None, **more: object) -> str:
    choices = [{"delta": delta, "index": n, "finish_reason": finish} for n, delta in enumerate(deltas)]
    return event({"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m",
                  "choices": choices, **more})  # fmt: skip


WHOLE = (
    chunk({"role": "assistant", "content": GOOD}) + chunk({}, finish="stop") + "data: [DONE]\n\n"
).encode()
LINES = WHOLE.replace(b"\n", b"\r\n")
NULL = chunk({"role": "assistant", "content": None}) + chunk({}, finish="stop")
TOOL = (
    chunk({"tool_calls": [{"index": 0, "id": "1", "function": {"name": "f", "arguments": ""}}]})
    + chunk({}, finish="tool_calls")
)  # fmt: skip
SEVERAL = chunk({"content": GOOD}, {"content": "Denmark pays."}) + chunk({}, {}, finish="stop")
USAGE = chunk(finish="stop", usage="much") + chunk({}, finish="stop")
DATE = "Wed, 21 Oct 2099 07:28:00 GMT"


def hangs(reply: Reply) -> None:
    reply.hang()


def hangs_after_the_headers(reply: Reply) -> None:
    reply.open()
    reply.hang()


def hangs_in_the_middle(reply: Reply) -> None:
    reply.open()
    reply.words("Norway pays for")
    reply.hang()


def hangs_after_sentences(reply: Reply) -> None:
    reply.open()
    reply.words(GOOD + " And then")
    reply.hang()


def hangs_in_an_error(reply: Reply) -> None:
    reply.open(500, "application/json")
    reply.raw('{"error": ')
    reply.hang()


def hangs_at_the_door(connection: socket.socket) -> bool:
    connection.settimeout(30)
    with contextlib.suppress(OSError):
        while connection.recv(65536):
            pass
    return True


def resets_at_the_door(connection: socket.socket) -> bool:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()
    return True


def closes_at_the_door(connection: socket.socket) -> bool:
    connection.shutdown(socket.SHUT_RDWR)
    return True


def resets(reply: Reply) -> None:
    reply.reset()


def resets_after_the_headers(reply: Reply) -> None:
    reply.open()
    reply.reset()


def resets_in_the_middle(reply: Reply) -> None:
    reply.open()
    reply.words("Norway pays for")
    time.sleep(0.05)
    reply.reset()


def first_word_late(reply: Reply) -> None:
    reply.open()
    time.sleep(0.3)
    reply.words(GOOD)
    reply.close()


def only_keeps_alive(reply: Reply) -> None:
    reply.open()
    for _ in range(100):
        reply.raw(": ping\n\n")
        time.sleep(0.04)


def drips_headers(reply: Reply) -> None:
    for byte in b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + WHOLE:
        reply.raw(bytes([byte]))
        time.sleep(0.05)


def drips_bytes(reply: Reply) -> None:
    reply.open()
    for byte in WHOLE:
        reply.raw(bytes([byte]))
        time.sleep(0.05)


def drips_words(reply: Reply) -> None:
    reply.open()
    for _ in range(100):
        reply.words("word")
        time.sleep(0.03)


def never_ends(reply: Reply) -> None:
    reply.open()
    for _ in range(20_000):
        reply.words("Norway pays and pays and pays")


def never_ends_a_line(reply: Reply) -> None:
    reply.open()
    reply.raw("data: ")
    for _ in range(1600):  # 100 MB
        reply.raw(b"x" * 65_536)


def never_ends_an_error(reply: Reply) -> None:
    reply.open(500, "application/json")
    for _ in range(1600):
        reply.raw(b"x" * 65_536)


def never_ends_its_thoughts(reply: Reply) -> None:
    reply.open()
    for _ in range(400_000):
        reply.event({"role": "assistant", "reasoning_content": "hm " * 3000})


def breaks_off_inside_an_event(reply: Reply) -> None:
    after('data: {"choices": [{"delta": {"content": "sto')(reply)


def half_a_letter(reply: Reply) -> None:
    reply.open()
    reply.words("Norway pays for")
    reply.raw('data: {"choices": [{"delta": {"content": "é'.encode()[:-1])


def refuses_in_a_field(reply: Reply) -> None:
    reply.open()
    reply.event({"role": "assistant", "refusal": "This may be dangerous."})
    reply.close()


def filtered_in_the_middle(reply: Reply) -> None:
    reply.open()
    reply.words("Norway pays for the Harbour Programme. [1] It also")
    reply.close("content_filter")


def without_usage(reply: Reply) -> None:
    reply.open()
    reply.words(GOOD)
    reply.event({}, "stop")
    reply.raw("data: [DONE]\n\n")


def without_done(reply: Reply) -> None:
    reply.open()
    reply.words(GOOD)
    reply.event({}, "stop")


def goes_on_after_the_end(reply: Reply) -> None:
    reply.say(GOOD)
    reply.words("Denmark pays as well. [1]")


def sends_one_huge_piece(reply: Reply) -> None:
    reply.open()
    reply.raw(chunk({"role": "assistant", "content": "Norway pays. " * 400_000}))


def leads_elsewhere(status: int) -> Turn:
    def turn(reply: Reply) -> None:
        model: ScriptedModel = reply.server.model
        reply.open(status, "text/plain", Location=model.elsewhere + "/chat/completions")

    return turn


def leads_in_a_circle(reply: Reply) -> None:
    reply.open(307, "text/plain", Location=reply.path)


def header(line: bytes, body: bytes = WHOLE) -> Turn:
    """Sends a whole answer with one header more."""
    return raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" + line + b"\r\n\r\n" + body)


def _refused(url: str) -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1"


def _bomb() -> bytes:
    return gzip.compress(b"data: " + b"x" * 50_000_000)


FAULTS: dict[str, Fault] = {
    # Where it is sought, and at the door.
    "no such host": Fault(None, "unreachable", 0, url=lambda url: "http://nowhere.invalid/v1"),
    "nobody listens": Fault(None, "unreachable", 0, url=_refused),
    "TLS to a plain port": Fault(None, "unreachable", 0, url=lambda url: url.replace("http:", "https:")),
    "another path": Fault(lambda reply: reply.error(404), "rejected", 1, url=lambda url: url + "/v2"),
    "hangs at the door": Fault(None, "timeout", 0, greet=hangs_at_the_door, waits=True),
    "resets at the door": Fault(None, "cut", 0, greet=resets_at_the_door),
    "closes at the door": Fault(None, "cut", 0, greet=closes_at_the_door),
    # When it answers.
    "hangs before a word": Fault(hangs, "timeout", waits=True),
    "hangs after the headers": Fault(hangs_after_the_headers, "timeout", waits=True),
    "hangs in the middle": Fault(hangs_in_the_middle, "timeout", waits=True),
    "hangs after sentences": Fault(hangs_after_sentences, "timeout", waits=True),
    "hangs in an error": Fault(hangs_in_an_error, "timeout", waits=True),
    "first word late": Fault(first_word_late),
    "only keeps alive": Fault(only_keeps_alive, "timeout", waits=True),
    "drips its headers": Fault(drips_headers, "timeout", waits=True),
    "drips bytes": Fault(drips_bytes, "timeout", waits=True),
    "drips words": Fault(drips_words, "timeout", waits=True),
    # How it ends.
    "resets before the headers": Fault(resets, "cut", 2),
    "resets after the headers": Fault(resets_after_the_headers, "cut", 2),
    "resets in the middle": Fault(resets_in_the_middle, "cut"),
    "says nothing at all": Fault(lambda reply: None, "cut", 2),
    "breaks off": Fault(after(), "cut"),
    "breaks off inside an event": Fault(breaks_off_inside_an_event, "cut"),
    "breaks off inside a letter": Fault(half_a_letter, "garbage"),
    "no end mark": Fault(without_done),
    "no usage": Fault(without_usage),
    "goes on after the end": Fault(goes_on_after_the_end),
    "empty stream": Fault(sends(""), "empty", 2),
    "only the end mark": Fault(sends("data: [DONE]\n\n"), "empty", 2),
    # How much.
    "never ends": Fault(never_ends, "garbage"),
    "never ends a line": Fault(never_ends_a_line, "garbage"),
    "never ends an error": Fault(never_ends_an_error, "server_error", 2),
    "never ends its thoughts": Fault(never_ends_its_thoughts, "garbage"),
    "one huge piece": Fault(sends_one_huge_piece, "garbage"),
    "compressed a thousand times": Fault(sends(_bomb(), Content_Encoding="gzip"), "garbage"),
    "compressed unasked": Fault(sends(gzip.compress(WHOLE), Content_Encoding="gzip"), "garbage"),
    # What it is.
    "garbage bytes": Fault(sends(b"\x00\xff\xfe\x8f\n\n" * 9), "garbage"),
    "garbage events": Fault(sends("data: \x01{{{]]\n\n"), "garbage"),
    "garbage after sentences": Fault(after("data: {{{\n\n"), "garbage"),
    "events of another kind": Fault(sends('data: {"choices": 7}\n\n'), "garbage"),
    "JSON too deep": Fault(sends("data: " + "[" * 100_000 + "\n\n"), "garbage"),
    "usage that is none": Fault(after(USAGE), "garbage"),
    "a web page": Fault(sends("<html>Log in</html>", kind="text/html; charset=utf-8"), "garbage"),
    "plain JSON": Fault(sends("{}", kind="application/json"), "empty", 2),
    "no HTTP": Fault(raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "cut", 2),
    "endless headers": Fault(raw(b"HTTP/1.1 200 OK\r\n", b"X: " + b"y" * 8000 + b"\r\n", times=99), "cut", 2),
    "no content": Fault(raw(b"HTTP/1.1 204 No Content\r\n\r\n"), "empty", 2),
    "another content type": Fault(sends(WHOLE, kind="text/plain")),
    "no content type": Fault(raw(b"HTTP/1.0 200 OK\r\n\r\n" + WHOLE)),
    "length too great": Fault(header(b"Content-Length: 99999")),
    "length too small": Fault(header(b"Content-Length: 150"), "empty", 2),
    "length that is none": Fault(header(b"Content-Length: -7"), "cut", 2),
    "chunks that are none": Fault(header(b"Transfer-Encoding: chunked", b"zzz\r\n"), "cut", 2),
    "CR LF and a byte order mark": Fault(sends(b"\xef\xbb\xbf: hello\r\n\r\n" + LINES)),
    # Where it leads.
    **{f"leads away, {status}": Fault(leads_elsewhere(status), "rejected") for status in (301, 302, 307)},
    "leads in a circle": Fault(leads_in_a_circle, "rejected"),
    # What it tells.
    **{f"status {status}": Fault(error(status), "rejected") for status in (401, 402, 403, 405, 409, 418)},
    **{f"status {status}": Fault(error(status), "unfit") for status in (400, 413, 422)},
    **{f"status {status}": Fault(error(status), "timeout") for status in (408, 504)},
    **{f"status {status}": Fault(error(status), "server_error", 2) for status in (500, 502, 503, 529)},
    "prompt filtered": Fault(error(400, "stopped by the content filter"), "filtered"),
    "status 429": Fault(error(429), "rate_limited", 2),
    "429, wait 0.1 s": Fault(error(429, retry_after="0.1"), "rate_limited", 2),
    "429, wait an hour": Fault(error(429, retry_after="3600"), "rate_limited"),
    "429, wait 30 years": Fault(error(429, retry_after="1e9"), "rate_limited"),
    "429, wait for ever": Fault(error(429, retry_after="inf"), "rate_limited"),
    "429, wait backwards": Fault(error(429, retry_after="-5"), "rate_limited", 2),
    "429, wait for no number": Fault(error(429, retry_after="nan"), "rate_limited", 2),
    "429, wait until a date": Fault(error(429, retry_after=DATE), "rate_limited", 2),
    "error in the stream": Fault(sends(event({"error": {"message": "sk-secret"}})), "server_error", 2),
    "error after sentences": Fault(after(event({"error": {"message": "sk-secret"}})), "server_error"),
    # What it says.
    "content filter": Fault(says("Norway", "content_filter"), "filtered"),
    "filtered in the middle": Fault(filtered_in_the_middle, "filtered"),
    "refuses in a field": Fault(refuses_in_a_field, "empty", 2),
    "refuses in words": Fault(says("I'm sorry, but I can't help with that."), "refused"),
    "refuses at length": Fault(says("I cannot assist with terrorism. Ask something else."), "refused"),
    "only thinks": Fault(says("<think> Norway pays, I believe. [1]"), "empty"),
    "empty text": Fault(says(""), "empty"),
    "content is null": Fault(sends(NULL), "empty", 2),
    "wants a tool": Fault(sends(TOOL), "empty", 2),
    "no choices": Fault(sends(chunk(), "data: [DONE]\n\n"), "empty", 2),
    "several choices": Fault(sends(SEVERAL)),
    "too long": Fault(says(GOOD, "length")),
}  # fmt: skip


def met(index: Path, embedder: Embedder, workers: int = 4) -> dict[str, Met]:
    """What comes of each fault; several at once, for most of them wait."""
    benches: dict[tuple[int, tuple[float, float]], Bench] = {}

    def one(name: str) -> Met:
        seconds = FAULTS[name].seconds
        key = (threading.get_ident(), seconds)
        if key not in benches:
            benches[key] = Bench(index, embedder, seconds)
        return benches[key].meet(FAULTS[name])

    with contextlib.ExitStack() as stack:
        with ThreadPoolExecutor(workers) as pool:
            found = dict(zip(FAULTS, pool.map(one, FAULTS), strict=True))
        for bench in benches.values():
            stack.enter_context(bench)
    return found
