"""The row of marks speaks of one answer at a time, of its reader's own, and marks that one."""

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import scripted
from assistant.errors import RecordsUnavailable
from assistant.records import Database, FeedbackBook
from assistant.types import Principal, Question
from assistant.web import listing, past, server, texts
from assistant.web import messages as messages_of
from test_history import BOARD, KEPT, ME, YOU, Page, database, page
from test_web import Seen

if TYPE_CHECKING:
    from assistant.web.marking import Marking

__all__ = ["database", "page"]  # the fixtures

UNDER: Any = SimpleNamespace(about="about", told="told", comment="comment", buttons=["up", "down", "wrong"])
LATER = "And who pays?"


class Row:
    """The row under a page's conversation, and what it shows by now."""

    def __init__(self, page: Page, principal: Principal = ME) -> None:
        server.quiet_gradio()
        from assistant.web import marking

        parts: Any = SimpleNamespace(under=UNDER)
        self.page, self.request = page, SimpleNamespace(headers={})
        self.handlers: Marking = marking.Marking(lambda _: principal, page.marks, page.history, parts)
        self.shown: dict[str, Any] = {"about": marking.about(), "comment": ""}

    @property
    def place(self) -> str:
        return listing.place(self.page.open)

    def choose(self, answer_id: object) -> str:
        self.shown |= self.handlers.chosen(answer_id, self.page.messages, self.place, self.request)  # type: ignore[arg-type]
        return Seen(self.shown["about"]).text

    def mark(self, mark: Any) -> str:
        comment, about = self.shown["comment"], self.shown["about"]
        given = self.handlers.marked(mark)(self.page.messages, comment, self.place, about, self.request)
        self.shown |= given
        return Seen(self.shown["told"]).text

    def note(self) -> Any:
        about, request = self.shown["about"], self.request
        return self.handlers.noted(self.page.messages, self.place, about, request)  # type: ignore[arg-type]

    def chosen_button(self) -> str:
        return next((name for name in UNDER.buttons if self.shown[name]["variant"] == "primary"), "")


def test_an_earlier_answer_is_marked_and_the_last_one_is_not(page: Page) -> None:
    page.ask(KEPT)
    page.ask(LATER)
    row, (first, last) = Row(page), page.kept()
    row.mark("helpful")
    assert row.choose(first.id) == texts.MARKS_LABEL_OF.format(question=KEPT)
    assert row.chosen_button() == "", "the mark of the last one is not that of this one"
    row.shown["comment"] = "see page 4"
    assert row.mark("wrong_evidence") == texts.MARK_KEPT_WITH_COMMENT and row.chosen_button() == "wrong"
    assert [each.marked for each in page.kept()] == [("wrong_evidence", "see page 4"), ("helpful", "")]
    assert row.choose(last.id) == texts.MARKS_LABEL and row.shown["comment"] == ""
    assert row.chosen_button() == "up"
    row.choose(first.id)
    assert row.chosen_button() == "wrong" and row.shown["comment"] == "see page 4"
    assert row.mark("not_helpful") == texts.MARK_KEPT_WITH_COMMENT
    assert [each.marked for each in page.kept()] == [("not_helpful", "see page 4"), ("helpful", "")]


def test_a_mark_is_told_at_its_answer_and_nothing_else_is_written_anew(page: Page) -> None:
    page.ask(KEPT)
    page.ask(LATER)
    row, first = Row(page), page.kept()[0]
    row.choose(first.id)
    row.mark("helpful")
    noted, before = row.note(), page.messages
    told = texts.MARKED_BEFORE.format(mark=texts.MARK_HELPFUL)
    assert told in Seen(noted[1]["content"]).text
    assert [each["content"] for n, each in enumerate(noted) if n != 1] == [
        each["content"] for n, each in enumerate(before) if n != 1
    ]
    # What is on its way would be overwritten by what was there a moment ago.
    page.messages = [*before, {"role": "user", "content": "next"}, {"role": "assistant", "content": "…"}]
    assert row.note()["__type__"] == "update"


def test_the_row_speaks_of_nobody_elses_answer_and_marks_none(page: Page, database: Database) -> None:
    page.ask(KEPT)
    row, (theirs,) = Row(page, YOU), page.kept()
    row.choose(theirs.id)
    assert Seen(row.shown["told"]).text == texts.MARK_TOO_OLD and "long" not in Seen(row.shown["about"]).text
    row.shown["about"] = f'<p class="about-{theirs.id}">forged</p>'
    assert row.mark("helpful") == texts.MARK_TOO_OLD and row.note()["__type__"] == "update"
    assert FeedbackBook(database).entries() == []
    page.ask(LATER)
    assert Row(page).choose(theirs.id), "to its owner it opens"


def test_an_answer_of_another_conversation_is_not_chosen_in_this_one(page: Page) -> None:
    page.ask(KEPT)
    (elsewhere,) = page.kept()
    page.open, page.messages = "", []
    page.ask(LATER)
    row = Row(page)
    assert row.choose(elsewhere.id) == texts.MARKS_LABEL
    assert Seen(row.shown["told"]).text == texts.MARK_TOO_OLD


def test_an_answer_that_is_withheld_by_now_is_offered_for_no_mark(page: Page) -> None:
    cited = scripted.citation(1, scripted.SECRET, scripted.SECRET_PAGES, 1, "The board met in March.")
    said = replace(page.assistant.ask(Question("x", ME)), text="It met in March [1].", citations=(cited,))
    page.principal, page.assistant._answer = BOARD, lambda question, text: said
    page.ask("When did the board meet?")
    (secret,) = page.kept()
    assert Row(page, BOARD).choose(secret.id) and 'class="mark"' in str(page.messages)
    row = Row(page, ME)
    assert row.choose(secret.id) == texts.MARKS_LABEL
    assert Seen(row.shown["told"]).text == texts.MARK_TOO_OLD and row.note()["__type__"] == "update"
    page.principal = ME
    assert 'class="mark"' not in str(past.messages(page.kept(), page.history.desk(ME)))


def test_with_the_records_away_the_choice_says_so_and_the_row_stays(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.ask(KEPT)

    def away(*_: object) -> None:
        raise RecordsUnavailable("away")

    (first,) = page.kept()
    monkeypatch.setattr(page.history, "exchange", away)
    row = Row(page)
    assert row.choose(first.id) == texts.MARKS_LABEL and Seen(row.shown["told"]).text == texts.NOT_DONE
    assert row.note()["__type__"] == "update"
    assert messages_of.last_answer(page.messages) == first.id
