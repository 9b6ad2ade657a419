"""The product's own server as a process of its own: started, watched in /proc, killed and stopped."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from browsing import free_port

ROOT = Path(__file__).resolve().parents[1]
TICKS_IN_S = os.sysconf("SC_CLK_TCK")
START_WITHIN_S = 120.0
SOMEBODY = {"x-forwarded-user": "somebody", "x-forwarded-groups": ""}  # believed where sign-on is a proxy's


@dataclass
class Process:
    """`ct-assistant serve` over an index; everything it writes lies in `folder`."""

    index: Path
    folder: Path
    more: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def private(self) -> Path:
        """The folder that its temporary files go to."""
        return self.folder / "tmp"

    def start(self) -> None:
        """Begin to start; `until_it_answers` waits for it."""
        self.private.mkdir(parents=True, exist_ok=True)
        given = {
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(self.private),
            "ASSISTANT_INDEX": str(self.index),
            "ASSISTANT_MODELS": str(ROOT / "var" / "models"),
            "ASSISTANT_PORT": str(self.port),
            "ASSISTANT_RECORDS_URL": f"sqlite:///{self.folder}/records.sqlite",
            "ASSISTANT_AUDIT": str(self.folder / "audit"),
            "ASSISTANT_QUESTIONS_PER_MINUTE": "100000",
        }
        self.told = (self.folder / "log").open("a")
        command = [sys.executable, "-m", "assistant", "serve"]
        environment = {**os.environ, **given, **self.more}
        self.child = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=self.told, stderr=self.told
        )

    def until_it_answers(self, question: str) -> float:
        """Seconds from now to the first whole answer. Raises AssertionError where none comes."""
        began = time.monotonic()
        while time.monotonic() < began + START_WITHIN_S:
            assert self.child.poll() is None, f"the server ended: {(self.folder / 'log').read_text()}"
            try:
                answer = httpx.post(
                    f"{self.address}/api/ask", json={"question": question}, headers=SOMEBODY, timeout=60
                )
            except httpx.TransportError:
                time.sleep(0.02)
                continue
            if answer.status_code == 200:
                return time.monotonic() - began
            time.sleep(0.02)
        raise AssertionError("the server did not answer")

    def kill(self) -> None:
        self.child.kill()
        self.child.wait()
        self.told.close()

    def stop(self, within_s: float = 60.0) -> int:
        """Ask it to stop; its exit status. Raises TimeoutExpired where it does not, after killing it."""
        self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(within_s)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise
        finally:
            self.told.close()

    def memory_bytes(self) -> int:
        """What it has in memory now (RSS)."""
        told = Path(f"/proc/{self.child.pid}/statm").read_text().split()
        return int(told[1]) * os.sysconf("SC_PAGE_SIZE")

    def cpu_s(self) -> float:
        """Seconds of processor time it has used, all threads together."""
        told = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / TICKS_IN_S

    def threads(self) -> int:
        return len(os.listdir(f"/proc/{self.child.pid}/task"))

    def descriptors(self) -> int:
        """Open files and connections."""
        return len(os.listdir(f"/proc/{self.child.pid}/fd"))
