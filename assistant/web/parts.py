"""The parts of the chat page that its handlers write to, and how each is laid out. Gradio, for `chat`."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from assistant.records import COMMENT_CHARS, MARKS, Mark
from assistant.web import render, texts
from assistant.web.marks import MARK_NAMES

Changes = dict[Any, Any]  # part -> what becomes of it
PRIVATE: Any = {"show_progress": "hidden", "api_visibility": "private"}


@dataclass(frozen=True, slots=True)
class Under:
    """What stands under the latest answer: asking it again, and the marks. A `fold` with its text.

    `about` tells which answer the marks are for; `wish` takes the id of the one that a link names.
    """

    row: gr.Column
    again: gr.Button
    edit_fold: gr.Accordion
    edit: gr.Textbox
    search_fold: gr.Accordion
    search: gr.Textbox
    about: gr.Markdown
    wish: gr.Textbox
    told: gr.Markdown
    comment: gr.Textbox
    buttons: list[gr.Button]


@dataclass(frozen=True, slots=True)
class Aside:
    """The list of conversations, and what can be done with them. `place` holds the id of the open one."""

    place: gr.Markdown
    find: gr.Textbox
    listing: gr.Markdown
    own: gr.Row
    rename: gr.Button
    delete: gr.Button
    name: gr.Textbox
    sure: gr.Column
    sure_words: gr.Markdown
    sure_yes: gr.Button
    sure_no: gr.Button
    delete_all: gr.Button
    all_sure: gr.Column
    all_yes: gr.Button
    all_no: gr.Button
    told: gr.Markdown


@dataclass(frozen=True, slots=True)
class Parts:
    """All parts that an answer, or another conversation, changes."""

    box: gr.Textbox
    chat: gr.Chatbot
    beside: gr.Markdown
    anew: gr.Button
    under: Under
    aside: Aside

    def all(self) -> list[Any]:
        """Give them as a list of outputs; handlers return a dictionary with some of them."""
        under, aside = self.under, self.aside
        mine = [under.row, under.edit_fold, under.edit, under.search_fold, under.search]
        marks = [under.about, under.told, under.comment, *under.buttons]
        lists = [aside.place, aside.find, aside.listing, aside.own, aside.name, aside.sure, aside.all_sure]
        return [self.box, self.chat, self.beside, self.anew, *mine, *marks, *lists, aside.told]


def conversation() -> gr.Chatbot:
    """Lay out the conversation, empty: what to do first."""
    start = render.element(
        "div", render.element("h2", texts.START), render.element("p", texts.START_HINT), class_="start"
    )
    return gr.Chatbot(
        elem_id="chat",
        label=texts.CHAT_LABEL,
        show_label=False,
        container=False,
        height="100%",
        layout="bubble",
        placeholder=str(start),
        buttons=[],
        feedback_options=None,
        latex_delimiters=[],
        allow_tags=False,
        sanitize_html=True,
        allow_file_downloads=False,
        group_consecutive_messages=False,
    )


def field(elem_id: str, label: str, placeholder: str, **more: Any) -> gr.Textbox:
    """Lay out a box to write in, its label for screen readers only."""
    given: Any = {"elem_id": elem_id, "label": label, "placeholder": placeholder, **more}
    return gr.Textbox(show_label=False, container=False, lines=1, **given)


def words(sentence: str = "", **more: Any) -> gr.Markdown:
    """Lay out a sentence."""
    return gr.Markdown(str(render.element("p", sentence)) if sentence else "", container=False, **more)


def under_the_answer() -> Under:
    """Lay out what stands under the latest answer."""
    with gr.Column(elem_id="marks", visible=False) as row:
        with gr.Row(elem_id="anew-row"):
            again = gr.Button(texts.ASK_AGAIN, elem_id="again", size="sm", scale=0, min_width=0)
            with gr.Accordion(
                texts.EDIT_QUESTION, open=False, elem_id="edit", elem_classes="fold"
            ) as edit_fold:
                words(texts.EDIT_HINT)
                edit = field("edit-text", texts.EDIT_LABEL, "", max_lines=6, submit_btn=texts.SEND)
            with gr.Accordion(texts.CHANGE_SEARCH, open=False, elem_id="search", elem_classes="fold") as fold:
                words(texts.SEARCH_HINT)
                search = field(
                    "search-text", texts.SEARCH_LABEL, "", max_lines=6, submit_btn=texts.SEARCH_AGAIN
                )
        with gr.Row(elem_id="marking"):
            about = words(texts.MARKS_LABEL, elem_id="about")
            buttons = [gr.Button(MARK_NAMES[mark], size="sm", scale=0, min_width=0) for mark in MARKS]
            given = (texts.COMMENT_LABEL, texts.COMMENT_PLACEHOLDER)
            comment = field("comment", *given, max_lines=1, max_length=COMMENT_CHARS)
        told = words(elem_id="told")
        wish = gr.Textbox("", elem_id="mark-wish", visible="hidden", show_label=False, interactive=True)
    return Under(row, again, edit_fold, edit, fold, search, about, wish, told, comment, buttons)


def aside() -> Aside:
    """Lay out the list of conversations."""
    place = gr.Markdown("", elem_id="place", container=False)
    find = field("find", texts.FIND, texts.FIND, max_lines=1, max_length=200)
    with gr.Row(elem_id="own", visible=False) as own:
        words(texts.THIS_CONVERSATION)
        rename = gr.Button(texts.RENAME, size="sm", scale=0, min_width=0, elem_id="rename")
        delete = gr.Button(texts.DELETE, size="sm", scale=0, min_width=0, elem_id="delete")
    name = field("name", texts.RENAME_LABEL, "", max_lines=1, submit_btn=texts.RENAME_DONE, visible=False)
    with gr.Column(elem_id="sure", elem_classes="sure", visible=False) as sure:
        sure_words = words(" ")
        with gr.Row():
            sure_yes = gr.Button(texts.DELETE_NOW, size="sm", variant="stop", scale=0, min_width=0)
            sure_no = gr.Button(texts.DELETE_NOT, size="sm", scale=0, min_width=0)
    told = words(elem_id="history-told")
    listing = gr.Markdown("", elem_id="listing", container=False, latex_delimiters=[])
    delete_all = gr.Button(texts.DELETE_ALL, size="sm", elem_id="delete-all")
    with gr.Column(elem_id="all-sure", elem_classes="sure", visible=False) as all_sure:
        words(texts.DELETE_ALL_SURE)
        with gr.Row():
            all_yes = gr.Button(texts.DELETE_ALL_NOW, size="sm", variant="stop", scale=0, min_width=0)
            all_no = gr.Button(texts.DELETE_NOT, size="sm", scale=0, min_width=0)
    return Aside(
        place, find, listing, own, rename, delete, name, sure, sure_words, sure_yes, sure_no,
        delete_all, all_sure, all_yes, all_no, told,
    )  # fmt: skip


def mark_buttons(buttons: list[gr.Button], chosen: Mark | None) -> dict[Any, Any]:
    """Show which mark the answer has; in words too, for who cannot see the colour."""
    looks = (
        gr.update(value=texts.MARK_CHOSEN.format(mark=name), variant="primary")
        if mark == chosen
        else gr.update(value=name, variant="secondary")
        for mark, name in MARK_NAMES.items()
    )
    return dict(zip(buttons, looks, strict=True))
