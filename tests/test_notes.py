"""What the assistant says of its own about an answer, on papers of different dates."""

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.access import local_principal
from assistant.assistant import Assistant
from assistant.cli import main
from assistant.config import Settings
from assistant.types import Answer, Question
from conftest import ROOT
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
    "lamps": ("Car park", "2022-01-01", "all", "", "The car park in Graz has about 300 lamps.\n"),
    "lamps-2023": ("Lamps", "2023-01-01", "all", "", "The car park in Graz has 290 lamps.\n"),
    "mill": ("Mill", "2021-01-01", "all", "", "At the Pogradec mill 9 millers grind barley.\n"),
    "mill-2022": ("Flour", "2022-02-02", "all", "", "Pogradec mill millers grind barley for 4 villages.\n"),
    "raid-2023": (
        "Raid",
        "2023-04-05",
        "all",
        "",
        "On 4 April 2023 masked robbers with knives wounded 5 guards in the harbour of Varna.\n",
    ),
    "raid-2024": (
        "Raid",
        "2024-06-08",
        "all",
        "",
        "On 7 June 2024 masked robbers with knives wounded 9 guards in the harbour of Varna.\n",
    ),
    "well": ("Well", "", "all", "", "The Ohrid well gives 70 litres a minute.\n"),
    "well-2020": ("Well again", "2020-02-02", "all", "", "The Ohrid well gives 90 litres a minute.\n"),
    "storm-2020": ("Storm", "2020-09-09", "all", "", "About Bitola.\n\nThe storm carried off 12 barns.\n"),
    "storm-2021": ("Storm", "2021-09-09", "all", "", "About Resen.\n\nThe storm carried off 31 barns.\n"),
    "shelter-2020": ("Roof", "2020-03-03", "all", "", "Of 640 guests of the Struga shelter, 120 remain.\n"),
    "shelter-2021": (
        "Roof again",
        "2021-03-03",
        "all",
        "",
        "The Struga shelter has 130 guests who remain.\n",
    ),
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
        "The tunnel watch of Kotor was planned on 3 May 2018. The tunnel watch of Kotor opened in 2019. "
        "By stages it grew in 2019-2021.\n",
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
        "How many millers grind barley at the Pogradec mill?",  # the other paper counts villages
        "How many analysts did the Border Laboratory employ in 2019?",  # the question says the time
        "How many guards did robbers in the harbour of Varna wound?",  # two raids, both reported rightly
        "How many litres a minute does the Ohrid well give?",  # one of the two papers is undated
        "How many lamps does the car park in Graz have?",  # about 300 may be 290
        "How many barns were carried off by the storm?",  # two storms: the sentences name none
        "How many guests of the Struga shelter remain?",  # 640 is the whole, of which 120 is a part
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
        "Why did the tunnel watch of Kotor open in 2020?",  # inside a range that the paper tells
        "What did the conference of the river police in Latvia decide?",  # which the papers know too
        "What did the tunnel watch of Kotor do on 3 May 2018?",  # another sentence says that
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


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What `ask` prints."""
    monkeypatch.setenv("ASSISTANT_MODELS", str(ROOT / "var" / "models"))

    def run(question: str, index: Path, *options: str) -> str:
        assert main(["ask", question, "--index", str(index), *options]) == 0
        return capsys.readouterr().out

    return run


def test_the_command_line_prints_notes_and_dates(index: Path, told: Callable[..., str]) -> None:
    question = "How many analysts does the Border Laboratory employ?"
    lines = told(question, index).splitlines()
    assert f"Note: {DIFFER}" in lines and f"Note: {SUPERSEDED}" in lines
    assert "[1] Report of 2024, 2024-06-01, page 1: lab-2024.txt" in lines
    assert json.loads(told(question, index, "--json"))["notes"] == [DIFFER, SUPERSEDED]
    assert "[1] Well, undated, page 1: well.txt" in told("70 litres from the Ohrid well?", index)


def test_two_editions_of_the_sample_corpus_are_told_apart(
    tmp_path: Path, embedder: Embedder, told: Callable[..., str]
) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    with (ROOT / "docs_corpus" / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["path"].startswith("compact-at-a-glance")]
    with (corpus / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(
            file, [column for column in rows[0] if column != "source"], extrasaction="ignore"
        )
        table.writeheader()
        table.writerows(rows)
    for row in rows:
        shutil.copy(ROOT / "docs_corpus" / row["path"], corpus)
    build(corpus, tmp_path / "index", embedder)
    printed = told("How many member and observer entities does the Compact have?", tmp_path / "index")
    name = "The Global Counter-Terrorism Coordination Compact at a glance"
    newer, older = f"{name} (2025 edition) (2025-02-15)", f"{name} (2022 edition) (2022-07-01)"
    assert printed.splitlines()[:2] == [
        f"Note: The papers differ by date: “46” in {newer}, “45” in {older}.",
        f"Note: {older} is superseded by {newer}.",
    ]
