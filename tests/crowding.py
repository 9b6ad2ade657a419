"""Many people at once, each with a paper of their own, who also reach for what is other people's."""

import asyncio
import contextlib
import html
import json
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

import chatting
import leaks
from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.web import server
from index.build import build
from index.embedding import Embedder
from serving import served

FIRST = 1000  # the number of the first person's paper


@dataclass
class Person:
    """Somebody with one paper. `session` is the name of their window, `events` what went through it,
    `place` their open conversation, `memo` the id of their last answer."""

    number: int
    client: httpx.AsyncClient
    numbers: dict[chatting.Target, int]
    patience_s: float
    session: str = ""
    place: str = ""
    memo: str = ""
    events: list[str] = field(default_factory=list)
    heard: bool = False

    def __post_init__(self) -> None:
        self.session = f"window{self.number}"
        self.paper = leaks.paper_of(FIRST + self.number, f"group{self.number}")
        self.question = f"What is the reserve in the {self.paper.words['title']} harbour note?"

    async def join(
        self, target: chatting.Target, data: list[object], session: str = "", query: str = ""
    ) -> str:
        body = {"data": data, "fn_index": self.numbers[target], "session_hash": session or self.session}
        answer = await self.client.post(f"/gradio_api/queue/join{query}", json=body)
        return answer.text

    async def updates(self, session: str = "") -> str:
        """All that the stream of a session tells."""
        return chatting.decoded(
            await self.stream(f"/gradio_api/queue/data?session_hash={session or self.session}")
        )

    async def stream(self, path: str) -> str:
        """All that comes until a stream closes, or until there is no more patience: one that two
        windows read may never close."""
        told = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.patience_s):
                async with self.client.stream("GET", path) as stream:
                    async for line in stream.aiter_lines():
                        told.append(line)
        return "\n".join(told)

    async def ask(self) -> str:
        """Their own question, in their own conversation."""
        joined = await self.join(chatting.ASK, [self.question, [], self.place, ""])
        self.events.append(str(json.loads(joined).get("event_id", "")))
        seen = await self.updates()
        self.heard |= self.paper.figure in html.unescape(seen)
        if found := re.findall(r"open-(\w{8,64})", seen):
            self.place = chatting.place(found[-1])
        self.memo = chatting.answer_id_in(seen) or self.memo
        return joined + seen

    async def reach(self, other: "Person", turn: int) -> str:
        """For what is another's: their window, their event, their conversation, their answer, their
        paper, their cookie, or a token that is none."""
        event = other.events[-1] if other.events else "none"
        if turn % 4 == 0:  # the other one's window
            body = {"session_hash": other.session, "fn_index": self.numbers[chatting.ASK], "event_id": event}
            kicked = await self.client.post("/gradio_api/cancel", json=body)
            joined = await self.join(chatting.ASK, [self.question, [], "", ""], other.session)
            beat = await self.stream(f"/gradio_api/heartbeat/{other.session}")
            return kicked.text + joined + beat + await self.updates(other.session)
        if turn % 4 == 1:  # the other one's conversation and event, in the own window
            query = "?" + "&".join((f"conversation={_id(other.place)}", f"event_id={event}"))
            await self.join(chatting.OPEN, [], query=query)
            opened = await self.updates()
            await self.join(chatting.ASK, ["And what else?", [], other.place, ""])
            return opened + await self.updates()
        if turn % 4 == 2:  # the other one's answer and paper
            paths = [f"/answers/{other.memo or 'none'}/memo.md", f"/documents/{other.paper.id}/pages/1"]
            return "".join([(await self.client.get(path)).text for path in paths])
        cookies = {"cookie": f"session={other.session}; access-token={other.session}"}
        other_words = [f"{self.question} And of {other.paper.id}?", [], "", ""]
        body = {"data": other_words, "fn_index": self.numbers[chatting.ASK], "session_hash": self.session}
        await self.client.post("/gradio_api/queue/join", json=body, headers=cookies)
        token = await self.client.get("/documents", headers={"authorization": f"Bearer {other.session}"})
        assert token.status_code == 401
        return await self.updates() + token.text


@dataclass(frozen=True)
class Outcome:
    """What came of it: turns, seconds, who did not hear of their own paper, and what leaked."""

    turns: int
    seconds: float
    unheard: list[int]
    foreign: dict[int, set[str]]


@contextmanager
def crowd_server(folder: Path, people: int, embedder: Embedder) -> Iterator[str]:
    """The address of a server over one paper for each person."""
    papers = [leaks.paper_of(FIRST + number, f"group{number}") for number in range(people)]
    leaks.write_shelf(folder / "corpus", papers)
    build(folder / "corpus", folder / "index", embedder)
    settings = Settings.from_env(
        corpus=folder / "corpus", index=folder / "index", records_url=f"sqlite:///{folder}/records.sqlite",
        audit=folder / "audit", sign_on="proxy", proxy_addresses="127.0.0.1", questions_per_minute=100_000,
    )  # fmt: skip
    with served(server.create_app(settings, Assistant(settings, embedder))) as address:
        yield address


def crowd(address: str, people: int, turns: int) -> Outcome:
    """All at once: in every other turn each asks their own question, in the others reaches for what
    is the next person's."""
    return asyncio.run(_crowd(address, people, turns))


def stolen(address: str) -> set[str]:
    """Somebody asks, and the next person reads the stream that the answer comes through: of whose words?"""
    return asyncio.run(_stolen(address))


async def _stolen(address: str) -> set[str]:
    victim, thief = _people(address, 2, patience_s=10)
    victim.session = f"window{secrets.token_hex(4)}"
    await victim.join(chatting.ASK, [victim.question, [], "", ""])
    seen = await thief.updates(victim.session)
    for person in (victim, thief):
        await person.client.aclose()
    return leaks.canaries_in(leaks.reading(seen)) & victim.paper.canaries


def _people(address: str, people: int, patience_s: float) -> list[Person]:
    first = {"x-forwarded-user": "first", "x-forwarded-groups": ""}
    numbers = chatting.layout(address, tuple(first.items()))
    return [
        Person(n, httpx.AsyncClient(
            base_url=address, timeout=300,
            headers={"x-forwarded-user": f"person{n}", "x-forwarded-groups": f"group{n}"},
        ), numbers, patience_s)
        for n in range(people)
    ]  # fmt: skip


async def _crowd(address: str, people: int, turns: int) -> Outcome:
    crowded = _people(address, people, patience_s=120)
    foreign: dict[int, set[str]] = {}
    known = set[str]().union(*(person.paper.canaries for person in crowded))

    async def live(person: Person) -> None:
        for turn in range(turns):
            other = crowded[(person.number + 1 + turn * 7) % people]
            if turn % 2 == 0 or other is person:
                seen, typed = await person.ask(), person.question
            else:
                seen, typed = await person.reach(other, turn // 2), f"{person.question} {other.paper.id}"
            # Their list of conversations shows what they typed before, about any paper.
            mine = person.paper.canaries | {each.paper.words["name"][:-1].lower() for each in crowded}
            found = leaks.canaries_in(leaks.reading(seen)) & known
            if leaked := found - mine - leaks.canaries_in(typed):
                foreign.setdefault(person.number, set()).update(leaked)

    begun = time.monotonic()
    await asyncio.gather(*map(live, crowded))
    seconds = time.monotonic() - begun
    for person in crowded:
        await person.client.aclose()
    unheard = [person.number for person in crowded if not person.heard]
    return Outcome(people * turns, seconds, unheard, foreign)


def _id(place: str) -> str:
    found = re.search(r"open-(\w+)", place)
    return found[1] if found else "none"
