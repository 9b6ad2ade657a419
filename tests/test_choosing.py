"""What may be quoted, and which of it is chosen."""

import pytest

from assistant.answer_types import answer_type, counts, holds
from assistant.context import Evidence, Source
from assistant.extract import MOST_WORDS, extract
from assistant.features import Asked
from assistant.pieces import pieces_of
from index.concepts import Concept
from index.types import Document, Hit, Page, Passage


def evidence_of(text: str, start: int = 0, end: int | None = None) -> Evidence:
    """One paper of one page, of which a passage was found."""
    end = len(text) if end is None else end
    passage = Passage("p:1", "p", (1, 1), start, end, (), text[start:end])
    source = Source(Document("p", "p.txt", "Paper", sha256="0"), (Page("p", 1, "1", (), text),))
    return Evidence((Hit(passage, 1.0, 0.6, "both"),), {"p": source})


def texts_of(text: str, start: int = 0) -> list[str]:
    evidence = evidence_of(text, start)
    return [piece.text for piece in pieces_of(evidence.hits[0], evidence.sources["p"])]


def terms(text: str) -> list[str]:
    return [word.strip(".,:;?").lower() for word in text.split()]


def answer_of(question: str, text: str) -> str:
    asked = Asked(question, [Concept(1.0, ((word,),)) for word in dict.fromkeys(terms(question))])
    (part,) = extract([asked], evidence_of(text), terms)
    return "\n".join(claim.text for claim in part.claims)


@pytest.mark.parametrize(
    "question, holding, empty",
    [
        ("How many people came?", "153 participants came.", "They met on 12 and 13 March 2025."),
        ("How many people came?", "No participants came.", "See resolution 2734 (2024) and A/79/912."),
        ("How many people came?", "Some 40 came.", "118. The Team met in its building."),
        ("How long does it go on?", "It goes on for 12 months.", "It goes on as decided in 2019."),
        ("How much did it cost?", "It cost $35 a family.", "It was funded by 18 donors."),
        ("By what date did it end?", "It ended on 15 May 2026.", "It ended by resolution 2769 (2025)."),
    ],
)
def test_a_figure_is_an_answer_only_where_it_is_of_the_sort_asked_for(
    question: str, holding: str, empty: str
) -> None:
    kind = answer_type(question)
    assert holds(kind, holding, question) and not holds(kind, empty, question)


def test_a_figure_counts_beside_the_noun_that_is_counted() -> None:
    question = "How many fighters does the group have?"
    assert counts("22. The group consists of over 200 fighters.", question)
    assert not counts("In 2017 fighters came; 12 villages were left.", question)


def test_a_table_a_name_with_its_office_and_a_list_with_a_long_item_are_quoted_whole() -> None:
    table = "Member | Plan\nBenin | yes\nMorocco | no"
    assert table in texts_of(f"The group met.\n{table}\nIt ended.")
    office = "Ms. Ana Kola\nDeputy Director, Centre"
    assert office in texts_of(f"PAPER\nOFFICE\nCentre\nBriefing\n{office}\nOFFICE\nCentre")
    items = "Three aims:\n- peace, " + "and more of it " * 25 + "\n- bread\n- time"
    assert any(text.endswith("- time") and text.startswith("Three") for text in texts_of(items))


def test_a_passage_that_was_cut_knows_the_sentence_before_it() -> None:
    text = "The Lukarawa came from Mali. They have over 200 fighters."
    start = text.index("They")
    evidence = evidence_of(text, start)
    (piece,) = pieces_of(evidence.hits[0], evidence.sources["p"])
    assert "Lukarawa" in piece.above


def test_two_sentences_that_differ_in_a_figure_are_both_said() -> None:
    text = (
        "It decides to extend the mandate of the Mission for Iraq until 31 May 2021. "
        "It decides to extend the mandate of the Mission for Iraq until 31 May 2023."
    )
    said = answer_of("Until when is the mandate of the Mission for Iraq extended?", text)
    assert "2021" in said and "2023" in said


def test_more_sentences_are_added_only_within_the_word_limit() -> None:
    ports = {"Ada": "cargo", "Bar": "lorries", "Cor": "luggage", "Dur": "boats", "Eze": "fuel", "Fos": "post"}
    text = " ".join(
        f"The harbour programme trains officers of {name} in {thing}, which {name} {name}a {name}e {name}i "
        f"{thing}a {thing}e {thing}i {thing}o {thing}u {name}o {name}u {name}an {name}en {name}in {name}on."
        for name, thing in ports.items()
    )
    said = answer_of("Which officers does the harbour programme train?", text)
    assert 60 < len(said.split()) <= MOST_WORDS


def test_a_sentence_that_was_chosen_is_not_said_again_before_the_one_that_leans_on_it() -> None:
    text = "The harbour conference was held in Tirana. It brought the harbour conference members to Tirana."
    said = answer_of("Who came to the harbour conference in Tirana?", text)
    assert said.count("was held in Tirana") == 1
