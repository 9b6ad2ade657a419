"""The doors for programs as one application of their own, put before the chat in the server's."""

from collections.abc import Callable

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.types import Receive, Scope, Send

from assistant.errors import AssistantFault
from assistant.web import texts
from assistant.web.api import completions, problems, reference, rest
from assistant.web.api.asking import Desk
from index.errors import IndexFault

KNOWN = (AssistantFault, IndexFault, RequestValidationError, problems.Absent, problems.NoSuchModel)
OPEN_TO_ALL = (rest.HEALTH, rest.READY)


def mount(app: FastAPI, desk: Desk, reach: Callable[[], None]) -> None:
    """Put the doors into an application; `reach` raises where the records cannot be reached.

    They are an application of their own because the chat answers every address that is left: here
    a wrong method and an unknown address stay errors for programs.
    """
    doors = application(desk, reach)
    entered = _Entered(doors)

    @app.get(problems.REST, include_in_schema=False)
    def documented() -> Response:
        return RedirectResponse(f".{reference.PAGE}")

    for door in problems.PATHS:
        app.mount(door, entered)


class _Entered:
    """The doors, entered with the whole path: their routes name it from the root."""

    def __init__(self, doors: FastAPI) -> None:
        self.doors, self.routes = doors, doors.routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.doors({**scope, "root_path": scope["app_root_path"]}, receive, send)


def application(desk: Desk, reach: Callable[[], None]) -> FastAPI:
    """Make the application of both doors and of their documentation."""
    doors = FastAPI(
        title=texts.TITLE,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    doors.include_router(rest.routes(desk, reach))
    doors.include_router(completions.routes(desk))
    doors.include_router(reference.routes(doors))
    for kind in KNOWN:
        doors.add_exception_handler(kind, _refused)
    return doors


async def _refused(request: Request, fault: Exception) -> Response:
    return problems.answered(problems.refused(fault), request.scope["path"])
