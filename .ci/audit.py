"""Known vulnerabilities of the locked packages, by pip-audit: `make audit`.

Exits 1 where one is found that a newer version mends; 0 where nothing is found, and where the data
cannot be reached, which is said. Asks for at most two minutes.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCKS = Path(__file__).with_name("requirements")
TOLD_APART = {"torch-cpu.txt"}  # the same version as in torch.txt, under a name that no list knows
# What does not concern us, with why.
IGNORED = {
    "CVE-2026-45829": "chromadb's HTTP server: it is embedded here, no server is started",
}


def lines(told: dict[str, Any]) -> tuple[list[str], bool]:
    """What to say about pip-audit's findings, and whether something can and must be done."""
    packages = told["dependencies"]
    asked = [package for package in packages if "skip_reason" not in package]
    if not asked:
        return ["Not audited: the list of known vulnerabilities cannot be reached from here."], False
    said, must = [], False
    for package in asked:
        for found in package["vulns"]:
            fixed = ", ".join(found["fix_versions"])
            must = must or bool(fixed)
            mend = f"mended in {fixed}: lock that version" if fixed else "no version mends it yet"
            said.append(f"{package['name']} {package['version']}: {found['id']}, {mend}")
    apart = [package["name"] for package in packages if "skip_reason" in package]
    if apart:
        said.append(f"not known to the list, and not audited: {', '.join(apart)}")
    said.append(f"audited: {len(asked)} packages")
    said += [f"left out: {name}: {why}" for name, why in IGNORED.items()]
    return said, must


def main() -> int:
    files = [f"--requirement={path}" for path in sorted(LOCKS.glob("*.txt")) if path.name not in TOLD_APART]
    ignored = [f"--ignore-vuln={name}" for name in IGNORED]
    command = [sys.executable, "-m", "pip_audit", "--format=json", "--progress-spinner=off", "--timeout=5"]
    try:
        done = subprocess.run(
            [*command, "--no-deps", "--disable-pip", *ignored, *files],
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        told = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        told = {"dependencies": []}
    said, must = lines(told)
    print(*said, sep="\n")
    return must


if __name__ == "__main__":
    sys.exit(main())
