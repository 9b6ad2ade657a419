"""Denied and absent: the same words, and no time that tells them apart."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from scipy.stats import mannwhitneyu

import chatting
import programs
from assistant.access import signed_on_principal
from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.errors import NoSuchConversation
from assistant.records import Conversations, Database, Exchange, exchange_of, new_id
from assistant.types import Principal, Question
from assistant.web import server
from assistant.web.history import History
from chatting import Chat
from index.embedding import Embedder
from serving import served

TRIES = 250  # of each, in turns
# The share of pairs in which the denied one takes longer. Of 250 tries each the middle 99.98 % lie
# within 0.1 of a half where there is no difference at all.
MOST_OFF = 0.1
NOBODYS = "0" * 32
pytestmark = pytest.mark.filterwarnings("ignore:.*no_silent_downcasting")


@dataclass
class Door:
    """A served assistant, somebody who is not of the group `leads`, and ids that are another's."""

    assistant: Assistant
    outsider: httpx.Client
    history: History
    conversation: str
    answer: str


@pytest.fixture(scope="module")
def door(small_index: Path, embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("denied")
    settings = Settings.from_env(
        corpus=small_index.parent / "corpus", index=small_index, audit=folder / "audit",
        records_url=f"sqlite:///{folder}/records.sqlite", sign_on="proxy", proxy_addresses="127.0.0.1",
    )  # fmt: skip
    assistant = Assistant(settings, embedder)
    conversations = Conversations(Database(settings.records_url.get_secret_value()))
    with served(server.create_app(settings, assistant)) as address:
        mary = httpx.Client(base_url=address, headers={"x-forwarded-user": "mary"}, timeout=60)
        seen = Chat(mary).ask("Who pays for the Harbour Programme?")
        answer = chatting.answer_id_in(seen)
        assert mary.get(f"/answers/{answer}/memo.md").status_code == 200
        outsider = httpx.Client(base_url=address, headers={"x-forwarded-user": "ben"}, timeout=60)
        question = Question("Who pays?", signed_on_principal("proxy", "mary", ""))
        conversation = new_id()
        made = exchange_of(new_id(), question, assistant.ask(question), ())
        conversations.append(question.principal.id, conversation, made, True)
        yield Door(assistant, outsider, History(assistant, conversations), conversation, answer)
        mary.close()
        outsider.close()


def longer(denied: Callable[[], object], absent: Callable[[], object], tries: int = TRIES) -> float:
    """How often the denied one takes longer, of all pairs; both are tried in turns."""
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(2 * tries + 20):
        do = (denied, absent)[number % 2]
        begun = time.perf_counter()
        do()
        if number >= 20:  # the first ones fill caches
            taken[number % 2].append(time.perf_counter() - begun)
    return float(mannwhitneyu(*taken).statistic) / tries**2


def probes(door: Door) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """For each kind of address: one that is another's, and one that is nobody's."""

    def got(path: str) -> Callable[[], httpx.Response]:
        return lambda: door.outsider.get(path)

    def passage(passage_id: str) -> Callable[[], object]:
        return lambda: door.assistant.index.passage(passage_id, {"all"})

    def opened(conversation_id: str) -> Callable[[], object]:
        principal = signed_on_principal("proxy", "ben", "")

        def opening() -> str:
            with pytest.raises(NoSuchConversation) as fault:
                door.history.opened(principal, conversation_id)
            return fault.value.for_staff

        return opening

    return {
        "page": (got("/documents/leads/pages/1"), got("/documents/loads/pages/1")),
        "file": (got("/documents/leads/file"), got("/documents/loads/file")),
        "passage": (passage("leads:p1.1"), passage("loads:p1.1")),
        "memo": (got(f"/answers/{door.answer}/memo.md"), got(f"/answers/{NOBODYS}/memo.md")),
        "conversation": (opened(door.conversation), opened(NOBODYS)),
    }


KINDS = ("page", "file", "passage", "memo", "conversation")


@pytest.mark.parametrize("kind", KINDS)
def test_denied_and_absent_say_the_same(door: Door, kind: str) -> None:
    assert door.assistant.index.passage("leads:p1.1", {"leads"}), "it is there for others"
    denied, absent = (probe() for probe in probes(door)[kind])
    if isinstance(denied, httpx.Response) and isinstance(absent, httpx.Response):
        assert (denied.status_code, denied.text) == (absent.status_code, absent.text) and absent.is_error
        assert {**programs.headers(denied), "date": ""} == {**programs.headers(absent), "date": ""}
    else:
        assert denied == absent


@pytest.mark.parametrize("kind", KINDS)
def test_denied_and_absent_take_the_same_time(door: Door, kind: str) -> None:
    denied, absent = probes(door)[kind]
    # A machine that is busy with something else for one of the two is asked again; a difference stays.
    assert any(abs(longer(denied, absent) - 0.5) < MOST_OFF for _ in range(4))


def test_a_memo_that_is_known_at_once_to_be_anothers_would_be_told_by_its_time(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = History.found

    def known_at_once(self: History, principal: Principal, exchange_id: str) -> Exchange | None:
        return None if exchange_id == door.answer else found(self, principal, exchange_id)

    monkeypatch.setattr(History, "found", known_at_once)
    assert abs(longer(*probes(door)["memo"]) - 0.5) > MOST_OFF
