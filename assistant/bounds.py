"""What a way in is bound to ask: the scope of a principal, and what it leaves of filters and papers.

Covers: a scope narrows whatever else narrows a question, and nothing that is sent along widens it.
Does not cover: who may read what; that is up to groups, also for a paper outside the scope.
"""

from collections.abc import Mapping

from assistant import sayings
from assistant.errors import BadQuestion
from assistant.types import Principal
from index.facets import Filters, matches
from index.search import Index
from index.types import Document


def bound(filters: Filters, principal: Principal) -> Mapping[str, tuple[str, ...]]:
    """The filters of a question within the scope of who asks it: of a field that both name, the
    values that both allow. Raises BadQuestion, in the language of the moment, where there are none.
    """
    merged = {name: tuple(values) for name, values in filters.items()}
    for name, allowed in principal.scope.items():
        chosen = merged.get(name)
        merged[name] = tuple(allowed) if chosen is None else tuple(v for v in chosen if v in allowed)
        if not merged[name]:
            raise BadQuestion(sayings.OUT_OF_SCOPE)
    return merged


def askable(index: Index, principal: Principal) -> list[Document]:
    """The documents that somebody may read and their way in asks, in the order of the corpus."""
    return [document for document in index.documents(principal.groups) if matches(document, principal.scope)]
