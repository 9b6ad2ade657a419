"""Pages to passages: whole sentences under one heading, within the model's own limit.

Every passage is an exact slice of the document's text; none crosses a slide or a sheet, and
each character that is not white space lies in exactly one passage.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from index.sentences import is_list_item, sentence_spans
from index.types import Page, Passage

TARGET_TOKENS = 190  # about one paragraph; longer passages blur what they are about
MOST_CHARS = 4_000  # a passage has no more, however few tokens a model takes it for
_CHARS_A_TOKEN = MOST_CHARS // TARGET_TOKENS
CONTEXT_TOKENS = 56  # at most this much of the limit goes to title and headings
_FLOWING = (".pdf", ".docx", ".txt", ".text", ".html", ".htm", ".md", ".markdown", ".eml")

CountTokens = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, list item, table row or heading: the least that is ever quoted.

    `start` and `end` are offsets in the document's text; `opens` is False where it should stay
    with the one before: inside a paragraph, and in a list together with the line above it.
    """

    page: int
    start: int
    end: int
    heading_path: tuple[str, ...]
    is_heading: bool
    opens: bool


def document_text(pages: Sequence[Page]) -> str:
    """The text that all offsets refer to: the pages joined by one line break."""
    return "\n".join(page.text for page in pages)


def page_starts(pages: Sequence[Page]) -> list[int]:
    """Offset of each page in the document's text."""
    starts, offset = [], 0
    for page in pages:
        starts.append(offset)
        offset += len(page.text) + 1
    return starts


def sentences(pages: Sequence[Page]) -> list[Sentence]:
    """All sentences of a document in reading order, with the headings above them."""
    found: list[Sentence] = []
    path: list[tuple[int, str]] = []
    for page, offset in zip(pages, page_starts(pages), strict=True):
        headings = {h.start: h for h in page.headings if page.text.startswith(h.text, h.start)}
        for heading in page.headings:
            if headings.get(heading.start) != heading:  # known from the outline only
                path = [p for p in path if p[0] < heading.level] + [(heading.level, heading.text)]
        at, above = 0, ""
        for line in page.text.split("\n"):
            at_heading = headings.get(at)
            if at_heading:
                path = [p for p in path if p[0] < at_heading.level] + [(at_heading.level, at_heading.text)]
            names = tuple(name for _, name in path)
            spans = [(0, len(line))] if _is_row(line) or at_heading else sentence_spans(line)
            goes_on = is_list_item(line) and (is_list_item(above) or above.endswith(":"))
            above = line
            for number, (start, end) in enumerate(spans):
                if line[start:end].strip():
                    found.append(
                        Sentence(
                            page.number,
                            offset + at + start,
                            offset + at + end,
                            names,
                            bool(at_heading),
                            number == 0 and not goes_on,
                        )
                    )
            at += len(line) + 1
    return found


def _is_row(line: str) -> bool:
    return " | " in line


def context(title: str, heading_path: Sequence[str], text: str, count_tokens: CountTokens) -> str:
    """What stands before a passage when it is embedded: title and headings, cut to fit.

    Headings that the passage itself begins with are not said twice.
    """
    parts = [title] + [h for h in heading_path if h not in text[:400] and h != title]
    words = " › ".join(part for part in parts if part).split()
    while words and count_tokens(" ".join(words)) > CONTEXT_TOKENS:
        del words[-1 - len(words) // 8 :]
    return " ".join(words)


def split(
    document_id: str, path: str, pages: Sequence[Page], max_tokens: int, count: CountTokens
) -> list[Passage]:
    """Passages of one document, in order, with ids such as `api-pnr-2019:p12.3`."""
    text, count = document_text(pages), cache(count)
    budget = min(TARGET_TOKENS, max(8, max_tokens - CONTEXT_TOKENS - 4))
    flowing = path.lower().endswith(_FLOWING)
    passages: list[Passage] = []
    on_page: dict[int, int] = {}
    for run in _runs(
        _fitting(sentences(pages), text, budget, count), budget, flowing, lambda s: _cost(s, text, count)
    ):
        page = run[0].page
        on_page[page] = on_page.get(page, 0) + 1
        start, end = run[0].start, run[-1].end
        passages.append(
            Passage(
                id=f"{document_id}:p{page}.{on_page[page]}",
                document_id=document_id,
                pages=(page, run[-1].page),
                start=start,
                end=end,
                heading_path=run[-1].heading_path,
                text=text[start:end],
            )
        )
    return passages


def _cost(sentence: Sentence, text: str, count: CountTokens) -> int:
    chars = sentence.end - sentence.start
    return max(1, count(text[sentence.start : sentence.end]) - 2, chars // _CHARS_A_TOKEN)


def _fitting(found: Iterable[Sentence], text: str, budget: int, count: CountTokens) -> Iterator[Sentence]:
    """The same sentences; one longer than the budget is cut between words."""
    for sentence in found:
        start, opens = sentence.start, sentence.opens
        while True:
            end = _within(text, start, sentence.end)
            while count(text[start:end]) - 2 > budget:
                # Aim at the budget by proportion, then step back to the blank before it.
                guess = start + max(1, (end - start) * budget // (count(text[start:end]) - 2))
                cut = text.rfind(" ", start + 1, min(guess, end - 1))
                end = cut if cut > start else max(start + 1, min(guess, end - 1))
            yield Sentence(sentence.page, start, end, sentence.heading_path, sentence.is_heading, opens)
            if end >= sentence.end:
                break
            start, opens = end + (text[end] == " "), False


def _within(text: str, start: int, end: int) -> int:
    """`end`, or the last blank before MOST_CHARS: what is counted at a time must not grow with the
    sentence, nor a passage with a word that has no end."""
    if end - start <= MOST_CHARS:
        return end
    blank = text.rfind(" ", start + 1, start + MOST_CHARS)
    return blank if blank > start else start + MOST_CHARS


def _runs(
    found: Iterable[Sentence], budget: int, flowing: bool, cost: Callable[[Sentence], int]
) -> Iterator[list[Sentence]]:
    """Group sentences into passages: a new one at a heading, at a full budget, and, where the
    text does not flow, at a page. A block that fits is not divided."""
    run: list[Sentence] = []
    used = 0
    for block in _blocks(found):
        costs = [cost(sentence) for sentence in block]
        has_body = any(not sentence.is_heading for sentence in run)
        leaves_page = run and not flowing and run[-1].page != block[0].page
        # Headings with nothing below them yet stay with what follows.
        full = used + sum(costs) > budget
        if leaves_page or (has_body and (block[0].is_heading or full)):
            yield run
            run, used = [], 0
        for sentence, tokens in zip(block, costs, strict=True):
            if run and used + tokens > budget:
                yield run
                run, used = [], 0
            run.append(sentence)
            used += tokens
    if run:
        yield run


def _blocks(found: Iterable[Sentence]) -> Iterator[list[Sentence]]:
    block: list[Sentence] = []
    for sentence in found:
        if sentence.opens and block:
            yield block
            block = []
        block.append(sentence)
    if block:
        yield block
