"""Conversations as a person has them: kept whole, found again, nobody else's, gone when deleted."""

import json
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from assistant.errors import NoSuchConversation
from assistant.records import Conversations, Database, Exchange, FeedbackBook, exchange_of, feedback, new_id
from assistant.records.words import fold, words_of
from assistant.types import Principal, Question, Side
from kept import ALL, HARBOUR, LEADS, OF_ALL, OF_LEADS, answered, append_many, asked, hit


@pytest.fixture
def database(records_url: str) -> Iterator[Database]:
    opened = Database(records_url)
    yield opened
    opened.close()


@pytest.fixture
def book(database: Database) -> Conversations:
    return Conversations(database)


def titles(book: Conversations, owner: str = "me") -> list[str]:
    return [each.title for each in book.latest(owner)]


def said(book: Conversations, conversation_id: str, owner: str = "me") -> list[str]:
    return [each.question for each in book.open(owner, conversation_id, OF_LEADS).exchanges]


class TestConversations:
    """The same for both databases."""

    def test_an_exchange_comes_back_whole_with_hits_as_ids_alone(self, book: Conversations) -> None:
        full = answered(HARBOUR, notes=("Dates differ.",), emphasis=((0, 6),), missing=("cost",))
        question = Question("Who pays?", Principal("me", ALL), (), {"kind": ("note", "report")}, "payer")
        made = exchange_of("e1", question, replace(full, hits=(hit("harbour"),)), [HARBOUR, LEADS])
        book.append("me", "c", made, begin=True)
        (kept,) = book.open("me", "c", OF_ALL).exchanges
        assert kept == replace(made, position=0)
        assert kept.answer == full and kept.hits == ("harbour:p1.1",) and set(kept.documents) == {"harbour"}
        assert kept.filters == {"kind": ("note", "report")} and kept.search_text == "payer"

    def test_an_exchange_tried_again_is_written_once(self, book: Conversations) -> None:
        first = book.append("me", "c", asked("e1"), begin=True)
        book.append("me", "c", asked("e2"))
        again = book.append("me", "c", asked("e1", "changed meanwhile"), begin=True)
        assert again == first and said(book, "c") == ["Who pays for it?"] * 2
        assert book.begin("me", "another", "c").title == "Who pays for it?" and len(titles(book)) == 1

    def test_windows_and_workers_that_write_at_once_lose_nothing(
        self, book: Conversations, records_url: str
    ) -> None:
        book.begin("me", "", "c")
        spawn = multiprocessing.get_context("spawn")
        workers = [spawn.Process(target=append_many, args=(records_url, f"p{i}", 10)) for i in range(2)]
        for worker in workers:
            worker.start()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda i: book.append("me", "c", asked(f"t-{i % 20}")), range(40)))
        for worker in workers:
            worker.join()
            assert worker.exitcode == 0
        kept = book.open("me", "c", OF_ALL).exchanges
        assert [each.position for each in kept] == list(range(40)) and len({each.id for each in kept}) == 40

    def test_nobody_reaches_what_is_anothers(self, book: Conversations) -> None:
        book.append("me", "c", asked("e1"), begin=True)
        for reach in (
            lambda: book.open("you", "c", OF_ALL),
            lambda: book.rename("you", "c", "Mine"),
            lambda: book.append("you", "c", asked("e2")),
        ):
            with pytest.raises(NoSuchConversation):
                reach()
        assert not book.delete("you", "c") and book.delete_all("you") == 0
        assert book.latest("you") == [] and book.search("you", "pays", OF_ALL) == []
        assert book.export("you", OF_ALL)["conversations"] == []
        assert said(book, "c") == ["Who pays for it?"]

    def test_the_same_ids_of_two_people_are_two_conversations(self, book: Conversations) -> None:
        book.append("me", "c", asked("e1", "mine"), begin=True)
        book.append("you", "c", asked("e1", "yours"), begin=True)
        assert (said(book, "c"), said(book, "c", "you")) == (["mine"], ["yours"])
        book.delete("you", "c")
        assert said(book, "c") == ["mine"]

    def test_the_list_begins_with_the_one_changed_last_and_is_paged_without_gap(
        self, book: Conversations
    ) -> None:
        for number in range(7):
            book.begin("me", f"Talk {number}", f"c{number}")
        book.append("me", "c2", asked())
        pages: list[str] = []
        page = book.latest("me", 3)
        while page:
            pages += [each.title for each in page]
            page = book.latest("me", 3, after=page[-1])
        assert pages == [f"Talk {number}" for number in (2, 6, 5, 4, 3, 1, 0)]

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("ÉCOLES", "schools"),
            ("ecoles straße", "schools"),
            ("STRASSE", "schools"),
            ("ПОГРАНИЧНЫЙ контроль", "border"),
            ("مطار", "airport"),
            ("机场", "airport"),
            ("Norway shelf", "shelf"),  # one word in the answer, one in the title
            ("100%", "percent"),
            ("a_b", "percent"),
        ],
    )
    def test_words_are_found_in_any_script_and_case(
        self, book: Conversations, query: str, found: str
    ) -> None:
        book.append(
            "me", "schools", asked("1", "Combien d’écoles, Straße 3?", answered(text="Five.")), begin=True
        )
        book.append(
            "me", "border", asked("2", "Кто ведёт пограничный контроль?", answered(text="5")), begin=True
        )
        book.append("me", "airport", asked("3", "كم مَطاراً؟ 机场在哪里", answered(text="Three.")), begin=True)
        book.append("me", "shelf", asked("4", "Who pays?"), begin=True)
        book.rename("me", "shelf", "The Shelf")
        book.append("me", "percent", asked("5", "Is 100% of a_b done?", answered(text="Yes.")), begin=True)
        book.append("me", "decoy", asked("6", "Is 1000 of axb done?", answered(text="No.")), begin=True)
        assert [each.conversation.id for each in book.search("me", query, OF_ALL)] == [found]

    def test_a_search_gives_the_exchange_or_none_for_a_title(self, book: Conversations) -> None:
        for number, asking in enumerate(("Which port?", "Which airline?", "Which port again?")):
            book.append("me", "c", asked(str(number), asking), begin=True)
        book.rename("me", "c", "Journeys")
        (found,) = book.search("me", "which PORT", OF_ALL)
        assert found.exchange is not None and found.exchange.question == "Which port again?"
        assert [each.exchange for each in book.search("me", "journeys", OF_ALL)] == [None]
        assert book.search("me", " ", OF_ALL) == [] and book.search("me", "cormorant", OF_ALL) == []
        book.begin("me", "Bare")
        assert [each.exchange for each in book.search("me", "bare", OF_ALL)] == [None]

    def test_words_of_an_answer_that_is_closed_now_do_not_find_it(self, book: Conversations) -> None:
        answer = answered(LEADS, text="The cormorant reserve is 310,000. [1]")
        book.append("me", "c", asked("e1", "What is the reserve?", answer), begin=True)
        assert len(book.search("me", "cormorant", OF_LEADS)) == 1
        assert book.search("me", "cormorant", OF_ALL) == []
        (found,) = book.search("me", "reserve", OF_ALL)  # his own question, still
        assert found.exchange is not None and "310,000" not in str(found.exchange)

    def test_a_closed_answer_is_shown_neither_opened_nor_exported(self, book: Conversations) -> None:
        book.append("me", "c", asked("e1", "Reserve?", answered(LEADS, text="310,000 euros [1]")), begin=True)
        assert "310,000" in str(book.open("me", "c", OF_LEADS)) and "310,000" in str(
            book.export("me", OF_LEADS)
        )
        assert "310,000" not in str(book.open("me", "c", OF_ALL))
        assert "310,000" not in str(book.export("me", OF_ALL))

    def test_a_title_is_given_by_the_first_question_until_it_is_renamed(self, book: Conversations) -> None:
        book.append("me", "c", asked("1", "Who  pays\nfor " + "everything " * 20), begin=True)
        assert titles(book)[0].startswith("Who pays for everything") and titles(book)[0].endswith(
            "everything …"
        )
        book.rename("me", "c", "  Money\n")
        book.append("me", "c", asked("2", "Since when?"))
        assert titles(book) == ["Money"]

    def test_a_deleted_conversation_is_gone_and_a_second_window_does_not_bring_it_back(
        self, book: Conversations, database: Database
    ) -> None:
        marks = FeedbackBook(database)
        made = asked("e1")
        mark = feedback("e1", Question("Who pays?", Principal("me", ALL)), made.answer, "helpful", "")
        book.append("me", "c", made, begin=True)
        marks.add(mark, kept_only=True)
        assert book.open("me", "c", OF_ALL).exchanges[0].marked == ("helpful", "")
        book.begin("me", "Another", "d")
        assert book.delete("me", "c") and not book.delete("me", "c")
        assert marks.entries() == [] and titles(book) == ["Another"]
        with pytest.raises(NoSuchConversation):
            book.append("me", "c", asked("e2"))
        with pytest.raises(NoSuchConversation):
            marks.add(mark, kept_only=True)
        with pytest.raises(NoSuchConversation):
            book.open("me", "c", OF_ALL)

    def test_everything_of_one_person_is_deleted_and_nothing_of_another(
        self, book: Conversations, database: Database
    ) -> None:
        marks = FeedbackBook(database)
        for owner in ("me", "you"):
            book.append(owner, "c", asked("e1"), begin=True)
            who = Principal(owner, ALL)
            marks.add(feedback("old", Question("Before history", who), answered(HARBOUR), "helpful", ""))
        assert book.delete_all("me") == 1
        assert titles(book) == [] and titles(book, "you") != []
        assert [entry.principal for entry in marks.entries()] == ["you"]

    def test_a_comparison_is_kept_with_the_field_of_its_sides_and_without_their_names(
        self, book: Conversations, database: Database
    ) -> None:
        ids = {"document": ("harbour", "leads")}
        names = {"harbour": "Harbour", "leads": "Note for leads"}
        sides = tuple(Side(names[each], {"document": (each,)}) for each in ids["document"])
        question = Question("Who pays?", Principal("me", ALL), filters=ids, sides=sides)
        made = exchange_of("e1", question, answered(HARBOUR), [HARBOUR, LEADS])
        book.append("me", "c", made, begin=True)
        book.append("me", "c", exchange_of("e2", replace(question, sides=()), answered(HARBOUR), [HARBOUR]))
        first, second = book.open("me", "c", OF_ALL).exchanges
        assert (first.filters, first.beside, second.filters, second.beside) == (ids, "document", ids, "")
        assert "Note for leads" not in json.dumps(book.export("me", OF_ALL)), "it is closed to this reader"
        FeedbackBook(database).add(feedback("e1", question, made.answer, "helpful", ""))
        (entry,) = FeedbackBook(database).entries()
        assert (entry.filters, entry.beside) == (ids, "document")

    def test_an_export_is_json_with_every_conversation(self, book: Conversations) -> None:
        book.append("me", "c", asked("e1"), begin=True)
        book.begin("me", "Bare")
        told = json.loads(json.dumps(book.export("me", OF_ALL), ensure_ascii=False))
        assert told["owner"] == "me" and [len(each["exchanges"]) for each in told["conversations"]] == [1, 0]
        assert (
            told["conversations"][0]["exchanges"][0]["answer"]["citations"][0]["quote"]
            == "Norway pays for it."
        )

    def test_one_exchange_takes_the_place_of_another_and_of_no_later_one(
        self, book: Conversations, database: Database
    ) -> None:
        for name in ("one", "two", "three"):
            book.append("me", "c", asked(name, name), begin=True)
        about = Question("two", Principal("me", ALL))
        FeedbackBook(database).add(feedback("two", about, answered(HARBOUR), "helpful", ""))
        for _ in range(2):  # tried again after a failure that came too late
            book.append("me", "c", asked("anew", "two, better"), replacing="two")
        book.append("me", "c", asked("last", "last"), replacing="somebody else's")
        assert said(book, "c") == ["one", "three", "two, better", "last"]
        assert FeedbackBook(database).entries() == []

    def test_odd_signs_stop_nothing(self, book: Conversations) -> None:
        odd = "nul \x00 half \ud800 \U0001f600 \u202e"
        answer = answered(HARBOUR, text=odd)
        book.append("me", "c", asked("e1", odd, answer), begin=True)
        book.rename("me", "c", odd)
        assert len(book.search("me", "half \x00 \ud800", OF_ALL)) == 1
        (kept,) = book.open("me", "c", OF_ALL).exchanges
        assert "half" in kept.question and "\U0001f600 \u202e" in kept.answer.text

    def test_reload_restart_and_a_second_tab_see_the_same(
        self, book: Conversations, records_url: str
    ) -> None:
        book.append("me", "c", asked("e1", "first"), begin=True)
        other = Database(records_url)
        assert said(Conversations(other), "c") == ["first"]
        Conversations(other).append("me", "c", asked("e2", "second"))
        other.close()
        assert said(book, "c") == ["first", "second"]

    def test_an_answer_that_cannot_be_read_says_so_and_stops_no_other(
        self, book: Conversations, database: Database
    ) -> None:
        for name in ("one", "two", "three"):
            book.append("me", "c", asked(name, name), begin=True)
        with database.writing() as db:
            db.execute(text("UPDATE exchanges SET answer = '{}' WHERE id = 'two'"))
            later = "REPLACE(answer, '\"notes\": []', '\"invented_later\": [1]')"
            db.execute(text(f"UPDATE exchanges SET answer = {later} WHERE id = 'three'"))
        one, two, three = book.open("me", "c", OF_ALL).exchanges
        assert two.withheld == "unreadable" and two.answer.status == "unsupported"
        assert "cannot be read" in two.answer.text
        assert one.answer == three.answer == answered(HARBOUR)

    def test_it_does_as_a_plain_dictionary_does(self, book: Conversations) -> None:
        class Machine(LikeADictionary):
            store = book

        run_state_machine_as_test(
            Machine, settings=settings(max_examples=8, stateful_step_count=20, deadline=None, database=None)
        )


NAMES = st.sampled_from(["a", "b", "c"])
OWNERS = st.sampled_from(["me", "you"])
WORDS = st.sampled_from(["port", "Ärger", "100%", "机场"])


class LikeADictionary(RuleBasedStateMachine):
    """Any order of operations, beside a dictionary of (owner, conversation) to title and questions."""

    store: Conversations

    def __init__(self) -> None:
        super().__init__()
        self.run = new_id()[:8]  # every example has owners of its own in the one database
        self.model: dict[tuple[str, str], tuple[str, dict[str, str]]] = {}

    @rule(owner=OWNERS, name=NAMES, title=WORDS)
    def begin(self, owner: str, name: str, title: str) -> None:
        self.store.begin(owner + self.run, title, name)
        self.model.setdefault((owner, name), (title, {}))

    @rule(owner=OWNERS, name=NAMES, exchange=NAMES, word=WORDS)
    def append(self, owner: str, name: str, exchange: str, word: str) -> None:
        exchange_id = f"{name}{exchange}"
        if (owner, name) in self.model:
            self.store.append(owner + self.run, name, asked(exchange_id, word))
            self.model[owner, name][1].setdefault(exchange_id, word)
        else:
            with pytest.raises(NoSuchConversation):
                self.store.append(owner + self.run, name, asked(exchange_id, word))

    @rule(owner=OWNERS, name=NAMES, title=WORDS)
    def rename(self, owner: str, name: str, title: str) -> None:
        if (owner, name) in self.model:
            self.store.rename(owner + self.run, name, title)
            self.model[owner, name] = (title, self.model[owner, name][1])

    @rule(owner=OWNERS, name=NAMES)
    def delete(self, owner: str, name: str) -> None:
        there = self.model.pop((owner, name), None) is not None
        assert self.store.delete(owner + self.run, name) == there

    @rule(owner=OWNERS, name=NAMES, exchange=NAMES, word=WORDS)
    def replace(self, owner: str, name: str, exchange: str, word: str) -> None:
        if (owner, name) in self.model:
            questions = self.model[owner, name][1]
            anew = f"{name}{exchange}{new_id()}"
            self.store.append(owner + self.run, name, asked(anew, word), replacing=f"{name}{exchange}")
            questions.pop(f"{name}{exchange}", None)
            questions[anew] = word

    @rule(owner=OWNERS)
    def delete_all(self, owner: str) -> None:
        mine = [key for key in self.model if key[0] == owner]
        assert self.store.delete_all(owner + self.run) == len(mine)
        for key in mine:
            del self.model[key]

    @rule(owner=OWNERS, word=WORDS)
    def search(self, owner: str, word: str) -> None:
        found = {each.conversation.id for each in self.store.search(owner + self.run, word.upper(), OF_ALL)}
        told = {
            key[1]: [title, *asked.values()] for key, (title, asked) in self.model.items() if key[0] == owner
        }
        assert found == {name for name, words in told.items() if word in words}

    @invariant()
    def same(self) -> None:
        for owner in ("me", "you"):
            names = {each.id: each.title for each in self.store.latest(owner + self.run)}
            assert names == {key[1]: title for key, (title, _) in self.model.items() if key[0] == owner}
            for name in names:
                kept = self.store.open(owner + self.run, name, OF_ALL).exchanges
                assert {each.id: each.question for each in kept} == self.model[owner, name][1]
                assert [each.id for each in kept] == list(self.model[owner, name][1])


@settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=10))
def test_any_word_is_found_in_a_text_that_holds_it_in_any_case(around: str, word: str) -> None:
    text = fold(f"{around} {word} {around}")
    assert all(each in text for query in (word, word.upper(), word.lower()) for each in words_of(query))


def bytes_beside(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


def test_deleted_words_are_in_no_byte_of_the_files_any_more(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/var/records.sqlite")
    book, marks = Conversations(database), FeedbackBook(database)

    def fill(number: int) -> Exchange:
        word = f"Zwergseeadler{number:03}"
        made = asked(
            f"e{number}", f"Where is {word}?", answered(HARBOUR, text=f"{word} here. " * (number % 50 + 1))
        )
        book.append("me", f"c{number % 8}", made, begin=True)
        book.rename("me", f"c{number % 8}", f"{word} title")
        return made

    question = Question("Zwergseeadler marked", Principal("me", ALL))
    for number in range(120):
        marks.add(feedback(f"e{number}", question, fill(number).answer, "helpful", "Zwergseeadler comment"))
    assert b"Zwergseeadler003" in bytes_beside(tmp_path / "var")
    book.delete("me", "c3")
    left = bytes_beside(tmp_path / "var")
    gone = [number for number in range(120) if number % 8 == 3]
    assert not [number for number in gone if b"wergseeadler%03d" % number in left]
    assert all(b"wergseeadler%03d" % number in left for number in range(0, 120, 8))
    book.append("me", "c0", asked("anew"), replacing="e64")
    assert b"wergseeadler064" not in bytes_beside(tmp_path / "var")
    book.delete_all("me")
    assert b"wergseeadler" not in bytes_beside(tmp_path / "var")
    database.close()


def test_words_deleted_while_another_program_reads_go_with_the_next_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    monkeypatch.setattr("assistant.records.sqlite_file.BUSY_S", 0.05)
    database = Database(f"sqlite:///{tmp_path}/records.sqlite")
    book = Conversations(database)
    book.append("me", "c", asked("e1", "Zwergseeadler?"), begin=True)
    reading: Any = sqlite3.connect(tmp_path / "records.sqlite", isolation_level=None)
    reading.execute("BEGIN")
    reading.execute("SELECT count(*) FROM exchanges").fetchall()
    assert book.delete("me", "c")
    assert b"Zwergseeadler" in bytes_beside(tmp_path)
    reading.execute("COMMIT")
    reading.close()
    book.begin("me", "Another")
    assert b"Zwergseeadler" not in bytes_beside(tmp_path)
    database.close()
