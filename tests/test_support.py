"""Written sentences against their quotes: what is caught, what passes, and how often."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.particulars import dates, figures, initials, names
from assistant.support import Quote, Support, disagreement
from assistant.writing import similarity
from index import generations
from index.embedding import Embedder
from index.search import Index

CORPUS = Path(__file__).parent / "corpus"
PAIRS = [json.loads(line) for line in (CORPUS / "support.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def support(small_index: Path, embedder: Embedder) -> Support:
    index = Index(generations.current(small_index), embedder)
    return Support(lambda text: index.rarity(text, {"all"}), similarity(embedder))


def test_the_pairs_are_enough_and_of_every_kind() -> None:
    kinds = Counter(pair["kind"] for pair in PAIRS)
    assert sum(kinds.values()) >= 60 and len({pair["sentence"] for pair in PAIRS}) == len(PAIRS)
    assert min(kinds[kind] for kind in ("figure", "date", "name", "roles", "negation", "invented")) >= 5


@pytest.mark.parametrize("half, precision, recall", [("tune", 0.97, 0.97), ("report", 0.93, 0.93)])
def test_what_passes_is_supported_and_what_is_supported_passes(
    support: Support, half: str, precision: float, recall: float
) -> None:
    counts: Counter[tuple[bool, bool]] = Counter()
    for pair in PAIRS:
        if pair["half"] == half:
            quote = Quote(pair["quote"], pair["titled"], pair["before"])
            counts[not support.fault(pair["sentence"], quote), pair["kind"] == "supported"] += 1
    passed_right, passed_wrong, kept_back = counts[True, True], counts[True, False], counts[False, True]
    assert passed_right / (passed_right + passed_wrong) >= precision
    assert passed_right / (passed_right + kept_back) >= recall


@pytest.mark.parametrize(
    "text, told",
    [
        ("4.2 million euros over three years", {("4200000", "euro"), ("3", "year")}),
        ("€4.2 million, US$ 3 billion", {("4200000", "euro"), ("3000000000", "dollar")}),
        ("1,050 people, 1\u00a0050, thirty-five staff", {("1050", ""), ("35", "")}),
        ("two hundred and fifty of a dozen", {("250", ""), ("12", "")}),
        ("seventeen, Twelve per cent and 12%", {("17", ""), ("12", "percent")}),
        ("one of them in the third session", {("3", "")}),
        ("on 14 May 2019", set()),
    ],
)
def test_figures_are_read_however_they_are_written(text: str, told: set[tuple[str, str]]) -> None:
    assert figures(text) == told


@pytest.mark.parametrize(
    "text",
    [
        "23 January 2024",
        "the 23rd of January 2024",
        "January 23, 2024",
        "2024-01-23",
        "23.01.2024",
        "23 Jan. 2024",
    ],
)
def test_dates_are_read_however_they_are_written(text: str) -> None:
    assert dates(text) == {(2024, 1, 23)}


def test_names_are_capitalised_words_and_acronyms() -> None:
    assert names("Funding for the UN Office (UNOCT) in Durrës comes from Norway.") == [
        "UN",
        "Office",
        "UNOCT",
        "Durrës",
        "Norway",
    ]
    assert names("Sweden pays in May.") == ["Sweden"]
    assert {"UNOCT", "PNR"} <= initials("United Nations Office of Counter-Terrorism; passenger name records")


@pytest.mark.parametrize(
    "sentence, quote, fault",
    [
        ("It began in January 2024.", "It began on 23 January 2024.", ""),
        ("It began on 23 January 2024.", "It began in January 2024.", "date"),
        ("It began in 2023.", "It began on 2024-01-23.", "date"),
        ("It lasts two years.", "It lasts 24 months.", "figure"),
        ("Records are kept for at least ten years.", "Records are kept for not less than ten years.", ""),
        ("Ghana did not sign.", "Ghana signed.", "negation"),
        ("Ghana signed.", "Ghana never signed.", "negation"),
        ("Ghana signed.", "Ghana signed, while Togo did not attend.", ""),
        ("Togo trained Ghana.", "Ghana trained Togo.", "roles"),
        ("Ghana was trained by Togo.", "Togo trained Ghana.", ""),
        ("Ghana and Togo signed.", "Togo and Ghana signed.", ""),
        ("See [this](//evil.example).", "See this.", "address"),
        ("Write to a@evil.example.", "Write to a@good.example.", "address"),
        ("Write to a@good.example.", "Write to a@good.example.", "address"),
        ("It is at good.example/x.", "It is at good.example/x.", "address"),
        ("It is at good[.]example.", "It is at good[.]example.", "address"),
        ("It began, e.g. in A/RES/77, with U.S. help.", "It began, e.g. in A/RES/77, with U.S. help.", ""),
        ("<b>It</b> began.", "It began.", "address"),
        ("Norway pays, and السويد تمول البرنامج.", "Norway pays.", "script"),
        ("Norwаy pays.", "Norway pays.", "script"),  # one letter is Cyrillic
        ("The 1º place costs 5 µg.", "The 1o place costs 5 μg.", ""),
    ],
)
def test_a_particular_that_disagrees_is_named(sentence: str, quote: str, fault: str) -> None:
    assert disagreement(sentence, Quote(quote)) == fault


def test_a_name_may_come_from_the_sentence_before_but_a_figure_may_not() -> None:
    quote = Quote("He thanked 17 airlines.", before="Mr. Kola opened it with 40 guests.")
    assert disagreement("Mr. Kola thanked 17 airlines.", quote) == ""
    assert disagreement("He thanked 40 airlines.", quote) == "figure"


@given(st.integers(0, 10**9))
def test_a_figure_agrees_with_itself_with_and_without_commas(n: int) -> None:
    assert {value for value, _ in figures(f"{n:,} people")} == {str(n)}
    assert disagreement(f"They were {n} people.", Quote(f"They were {n:,} people.")) == ""
    assert disagreement(f"They were {n + 1} people.", Quote(f"They were {n:,} people.")) in ("figure", "date")
