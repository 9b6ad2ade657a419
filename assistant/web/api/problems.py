"""Errors for programs as RFC 9457 problem documents: what each fault is told as.

A problem tells no more than a reader would be told; a fault that nobody foresaw tells nothing.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.responses import Response

from assistant import sayings
from assistant.errors import (
    BadQuestion,
    ModelUnavailable,
    NotSignedOn,
    RecordsUnavailable,
    TooManyQuestions,
    for_staff,
)
from assistant.web import texts
from index.errors import IndexFault

REST, OPENAI = "/api", "/v1"
PATHS = (REST, OPENAI)
KIND = "application/problem+json"
AGAIN_S = 5  # after which something that is away may be tried again
# What a client of OpenAI's reads in `error.type`, by status.
_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}

# As README and OpenAPI tell them.
_MEANINGS = {
    400: "The request is not as documented, or the question cannot be searched for.",
    401: "Nobody is signed on, and no key in use came along.",
    403: "The request comes from a page of another site.",
    404: "It is not there, or you may not read it.",
    411: "The length of the body is not told.",
    413: "The body is larger than 64 KiB, or as this service is set.",
    429: "Another answer is on its way, or these were too many questions for a minute, or for the server.",
    500: "A fault of the service.",
    503: "Papers, records or model are away for now.",
}
_NO_MODEL = "There is no such model; `/v1/models` lists what there is."
_AGAIN = {"Retry-After": {"schema": {"type": "integer"}, "required": True, "description": "seconds to wait"}}

log = logging.getLogger(__name__)


class Invalid(BaseModel):
    """A part of a request that cannot be used: where in the body (a JSON pointer), or which parameter."""

    detail: str
    pointer: str | None = None
    parameter: str | None = None


class Problem(BaseModel):
    """RFC 9457. `detail` is for people; programs decide by `status`."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[Invalid] | None = None


class ClientError(BaseModel):
    """The same for clients of OpenAI's."""

    message: str
    type: str
    param: str | None
    code: str | None


class ClientProblem(Problem):
    """A problem that clients of OpenAI's understand too."""

    error: ClientError


@dataclass(frozen=True, slots=True)
class Refusal:
    """What went wrong, before it is put into the form of a path."""

    status: int
    detail: str
    errors: Sequence[Invalid] = ()
    headers: Mapping[str, str] | None = None
    code: str | None = None


class Absent(Exception):
    """What a program asks for is not there, or not theirs to see."""


class NoSuchModel(Exception):
    """A model that is asked for is not the one there is."""


def is_for_programs(path: str) -> bool:
    """Whether a path is one of the doors for programs."""
    return any(path == door or path.startswith(f"{door}/") for door in PATHS)


def refusal_of(fault: Exception) -> Refusal:
    """What to tell of a fault; of one that nobody foresaw, nothing but that it is there."""
    again = {"Retry-After": str(AGAIN_S)}
    match fault:
        case RequestValidationError():
            return _unfit(fault)
        case Absent():
            return absent()
        case NoSuchModel():
            return Refusal(404, _NO_MODEL, code="model_not_found")
        case TooManyQuestions():
            headers = {"Retry-After": str(fault.retry_after_s)}
            return Refusal(429, for_staff(fault), headers=headers, code="rate_limit_exceeded")
        case BadQuestion():
            return Refusal(400, for_staff(fault))
        case NotSignedOn():
            return Refusal(401, for_staff(fault), headers={"WWW-Authenticate": "Bearer"})
        case ModelUnavailable() | IndexFault():
            return Refusal(503, for_staff(fault), headers=again)
        case RecordsUnavailable():
            return Refusal(503, sayings.WENT_WRONG, headers=again)
    return Refusal(500, sayings.WENT_WRONG)


def refused(fault: Exception) -> Refusal:
    """What to tell of a fault that the log is told of here."""
    refusal = refusal_of(fault)
    if refusal.status == 500:
        log.error("a program was not answered", exc_info=fault)
    elif not isinstance(fault, RequestValidationError | Absent | NoSuchModel):
        log.info("a program was not answered: %s", fault)
    return refusal


def told(*statuses: int, form: type[Problem] = Problem, signed_on: bool = True) -> dict[int | str, Any]:
    """The problems of an operation, as OpenAPI tells them; `signed_on` adds those of the sign-on."""
    named = sorted({*statuses, *((401, 503) if signed_on else ())})
    return {
        status: {
            "description": _MEANINGS[status],
            "content": {KIND: {"schema": {"$ref": f"#/components/schemas/{form.__name__}"}}},
            "headers": _AGAIN if status in (429, 503) else {},
        }
        for status in named
    }


def absent() -> Refusal:
    """What is not there and what is not theirs to see, in the same words."""
    return Refusal(404, texts.NOT_FOUND)


def written(refusal: Refusal, path: str) -> dict[str, Any]:
    """A refusal as the object that a program at this path reads."""
    title = HTTPStatus(refusal.status).phrase
    told = {"title": title, "status": refusal.status, "detail": refusal.detail}
    errors = list(refusal.errors) or None
    if not path.startswith(OPENAI):
        return Problem(**told, errors=errors).model_dump(exclude_none=True)
    usual = "server_error" if refusal.status >= 500 else "invalid_request_error"
    first = next((each.pointer or each.parameter or "" for each in refusal.errors), "")
    param = first.removeprefix("#").removeprefix("/").replace("/", ".") or None
    kind = _TYPES.get(refusal.status, usual)
    error = ClientError(message=refusal.detail, type=kind, param=param, code=refusal.code)
    problem = ClientProblem(**told, errors=errors, error=error)
    return {**problem.model_dump(exclude_none=True), "error": error.model_dump()}


def answered(refusal: Refusal, path: str) -> Response:
    """A refusal as an answer."""
    body = json.dumps(written(refusal, path), ensure_ascii=False)
    return Response(body, refusal.status, refusal.headers, KIND)


def _unfit(fault: RequestValidationError) -> Refusal:
    """Name what is wrong with a request, without saying it back."""
    errors = []
    for error in fault.errors():
        where, *path = error["loc"]
        told = Invalid(detail=error["msg"])
        if where == "body":
            path = [] if error["type"] == "json_invalid" else path  # there it is an offset
            parts = [str(part).replace("~", "~0").replace("/", "~1") for part in path]
            told.pointer = "#" + "".join(f"/{part}" for part in parts)
        else:
            told.parameter = str(path[0]) if path else str(where)
        errors.append(told)
    first = errors[0]
    place = first.pointer or first.parameter
    return Refusal(400, f"The request is not as documented, at {place}: {first.detail}.", tuple(errors))
