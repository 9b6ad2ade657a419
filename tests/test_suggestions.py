"""Questions to go on with: each has an answer, in the same scope, open to this reader, and in time."""

from collections.abc import Mapping

import pytest

from assistant.access import local_principal, signed_on_principal
from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.records import Exchange, exchange_of
from assistant.types import Answer, Question
from assistant.web.suggestions import next_questions
from conftest import write_papers
from index.build import build
from index.embedding import Embedder

LEADS = local_principal(["leads"])
ANYBODY = local_principal()
LONG_S = 60.0
PAPERS = {
    "harbour.md": (
        "# Harbour security programme\n\nThe Harbour Programme trains customs officers in nine ports.\n\n"
        "## Funding from Norway\n\nFunding: Norway pays for the Harbour Programme with 4.2 million euros.\n\n"
        "## Training of officers\n\nThe training of officers takes place in nine ports each spring.\n",
        {"title": "Harbour programme", "date": "2021-03-02", "groups": "all", "kind": "report"},
    ),
    "leads.md": (
        "# Note for leads\n\n## Cormorant reserve\n\n"
        "The cormorant reserve of the Harbour Programme stands at 310,000 euros.\n",
        {"title": "Note for programme leads", "date": "2022-01-10", "groups": "leads", "kind": "note"},
    ),
}


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Assistant:
    folder = tmp_path_factory.mktemp("suggested")
    write_papers(folder / "corpus", PAPERS)
    build(folder / "corpus", folder / "index", embedder)
    return Assistant(Settings.from_env(index=folder / "index"), embedder)


def asked(assistant: Assistant, text: str, filters: Mapping[str, tuple[str, ...]] | None = None) -> Exchange:
    """Ask for the programme leads."""
    question = Question(text, LEADS, filters=filters or {})
    documents = assistant.index.documents(LEADS.groups)
    return exchange_of("id", question, assistant.ask(question), documents)


@pytest.mark.parametrize("text", ["Who pays for the Harbour Programme?", "What colour is the cormorant?"])
def test_each_suggested_question_is_answered_also_after_a_refusal(assistant: Assistant, text: str) -> None:
    exchange = asked(assistant, text)
    suggested = next_questions(assistant, LEADS, exchange, LONG_S)
    assert suggested and len(suggested) <= 3 and len(set(suggested)) == len(suggested)
    for question in suggested:
        assert assistant.extracted(Question(question, LEADS)).status == "answered"


def test_nothing_is_suggested_from_a_paper_that_is_closed_to_the_reader(assistant: Assistant) -> None:
    exchange = asked(assistant, "What is the cormorant reserve of the Harbour Programme?")
    assert exchange.answer.citations[0].document_id == "leads"
    assert "leads" not in " ".join(next_questions(assistant, ANYBODY, exchange, LONG_S)).lower()


def test_what_is_suggested_has_its_answer_within_the_scope(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = asked(assistant, "Who pays for the Harbour Programme?", {"year": ("2021",)})
    tried: list[Question] = []
    extracted = assistant.extracted

    def noted(question: Question) -> Answer:
        tried.append(question)
        return extracted(question)

    monkeypatch.setattr(assistant, "extracted", noted)
    assert next_questions(assistant, LEADS, exchange, LONG_S)
    assert {tuple(question.filters["year"]) for question in tried} == {("2021",)}


def test_nothing_is_tried_once_the_time_is_over(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = asked(assistant, "Who pays for the Harbour Programme?")
    monkeypatch.setattr(assistant, "extracted", lambda _: pytest.fail("tried after the time was over"))
    assert next_questions(assistant, LEADS, exchange, within_s=-1.0) == []


def test_nothing_is_suggested_from_a_paper_outside_the_scope_of_the_page(assistant: Assistant) -> None:
    exchange = asked(assistant, "What is the cormorant reserve of the Harbour Programme?")
    notes = signed_on_principal("embed", "anna", ["leads"], {"kind": ("note",)})
    reports = signed_on_principal("embed", "anna", ["leads"], {"kind": ("report",)})
    assert "“Harbour programme”" in " ".join(next_questions(assistant, LEADS, exchange, LONG_S))
    assert "“Harbour programme”" not in " ".join(next_questions(assistant, notes, exchange, LONG_S))
    assert "“Harbour programme”" in " ".join(next_questions(assistant, reports, exchange, LONG_S))
