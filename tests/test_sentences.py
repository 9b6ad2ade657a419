import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.sentences import is_list_item, sentence_spans


@pytest.mark.parametrize(
    "text, parts",
    [
        ("It works. It lasts.", ["It works.", "It lasts."]),
        ("Mr. Voronkov met Dr. J. Smith. They spoke.", ["Mr. Voronkov met Dr. J. Smith.", "They spoke."]),
        (
            "See resolution 2396 (2017), para. 12. It binds.",
            ["See resolution 2396 (2017), para. 12.", "It binds."],
        ),
        ("12. The Team met. It agreed.", ["12. The Team met.", "It agreed."]),
        ("It cost 4.2 million. Norway paid.", ["It cost 4.2 million.", "Norway paid."]),
        ("He asked: “Why?” Nobody knew!", ["He asked: “Why?”", "Nobody knew!"]),
        ("The U.N. Office, i.e. the host, spoke.", ["The U.N. Office, i.e. the host, spoke."]),
        ("It ended.1 The next began.", ["It ended.1", "The next began."]),
        ("Где это? Здесь.", ["Где это?", "Здесь."]),
        ("one thing. another thing", ["one thing. another thing"]),
        ("   ", []),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, parts: list[str]) -> None:
    assert [text[start:end] for start, end in sentence_spans(text)] == parts


@given(st.text(alphabet=st.sampled_from("ab Z.?!1)(\"'…؟。 \n"), max_size=80))
def test_sentences_cover_all_that_is_not_blank_in_order(text: str) -> None:
    spans = sentence_spans(text)
    at = 0
    for start, end in spans:
        assert text[at:start].strip() == "" and start < end
        assert text[start:end] == text[start:end].strip()
        at = end
    assert text[at:].strip() == ""


def test_long_numbered_paragraphs_are_not_list_items() -> None:
    assert is_list_item("3. Strengthen delivery")
    assert is_list_item("(b) the second")
    assert not is_list_item("40. " + "The Team heard that " * 30)
    assert not is_list_item("No list")
