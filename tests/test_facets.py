"""Narrowing a search: which values there are, and how many papers each would leave."""

from hypothesis import given
from hypothesis import strategies as st

from index.facets import FIELDS, Facet, facets, matches
from index.types import Document

KINDS, YEARS, REGIONS = ("speech", "report", ""), ("2019", "2024-05", ""), ("Sahel", "Balkans", "Asia")


def paper(number: int, kind: str, date: str, regions: tuple[str, ...]) -> Document:
    return Document(f"d{number}", f"d{number}.txt", "", "", date=date, kind=kind, regions=regions)


papers = st.lists(
    st.tuples(
        st.sampled_from(KINDS), st.sampled_from(YEARS), st.lists(st.sampled_from(REGIONS), unique=True)
    ),
    max_size=12,
).map(lambda rows: [paper(n, kind, date, tuple(regions)) for n, (kind, date, regions) in enumerate(rows)])
chosen = st.dictionaries(
    st.sampled_from(["kind", "year", "region"]),
    st.lists(st.sampled_from(["speech", "report", "2019", "2024", "Sahel", "Asia"]), min_size=1, unique=True),
)


@given(papers, chosen, st.sampled_from(FIELDS))
def test_a_count_is_the_number_of_papers_left_when_its_value_alone_is_chosen(
    documents: list[Document], filters: dict[str, list[str]], field: str
) -> None:
    for facet in facets(documents, field, filters):
        left = [d for d in documents if matches(d, {**filters, field: [facet.value]})]
        assert facet.count == len(left)


def test_a_chosen_value_stays_in_the_list_when_nothing_has_it_any_more() -> None:
    documents = [paper(0, "speech", "2019", ()), paper(1, "report", "2024", ())]
    assert facets(documents, "kind", {"kind": ["speech"], "year": ["2024"]}) == [
        Facet("report", 1),
        Facet("speech", 0),
    ]


def test_what_a_paper_does_not_tell_is_no_value() -> None:
    assert facets([paper(0, "", "", ())], "kind", {}) == []
    assert facets([paper(0, "", "", ())], "year", {}) == []


def test_years_come_latest_first_and_other_values_most_frequent_first() -> None:
    documents = [paper(n, kind, f"{2018 + n}", ()) for n, kind in enumerate(["note", "talk", "talk"])]
    assert [facet.value for facet in facets(documents, "year", {})] == ["2020", "2019", "2018"]
    assert [facet.value for facet in facets(documents, "kind", {})] == ["talk", "note"]
