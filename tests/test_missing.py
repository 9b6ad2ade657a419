"""What a refusal tells: the words the readable papers lack, and never a word about the others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.access import local_principal
from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.missing import Missing, missing_sentence, missing_words
from assistant.types import Answer, Question
from conftest import PAPERS, write_papers
from index.build import build
from index.embedding import Embedder
from index.search import Index

EVERYBODY, LEADS = {"all"}, {"all", "leads"}
TOLD = ["How large is the cormorant reserve?", "Who keeps the cormorant?", "Is there a note for leads?"]


@pytest.fixture(scope="module")
def assistant(small_index: Path, embedder: Embedder) -> Iterator[Assistant]:
    yield Assistant(Settings(index=small_index, min_confidence=1.0), embedder)


def refused(assistant: Assistant, text: str, *groups: str) -> Answer:
    return assistant.ask(Question(text, local_principal(groups)))


def of(index: Index, text: str, groups: set[str] = EVERYBODY) -> Missing:
    return missing_words(index, text, index.search(text, 10, groups), groups)


def test_words_no_paper_has_are_told_as_typed_and_side_by_side_as_a_phrase(assistant: Assistant) -> None:
    answer = refused(assistant, "What is the Recipe for a lemon cake in Skopje?")
    assert (answer.status, answer.missing) == ("not_in_documents", ("Recipe", "lemon cake"))
    assert missing_sentence(answer) == "None of the papers mentions “Recipe” or “lemon cake”."


def test_where_the_papers_have_every_word_those_the_nearest_passages_lack_are_told(
    assistant: Assistant,
) -> None:
    hits = [
        hit for hit in assistant.index.search("airlines", 10, EVERYBODY) if "airlines" in hit.passage.text
    ]
    found = missing_words(assistant.index, "Which airlines pay the customs officers?", hits, EVERYBODY)
    assert (found.phrases, found.place) == (("pay", "customs officers"), "passages")


def test_other_forms_of_a_word_and_weak_words_are_not_missing(assistant: Assistant) -> None:
    assert of(assistant.index, "Which workshops, and who has been training in the Durres port?").phrases == ()
    assert of(assistant.index, "What did somebody want to get out of the workshop?").phrases == ()
    assert of(assistant.index, "Who pays for the Harbor Programme's ports?").phrases == (), "read as harbour"


def test_an_answer_lacks_nothing(small_index: Path, embedder: Embedder) -> None:
    answer = refused(Assistant(Settings(index=small_index), embedder), "Who pays for the Harbour Programme?")
    assert (answer.status, answer.missing, missing_sentence(answer)) == ("answered", (), "")


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Assistant:
    """The same shelf, had the restricted paper never been there."""
    folder = tmp_path_factory.mktemp("without")
    write_papers(folder / "corpus", {name: PAPERS[name] for name in PAPERS if name != "leads.md"})
    build(folder / "corpus", folder / "index", embedder)
    return Assistant(Settings(index=folder / "index", min_confidence=1.0), embedder)


@pytest.mark.parametrize("text", TOLD)
def test_a_paper_of_another_group_and_no_such_paper_tell_the_same(
    assistant: Assistant, without: Assistant, text: str
) -> None:
    denied, absent = refused(assistant, text), refused(without, text)
    assert (denied.missing, denied.missing_from) == (absent.missing, absent.missing_from)
    assert missing_sentence(denied) == missing_sentence(absent) != ""


def test_the_word_of_a_restricted_paper_is_missing_to_everybody_and_not_to_its_readers(
    assistant: Assistant,
) -> None:
    assert "cormorant reserve" in refused(assistant, TOLD[0]).missing
    assert refused(assistant, TOLD[0], "leads").missing == ()


def test_the_wall_test_fails_when_the_wall_is_taken_out(
    assistant: Assistant, without: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Index, "_readable", lambda self, groups: list(range(len(self._shelves))))
    with pytest.raises(AssertionError):
        test_a_paper_of_another_group_and_no_such_paper_tell_the_same(assistant, without, TOLD[0])
