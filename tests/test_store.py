"""The vector store on disk: what it may hold, and nothing beside it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from index.store import Store, write_vectors

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


def test_a_store_of_many_vectors_finds_each_of_them_again(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(2_500, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = [f"paper:{n}" for n in range(len(vectors))]
    write_vectors(tmp_path, {0: (ids, vectors)})
    store = Store(tmp_path)
    try:
        for n in range(0, len(ids), 100):
            nearest = store.search(vectors[n], 1, [0])
            assert nearest == {ids[n]: pytest.approx(1.0, abs=1e-5)}
    finally:
        store.close()
