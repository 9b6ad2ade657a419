"""Fifty people at once with each other's sessions, conversations and tokens: nobody hears a foreign word.

The long form, forty turns each, is `tests/benchmarks/crowd.py`.
"""

from collections.abc import Iterator

import pytest

from assistant.web.guard import Sessions
from crowding import crowd, crowd_server, stolen
from index.embedding import Embedder

PEOPLE = 50
# The chat's framework measures its queue with a pandas option that is on its way out.
pytestmark = pytest.mark.filterwarnings("ignore:.*no_silent_downcasting")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[str]:
    with crowd_server(tmp_path_factory.mktemp("crowd"), PEOPLE, embedder) as address:
        yield address


@pytest.mark.timeout(300)
def test_fifty_people_at_once_hear_of_their_own_papers_only(address: str) -> None:
    outcome = crowd(address, PEOPLE, turns=4)
    assert outcome.foreign == {}
    assert outcome.unheard == [], "everybody was told of their own paper, or this proves nothing"


def test_an_answer_on_its_way_to_one_window_cannot_be_read_in_another(address: str) -> None:
    assert stolen(address) == set()


def test_it_could_be_read_if_windows_were_anybodys(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sessions, "_belongs", lambda self, name, principal: True)
    assert stolen(address)
