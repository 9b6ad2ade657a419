"""People who ask: in a window of the chat, as a browser does it, or as a program at /api/ask."""

import asyncio
import html
import json
import re
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

import chatting

SIGNED_ON = {"ASSISTANT_SIGN_ON": "proxy", "ASSISTANT_PROXY_ADDRESSES": "127.0.0.1"}  # of a server for them
PATIENCE_S = 120.0
BUSY = "questions are being asked right now"
IN_LINE = re.compile(r"Yours is number (\d+)")


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a question: `outcome` is `answered`, `turned away` (clean, to be asked again in a
    moment) or what was wrong; seconds until it was seen; places in line that were told."""

    outcome: str
    seconds: float
    places: tuple[int, ...] = ()


@dataclass
class Person:
    """Somebody signed on by a proxy, with a window of their own; it opens one conversation."""

    name: str
    client: httpx.AsyncClient
    events: dict[chatting.Target, int]
    after: dict[int, int]
    session: str = field(default_factory=lambda: secrets.token_hex(8))
    place: str = ""
    begun: asyncio.Event = field(default_factory=asyncio.Event)  # a question of theirs is in hand

    async def ask_chat(self, question: str) -> Heard:
        """In the chat. Counts to the answer; what to ask next is fetched behind it, as the page does."""
        began = time.monotonic()
        told: list[Any] = [question, [], self.place, ""]
        seen, wrong = await self._event(self.events[chatting.ASK], told)
        seconds = time.monotonic() - began
        if wrong:
            return Heard(wrong, seconds)
        words = html.unescape(json.dumps(seen, ensure_ascii=False)).replace('\\"', '"')
        if found := re.findall(r"open-(\w{8,64})", words):
            self.place = chatting.place(found[-1])
        places = tuple(int(n) for n in IN_LINE.findall(words))
        if "answers/" not in words:
            outcome = "turned away" if BUSY in words else f"no answer: {words[-300:]}"
            return Heard(outcome, seconds, places)
        await self._event(self.after[self.events[chatting.ASK]], [seen[-1]["data"][1]])
        return Heard("answered", seconds, places)

    async def ask_api(self, question: str) -> Heard:
        """As a program."""
        began = time.monotonic()
        try:
            answer = await self.client.post("/api/ask", json={"question": question})
        except httpx.HTTPError as fault:
            return Heard(f"{type(fault).__name__}", time.monotonic() - began)
        seconds = time.monotonic() - began
        if answer.status_code == 429 and int(answer.headers["retry-after"]) > 0:
            return Heard("turned away", seconds)
        return Heard("answered" if answer.status_code == 200 else str(answer.status_code), seconds)

    async def _event(self, number: int, data: list[Any]) -> tuple[list[dict[str, Any]], str]:
        """The outputs of an event, the last one whole; or what went wrong."""
        outputs: list[dict[str, Any]] = []
        body = {"data": data, "fn_index": number, "session_hash": self.session}
        try:
            async with asyncio.timeout(PATIENCE_S):
                joined = await self.client.post("/gradio_api/queue/join", json=body)
                if joined.status_code != 200:
                    return [], f"join {joined.status_code}: {joined.text[:100]}"
                path = f"/gradio_api/queue/data?session_hash={self.session}"
                async with self.client.stream("GET", path) as stream:
                    async for line in stream.aiter_lines():
                        told = json.loads(line[6:]) if line.startswith("data: ") else {}
                        if told.get("msg") == "process_starts":
                            self.begun.set()
                        if told.get("msg") in ("process_generating", "process_completed"):
                            outputs.append(told["output"])
                            if not told["success"]:
                                return outputs, f"failed: {told['output']}"
        except (httpx.HTTPError, TimeoutError) as fault:
            return outputs, type(fault).__name__
        return (outputs, "") if outputs else ([], "nothing came")


def people(address: str, count: int, first: int = 0) -> list[Person]:
    """So many people, each signed on under a name of their own."""
    headers = {"x-forwarded-user": "first", "x-forwarded-groups": ""}
    numbers = chatting.layout(address, tuple(headers.items()))
    told = httpx.get(f"{address}/config", headers=headers).json()["dependencies"]
    after = {each["trigger_after"]: each["id"] for each in told if each.get("trigger_after") is not None}
    return [
        Person(f"person{n}", httpx.AsyncClient(
            base_url=address, timeout=PATIENCE_S, headers={**headers, "x-forwarded-user": f"person{n}"},
        ), numbers, after)
        for n in range(first, first + count)
    ]  # fmt: skip


async def gone(crowd: list[Person]) -> None:
    for person in crowd:
        await person.client.aclose()
