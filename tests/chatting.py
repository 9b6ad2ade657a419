"""The chat as a browser talks to it, without a browser: events in, the stream of updates out."""

import html
import json
import re
import secrets
from functools import lru_cache
from typing import Any

import httpx

Target = tuple[str, str]  # the id of a part on the page, and what happens to it

ASK: Target = ("question", "submit")
ASK_ANEW: Target = ("edit-text", "submit")
SEARCH: Target = ("search-text", "submit")
FIND: Target = ("find", "change")
MARK: Target = ("mark-wish", "submit")
CHOOSE: Target = ("scope-year", "input")
WISH: Target = ("scope-wish", "submit")
OPEN: Target = ("", "load")


@lru_cache(maxsize=4)
def layout(address: str, headers: tuple[tuple[str, str], ...]) -> dict[Target, int]:
    """The number of each event; of those of one target the one that goes through the queue, if any."""
    told = httpx.get(f"{address}/config", headers=dict(headers)).raise_for_status().json()
    names = {part["id"]: part["props"].get("elem_id") or "" for part in told["components"]}
    numbers: dict[Target, int] = {}
    for event in sorted(told["dependencies"], key=lambda event: not event.get("queue")):
        for part, what in event["targets"]:
            numbers.setdefault((names.get(part, ""), what), event["id"])
    return numbers


class Chat:
    """One window of one person. `session` is the name that its browser made up."""

    def __init__(self, client: httpx.Client, session: str = "") -> None:
        self.client, self.session = client, session or secrets.token_hex(8)
        self.place = ""

    def number(self, target: Target) -> int:
        told = {name: value for name, value in self.client.headers.items() if name.startswith("x-forwarded")}
        return layout(str(self.client.base_url).rstrip("/"), tuple(told.items()))[target]

    def join(self, target: Target, data: list[Any], query: str = "", session: str = "") -> httpx.Response:
        """Send an event; the answer names it."""
        body = {"data": data, "fn_index": self.number(target), "session_hash": session or self.session}
        return self.client.post(f"/gradio_api/queue/join{query}", json=body)

    def updates(self, session: str = "") -> str:
        """All that the stream of a session tells until it closes."""
        query = {"session_hash": session or self.session}
        return decoded(self.client.get("/gradio_api/queue/data", params=query).text)

    def happens(self, target: Target, data: list[Any], query: str = "") -> str:
        """An event, and what is seen of it."""
        joined = self.join(target, data, query)
        return self.updates() if joined.status_code == 200 else joined.text

    def at_once(self, target: Target, data: list[Any]) -> str:
        """An event that does not wait in the queue."""
        body = {"data": data, "fn_index": self.number(target), "session_hash": self.session}
        return decoded(self.client.post("/gradio_api/run/predict", json=body).text)

    def ask(self, question: str, scope: str = "") -> str:
        """A question in the open conversation, or in a new one."""
        seen = self.happens(ASK, [question, [], self.place, scope])
        found = re.findall(r"open-(\w{8,64})", seen)
        self.place = place(found[-1]) if found else self.place
        return seen


def place(conversation_id: str) -> str:
    """The field that says which conversation is open."""
    return f'<span class="open-{conversation_id}"></span>'


def answer_id_in(seen: str) -> str:
    """The id of the last answer that was seen, "" where there is none."""
    found = re.findall(r"answers/(\w{8,64})/memo", html.unescape(seen))
    return str(found[-1]) if found else ""


def decoded(stream: str) -> str:
    """A stream of events, or one JSON answer, with its escapes undone."""
    lines = [line.removeprefix("data: ") for line in stream.splitlines() if line.strip()]
    told = []
    for line in lines:
        try:
            told.append(json.dumps(json.loads(line), ensure_ascii=False).replace('\\"', '"'))
        except ValueError:
            told.append(line)
    return "\n".join(told)
