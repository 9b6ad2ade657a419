from hypothesis import given
from hypothesis import strategies as st

from index.splitting import MOST_CHARS, context, document_text, page_starts, sentences, split
from index.types import Heading, Page


def count(text: str) -> int:
    """Words stand for tokens, and two special ones as the model has."""
    return len(text.split()) + 2


def page(number: int, text: str, *headings: str) -> Page:
    return Page("doc", number, "", tuple(Heading(1, h, text.index(h)) for h in headings), text)


lines = st.text(alphabet=st.sampled_from("ab Z.|-"), min_size=0, max_size=60)
pages_of_lines = st.lists(st.lists(lines, max_size=12), min_size=1, max_size=4)


@given(pages_of_lines, st.integers(80, 120), st.sampled_from(["x.pdf", "x.pptx"]))
def test_passages_are_exact_slices_that_lose_and_repeat_nothing(
    texts: list[list[str]], max_tokens: int, path: str
) -> None:
    pages = [page(n, "\n".join(rows)) for n, rows in enumerate(texts, 1)]
    text = document_text(pages)
    starts = page_starts(pages)
    at = 0
    for passage in split("doc", path, pages, max_tokens, count):
        assert text[passage.start : passage.end] == passage.text
        assert text[at : passage.start].strip() == "", "nothing between two passages is lost"
        assert passage.start >= at
        assert starts[passage.pages[0] - 1] <= passage.start
        assert passage.end <= starts[passage.pages[1] - 1] + len(pages[passage.pages[1] - 1].text)
        at = passage.end
    assert text[at:].strip() == ""


@given(pages_of_lines)
def test_no_passage_is_longer_than_the_model_reads(texts: list[list[str]]) -> None:
    pages = [page(n, "\n".join(rows)) for n, rows in enumerate(texts, 1)]
    assert all(count(p.text) <= 80 - 56 for p in split("doc", "x.pdf", pages, 80, count))


@given(pages_of_lines)
def test_no_passage_crosses_a_slide(texts: list[list[str]]) -> None:
    pages = [page(n, "\n".join(rows)) for n, rows in enumerate(texts, 1)]
    assert all(p.pages[0] == p.pages[1] for p in split("doc", "deck.pptx", pages, 100, count))


def test_a_heading_begins_a_passage_and_names_it() -> None:
    pages = [page(1, "Mandate\nIt leads.\nFunding\nNorway pays.", "Mandate", "Funding")]
    first, second = split("doc", "x.docx", pages, 256, count)
    assert (first.text, first.heading_path) == ("Mandate\nIt leads.", ("Mandate",))
    assert (second.text, second.heading_path, second.id) == (
        "Funding\nNorway pays.",
        ("Funding",),
        "doc:p1.2",
    )


def test_a_list_stays_with_the_line_that_opens_it() -> None:
    filler = " ".join(["word"] * 186) + "."
    pages = [page(1, f"{filler}\nThe aims are:\n- to lead\n- to help")]
    assert split("doc", "x.docx", pages, 256, count)[1].text == "The aims are:\n- to lead\n- to help"


def test_ids_count_passages_of_each_page() -> None:
    pages = [page(n, "One\nIt is.\nTwo\nSo too.", "One", "Two") for n in (1, 2)]
    assert [p.id for p in split("doc", "x.pptx", pages, 256, count)] == [
        "doc:p1.1",
        "doc:p1.2",
        "doc:p2.1",
        "doc:p2.2",
    ]


def test_context_is_cut_to_leave_room_for_the_passage() -> None:
    above = context("A title", ["Part " + "very " * 200, "Chapter"], "text", count)
    assert above.startswith("A title › Part") and count(above) <= 56


def test_a_word_without_an_end_is_cut_and_counted_in_pieces() -> None:
    counted = []

    def one_token(text: str) -> int:  # as a model counts a word that it does not know
        counted.append(len(text))
        return len(text.split()) + 2

    pages = [page(1, "a" * 100_000 + " " + "b" * 3_000 + ". " + "c" * 3_000)]
    passages = split("d", "d.txt", pages, 256, one_token)
    assert max(len(passage.text) for passage in passages) <= MOST_CHARS
    assert max(counted) <= MOST_CHARS
    assert "".join("".join(p.text.split()) for p in passages) == "".join(pages[0].text.split())


def test_many_headings_take_no_longer_than_as_much_text() -> None:
    text = "\n".join(f"Heading {n}" for n in range(4_000))
    headings = [Heading(1, line, text.index(line + "\n")) for line in text.split("\n")[:-1]]
    compared = []

    class Watched(Heading):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            compared.append(1)
            return super().__eq__(other)

        __hash__ = Heading.__hash__

    sentences([Page("d", 1, "", tuple(Watched(h.level, h.text, h.start) for h in headings), text)])
    assert len(compared) < 10 * len(headings)
