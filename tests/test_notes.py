"""What the assistant says of its own about an answer, on papers of different dates."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.access import local_principal
from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.types import Answer, Question
from index.build import build
from index.embedding import Embedder
from scripted_model import ScriptedModel

# id: title, date, groups, what it supersedes, text
PAPERS = {
    "lab-2019": (
        "Report of 2019",
        "2019-05-03",
        "all",
        "",
        "The Border Laboratory employs 45 analysts. It is paid for by Sweden.\n\n"
        "The vessel register of the Border Laboratory opened on 2 May 2018.\n",
    ),
    "lab-2024": (
        "Report of 2024",
        "2024-06-01",
        "all",
        "lab-2019",
        "By now the Border Laboratory employs 46 analysts.\n\n"
        "The vessel register of the Border Laboratory opened on 9 June 2018.\n",
    ),
    "lab-plan": ("Plan for the leads", "2025-01-01", "leads", "lab-2024", "The plan is short.\n"),
    "lab-drivers": (
        "Car park",
        "2022-01-01",
        "all",
        "",
        "The Border Laboratory employs 12 drivers and has about 300 lamps in Graz.\n",
    ),
    "lamps": ("Lamps", "2023-01-01", "all", "", "The Border Laboratory has 290 lamps in Graz.\n"),
    "raid-2023": ("Raid", "2023-04-05", "all", "", "On 4 April 2023 robbers in Varna wounded 5 guards.\n"),
    "raid-2024": ("Raid", "2024-06-08", "all", "", "On 7 June 2024 robbers in Varna wounded 9 guards.\n"),
    "well": ("Well", "", "all", "", "The Ohrid well gives 70 litres a minute.\n"),
    "well-2020": ("Well again", "2020-02-02", "all", "", "The Ohrid well gives 90 litres a minute.\n"),
    "rivers": (
        "River police",
        "2019-11-02",
        "all",
        "",
        "The 2019 conference of the river police in Minsk decided to share vessel lists.\n\n"
        "Eleven boats were given to the river police of Latvia by Finland.\n",
    ),
    "tunnel": (
        "Tunnel",
        "2021-03-03",
        "all",
        "",
        "The tunnel watch of Kotor was planned in 2018-2021. The tunnel watch of Kotor began in 2019.\n",
    ),
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    folder = tmp_path_factory.mktemp("dated")
    (folder / "corpus").mkdir()
    with (folder / "corpus" / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["path", "id", "title", "date", "groups", "supersedes"])
        for name, (title, date, groups, supersedes, text) in PAPERS.items():
            (folder / "corpus" / f"{name}.txt").write_text(text, "utf-8")
            table.writerow([f"{name}.txt", name, title, date, groups, supersedes])
    build(folder / "corpus", folder / "index", embedder)
    return folder / "index"


@pytest.fixture(scope="module")
def ask(index: Path, embedder: Embedder) -> Iterator[Callable[..., Answer]]:
    assistant = Assistant(Settings(index=index, min_confidence=0), embedder)
    yield lambda text, *groups: assistant.ask(Question(text, local_principal(groups)))


DIFFER = (
    "The papers differ by date: “46” in Report of 2024 (2024-06-01), “45” in Report of 2019 (2019-05-03)."
)
SUPERSEDED = "Report of 2019 (2019-05-03) is superseded by Report of 2024 (2024-06-01)."


def differences(answer: Answer) -> list[str]:
    return [note for note in answer.notes if "differ by date" in note]


def corrections(answer: Answer) -> list[str]:
    return [note for note in answer.notes if note.startswith("The question says")]


def test_papers_of_two_dates_are_both_quoted_the_newer_first(ask: Callable[..., Answer]) -> None:
    answer = ask("How many analysts does the Border Laboratory employ?")
    assert differences(answer) == [DIFFER]
    assert answer.text.index("46 analysts") < answer.text.index("45 analysts")
    assert [citation.date for citation in answer.citations[:2]] == ["2024-06-01", "2019-05-03"]
    assert all(citation.quote in PAPERS[citation.document_id][4] for citation in answer.citations)


def test_two_dates_for_one_thing_are_told(ask: Callable[..., Answer]) -> None:
    answer = ask("When did the vessel register of the Border Laboratory open?")
    assert differences(answer) == [
        "The papers differ by date: “9 June 2018” in Report of 2024 (2024-06-01), "
        "“2 May 2018” in Report of 2019 (2019-05-03)."
    ]


@pytest.mark.parametrize(
    "question",
    [
        "How many drivers does the Border Laboratory employ?",  # only one paper counts them
        "How many analysts did the Border Laboratory employ in 2019?",  # the question says the time
        "How many guards did robbers in Varna wound?",  # two raids, both reported rightly
        "How many litres a minute does the Ohrid well give?",  # one of the two papers is undated
        "How many lamps does the Border Laboratory have in Graz?",  # about 300 may be 290
        "What does the Border Laboratory do?",
    ],
)
def test_what_does_not_disagree_is_not_said_to(ask: Callable[..., Answer], question: str) -> None:
    answer = ask(question)
    assert answer.citations and not differences(answer)


def test_a_superseded_paper_is_told_and_what_a_reader_may_not_read_is_not(ask: Callable[..., Answer]) -> None:
    question = "What is paid for by Sweden?"
    assert SUPERSEDED in ask(question).notes
    both = ask("How many analysts does the Border Laboratory employ?")
    assert SUPERSEDED in both.notes and "Plan for the leads" not in repr(both.notes)
    lead = ask("How many analysts does the Border Laboratory employ?", "leads")
    assert "Report of 2024 (2024-06-01) is superseded by Plan for the leads (2025-01-01)." in lead.notes


@pytest.mark.parametrize(
    "question, notes",
    [
        (
            "What did the 2018 conference of the river police in Minsk decide?",
            ["The question says 2018; the papers found say 2019."],
        ),
        (
            "What did the conference of the river police in Vienna decide?",
            ["The question says Vienna; the papers found say Minsk."],
        ),
        (
            "What did the 2018 conference of the river police in Vienna decide?",
            [
                "The question says 2018; the papers found say 2019.",
                "The question says Vienna; the papers found say Minsk.",
            ],
        ),
        (
            "To whom were the fourteen boats of the river police given?",
            ["The question says fourteen; the papers found say Eleven."],
        ),
        (
            "How many boats were given to the river police of Latvia by Iceland?",
            ["The question says Iceland; the papers found say Finland."],
        ),
        (
            "Which robbers in Varna wounded guards on 4 May 2023?",
            ["The question says 4 May 2023; the papers found say 4 April 2023."],
        ),
    ],
)
def test_a_false_premise_is_told_and_the_paper_still_quoted(
    ask: Callable[..., Answer], question: str, notes: list[str]
) -> None:
    answer = ask(question)
    assert corrections(answer) == notes
    assert notes[0].split("say ")[1].rstrip(".") in answer.text


@pytest.mark.parametrize(
    "question",
    [
        "What did the 2019 conference of the river police in Minsk decide?",
        "What did the river police decide in November 2019?",  # the paper's own date
        "When did the tunnel watch of Kotor begin after 2020?",  # inside the range that the paper tells
        "Which 45 analysts does the Border Laboratory employ?",  # one of the papers says so
        "Did the Border Laboratory in 2011 buy twelve helicopters in Lisbon?",  # not what the papers tell of
        "How many lamps hang in Oslo?",
    ],
)
def test_what_the_papers_do_not_contradict_is_not_corrected(
    ask: Callable[..., Answer], question: str
) -> None:
    assert not corrections(ask(question))


def test_a_model_that_chooses_in_silence_gets_the_same_notes(index: Path, embedder: Embedder) -> None:
    pytest.importorskip("langchain_openai", reason="the extra [openai] is not installed")
    question = "How many analysts does the Border Laboratory employ?"
    with ScriptedModel() as model:
        model.says = "The Border Laboratory employs 45 analysts. [1] [2]"
        settings = Settings(index=index, llm="openai:scripted", llm_base_url=model.url, llm_timeout_s=10)
        *streamed, answer = Assistant(settings, embedder).stream(Question(question, local_principal()))
    assert isinstance(answer, Answer) and answer.trace.model == "openai:scripted"
    assert DIFFER in answer.notes and SUPERSEDED in answer.notes
    assert "46 analysts" in answer.text and answer.text.startswith("The Border Laboratory employs 45")
    assert "".join(str(piece) for piece in streamed) == answer.text
    assert all(citation.quote in PAPERS[citation.document_id][4] for citation in answer.citations)


def test_a_refusal_carries_no_notes(index: Path, embedder: Embedder) -> None:
    answer = Assistant(Settings(index=index), embedder).ask(
        Question("What is the recipe for a lemon cake?", local_principal())
    )
    assert answer.status == "not_in_documents" and answer.notes == ()
