"""The one form in which answers leave the program: command line, evaluation and API give the same object.

README tells its fields.
"""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from assistant.types import Answer
from index.types import Document, Hit


def answer_as_json(text: str, answer: Answer, documents: Iterable[Document]) -> dict[str, Any]:
    """An answer to the question `text`; `documents` are those that the asker may read."""
    paths = {document.id: document.path for document in documents}
    return {
        "question": text,
        "text": answer.text,
        "status": answer.status,
        "citations": [asdict(citation) for citation in answer.citations],
        "hits": [
            hit_as_json(hit, paths[hit.passage.document_id])
            for hit in answer.hits
            if hit.passage.document_id in paths
        ],
        "notes": answer.notes,
        "emphasis": answer.emphasis,
        "missing": answer.missing,
        "missing_from": answer.missing_from,
        "columns": [asdict(column) for column in answer.columns],
        "trace": asdict(answer.trace),
    }


def hit_as_json(hit: Hit, path: str) -> dict[str, Any]:
    """A passage that was found; `path` is its document's."""
    return {
        "passage_id": hit.passage.id,
        "document_id": hit.passage.document_id,
        "path": path,
        "pages": hit.passage.pages,
        "similarity": hit.similarity,
        "score": hit.score,
        "found_by": hit.found_by,
        "text": hit.passage.text,
    }
