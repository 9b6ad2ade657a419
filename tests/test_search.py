"""Search over a real build: what is found, and what must never be."""

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import generations
from index.build import build
from index.catalogue import Catalogue, write_catalogue
from index.embedding import Embedder
from index.lexical import LOCK, Lexical, write_lexical
from index.search import Index, fuse, pool

EVERYBODY = {"all"}
LEADS = {"all", "leads"}
CANARY = "cormorant"


@pytest.fixture(scope="module", params=["folder", "server"])
def index(request: pytest.FixtureRequest, small_index: Path, embedder: Embedder) -> Iterator[Index]:
    """Vectors in the build's folder, and on a Chroma server."""
    folder, server = small_index, None
    if request.param == "server":
        server = request.getfixturevalue("chroma").new_database()
        folder = request.getfixturevalue("tmp_path_factory").mktemp("on_server")
        build(small_index.parent / "corpus", folder, embedder, server=server)
    opened = Index(generations.current(folder), embedder, server)
    yield opened
    opened.close()


def test_the_passage_with_the_answer_comes_first(index: Index) -> None:
    hits = index.search("Who funds the harbour programme?", 3, EVERYBODY)
    assert "Norway" in hits[0].passage.text
    assert hits[0].found_by == "both" and 0 < hits[0].similarity <= 1
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.mark.parametrize(
    "text", [CANARY, "cormorant reserve 310,000 euros", "Note for programme leads", "reserve"]
)
def test_no_wording_finds_a_paper_of_another_group(index: Index, text: str) -> None:
    assert all(CANARY not in hit.passage.text for hit in index.search(text, 50, EVERYBODY))
    assert any(CANARY in hit.passage.text for hit in index.search(text, 50, LEADS))


def test_a_paper_of_another_group_is_absent_by_every_way(index: Index) -> None:
    assert "leads" not in [d.id for d in index.documents(EVERYBODY)]
    assert index.document("leads", EVERYBODY) is None and index.document("leads", LEADS) is not None
    assert index.pages("leads", EVERYBODY) == [] and index.pages("leads", LEADS) != []
    assert index.passage("leads:p1.1", EVERYBODY) is None and index.passage("leads:p1.1", LEADS) is not None
    assert index.search(CANARY, 5, set()) == []


def test_the_wall_test_fails_when_the_wall_is_taken_out(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Index, "_readable", lambda self, groups: list(range(len(self._shelves))))
    with pytest.raises(AssertionError):
        test_no_wording_finds_a_paper_of_another_group(index, CANARY)
    with pytest.raises(AssertionError):
        test_a_paper_of_another_group_is_absent_by_every_way(index)


def test_a_shelf_that_is_not_read_lends_no_word_counts(index: Index) -> None:
    assert index.rarity(CANARY, EVERYBODY) != index.rarity(CANARY, LEADS)
    only = index.rarity("harbour", EVERYBODY)["harbour"]
    assert only != index.rarity("harbour", LEADS)["harbour"]


@pytest.mark.parametrize(
    "text", ["S/RES/2396", "id:leads", 'text:"x" AND *', "((", "+-!^~", "Durres", "the of and"]
)
def test_no_sign_in_a_question_means_anything_to_the_engine(index: Index, text: str) -> None:
    hits = index.search(text, 5, EVERYBODY)
    assert all(CANARY not in hit.passage.text for hit in hits)
    if text == "Durres":
        assert "Durrës" in hits[0].passage.text, "accents may be left out"


def test_filters_narrow_to_the_documents_named(index: Index) -> None:
    hits = index.search("workshop", 5, EVERYBODY, {"kind": ("press release",), "year": ("2019",)})
    assert hits and {hit.passage.document_id for hit in hits} == {"aviation"}
    assert index.search("workshop", 5, EVERYBODY, {"year": ("1999",)}) == []


@pytest.mark.parametrize("exact, one_by_one", [(0, 0), (0, 100), (100, 0)])
def test_a_narrowed_search_finds_what_an_open_one_ranks_too_low(
    small_index: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch, exact: int, one_by_one: int
) -> None:
    monkeypatch.setattr("index.search.CANDIDATES", 1)
    monkeypatch.setattr("index.store.EXACT", exact)
    monkeypatch.setattr("index.store.ONE_BY_ONE", one_by_one)
    index = Index(generations.current(small_index), embedder)
    text = "Norway pays for the Harbour Programme"
    assert index.search(text, 1, EVERYBODY)[0].passage.document_id == "harbour"
    narrowed = index.search(text, 1, EVERYBODY, {"document": ("aviation",)})
    assert [hit.passage.document_id for hit in narrowed] == ["aviation"]
    index.close()


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), st.floats(0, 1), max_size=8), st.data())
def test_fusing_keeps_every_passage_and_the_order_of_agreement(
    cosines: dict[str, float], data: st.DataObject
) -> None:
    bm25 = {i: data.draw(st.floats(0, 30)) for i in cosines if data.draw(st.booleans())}
    covered = {i: data.draw(st.floats(0, 1)) for i in cosines}
    scores = fuse(cosines, bm25, covered)
    assert scores.keys() == cosines.keys()
    for one in cosines:
        for other in cosines:
            agree = bm25.get(one, 0) >= bm25.get(other, 0) and covered[one] >= covered[other]
            if cosines[one] > cosines[other] and agree:
                assert scores[one] > scores[other] or scores[one] == pytest.approx(scores[other])


def test_a_passage_with_all_words_of_the_question_beats_one_that_repeats_a_rare_one(
    paper_folder: Callable[..., Path], tmp_path: Path, embedder: Embedder
) -> None:
    papers = {
        "all.txt": "The delegation of Norway told the committee, after long debate, that the "
        "budget for training customs officers had been agreed, and Durres would be first to receive it.",
        "one.txt": "Durres, Durres: the Durres training calendar, rooms of Durres, and the Durres office.",
        **{f"more{n}.txt": f"Customs training budget {n} was agreed for the region." for n in range(6)},
    }
    folder = paper_folder({name: (text + "\n", {"groups": "all"}) for name, text in papers.items()})
    build(folder, tmp_path / "index", embedder)
    opened = Index(generations.current(tmp_path / "index"), embedder)
    question = "What budget for training customs officers was agreed for Durres?"
    assert opened.search(question, 1, EVERYBODY)[0].passage.document_id == "all"
    opened.close()


def test_a_passage_that_both_readings_of_a_follow_up_find_comes_before_one_that_only_one_finds(
    index: Index,
) -> None:
    workshop = index.search("Who opened the workshop in Skopje?", 3, EVERYBODY)
    harbour = index.search("Who pays for the Harbour Programme?", 3, EVERYBODY)
    pooled = pool([workshop, workshop, harbour])
    assert pooled[0].passage == workshop[0].passage
    assert [hit.score for hit in pooled] == sorted((hit.score for hit in pooled), reverse=True)
    assert {hit.passage.id for hit in pooled} == {hit.passage.id for hit in (*workshop, *harbour)}
    assert pool([harbour]) == harbour


def test_words_are_found_in_a_folder_that_may_not_be_written_while_the_engine_is_still_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "lexical"
    write_lexical(folder / "0", [("a:1", "Terrorism financing in the region.")])
    (folder / "0" / LOCK).unlink(missing_ok=True)  # so it looks like one that this user may not write
    # The engine's own thread makes its lock anew while the links are being removed.
    in_use = OSError(errno.ENOTEMPTY, "Directory not empty")
    monkeypatch.setattr(os, "rmdir", mock.Mock(side_effect=in_use))
    assert Lexical(folder, 1).known(["region"], [0]) == {"region"}


def test_a_catalogue_of_an_older_form_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.sqlite"
    write_catalogue(path, [], str.split)
    Catalogue(path).close()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("ALTER TABLE passages DROP COLUMN terms")
    with pytest.raises(sqlite3.Error):
        Catalogue(path)
