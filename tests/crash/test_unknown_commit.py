"""Commits that fail, or of which nobody knows whether they were written: the store is asked, nothing is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
import trio

from actorflow.errors import CONFLICT, NOT_FOUND, Error, unavailable
from actorflow.machine.op import Op
from actorflow.message import EXIT
from actorflow.node.node import Node
from actorflow.ports import SpawnRequest
from actorflow.run.turn import Committed, Item, Turn
from actorflow.store.crash import CrashPoint
from actorflow.store.dialect import Sqlite
from actorflow.store.port import CommitUnknown, RunFilter
from actorflow.store.sql import SqlStore
from actorflow.testing.invariant import Ledger, Signal
from tests.conformance.process.rig import FakeLanguage, until
from tests.conformance.workflow.durable import WORKFLOWS, Durable, engine_of
from tests.crash.rig import laws_of

Ops = Generator[tuple[Any, ...], Any, Any]

RUNS = 8
EVERY = 5
"""When chance spares so many commits, the next one fails."""
PATIENCE = 40


class FailingStore(SqlStore):
    """A store some of whose commits fail: written or not, and saying so or not."""

    def __init__(self, path: Path, random: Random) -> None:
        super().__init__(Sqlite(path), CrashPoint())
        self.random = random
        self.share = 0.0
        self.spared = 0
        self.failed: Counter[str] = Counter()
        self.doubtful_turns = 0

    def commit(self, batch: Sequence[Item]) -> list[Committed]:
        if self.doubtful_turns and any(isinstance(item, Turn) and item.consumed for item in batch):
            self.doubtful_turns -= 1
            super().commit(batch)
            raise CommitUnknown("the disk went away after the commit")
        self.spared += 1
        fails = self.random.random() < self.share or (self.share > 0 and self.spared >= EVERY)
        self.spared = 0 if fails else self.spared
        how = self.random.choice(["refused", "lost", "written"]) if fails else ""
        self.failed[how] += 1
        if how == "refused":
            raise unavailable("the disk is full")
        if how == "lost":
            raise CommitUnknown("the disk went away before the commit")
        answers = super().commit(batch)
        if how == "written":
            raise CommitUnknown("the disk went away after the commit")
        return answers


class Failing:
    """A rig on a failing store."""

    def __init__(self, path: Path, random: Random) -> None:
        self.stores: list[FailingStore] = []
        self.random = random
        self.path = path
        self.rig = Durable(self._store)

    def _store(self) -> FailingStore:
        self.stores.append(FailingStore(self.path, self.random))
        return self.stores[-1]

    def keep_laws(self, ledger: Ledger) -> None:
        laws_of(Sqlite(self.path), ledger, languages={"test": FakeLanguage(self.rig.registry)})

    @property
    def store(self) -> FailingStore:
        return self.stores[-1]


@pytest.fixture
def failing(tmp_path: Path, seed: int) -> Failing:
    made = Failing(tmp_path / "runs.db", Random(seed))
    made.rig.registry.add_python("app:double", "async def main(x):\n    return x * 2\n")
    made.rig.add("app:child", child)
    made.rig.add("app:parent", parent)
    made.rig.add("app:peer", peer)
    return made


def child(x: int) -> Ops:
    yield (Op.SLEEP, 1_000_000)
    return (yield (Op.CALL, "app:double", (x,), {}))


def peer() -> Ops:
    inbox = yield (Op.INBOX,)
    message, _ = yield (Op.RECEIVE, inbox)
    yield (Op.SEND_MESSAGE, message.sender, "back", (message.value + 1,))
    return "answered"


def parent(number: int) -> Ops:
    """Use everything whose effect rides in a commit: calls, timers, children, messages to runs, a name."""
    events = yield (Op.EVENTS,)
    back = yield (Op.LISTEN, "back", False)
    go = yield (Op.LISTEN, "go", False)
    yield (Op.NAME, "register", f"parent {number}", "")
    pid = yield (Op.SPAWN, SpawnRequest("app:child", args=(number,)))
    other = yield (Op.SPAWN, SpawnRequest("app:peer"))
    yield (Op.SEND_MESSAGE, other, "there", (number,))
    answer, _ = yield (Op.RECEIVE, back)
    waited = yield (Op.EXEC, SpawnRequest("app:child", args=(10 * number,)))
    ends = {}
    for _ in range(2):
        event, _ = yield (Op.RECEIVE, events)
        assert event["kind"] == EXIT
        ends[event["from"] == pid] = event["result"]["value"]
    signal, _ = yield (Op.RECEIVE, go)
    return [answer, waited, ends[True], ends[False], signal]


def expected(number: int) -> list[Any]:
    return [number + 1, 20 * number, 2 * number, "answered", "now"]


async def persist(ask: Any) -> Any:
    """Ask until the answer is one that does not ask for another try, or that the run has ended of an earlier one."""
    is_doubtful = False
    with trio.fail_after(PATIENCE):
        while True:
            try:
                return await ask()
            except Error as error:
                if is_doubtful and error.kind in {CONFLICT, NOT_FOUND}:
                    return None
                if error.retryable is False:
                    raise
                is_doubtful |= error.retryable is None
                await trio.sleep(0.01)


async def drive(node: Node, number: int) -> Any:
    options = {"workflow.id": f"run {number}"}
    pid = await persist(lambda: node.spawn("app:parent", host=WORKFLOWS, args=[number], options=options))
    await persist(lambda: node.send(pid, "go", "now"))
    return await node.wait(pid, timeout=PATIENCE)


@pytest.mark.parametrize("share", [0.1, 0.3])
async def test_runs_end_as_if_every_commit_had_worked(failing: Failing, share: float) -> None:
    results: dict[int, Any] = {}

    async def one(node: Node, number: int) -> None:
        results[number] = await drive(node, number)

    async with failing.rig.node() as node:
        failing.store.share = share
        with trio.fail_after(2 * PATIENCE):
            async with trio.open_nursery() as nursery:
                for number in range(RUNS):
                    nursery.start_soon(one, node, number)
        failing.store.share = 0.0
        assert results == {number: expected(number) for number in range(RUNS)}
        engine = engine_of(node)
        with trio.fail_after(PATIENCE):
            while engine.open_ids:  # noqa: ASYNC110 - the children may have an end in doubt still
                await trio.sleep(0.01)
        rows = await engine.writer.read(lambda store: store.runs(RunFilter(), 1000))
        assert Counter(row.entry for row in rows if row.state == "completed") == {
            "app:parent": RUNS,
            "app:peer": RUNS,
            "app:child": 2 * RUNS,
        }
        for row in rows:
            assert await engine.writer.read(lambda store, run=row.run: store.verify(run)) == []
    assert not [notice for notice in failing.rig.notices if notice.code == "run-paused"]
    starts = {f"run {number}" for number in range(RUNS)}
    failing.keep_laws(Ledger(starts, starts, [Signal(run, "go", "now") for run in sorted(starts)]))
    assert failing.store.failed.total() > failing.store.failed[""], "no commit failed"


async def test_a_start_of_unknown_outcome_is_answered_when_it_is_known(failing: Failing) -> None:
    def waits() -> Ops:
        inbox = yield (Op.INBOX,)
        message, _ = yield (Op.RECEIVE, inbox)
        return message.value

    failing.rig.add("app:waits", waits)
    async with failing.rig.node() as node:
        store = failing.store
        store.random = Scripted("written")
        pid = await node.spawn("app:waits", host=WORKFLOWS, options={"workflow.id": "w"})
        store.random = Scripted("lost")
        with pytest.raises(Error, match="before the commit"):
            await node.spawn("app:waits", host=WORKFLOWS, options={"workflow.id": "never"})
        store.random = Scripted("written")
        with pytest.raises(Error) as perhaps:
            await node.send(pid, "go", 42)
        assert perhaps.value.retryable is None
        assert await node.wait(pid, timeout=PATIENCE) == 42
        with pytest.raises(Error) as caught:
            await node.send("{local@app:workflows|never}", "go")
        assert caught.value.kind == NOT_FOUND
    failing.keep_laws(Ledger(["w"], ["w"], [Signal("w", "go", 42)]))


async def test_what_a_turn_of_unknown_outcome_has_taken_is_not_taken_twice(failing: Failing) -> None:
    def counts() -> Ops:
        inbox = yield (Op.INBOX,)
        seen = []
        while not seen or seen[-1] != "stop":
            message, _ = yield (Op.RECEIVE, inbox)
            seen.append(message.value)
        return seen

    failing.rig.add("app:counts", counts)
    async with failing.rig.node() as node:
        pid = await node.spawn("app:counts", host=WORKFLOWS)
        for number in range(3):
            failing.store.doubtful_turns = 1
            await node.send(pid, "count", number)
            with trio.fail_after(PATIENCE):
                while failing.store.doubtful_turns:  # noqa: ASYNC110 - the store runs in a thread of its own
                    await trio.sleep(0.01)
            if number == 1:
                await persist(lambda: node.send(pid, "count", "meanwhile"))
            else:
                await until(lambda: any(info.pid == pid and info.waits for info in node.processes()))
        await node.send(pid, "count", "stop")
        assert await node.wait(pid, timeout=PATIENCE) == [0, 1, "meanwhile", 2, "stop"]
        workflow_id = pid.rpartition("|")[2].rstrip("}")
    sent = [("count", 0), ("count", 1), ("count", "meanwhile"), ("count", 2), ("count", "stop")]
    signals = [Signal(workflow_id, topic, payload) for topic, payload in sent]
    failing.keep_laws(Ledger([workflow_id], [workflow_id], signals))


class Scripted(Random):
    """Chooses one fault for the next commit and none afterwards."""

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault

    def random(self) -> float:
        return -1.0 if self.fault else 1.0

    def choice(self, _kinds: Sequence[str]) -> Any:  # type: ignore[override] # of one kind
        fault, self.fault = self.fault, ""
        return fault
