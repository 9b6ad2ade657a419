"""The vector store on disk: what it may hold, and nothing beside it."""

import os
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.exact import ExactShelf, write_exact
from index.store import EXACT, KEPT_TWICE, Store, vectors_of, write_vectors

# glibc fills what a program takes and has not written with the complement of this byte.
PERTURB, UNWRITTEN = 0xA5, b"\x5a" * 32

WRITE = """
import sys
from pathlib import Path
import numpy as np
from index.store import write_vectors

vectors = np.eye(int(sys.argv[2]), 384, dtype=np.float32)
write_vectors(Path(sys.argv[1]), {0: ([f"paper:{n}" for n in range(len(vectors))], vectors)})
"""


@pytest.mark.parametrize("count", [3, 380])
def test_no_memory_of_the_building_process_reaches_the_disk(tmp_path: Path, count: int) -> None:
    subprocess.run(
        [sys.executable, "-c", WRITE, str(tmp_path), str(count)],
        env={**os.environ, "MALLOC_PERTURB_": str(PERTURB)},
        check=True,
        timeout=60,
    )
    graphs = list(tmp_path.rglob("*.bin"))
    assert graphs
    for path in graphs:
        assert UNWRITTEN not in path.read_bytes(), f"{path} holds memory nobody wrote"


@pytest.mark.parametrize(("most", "twice"), [(EXACT, KEPT_TWICE), (EXACT, 1000), (1000, 0)])
def test_a_store_of_many_vectors_finds_each_of_them_again(
    most: int, twice: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(2_500, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = [f"paper{n % 50}:{n}" for n in range(len(vectors))]
    monkeypatch.setattr("index.store.EXACT", most)
    monkeypatch.setattr("index.store.KEPT_TWICE", twice)
    write_vectors(tmp_path, {0: (ids, vectors)})
    some, one = {f"paper{n}" for n in range(0, 50, 7)}, {"paper0"}
    with closing(Store(tmp_path, 1)) as store:
        for n in range(0, len(ids), 100):
            assert store.search(vectors[n], 1, [0]) == {ids[n]: pytest.approx(1.0, abs=1e-5)}
            found = store.search(vectors[n], 40, [0], some)
            assert len(found) == 40 and {i.partition(":")[0] for i in found} <= some
            assert (ids[n] in found) == (n % 50 in range(0, 50, 7))
            assert set(store.search(vectors[0], 60, [0], one)) == set(ids[::50])
    for vectors_read in vectors_of(tmp_path, {"shelves": [["all"]]}, None):
        assert vectors_read.keys() == set(ids)
    assert not list(Path(tempfile.gettempdir()).glob("ct-assistant-open-*")), "a copy was left behind"


# As documents are called: without a colon.
_LETTERS = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters=":")
NAMES = st.sets(st.text(_LETTERS, min_size=1, max_size=12), max_size=30)


@given(names=NAMES, asked=NAMES, k=st.integers(1, 40))
def test_a_shelf_that_is_compared_as_a_whole_gives_what_sorting_gives(
    names: set[str], asked: set[str], k: int
) -> None:
    ids = [f"{name}:{n}" for n, name in enumerate(sorted(names))]
    rng = np.random.default_rng(len(names))
    vectors = rng.normal(size=(len(ids), 8)).astype(np.float32)
    question = rng.normal(size=8).astype(np.float32)
    allowed = {i for i in ids if i.rpartition(":")[0] in asked}
    with tempfile.TemporaryDirectory() as folder:
        write_exact(Path(folder), 0, ids, vectors)
        shelf = ExactShelf(Path(folder), 0)
        known = {i: float(v @ question) for i, v in zip(ids, vectors, strict=True)}
        for some in (None, allowed):
            found = shelf.nearest(question, k, None if some is None else shelf.rows_of(asked))
            best = sorted((known[i] for i in known if some is None or i in some), reverse=True)[:k]
            assert sorted(found.values(), reverse=True) == pytest.approx(best, abs=1e-5)
            assert all(known[i] == pytest.approx(cosine, abs=1e-5) for i, cosine in found.items())
        assert shelf.cosines(question, asked | set(ids)) == pytest.approx(known, abs=1e-5)
        assert shelf.vectors().keys() == known.keys()
