"""The programs that measure run to their end on what a clone has, and what they tell is there."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from conftest import ROOT

BENCHMARKS = ROOT / "tests" / "benchmarks"


def ran(*command: str | Path) -> str:
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_product_is_measured_alone_where_there_are_no_peers(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "performance.md").read_text("utf-8")
    parts = "ingest,query,cold,answer,again,reading"
    told = ran(BENCHMARKS / "bench.py", "--reps", "1", "--parts", parts, "--work", tmp_path / "work",
               "--papers", ROOT / "docs_corpus")  # fmt: skip
    rows = ("cold start to first hit", "warm retrieval, p50", "full answer", "ingest again, nothing changed")
    assert [row for row in (*rows, "| embed |") if row not in told] == []
    assert (ROOT / "docs" / "performance.md").read_text("utf-8") == page  # not from a part of it


def test_a_size_is_built_and_asked(small_index: Path, tmp_path: Path) -> None:
    told: dict[str, Any] = {}
    for part in ("make", "ask"):
        more = ("300", "--part", part, "--keep", tmp_path, "--source", small_index)
        told |= json.loads(ran(BENCHMARKS / "scale.py", *more).splitlines()[-1])
    assert told["passages"] == 300
    assert min(told["recall"]) == 1.0
