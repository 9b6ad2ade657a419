"""The chat page: the only door to Gradio. Import it after `server.quiet_gradio`, never at the top.

Everything shown is HTML from `render` and `cards`, inside components that render Markdown and
sanitise it once more. `gr.HTML` is not used: its templates would need `unsafe-eval` in the
page's content security policy.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi import FastAPI

from assistant.assistant import Assistant
from assistant.records import COMMENT_CHARS, MARKS, Mark
from assistant.web import dialogue, further, language, panel, rehearsal, render, scope, texts
from assistant.web.first_screen import first_screen
from assistant.web.marks import MARK_NAMES, Marks
from assistant.web.translation import spoken
from assistant.web.viewer import Who

HERE = Path(__file__).parent
RUNNING_AT_ONCE = 4  # answers being made at the same time; further ones wait in line
WAITING = 64
FONT = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Liberation Sans", "sans-serif")
MONO = ("ui-monospace", "Consolas", "Liberation Mono", "monospace")

Walk = Callable[..., Iterator[dialogue.Screen]]  # an exchange, or a search again

log = logging.getLogger(__name__)


def mount(app: FastAPI, assistant: Assistant, who: Who, marks: Marks) -> FastAPI:
    """Put the chat at the root of the app; what stands in the app already keeps its place.

    Outside a running event loop Gradio makes one for each of its locks and never closes it, so
    it is given one, in a thread of its own because the caller may have one running already.
    """

    async def mounted() -> FastAPI:
        return _mount(app, assistant, who, marks)

    rehearsal.begin(assistant)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, mounted()).result()


def _mount(app: FastAPI, assistant: Assistant, who: Who, marks: Marks) -> FastAPI:
    with language.placeholders():
        laid_out, head = page(assistant, who, marks), _head()
    mounted: FastAPI = gr.mount_gradio_app(
        app,
        laid_out,
        path="/",
        theme=_theme(),
        css_paths=[HERE / "style.css", HERE / "static/beside.css", HERE / "static/narrow.css"],
        head=head,
        favicon_path=str(HERE / "icon.svg"),
        show_error=False,
        run_history=False,
        enable_monitoring=False,
        footer_links=[],
        max_file_size="5mb",
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        app_kwargs={"docs_url": None, "redoc_url": None},
    )
    return mounted


def _head() -> str:
    """Write our scripts, and the words that the one for sources beside an answer puts on the page."""
    words = {"beside": texts.SOURCE_BESIDE, "close": texts.CLOSE_SOURCE, "tab": texts.SOURCE_IN_TAB}
    words |= {"came": texts.ANSWER_HAS_COME, "chat": texts.CHAT_LABEL, "copied": texts.MARKDOWN_COPIED}
    told = json.dumps(words, ensure_ascii=False).replace("<", "\\u003c")
    scripts = [
        (HERE / name).read_text("utf-8")
        for name in ("chat.js", "static/beside.js", "static/heard.js", "static/narrow.js")
    ]
    data = f'<script type="application/json" id="beside-words">{told}</script>'
    return data + "".join(f"<script>{script}</script>" for script in scripts)


def page(assistant: Assistant, who: Who, marks: Marks) -> gr.Blocks:
    """Lay out the page and connect its parts."""
    blocks: gr.Blocks
    with gr.Blocks(title=texts.TITLE, analytics_enabled=False, fill_width=True) as blocks:
        with gr.Row(elem_id="masthead"):
            gr.Markdown(_masthead(), container=False)
            anew = gr.Button(texts.NEW_CONVERSATION, elem_id="anew", size="sm", visible=False, scale=0)
        with gr.Row(elem_id="desk"):
            with gr.Column(elem_id="talk", scale=3, min_width=300):
                chat = _conversation()
                nexts = further.lay_out()
                mark_row, search = _under_the_answer()
                words = (texts.QUESTION_LABEL, texts.QUESTION_PLACEHOLDER)
                with gr.Column(elem_id="ask"):
                    narrowing = panel.lay_out()
                    box = _field("question", *words, max_lines=6, autofocus=True, submit_btn=texts.SEND)
            with gr.Column(elem_id="beside", scale=2, min_width=300):
                beside = gr.Markdown("", elem_id="sources", latex_delimiters=[], container=False)
        shown = [box, chat, beside, anew, *search, *mark_row]
        hidden: Any = {"show_progress": "hidden", "api_visibility": "private"}
        blocks.load(_opening(assistant, who), None, [chat, beside], **hidden)
        panel.connect(blocks, narrowing, assistant, who)
        reply = _reply(assistant, who, marks)
        # No preprocessing: it would make components out of whatever messages a browser sends.
        answering = {
            "concurrency_limit": RUNNING_AT_ONCE,
            "concurrency_id": "answers",
            "preprocess": False,
            **hidden,
        }
        submitted = box.submit(reply, [box, chat, narrowing.kept], shown, **answering)
        again = _reply(assistant, who, marks, dialogue.search_again)
        corrected = search[1].submit(again, [search[1], chat, narrowing.kept], shown, **answering)
        example = chat.example_select(_chosen(reply), [chat, narrowing.kept], shown, **answering)
        on = [b.click(_going_on(reply), [b, chat], shown, **answering) for b in nexts.buttons]
        further.connect(nexts, [submitted, corrected, example, *on], chat, assistant, who, marks.exchange)
        begin = [box.submit, search[1].submit, anew.click, *(button.click for button in nexts.buttons)]
        gr.on(begin, further.gone, None, nexts.shown, queue=False, **hidden)
        _, told, comment, *buttons = mark_row
        marking: Any = {"inputs": [chat, comment], "outputs": [told, *buttons], "preprocess": False, **hidden}
        for button, mark in zip(buttons, MARKS, strict=True):
            button.click(_mark(marks, who, mark), **marking)
        comment.submit(_mark(marks, who, None), **marking)
        anew.click(_begin_anew(assistant, who), None, shown, **hidden)
    for listener in blocks.fns.values():  # every handler: none is to be forgotten
        listener.fn = spoken(listener.fn) if listener.fn else None
    blocks.queue(max_size=WAITING)
    return blocks


def _masthead() -> str:
    """The title, what this is, and the languages it can be read in."""
    chosen = [
        render.element("a", name, lang=code, hreflang=code, href=f"./?{language.PARAMETER}={code}")
        for code, name in language.LANGUAGES.items()
    ]
    words = render.element("div", render.element("h1", texts.TITLE), render.element("p", texts.INTRODUCTION))
    return str(words + render.element("nav", *chosen, aria_label=texts.LANGUAGE_LABEL, class_="languages"))


def _conversation() -> gr.Chatbot:
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


def _field(elem_id: str, label: str, placeholder: str, **more: Any) -> gr.Textbox:
    given: Any = {"elem_id": elem_id, "label": label, "placeholder": placeholder, **more}
    return gr.Textbox(show_label=False, container=False, lines=1, **given)


def _under_the_answer() -> tuple[list[Any], list[Any]]:
    """Lay out what stands under the latest answer. The marks: their row, what is told, the comment,
    the buttons; and the search: what folds it away, and its text."""
    with gr.Column(elem_id="marks", visible=False) as row:
        with gr.Accordion(texts.CHANGE_SEARCH, open=False, elem_id="search") as fold:
            gr.Markdown(str(render.element("p", texts.SEARCH_HINT)), container=False)
            words = (texts.SEARCH_LABEL, "")
            search = _field("search-text", *words, max_lines=6, submit_btn=texts.SEARCH_AGAIN)
        with gr.Row(elem_id="marking"):
            gr.Markdown(str(render.element("p", texts.MARKS_LABEL)), container=False)
            buttons = [gr.Button(MARK_NAMES[mark], size="sm", scale=0, min_width=0) for mark in MARKS]
            words = (texts.COMMENT_LABEL, texts.COMMENT_PLACEHOLDER)
            comment = _field("comment", *words, max_lines=1, max_length=COMMENT_CHARS)
        told = gr.Markdown("", elem_id="told", container=False)
    return [row, told, comment, *buttons], [fold, search]


def _opening(assistant: Assistant, who: Who) -> Callable[..., Any]:
    def opening(request: gr.Request) -> tuple[Any, Any]:
        """Show the examples and the documents that are there for this reader, now."""
        questions, beside = first_screen(assistant, who(request.headers))
        return gr.update(examples=[{"text": question} for question in questions]), beside

    return opening


def _begin_anew(assistant: Assistant, who: Who) -> Callable[..., Any]:
    def begin_anew(request: gr.Request) -> tuple[Any, ...]:
        """Forget the conversation."""
        _, beside = first_screen(assistant, who(request.headers))
        folded = (gr.update(open=False), "")
        return gr.update(), [], beside, gr.update(visible=False), *folded, *_mark_row_gone()

    return begin_anew


def _reply(
    assistant: Assistant, who: Who, marks: Marks, walk: Walk = dialogue.exchange
) -> Callable[..., Any]:
    def reply(typed: Any, messages: Any, kept: Any, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        """Walk one exchange; Gradio sends each step to the browser."""
        text = typed if isinstance(typed, str) else ""
        before = [message for message in messages or [] if isinstance(message, dict)]
        for screen in walk(assistant, who(request.headers), text, before, marks.keep, scope.read(kept)):
            yield (
                gr.skip() if screen.box is None else screen.box,
                screen.messages,
                gr.skip() if screen.beside is None else str(screen.beside),
                gr.update(visible=True) if screen.last else gr.skip(),
                gr.update(open=False) if screen.begins else gr.skip(),
                gr.skip() if screen.search is None else screen.search,
                *_mark_row_after(screen),
            )

    return reply


def _mark_row_after(screen: dialogue.Screen) -> list[Any]:
    """Take the marks away where an answer begins, and bring them back under one that stands."""
    if screen.begins:
        return _mark_row_gone()
    if screen.last:
        return [gr.update(visible=dialogue.last_answer(screen.messages) is not None), *[gr.skip()] * 5]
    return [gr.skip()] * 6


def _mark_row_gone() -> list[Any]:
    return [gr.update(visible=False), "", "", *_mark_buttons(None)]


def _mark_buttons(chosen: Mark | None) -> list[Any]:
    """Show which mark the answer has; in words too, for who cannot see the colour."""
    return [
        gr.update(value=texts.MARK_CHOSEN.format(mark=name), variant="primary")
        if mark == chosen
        else gr.update(value=name, variant="secondary")
        for mark, name in MARK_NAMES.items()
    ]


def _mark(marks: Marks, who: Who, mark: Mark | None) -> Callable[..., Any]:
    def marked(messages: Any, comment: Any, request: gr.Request) -> list[Any]:
        """Record one click, or a comment sent by itself; the comment stays in its box."""
        shown = [m for m in messages if isinstance(m, dict)] if isinstance(messages, list) else []
        typed = comment if isinstance(comment, str) else ""
        told = marks.mark(who(request.headers), dialogue.last_answer(shown), mark, typed)
        return [str(render.element("p", told.sentence, role="status")), *_mark_buttons(told.mark)]

    return marked


def _chosen(reply: Callable[..., Any]) -> Callable[..., Any]:
    def chosen(
        messages: Any, kept: Any, choice: gr.SelectData, request: gr.Request
    ) -> Iterator[tuple[Any, ...]]:
        """Ask the example that was clicked, as if it had been typed."""
        yield from reply(str(choice.value["text"]), messages, kept, request)

    return chosen


def _going_on(reply: Callable[..., Any]) -> Callable[..., Any]:
    def going_on(typed: Any, messages: Any, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        """Ask what a button says, of the documents that the question before was asked of."""
        shown = [m for m in messages if isinstance(m, dict)] if isinstance(messages, list) else []
        yield from reply(typed, messages, dialogue.last_scope(shown), request)

    return going_on


def _theme() -> gr.themes.Base:
    """Give a theme of system fonts and quiet colours: nothing is fetched for it."""
    fonts: Any = {"font": list(FONT), "font_mono": list(MONO)}
    return gr.themes.Base(primary_hue="blue", neutral_hue="slate", radius_size="sm", text_size="md", **fonts)
