"""The child process: limits hold, and a child that dies takes nothing with it."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from index.errors import UnreadableDocument
from index.reading import Reading, limits, read
from index.reading.exchange import reading_from_json
from index.reading.limits import Limits, read_limited

ROOT = Path(__file__).resolve().parents[1]


def written(folder: Path, name: str, data: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def failure(path: Path, bounds: Limits | None = None) -> UnreadableDocument:
    with pytest.raises(UnreadableDocument) as caught:
        read_limited(path, "d", bounds)
    return caught.value


def test_limited_reading_equals_reading_in_this_process(tmp_path: Path) -> None:
    path = written(
        tmp_path, "a.txt", "## Mandate\n\nThe Office was set up in 2017. \u0627\u0644\u0623\u0645\u0645\n"
    )
    assert read_limited(path, "a") == read(path, "a")


def test_error_of_the_child_keeps_its_status_and_sentences(tmp_path: Path) -> None:
    error = failure(written(tmp_path, "a.txt", ""))
    assert (error.status, error.reason) == ("empty", "the file has no bytes.")


def test_missing_file_is_damaged_and_names_the_exception(tmp_path: Path) -> None:
    error = failure(tmp_path / "gone.txt")
    assert error.status == "damaged" and "FileNotFoundError" in error.reason


def test_child_over_its_memory_is_too_large(tmp_path: Path) -> None:
    path = written(tmp_path, "a.txt", "word " * 40_000_000)
    assert failure(path, Limits(memory_bytes=300 * 1024**2)).status == "too_large"


def test_pdf_reader_that_runs_out_of_memory_is_too_large_and_names_the_limit(tmp_path: Path) -> None:
    import io

    from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

    buffer = io.BytesIO()
    canvas = Canvas(buffer, pageCompression=1)
    canvas.addLiteral("BT /F1 9 Tf " + "(a) Tj " * 3_000_000 + "ET")
    canvas.save()
    path = written(tmp_path, "a.pdf", buffer.getvalue())
    error = failure(path, Limits(memory_bytes=500 * 1024**2))
    assert error.status == "too_large" and "500 MB of memory" in error.reason


def test_child_over_its_computing_time_is_too_large(tmp_path: Path) -> None:
    path = written(tmp_path, "a.md", "[" * 200 + "*a " * 400_000)
    error = failure(path, Limits(cpu_s=1))
    assert error.status == "too_large" and "1 s of computing" in error.reason


def test_child_over_its_wall_time_is_ended(tmp_path: Path) -> None:
    path = written(tmp_path, "a.md", "*a " * 400_000)
    error = failure(path, Limits(wall_s=0.3))
    assert error.status == "too_large" and "0.3 s" in error.reason


def test_more_characters_than_allowed_is_too_large(tmp_path: Path) -> None:
    error = failure(written(tmp_path, "a.txt", "word " * 100), Limits(max_chars=100))
    assert error.status == "too_large" and "100 characters" in error.reason


def test_more_pages_than_allowed_is_too_large(tmp_path: Path) -> None:
    error = failure(written(tmp_path, "a.txt", "one\f" * 9), Limits(max_pages=3))
    assert error.status == "too_large" and "at most 3" in error.reason


def test_several_threads_read_at_once(tmp_path: Path) -> None:
    paths = [written(tmp_path, f"{i}.txt", f"Paper number {i} says so.") for i in range(24)]
    with ThreadPoolExecutor(4) as pool:
        readings: list[Reading] = list(pool.map(read_limited, paths, map(str, range(24))))
    assert [r.pages[0].text for r in readings] == [f"Paper number {i} says so." for i in range(24)]


def test_server_that_was_ended_is_started_again(tmp_path: Path) -> None:
    path = written(tmp_path, "a.txt", "Still here.")
    read_limited(path, "a")
    process = limits._SERVER._process
    assert process is not None
    process.kill()
    process.wait()
    assert read_limited(path, "a").pages[0].text == "Still here."


def test_answer_that_is_no_answer_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "a.txt", "text")
    for answer in (b"[]\n", b"{}\n", b'{"error": ["nonsense", "", ""]}\n', b'{"pages": 3}\n', b"{\n"):
        monkeypatch.setattr(limits._SERVER, "ask", lambda request, bounds, answer=answer: (answer, "0"))
        assert failure(path).status == "damaged"


def test_child_ended_by_a_signal_is_damaged_and_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits._SERVER, "ask", lambda request, bounds: (b"", "-11"))
    error = failure(written(tmp_path, "a.txt", "text"))
    assert error.status == "damaged" and "SIGSEGV" in error.reason


def test_a_script_without_a_main_guard_can_read(tmp_path: Path) -> None:
    path = written(tmp_path, "a.txt", "Read from a script.")
    script = written(
        tmp_path,
        "script.py",
        "from pathlib import Path\nfrom index.reading.limits import read_limited\n"
        f"print(read_limited(Path({str(path)!r}), 'a').pages[0].text)\n",
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PYTHONPATH": str(ROOT)},
        check=True,
    )
    assert done.stdout == "Read from a script.\n" and done.stderr == ""


def test_importing_the_readers_loads_no_vendor() -> None:
    code = (
        "import sys, index.reading.limits; "
        "print([m for m in ('pypdf', 'pypdfium2', 'docx', 'pptx', 'openpyxl', 'bs4') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=ROOT, check=True
    )
    assert done.stdout.strip() == "[]"


def test_answer_is_cut_off_where_it_would_fill_the_builder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, into = os.pipe()
    with ThreadPoolExecutor(1) as pool, os.fdopen(out, "rb", closefd=False):
        writing = pool.submit(os.write, into, b"x" * 3_000_000)
        told, whole = limits._drain(out, time.monotonic() + 30, 1_000_000)
        os.close(out)
        assert not whole and len(told) < 2_100_000
        assert writing.exception() or writing.result() <= 3_000_000
        os.close(into)
    monkeypatch.setattr(limits._SERVER, "ask", lambda request, bounds: (b"", "answer"))
    error = failure(written(tmp_path, "a.txt", "text"))
    assert error.status == "too_large" and "gave back more" in error.reason


def test_child_writes_no_file_leaves_no_core_and_opens_few_files(tmp_path: Path) -> None:
    tries = """
import os, resource
from index.reading.child import MOST_FILES, _limit
from index.reading.limits import Limits
_limit(Limits())
try:
    open("out.txt", "w").write("x" * 10000)
    print("wrote")
except OSError as error:
    print(error.strerror)
try:
    held = [open("/dev/null") for _ in range(MOST_FILES)]
    print("opened")
except OSError as error:
    print(error.strerror)
print(resource.getrlimit(resource.RLIMIT_CORE)[1])
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", tries],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.splitlines() == ["File too large", "Too many open files", "0"], done.stderr


def test_pipe_in_the_place_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.txt")
    error = failure(tmp_path / "a.txt", Limits(wall_s=20))
    assert error.status == "unsupported" and "a pipe" in error.reason


@pytest.mark.parametrize(
    "told",
    [
        '{"pages": [["", [], "half \\ud800"]], "title": "", "date": "", "warnings": []}',
        '{"pages": [["", [], "bell \\u0007"]], "title": "", "date": "", "warnings": []}',
        '{"pages": [["", [[1, "a", 1e400]], "a"]], "title": "", "date": "", "warnings": []}',
        '{"pages": [["", [[0, "a", -1]], "a"]], "title": "", "date": "", "warnings": []}',
        '{"pages": [], "title": "", "date": "2024-99", "warnings": []}',
        '{"pages": [], "title": "a\\nb", "date": "", "warnings": []}',
        "[" * 100_000,
        "[]",
    ],
)
def test_reading_that_no_reader_gives_is_refused(told: str) -> None:
    with pytest.raises(ValueError):
        reading_from_json(told, "d")
