"""What Ray costs on one machine: the same papers built by the threads of this process and by Ray's workers.

    python tests/benchmarks/engines.py FOLDER [--pairs 2] [--workers 2]

Each pair is one build of each kind into an empty folder, in turn. Told are, for each kind, seconds by the
clock in all, for reading and for embedding, the processor's seconds of all its processes (which do not grow
where the machine is shared), and the ratios of Ray to threads pair by pair. Needs the extra `ray`.
"""

import argparse
import os
import sys
import tempfile
import time
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from index import generations  # noqa: E402
from index.build import build  # noqa: E402
from index.digest import digest_of  # noqa: E402
from index.embedding import DEFAULT_MODEL, load_embedder  # noqa: E402
from index.ray_engine import Model, RayEngine  # noqa: E402

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def busy_s() -> float:
    """Processor seconds of this process and of all that came of it and are still there."""
    told: dict[int, tuple[int, float]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        told[int(stat.parent.name)] = int(fields[1]), sum(map(int, fields[11:15])) * TICK_S
    ours, new = {os.getpid()}, {os.getpid()}
    while new:
        new = {number for number, (parent, _) in told.items() if parent in new}
        ours |= new
    return sum(told[number][1] for number in ours)


def run(folder: Path, kind: str, workers: int) -> dict[str, float | str]:
    """One build in a process of its own."""
    models = ROOT / "var" / "models"
    embedder = load_embedder(DEFAULT_MODEL, models)
    model = Model(partial(load_embedder, DEFAULT_MODEL, models), embedder.model_id)
    steps: dict[str, list[float]] = {}
    began, busy = time.monotonic(), busy_s()

    def tell(step: str, done: int, total: int, what: str) -> None:
        steps.setdefault(step, []).append(time.monotonic() - began)

    engine = closing(RayEngine(model, workers=workers)) if kind == "ray" else nullcontext()
    with tempfile.TemporaryDirectory(prefix="ct-assistant-engines-") as target, engine as cluster:
        report = build(folder, Path(target), embedder, tell, engine=cluster)
        used = busy_s() - busy
        digest = digest_of(generations.current(Path(target)))
    return {
        "documents": len(report.outcomes),
        "passages": report.embedded,
        "clock": report.seconds,
        "processor": used,
        "reading": steps["read"][-1] - steps["read"][0],
        "embedding": steps["embed"][-1] - steps["embed"][0],
        "to the first reading": steps["read"][0],
        "to the first vectors": steps["embed"][0] - steps["read"][-1],
        "digest": digest[:16],
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kind", choices=["threads", "ray"])
    given = parser.parse_args()
    if given.kind:
        for name, value in run(given.folder, given.kind, given.workers).items():
            print(name, value if isinstance(value, str) else round(value, 2), sep="=", end="; ")
        print(f"load {os.getloadavg()[0]:.0f}")
        return
    for _ in range(given.pairs):
        for kind in ("threads", "ray"):
            print(kind, end=": ", flush=True)
            told = [str(given.folder), "--kind", kind, "--workers", str(given.workers)]
            status = os.spawnv(os.P_WAIT, sys.executable, [sys.executable, __file__, *told])
            if status:
                sys.exit(status)


if __name__ == "__main__":
    main()
