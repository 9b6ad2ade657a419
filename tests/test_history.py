"""What stands behind the conversations of the chat, without a browser."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import scripted
from assistant.errors import NoSuchConversation
from assistant.records import Conversations, Database, Exchange, FeedbackBook, new_id, reader_of
from assistant.types import Answer, Principal, Question, Turn
from assistant.web import confidence, dialogue, listing, past, prose, render, scope, texts
from assistant.web import messages as messages_of
from assistant.web.history import History
from assistant.web.marks import Marks
from assistant.web.past import Desk
from index.types import Document

ME = Principal("me", frozenset({"all"}))
YOU = Principal("you", frozenset({"all"}))
BOARD = Principal("me", frozenset({"all", "board"}))
KEPT = "How long are records kept?"


class Page:
    """A browser's page as far as the dialogue knows it: its messages, and the conversation it shows."""

    def __init__(self, history: History, marks: Marks, assistant: Any, principal: Principal = ME) -> None:
        self.history, self.marks, self.assistant, self.principal = history, marks, assistant, principal
        self.messages: list[messages_of.Message] = []
        self.open = ""

    def do(self, walk: Any, typed: str | None) -> dialogue.Screen:
        thread = self.history.thread(self.principal, self.open, self.messages)
        book = dialogue.Book(self.history, thread)
        *_, last = walk(self.assistant, self.principal, typed, self.messages, self.marks.keep, book)
        assert isinstance(last, dialogue.Screen)
        self.messages, self.open = list(last.messages), last.conversation or self.open
        return last

    def ask(self, typed: str) -> dialogue.Screen:
        return self.do(dialogue.exchange, typed)

    def again(self, typed: str | None = None) -> dialogue.Screen:
        return self.do(dialogue.ask_again, typed)

    def kept(self) -> list[Exchange]:
        return self.history.opened(self.principal, self.open)[1]

    def notices(self) -> list[str]:
        return [
            text for text in map(messages_of.text_of, self.messages) if text.startswith('<div class="notice"')
        ]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/records.sqlite")
    yield database
    database.close()


@pytest.fixture
def page(database: Database) -> Page:
    assistant: Any = scripted.ScriptedAssistant()
    history = History(assistant, Conversations(database))
    return Page(history, Marks(FeedbackBook(database), history=history), assistant)


def restarted(page: Page, database: Database) -> Page:
    """The same page, whose server has begun anew."""
    history = History(page.assistant, Conversations(database))
    other = Page(history, Marks(FeedbackBook(database), history=history), page.assistant, page.principal)
    other.open = page.open
    return other


def test_a_follow_up_leans_on_the_records_and_not_on_what_a_browser_sends(page: Page) -> None:
    page.ask(KEPT)
    page.messages[0] = {"role": "user", "content": str(render.question("forged"))}
    page.ask("And who pays?")
    page.messages = [{"role": "user", "content": str(render.question("forged"))}]
    page.ask("And when?")
    first, second, third = page.assistant.asked
    assert first.history == () and len(third.history) == 4
    assert second.history[0] == third.history[0] == Turn("user", KEPT)
    assert "forged" not in str(page.messages), "what does not agree with the records is shown as they have it"
    assert [each.question for each in page.kept()] == [KEPT, "And who pays?", "And when?"]


def test_a_conversation_is_its_owners_only(page: Page, database: Database) -> None:
    page.ask(KEPT)
    yours = restarted(page, database)
    yours.principal = YOU
    with pytest.raises(NoSuchConversation):
        yours.kept()
    mine = page.open
    yours.ask("Half of it?")
    assert yours.open != mine and yours.assistant.asked[-1].history == ()
    assert [each.question for each in page.kept()] == [KEPT]
    answer_id = page.kept()[0].id
    assert yours.marks.mark(YOU, answer_id, "helpful", "", mine).sentence == texts.MARK_TOO_OLD
    page.history.delete(YOU, mine)
    assert page.kept()


def test_asking_again_replaces_the_answer_in_the_records_and_leans_on_what_was_before_it(page: Page) -> None:
    page.ask(KEPT)
    page.ask("And who pays?")
    first, replaced = page.kept()
    page.again("Is half of it paid?")
    assert (
        page.assistant.asked[-1].history[-1].role == "assistant"
        and len(page.assistant.asked[-1].history) == 2
    )
    assert [each.question for each in page.kept()] == [KEPT, "Is half of it paid?"]
    page.do(dialogue.search_again, "money")
    kept = page.kept()
    assert kept[0].id == first.id and replaced.id not in [each.id for each in kept] and len(kept) == 2
    assert kept[1].search_text == "money" and kept[1].question == "Is half of it paid?"


def test_asking_again_takes_nothing_away_that_was_asked_in_another_window(
    page: Page, database: Database
) -> None:
    page.ask(KEPT)
    other = restarted(page, database)
    other.ask("And who pays?")
    page.again("Half of it?")
    assert page.notices() == [str(render.notice(texts.CONVERSATION_WENT_ON))]
    assert [each.question for each in page.kept()] == [KEPT, "And who pays?"]
    assert len(messages_of.answer_ids(page.messages)) == 2, "both are shown now"


@pytest.mark.parametrize("typed", ["model away", "stack trace", "🙂🙂", "  "])
def test_where_asking_again_fails_the_first_answer_stays_and_the_edited_text_too(
    page: Page, typed: str
) -> None:
    page.ask(KEPT)
    (first,) = page.kept()
    screen = page.again(typed)
    assert page.kept() == [first] and screen.edit == typed and len(page.notices()) == 1
    assert messages_of.last_answer(screen.messages) == first.id


def test_an_answer_that_is_stopped_is_not_kept(page: Page) -> None:
    book = dialogue.Book(page.history, page.history.thread(ME, "", []))
    walk = dialogue.exchange(page.assistant, ME, KEPT, [], page.marks.keep, book)
    for screen in walk:
        if screen.beside is not None:
            break  # the whole answer is there, and was not sent yet
    walk.close()  # type: ignore[attr-defined]
    assert page.history.latest(ME) == []


def test_what_cannot_be_written_is_told_once_leans_on_the_browser_and_is_written_later(
    page: Page, database: Database, tmp_path: Path
) -> None:
    page.ask(KEPT)
    file = tmp_path / "records.sqlite"
    aside = file.rename(tmp_path / "aside")
    file.mkdir()
    try:
        page.ask("And who pays?")
        assert page.notices() == [str(render.notice(texts.NOT_KEPT_YET))]
        page.ask("And when?")
        assert page.notices() == [] and len(page.assistant.asked[-1].history) == 4
        page.again()
    finally:
        file.rmdir()
        aside.rename(file)
    assert [each.question for each in page.kept()] == [KEPT, "And who pays?", "And when?"]
    page.history.catch_up()
    assert len(restarted(page, database).kept()) == 3


def test_a_first_answer_that_waits_is_opened_all_the_same_and_deleted_with_the_others(
    page: Page, database: Database, tmp_path: Path
) -> None:
    database.prepare()
    lock = sqlite3.connect(tmp_path / "records.sqlite", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    page.history._keeper._again_at = float("inf")  # nobody waits for the lock here
    page.ask(KEPT)
    lock.rollback()
    lock.close()
    assert page.notices() and page.history.latest(ME) == []
    page.history.delete(ME, page.open)
    with pytest.raises(NoSuchConversation):
        page.kept()


def test_a_mark_is_put_on_an_answer_of_before_the_restart_but_never_on_a_deleted_one(
    page: Page, database: Database
) -> None:
    page.ask(KEPT)
    page.ask("And who pays?")
    later, (_, second) = restarted(page, database), page.kept()
    assert later.marks.mark(ME, second.id, "helpful", "", page.open).sentence == texts.MARK_KEPT
    (entry,) = FeedbackBook(database).entries()
    assert entry.question == "And who pays?" and [turn.text for turn in entry.history][0] == KEPT
    assert later.kept()[1].marked == ("helpful", "")
    assert later.marks.mark(ME, second.id, "helpful", "", new_id()).sentence == texts.MARK_KEPT
    page.history.delete(ME, page.open)
    for marks in (page.marks, later.marks):
        assert marks.mark(ME, second.id, "not_helpful", "why", page.open).sentence == texts.MARK_TOO_OLD
    assert FeedbackBook(database).entries() == []


def test_who_left_a_group_sees_the_question_and_no_word_of_the_answer(page: Page) -> None:
    cited = scripted.citation(1, scripted.SECRET, scripted.SECRET_PAGES, 1, "The board met in March.")
    said = Answer("The board met in March [1].", "answered", (cited,), (), scripted.ScriptedAssistant().ask(
        Question("x", ME)).trace)  # fmt: skip
    page.principal = BOARD
    page.assistant._answer = lambda question, text: said
    page.ask("When did the board meet?")
    desk = page.history.desk(BOARD)
    assert "in March" in str(past.messages(page.kept(), desk)) and "in March" in past.beside(
        page.kept()[0], desk
    )
    page.principal = ME
    desk, kept = page.history.desk(ME), page.kept()
    shown = str(past.messages(kept, desk)) + past.beside(kept[0], desk)
    assert "March" not in shown and 'class="answer withheld"' in shown and "When did the board meet" in shown
    assert past.turns(kept) == (Turn("user", "When did the board meet?"),)


def test_a_comparison_that_is_opened_again_and_asked_again_is_one_again(
    page: Page, database: Database
) -> None:
    chosen = scope.made({"year": ["2019", "2021"]}, "year")
    thread = page.history.thread(ME, "", [])
    walk = dialogue.exchange(
        page.assistant, ME, KEPT, [], page.marks.keep, dialogue.Book(page.history, thread), chosen
    )
    *_, screen = walk
    page.open = screen.conversation or ""
    later = restarted(page, database)
    (kept,) = later.kept()
    later.messages = past.messages([kept], later.history.desk(ME))
    for typed in (None, "How long now?"):
        later.again(typed)
        question = page.assistant.asked[-1]
        assert [side.label for side in question.sides] == ["2019", "2021"]
        assert question.filters == {"year": ("2019", "2021")} and later.kept()[-1].beside == "year"
    again = restarted(later, database)
    assert again.marks.mark(ME, later.kept()[-1].id, "helpful", "", again.open).sentence == texts.MARK_KEPT
    assert FeedbackBook(database).entries()[0].beside == "year"


def test_a_typed_comparison_tells_the_same_documents_when_it_is_opened_again(page: Page) -> None:
    live = page.ask("What do the papers of 2019 and 2021 each say about records?").messages[-1]["content"]
    opened = past.messages(page.kept(), page.history.desk(ME))[-1]["content"]
    assert opened == live and "Asked 2 of 3 documents" in live


def test_a_citation_moves_with_its_quote_and_says_that_the_document_changed(page: Page) -> None:
    page.ask(KEPT)
    (exchange,) = page.kept()
    seen = {name: replace(each, sha256="other") for name, each in exchange.documents.items()}
    first, second = exchange.answer.citations
    spaced = replace(first, quote=first.quote.replace(" for ", "\nfor\n"), start=0, end=1, page=7)
    old = replace(exchange, documents=seen, answer=replace(exchange.answer, citations=(spaced, second)))
    desk = page.history.desk(ME)
    written = str(past.messages([old], desk)[1]["content"])
    assert prose.marker(first) in written and prose.marker(second) in written
    assert written.count('class="change"') == 2 and "&#91;1&#93; is still in it" in written
    unchanged = str(past.messages([exchange], desk)[1]["content"])
    assert 'class="change"' not in unchanged


def test_a_document_that_is_gone_leaves_its_number_without_a_link(page: Page) -> None:
    page.ask(KEPT)
    (exchange,) = page.kept()
    left: dict[str, Document] = {scripted.RULES.id: scripted.RULES}
    desk = Desk(page.assistant.index, replace(reader_of(ME, page.assistant.index), documents=left))
    written = str(past.messages([exchange], desk)[1]["content"])
    assert written.count('class="marker"') == 1 and "is no longer here" in written


@pytest.mark.parametrize(
    ("sure", "step"),
    [(0.0, None), (0.65, "weak"), (0.8, "likely"), (0.899, "likely"), (0.9, "clear"), (1.0, "clear")],
)
def test_confidence_is_told_in_three_steps_and_never_where_nothing_is_answered(
    sure: float, step: str | None
) -> None:
    answer = scripted.ScriptedAssistant().ask(Question(KEPT, ME))
    answer = replace(answer, trace=replace(answer.trace, confidence=sure))
    assert confidence.step(answer) == step
    assert confidence.step(replace(answer, status="unsupported")) is None


@pytest.mark.parametrize(
    "odd", [None, 7, "", "x", '<span class="open-../x">', '<span class="open-' + "a" * 65 + '">']
)
def test_what_is_no_place_opens_no_conversation(odd: object) -> None:
    assert listing.conversation_of(odd) == ""


def test_a_place_is_read_back_and_takes_nothing_but_an_id() -> None:
    assert listing.conversation_of(listing.place("a1b2")) == "a1b2"
    assert listing.conversation_of(listing.place('"><script>')) == ""


def test_titles_in_the_list_are_text(page: Page) -> None:
    page.ask(f"Is this hostile? {scripted.HOSTILE}")
    written = listing.conversations(page.history.latest(ME), page.open)
    assert "<script" not in written and "<img" not in written and 'class="open"' in written
    found = listing.found(page.history.search(ME, "hostile"), "")
    assert "<script" not in found and "hostile" in found
