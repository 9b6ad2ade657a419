"""The programs that measure run to their end on what a clone has, and what they tell is there."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT
from index.build import build
from index.embedding import Embedder

BENCHMARKS = ROOT / "tests" / "benchmarks"


def ran(*command: str | Path) -> str:
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


def test_the_product_is_measured_alone_where_there_are_no_peers(work: Path) -> None:
    page = (ROOT / "docs" / "performance.md").read_text("utf-8")
    parts = "ingest,query,cold,answer,again,reading"
    told = ran(BENCHMARKS / "bench.py", "--reps", "1", "--parts", parts, "--work", work,
               "--papers", ROOT / "docs_corpus")  # fmt: skip
    rows = ("cold start to first hit", "warm retrieval, p50", "full answer", "ingest again, nothing changed")
    assert [row for row in (*rows, "| embed |") if row not in told] == []
    assert (ROOT / "docs" / "performance.md").read_text("utf-8") == page  # not from a part of it


def test_a_size_is_built_and_asked(work: Path, embedder: Embedder) -> None:
    build(ROOT / "docs_corpus", work / "source", embedder)
    told: dict[str, Any] = {}
    for part in ("make", "ask"):
        more = ("300", "--part", part, "--keep", work / "size", "--source", work / "source")
        told |= json.loads(ran(BENCHMARKS / "scale.py", *more).splitlines()[-1])
    assert told["passages"] == 300
    assert min(told["recall"]) == 1.0
