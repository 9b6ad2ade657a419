"""How measures, rooms and states are named in a report, and how values are written."""

from collections.abc import Mapping

from assistant.evaluation.measures import AURC, BY_NAME

# Headline figures, and the columns of the table by kind, in the order they are read.
CARDS = (
    *("right", "cited_rightly", "quote_hit@5", "verbatim_share"),
    *("refused_rightly", "refused_wrongly", "citation_precision", "all_said"),
)
COLUMNS = ("right", "cited_rightly", "quote_hit@5", "refused_rightly", "refused_wrongly")

_LABELS = {
    "right": "Right",
    "all_said": "Everything said, at any length",
    "cited_rightly": "Evidence cited",
    "quote_hit@5": "Evidence in the first five hits",
    "verbatim_share": "Quotes verbatim",
    "citation_precision": "Citations that support",
    "refused_rightly": "Refused rightly",
    "refused_wrongly": "Refused wrongly",
}
# In the order of the path: the first room that lost the evidence.
_ROOMS = {
    "parse": "parse: in no document’s text",
    "split": "split: in no passage",
    "retrieve": "retrieve: not among the hits",
    "select": "select: found, not selected",
    "refuse": "refuse: wrongly refused",
    "say": "say: selected, not said",
    "cite": "cite: said, not cited",
    "answered_unanswerable": "answered the unanswerable",
    "crash": "crash",
}
_DECIMAL = ("mrr@", "ndcg@", "f1", AURC.name)


def label(measure: str) -> str:
    """A measure in a few words, with a warning where lower is better or a model was the judge."""
    words = _LABELS.get(measure, measure.replace("_", " "))
    if measure.startswith("judge"):
        return f"{words} (judged by a model)"
    return f"{words} (lower is better)" if _lower(measure) else words


def meaning(measure: str) -> str:
    """A measure in a sentence."""
    says = BY_NAME[measure].says if measure in BY_NAME else label(measure)
    return f"{says}; lower is better" if _lower(measure) else says


def number(measure: str, value: float) -> str:
    """A value as the measure wants it read: a percentage, or a decimal where it is no share."""
    return f"{value:.3f}" if any(part in measure for part in _DECIMAL) else f"{value:.1%}"


def share(value: float) -> str:
    """A value of [0, 1] as a length of style; what lies outside is brought to the edge."""
    return f"{min(1.0, max(0.0, value)):.1%}"


def room(failure: str) -> str:
    """The room where a question went wrong, in words; a room unknown here keeps its name."""
    return _ROOMS.get(failure, failure)


def in_order_of_the_path(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Rooms with their counts as the path walks through them; those unknown here stand last."""
    known = [(name, counts[name]) for name in _ROOMS if name in counts]
    return known + sorted((name, count) for name, count in counts.items() if name not in _ROOMS)


def status(name: str) -> str:
    """The state of an answer in words."""
    return name.replace("_", " ")


def _lower(measure: str) -> bool:
    return measure in BY_NAME and BY_NAME[measure].lower_is_better
