from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.acronyms import GLOSSARY, both_ways, definitions, read_glossary
from index.errors import BadCorpus


@pytest.mark.parametrize(
    "text, short, long",
    [
        ("the Regional Cooperation Council (RCC) is", "RCC", "Regional Cooperation Council"),
        ("met National Focal Points (NFPs) of", "NFPs", "National Focal Points"),
        ("on Countering Violent Extremism (CVE).", "CVE", "Countering Violent Extremism"),
        ("RCC (Regional Cooperation Council) met", "RCC", "Regional Cooperation Council"),
        ("the Organization of Islamic Cooperation (OIC)", "OIC", "Organization of Islamic Cooperation"),
    ],
)  # fmt: skip
def test_definitions_are_found_in_both_orders(text: str, short: str, long: str) -> None:
    assert list(definitions(text)) == [(short, long)]


@pytest.mark.parametrize(
    "text", ["resolution 2396 (2017)", "the Council (see annex)", "Norway (N)", "a cat (DOG)"]
)
def test_what_is_in_brackets_without_being_a_short_form_is_left(text: str) -> None:
    assert list(definitions(text)) == []


@given(st.text(alphabet="AB ()ab.-/\n", max_size=60))
def test_every_long_form_stands_in_the_text(text: str) -> None:
    for short, long in definitions(text):
        assert short in text and all(word in text for word in long.split())


def test_the_glossary_is_read_and_goes_both_ways() -> None:
    forms = both_ways(read_glossary(GLOSSARY), str.split)
    assert ("small", "arms", "and", "light", "weapons") in forms[("SALW",)]
    assert ("SALW",) in forms[("small", "arms", "and", "light", "weapons")]


def test_a_glossary_that_is_none_is_told(tmp_path: Path) -> None:
    path = tmp_path / "glossary.csv"
    path.write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(BadCorpus, match="columns short and long"):
        list(read_glossary(path))
    assert list(read_glossary(tmp_path / "none.csv")) == []
