"""The accessibility checker axe-core, for the browser tests: `python tests/axe.py` fetches it.

Comes from the npm registry that npm is set to, at one version whose bytes are known, into `var/`;
it is not part of the product. Without npm or a registry the tests that need it are skipped.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Frame, Page

VERSION = "4.14.1"
SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
FILE = Path(__file__).resolve().parents[1] / "var" / f"axe-core-{VERSION}.min.js"
ABSENT = "axe-core is not here; `python tests/axe.py` fetches it, where npm and its registry can be had"
FETCH_WITHIN_S = 120
IMPACTS = ("critical", "serious", "moderate", "minor")
GRAVE = IMPACTS[:2]


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that an element breaks."""

    rule: str
    impact: str
    markup: str

    @property
    def grave(self) -> bool:
        return self.impact in GRAVE


def held() -> bool:
    """Whether the checker is here, byte for byte the one that is expected."""
    return FILE.is_file() and hashlib.sha256(FILE.read_bytes()).hexdigest() == SHA256


def fetch() -> str:
    """Fetch the checker; a sentence where that failed, "" where it is here."""
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed."
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", "--json", "--pack-destination", folder, f"axe-core@{VERSION}"]
        try:
            done = subprocess.run(command, check=True, capture_output=True, timeout=FETCH_WITHIN_S)
        except (subprocess.SubprocessError, OSError) as error:
            return f"npm could not fetch it ({type(error).__name__})."
        with tarfile.open(Path(folder) / json.loads(done.stdout)[0]["filename"]) as tar:
            member = tar.extractfile("package/axe.min.js")
            assert member is not None
            FILE.parent.mkdir(parents=True, exist_ok=True)
            FILE.write_bytes(member.read())
    return "" if held() else "What npm fetched is not what is expected."


def violations(page: Page | Frame) -> list[Violation]:
    """The violations on a page, or in the document of a frame, as it stands. The page's own policy
    forbids the checker: open it in a context that bypasses it."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(FILE.read_text("utf-8") + ";0")
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations'], iframes: false})")
    return [
        Violation(its["id"], its["impact"], node["html"][:200])
        for its in found["violations"]
        for node in its["nodes"]
    ]


def main() -> int:
    """Fetch it unless it is here. Never a failure of its own: tests are skipped without it."""
    failure = "" if held() else fetch()
    if failure:
        print(f"The accessibility tests will be skipped: {failure}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
