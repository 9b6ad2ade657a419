"""The web without a browser: what becomes HTML, the dialogue, the viewer, the headers."""

import html
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

import programs
import scripted
from assistant.access import local_principal
from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.errors import PortInUse
from assistant.records import COMMENT_CHARS, Conversations, Database, FeedbackBook, exchange_of, new_id
from assistant.types import Answer, Principal, Question, Trace
from assistant.web import (
    addresses,
    answers,
    blocks,
    cards,
    dialogue,
    examples,
    originals,
    rehearsal,
    render,
    server,
    texts,
)
from assistant.web import messages as messages_of
from assistant.web.history import History
from assistant.web.marks import MARK_NAMES, REMEMBERED, Marks
from assistant.web.messages import Message
from assistant.web.reception import Bounds, Reception
from index.types import Heading, Page

ROOT = Path(__file__).parent.parent
ANYBODY = local_principal()
TRACE = Trace(search_text="", index_build="")


class Seen(HTMLParser):
    """What a browser would make of markup: its elements, and its text."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def answer(text: str, **fields: object) -> Answer:
    given: dict[str, object] = {"status": "answered", "citations": (), "hits": (), "trace": TRACE}
    return Answer(text=text, **{**given, **fields})  # type: ignore[arg-type]


# --- text into HTML ---------------------------------------------------------------------------

hostile = st.text() | st.text(alphabet="<>&\"'`*_[]()!#$\\\n -.1ab/:")


@given(hostile)
def test_escaped_text_is_only_text_and_nothing_of_it_is_lost(text: str) -> None:
    seen = Seen(f"<p>{render.escape(text)}</p>")
    assert [name for name, _ in seen.elements] == ["p"]
    assert seen.text == render.clean(text)


@given(hostile)
def test_escaped_text_holds_no_sign_that_markdown_or_an_attribute_understands(text: str) -> None:
    bare = re.sub(r"&#\d+;", "", render.escape(text))
    assert not set(bare) & set("<>&\"'`*_[](){}!#$\\|~^=+-.:/@\n\r")


@given(hostile)
def test_text_in_an_attribute_comes_back_whole(text: str) -> None:
    ((_, attributes),) = Seen(render.element("p", title=text)).elements
    assert attributes == {"title": render.clean(text)}


@given(hostile)
def test_question_and_answer_are_read_back_from_their_messages(text: str) -> None:
    assert render.plain(render.question(text)) == render.clean(text)
    assert render.plain(answers.answer(answer(text))) == render.clean(text or texts.STATE_NOT_IN_DOCUMENTS)


@given(hostile)
def test_nothing_a_model_writes_becomes_a_link_an_image_or_a_script(text: str) -> None:
    seen = Seen(answers.answer(answer(text)) + answers.draft(text))
    assert {name for name, _ in seen.elements} <= {"div", "p", "ul", "ol", "li", "strong"}


@given(hostile, st.integers(0, 40), st.integers(0, 40))
def test_marked_text_is_the_same_text(text: str, start: int, end: int) -> None:
    seen = Seen(render.marked(text, start, end))
    assert seen.text == "".join(render.clean(part) for part in _cut(text, start, end))


def _cut(text: str, start: int, end: int) -> tuple[str, ...]:
    start, end = min(start, len(text)), min(end, len(text))
    return (text[:start], text[start:end], text[end:]) if start < end else (text,)


def test_markup_in_an_answer_is_shown_as_it_was_written() -> None:
    seen = Seen(answers.answer(answer(scripted.HOSTILE)))
    assert scripted.HOSTILE in seen.text


def test_only_markers_with_a_citation_become_links() -> None:
    cited = scripted.citation(1, scripted.RULES, scripted.RULES_PAGES, 1, scripted.QUOTE)
    seen = Seen(answers.answer(answer("Kept [1]. Lost [7].", citations=(cited,))))
    links = [attributes for name, attributes in seen.elements if name == "a"]
    assert [link["href"] for link in links] == [addresses.citation(cited)]
    assert scripted.QUOTE in str(links[0]["title"])
    assert "Lost [7]." in seen.text


def test_lists_and_strong_words_are_set_and_paragraphs_kept() -> None:
    said = answers.answer(answer("First.\n\n- one\n- **two**\n\n1. a\n2. b\nLast."))
    names = [name for name, _ in Seen(said).elements]
    assert names == ["div", "div", "p", "ul", "li", "li", "strong", "ol", "li", "li", "p"]


@given(hostile, st.lists(st.tuples(st.integers(-2, 40), st.integers(-2, 40)), max_size=3, unique=True))
def test_key_phrases_change_no_letter_of_a_text_and_add_nothing_but_strong(
    text: str, spans: list[tuple[int, int]]
) -> None:
    apart = [span for n, span in enumerate(sorted(spans)) if all(span[0] >= e for _, e in sorted(spans)[:n])]
    plain = Seen(answers.answer(answer(text)))
    keyed = Seen(answers.answer(answer(text, emphasis=tuple(apart))))
    if "**" not in text and not re.search(r"^\s*([-*•–]|\d{1,2}[.)])\s", text, re.MULTILINE):
        assert keyed.text == plain.text
    assert {name for name, _ in keyed.elements} <= {"div", "p", "ul", "ol", "li", "strong"}
    assert len(keyed.elements) - len(plain.elements) <= len(apart)


def test_a_key_phrase_is_found_before_anything_is_escaped_or_dropped() -> None:
    text = 'A\u202eb & "c" <i>were</i> paid 4.2 million [1].'
    start = text.index("4.2")
    cited = scripted.citation(1, scripted.RULES, scripted.RULES_PAGES, 1, scripted.QUOTE)
    said = answers.answer(answer(text, emphasis=((start, start + 11),), citations=(cited,)))
    assert f'<strong class="key">{render.escape("4.2 million")}</strong>' in said
    assert 'Ab & "c" <i>were</i> paid 4.2 million[1].' in Seen(said).text


def test_a_key_phrase_never_takes_a_marker_or_a_line_break_in() -> None:
    text = "Five years [1].\nSix."
    for span in [(0, 14), (9, 12), (5, len(text)), (0, 99), (4, 2)]:
        assert "key" not in answers.answer(answer(text, emphasis=(span,)))


def test_notes_stand_above_the_answer_and_are_no_part_of_it() -> None:
    said = answers.answer(answer("Kept for five years.", notes=("The <papers> differ.",)))
    seen = Seen(said)
    assert seen.text.index("The <papers> differ.") < seen.text.index("Kept for five years.")
    assert ("p", {"class": "note", "role": "note", "dir": "auto"}) in seen.elements
    assert "differ" not in str(render.plain(said)), "a follow-up must not read it as the papers' words"


def test_an_answer_names_each_paper_once_with_its_date_and_pages() -> None:
    rules = scripted.citation(1, scripted.RULES, scripted.RULES_PAGES, 1, scripted.QUOTE)
    guide = scripted.citation(2, scripted.GUIDE, scripted.GUIDE_PAGES, 3, scripted.SECOND_QUOTE)
    other = scripted.citation(3, scripted.GUIDE, scripted.GUIDE_PAGES, 2, "Systems differ.")
    seen = Seen(answers.answer(answer("A [1]. B [2]. C [3].", citations=(rules, guide, other))))
    assert f"{scripted.RULES.title} · 2019 · page 1" in seen.text
    named = f"{scripted.GUIDE.title} · 2021-06 · page 3 (printed as 1), page 2 (printed as ii)"
    assert seen.text.count(scripted.GUIDE.title) == 1 and named in seen.text


def test_the_search_text_is_told_only_where_it_is_not_what_was_typed() -> None:
    trace = Trace(search_text="Who opened the workshop?", index_build="")
    told = texts.SEARCHED_FOR.format(text=trace.search_text)
    for typed, seen in [("And who opened it?", True), ("Who  opened the workshop? ", False)]:
        said = answers.answer(answer("Kola.", trace=trace), None, answers.Asking(typed, 3))
        assert (told in Seen(said).text) is seen


def test_a_refusal_tells_what_was_searched_and_what_is_missing() -> None:
    trace = Trace(search_text="annual <budget>", index_build="")
    silent = answer("", status="not_in_documents", trace=trace, missing=("annual", "budget"))
    told = Seen(answers.answer(silent, None, answers.Asking("The annual <budget>?", 3))).text
    assert "Searched 3 documents for “annual <budget>”." in told
    assert "None of the papers mentions “annual” or “budget”." in told
    near = answer("Kept.", status="partial", missing=("budget",), missing_from="passages")
    assert "The nearest passages do not speak of “budget”." in Seen(answers.answer(near)).text


def test_invisible_and_reversing_characters_are_dropped() -> None:
    assert render.clean("a\u202eb\x00c\ud800\r\nd") == "abc\ufffd\nd"


def test_page_name_tells_the_printed_label_only_where_it_differs() -> None:
    assert render.page_name(3, "3") == render.page_name(3, "") == "page 3"
    assert render.page_name(3, "iii") == "page 3 (printed as iii)"
    assert render.page_name(3, "Budget 2024") == "page 3, “Budget 2024”"


# --- blocks and cards ----------------------------------------------------------------------------


@given(st.text(alphabet="ab |•-.\n1)", max_size=60))
def test_blocks_cover_all_of_a_page_that_is_not_a_separator(text: str) -> None:
    found = blocks.blocks(Page("d", 1, "", (), text))
    spans = [span for block in found for span in block.spans]
    assert spans == sorted(spans)
    covered = {i for start, end in spans for i in range(start, end)}
    assert all(text[i] in " |\n" for i in range(len(text)) if i not in covered)


def test_blocks_are_told_apart() -> None:
    text = "Scope\nA paragraph.\n• item\n2) item\na | b"
    found = blocks.blocks(Page("d", 1, "", (Heading(2, "Scope", 0), Heading(1, "Elsewhere", 0)), text))
    assert [block.kind for block in found] == ["heading", "paragraph", "item", "item", "row"]
    assert [text[start:end] for start, end in found[-1].spans] == ["a", "b"]


@given(st.text(alphabet="ab .\n", min_size=1, max_size=200), st.data())
def test_surroundings_hold_the_quote_and_stay_on_the_page(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    left, right = blocks.surroundings(text, start, end, 30)
    assert 0 <= left <= start < end <= right <= len(text)
    assert start - left <= 30 and right - end <= 30


def test_source_card_marks_the_quote_among_its_sentences_and_opens_the_page() -> None:
    cited = scripted.citation(2, scripted.GUIDE, scripted.GUIDE_PAGES, 3, scripted.SECOND_QUOTE)
    card = cards.source(cited, lambda _: scripted.GUIDE_PAGES)
    seen = Seen(card)
    assert f"<mark>{render.escape(scripted.SECOND_QUOTE)}</mark>" in card
    assert "Units often ask about cost." in seen.text and "2021-06 · page 3 (printed as 1)" in seen.text
    assert "<script>alert(1)</script>" in seen.text and "script" not in [name for name, _ in seen.elements]
    assert addresses.citation(cited) in [attributes.get("href") for _, attributes in seen.elements]


def test_source_card_shows_the_bare_quote_where_the_page_is_not_at_hand() -> None:
    cited = scripted.citation(1, scripted.RULES, scripted.RULES_PAGES, 1, scripted.QUOTE)
    card = cards.source(cited, lambda _: [])
    assert f'<blockquote dir="auto"><mark>{render.escape(scripted.QUOTE)}' in card


def test_example_candidates_are_sections_first_and_titles_last() -> None:
    documents = [scripted.GUIDE, scripted.RULES, scripted.NOTES]
    asked = [c.question for c in examples.candidates(documents, lambda id: scripted.PAGES[id])]
    assert asked[0] == f"What does “{scripted.GUIDE.title}” say about “Purpose and scope”?"
    assert "What is “notes.txt” about?" in asked[-3:]
    assert list(examples.candidates([], lambda _: [])) == []


def test_heading_that_is_a_question_is_asked_as_it_is_and_a_greeting_never() -> None:
    headings = (Heading(1, "Excellencies, Ladies and Gentlemen,", 0), Heading(1, "Who pays for the plan?", 0))
    pages = [Page("notes", 1, "", headings, "")]
    asked = [c.question for c in examples.candidates([scripted.NOTES], lambda _: pages)]
    assert asked[0] == "Who pays for the plan?"
    assert not any("Excellencies" in question for question in asked)


class PickyAssistant(scripted.ScriptedAssistant):
    """Answers what is asked of the guide, refuses all else, and counts."""

    def __init__(self) -> None:
        super().__init__()
        self.rehearsed: list[str] = []
        self.may_go = threading.Event()
        self.may_go.set()

    def extracted(self, question: Question) -> Answer:
        self.may_go.wait(10)
        self.rehearsed.append(question.text)
        if "Passenger data" in question.text:
            return super().extracted(question)
        trace = Trace(search_text=question.text, index_build="scripted")
        return Answer("", "not_in_documents", (), (), trace)


def test_examples_that_the_papers_do_not_answer_are_not_shown_and_are_asked_once() -> None:
    assistant = PickyAssistant()
    for _ in range(2):
        shown = rehearsal.answered_examples(cast(Assistant, assistant), local_principal(), 10)
        assert shown and all("Passenger data" in question for question in shown)
    refused = [asked for asked in assistant.rehearsed if "Passenger data" not in asked]
    assert refused and len(assistant.rehearsed) == len(set(assistant.rehearsed))
    assert not any("Restricted" in asked for asked in assistant.rehearsed)
    board = rehearsal.answered_examples(cast(Assistant, assistant), local_principal(["board"]), 10)
    assert board and any("Restricted" in asked for asked in assistant.rehearsed)


def test_first_screen_does_not_wait_for_slow_examples_and_has_them_later() -> None:
    assistant = PickyAssistant()
    assistant.may_go.clear()
    begun = time.monotonic()
    assert rehearsal.answered_examples(cast(Assistant, assistant), local_principal(), 0.05) == []
    assert time.monotonic() - begun < 1
    assistant.may_go.set()
    assert rehearsal.answered_examples(cast(Assistant, assistant), local_principal(), 10)


# --- the dialogue ------------------------------------------------------------------------------


def said(screen: dialogue.Screen) -> str:
    return Seen(str(screen.messages[-1]["content"])).text


def talk(typed: str, messages: list[Message] | None = None) -> list[dialogue.Screen]:
    return list(dialogue.exchange(scripted.scripted(), ANYBODY, typed, messages or []))


def test_first_screen_of_an_exchange_tells_what_is_searched_and_empties_the_box() -> None:
    first, *_, last = talk("How long are records kept?")
    assert said(first) == "Searching 3 documents…" and first.box == "" and not first.last
    assert last.last and last.box is None and "source&#45;2" in str(last.beside)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", texts.EMPTY_QUESTION),
        ("  \n ", texts.EMPTY_QUESTION),
        ("🙂🙂", "Please write a question in words."),
        ("long " * 10_000, "This question is too long: please use at most 2,000 characters."),
        ("model away", "The language model does not answer right now. Please try again in a moment."),
        ("stack trace", texts.UNEXPECTED),
    ],
)
def test_what_cannot_be_answered_is_one_sentence_and_the_text_is_kept(typed: str, sentence: str) -> None:
    last = talk(typed)[-1]
    assert said(last) == sentence
    assert [message["role"] for message in last.messages] == ["assistant"]
    assert last.box in (None, typed) and (last.box == typed or not typed.strip())


def test_follow_up_takes_the_conversation_along_without_notices() -> None:
    messages = talk("How long are records kept?")[-1].messages
    messages = talk("model away", messages)[-1].messages
    assistant = scripted.ScriptedAssistant()
    *_, last = dialogue.exchange(assistant, ANYBODY, "And who pays?", messages)  # type: ignore[arg-type]
    (question,) = assistant.asked
    assert [turn.role for turn in question.history] == ["user", "assistant"]
    assert question.history[0].text == "How long are records kept?"
    assert question.history[1].text.startswith("Records are kept for five years, without")
    assert len(last.messages) == 4


def search_again(
    text: str, messages: list[Message]
) -> tuple[list[dialogue.Screen], scripted.ScriptedAssistant]:
    assistant = scripted.ScriptedAssistant()
    return list(dialogue.search_again(assistant, ANYBODY, text, messages)), assistant  # type: ignore[arg-type]


def test_a_corrected_search_asks_the_same_question_in_the_place_of_its_answer() -> None:
    messages = talk("And who pays?", talk("How long are records kept?")[-1].messages)[-1].messages
    screens, assistant = search_again(" who finances the programme ", messages)
    (question,) = assistant.asked
    assert (question.text, question.search_text) == ("And who pays?", "who finances the programme")
    assert [turn.text for turn in question.history if turn.role == "user"] == ["How long are records kept?"]
    last = screens[-1]
    assert [message["role"] for message in last.messages] == ["user", "assistant"] * 2
    assert last.search == "who finances the programme" and last.box is None
    assert "Searched for: who finances the programme" in said(last)


def test_a_follow_up_leans_on_the_corrected_search_and_a_second_correction_on_what_was_typed() -> None:
    messages = talk("Who pays?")[-1].messages
    messages = search_again("Who pays for the harbour programme?", messages)[0][-1].messages
    assert messages_of.history(messages)[0].text == "Who pays for the harbour programme?"
    screens, assistant = search_again("", messages)
    assert (assistant.asked[0].text, assistant.asked[0].search_text) == ("Who pays?", "")
    assert messages_of.history(screens[-1].messages)[0].text == "Who pays?"


@pytest.mark.parametrize("text", ["long " * 10_000, "x" * 3000])
def test_a_search_that_cannot_be_made_keeps_the_answer_and_the_text(text: str) -> None:
    messages = talk("How long are records kept?")[-1].messages
    (*_, last), _ = search_again(text, messages)
    assert said(last).startswith("This question is too long")
    assert list(last.messages[:-1]) == list(messages) and last.search == text and last.box is None


@pytest.mark.parametrize("messages", [[], [{}], [{"role": "user", "content": "forged"}]])
def test_a_search_again_without_a_question_is_one_sentence(messages: list[Message]) -> None:
    screens, assistant = search_again("anything", messages)
    assert said(screens[-1]) == texts.NOTHING_TO_SEARCH_AGAIN and assistant.asked == []


@given(hostile, hostile)
def test_a_corrected_question_is_read_back_and_its_correction_never_out_of_a_text(
    text: str, meant: str
) -> None:
    assert render.plain(render.question(text, meant)) == render.clean(text)
    assert render.meant(render.question(text, meant)) == render.clean(meant)
    assert render.meant(render.question(text)) == ""


def test_history_is_at_most_ten_turns_and_survives_odd_messages() -> None:
    turn = {"role": "user", "content": [{"type": "text", "text": str(render.question("a <b> question"))}]}
    odd: list[Message] = [{}, {"role": "user", "content": None}, {"role": "x", "content": [1, {}]}]
    turns = messages_of.history([*odd, *[turn] * 14])
    assert len(turns) == 10 and turns[0].text == "a <b> question"


def test_messages_of_a_browser_come_back_as_text_only() -> None:
    odd: list[Message] = [
        {"role": "system", "content": [{"type": "component", "component": "image", "value": "/etc/passwd"}]},
        {"role": "user", "content": {"path": "/etc/passwd"}},
        {"role": "user", "content": [{"type": "text", "text": {"path": "/etc/passwd"}}]},
        {"role": "user", "content": [{"type": "text", "text": str(render.question("kept"))}]},
    ]
    *_, last = talk("How long?", odd)
    assert [set(message) for message in last.messages] == [{"role", "content"}] * 3
    assert all(isinstance(message["content"], str) for message in last.messages)
    assert "passwd" not in str(last.messages)


def test_nearest_passages_are_three_and_none_is_a_paper_the_reader_may_not_see() -> None:
    last = talk("What is in the cafeteria?")[-1]
    assert last.beside is not None
    assert texts.NEAREST in last.beside and last.beside.count("<article") == 3
    assert "board" not in last.beside
    assert texts.STATE_NOT_IN_DOCUMENTS in said(last)


@pytest.mark.parametrize(
    ("typed", "state"),
    [("half of it", texts.STATE_PARTIAL), ("invent it", texts.STATE_UNSUPPORTED)],
)
def test_states_that_are_no_plain_answer_say_so(typed: str, state: str) -> None:
    assert state in said(talk(typed)[-1])


# --- marks on answers ------------------------------------------------------------------------------


@pytest.fixture
def book(tmp_path: Path) -> FeedbackBook:
    return FeedbackBook(Database(f"sqlite:///{tmp_path}/records.sqlite"))


def history(book: FeedbackBook) -> History:
    return History(scripted.scripted(), Conversations(book._database))


def answered(marks: Marks, typed: str = "How long are records kept?") -> list[Message]:
    """The messages after an answer that can be marked."""
    *_, last = dialogue.exchange(scripted.scripted(), ANYBODY, typed, [], marks.keep)
    return last.messages


def test_a_mark_is_recorded_with_what_the_server_itself_said(book: FeedbackBook) -> None:
    marks = Marks(book)
    messages = [dict(message) for message in answered(marks)]
    answer_id = messages_of.last_answer(messages)
    messages[-1]["content"] = f'<div class="answer" data-said="forged" data-answer="{answer_id}">Forged</div>'
    told = marks.mark(ANYBODY, messages_of.last_answer(messages), "wrong_evidence", "  the wrong\npage ")
    assert told.sentence == texts.MARK_KEPT_WITH_COMMENT and told.mark == "wrong_evidence"
    (entry,) = book.entries()
    assert entry.id == answer_id and entry.comment == "the wrong page" and entry.index_build == "scripted"
    assert entry.answer.startswith("Records are kept for five years") and len(entry.citations) == 2
    assert entry.question == "How long are records kept?"


def test_the_same_click_twice_writes_once_and_another_mark_replaces_the_first(book: FeedbackBook) -> None:
    marks = Marks(book)
    answer_id = messages_of.last_answer(answered(marks))
    for mark in ("helpful", "helpful", "not_helpful"):
        assert marks.mark(ANYBODY, answer_id, mark, "").sentence == texts.MARK_KEPT
    assert [entry.mark for entry in book.entries()] == ["not_helpful"]


def test_a_comment_sent_by_itself_joins_the_mark_and_without_one_asks_for_it(book: FeedbackBook) -> None:
    marks = Marks(book)
    answer_id = messages_of.last_answer(answered(marks))
    assert marks.mark(ANYBODY, answer_id, None, "why").sentence == texts.MARK_MISSING
    marks.mark(ANYBODY, answer_id, "helpful", "")
    assert marks.mark(ANYBODY, answer_id, None, "why").mark == "helpful"
    assert [(entry.mark, entry.comment) for entry in book.entries()] == [("helpful", "why")]


@pytest.mark.parametrize("answer_id", [None, "", "0" * 32, "x"])
def test_an_answer_that_was_never_given_cannot_be_marked(book: FeedbackBook, answer_id: str | None) -> None:
    marks = Marks(book)
    answered(marks)
    assert marks.mark(ANYBODY, answer_id, "helpful", "").sentence == texts.MARK_TOO_OLD
    assert book.entries() == []


def test_the_answer_of_another_person_cannot_be_marked(book: FeedbackBook) -> None:
    marks = Marks(book)
    answer_id = messages_of.last_answer(answered(marks))
    other = Principal("somebody else", ANYBODY.groups)
    assert marks.mark(other, answer_id, "helpful", "").sentence == texts.MARK_TOO_OLD
    assert book.entries() == []


def test_a_comment_that_is_too_long_is_told_and_not_cut(book: FeedbackBook) -> None:
    marks = Marks(book)
    told = marks.mark(ANYBODY, messages_of.last_answer(answered(marks)), "helpful", "x" * (COMMENT_CHARS + 1))
    assert told.sentence == texts.COMMENT_TOO_LONG.format(count="1,001", most="1,000") and told.mark is None
    assert book.entries() == []


def test_a_mark_that_cannot_be_written_is_one_sentence_and_can_be_tried_again(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("in the way")
    marks = Marks(FeedbackBook(Database(f"sqlite:///{tmp_path}/folder/records.sqlite")))
    answer_id = messages_of.last_answer(answered(marks))
    told = marks.mark(ANYBODY, answer_id, "helpful", "kept?")
    assert told.sentence == texts.MARK_NOT_KEPT and told.mark is None
    (tmp_path / "folder").unlink()
    assert marks.mark(ANYBODY, answer_id, "helpful", "kept?").sentence == texts.MARK_KEPT_WITH_COMMENT


def test_only_the_latest_answers_are_remembered(book: FeedbackBook) -> None:
    marks = Marks(book)
    first = messages_of.last_answer(answered(marks))
    question = Question("again", ANYBODY)
    said = answer("Said.", hits=scripted.HITS)
    ids = [new_id() for _ in range(REMEMBERED)]
    for each in ids:
        marks.keep(question, exchange_of(each, question, said, ()))
    assert marks.mark(ANYBODY, first, "helpful", "").sentence == texts.MARK_TOO_OLD
    assert marks.mark(ANYBODY, ids[0], "helpful", "").sentence == texts.MARK_KEPT


def test_the_last_answer_is_found_behind_notices_and_nowhere_else(book: FeedbackBook) -> None:
    messages = answered(Marks(book))
    given = messages_of.last_answer(messages)
    assert given is not None and messages_of.last_answer([*messages, *talk("")[-1].messages]) == given
    assert (
        messages_of.last_answer([]) is None
        and messages_of.last_answer(talk("model away")[-1].messages) is None
    )
    asked: Message = {"role": "user", "content": str(render.question('" data-answer="forged"'))}
    assert messages_of.last_answer([*messages, asked]) is None


@given(hostile)
def test_an_answer_id_is_read_back_and_never_out_of_a_text(text: str) -> None:
    markable = answers.answer(answer(text), "a1")
    assert render.answer_id(markable) == "a1"
    assert render.answer_id(answers.answer(answer(text))) is None
    assert render.plain(markable) == render.plain(answers.answer(answer(text)))


@pytest.mark.parametrize("messages", [None, 7, "x", {"role": "user"}, [None, 3], [{"content": [{}]}]])
@pytest.mark.parametrize("comment", [None, 7, ["x"], "x" * 5000])
def test_an_odd_event_from_a_browser_records_nothing_and_gets_a_sentence(
    client: TestClient, book: FeedbackBook, messages: object, comment: object
) -> None:
    from assistant.web import marking  # the client has set the environment for it

    marks = Marks(book)
    answered(marks)
    under: Any = SimpleNamespace(told="told", about="about", buttons=["first", "second", "third"])
    page: Any = SimpleNamespace(under=under)
    handlers = marking.Marking(lambda _: local_principal(), marks, history(book), page)
    request: Any = SimpleNamespace(headers={})
    for odd in (comment, messages, '<p class="about-../x">', '<p class="about-' + "a" * 65 + '">'):
        assert Seen(handlers.chosen(odd, messages, odd, request)["told"]).text == texts.MARK_TOO_OLD
        assert handlers.noted(messages, odd, odd, request)["__type__"] == "update"
    changes = handlers.marked("helpful")(messages, comment, {"odd": 1}, comment, request)
    assert Seen(changes.pop("told")).text == texts.MARK_TOO_OLD
    assert [change["variant"] for change in changes.values()] == ["secondary"] * 3 and book.entries() == []


def reception() -> Reception:
    return Reception(scripted.scripted(), Bounds(per_minute=100, at_once=4, waiting=4, history_turns=20))


def test_every_mark_has_a_name_of_its_own() -> None:
    assert len(set(MARK_NAMES.values())) == len(MARK_NAMES) == 3


# --- the server ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("web")
    url = f"sqlite:///{folder}/records.sqlite"
    settings = Settings.from_env(corpus=scripted.write_corpus(folder), records_url=url)
    yield TestClient(server.create_app(settings, scripted.scripted()), base_url="http://127.0.0.1")


@pytest.mark.parametrize("path", ["/", "/config", "/documents", "/documents/pnr-guide/pages/1", "/nowhere"])
def test_every_answer_carries_the_protecting_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    framed_by = "'self'" if path.startswith("/documents") else "'none'"
    assert "default-src" in policy and "http" not in policy and f"frame-ancestors {framed_by}" in policy
    assert "unsafe-eval" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_start_page_names_no_foreign_script_style_or_font(client: TestClient) -> None:
    seen = Seen(client.get("/").text)
    loaded = [
        str(attributes.get("href") or attributes.get("src"))
        for name, attributes in seen.elements
        if name in ("script", "link", "img", "iframe") and (attributes.get("href") or attributes.get("src"))
    ]
    assert loaded and not [address for address in loaded if "//" in address.replace("http://testserver", "")]


def test_viewer_shows_the_page_with_the_quote_marked(client: TestClient) -> None:
    cited = scripted.citation(2, scripted.GUIDE, scripted.GUIDE_PAGES, 3, scripted.SECOND_QUOTE)
    body = client.get("/" + addresses.citation(cited)).text
    seen = Seen(body)
    assert f'<mark id="quote">{render.escape(scripted.SECOND_QUOTE)}</mark>' in body
    assert "Page 3 of 3 (printed as 1)" in seen.text
    assert scripted.GUIDE.title in seen.text and "2021-06 · Office for Travel Security" in seen.text
    hrefs = [attributes.get("href") for _, attributes in seen.elements]
    assert "../../../documents/pnr-guide/pages/2" in hrefs
    assert "../../../documents/pnr-guide/file#page=3" in hrefs
    scripts = [attributes for name, attributes in seen.elements if name == "script"]
    assert scripts and all(str(script["src"]).startswith("../../../viewer/") for script in scripts)


def test_viewer_sets_lists_tables_and_a_mark_that_runs_over_blocks(client: TestClient) -> None:
    offset = blocks.page_start(scripted.GUIDE_PAGES, 2)
    start = scripted.GUIDE_PAGES[1].text.index("Systems")
    end = scripted.GUIDE_PAGES[1].text.index("Flights") + 3
    body = client.get(f"/documents/pnr-guide/pages/2?start={offset + start}&end={offset + end}").text
    assert [html.unescape(mark) for mark in re.findall("<mark[^>]*>(.*?)</mark>", body)] == [
        "Systems differ.",
        "Year",
        "Units",
        "Fli",
    ]
    assert body.count('id="quote"') == 1 and body.count("<tr>") == 3 and body.count("<li>") == 2


@pytest.mark.parametrize(("start", "end"), [("a", "b"), ("9", "3"), ("-1", "4"), ("9" * 99, "1"), ("1", "²")])
def test_odd_offsets_mark_nothing(client: TestClient, start: str, end: str) -> None:
    answered = client.get(f"/documents/pnr-guide/pages/1?start={start}&end={end}")
    assert answered.status_code == 200 and "<mark" not in answered.text


def test_page_without_text_says_so(client: TestClient) -> None:
    assert texts.NO_TEXT in Seen(client.get("/documents/notes/pages/1").text).text


@pytest.mark.parametrize(
    "path",
    [
        "/documents/secret/pages/1",
        "/documents/secret/file",
        "/documents/absent/pages/1",
        "/documents/absent/file",
        "/documents/pnr-guide/pages/4",
        "/documents/pnr-guide/pages/0",
        "/documents/pnr-guide/pages/x",
        "/documents/..%2f..%2foutside.txt/file",
        "/documents/pnr-guide",
        "/gradio_api/upload",
        "/gradio_api/file=/etc/passwd",
    ],
)
def test_absent_and_denied_are_told_in_the_same_words(client: TestClient, path: str) -> None:
    absent = client.get("/documents/absent/pages/1")
    answered = client.get(path)
    assert answered.status_code == absent.status_code == 404
    assert answered.text == absent.text and programs.headers(answered) == programs.headers(absent)


def test_list_of_documents_holds_only_what_the_reader_may_see(client: TestClient) -> None:
    seen = Seen(client.get("/documents").text)
    assert "3 documents" in seen.text and "Restricted" not in seen.text
    assert "documents/pnr-guide/pages/1" in [attributes.get("href") for _, attributes in seen.elements]


@pytest.mark.parametrize(
    ("document_id", "kind", "shown"),
    [
        ("pnr-guide", "application/pdf", "inline"),
        ("notes", "text/plain; charset=utf-8", "inline"),
        ("rules", "application/octet-stream", "attachment"),
    ],
)
def test_original_is_shown_or_handed_over_by_its_kind(
    client: TestClient, document_id: str, kind: str, shown: str
) -> None:
    answered = client.get(f"/documents/{document_id}/file")
    assert answered.status_code == 200
    assert answered.headers["content-type"] == kind
    assert answered.headers["content-disposition"].startswith(shown)
    assert answered.headers["content-security-policy"].startswith("sandbox")
    assert answered.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["../outside.txt", "/etc/passwd", "link.txt", "guides", "no\0thing", "absent.pdf", ""]
)
def test_only_files_inside_the_corpus_folder_are_served(tmp_path: Path, path: str) -> None:
    corpus = scripted.write_corpus(tmp_path)
    (corpus / "link.txt").symlink_to(tmp_path / "outside.txt")
    assert originals.inside(corpus, path) is None
    assert originals.inside(corpus, "notes.txt") == (corpus / "notes.txt").resolve()


def test_port_in_use_is_one_sentence_before_anything_is_loaded() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=rf"http://127.0.0.1:{port} is already in use.*ASSISTANT_PORT"):
            server.serve(Settings.from_env(port=port))


def test_importing_the_application_loads_neither_the_chat_nor_the_index() -> None:
    names = ("gradio", "chromadb", "assistant.assistant")
    seen = f"import sys, app; print([name for name in {names} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", seen], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_missing_index_ends_the_application_with_a_sentence(tmp_path: Path) -> None:
    environment = {"ASSISTANT_INDEX": str(tmp_path / "none"), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "app.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
    assert done.returncode == 2
    assert done.stderr.startswith("BadIndex: ") and "Traceback" not in done.stderr
