"""A question about an office finds the paper its head speaks in, and the answer tells who speaks."""

from collections.abc import Callable
from pathlib import Path

from assistant.access import local_principal
from assistant.assistant import Assistant
from assistant.config import Settings
from assistant.types import Answer, Question
from index.build import build
from index.embedding import Embedder

SPEECH = (
    "Opening remarks by Ms. Ada Kern, Director of the Harbour Security Office (HSO)\n\n"
    "Port Forum, Oslo, 23 January 2024\n\nExcellencies,\n\n"
    "My Office trains pilots in fourteen ports, and Norway pays for it.\n\n"
    "The Mayor said: “I thank you.”\n"
)
REPORT = (
    "Lighthouses of the north\n\nThe keepers paint forty lighthouses every summer.\n\n"
    "Pilots are trained elsewhere.\n"
)
ROW = {"title": "", "date": "2024-01-23", "groups": "all", "kind": "speech"}


def asked(folder: Path, target: Path, embedder: Embedder, text: str) -> Answer:
    build(folder, target, embedder)
    settings = Settings(index=target, min_confidence=0.0)
    return Assistant(settings, embedder).ask(Question(text, local_principal()))


def test_an_answer_in_the_first_person_tells_whose_office_speaks(
    paper_folder: Callable[..., Path], tmp_path: Path, embedder: Embedder
) -> None:
    folder = paper_folder({"speech.txt": (SPEECH, ROW), "report.txt": (REPORT, ROW)})
    question = "In how many ports does the Harbour Security Office train pilots?"
    answer = asked(folder, tmp_path / "index", embedder, question)
    assert answer.citations[0].path == "speech.txt" and "fourteen ports" in answer.text
    assert (
        "“my Office” in [1]: Harbour Security Office (HSO); the speaker is Ada Kern, Director (2024-01-23)."
        in answer.notes
    )
    assert all("Ada Kern" not in c.quote or "remarks" in c.quote for c in answer.citations)


def test_an_answer_that_needs_no_speaker_tells_none(
    paper_folder: Callable[..., Path], tmp_path: Path, embedder: Embedder
) -> None:
    folder = paper_folder({"report.txt": (REPORT, ROW)})
    answer = asked(folder, tmp_path / "index", embedder, "How many lighthouses do the keepers paint?")
    assert "forty" in answer.text and answer.notes == ()
