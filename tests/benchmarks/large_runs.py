"""Large runs: `python tests/benchmarks/large_runs.py INDEX FOLDER [--kill N] [--size N]`.

--kill N: a run of N questions is killed with SIGKILL at three points and resumed each time; its
scores.json must be the same, byte for byte, as that of a run that was left alone.
--size N: a run of N questions; tells its peak memory, its time and the sizes of its files.
The questions are those of tests/questions/sample.jsonl, over and over with new ids: INDEX is an
index over docs_corpus.
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

SET = Path(__file__).parents[1] / "questions" / "sample.jsonl"


def write_questions(path: Path, count: int) -> None:
    """The sample set again and again until there are `count` lines."""
    lines = [json.loads(line) for line in SET.read_text("utf-8").splitlines()]
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            line = lines[number % len(lines)]
            file.write(json.dumps({**line, "id": f"{line['id']}-{number}"}, ensure_ascii=False) + "\n")


def command(questions: Path, index: Path, out: Path, *more: str) -> list[str]:
    given = ["eval", str(questions), "--index", str(index), "--out", str(out), *more]
    return [sys.executable, "-m", "assistant", *given]


def kill_and_resume(index: Path, folder: Path, count: int) -> bool:
    """Whether a run killed at a quarter, a half and three quarters scores like an undisturbed one."""
    questions = folder / f"questions-{count}.jsonl"
    write_questions(questions, count)
    whole, torn = folder / "whole", folder / "torn"
    subprocess.run(command(questions, index, whole, "--overwrite"), check=True, stdout=subprocess.DEVNULL)
    answers = torn / "answers.jsonl"
    first = ["--overwrite"]
    for share in (0.25, 0.5, 0.75):
        child = subprocess.Popen(command(questions, index, torn, *(first or ["--resume"])))
        first = []
        while child.poll() is None and lines_in(answers) < share * count:
            time.sleep(0.05)
        child.send_signal(signal.SIGKILL)
        child.wait()
        print(f"killed with {lines_in(answers)} of {count} answers written")
        with answers.open("ab") as file:
            file.write(b'{"id": "torn')  # the half line that a kill in mid-write leaves
    subprocess.run(command(questions, index, torn, "--resume"), check=True, stdout=subprocess.DEVNULL)
    same = (whole / "scores.json").read_bytes() == (torn / "scores.json").read_bytes()
    print(f"scores.json after three kills: {'identical' if same else 'DIFFERENT'}")
    return same


def lines_in(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def measure(index: Path, folder: Path, count: int) -> None:
    """Run `count` questions and tell what it took."""
    questions = folder / f"questions-{count}.jsonl"
    write_questions(questions, count)
    begun = time.monotonic()
    out = folder / f"run-{count}"
    subprocess.run(command(questions, index, out, "--overwrite"), check=True, stdout=subprocess.DEVNULL)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    sizes = {path.name: os.path.getsize(path) // 1000 for path in sorted(out.iterdir())}
    print(f"{count} questions: {time.monotonic() - begun:.0f} s, peak {peak:.0f} MiB, kB: {sizes}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kill", type=int, metavar="N")
    parser.add_argument("--size", type=int, metavar="N")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    ok = not given.kill or kill_and_resume(given.index, given.folder, given.kill)
    if given.size:
        measure(given.index, given.folder, given.size)
    return 0 if ok else 1


if __name__ == "__main__":
    raise SystemExit(main())
