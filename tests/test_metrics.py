"""Figures for Prometheus: each question counts once, whichever door, and no label tells of anybody."""

import json
import logging
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.datastructures import Headers

import programs
import scripted
from assistant.access import local_principal, signed_on_principal
from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.errors import AssistantFault, BadSetting, PortInUse, RecordsUnavailable, TooManyQuestions
from assistant.journal import CURRENT
from assistant.types import Answer, Question
from assistant.watching import Ended, Errand
from assistant.web.metrics import DOORS, OUTCOMES, Metrics, State, published
from assistant.web.numbering import Numbered, proxy_of
from assistant.web.reception import Bounds, Reception
from chatting import Chat
from conftest import ROOT
from index import generations
from index.embedding import Embedder
from index.errors import BadIndex
from index.search import Index
from serving import served

GOLDEN = ROOT / "tests" / "golden" / "metrics.txt"
PAYS, CAKE = "Who pays for the Harbour Programme?", "What is the recipe for a lemon cake?"
RESERVE = "How large is the cormorant reserve?"  # told in a paper that `leads` may read
BOUNDS = Bounds(per_minute=100, at_once=1, waiting=0, history_turns=20)
Figures = Counter[tuple[str, tuple[tuple[str, str], ...]]]


def read(text: str) -> Figures:
    """Every figure by its name and labels, as Prometheus' own parser understands them."""
    families = text_string_to_metric_families(text)
    samples = [one for each in families for one in each.samples]
    return Counter({(one.name, tuple(sorted(one.labels.items()))): one.value for one in samples})


def value(figures: Figures, name: str, **labels: str) -> float:
    return figures[f"ct_assistant_{name}", tuple(sorted(labels.items()))]


@dataclass(frozen=True)
class Served:
    """A whole server, where its figures are, and its folder."""

    address: str
    figures_at: str
    folder: Path

    def figures(self) -> Figures:
        return read(httpx.get(f"http://{self.figures_at}/metrics").raise_for_status().text)


@pytest.fixture(scope="module")
def server(
    small_index: Path, embedder: Embedder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("metrics")
    assistant = Assistant(Settings(index=small_index), embedder)
    app = programs.application(folder, assistant, corpus=small_index.parent / "corpus", index=small_index)
    with served(app) as address, published(app.state.metrics, "127.0.0.1:0") as figures_at:
        yield Served(address, figures_at, folder)


def by_chat(address: str, question: str) -> None:
    with httpx.Client(base_url=address, timeout=60) as client:
        Chat(client).ask(question)


def by_api(address: str, question: str) -> None:
    httpx.post(f"{address}/api/ask", json={"question": question}, timeout=60).raise_for_status()


def by_openai(address: str, question: str) -> None:
    body = {"model": "ct-assistant", "messages": [{"role": "user", "content": question}]}
    httpx.post(f"{address}/v1/chat/completions", json=body, timeout=60).raise_for_status()


def by_mcp(address: str, question: str) -> None:
    asked = {"name": "ask", "arguments": {"question": question}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": asked}
    headers = {"accept": "application/json, text/event-stream"}
    httpx.post(f"{address}/mcp", json=body, headers=headers, timeout=60).raise_for_status()


def grown(server: Served, do: Callable[[], None], until: Callable[[Figures], bool]) -> Figures:
    """By how much each figure grew through what is done; the end of a stream is counted a moment later."""
    before, deadline = server.figures(), time.monotonic() + 10
    do()
    while True:
        after = server.figures()
        after.subtract(before)
        if until(after) or time.monotonic() > deadline:
            return after
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("door", "ask"), [("chat", by_chat), ("api", by_api), ("openai", by_openai), ("mcp", by_mcp)]
)
def test_a_question_counts_once_whichever_door_it_came_through(
    server: Served, door: str, ask: Callable[[str, str], None]
) -> None:
    def asked(figures: Figures) -> int:
        return round(sum(figures[key] for key in figures if key[0] == "ct_assistant_questions_total"))

    grew = grown(server, lambda: ask(server.address, PAYS), lambda now: asked(now) > 0)
    assert value(grew, "questions_total", door=door, status="answered") == 1 == asked(grew)
    assert value(grew, "answer_seconds_count") == 1 and value(grew, "refusals_total") == 0
    steps = ("wait", "receive", "condense", "search", "select", "gate", "compare", "cite")
    assert [value(grew, "step_seconds_count", step=step) for step in steps] == [1] * len(steps)
    assert value(grew, "answers_in_progress") == 0 == value(grew, "questions_waiting")


def test_a_paper_that_is_denied_counts_like_one_that_is_not_there(server: Served) -> None:
    def counts(question: str) -> Mapping[object, float]:
        grew = grown(server, lambda: by_api(server.address, question), lambda now: True)
        counted = ("_total", "_count")
        return {key: n for key, n in grew.items() if n and "ct_" in key[0] and key[0].endswith(counted)}

    denied, absent = counts(RESERVE), counts(CAKE)
    assert denied == absent and denied["ct_assistant_refusals_total", ()] == 1


def test_names_and_labels_are_those_that_dashboards_know(server: Served) -> None:
    by_api(server.address, PAYS)
    families = text_string_to_metric_families(httpx.get(f"http://{server.figures_at}/metrics").text)
    told = {
        f"{one.name} {{{','.join(sorted(label for label in one.labels if label != 'le'))}}}"
        for family in families
        for one in family.samples
    }
    assert sorted(told) == GOLDEN.read_text("utf-8").splitlines()


def test_no_label_tells_of_a_person_a_question_or_a_paper(server: Served, small_index: Path) -> None:
    words = {*DOORS, *OUTCOMES, "minute", "person", "queue"}
    words |= {"wait", "receive", "condense", "search", "select", "gate", "answer", "compare", "cite"}
    words |= {generations.current(small_index).name}
    for name, labels in server.figures():
        for label, told in labels:
            assert told in words or (label == "le" and float(told) > 0), (name, label, told)


def test_a_reason_that_is_no_word_of_ours_is_no_label() -> None:
    metrics = Metrics()
    [answer] = [part for part in scripted.scripted().stream(Question("Who pays?", local_principal()))][-1:]
    assert isinstance(answer, Answer)
    for why in ("timeout", "http://10.0.0.5 said Mary", "A" * 100):
        ended = replace(answer, trace=replace(answer.trace, fallback=why))
        _, end = metrics.begin(Errand(), "api")
        end(Ended(ended, "api", 0.1, Errand()))
    figures = read(metrics.text().decode())
    assert value(figures, "fallbacks_total", reason="timeout") == 1
    assert value(figures, "fallbacks_total", reason="other") == 2


def test_whoever_is_turned_away_counts_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.web.reception.PLACE_S", 0.05)
    metrics = Metrics()
    reception = Reception(scripted.scripted(), replace(BOUNDS, per_minute=2, waiting=1), watchers=[metrics])
    mary, ben = (signed_on_principal("proxy", name, []) for name in ("mary", "ben"))
    metrics.look_at(State(lambda: reception.in_hand, _no_index, Path("/nowhere"), lambda: None, lambda: 3))
    first = reception.stream(Question("Who pays?", mary))
    next(first)
    assert reception.in_hand == (1, 0)
    for who in (mary, mary):
        with pytest.raises(TooManyQuestions):
            reception.ask(Question("Who pays?", who), "api")
    waiting = threading.Thread(target=lambda: reception.ask(Question("Who pays?", ben), "api"))
    waiting.start()
    while reception.in_hand != (1, 1):
        time.sleep(0.01)
    with pytest.raises(TooManyQuestions):
        reception.ask(Question("Who pays?", local_principal()), "mcp")
    assert value(read(metrics.text().decode()), "questions_waiting") == 1
    list(first)
    waiting.join()
    told = read(metrics.text().decode())
    reasons = ("person", "minute", "queue")
    assert [value(told, "turned_away_total", reason=why) for why in reasons] == [1, 1, 1]
    assert value(told, "questions_total", door="api", status="turned_away") == 2
    assert value(told, "answers_in_progress") == 0 and value(told, "exchanges_waiting") == 3


def _no_index() -> Index:
    raise BadIndex("x: no index here.")


def test_what_is_away_is_told_and_hides_no_other_figure(tmp_path: Path) -> None:
    def away() -> None:
        raise RecordsUnavailable("away")

    metrics = Metrics()
    (tmp_path / generations.CURRENT).write_text("20260101T000000-abcdef")
    metrics.look_at(State(lambda: (0, 0), _no_index, tmp_path, away, lambda: 0))
    told = read(metrics.text().decode())
    assert value(told, "records_up") == 0 and value(told, "build_refused") == 1
    assert not any(name == "ct_assistant_build_info" for name, _ in told)


def test_the_build_that_is_served_is_told(server: Served, small_index: Path) -> None:
    told, build = server.figures(), generations.current(small_index)
    assert value(told, "build_info", build=build.name) == 1 and value(told, "build_refused") == 0
    assert value(told, "build_documents") == 3 and value(told, "build_passages") >= 3
    assert time.time() - value(told, "build_published_timestamp_seconds") < 86_400


def test_readers_do_not_reach_the_figures_and_pages_of_other_sites_neither(server: Served) -> None:
    told = httpx.get(f"{server.address}/metrics")
    assert "ct_assistant_" not in told.text
    where = f"http://{server.figures_at}"
    assert httpx.get(f"{where}/metrics", headers={"Host": "evil.example"}).status_code == 404
    assert httpx.get(f"{where}/").status_code == 404
    assert httpx.post(f"{where}/metrics").status_code == 501
    assert "access-control-allow-origin" not in httpx.get(f"{where}/metrics").headers


def test_the_figures_are_not_served_unless_an_address_is_named() -> None:
    with published(Metrics(), "") as nowhere:
        assert nowhere == ""
    for wrong in ("9464", "127.0.0.1:", "127.0.0.1:x", ":9464", "127.0.0.1:99999"):
        with pytest.raises(BadSetting, match="ASSISTANT_METRICS"), published(Metrics(), wrong):
            pass
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PortInUse), published(Metrics(), f"127.0.0.1:{taken.getsockname()[1]}"):
            pass


def test_a_client_that_says_nothing_does_not_hold_the_figures_up_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("assistant.web.metrics._Scrape.timeout", 0.2)
    with published(Metrics(), "127.0.0.1:0") as where:
        host, port = where.split(":")
        with socket.create_connection((host, int(port))):
            assert httpx.get(f"http://{where}/metrics", timeout=5).status_code == 200


def test_the_id_of_a_request_is_in_its_answer_and_in_its_audit_line(server: Served) -> None:
    sent = {"X-Request-Id": "chosen-by-the-sender"}  # this server trusts no proxy
    told = httpx.post(f"{server.address}/api/ask", json={"question": PAYS}, headers=sent, timeout=60)
    number = told.headers["x-request-id"]
    assert len(number) == 32 and number != sent["X-Request-Id"]
    audit = [json.loads(line) for line in (server.folder / "audit" / CURRENT).read_text("utf-8").splitlines()]
    assert [line["status"] for line in audit if line["request"] == number] == ["answered"]
    other = httpx.get(f"{server.address}/nowhere/at/all").headers["x-request-id"]
    assert len(other) == 32 and other != number


def test_the_log_of_a_question_in_the_chat_names_the_request_that_brought_it(
    server: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from assistant import watching

    seen: list[str] = []

    class Seeing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(watching.current().request)

    def failing(*_: object) -> None:
        logging.getLogger("assistant.test").error("in the midst of it")

    monkeypatch.setattr("assistant.assistant.sought", _after(failing, "assistant.assistant", "sought"))
    handler = Seeing()
    logging.getLogger("assistant.test").addHandler(handler)
    try:
        with httpx.Client(base_url=server.address, timeout=60) as client:
            chat = Chat(client)
            joined = chat.join(("question", "submit"), [PAYS, [], "", ""])
            chat.updates()
    finally:
        logging.getLogger("assistant.test").removeHandler(handler)
    assert seen == [joined.headers["x-request-id"]]


def _after(first: Callable[..., None], module: str, name: str) -> Callable[..., object]:
    import importlib

    whole = getattr(importlib.import_module(module), name)

    def both(*args: object) -> object:
        first()
        return whole(*args)

    return both


async def _numbered(settings: Settings, client: tuple[str, int] | None, **headers: str) -> tuple[str, Errand]:
    """The id that an answer bears, and what its application was at work for."""
    from assistant import watching

    seen: list[tuple[str, Errand]] = []

    async def app(scope: object, receive: object, send: Callable[[dict[str, object]], object]) -> None:
        seen.append(("", watching.current()))
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[misc]

    async def send(message: Mapping[str, list[tuple[bytes, bytes]]]) -> None:
        seen.append((Headers(raw=message["headers"])["x-request-id"], Errand()))

    raw = [(name.replace("_", "-").encode(), told.encode()) for name, told in headers.items()]
    scope = {"type": "http", "path": "/", "headers": raw, "client": client}
    await Numbered(app, proxy_of(settings))(scope, None, send)  # type: ignore[arg-type]
    return seen[1][0], seen[0][1]


TRACE = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"


@pytest.mark.parametrize(
    ("given", "client", "believed"),
    [
        ({"host": "unix:/run/ct.sock"}, None, True),
        ({"host": "unix:/run/ct.sock", "sign_on": "oidc"}, None, True),
        ({"proxy_addresses": "10.0.0.7", "sign_on": "proxy"}, ("10.0.0.7", 1), True),
        ({"proxy_addresses": "10.0.0.7", "sign_on": "proxy"}, ("10.0.0.8", 1), False),
        ({}, ("127.0.0.1", 1), False),
    ],
)
@pytest.mark.anyio
async def test_an_id_and_a_trace_are_taken_from_the_trusted_proxy_only(
    given: dict[str, str], client: tuple[str, int] | None, believed: bool
) -> None:
    settings = Settings.model_validate(given)
    number, errand = await _numbered(settings, client, x_request_id="from-the-proxy", traceparent=TRACE)
    assert (number == "from-the-proxy") is believed and errand.request == number
    assert errand.parent == (TRACE if believed else "")
    for wrong in ("short", "a" * 65, "with a blank", "new\nline-in-it", "é" * 10):
        number, errand = await _numbered(settings, client, x_request_id=wrong, traceparent="00-x")
        assert len(number) == 32 and errand.parent == ""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_no_fault_of_ours_is_hidden_from_the_asker_by_whoever_watches() -> None:
    metrics = Metrics()
    reception = Reception(scripted.scripted(), BOUNDS, watchers=[metrics])
    with pytest.raises(AssistantFault):
        reception.ask(Question("?!", local_principal()), "api")
    with pytest.raises(ZeroDivisionError):
        reception.ask(Question("stack trace", local_principal()), "api")
    told = read(metrics.text().decode())
    assert value(told, "questions_total", door="api", status="refused") == 1
    assert value(told, "questions_total", door="api", status="failed") == 1


def test_every_figure_that_an_alert_looks_at_is_there() -> None:
    yaml = pytest.importorskip("yaml")
    groups = yaml.safe_load((ROOT / "docs" / "deployment" / "alerts.yaml").read_text("utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    asked = {name for rule in rules for name in re.findall(r"ct_assistant_\w+", rule["expr"])}
    known = {line.split()[0] for line in GOLDEN.read_text("utf-8").splitlines()}
    assert len(rules) == 5 and asked <= known | {"ct_assistant_fallbacks_total"}
