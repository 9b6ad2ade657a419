"""How long until a paper that is closed to its readers is closed on a running server?

    python tests/benchmarks/revoking.py CORPUS INDEX

Serves a copy of CORPUS over a copy of INDEX (for its cache), opens a paper, writes `deny` beside it in
the manifest, builds, and asks for the paper until it is absent.
"""

import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from shutil import copytree

import httpx

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from assistant.assistant import Assistant  # noqa: E402
from assistant.config import Settings  # noqa: E402
from assistant.web import server  # noqa: E402
from serving import served  # noqa: E402


def write_manifest(corpus: Path, denied: str = "") -> None:
    """A row for each file; one of them for nobody."""
    files = sorted(path for path in corpus.rglob("*") if path.is_file() and path.name != "manifest.csv")
    with (corpus / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["path", "groups"])
        for path in files:
            name = path.relative_to(corpus).as_posix()
            table.writerow([name, "deny" if name == denied else "all"])


def build(settings: Settings) -> None:
    command = [sys.executable, "-m", "assistant", "build", f"--corpus={settings.corpus}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ASSISTANT_MODELS": str(settings.models)}
    subprocess.run([*command, f"--index={settings.index}"], env=environment, cwd=ROOT, check=True)


def revoked_after(settings: Settings, client: httpx.Client) -> float:
    """Seconds from the saved manifest to the first answer that says the paper is not there."""
    index = Assistant.open(settings).index
    paper = index.documents({"all"})[-1]
    address = f"/documents/{paper.id}/pages/1"
    assert client.get(address).status_code == 200
    write_manifest(settings.corpus, paper.path)
    begun = time.monotonic()
    build(settings)
    print(f"built in {time.monotonic() - begun:.1f} s")
    while client.get(address).status_code == 200:
        time.sleep(0.05)
    return time.monotonic() - begun


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        corpus, index = Path(folder) / "corpus", Path(folder) / "index"
        copytree(sys.argv[1], corpus)
        copytree(sys.argv[2], index)
        given = {"models": ROOT / "var" / "models", "records_url": f"sqlite:///{folder}/records.sqlite"}
        settings = Settings.from_env(corpus=corpus, index=index, audit=Path(folder) / "audit", **given)
        write_manifest(corpus)
        build(settings)
        with served(server.create_app(settings)) as address, httpx.Client(base_url=address) as client:
            client.timeout = httpx.Timeout(300)
            print(f"denied {revoked_after(settings, client):.1f} s after the manifest was saved")
