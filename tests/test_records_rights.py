"""Old answers under today's rights and today's papers."""

from dataclasses import replace
from typing import Any

import pytest

from assistant.records import Exchange, Reader, exchange_of, reader_of, redacted, standing
from assistant.records.rights import redacted_all
from assistant.types import Principal, Question, Trace
from index.types import Document, Page
from kept import ALL, HARBOUR, LEADS, OF_ALL, OF_LEADS, QUOTE, answered, asked, citation, hit

SECRET = "The reserve is 310,000. [1] Norway pays for it. [2]"
MIXED = asked(answer=answered(LEADS, HARBOUR, text=SECRET, notes=("The dates differ.",), missing=("when",)))


def readers(**documents: Document) -> Reader:
    return Reader(ALL, documents)


def test_an_answer_is_withheld_whole_where_one_of_its_papers_is_closed() -> None:
    shown = redacted(MIXED, OF_ALL)
    assert shown.withheld == "rights" and shown.question == MIXED.question
    assert shown.answer.citations == () and shown.answer.notes == () and shown.answer.missing == ()
    assert "not shown" in shown.answer.text and shown.answer.status == "unsupported"
    assert shown.answer.trace == Trace("", "build-1")
    assert "310,000" not in str(shown) and "leads" not in str(shown)


def test_an_answer_whose_papers_are_all_open_is_shown_as_it_was() -> None:
    assert redacted(MIXED, OF_LEADS) == MIXED
    made = asked()
    assert redacted(made, OF_ALL) == made


@pytest.mark.parametrize(
    ("today", "withheld"),
    [
        (readers(), True),  # withdrawn
        (readers(harbour=replace(HARBOUR, sha256="new")), False),  # edited, was open to him then
        (readers(moved=replace(HARBOUR, id="moved")), False),  # the same bytes under another id
        (readers(harbour=replace(HARBOUR, sha256="new", groups=("all", "leads"))), False),
    ],
)
def test_a_paper_that_changed_or_moved_stays_and_one_that_went_takes_its_answers_along(
    today: Reader, withheld: bool
) -> None:
    assert bool(redacted(asked(), today).withheld) == withheld


def test_a_public_version_in_the_place_of_a_restricted_paper_does_not_tell_the_restricted_one() -> None:
    made = asked(answer=answered(LEADS, text=SECRET))
    public = replace(LEADS, sha256="public", groups=("all",))
    assert redacted(made, readers(leads=public)).withheld == "rights"
    assert redacted(made, Reader(ALL | {"leads"}, {"leads": public})).withheld == ""
    assert redacted(made, readers(leads=replace(LEADS, groups=("all",)))).withheld == ""  # declassified


def shown_to_answerer(**more: Any) -> Exchange:
    trace = Trace("who pays", "build-1", selected=("leads:p1.1", "harbour:p1.1"))
    return asked(answer=answered(HARBOUR, trace=trace, **more))


def test_what_no_citation_vouches_for_goes_with_every_paper_the_answerer_saw() -> None:
    plain = redacted(shown_to_answerer(), OF_ALL)
    assert plain.withheld == "" and plain.answer.trace.selected == ("harbour:p1.1",)
    assert redacted(shown_to_answerer(notes=("Another says 310,000.",)), OF_ALL).withheld == "rights"
    made = shown_to_answerer()
    unsupported = replace(made, answer=replace(made.answer, citations=(), status="unsupported"))
    assert (
        redacted(unsupported, OF_ALL).withheld == "rights" and redacted(unsupported, OF_LEADS) == unsupported
    )


def test_hits_in_closed_papers_are_left_out() -> None:
    found = replace(answered(HARBOUR), hits=(hit("leads"), hit("harbour")))
    made = exchange_of("e", Question("?", Principal("me", ALL)), found, [HARBOUR, LEADS])
    assert redacted(made, OF_LEADS).hits == ("leads:p1.1", "harbour:p1.1")
    assert redacted(made, OF_ALL).hits == ("harbour:p1.1",)


def test_the_search_text_of_what_follows_a_withheld_answer_is_not_told() -> None:
    after = asked("e2", "And since when?", answered(HARBOUR, trace=Trace("since when 310,000", "build-1")))
    assert "310,000" not in str(redacted_all([MIXED, after], OF_ALL))
    assert redacted_all([asked(), after], OF_ALL)[1].answer.trace.search_text == "since when 310,000"


def test_a_reader_is_made_from_what_the_index_opens() -> None:
    class Index:
        def documents(self, groups: frozenset[str]) -> list[Document]:
            return [d for d in (HARBOUR, LEADS) if groups & set(d.groups)]

    assert reader_of(Principal("me", ALL), Index()) == OF_ALL  # type: ignore[arg-type]


def page(number: int, text: str) -> Page:
    return Page("harbour", number, "", (), text)


HERE, BROKEN, OTHER = page(1, f"So it is. {QUOTE}"), page(1, "Norway pays\nfor it."), page(1, "Finland does.")


@pytest.mark.parametrize(
    ("document", "pages", "expected"),
    [
        (HARBOUR, [HERE], ("same", "on_page", "harbour", 1)),
        (HARBOUR, [OTHER], ("same", "nowhere", "harbour", None)),  # read differently by a later version
        (replace(HARBOUR, sha256="new"), [HERE], ("changed", "on_page", "harbour", 1)),
        (replace(HARBOUR, sha256="new"), [BROKEN], ("changed", "on_page", "harbour", 1)),
        (replace(HARBOUR, sha256="new"), [OTHER, page(3, QUOTE)], ("changed", "elsewhere", "harbour", 3)),
        (replace(HARBOUR, sha256="new"), [OTHER], ("changed", "nowhere", "harbour", None)),
        (replace(HARBOUR, id="moved"), [HERE], ("same", "on_page", "moved", 1)),
        (replace(LEADS, sha256="other"), [HERE], ("gone", "nowhere", "harbour", None)),
        (None, [], ("gone", "nowhere", "harbour", None)),
    ],
)
def test_a_citation_says_where_it_stands_today(
    document: Document | None, pages: list[Page], expected: tuple[object, ...]
) -> None:
    reader = readers(**{document.id: document} if document else {})
    stands = standing(citation(HARBOUR), asked(), reader, lambda document_id: pages)
    assert (stands.state, stands.place, stands.document_id, stands.page) == expected
