"""The REST door: questions, documents and passages under /api, and whether the service stands."""

import json
from collections.abc import AsyncGenerator, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from assistant.bounds import askable
from assistant.types import Answer
from assistant.web.api import problems, walk
from assistant.web.api.asking import Desk
from assistant.web.api.forms import (
    AnswerObject,
    Ask,
    DocumentObject,
    Documents,
    Lang,
    Narrowed,
    PassageObject,
    State,
)
from index.facets import matches

DOOR = "api"
FAULTS = (400, 403, 411, 413, 429, 500)  # of a question
HEALTH, READY = f"{problems.REST}/health", f"{problems.REST}/ready"
EVENTS = (
    "Server-sent events: any number of `text`, each with `{\"text\": …}`, the next piece of the answer; "
    "then exactly one `answer` with the object that `/api/ask` gives, whose `text` counts. Where it "
    "comes to nothing, one `problem` with a problem document instead. Lines that begin with `:` only "
    "keep the connection open. What is refused within five seconds has its own status and no stream."
)  # fmt: skip


def _event(name: str, data: dict[str, Any]) -> dict[str, Any]:
    told = {"type": "string", "contentMediaType": "application/json", "contentSchema": data}
    return {
        "type": "object",
        "properties": {"event": {"const": name}, "data": told},
        "required": ["event", "data"],
    }


_EVENT = {
    "oneOf": [
        _event("text", {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}),
        _event("answer", {"$ref": "#/components/schemas/AnswerObject"}),
        _event("problem", {"$ref": "#/components/schemas/Problem"}),
    ]
}


def routes(desk: Desk, reach: Callable[[], None]) -> APIRouter:
    """Make the routes under /api; `reach` raises where the records cannot be reached."""
    router = APIRouter(prefix=problems.REST)

    @router.post("/ask", summary="Ask", responses=problems.told(*FAULTS))
    async def ask(request: Request, asked: Ask, lang: Lang = "") -> AnswerObject:
        """The answer as a whole. It stops where the connection is closed."""
        answer = await walk.whole(await desk.walk(request, asked, DOOR), request)
        return await desk.told(request, asked, answer)

    @router.post(
        "/ask/stream",
        summary="Ask, and get the answer as it comes",
        response_class=Response,
        responses={
            200: {"description": EVENTS, "content": {"text/event-stream": {"schema": _EVENT}}},
            **problems.told(*FAULTS),
        },
    )
    async def stream(request: Request, asked: Ask, lang: Lang = "") -> Response:
        """Closing the connection stops the answer."""
        walking = await desk.walk(request, asked, DOOR)
        first = await walking.begin()
        return walk.Streamed(walking, _events(desk, request, asked, walk.parts(walking, first)))

    @router.get("/documents", summary="What you may read", responses=problems.told(400, 500))
    def documents(request: Request, narrowed: Annotated[Narrowed, Query()]) -> Documents:
        """The documents that fit, a stretch of them."""
        index, principal = desk.reception.index, desk.who(request)
        ids = {document.id for document in index.documents(principal.groups)}
        fitting = [document for document in askable(index, principal) if matches(document, narrowed.chosen())]
        part = fitting[narrowed.offset : narrowed.offset + narrowed.limit]
        return Documents(total=len(fitting), documents=[DocumentObject.of(each, ids) for each in part])

    @router.get("/passages/{passage_id:path}", summary="One passage", responses=problems.told(404, 500))
    def passage(request: Request, passage_id: str) -> PassageObject:
        """A passage that an answer found. One that is not there and one that you may not read are
        answered in the same words."""
        index, groups = desk.reception.index, desk.who(request).groups
        found = index.passage(passage_id, groups)
        document = index.document(found.document_id, groups) if found else None
        if found is None or document is None:
            raise problems.Absent
        ids = {each.id for each in index.documents(groups)} if document.supersedes else ()
        return PassageObject.of(found, DocumentObject.of(document, ids))

    @router.get("/health", summary="Is it alive?", openapi_extra={"security": []})
    async def health() -> State:
        """Open to all; says nothing else."""
        return State()

    @router.get(
        "/ready",
        summary="Can it answer?",
        responses=problems.told(503, signed_on=False),
        openapi_extra={"security": []},
    )
    async def ready() -> State:
        """Open to all: whether a build is open and the records can be reached."""

        def look() -> str:
            reach()
            return desk.reception.index.build_id

        await run_in_threadpool(look)
        return State()

    return router


async def _events(
    desk: Desk, request: Request, asked: Ask, parts: AsyncGenerator[walk.Part | None, None]
) -> AsyncGenerator[bytes, None]:
    try:
        async for part in parts:
            if part is None:
                yield walk.SIGN_OF_LIFE
            elif isinstance(part, Answer):
                yield event(
                    "answer", (await desk.told(request, asked, part)).model_dump_json(ensure_ascii=True)
                )
            else:
                yield event("text", json.dumps({"text": part}))
    except Exception as fault:
        refusal = problems.refused(fault)
        yield event("problem", json.dumps(problems.written(refusal, problems.REST)))


def event(name: str, data: str) -> bytes:
    """One server-sent event; `data` is JSON in ASCII, so that no reader of lines finds a break in it."""
    return f"event: {name}\ndata: {data}\n\n".encode()
