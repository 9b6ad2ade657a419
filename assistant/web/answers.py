"""An answer as it stands in the conversation: notes, state, text with its markers, sources, search.

All of it is text until `render` has escaped it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from assistant import sayings
from assistant.missing import missing_sentence
from assistant.types import Answer, Citation, Column
from assistant.web import addresses, confidence, prose, texts
from assistant.web.render import Html, clean, count_of_documents, element, join, page_name


@dataclass(frozen=True, slots=True)
class Asking:
    """What an answer answers: the typed text, how many documents were asked, and which in words,
    "" where these are all that the reader may see."""

    typed: str
    documents: int
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Since:
    """What became of an old answer: sentences on its sources, and the numbers of those that are gone."""

    changes: tuple[str, ...] = ()
    gone: frozenset[int] = frozenset()
    marked: str = ""


def draft(text: str) -> Html:
    """Write an answer that is still being streamed: its markers are not checked yet, so not links."""
    return element("div", prose.written(text, {}), class_="answer draft", dir="auto")


def answer(
    said: Answer, answer_id: str | None = None, asking: Asking | None = None, since: Since | None = None
) -> Html:
    """Write a final answer; with an id it can be marked, with what was asked it tells what was
    searched for, with what happened since it tells that."""
    since = since or Since()
    citations = {
        citation.number: citation for citation in said.citations if citation.number not in since.gone
    }
    # A follow-up must be able to see that there was no answer.
    read_back = said.text or texts.STATE_NOT_IN_DOCUMENTS
    made = ("written" if said.trace.model else "extracted") if said.citations else ""
    classes = " ".join(("answer", said.status, made)).rstrip()
    kept = {"class_": classes, "data_said": clean(read_back), "data_answer": answer_id}
    lacking = missing_sentence(said) if said.status == "partial" else ""
    parts = [
        *(element("p", note, class_="note", role="note", dir="auto") for note in said.notes),
        _state(said, asking),
        *([_columns(said, citations)] if said.columns else _body(said, citations)),
        element("p", lacking, class_="lacking", dir="auto") if lacking else "",
        *(element("p", change, class_="change", role="note") for change in since.changes),
        _made(said),
        "" if said.columns else _sources(said.citations),
        _searched(said, asking),
        element("p", asking.scope, class_="searched asked", dir="auto") if asking and asking.scope else "",
        element("p", texts.MARKED_BEFORE.format(mark=since.marked), class_="searched")
        if since.marked
        else "",
        _do_with(said, answer_id),
    ]
    return element("div", *parts, **kept)


def withheld(sentence: str, answer_id: str) -> Html:
    """Write an old answer that its reader may not see any more; it is no part of what follows."""
    kept = {"class_": "answer withheld", "data_answer": answer_id}
    return element("div", element("p", sentence, class_="state"), **kept)


def _made(said: Answer) -> Html:
    """Say how sure the evidence makes us, and who chose the words."""
    if not said.citations or said.status not in ("answered", "partial"):
        return Html("")
    step = confidence.step(said)
    sure = element("span", confidence.words(step), class_=f"sure {step}") if step else ""
    who = texts.WRITTEN.format(model=said.trace.model) if said.trace.model else texts.EXTRACTED
    return element("p", sure, element("span", who, class_="who"), class_="made")


def _body(said: Answer, citations: dict[int, Citation]) -> list[Html]:
    if not said.text:
        return []
    written = prose.written(said.text, citations, said.emphasis)
    return [element("div", written, class_="prose", dir="auto")]


def _columns(said: Answer, citations: dict[int, Citation]) -> Html:
    """Write the sides of a comparison, each under its name with the papers it rests on."""
    return element("div", *(_column(said, column, citations) for column in said.columns), class_="sides")


def _column(said: Answer, column: Column, citations: dict[int, Citation]) -> Html:
    text = said.text[column.start : column.end]
    keys = [
        (start - column.start, end - column.start)
        for start, end in said.emphasis
        if column.start <= start and end <= column.end
    ]
    called = prose.called(text)
    return element(
        "section",
        element("h2", column.label, dir="auto"),
        element("div", prose.written(text, citations, keys), class_="prose", dir="auto"),
        _sources([citation for citation in said.citations if citation.number in called]),
        class_="side",
    )


def _do_with(said: Answer, answer_id: str | None) -> Html:
    """Link to the answer as text and as files, where there is something to take, and to its marks."""
    if not answer_id:
        return Html("")
    mark = element("a", texts.MARK_THIS, href=addresses.mark(answer_id), class_="mark")
    taken = () if said.status == "unsupported" else _take_away(answer_id)
    return element("p", *taken, mark, class_="take")


def _take_away(answer_id: str) -> list[Html]:
    links = (("md", texts.COPY_MARKDOWN), ("docx", texts.AS_WORD), ("pdf", texts.AS_PDF))
    return [
        element(
            "a",
            name,
            href=addresses.memo(answer_id, kind),
            class_="copy" if kind == "md" else None,
            target="_blank",
            rel="noopener",
        )
        for kind, name in links
    ]


def _state(said: Answer, asking: Asking | None) -> Html:
    """Say in plain words what kind of answer this is, unless it is simply one."""
    extracted = texts.STATE_FALLBACK if said.trace.fallback else ""
    if said.status == "answered":
        return element("p", extracted, class_="state") if extracted else Html("")
    if said.status == "not_in_documents":
        return _silence(said, asking)
    label, hint = {
        "partial": (extracted, texts.STATE_PARTIAL),
        "unsupported": (texts.STATE_UNSUPPORTED, texts.UNSUPPORTED_HINT),
    }[said.status]
    lines = [element("strong", label)] if label else []
    return element("p", join([*lines, hint], Html("<br>")), class_="state")


def _silence(said: Answer, asking: Asking | None) -> Html:
    """Say that the documents do not: what was searched, what they lack, and what to try."""
    searched = ""
    if asking and said.trace.search_text:
        count = count_of_documents(asking.documents)
        searched = texts.SEARCHED_IN.format(documents=count, text=said.trace.search_text)
    lines = [searched, missing_sentence(said), "" if said.text else texts.NOT_IN_DOCUMENTS_HINT]
    told = [element("p", line, class_="state", dir="auto") for line in lines if line]
    label = element("p", element("strong", texts.STATE_NOT_IN_DOCUMENTS), class_="state")
    return join([label, *told])


def _sources(citations: Sequence[Citation]) -> Html:
    """Name the papers an answer rests on, each once, with its date and the pages."""
    papers: dict[str, list[Citation]] = {}
    for citation in citations:
        papers.setdefault(citation.document_id, []).append(citation)
    rows = []
    for cited in papers.values():
        pages = dict.fromkeys(page_name(one.page, one.page_label) for one in cited)
        title = element("span", cited[0].title or cited[0].path, class_="title", dir="auto")
        date = cited[0].date or sayings.UNDATED
        rows.append(
            element("li", title, element("span", " · ".join(["", date, ", ".join(pages)]), class_="when"))
        )
    if not rows:
        return Html("")
    listing = element("ul", *rows, aria_label=texts.SOURCES)
    return element("div", element("span", texts.SOURCES, aria_hidden="true"), listing, class_="from")


def _searched(said: Answer, asking: Asking | None) -> Html:
    """Tell what was searched for, where that is not what was typed and not told already."""
    text = said.trace.search_text
    same = not asking or " ".join(clean(asking.typed).split()) == text
    if not text or same or said.status == "not_in_documents":
        return Html("")
    return element("p", texts.SEARCHED_FOR.format(text=text), class_="searched", dir="auto")
