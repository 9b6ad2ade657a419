"""The health of a build's papers as one HTML file that needs nothing else, neither network nor script."""

from contextlib import closing
from pathlib import Path
from typing import Any

from markupsafe import Markup

from index import generations
from index.catalogue import Catalogue
from index.errors import BadIndex
from index.health import recorded
from index.health.findings import Shelf, sections
from index.splitting import document_text

_HERE = Path(__file__).parent


def write_report(index_folder: Path, path: Path) -> Path:
    """Write the report of the published build to `path`; it appears whole or not at all.

    It names papers of all groups, and so is for whoever may read them all. Raises BadIndex where
    there is no build, or the file cannot be written.
    """
    build = generations.current(index_folder)
    text = _rendered(generations.record_of(build), _shelf(build))
    unfinished = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(text, "utf-8")
        unfinished.replace(path)
    except OSError as error:
        raise BadIndex(
            f"{path}: the report cannot be written ({error.strerror}). Name another --report."
        ) from error
    return path


def _shelf(build: Path) -> Shelf:
    record = generations.record_of(build)
    shelves = range(len(record["shelves"]))
    with closing(Catalogue(build / "catalogue.sqlite")) as catalogue:
        documents = catalogue.documents(shelves)
        texts = {each.id: document_text(catalogue.pages(each.id, shelves)) for each in documents}
    return Shelf(recorded(record), documents, texts)


def _rendered(record: dict[str, Any], shelf: Shelf) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found = list(sections(shelf))
    return environment.get_template("page.html").render(
        style=Markup((_HERE / "page.css").read_text("utf-8")),
        build=record["build_id"],
        files=len(shelf.outcomes),
        indexed=len(shelf.documents),
        passages=record["passages"],
        notes=record["notes"],
        found=[section for section in found if section.findings],
        clean=[section.title for section in found if not section.findings],
        papers=len({each.path for section in found for each in section.findings if each.todo}),
    )
