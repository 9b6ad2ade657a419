"""What a passage leaves to the rest of its paper: told where it is sure, silent elsewhere."""

from index.references import background, first_person, references, two_bodies
from index.types import Document, Passage

SPEECH = Document(
    "speech",
    "speech.txt",
    "Remarks",
    "0" * 64,
    "2024-01-23",
    speaker="Ada Kern, Director",
    office="Harbour Office",
)
NETWORK = "The Early Warning Network for Nine Harbours (EWN) began in 2022. "


def meant(text: str, before: str = "", title: str = "") -> list[tuple[str, str]]:
    return list(references(text, before + text, title))


def test_a_short_name_stands_for_the_only_full_name_before_it() -> None:
    assert meant("Five ports joined the Network.", NETWORK) == [
        ("the Network", "Early Warning Network for Nine Harbours (EWN)")
    ]


def test_a_short_name_is_left_alone_where_two_names_could_be_meant() -> None:
    assert meant("Five ports joined the Network.", NETWORK + "The Police Liaison Network met. ") == []


def test_a_short_name_is_left_alone_where_the_paper_defines_it_or_names_it_long_ago_or_never() -> None:
    assert meant("Five ports joined the Network.", NETWORK + "The pilots’ net (“the Network”) met. ") == []
    assert meant("Five ports joined the Network.", NETWORK + "Ships came and went. " * 300) == []
    assert meant("Five ports joined the Network.") == []
    assert meant("Five ports joined the Network of Lighthouses.", NETWORK) == []


def test_the_two_organizations_are_those_of_the_title() -> None:
    title = "Harbour Office and HPO Secretariat to work together"
    assert meant("The two organizations signed in May.", "", title) == [
        ("the two organizations", "Harbour Office and HPO Secretariat")
    ]
    assert two_bodies("Peace and security in nine harbours") is None
    assert meant("The two organizations signed in May.", "", "News of the week") == []


def test_my_office_is_the_speakers_and_only_of_its_own_kind() -> None:
    assert list(first_person("My Office runs nine programmes.", SPEECH)) == [("my Office", "Harbour Office")]
    assert list(first_person("My Department runs nine.", SPEECH)) == []
    assert list(first_person("I thank you.", SPEECH)) == [("I", "Ada Kern, Director")]
    assert list(first_person("The Mayor said: “I thank you, my Office too.”", SPEECH)) == []
    assert list(first_person("I thank you.", Document("x", "x", "x", "0" * 64))) == []


def test_what_a_passage_leaves_unsaid_is_told_beside_it_and_not_after_an_annex() -> None:
    own, annex = "My Office runs nine programmes. " * 8, "Annex\nWe are the port of Oslo."
    text = f"{own}\n{annex}"
    spans = ((0, len(own)), (len(own) + 1, len(text)))
    passages = [Passage(f"p{a}", "speech", (1, 1), a, b, (), text[a:b]) for a, b in spans]
    assert background(SPEECH, text, passages) == [
        "23 January 2024; Ada Kern, Director, Harbour Office",
        "23 January 2024",
    ]
