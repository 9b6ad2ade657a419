"""The chat page: the door to Gradio, with `parts`, `replies`, `marking`, `keeping`, `panel`
and `further` behind it.

Import it after `server.quiet_gradio`, never at the top.

Everything shown is HTML from `render` and `cards`, inside components that render Markdown and
sanitise it once more. `gr.HTML` is not used: its templates would need `unsafe-eval` in the
page's content security policy.
"""

import asyncio
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gradio as gr
from anyio import CapacityLimiter
from fastapi import FastAPI
from starlette.routing import NoMatchFound

from assistant import language, sayings
from assistant.web import dialogue, further, lighter, panel, rehearsal, render, texts
from assistant.web import parts as layout
from assistant.web.history import History
from assistant.web.keeping import Keeping
from assistant.web.marks import Marks
from assistant.web.reception import Reception
from assistant.web.replies import Replies
from assistant.web.translation import spoken
from assistant.web.viewer import Who

HERE = Path(__file__).parent
STYLES = ("beside", "history", "narrow", "framed")
SCRIPTS = ("beside", "heard", "marks", "narrow", "over", "framed")
# The desk lets people wait or turns them away, and says so: the framework's own limits lie beyond its.
MORE_THREADS = 32  # for everything else on the page than answers
EVENTS = 1000  # that the framework lets wait
SESSIONS = 8  # windows whose layout it keeps a copy of: up to 1 MB each, nothing of ours, made anew in 3 ms
FONT = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Liberation Sans", "sans-serif")
MONO = ("ui-monospace", "Consolas", "Liberation Mono", "monospace")


def mount(app: FastAPI, reception: Reception, who: Who, marks: Marks, history: History) -> FastAPI:
    """Put the chat at the root of the app; what stands in the app already keeps its place.

    Outside a running event loop Gradio makes one for each of its locks and never closes it, so
    it is given one, in a thread of its own because the caller may have one running already.
    """

    async def mounted() -> FastAPI:
        return _mount(app, reception, who, marks, history)

    rehearsal.begin(reception.assistant)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, mounted()).result()


def _mount(app: FastAPI, reception: Reception, who: Who, marks: Marks, history: History) -> FastAPI:
    with language.placeholders():
        laid_out = page(reception, who, marks, history, _leaving(app))
        head = _head(app.state.framing)
    mounted: FastAPI = gr.mount_gradio_app(
        app,
        laid_out,
        path="/",
        theme=_theme(),
        css_paths=[HERE / "style.css", *(HERE / f"static/{name}.css" for name in STYLES)],
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


def _head(framing: Sequence[str]) -> str:
    """Write our scripts, and what they need: words that they put on the page, and the origins of the
    pages that may frame it."""
    words = {"beside": texts.SOURCE_BESIDE, "close": texts.CLOSE_SOURCE, "tab": texts.SOURCE_IN_TAB}
    words |= {"came": texts.ANSWER_HAS_COME, "chat": texts.CHAT_LABEL, "copied": texts.MARKDOWN_COPIED}
    words |= {"over": texts.SIGN_ON_OVER, "again": texts.SIGN_ON_AGAIN, "ended": sayings.NOT_SIGNED_ON}
    scripts = [
        (HERE / name).read_text("utf-8") for name in ("chat.js", *(f"static/{name}.js" for name in SCRIPTS))
    ]
    told: dict[str, Any] = {"beside-words": words, "framing": list(framing)}
    data = "".join(
        f'<script type="application/json" id="{name}">{_within_html(value)}</script>'
        for name, value in told.items()
    )
    return data + "".join(f"<script>{script}</script>" for script in scripts)


def _within_html(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def page(reception: Reception, who: Who, marks: Marks, history: History, leaving: str = "") -> gr.Blocks:
    """Lay out the page and connect its parts; `leaving` is where a reader signs off, if anywhere."""
    blocks: Any  # some of what is set below stands in no signature
    with gr.Blocks(title=texts.TITLE, analytics_enabled=False, fill_width=True) as blocks:
        with gr.Row(elem_id="masthead"):
            gr.Button(texts.HISTORY, elem_id="history-toggle", size="sm", scale=0)  # opened by chat.js
            gr.Markdown(_masthead(leaving), container=False)
            anew = gr.Button(texts.NEW_CONVERSATION, elem_id="anew", size="sm", visible=False, scale=0)
        with gr.Row(elem_id="desk"):
            with gr.Column(elem_id="history", scale=0, min_width=200):
                aside = layout.aside()
            with gr.Column(elem_id="talk", scale=3, min_width=300):
                chat = layout.conversation()
                nexts = further.lay_out()
                under = layout.under_the_answer()
                words = (texts.QUESTION_LABEL, texts.QUESTION_PLACEHOLDER)
                with gr.Column(elem_id="ask"):
                    narrowing = panel.lay_out()
                    box = layout.field("question", *words, max_lines=6, autofocus=True, submit_btn=texts.SEND)
            with gr.Column(elem_id="beside", scale=2, min_width=300):
                beside = gr.Markdown("", elem_id="sources", latex_delimiters=[], container=False)
        parts = layout.Parts(box, chat, beside, anew, under, aside)
        panel.connect(blocks, narrowing, reception.assistant, who)
        replies = Replies(reception, who, marks, history, parts)
        _connect(blocks, parts, replies, narrowing, nexts)
    for listener in blocks.fns.values():  # every handler: none is to be forgotten
        listener.fn = spoken(listener.fn) if listener.fn else None
    lighter.signatures_read(blocks.blocks.values())
    blocks.state_session_capacity = SESSIONS
    blocks.max_threads = reception.places + MORE_THREADS
    blocks.limiter = CapacityLimiter(blocks.max_threads)
    blocks.queue(max_size=EVENTS, default_concurrency_limit=MORE_THREADS)
    laid_out: gr.Blocks = blocks
    return laid_out


def _connect(
    blocks: gr.Blocks,
    parts: layout.Parts,
    replies: Replies,
    narrowing: panel.Panel,
    nexts: further.Further,
) -> None:
    """Bind the parts to what they do."""
    box, chat, under, shown = parts.box, parts.chat, parts.under, parts.all()
    place = parts.aside.place
    blocks.load(replies.opened, None, shown, **layout.PRIVATE)
    # No preprocessing: it would make components out of whatever messages a browser sends.
    more: Any = {"outputs": shown, "preprocess": False, **layout.PRIVATE}
    answering: Any = {"concurrency_limit": replies.reception.places, "concurrency_id": "answers", **more}
    running: list[Any] = [
        box.submit(replies.reply(), [box, chat, place, narrowing.kept], **answering),
        chat.example_select(replies.chosen, [chat, place, narrowing.kept], **answering),
        under.again.click(replies.again, [chat, place], **answering),
        *(
            text.submit(replies.reply(walk), [text, chat, place, narrowing.kept], **answering)
            for text, walk in ((under.edit, dialogue.ask_again), (under.search, dialogue.search_again))
        ),
        *(button.click(replies.going_on, [button, chat, place], **answering) for button in nexts.buttons),
    ]
    starts = [box, under.edit, under.search]
    begin = [*(part.submit for part in starts), under.again.click, parts.anew.click]
    begin += [button.click for button in nexts.buttons]
    # They are broken off first: a handler that is bound together with `cancels` runs before it.
    for event in (box.stop, parts.anew.click):
        event(None, cancels=running, **layout.PRIVATE)
    stopped = box.stop(replies.stopped, [chat, place], **more)
    parts.anew.click(replies.begun_anew, None, **more)
    further.connect(nexts, [*running, stopped], begin, chat, replies.questions_after)
    replies.marking.connect()
    Keeping(replies).connect(parts)


def _leaving(app: FastAPI) -> str:
    """Where a reader signs off, "" where that is not for this server to say."""
    try:
        return "." + str(app.url_path_for("sign_off"))
    except NoMatchFound:
        return ""


def _masthead(leaving: str) -> str:
    """The title, what this is, the languages it can be read in, and the way out."""
    chosen = [
        render.element("a", name, lang=code, hreflang=code, href=f"./?{language.PARAMETER}={code}")
        for code, name in language.LANGUAGES.items()
    ]
    words = render.element("div", render.element("h1", texts.TITLE), render.element("p", texts.INTRODUCTION))
    languages = render.element("nav", *chosen, aria_label=texts.LANGUAGE_LABEL, class_="languages")
    out = render.element("a", texts.SIGN_OFF, href=leaving, class_="leaving") if leaving else ""
    return str(words + languages + out)


def _theme() -> gr.themes.Base:
    """Give a theme of system fonts and quiet colours: nothing is fetched for it."""
    fonts: Any = {"font": list(FONT), "font_mono": list(MONO)}
    return gr.themes.Base(primary_hue="blue", neutral_hue="slate", radius_size="sm", text_size="md", **fonts)
