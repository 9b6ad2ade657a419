"""The leak matrix: a hundred questions that aim at other people's papers, through every surface.

A surface is one function, (world, who, asked) -> all that they see; a new one is a line in SURFACES.
What somebody types themselves is no leak. Each surface is shown to leak when its guard is taken out.
"""

import html
import io
import json
import logging
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from pypdf import PdfReader

import chatting
import leaks
from assistant.answer_json import answer_as_json
from assistant.assistant import Assistant
from assistant.cli import main
from assistant.config import Settings
from assistant.evaluation.commands import evaluate
from assistant.evaluation.runner import Plan
from assistant.records import Conversations, Database, Exchange, exchange_of, new_id
from assistant.records.rights import Reader
from assistant.retriever import PassageRetriever
from assistant.types import Answer, Question, Side, Turn
from assistant.web import server, suggestions
from chatting import Chat
from index.build import build
from index.embedding import Embedder
from index.search import Index
from index.types import Document
from leaks import Asked
from serving import served

QUESTIONS = leaks.questions()
MORE = "And what else does it say of the reserve?"
# The chat's framework measures its queue with a pandas option that is on its way out.
pytestmark = pytest.mark.filterwarnings("ignore:.*no_silent_downcasting")


@dataclass
class World:
    """A served assistant over the shelf, and for each question an answer that its asker was given while
    they were in every group: `given`, in a conversation of their own, `kept`."""

    settings: Settings
    assistant: Assistant
    address: str
    clients: dict[str, httpx.Client]
    given: dict[str, Exchange] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)

    def get(self, who: str, path: str, **query: str) -> httpx.Response:
        return self.clients[who].get(path, params=query)

    def ask(self, who: str, asked: Asked, **more: object) -> Answer:
        return self.assistant.ask(Question(asked.text, leaks.principal(who), **more))  # type: ignore[arg-type]


Surface = Callable[[World, str, Asked], str]


def as_json(world: World, who: str, asked: Asked, answer: Answer) -> str:
    documents = world.assistant.index.documents(leaks.principal(who).groups)
    return json.dumps(answer_as_json(asked.text, answer, documents), ensure_ascii=False)


# --- what somebody sees -------------------------------------------------------------------------


def answer(world: World, who: str, asked: Asked) -> str:
    return as_json(world, who, asked, world.ask(who, asked))


def follow_up(world: World, who: str, asked: Asked) -> str:
    history = (Turn("user", asked.text), Turn("assistant", "It is in the papers."))
    answer = world.ask(who, replace(asked, text=MORE), history=history)
    return as_json(world, who, asked, answer)


def corrected_search(world: World, who: str, asked: Asked) -> str:
    return as_json(world, who, asked, world.ask(who, asked, search_text=f"reserve harbour {asked.text}"))


def narrowed(world: World, who: str, asked: Asked) -> str:
    chosen = {"document": (asked.paper.id,)}
    sides = (Side("one", chosen), Side("other", {"kind": (asked.paper.words["kind"],)}))
    one = as_json(world, who, asked, world.ask(who, asked, filters=chosen))
    return one + as_json(world, who, asked, world.ask(who, asked, sides=sides))


def retriever(world: World, who: str, asked: Asked) -> str:
    passages = PassageRetriever(assistant=world.assistant, principal=leaks.principal(who), k=8)
    return str(passages.invoke(asked.text))


def next_questions(world: World, who: str, asked: Asked) -> str:
    return str(suggestions.next_questions(world.assistant, leaks.principal(who), world.given[asked.id]))


def chat(world: World, who: str, asked: Asked) -> str:
    return Chat(world.clients[who]).ask(asked.text)


def chat_going_on(world: World, who: str, asked: Asked) -> str:
    window = Chat(world.clients[who])
    window.place = chatting.place(world.kept[asked.id])
    return window.ask("And who pays for it?")


def replay(world: World, who: str, asked: Asked) -> str:
    return Chat(world.clients[who]).happens(chatting.OPEN, [], f"?conversation={world.kept[asked.id]}")


def finding(world: World, who: str, asked: Asked) -> str:
    words = asked.paper.words["inspector"]
    return Chat(world.clients[who]).happens(chatting.FIND, [words, ""])


def marks(world: World, who: str, asked: Asked) -> str:
    place = chatting.place(world.kept[asked.id])
    return Chat(world.clients[who]).happens(chatting.MARK, [world.given[asked.id].id, [], place])


def memos(world: World, who: str, asked: Asked) -> str:
    return "".join(
        text_of(world.get(who, f"/answers/{world.given[asked.id].id}/memo.{kind}").content)
        for kind in ("md", ("docx", "pdf")[asked.number % 2])
    )


def filters(world: World, who: str, asked: Asked) -> str:
    window = Chat(world.clients[who])
    chosen = [[asked.paper.words["kind"]], [], [], [], [], [], [asked.paper.id], ""]
    return window.at_once(chatting.CHOOSE, chosen) + window.at_once(chatting.WISH, [asked.paper.id])


def shelf(world: World, who: str, asked: Asked) -> str:
    return world.get(who, "/documents", q=asked.paper.words["title"]).text + world.get(who, "/documents").text


def pages(world: World, who: str, asked: Asked) -> str:
    address = f"/documents/{asked.paper.id}"
    gone = leaks.PAPERS[asked.paper.number % leaks.OF_A_SET].id  # it tells what replaces it
    seen = [world.get(who, f"{address}/pages/1", start="0", end="90"), world.get(who, f"{address}/file")]
    return "".join(text_of(each.content) for each in [*seen, world.get(who, f"/documents/{gone}/pages/1")])


SURFACES: dict[str, Surface] = {
    surface.__name__: surface
    for surface in (
        *(answer, follow_up, corrected_search, narrowed, retriever, next_questions, chat, chat_going_on),
        *(replay, finding, marks, memos, filters, shelf, pages),
    )
}
# What a surface types beside the question, and those that list the titles of somebody's conversations.
TYPES: dict[Surface, tuple[str, ...]] = {
    narrowed: ("kind",), filters: ("kind",), finding: ("inspector",), shelf: ("title",)
}  # fmt: skip
LISTING = (chat, chat_going_on, replay, finding)
ECHOES = ("finding", "marks")  # they show nothing but what their person typed: no wall to take out


def text_of(content: bytes) -> str:
    """The text of a response, whatever kind of file it is."""
    if content.startswith(b"%PDF"):
        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            return "\n".join(parts.read(name).decode("utf-8", "replace") for name in parts.namelist())
    return content.decode("utf-8", "replace")


# --- the world ----------------------------------------------------------------------------------


class Remembering:
    """An embedder that keeps what it embedded: the same words come through every surface."""

    def __init__(self, embedder: Embedder) -> None:
        self.model_id, self.max_tokens = embedder.model_id, embedder.max_tokens
        self.count_tokens, self._embed = embedder.count_tokens, embedder.embed
        self._known: dict[str, Any] = {}

    def embed(self, texts: Sequence[str]) -> Any:
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        if new:
            self._known.update(zip(new, self._embed(new), strict=True))
        return np.stack([self._known[text] for text in texts]) if texts else np.zeros((0, 384), np.float32)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("leaks")
    leaks.write_shelf(folder / "corpus")
    embedder = Remembering(embedder)
    build(folder / "corpus", folder / "index", embedder)
    switching = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)  # askers and server share one process
    settings = Settings.from_env(
        corpus=folder / "corpus", index=folder / "index", records_url=f"sqlite:///{folder}/records.sqlite",
        audit=folder / "audit", sign_on="proxy", proxy_addresses="127.0.0.1", questions_per_minute=10_000,
        intranet_origins="https://portal.example",
    )  # fmt: skip
    assistant = Assistant(settings, embedder)
    with served(server.create_app(settings, assistant)) as address:
        clients = {
            who: httpx.Client(base_url=address, headers=leaks.headers(who), timeout=60)
            for who in leaks.PEOPLE
        }
        made = World(settings, assistant, address, clients)
        answer_in_better_days(made, Conversations(Database(settings.records_url.get_secret_value())))
        yield made
        for client in clients.values():
            client.close()
    sys.setswitchinterval(switching)


def answer_in_better_days(world: World, conversations: Conversations) -> None:
    """Let each question be asked, and kept, by its outsider while they were still in every group."""
    groups = frozenset({"all", "board", "finance", "field", "legal"})
    documents = world.assistant.index.documents(groups)

    def given(asked: Asked) -> None:
        who = leaks.principal(leaks.outsider(asked))
        question = Question(asked.text, type(who)(who.id, groups))
        exchange = exchange_of(new_id(), question, world.assistant.ask(question), documents)
        world.given[asked.id], world.kept[asked.id] = exchange, new_id()
        conversations.append(who.id, world.kept[asked.id], exchange, True)

    both(given, QUESTIONS)


def both(do: Callable[[Asked], object], questions: list[Asked]) -> list[object]:
    """Do something with each question, on two cores."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(do, questions))


def seen_by_outsiders(world: World, surface: Surface, questions: list[Asked]) -> dict[str, set[str]]:
    """What leaked, by question; of those that leaked anything."""

    def leaked(asked: Asked) -> set[str]:
        who = leaks.outsider(asked)
        typed = [asked.text, asked.paper.id, *(asked.paper.words[slot] for slot in TYPES.get(surface, ()))]
        typed += [leaks.typed_by(who)] if surface in LISTING else []
        return leaks.leaked(who, "\n".join(typed), surface(world, who, asked))

    found = both(leaked, questions)
    return {q.id: what for q, what in zip(questions, found, strict=True) if what}  # type: ignore[misc]


# --- the matrix ---------------------------------------------------------------------------------


def test_the_shelf_is_what_the_matrix_needs(world: World) -> None:
    assert len(leaks.PAPERS) >= 24 and len(leaks.SETS) == 6 and len(leaks.PEOPLE) == 6
    assert len(QUESTIONS) == 100 and len({asked.text for asked in QUESTIONS}) == 100
    canaries = [canary for paper in leaks.EVERY for canary in paper.canaries]
    assert len(canaries) == len(set(canaries)), "every canary stands for one paper"
    shorts = {paper.short for paper in leaks.EVERY}
    assert len(shorts) == len(leaks.EVERY)
    said = [world.given[asked.id].answer for asked in QUESTIONS]
    told = sum(
        any(canary in as_json(world, "anna", asked, answer).lower() for canary in asked.paper.canaries)
        for asked, answer in zip(QUESTIONS, said, strict=True)
    )
    assert told >= 95, "who may read a paper is told of it, or the matrix proves nothing"


@pytest.mark.parametrize("name", SURFACES)
def test_nobody_sees_what_they_may_not_read(
    world: World, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "assistant")
    # These take the paper that is aimed at, and no words of the question.
    aims = QUESTIONS[::2] if SURFACES[name] in (finding, marks, filters) else QUESTIONS
    assert seen_by_outsiders(world, SURFACES[name], aims) == {}
    assert {canary for who in leaks.PEOPLE for canary in leaks.leaked(who, "", caplog.text)} == set()


def test_the_first_screen_shows_nobody_what_they_may_not_read(world: World) -> None:
    for who in leaks.PEOPLE:
        window = Chat(world.clients[who])
        seen = window.happens(chatting.OPEN, []) + world.get(who, "/").text + world.get(who, "/config").text
        assert leaks.leaked(who, leaks.typed_by(who), seen) == set()
        assert any(paper.words["title"] in seen for paper in leaks.PAPERS if leaks.may_read(who, paper))


def test_every_paper_and_file_opens_for_its_readers_only(world: World) -> None:
    absent = world.get("anna", "/documents/no-such-paper/pages/1").text
    for who in leaks.PEOPLE:
        for paper in leaks.EVERY:
            answers = [world.get(who, f"/documents/{paper.id}/{rest}") for rest in ("pages/1", "file")]
            opens = leaks.may_read(who, paper) and paper not in leaks.UNREAD
            assert {answer.status_code for answer in answers} == ({200} if opens else {404})
            assert opens or {answer.text for answer in answers} == {absent}


def test_an_answer_and_a_conversation_of_another_person_are_absent(world: World) -> None:
    for asked in QUESTIONS[::5]:
        stranger = next(who for who in leaks.PEOPLE if who != leaks.outsider(asked))
        for surface in (replay, memos, marks, chat_going_on):
            seen = surface(world, stranger, asked)
            assert leaks.leaked(stranger, leaks.typed_by(stranger), seen) == set()
            assert asked.text not in html.unescape(seen)


def test_the_command_line_tells_a_group_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(Assistant, "open", lambda settings: world.assistant)
    for number, asked in enumerate(QUESTIONS):
        memo = f"--memo={tmp_path / 'memo.docx'}"
        who, form = leaks.outsider(asked), memo if number % 10 == 0 else "--json"
        assert main(["ask", asked.text, "--as-groups", leaks.PEOPLE[who], form]) == 0
        written = text_of((tmp_path / "memo.docx").read_bytes()) if form != "--json" else ""
        out, err = capsys.readouterr()
        assert leaks.leaked(who, asked.text, out + err + written) == set(), asked.id


def test_an_evaluation_writes_a_group_nothing_else(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Assistant, "open", lambda settings: world.assistant)
    for who in leaks.PEOPLE:
        mine = [asked for asked in QUESTIONS if leaks.outsider(asked) == who]
        rows = [{"id": a.id, "question": a.text, "answerable": True, "must_say": ["nine berths"],
                 "expected": [{"path": a.paper.path, "page": 1, "quote": "twice a year"}]}
                for a in mine]  # fmt: skip
        (tmp_path / "set.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
        plan = Plan(groups=tuple(leaks.PEOPLE[who].split(",")), full_curve=False)
        told = "\n".join(evaluate(tmp_path / "set.jsonl", world.settings, tmp_path / who, plan))
        files = {path.name: text_of(path.read_bytes()) for path in (tmp_path / who).iterdir()}
        assert {"answers.jsonl", "scores.json", "report.html", "report.xlsx", "run.trec"} <= files.keys()
        typed = "\n".join(asked.text + asked.paper.path for asked in mine)
        for name, text in {**files, "told": told}.items():
            assert leaks.leaked(who, typed, text) == set(), name


def test_audit_lines_name_only_what_their_own_person_may_read(world: World) -> None:
    chat(world, "ben", QUESTIONS[0])
    lines = (world.settings.audit / "audit.jsonl").read_text("utf-8").splitlines()
    assert lines
    for line in lines:
        assert leaks.leaked(json.loads(line)["who"].removeprefix("proxy:"), "", line) == set()


# --- the mutations: without its guard the matrix fails --------------------------------------------


def everything(self: Index, groups: object) -> list[int]:
    return list(range(len(self._shelves)))


@pytest.mark.parametrize("name", [name for name in SURFACES if name not in ECHOES])
def test_the_matrix_fails_when_all_shelves_are_opened(
    world: World, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Index, "_readable", everything)
    assert seen_by_outsiders(world, SURFACES[name], QUESTIONS[::9]), name


def successors(self: Index, document_id: str, groups: object) -> list[Document]:
    documents = self._catalogue.documents(everything(self, groups))
    return [document for document in documents if document_id in document.supersedes]


GUARDS = {
    "rights of today": (Reader, "may_see", lambda self, document_id, then: True, (replay, memos)),
    "unread files": (Index, "outcomes", lambda self, groups: list(self._outcomes), (shelf,)),
    "successors": (Index, "successors", successors, (pages,)),
}


@pytest.mark.parametrize("guard", GUARDS)
def test_the_matrix_fails_when_one_guard_is_taken_out(
    world: World, guard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, name, instead, surfaces = GUARDS[guard]
    monkeypatch.setattr(where, name, instead)
    for surface in surfaces:
        assert seen_by_outsiders(world, surface, QUESTIONS[::9]), surface.__name__
