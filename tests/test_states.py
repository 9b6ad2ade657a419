"""Papers come, change, move and go, builds are interrupted and rolled back: after each build everybody
finds exactly what they may read, as a plain dictionary has it."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from pkgutil import resolve_name
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from canaries import MEMORY, HashEmbedder, by_file, canaries, canary, in_process
from conftest import write_papers
from index import build as builder
from index import generations
from index.digest import digest_of
from index.errors import BadIndex
from index.search import Index

READERS = ({"all"}, {"all", "leads"}, {"all", "staff"}, {"all", "leads", "staff"})
GROUPS = st.sampled_from(["all", "all", "leads", "leads|staff", "deny"])
NAMES = st.sampled_from([f"paper{number}.txt" for number in range(5)])
# Where a build is interrupted: a function of the builder, and whether before it or after it.
POINTS = (
    "index.engine.read_limited",
    "index.cache.Cache.add_vectors",
    "index.generations.sweep",
    "index.build.write_catalogue",
    "index.build.write_lexical",
    "index.build.write_vectors",
    "index.generations.publish",
    "index.generations._write",
    "index.generations.os.replace",
    "index.generations.prune",
    "index.cache.Cache.erase_unused",
)
Paper = tuple[str, str]  # text, groups


class Interrupted(BaseException):
    """In the place of a kill: nothing tidies up after it."""


@contextmanager
def interrupted(point: str, nth: int, after: bool, killed: bool) -> Iterator[None]:
    """The nth call of a function raises, before or after its work: as a kill, or as a full disk does."""
    calls, dead = 0, False
    module, _, name = point.rpartition(".")
    whole: Any = resolve_name(module)
    original = getattr(whole, name)
    delete = shutil.rmtree

    def faulty(*given: Any, **named: Any) -> Any:
        nonlocal calls, dead
        calls += 1
        if calls != nth:
            return original(*given, **named)
        if after:
            original(*given, **named)
        dead = killed
        raise Interrupted if killed else OSError(28, "No space left on device")

    def undeleted(*given: Any, **named: Any) -> None:
        if not dead:
            delete(*given, **named)

    with mock.patch.object(whole, name, faulty), mock.patch("index.generations.shutil.rmtree", undeleted):
        yield


class Papers(RuleBasedStateMachine):
    """A corpus folder and its index, beside a dictionary of what they should hold."""

    def __init__(self) -> None:
        super().__init__()
        self.open = ExitStack()
        self.open.enter_context(mock.patch("index.engine.read_limited", in_process))
        self.folder = Path(self.open.enter_context(tempfile.TemporaryDirectory(dir=MEMORY)))
        self.embedder = HashEmbedder()
        self.count = 0
        self.papers: dict[str, Paper] = {}
        self.builds: dict[str, dict[str, Paper]] = {}  # what was in the folder, for each build
        self.cached: set[str] = set()  # what need not be embedded again
        self.exact = True  # whether nothing else is cached: no build was interrupted
        self.reader: Index | None = None
        self.rebuild()

    @property
    def index(self) -> Path:
        return self.folder / "index"

    @rule(name=NAMES, groups=GROUPS)
    def add_or_change(self, name: str, groups: str) -> None:
        self.count += 1
        text = f"The plan called {canary(self.count)} names nine ports."
        self.papers[name] = (text, self.papers[name][1] if name in self.papers else groups)

    @precondition(lambda self: self.papers)
    @rule(pick=st.integers(0, 4), groups=GROUPS)
    def permit(self, pick: int, groups: str) -> None:
        name = self.one(pick)
        self.papers[name] = (self.papers[name][0], groups)

    @precondition(lambda self: self.papers)
    @rule(pick=st.integers(0, 4))
    def remove(self, pick: int) -> None:
        del self.papers[self.one(pick)]

    @precondition(lambda self: self.papers)
    @rule(pick=st.integers(0, 4), to=NAMES)
    def rename(self, pick: int, to: str) -> None:
        if to not in self.papers:
            self.papers[to] = self.papers.pop(self.one(pick))

    @rule()
    def take_back(self) -> None:
        """The folder is again as it was for the build that is served."""
        self.papers = dict(self.builds[generations.current(self.index).name])

    @rule()
    def rebuild(self) -> None:
        before = self.embedder.embedded
        report = self.build()
        needed = {text for text, groups in self.papers.values() if groups != "deny"}
        new = len(needed - self.cached)
        assert self.embedder.embedded - before == report.embedded <= new
        assert report.embedded == new or not self.exact
        self.cached, self.exact = needed, True
        self.builds[report.build_id] = dict(self.papers)
        self.look(report.build_id)
        self.look_at_the_disk()

    @rule(
        point=st.sampled_from(POINTS),
        nth=st.integers(1, 2),
        after=st.booleans(),
        killed=st.booleans(),
        regretted=st.booleans(),
    )
    def interrupt(self, point: str, nth: int, after: bool, killed: bool, regretted: bool) -> None:
        served, builds = generations.current(self.index).name, self.folders()
        with interrupted(point, nth, after, killed):
            try:
                self.build()
            except (Interrupted, BadIndex):
                self.exact = False
            else:  # the point was not passed so often
                self.cached = {text for text, groups in self.papers.values() if groups != "deny"}
                self.exact = True
        now = generations.current(self.index).name
        if now == served and not killed:
            assert self.folders() <= builds, "a half build stays on a disk that has no room"
        if now != served:
            self.builds[now] = dict(self.papers)
            self.look(now)
        elif self.reader:
            self.sees(self.reader)
        if regretted:
            self.take_back()
            self.rebuild()

    @rule()
    def roll_back(self) -> None:
        served = generations.current(self.index)
        before = generations.previous(served)
        try:
            generations.roll_back(self.index)
        except BadIndex:
            assert before is None
        else:
            assert generations.current(self.index) == before
        self.look(generations.current(self.index).name)

    @rule()
    def restart(self) -> None:
        self.look(generations.current(self.index).name)

    def one(self, pick: int) -> str:
        return sorted(self.papers)[pick % len(self.papers)]

    def folders(self) -> set[str]:
        return {path.name for path in self.index.iterdir() if path.is_dir()}

    def build(self, index: Path | None = None) -> Any:
        shutil.rmtree(self.folder / "corpus", ignore_errors=True)
        rows = {
            name: (text, {"groups": groups, "title": "A plan"})
            for name, (text, groups) in self.papers.items()
        }
        write_papers(self.folder / "corpus", rows)
        return builder.build(self.folder / "corpus", index or self.index, self.embedder)

    def look(self, build: str) -> None:
        """Open the build that is served, as after a restart: everybody finds theirs, and no more. The
        reader of the build before, which may be gone by now, still sees that one."""
        if self.reader:
            self.sees(self.reader)
            self.reader.close()
        self.reader = Index(generations.current(self.index), self.embedder)
        assert self.reader.build_id == build
        self.sees(self.reader)

    def sees(self, index: Index) -> None:
        papers = self.builds[index.build_id]
        everything = {self.canary(text) for each in self.builds.values() for text, _ in each.values()}
        for groups in READERS:
            theirs = {n: text for n, (text, own) in papers.items() if groups & set(own.split("|"))}
            documents = index.documents(groups)
            assert {d.path for d in documents} == theirs.keys()
            for document in documents:
                assert [page.text for page in index.pages(document.id, groups)] == [theirs[document.path]]
            known = index.known(sorted(everything), groups)
            assert known == {self.canary(text) for text in theirs.values()}
        for text, own in papers.values():
            hits = index.search(self.canary(text), 5, {own})
            assert (text in [hit.passage.text for hit in hits]) == (own in ("all", "leads"))

    def look_at_the_disk(self) -> None:
        """Nothing of a paper that is gone, or is nobody's now, is in any file below the index folder, and
        of an older text of one that is there only the build kept for a rollback tells."""
        served = generations.current(self.index)
        before = generations.previous(served)
        kept = before.name if before else ""
        assert self.folders() == {served.name, *([kept] if kept else [])}
        now = {self.canary(text) for text, groups in self.papers.values() if groups != "deny"}
        if kept:
            names = {name for name, (_, groups) in self.papers.items() if groups != "deny"}
            older = self.builds[kept]
            assert {name for name, (_, groups) in older.items() if groups != "deny"} <= names
        for path, found in by_file(self.index).items():
            assert not path.name.endswith((".part", "-journal", "-wal")), path
            known = now
            if kept and path.relative_to(self.index).parts[0] == kept:
                known = {self.canary(text) for text, _ in self.builds[kept].values()}
            assert found <= known, f"{path} still holds {found - known}"

    @staticmethod
    def canary(text: str) -> str:
        return next(iter(canaries(text)))

    def teardown(self) -> None:
        try:
            self.rebuild()
            self.build(self.folder / "clean")
            clean = generations.current(self.folder / "clean")
            assert digest_of(generations.current(self.index)) == digest_of(clean)
        finally:
            if self.reader:
                self.reader.close()
            self.open.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(4))  # 200 examples, told apart so that one that hangs is seen
def test_whatever_happens_to_papers_everybody_finds_theirs_after_the_next_build(part: int) -> None:
    run_state_machine_as_test(
        Papers,
        settings=settings(
            max_examples=50,
            stateful_step_count=30,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
