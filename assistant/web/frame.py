"""What every page of the viewer stands in: the head, what it loads, and the way back to the chat."""

from collections.abc import Sequence

from assistant import language
from assistant.web import addresses, shipped, texts
from assistant.web.render import Html, element

STYLES = {
    "": ("static/viewer.css",),
    "viewer": ("static/viewer.css",),
    "browse": ("static/viewer.css", "static/shelf.css"),
    "reference": ("static/viewer.css", "static/reference.css"),
}


def shell(title: str, *parts: Html, prefix: str, scripts: Sequence[str] = (), kind: str = "") -> str:
    """Write the whole page; of the scripts the first is run and the others are fetched with it.

    `prefix` leads to the folder the chat stands in; `kind` is a name in STYLES, the class of the
    page's body.
    """
    shipped_at = [prefix + shipped.address(name) for name in scripts]
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        *(element("link", rel="stylesheet", href=prefix + shipped.address(name)) for name in STYLES[kind]),
        element("link", rel="icon", href=f"{prefix}favicon.ico"),
        element("script", src=prefix + shipped.address("static/early.js")) if kind == "viewer" else "",
        *(element("link", rel="modulepreload", href=address) for address in shipped_at[1:]),
        *(element("script", type="module", src=address) for address in shipped_at[:1]),
    )
    body = element("body", *parts, class_=kind or None)
    spoken = language.current()
    return f"<!doctype html>\n{element('html', head, body, lang=spoken.code, dir=spoken.direction)}\n"


def top(prefix: str, *, shelf: bool = True) -> Html:
    """Write the way back: to the chat, and unless one is there already to all documents."""
    chat = link(texts.BACK, prefix + addresses.CHAT)
    others = (link(texts.ALL_DOCUMENTS, prefix + addresses.SHELF),) if shelf else ()
    return element("nav", chat, *others, class_="top")


def link(label: str, address: str, **attributes: str | None) -> Html:
    """Write a link to a place on this server."""
    return element("a", label, href=address, **attributes)
