"""Whoever leaves while a language model says nothing lets its server go, through whatever door they asked."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from index.embedding import Embedder
from leaving import LEAVES, Place, let_go_s, place_of
from model_faults import hangs

pytest.importorskip("langchain_openai", reason="the extra [openai] is not installed")


@pytest.fixture(scope="module")
def place(small_index: Path, embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place_of(small_index, embedder, tmp_path_factory.mktemp("leaving")) as place:
        yield place


@pytest.mark.parametrize("door", LEAVES)
def test_whoever_leaves_lets_the_models_server_go(place: Place, door: str) -> None:
    assert let_go_s(place, LEAVES[door], hangs) < 2
