"""The door of OpenAI's chat clients, under /v1: a chat in, an answer with its citations out.

Covers: chat completions, streamed or not, and the list of models, which is one. Does not cover:
instructions (system and developer messages are not followed: answers come from the papers only),
tools, pictures, sounds, several choices, the form of the answer. Parameters of sampling are ignored.
"""

import json
import secrets
import time
from collections.abc import AsyncGenerator
from typing import Any

from fastapi import APIRouter, Request

from assistant.errors import BadQuestion
from assistant.types import Answer, Role
from assistant.web.api import problems, walk
from assistant.web.api.asking import Desk
from assistant.web.api.chats import (
    MODEL,
    Choice,
    Completion,
    CompletionObject,
    ModelObject,
    Models,
    Said,
    Usage,
)
from assistant.web.api.forms import AnswerObject, Ask, Filters, Lang, Turn
from assistant.web.api.problems import ClientProblem

DOOR = "openai"
DONE = b"data: [DONE]\n\n"
CHUNKS = (
    "With `stream`, server-sent events in OpenAI's form: chunks with `delta.content`; a last one with "
    "`finish_reason`, and `citations`, `ct_status` and `ct_notes` in its `delta`; then `[DONE]`. An "
    "answer that has begun and comes to nothing ends with a problem document instead, which holds "
    "`error`."
)  # fmt: skip
_EVENT = {"type": "object", "properties": {"data": {"type": "string"}}, "required": ["data"]}


def routes(desk: Desk) -> APIRouter:
    """Make the routes under /v1."""
    router = APIRouter(prefix=problems.OPENAI)

    @router.get("/models", summary="The models", responses=problems.told(form=ClientProblem))
    async def models() -> Models:
        """There is one."""
        return Models(data=[ModelObject()])

    @router.get("/models/{model}", summary="One model", responses=problems.told(404, form=ClientProblem))
    async def model(model: str) -> ModelObject:
        if model != MODEL:
            raise problems.NoSuchModel
        return ModelObject()

    @router.post(
        "/chat/completions",
        summary="Ask, as clients of OpenAI's do",
        response_model=CompletionObject,
        responses={
            200: {"description": CHUNKS, "content": {"text/event-stream": {"schema": _EVENT}}},
            **problems.told(400, 403, 404, 411, 413, 429, 500, form=ClientProblem),
        },
    )
    async def complete(request: Request, completion: Completion, lang: Lang = "") -> Any:
        """Messages of system and developer are not followed: every answer comes from the papers only."""
        if completion.model != MODEL:
            raise problems.NoSuchModel
        asked = _asked(completion, desk.most_turns)
        walking = await desk.walk(request, asked, DOOR)
        if not completion.stream:
            return _object(await desk.told(request, asked, await walk.whole(walking, request)))
        parts = walk.parts(walking, await walking.begin())
        usage = completion.stream_options is not None and bool(completion.stream_options.include_usage)
        return walk.Streamed(walking, _chunks(desk, request, asked, parts, usage))

    return router


def _asked(completion: Completion, most_turns: int) -> Ask:
    """The question and what was said before it. Raises BadQuestion where the last word is not the asker's."""
    last = completion.messages[-1]
    turns = []
    for message in completion.messages[:-1]:
        role = _ROLES.get(message.role)
        if role and message.said:
            turns.append(Turn(role=role, text=message.said))
    if last.role != "user":
        raise BadQuestion("The last of `messages` is not the user's. Put the question last.")
    return Ask(question=last.said, history=turns[-most_turns:], filters=completion.filters or Filters())


def _object(answer: AnswerObject) -> CompletionObject:
    said = Said(
        content=answer.text, citations=answer.citations, ct_status=answer.status, ct_notes=answer.notes
    )
    return CompletionObject(
        id=_name(), created=int(time.time()), choices=[Choice(message=said)], usage=_usage(answer)
    )


async def _chunks(
    desk: Desk, request: Request, asked: Ask, parts: AsyncGenerator[walk.Part | None, None], usage: bool
) -> AsyncGenerator[bytes, None]:
    head = {"id": _name(), "object": "chat.completion.chunk", "created": int(time.time()), "model": MODEL}

    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _data({**head, "choices": [choice]})

    written = ""
    try:
        yield chunk({"role": "assistant", "content": ""})
        async for part in parts:
            if part is None:
                yield walk.SIGN_OF_LIFE
            elif isinstance(part, Answer):
                answer = await desk.told(request, asked, part)
                if rest := _rest(written, answer.text):
                    yield chunk({"content": rest})
                told = _object(answer).model_dump(mode="json")
                said = told["choices"][0]["message"]
                own = {name: said[name] for name in ("citations", "ct_status", "ct_notes")}
                yield chunk(own, "stop")
                if usage:
                    yield _data({**head, "choices": [], "usage": told["usage"]})
                yield DONE
            else:
                written += part
                yield chunk({"content": part})
    except Exception as fault:
        yield _data(problems.written(problems.refused(fault), problems.OPENAI))


def _rest(written: str, text: str) -> str:
    """What is still to be said once the answer is known. A text that is not what was written so far,
    because a language model broke off, is said as a whole."""
    if text.rstrip() == written.rstrip():
        return ""
    return text[len(written) :] if text.startswith(written) else f"\n\n{text}"


def _usage(answer: AnswerObject) -> Usage:
    read, wrote = (answer.trace.tokens.get(name, 0) for name in ("input", "output"))
    return Usage(prompt_tokens=read, completion_tokens=wrote, total_tokens=read + wrote)


def _name() -> str:
    return f"chatcmpl-{secrets.token_hex(12)}"


def _data(told: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(told)}\n\n".encode()


_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant"}
