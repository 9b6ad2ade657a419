"""What the doors for programs take and give: the OpenAPI document, and the same as a page.

The page is written here from the document, so nothing has to be fetched or shipped for it.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse

from assistant import language
from assistant.web import frame
from assistant.web.api import problems
from assistant.web.api.problems import ClientProblem, Problem
from assistant.web.render import Html, element, join

DOCUMENT, PAGE = f"{problems.REST}/openapi.json", f"{problems.REST}/docs"
VERSION = "1"
ABOUT = (
    "Answers from the documents only, every sentence cited. Programs send a key, as `Authorization: "
    "Bearer …`; `ct-assistant keys create NAME` makes one. Every error is a problem document (RFC 9457, "
    "`application/problem+json`); under `/v1` it also holds the `error` that clients of OpenAI's read."
)
TITLE = "The interface for programs"
REF = "#/components/schemas/"
METHODS = ("get", "post")

Schema = Mapping[str, Any]


def routes(doors: FastAPI) -> APIRouter:
    """Make the routes of the document and of the page about an application."""
    router = APIRouter(include_in_schema=False)
    told = cache(lambda: document(doors))

    @router.get(DOCUMENT)
    def as_json() -> Response:
        return JSONResponse(told())

    @router.get(PAGE)
    def as_page() -> Response:
        return HTMLResponse(page(told()))

    return router


def document(doors: FastAPI) -> dict[str, Any]:
    """The OpenAPI document. What cannot be read is told as 400 here, not as the framework's 422."""
    told = get_openapi(title=doors.title, version=VERSION, description=ABOUT, routes=doors.routes)
    for methods in told["paths"].values():
        for operation in methods.values():
            operation["responses"].pop("422", None)
    parts = told["components"]
    for name in ("HTTPValidationError", "ValidationError"):
        parts["schemas"].pop(name, None)
    for form in (Problem, ClientProblem):
        shape = form.model_json_schema(mode="serialization", ref_template=REF + "{model}")
        parts["schemas"].update(shape.pop("$defs", {}))
        parts["schemas"][form.__name__] = shape
    parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    told["security"] = [{"key": []}, {}]  # a reader who is signed on, or on this machine, needs none
    return told


def page(told: Schema) -> str:
    """The document as a page for people, in English as it is."""
    with language.speaking(language.Language()):
        operations = [
            _operation(method, path, methods[method])
            for path, methods in told["paths"].items()
            for method in METHODS
            if method in methods
        ]
        forms = [_form(name, form) for name, form in told["components"]["schemas"].items()]
        about = element("p", *_code(ABOUT))
        link = element("p", element("a", "openapi.json", href="openapi.json"))
        header = element("header", element("h1", TITLE), about, link)
        main = element("main", header, *operations, element("h2", "Forms"), *forms)
        return frame.shell(TITLE, frame.top("../"), main, prefix="../", kind="reference")


def _operation(method: str, path: str, operation: Schema) -> Html:
    asked = [
        _row(parameter["name"], parameter["schema"], parameter.get("required", False))
        for parameter in operation.get("parameters", ())
    ]
    parts = [element("p", *_code(operation.get("description", "")))]
    if asked:
        parts.append(_table("Parameters", asked))
    if body := operation.get("requestBody"):
        parts.append(element("p", "Body: ", _kind(body["content"]["application/json"]["schema"])))
    answers = [
        element(
            "tr",
            element("th", status, scope="row"),
            element("td", *_code(answer["description"])),
            element("td", *_contents(answer.get("content", {}))),
        )
        for status, answer in operation["responses"].items()
    ]
    parts.append(_table("Answers", answers))
    name = element("code", f"{method.upper()} {path}")
    return element("section", element("h2", name, " ", operation["summary"]), *parts)


def _contents(content: Schema) -> Iterator[Html]:
    for kind, told in content.items():
        yield element("div", element("code", kind), " ", _kind(told.get("schema", {})))


def _form(name: str, form: Schema) -> Html:
    required = form.get("required", ())
    rows = [_row(each, shape, each in required) for each, shape in form.get("properties", {}).items()]
    about = element("p", *_code(form.get("description", "")))
    return element("section", element("h3", name), about, _table("Fields", rows), id=name)


def _row(name: str, shape: Schema, required: bool) -> Html:
    said = shape.get("description", "")
    return element(
        "tr",
        element("th", element("code", name), scope="row"),
        element("td", _kind(shape), "" if required else " (optional)"),
        element("td", *_code(said)),
    )


def _table(label: str, rows: list[Html]) -> Html:
    return element("table", element("tbody", *rows), aria_label=label)


def _kind(shape: Schema) -> Html:
    """Name the kind of a value; a form of its own by a link to it."""
    if "$ref" in shape:
        name = shape["$ref"].removeprefix(REF)
        return element("a", name, href=f"#{name}")
    if "anyOf" in shape:
        return join([_kind(each) for each in shape["anyOf"]], " or ")
    if "enum" in shape:
        return join([element("code", str(each)) for each in shape["enum"]], " or ")
    if "const" in shape:
        return element("code", str(shape["const"]))
    if shape.get("type") == "array" and "items" in shape:
        return join(["list of ", _kind(shape["items"])])
    return Html(element("span", str(shape.get("type", "any"))))


def _code(text: str) -> list[str]:
    """Put what stands between backticks into code."""
    return [
        element("code", part) if place % 2 else part
        for place, part in enumerate(" ".join(text.split()).split("`"))
    ]
