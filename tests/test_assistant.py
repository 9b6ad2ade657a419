"""The path of a question on a real index, without a language model."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.access import local_principal
from assistant.assistant import Assistant, received
from assistant.calibration import MIN_CONFIDENCE
from assistant.condense import condense, readings
from assistant.config import Settings
from assistant.errors import BadQuestion
from assistant.types import Answer, Question, Turn
from conftest import PAPERS, write_papers
from index.build import build
from index.embedding import Embedder
from index.errors import BadIndex
from index.splitting import document_text


@pytest.fixture(scope="module")
def assistant(small_index: Path, embedder: Embedder) -> Iterator[Assistant]:
    yield Assistant(Settings(index=small_index), embedder)


def ask(assistant: Assistant, text: str, *history: Turn, groups: tuple[str, ...] = ()) -> Answer:
    return assistant.ask(Question(text, local_principal(groups), history))


def test_an_answer_is_a_sentence_of_the_papers_cited_to_its_page(assistant: Assistant) -> None:
    answer = ask(assistant, "Who pays for the Harbour Programme?")
    assert answer.status == "answered" and "Norway pays" in answer.text and "[1]" in answer.text
    citation = answer.citations[0]
    pages = assistant.index.pages(citation.document_id, {"all"})
    assert citation.quote in pages[citation.page - 1].text
    assert document_text(pages)[citation.start : citation.end] == citation.quote
    assert (citation.path, citation.date) == ("harbour.md", "2021-03-02")


def test_the_stream_ends_with_the_one_answer(assistant: Assistant) -> None:
    *pieces, last = assistant.stream(Question("How many airlines took part?", local_principal()))
    assert isinstance(last, Answer) and "17 airlines" in last.text
    assert "".join(str(piece) for piece in pieces) == last.text


def test_what_the_papers_do_not_say_is_refused_with_what_is_nearest(assistant: Assistant) -> None:
    answer = ask(assistant, "What is the recipe for a lemon cake?")
    assert (answer.status, answer.text, answer.citations) == ("not_in_documents", "", ())
    assert answer.hits and answer.trace.confidence < MIN_CONFIDENCE


def test_a_follow_up_is_searched_with_what_was_asked_before(assistant: Assistant) -> None:
    history = (
        Turn("user", "When was the aviation workshop in Skopje?"),
        Turn("assistant", "On 14 May 2019."),
    )
    answer = ask(assistant, "And who opened it?", *history)
    assert "Kola" in answer.text
    assert answer.trace.search_text == "When was the aviation workshop in Skopje? And who opened it?"


def test_a_corrected_search_text_is_searched_for_and_the_question_keeps_its_sort(
    assistant: Assistant,
) -> None:
    asked = Question("And who opened it?", local_principal(), search_text="aviation workshop Skopje")
    answer = assistant.ask(asked)
    assert "Kola" in answer.text and answer.trace.search_text == "aviation workshop Skopje"
    assert [answer.text[start:end] for start, end in answer.emphasis] == ["Mr. Ilir Kola"]
    history = (Turn("user", "Who pays for the Harbour Programme?"),)
    meant = "When was the workshop in Skopje?"
    corrected = Question("And when?", local_principal(), history, search_text=meant)
    assert "14 May 2019" in assistant.ask(corrected).text, "the history is not searched for then"


@pytest.mark.parametrize("text, told", [("x" * 50_000, "50,000 characters"), ("?!", "no words")])
def test_a_search_text_that_cannot_be_searched_for_is_told(
    assistant: Assistant, text: str, told: str
) -> None:
    with pytest.raises(BadQuestion, match=told):
        assistant.ask(Question("Who pays?", local_principal(), search_text=text))


def test_a_question_that_stands_alone_is_searched_alone() -> None:
    history = (Turn("user", "When was the workshop?"), Turn("assistant", "In May."))
    assert (
        condense("Which ports does the Harbour Programme train?", history)
        == "Which ports does the Harbour Programme train?"
    )
    assert condense("When was the workshop?", ()) == "When was the workshop?"


def test_a_list_comes_whole(assistant: Assistant) -> None:
    answer = ask(assistant, "Who are the partners of the Harbour Programme?")
    assert "World Customs Organization" in answer.text and "Durrës" in answer.text


def test_a_paper_of_another_group_is_neither_said_nor_shown(assistant: Assistant) -> None:
    question = "How large is the cormorant reserve?"
    assert "310,000" in ask(assistant, question, groups=("leads",)).text
    everybody = ask(assistant, question)
    assert "310,000" not in repr(everybody) and "cormorant reserve of" not in repr(everybody)


@pytest.mark.parametrize(
    "text, told",
    [
        ("", "empty"),
        (" \u200b\n ", "empty"),
        ("🙂🎉", "no words"),
        ("?!", "no words"),
        ("x" * 50_000, "50,000 characters"),
    ],
)
def test_a_question_that_cannot_be_searched_for_is_told_in_a_sentence(
    assistant: Assistant, text: str, told: str
) -> None:
    with pytest.raises(BadQuestion, match=told) as error:
        ask(assistant, text)
    assert error.value.for_staff.endswith((".", "?"))


def test_markup_in_a_question_is_only_text(assistant: Assistant) -> None:
    answer = ask(assistant, "<script>alert(1)</script> Who pays for the <b>Harbour Programme</b>?")
    assert "Norway" in answer.text
    assert received(" a\u202e b\tc ", 10) == "a b c"


def test_a_new_build_is_served_without_a_restart(tmp_path: Path, embedder: Embedder) -> None:
    write_papers(tmp_path / "corpus", PAPERS)
    build(tmp_path / "corpus", tmp_path / "index", embedder)
    assistant = Assistant(Settings(index=tmp_path / "index"), embedder)
    before = assistant.index
    text, row = PAPERS["harbour.md"]
    write_papers(tmp_path / "corpus", {**PAPERS, "harbour.md": (text.replace("Norway", "Iceland"), row)})
    build(tmp_path / "corpus", tmp_path / "index", embedder)
    assert "Iceland" in ask(assistant, "Who pays for the Harbour Programme?").text
    assert before.search("Norway", 1, {"all"}), "who still reads the older build may go on"


def test_a_damaged_new_build_leaves_the_old_one_serving(tmp_path: Path, embedder: Embedder) -> None:
    write_papers(tmp_path / "corpus", PAPERS)
    first = build(tmp_path / "corpus", tmp_path / "index", embedder).build_id
    assistant = Assistant(Settings(index=tmp_path / "index"), embedder)
    write_papers(tmp_path / "corpus", {**PAPERS, "new.txt": ("A new paper.", {})})
    second = build(tmp_path / "corpus", tmp_path / "index", embedder).build_id
    (tmp_path / "index" / second / "catalogue.sqlite").write_bytes(b"broken")
    assert assistant.index.build_id == first
    assert "Norway" in ask(assistant, "Who pays for the Harbour Programme?").text


@pytest.mark.parametrize("groups", ["leads", "deny"])
def test_a_damaged_new_build_does_not_keep_a_paper_open_that_it_was_to_close(
    tmp_path: Path, embedder: Embedder, groups: str
) -> None:
    write_papers(tmp_path / "corpus", PAPERS)
    build(tmp_path / "corpus", tmp_path / "index", embedder)
    assistant = Assistant(Settings(index=tmp_path / "index"), embedder)
    text, row = PAPERS["harbour.md"]
    write_papers(tmp_path / "corpus", {**PAPERS, "harbour.md": (text, row | {"groups": groups})})
    second = build(tmp_path / "corpus", tmp_path / "index", embedder).build_id
    (tmp_path / "index" / second / "catalogue.sqlite").write_bytes(b"broken")
    for _ in range(2):
        with pytest.raises(BadIndex, match="damaged"):
            ask(assistant, "Who pays for the Harbour Programme?")
    third = build(tmp_path / "corpus", tmp_path / "index", embedder).build_id
    assert assistant.index.build_id == third
    assert "Norway" not in ask(assistant, "Who pays for the Harbour Programme?").text


def test_a_missing_index_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadIndex, match="ct-assistant build"):
        Assistant.open(Settings(index=tmp_path / "nowhere"))


def test_without_the_gate_the_recipe_would_be_answered(small_index: Path, embedder: Embedder) -> None:
    open_gate = Assistant(Settings(index=small_index, min_confidence=0), embedder)
    assert ask(open_gate, "What is the recipe for a lemon cake?").status == "answered"


def test_a_follow_up_is_read_a_second_time_with_the_questions_before_it() -> None:
    history = [Turn("user", f"Question {n}?") for n in range(5)] + [Turn("assistant", "An answer.")]
    assert readings("Norway too?", "searched", history) == [
        "searched",
        "Norway too? Question 4? Question 3? Question 2?",
    ]
    assert readings("Norway too?", "searched", []) == ["searched"]
