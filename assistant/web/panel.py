"""The panel over the question box: which papers are asked, and whether two of a kind are compared.

The one thing others need of it is `kept`: a field that holds the scope as `scope.written` wrote it.
Counts and line come from the server, because what a reader may choose is the reader's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from assistant.assistant import Assistant
from assistant.bounds import askable
from assistant.language import Naming
from assistant.web import scope as scopes
from assistant.web import texts
from assistant.web.render import Html, element
from assistant.web.scope import Scope
from assistant.web.viewer import Who
from index.facets import FIELDS
from index.types import Document

LABELS: Mapping[str, str] = Naming(
    {
        "kind": lambda: texts.FIELD_KIND,
        "publisher": lambda: texts.FIELD_PUBLISHER,
        "year": lambda: texts.FIELD_YEAR,
        "region": lambda: texts.FIELD_REGION,
        "programme": lambda: texts.FIELD_PROGRAMME,
        "language": lambda: texts.FIELD_LANGUAGE,
        "document": lambda: texts.FIELD_DOCUMENT,
    }
)
CHIPS = 30  # of one field, the most frequent; further ones are reached by an address


@dataclass(frozen=True, slots=True)
class _Open:
    """What a reader can choose from, and the filters that their way in is bound to."""

    documents: Sequence[Document]
    fixed: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Panel:
    """The parts. `kept` holds the scope; `wish` takes the id of a document that a link names."""

    kept: Any
    wish: Any
    fold: Any
    clear: Any
    told: Any
    beside: Any
    fields: Mapping[str, Any]

    @property
    def chosen(self) -> list[Any]:
        """The parts that a reader chooses in."""
        return [*self.fields.values(), self.beside]

    @property
    def shown(self) -> list[Any]:
        """The parts that follow a choice, in the order that `_look` gives."""
        return [self.kept, self.fold, self.clear, self.told, *self.chosen]


def lay_out() -> Panel:
    """Lay out the panel where it stands."""
    with gr.Column(elem_id="scope"):
        with gr.Accordion("", open=False, elem_id="scope-fold") as fold:
            fields = {name: _field(name) for name in FIELDS}
            beside = gr.Radio(
                [], label=texts.COMPARE, info=texts.COMPARE_HINT, elem_id="scope-beside", interactive=True
            )
        clear = gr.Button(texts.CLEAR_SCOPE, elem_id="scope-clear", size="sm", visible=False)
        told = gr.Markdown("", elem_id="scope-told", container=False)
        unseen: Any = {"visible": "hidden", "show_label": False, "interactive": True}
        kept = gr.Textbox("", elem_id="scope-kept", **unseen)
        wish = gr.Textbox("", elem_id="scope-wish", **unseen)
    return Panel(kept, wish, fold, clear, told, beside, fields)


def _field(name: str) -> Any:
    given: Any = {"label": LABELS[name], "elem_id": f"scope-{name}", "interactive": True, "visible": False}
    if name == "document":  # too many and too long for chips: a list to type into
        return gr.Dropdown([], value=[], multiselect=True, **given)
    return gr.CheckboxGroup([], **given)


def connect(blocks: gr.Blocks, panel: Panel, assistant: Assistant, who: Who) -> None:
    """Connect the panel's parts with each other; a question needs `panel.kept` only."""

    def open_to(request: gr.Request) -> _Open:
        reader = who(request)
        return _Open(askable(assistant.index, reader), reader.scope)

    def opened(request: gr.Request) -> list[Any]:
        """Show what the reader may choose from, and begin with what the address names."""
        held = open_to(request)
        scope, unknown = scopes.from_address(request.query_params.multi_items(), held.documents)
        return _look(held, scope, told=texts.SCOPE_UNKNOWN if unknown else "")

    def changed(request: gr.Request, *values: Any) -> list[Any]:
        *chosen, beside = values
        scope = scopes.made(dict(zip(FIELDS, chosen, strict=True)), beside)
        return _look(open_to(request), scope, values=False)

    def wished(document_id: Any, request: gr.Request) -> list[Any]:
        held = open_to(request)
        scope, unknown = scopes.from_address([("document", str(document_id))], held.documents)
        return _look(held, scope, told=texts.SCOPE_UNKNOWN if unknown else "")

    def cleared(request: gr.Request) -> list[Any]:
        return _look(open_to(request), scopes.EVERYTHING)

    quiet: Any = {
        "outputs": panel.shown,
        "queue": False,
        "preprocess": False,
        "show_progress": "hidden",
        "api_visibility": "private",
        "trigger_mode": "always_last",
    }
    blocks.load(opened, None, **quiet)
    gr.on([part.input for part in panel.chosen], changed, panel.chosen, **quiet)
    panel.wish.submit(wished, [panel.wish], **quiet)
    panel.clear.click(cleared, None, **quiet)


def _look(held: _Open, scope: Scope, *, told: str = "", values: bool = True) -> list[Any]:
    """Give what the parts show. Without `values` the chosen ones are left alone: the reader may have
    gone on choosing meanwhile."""
    documents, choices = held.documents, scopes.choices(held.documents, scope)
    names = {document.id: document.title or document.path for document in documents}
    parts = []
    for name in FIELDS:
        chosen = list(scope.filters.get(name, ()))
        facets = [f for f in choices.get(name, []) if f.count or f.value in chosen]
        if name in held.fixed:
            facets = [f for f in facets if f.value in held.fixed[name] and len(held.fixed[name]) > 1]
        if name != "document":
            facets = [f for n, f in enumerate(facets) if n < CHIPS or f.value in chosen]
        labelled = [(f"{f.value} ({f.count})", f.value) for f in facets]
        if name == "document":
            labelled = [(names.get(f.value, f.value), f.value) for f in facets]
        update: dict[str, Any] = {
            "choices": labelled,
            "visible": bool(labelled),
            **({"value": chosen} if values else {}),
        }
        parts.append(gr.update(**update))
    return [
        scopes.written(scope),
        gr.update(label=scopes.line(documents, scope)),
        gr.update(visible=bool(scope.filters)),
        str(_fixed(held) + (element("p", told, role="status") if told else "")),
        *parts,
        _beside(documents, scope),
    ]


def _fixed(held: _Open) -> Html:
    """Tell what the way in is bound to: it looks like a choice, and cannot be taken back."""
    if not held.fixed:
        return Html("")
    names = scopes.names_of(held.documents)
    values = [names.get(value, value) for given in held.fixed.values() for value in given]
    return element(
        "p", texts.SCOPE_FIXED, *(element("span", value, dir="auto") for value in values), class_="fixed"
    )


def _beside(documents: Sequence[Document], scope: Scope) -> Any:
    """Offer to compare what two values are chosen of."""
    names = scopes.names_of(documents)
    offered = [(texts.COMPARE_NOT, "")]
    for name in scopes.comparable(scope):
        one, other = (names.get(v, v) if name == "document" else v for v in sorted(scope.filters[name]))
        offered.append((texts.COMPARE_TWO.format(one=one, other=other), name))
    return gr.update(choices=offered, value=scope.beside, visible=len(offered) > 1)
