"""Tickets and visits in the records database, of both kinds."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assistant.records import Database
from assistant.records.visits import KEPT_S, LIFE_S, Visitor, Visits

PAGE = "https://intranet.example"
ANNA = Visitor("anna", PAGE, ("board", "staff"), {"programme": ("CTTP",)}, "fr")
LESS = Visitor("anna", PAGE, ("staff",), {"programme": ("CTTP",)}, "fr")


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(records_url: str) -> Iterator[Database]:
    database = Database(records_url)
    yield database
    database.close()


@pytest.fixture
def visits(database: Database, clock: Clock) -> Visits:
    return Visits(database, clock)


def begun(visits: Visits, visitor: Visitor = ANNA) -> str:
    told = visits.begin(visits.ticket(visitor))
    assert told is not None and told[1] == visitor
    return told[0]


def test_a_ticket_begins_one_visit_for_whom_it_was_made(visits: Visits) -> None:
    ticket = visits.ticket(ANNA)
    assert visits.find(ticket) is None, "a ticket is no visit"
    told = visits.begin(ticket, PAGE)
    assert told is not None and visits.find(told[0]) == ANNA
    assert visits.begin(ticket, PAGE) is None, "a ticket counts once"
    assert visits.begin(told[0]) is None, "nor the reverse"


def test_a_ticket_is_no_good_after_its_time_nor_on_another_page(visits: Visits, clock: Clock) -> None:
    late, foreign = visits.ticket(ANNA), visits.ticket(ANNA)
    assert visits.begin(foreign, "https://evil.example") is None
    assert visits.begin(foreign, PAGE) is None, "it is spent"
    clock.now += LIFE_S
    assert visits.begin(late) is None
    assert visits.begin("") is None and visits.begin("x" * 43) is None


def test_a_visit_lasts_as_long_as_its_page_speaks_for_the_reader(visits: Visits, clock: Clock) -> None:
    ticket = visits.ticket(ANNA)
    clock.now += LIFE_S - 1
    visit, _ = visits.begin(ticket) or ("", None)
    clock.now += 0.9
    assert visits.find(visit) == ANNA
    clock.now += 0.2
    assert visits.find(visit) is None, "it lives no longer than what the page said is old"


def test_a_renewal_brings_what_the_page_says_now(visits: Visits, clock: Clock) -> None:
    visit = begun(visits)
    clock.now += 30
    assert visits.renew(visit, visits.ticket(LESS))
    assert visits.find(visit) == LESS
    clock.now += LIFE_S - 1
    assert visits.find(visit) == LESS


def test_an_ended_visit_is_taken_up_again_by_its_reader_and_by_nobody_else(
    visits: Visits, clock: Clock
) -> None:
    visit = begun(visits)
    clock.now += LIFE_S + 1
    for other in (Visitor("ben", PAGE, (), {}), Visitor("anna", "https://other.example", (), {})):
        ticket = visits.ticket(other)
        assert not visits.renew(visit, ticket) and visits.find(visit) is None
        assert visits.begin(ticket) is None, "what was tried is spent"
    spent = visits.ticket(ANNA)
    assert visits.renew(visit, spent) and visits.find(visit) == ANNA
    assert not visits.renew(visit, spent), "a ticket renews once"
    assert not visits.renew("x" * 43, visits.ticket(ANNA)) and not visits.renew(visit, visit)


def test_of_two_who_come_with_one_ticket_one_gets_in(visits: Visits) -> None:
    for _ in range(5):
        with ThreadPoolExecutor(4) as threads:
            got = list(threads.map(visits.begin, [visits.ticket(ANNA)] * 4))
        assert sum(told is not None for told in got) == 1


def test_another_worker_knows_the_same_visits(records_url: str, visits: Visits, clock: Clock) -> None:
    other = Database(records_url)
    visit, _ = Visits(other, clock).begin(visits.ticket(ANNA)) or ("", None)
    other.close()
    assert visits.find(visit) == ANNA


def test_only_hashes_are_kept_and_old_visits_go(tmp_path: Path) -> None:
    clock = Clock()
    database = Database(f"sqlite:///{tmp_path}/records.sqlite")
    visits = Visits(database, clock)
    ticket, visit = visits.ticket(ANNA), begun(visits)
    database.close()
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"anna" in kept and ticket.encode() not in kept and visit.encode() not in kept
    clock.now += KEPT_S + LIFE_S + 1
    visits.ticket(LESS)
    database.close()
    with sqlite3.connect(tmp_path / "records.sqlite") as db:
        assert db.execute("select count(*) from visits").fetchone() == (1,)
    db.close()
