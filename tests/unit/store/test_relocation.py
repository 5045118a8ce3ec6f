"""Moves of runs between stores: nothing is lost and nothing there twice, wherever they are interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from actorflow.errors import NOT_FOUND, Error
from actorflow.run.document import PutDocument
from actorflow.run.state import CREATED, PENDING
from actorflow.run.turn import ChangeRun, Delivery
from actorflow.store import view
from actorflow.store.crash import CrashPoint
from actorflow.store.dialect import Sqlite
from actorflow.store.examine import examine
from actorflow.store.port import RunFilter
from actorflow.store.relocate.relocation import Relocation, Result
from actorflow.store.relocate.target import OVERTAKEN
from actorflow.store.relocate.ticket import identity, tickets
from actorflow.store.sql import SqlStore
from actorflow.testing.conformance.items import EPOCH, HOST, Book, message
from tests.databases import POSTGRES, SLOW_MARIADB
from tests.databases import store as server_store
from tests.unit.store.moving_runs import begin, picture, populate

_COMMITS = (2, 1)
"""Commits of a move at the source and at the target."""
_NOWHERE = CrashPoint()
_PLACES = [(side, number, after) for side in (0, 1) for number in range(1, 4) for after in (False, True)]
_DAILY = [(0, 1, True), (1, 1, True), (0, 2, False)]
"""Places to die at: a side, the number of a commit, and whether it is on disk."""


class Died(BaseException):
    """The end of a mover."""


class Dying(CrashPoint):
    """Where to die without ending the process of the test; whoever has died has no connection any more."""

    def reached(self, commit: int, *, after: bool) -> None:
        if (commit, after) == (self.commit, self.after):
            raise Died


class Two:
    """Two stores and who moves runs between them; stores are opened rarely, for their statements take long to make."""

    def __init__(self, source: SqlStore, target: SqlStore) -> None:
        self.stores = (source, target)
        self.faults: set[tuple[str, str, str]] | None = None
        self.ways: list[Relocation] = []

    def move(self, *, back: bool = False, **which: str) -> Result:
        return self.way(back=back).move(RunFilter(**which))

    def way(self, *, back: bool = False) -> Relocation:
        if not self.ways:
            self.ways = [Relocation(*self.stores), Relocation(*reversed(self.stores))]
        return self.ways[back]

    def dies(self, side: int, number: int, *, after: bool, **which: str) -> bool:
        """Move, dying at a commit of one side; tell whether that was reached."""
        way, store = self.way(), self.stores[side]
        store._crash = Dying(store.commits + number, after)  # noqa: SLF001 - as its environment would have it
        try:
            way.move(RunFilter(**which))
        except Died:
            return True
        finally:
            store._crash = _NOWHERE  # noqa: SLF001
            self.close()
        return False

    def close(self) -> None:
        for store in self.stores:
            store.close()

    def open_ids(self, side: int) -> set[str]:
        """Return the runs of a side that its host would take up."""
        return {row.run_id for row in self.stores[side].open_runs(HOST)}

    def pictures(self) -> list[dict[str, Any]]:
        found = [picture(store) for store in self.stores]
        every = (fault for store in self.stores for fault in examine(store.dialect))
        faults = {(fault.workflow_id, fault.table, fault.document) for fault in every}
        self.faults = faults if self.faults is None else self.faults  # of runs that no engine has made
        assert faults <= self.faults
        return found


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    folder = tmp_path_factory.mktemp("stores")
    two = Two(SqlStore(Sqlite(folder / "a.db"), _NOWHERE), SqlStore(Sqlite(folder / "b.db"), _NOWHERE))
    yield two
    two.close()


@pytest.fixture
def two(opened: Two, tmp_path: Path) -> Two:
    anew(opened, tmp_path)
    return opened


def anew(two: Two, folder: Path) -> None:
    """Let two stores be other files: an empty one, and one with runs of every sort."""
    two.close()
    folder.mkdir(exist_ok=True)
    for store, name in zip(two.stores, ("a.db", "b.db"), strict=True):
        store.dialect.path = folder / name  # type: ignore[attr-defined]
    for way, (one, other) in zip(two.ways, (two.stores, two.stores[::-1]), strict=False):
        way._from, way._to = identity(one), identity(other)  # noqa: SLF001 - they are other stores now
    two.faults = None
    populate(two.stores[0])


def test_every_run_arrives_as_it_was_and_comes_back(two: Two) -> None:
    before = two.pictures()[0]
    result = two.move()
    assert (result.moved, result.stayed) == (len(before), [])
    assert two.pictures() == [{}, before]
    assert two.move().moved == 0
    assert two.move(back=True).moved == len(before)
    assert two.pictures() == [before, {}]


@pytest.mark.parametrize("kind", [POSTGRES, SLOW_MARIADB])
def test_to_a_server_and_back(kind: str, tmp_path: Path) -> None:
    with closing(SqlStore(Sqlite(tmp_path / "a.db"), _NOWHERE)) as here, closing(server_store(kind)) as there:
        populate(here)
        two = Two(here, there)
        before = two.pictures()[0]
        assert two.move().stayed == []
        assert two.pictures() == [{}, before]
        assert two.faults is not None
        two.faults.add(("new", "", ""))
        begin(there, "new", messages=[message("")])  # numbers go on behind those of what has come
        assert there.commit([message("busy")])[0].accepted
        assert two.move(back=True).stayed == []
        came, gone = two.pictures()
        assert gone == {}
        assert came.keys() == {*before, Book("new").run_id}


@pytest.mark.parametrize("places", [_DAILY, pytest.param(_PLACES, marks=pytest.mark.slow)])
def test_a_move_that_dies_at_any_commit_is_ended_by_the_next(
    places: list[tuple[int, int, bool]], opened: Two, tmp_path: Path
) -> None:
    run_id = Book("busy").run_id
    for place, (side, number, after) in enumerate(places):
        anew(opened, tmp_path / str(place))
        (source, target), before = opened.stores, picture(opened.stores[0])
        reached = opened.dies(side, number, after=after)
        assert reached == (number <= _COMMITS[side]), (side, number)
        assert opened.open_ids(0) & opened.open_ids(1) == set(), "these may be turned on both sides"
        (told,) = source.commit([message("busy", b"\x09")])  # what is told a run meanwhile is not lost
        (told,) = [told] if told.accepted else target.commit([message("busy", b"\x09")])
        assert told.accepted, (side, number, after)
        assert opened.move().stayed == []
        gone, here = picture(source), picture(target)
        assert [row[4] for row in here[run_id].pop("inbox")] == [b"\x80", b"\x09"]
        del before[run_id]["inbox"]
        assert (gone, here) == ({}, before), (side, number, after)


def test_a_fenced_run_is_nobodys(two: Two) -> None:
    source, target = two.stores
    book = begin(source, "order")
    assert two.dies(1, 1, after=False, prefix="order")  # it is fenced at the source, and not at the target
    assert source.claim(HOST) == 1  # whoever serves the host does not get it
    assert "order" not in {row.workflow_id for row in source.open_runs(HOST)}
    settled = Delivery("order", "RequestSettled", at=EPOCH, documents=[PutDocument("plan", "x", b"\x01")])
    stop = ChangeRun("terminate", book.run, at=EPOCH, end=b"\x01")
    another = Book("order", "another").start(on_conflict="replace")
    refused = [answer.refusal for answer in source.commit([book.turn(), stop, settled, another])]
    assert refused == ["lease", "moving", "moving", "moving"]
    assert [ticket.runs for ticket in tickets(source)] == [[book.run]]
    assert two.move(prefix="order").finished == 1
    assert source.commit([another])[0].refusal == "moved"
    with pytest.raises(Error, match=r"run 'order' has moved to .*b\.db: ask there") as caught:
        view.find(source, "order")
    assert caught.value.kind == NOT_FOUND
    assert two.move(back=True, prefix="order").moved == 1
    assert view.find(source, "order").run_id == book.run_id
    assert target.find("order") is None


def test_what_cannot_be_there_stays_here(two: Two) -> None:
    source, target = two.stores
    begin(target, "busy", run_id="another", state=CREATED, locks=["@lock/k"])
    before, here = two.pictures()
    result = two.move()
    assert sorted(name for name, _ in result.stayed) == ["busy", "holder"]
    stayed = {Book(name).run_id for name in ("busy", "holder", "waiter")}
    left, there = two.pictures()
    assert left == {run_id: seen for run_id, seen in before.items() if run_id in stayed}
    assert there == {**here, **{run_id: seen for run_id, seen in before.items() if run_id not in stayed}}
    assert two.open_ids(0) == stayed  # and they go on here
    assert tickets(source) == []
    other = view.find(target, "another")
    target.commit([ChangeRun("terminate", other.run, at=EPOCH, end=b"\x01")])
    assert two.move().stayed == []


def test_a_mover_that_was_paused_brings_nothing_back(two: Two) -> None:
    source, target = two.stores
    slow, run = two.way(), view.find(source, "busy").run
    ticket = slow._source.fence(slow._source.families(), [run], slow._to, "there")  # noqa: SLF001 - it is paused here
    assert ticket is not None
    parcel = slow._source.read(ticket.runs)  # noqa: SLF001
    for back in (False, True, False, True):
        assert two.move(back=back, prefix="busy").moved == 1
    assert slow._target.take_in(parcel, ticket, "here") == OVERTAKEN  # noqa: SLF001
    assert target.find("busy") is None
    assert view.find(source, "busy").state == PENDING


def test_a_move_that_somebody_else_has_ended_meanwhile_is_over(two: Two) -> None:
    source, _ = two.stores
    slow, run = two.way(), view.find(source, "busy").run
    ticket = slow._source.fence(slow._source.families(), [run], slow._to, "there")  # noqa: SLF001 - it is paused here
    assert ticket is not None
    assert two.move(prefix="busy").finished == 1
    result = Result()
    assert slow._bring(ticket, result) is None  # noqa: SLF001
    assert result == Result()


def test_who_belongs_together_goes_together(two: Two) -> None:
    assert two.move(prefix="child").moved == 3
    assert two.move(prefix="waiter").moved == 2
    assert two.move(state="failed").moved == 2  # with the one that hears of its end
    assert two.move(prefix="nobody").moved == 0


def test_a_preview_changes_nothing(two: Two) -> None:
    before, way = two.pictures(), two.way()
    commits = [store.commits for store in two.stores]
    assert way.preview(RunFilter(prefix="child")).along == 2
    assert way.preview(RunFilter()).moved == len(before[0])
    assert [store.commits for store in two.stores] == commits
    assert two.pictures() == before


def test_a_store_is_not_moved_into_itself(two: Two) -> None:
    with pytest.raises(Error, match="name another"):
        Relocation(two.stores[0], two.stores[0])
