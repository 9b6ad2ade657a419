"""Fetch the PDF.js that is shipped with the viewer: `python docs/pdfjs.py 6.5.438`.

Takes the package from the npm registry by npm, which checks its signature sum, keeps what the
viewer can ask for, unmodified, and writes versions and sums to `manifest.json` beside it. The
build for older browsers is taken, because readers do not choose theirs. Left out, by choice:
the character maps of unembedded Chinese, Japanese and Korean fonts (1.7 MB), scripting, and
the WebAssembly decoders, which would need a wider content security policy (their JavaScript
twins are in).
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "pdfjs-dist"
SHELF = Path(__file__).resolve().parents[1] / "assistant/web/vendor/pdfjs"
MANIFEST = "manifest.json"
KEPT = re.compile(
    r"package/(?:LICENSE|legacy/build/pdf(?:\.worker)?\.min\.mjs|standard_fonts/[\w.-]+|"
    r"wasm/(?:\w+_nowasm_fallback\.js|LICENSE_(?:PDFJS_)?(?:JBIG2|OPENJPEG)))"
)


def place(name: str) -> str:
    """Where a file of the package stands here: as there, but the two scripts at the top."""
    return name.removeprefix("package/").removeprefix("legacy/build/")


def fetch(version: str, folder: Path) -> tuple[Path, str]:
    """The package as a tar file, and what the registry says its sum is."""
    npm = ["npm", "pack", "--json", "--pack-destination", str(folder), f"{PACKAGE}@{version}"]
    told = json.loads(subprocess.run(npm, check=True, capture_output=True, text=True).stdout)[0]
    return folder / told["filename"], told["integrity"]


def main(version: str) -> int:
    """Replace the shipped files by those of a version."""
    with tempfile.TemporaryDirectory() as folder:
        package, integrity = fetch(version, Path(folder))
        shutil.rmtree(SHELF, ignore_errors=True)
        sums = {}
        with tarfile.open(package) as tar:
            for member in tar.getmembers():
                if not (member.isfile() and KEPT.fullmatch(member.name)):
                    continue
                content = tar.extractfile(member)
                assert content is not None
                data, target = content.read(), SHELF / place(member.name)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
                sums[place(member.name)] = hashlib.sha256(data).hexdigest()
    kept: dict[str, object] = {"package": PACKAGE, "version": version, "integrity": integrity}
    kept["sha256"] = dict(sorted(sums.items()))
    (SHELF / MANIFEST).write_text(json.dumps(kept, indent=2) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:2]))
