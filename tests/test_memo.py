"""What a memo says, and its Markdown."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from assistant.errors import BadInput
from assistant.memo import KINDS, kind_of, memo
from assistant.memo.content import Mark, content_of
from assistant.memo.lines import address, one_line
from assistant.memo.markdown import escape
from memos import DAY, NINE, NORWAY, TALK, answered, cite
from test_cli import run


def said(text: str, **more: object) -> list[str]:
    """The blocks of an answer as text, `*` around what is strong and `^n` for a mark."""
    content = content_of([("?", answered(text, NINE, NORWAY, **more))], DAY)  # type: ignore[arg-type]
    return [
        "".join(
            f"^{part.number}" if isinstance(part, Mark) else f"*{part.text}*" if part.strong else part.text
            for part in block.parts
        )
        for block in content.sections[0].blocks
    ]


def test_notes_are_numbered_through_and_each_paper_is_listed_once() -> None:
    content = content_of(TALK, DAY)
    assert [note.number for note in content.notes] == [1, 2, 3, 4, 5]
    assert content.notes[4].quote == "17 airlines."
    assert [(source.path, source.notes) for source in content.sources] == [
        ("harbour.pdf", (1, 2)),
        ("russian.pdf", (3,)),
        ("arabic.pdf", (4,)),
        ("air.pdf", (5,)),
    ]
    assert content.notes[1].place == "2021-03-02, page 5 (printed as iii)"
    assert content.notes[2].place == "no date given, page 3, “Sheet B”"
    assert content.date == "9 March 2026"


def test_what_was_not_found_and_who_wrote_the_text_is_said_in_words() -> None:
    asked, silent, written = content_of(TALK, DAY).sections
    assert asked.status == "Part of the question is not covered. Not found there: “audits”."
    assert asked.remarks == ("The assistant notes: The papers differ on the number of ports.",)
    assert "word for word" in asked.origin
    assert (silent.status, silent.origin, silent.blocks) == ("The papers do not say.", "", ())
    assert "openai:x" in written.origin and "checked" in written.origin
    fell = content_of([("?", answered("Yes [1].", NINE, fallback="timeout"))], DAY).sections[0]
    assert fell.origin.startswith("The language model did not answer")


def test_an_unsupported_text_is_not_in_the_memo() -> None:
    content = content_of([("?", answered("Wrong [1].", NINE, status="unsupported"))], DAY)
    assert content.sections[0].blocks == () and content.sources == ()
    assert "no passage supports" in content.sections[0].status


def test_marks_lists_and_emphasis_are_read_from_the_text() -> None:
    assert said("One [1] and two [1][2].") == ["One^1 and two^1^2."]
    assert said("No such note [9] [1] [2].") == ["No such note [9]^1^2."]
    assert said("- a [1]\n7. b [2]") == ["a^1", "b^2"]
    assert said("a **b** c [1][2]", emphasis=((0, 1), (-5, 0), (90, 99))) == ["*a* *b* c^1^2"]
    assert said("Only one is called [2].") == ["Only one is called^1.^2"], "a citation must not be lost"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "https://a..b/",
        "https://example.org:99999/",
        "https://example.org/a#b#c",
        "http://[x]/",
        "https://user@evil.example/",
        "file:///etc/passwd",
        "",
    ],
)
def test_an_address_that_word_cannot_read_or_a_reader_should_not_follow_is_no_link(url: str) -> None:
    assert address(url) == ""


def test_an_address_in_other_letters_is_written_in_ascii() -> None:
    assert address("https://example.org/доклад?a=1") == (
        "https://example.org/%D0%B4%D0%BE%D0%BA%D0%BB%D0%B0%D0%B4?a=1"
    )


@settings(deadline=None)
@given(
    st.text(alphabet=st.characters(), max_size=60)
    | st.text(alphabet="a1 #*_[]()<>!&;:@./-+=`~|\\$^\n", max_size=30)
)
def test_any_text_stays_text_in_markdown(text: str) -> None:
    line = one_line(text)
    tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(escape(line))
    assert [token.type for token in tokens] in (["paragraph_open", "inline", "paragraph_close"], [])
    inner = tokens[1].children or [] if tokens else []
    assert {token.type for token in inner} <= {"text", "text_special"}
    assert "".join(token.content for token in inner).replace("\u2060", "") == line.replace("\u2060", "")


def test_titles_and_quotes_make_no_link_image_or_html() -> None:
    hostile = "![x](http://evil.example/x.png) <img src=x> [a](b) www.evil.example @team a@evil.example"
    asked = [(hostile, answered("Yes [1].", cite(1, hostile, title=hostile, url="javascript:x")))]
    written = memo("md", asked, DAY).content.decode()
    page = MarkdownIt("commonmark").render(written)
    assert "<img" not in page and "<a " not in page
    assert "www." not in written and "http:" not in written, "GitHub links bare addresses"
    assert "@team" not in written and "a@evil" not in written, "and calls people and mailboxes"


def test_markdown_reads_as_the_golden_file() -> None:
    golden = Path(__file__).parent / "golden" / "memo.md"
    assert memo("md", TALK, DAY).content.decode() == golden.read_text("utf-8")


def test_strong_words_beside_a_letter_do_not_show_stars() -> None:
    written = memo("md", [("?", answered("x (y)z. [1]", NINE, emphasis=((2, 5),)))], DAY).content.decode()
    assert "**" not in written and "x (y)z." in written


@settings(deadline=None)
@given(st.text(max_size=80))
def test_the_file_name_is_safe_on_any_machine(question: str) -> None:
    name = memo("md", [(question, answered(""))], DAY).name
    assert name.startswith("memo-2026-03-09") and name.endswith(".md") and len(name) < 70
    assert set(name[:-3]) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@pytest.mark.parametrize("kind", KINDS)
def test_equal_input_gives_equal_bytes_and_an_empty_memo_is_a_file(kind: str) -> None:
    assert memo(kind, TALK, DAY) == memo(kind, TALK, DAY)  # type: ignore[arg-type]
    assert memo(kind, [], DAY).content  # type: ignore[arg-type]


def test_the_command_line_writes_the_memo_and_refuses_other_names(small_index: Path, tmp_path: Path) -> None:
    file = tmp_path / "memo.md"
    asked = run("ask", "Who pays for the Harbour Programme?", "--index", small_index, "--memo", file)
    assert asked.returncode == 0, asked.stderr
    assert "[^1]: Harbour security programme, 2021-03-02, page 1: “Norway pays" in file.read_text("utf-8")
    assert str(file) in asked.stderr and "memo" not in asked.stdout
    wrong = run("ask", "Who pays?", "--index", tmp_path / "none", "--memo", tmp_path / "memo.odt")
    assert wrong.returncode == 2 and "memo.odt: a memo ends in" in wrong.stderr
    full = run(
        "ask",
        "Who pays for the Harbour Programme?",
        "--index",
        small_index,
        "--memo",
        tmp_path / "no" / "m.md",
    )
    assert full.returncode == 2 and "cannot be written" in full.stderr
    with pytest.raises(BadInput):
        kind_of(Path("memo"))
