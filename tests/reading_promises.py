"""What every reading promises whoever splits, stores and shows it, for the tests and the fuzzer."""

import re
import unicodedata

from index.reading import Reading
from index.references import background
from index.speakers import speaker_of
from index.splitting import document_text, split
from index.types import Document

_CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_DATE = re.compile(r"(\d{4}(-\d{2}(-\d{2})?)?)?")
_MOST_WORDS = 300


def check_reading(reading: Reading, name: str) -> None:
    """Raise AssertionError where a reading breaks a promise; then go on as the builder would."""
    assert reading.pages, "no pages"
    for number, page in enumerate(reading.pages, 1):
        assert page.number == number, "pages are numbered from 1"
        check_text(page.text, lines=True)
        check_text(page.label)
        for heading in page.headings:
            check_text(heading.text)
            assert heading.level >= 1 and heading.text, "a heading has a level and a text"
            stands = page.text.startswith(heading.text, heading.start)
            assert stands or heading.start == 0, "a heading stands where it is said to stand"
            assert heading.start == 0 or page.text[heading.start - 1] == "\n", "and opens a line"
    check_text(reading.title)
    assert _DATE.fullmatch(reading.date), f"a date: {reading.date!r}"
    for warning in reading.warnings:
        check_text(warning)
    check_passages(reading, name)


def check_text(text: str, lines: bool = False) -> None:
    """Text that can be kept, compared and shown: NFC, no control sign, no half of a pair."""
    assert unicodedata.is_normalized("NFC", text), "text is NFC"
    assert not _CONTROLS.search(text), f"no control signs: {_CONTROLS.findall(text)[:3]}"
    check_kept(text)
    if lines:
        assert not text or all(line.strip() == line and line for line in text.split("\n")), "a block a line"
    else:
        assert "\n" not in text, "one line"


def check_kept(text: str) -> None:
    """Text that can be written to a file and a database."""
    assert not set(text) & set("\x00\x1b\x7f")
    text.encode()


def check_passages(reading: Reading, name: str) -> None:
    """What the builder does with a reading goes well, and each passage is a slice of the text."""
    speaker = speaker_of(reading.pages, reading.title)
    document = Document("d", name, reading.title, "", reading.date, speaker=speaker.title)
    passages = split(
        "d", name, reading.pages, 256, lambda text: 2 + len(re.findall(r"\w{1,100}|[^\w\s]", text))
    )
    text = document_text(reading.pages)
    for passage in passages:
        assert text[passage.start : passage.end] == passage.text and passage.text.strip()
    kept = "".join("".join(passage.text.split()) for passage in passages)
    assert kept == "".join(text.split()), "every sign lies in one passage"
    assert len(background(document, text, passages)) == len(passages)
