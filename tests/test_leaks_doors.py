"""The leak matrix through the doors for programs and through the chat framed in an intranet page."""

import json
from typing import Any

import httpx
import pytest

import leaks
from assistant.records import Database
from assistant.records.keys import Keys
from index.search import Index
from leaks import Asked
from test_leaks import QUESTIONS, Surface, World, everything, pytestmark, seen_by_outsiders, world

__all__ = ["pytestmark", "world"]

PORTAL = "https://portal.example"
KEYS: dict[str, str] = {}


def posted(world: World, who: str, path: str, body: object, **headers: str) -> str:
    answer = world.clients[who].post(path, json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


def api_ask(world: World, who: str, asked: Asked) -> str:
    return posted(world, who, "/api/ask", {"question": asked.text})


def api_stream(world: World, who: str, asked: Asked) -> str:
    chosen = {"document": [asked.paper.id]}
    plain = {"question": asked.text, "history": [{"role": "user", "text": asked.text}]}
    narrowed = world.clients[who].post("/api/ask", json={"question": asked.text, "filters": chosen})
    return posted(world, who, "/api/ask/stream", plain) + narrowed.text


def api_reading(world: World, who: str, asked: Asked) -> str:
    passage = world.get(who, f"/api/passages/{asked.paper.id}:p1.1").text
    narrowed = world.get(who, "/api/documents", document=asked.paper.id, limit="200").text
    return passage + narrowed + world.get(who, "/api/documents", limit="200").text


def openai_chat(world: World, who: str, asked: Asked) -> str:
    body: dict[str, Any] = {"model": "papers", "messages": [{"role": "user", "content": asked.text}]}
    body["model"] = json.loads(world.get(who, "/v1/models").text)["data"][0]["id"]
    body["stream"] = asked.number % 2 == 0
    return posted(world, who, "/v1/chat/completions", body)


def tools(world: World, who: str, asked: Asked) -> str:
    calls = {"search": {"query": asked.text}, "read_passage": {"id": f"{asked.paper.id}:p1.1"}}
    calls |= {"ask": {"question": asked.text}} if asked.number % 3 == 0 else {}
    seen = ""
    for name, arguments in calls.items():
        params = {"name": name, "arguments": arguments}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        seen += posted(world, who, "/mcp", body, accept="application/json, text/event-stream")
    return seen


def visit(world: World, who: str, asked: Asked) -> str:
    told = {"user": who, "groups": sorted(leaks.principal(who).groups - {"all"})}
    key = {"authorization": f"Bearer {KEYS['portal']}"}
    framed = {"sec-fetch-dest": "iframe", "sec-fetch-mode": "navigate"}
    with httpx.Client(base_url=world.address, timeout=60) as browser:
        ticket = browser.post("/api/embed/tickets", json=told, headers=key).json()["ticket"]
        begun = browser.post("/visit", data={"ticket": ticket}, headers={"origin": PORTAL})
        assert begun.status_code == 303, begun.text
        address = begun.headers["location"].partition("?")[0].removeprefix(".")
        paths = ("", "documents", f"documents/{asked.paper.id}/pages/1", f"documents/{asked.paper.id}/file")
        return "".join(browser.get(f"{address}{path}", headers=framed).text for path in paths)


SURFACES: dict[str, Surface] = {
    surface.__name__: surface for surface in (api_ask, api_stream, api_reading, openai_chat, tools, visit)
}


@pytest.fixture(scope="module", autouse=True)
def portal(world: World) -> None:
    """A key of a page that vouches for its readers, in all groups."""
    database = Database(world.settings.records_url.get_secret_value())
    KEYS["portal"] = Keys(database).create("portal", ["board", "finance", "field", "legal"], PORTAL)
    database.close()


@pytest.mark.parametrize("name", SURFACES)
def test_nobody_sees_what_they_may_not_read(world: World, name: str) -> None:
    aims = QUESTIONS[::3] if name == "visit" else QUESTIONS  # a visit is four pages for each
    assert seen_by_outsiders(world, SURFACES[name], aims) == {}


def test_a_visit_shows_its_person_what_they_may_read(world: World) -> None:
    for who in leaks.PEOPLE:
        for mine in [asked for asked in QUESTIONS if leaks.may_read(who, asked.paper)][:1]:
            assert mine.paper.words["title"] in visit(world, who, mine), who


@pytest.mark.parametrize("name", SURFACES)
def test_the_matrix_fails_when_all_shelves_are_opened(
    world: World, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Index, "_readable", everything)
    assert seen_by_outsiders(world, SURFACES[name], QUESTIONS[::9]), name
