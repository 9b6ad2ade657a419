"""A command as a process of its own, with what it took: time to its first result, to its end, of the
processors, and memory. Not a program: `bench.py` runs everything through it."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Ran:
    """What one process took. `first_s` is when its line RESULT came, `rss_mb` what it had in memory when
    its line REPORT came; both 0 where that line did not."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    first_s: float = 0.0
    rss_mb: float = 0.0
    report: dict[str, Any] = field(default_factory=dict)

    def as_row(self) -> dict[str, Any]:
        return {name: round(v, 4) if isinstance(v, float) else v for name, v in asdict(self).items()}


def run(command: Sequence[str | Path], environment: Mapping[str, str]) -> Ran:
    """Run a command to its end. Raises SystemExit with the end of what it said where it fails."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [*map(str, command)],
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout and process.stderr
    complaints: list[str] = []
    listening = threading.Thread(target=complaints.extend, args=(process.stderr,))
    listening.start()
    first_s = rss_mb = 0.0
    report: dict[str, Any] = {}
    for line in process.stdout:
        if line.startswith("RESULT ") and not first_s:
            first_s = time.perf_counter() - began
        elif line.startswith("REPORT "):
            rss_mb = _rss_mb(process.pid)
            report = json.loads(line.removeprefix("REPORT "))
    _, status, used = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    listening.join()
    process.stdout.close()
    process.stderr.close()
    if process.returncode:
        told = "".join(complaints)[-2000:]
        raise SystemExit(f"{' '.join(map(str, command))}: exit status {process.returncode}\n{told}")
    return Ran(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, first_s, rss_mb, report)


def _rss_mb(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):  # it has ended already
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
