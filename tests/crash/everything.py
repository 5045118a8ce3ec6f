"""One life of a node on the workflow that uses everything: each thing is asked from outside until it is acknowledged."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import trio

from actorflow import app
from actorflow.errors import ALREADY_EXISTS, CONFLICT, NOT_FOUND, Error
from actorflow.node.hook import AnyHook
from actorflow.node.node import Node
from actorflow.node.schedule import AnySchedule
from actorflow.notice import Notice
from actorflow.run import event as events
from actorflow.run import state as states
from actorflow.store import view
from actorflow.store.port import RunFilter
from actorflow.store.stores import Stores
from tests.crash.living import Report, known_runs, read_report

REGISTRY: Final = Path(__file__).with_name("registry_everything")
HOST: Final = "app:flows"
PATIENCE: Final = 30
NIGHTS: Final = (1_772_323_200_000_000_000, 1_772_323_200_000_000_000 + 2 * 86_400_000_000_000 - 1)
"""From the first of March 2026 two days: two slots of the schedule."""
FEWEST: Final = 20
"""Commits that no life does without: what it asks for one after another, each when the one before is acknowledged.

Three starts, three numbers, a pause, a cancel, two updates, an approval, what wakes the run, a resume, what lets it go on,
a retry, what lets a child go, a fork, the end of its data, and two slots of a schedule.
"""


def pid_of(workflow_id: str) -> str:
    return f"{{local@{HOST}|{workflow_id}}}"


class Life:
    """One life of the runs of one language; what earlier ones have said is done is not done again."""

    def __init__(self, node: Node, stores: Stores, place: Path, language: str) -> None:
        self.node = node
        self.stores = stores
        self.place = place
        self.language = language
        self.run = f"all-{language}"
        self.report = Report(place / "report.jsonl")
        self.said = {(line[0], line[1]) for line in read_report(place)}

    async def live(self, known: set[str]) -> None:
        for name, args in (
            ("everything", [self.run, self.language]),
            ("after", [f"after-{self.language}", self.language]),
            ("booking", [f"stop-{self.language}", ""]),
        ):
            workflow_id = args[0]
            if workflow_id not in known:
                options = {"workflow.id": workflow_id}
                entry = f"app:{name}_{self.language}"
                await self.node.spawn(entry, host=HOST, args=args, options=options)
                self.report.say("start", workflow_id)
        await self._signals()
        await self._answers()
        await self._ways_on()
        await self._end()
        await self._fork()
        await self._schedule()

    # ---- one after another -------------------------------------------------------------------------------------

    async def _signals(self) -> None:
        """Three numbers in order, the second to a paused run; a query and a cancelled run meanwhile."""
        await self._send(1)
        if not await self._been("hold on"):
            await self._verb("pause", "hold on")
        await self._send(2)
        await self._resumed("hold on")
        await self._send(3)
        if ("said", f"stop {self.run}") not in self.said:
            await self._asleep(f"stop-{self.language}")
            await self._asked(lambda: self.node.cancel(pid_of(f"stop-{self.language}"), "enough"), NOT_FOUND)
            self.report.say("said", f"stop {self.run}")

    async def _asleep(self, run: str) -> None:
        """Wait until a run has come to its timer: one that is cancelled before it has done everything has less to undo."""
        with trio.fail_after(PATIENCE):
            while True:
                lines = await self.stores.about(run, lambda reader: view.history(reader, run))
                if any(line["kind"] == events.TIMER_STARTED for line in lines):
                    return
                await trio.sleep(0.005)

    async def _send(self, number: int) -> None:
        if ("signal", f"{self.run} {number}") not in self.said:
            await self._asked(lambda: self.node.send(pid_of(self.run), "number", number), NOT_FOUND)
            self.report.say("signal", f"{self.run} {number}")

    async def _answers(self) -> None:
        """Updates, a query and an approval: each may be asked again. Its second run knows of none of them."""
        for name, number in (("first", 1), ("second", 2)):
            if ("said", f"{self.run} {name}") not in self.said:
                value = await self._ask_again(partial(self.node.update, self.run, "add", number, id=name))
                self.report.say("result", f"{self.run} {name}", value)
                self.report.say("said", f"{self.run} {name}")
        if ("said", f"{self.run} query") not in self.said:
            if len(await self._chain()) == 1:
                self.report.say("result", f"{self.run} query", await self.node.query(self.run, "total"))
            self.report.say("said", f"{self.run} query")
        if ("said", f"{self.run} approve") not in self.said:
            await self._asked(lambda: self.node.approve(self.run, "refund", 7, by="ann"), CONFLICT, NOT_FOUND)
            self.report.say("said", f"{self.run} approve")

    async def _ask_again(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        """Ask a run until it can answer: it has not come to what answers, or it is being read."""
        with trio.fail_after(PATIENCE):
            while True:
                try:
                    return await ask()
                except Error as error:
                    if error.kind not in {NOT_FOUND, CONFLICT}:
                        raise
                await trio.sleep(0.005)

    async def _ways_on(self) -> None:
        """Wake it, resume it, and tell it to go on."""
        with trio.fail_after(PATIENCE):
            while not await self._been("look inside"):
                try:
                    await self.node.wake(self.run, {"by": "us"})
                except Error as error:
                    if error.kind not in {CONFLICT, NOT_FOUND}:
                        raise
                await trio.sleep(0.005)
        await self._resumed("look inside")
        if ("said", f"{self.run} go") not in self.said:
            await self._asked(lambda: self.node.send(pid_of(self.run), "go", "on"), NOT_FOUND)
            self.report.say("said", f"{self.run} go")

    async def _end(self) -> None:
        await self._state(states.FAILED)
        (self.place / f"stock {self.run}").touch()
        if (await self._row())["state"] == states.FAILED:
            await self._verb("retry", "there is stock")
        await self._state(states.COMPLETED)
        abandoned = f"abandon of {self.run}"
        if ("said", abandoned) not in self.said:
            await self._asked(lambda: self.node.send(pid_of(abandoned), "go"), NOT_FOUND)
            self.report.say("said", abandoned)
        left = [f"{policy} of {self.run}" for policy in ("terminate", "request_cancel", "abandon")]
        for run in (self.run, *left, f"after-{self.language}", f"stop-{self.language}"):
            self.report.say("result", run, await self._result(run))

    async def _fork(self) -> None:
        fork = f"fork of {self.run}"
        if (states.DELETE_REQUESTED) in await self._past(fork):
            return
        if not await self._past(fork):
            await self.node.fork(self.run, since="last", results={"app:stock": "plenty"}, workflow_id=fork)
        self.report.say("result", fork, await self._result(fork))
        await self._asked(lambda: self.node.runs.change("delete-data", fork), CONFLICT)
        with trio.fail_after(PATIENCE):
            while states.DATA_DELETED not in await self._past(fork):  # noqa: ASYNC110 - the store is what is looked at
                await trio.sleep(0.005)

    async def _schedule(self) -> None:
        schedule = next(found for found in self._running(AnySchedule) if found.id == f"app:schedule_{self.language}")
        await schedule.backfill(*NIGHTS)
        with trio.fail_after(PATIENCE):
            while True:
                rows = await self._runs(f"app:nightly_{self.language}")
                if [row["state"] for row in rows] == ["completed"] * 2:
                    return
                await trio.sleep(0.005)

    def _running(self, kind: Any) -> list[Any]:
        return list(self.node.running.all(kind))

    # ---- looking -----------------------------------------------------------------------------------------------

    async def _runs(self, entry: str) -> list[dict[str, Any]]:
        which = RunFilter(entry=entry)
        lists = await self.stores.each(lambda reader: [view.line(row) for row in reader.runs(which, 10)])
        return [line for lines in lists for line in lines]

    async def _row(self) -> Mapping[str, Any]:
        row: dict[str, Any] = await self.stores.about(self.run, lambda reader: view.show(reader, self.run))
        return row

    async def _chain(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.stores.about(self.run, lambda reader: view.chain(reader, self.run))
        return found

    async def _past(self, run: str) -> list[str]:
        try:
            row = await self.stores.about(run, lambda reader: view.show(reader, run))
        except Error:
            return []
        return [change["state"] for change in row["states"]]

    async def _been(self, reason: str) -> bool:
        """Tell whether the run has been paused for a reason."""
        for link in await self._chain():
            row = await self.stores.about(link["run_id"], lambda reader, id_=link["run_id"]: view.show(reader, id_))
            if any(change["state"] == states.PAUSED and reason in change["reason"] for change in row["states"]):
                return True
        return False

    async def _resumed(self, reason: str) -> None:
        row = await self._row()
        if row["state"] == states.PAUSED and any(reason in wait for wait in [row["reason"], *row["waits"]]):
            await self._verb("resume", "go on")

    async def _state(self, state: str) -> None:
        with trio.fail_after(PATIENCE):
            while state not in await self._past(self.run):  # noqa: ASYNC110 - the store is what is looked at
                await trio.sleep(0.005)

    async def _result(self, run: str) -> Any:
        try:
            return await self.node.wait(pid_of(run), timeout=PATIENCE)
        except Error as error:
            return error.kind

    # ---- asking ------------------------------------------------------------------------------------------------

    async def _verb(self, verb: str, reason: str) -> None:
        """Ask for a change; a retry is refused as long as the run that waited for the lock key holds it."""
        with trio.fail_after(PATIENCE):
            while True:
                try:
                    await self._asked(lambda: self.node.runs.change(verb, self.run, reason=reason), CONFLICT)
                except Error as error:
                    if error.kind != ALREADY_EXISTS:
                        raise
                    await trio.sleep(0.005)
                else:
                    return

    async def _asked(self, ask: Callable[[], Awaitable[Any]], *fine: str) -> None:
        """Ask; kinds of errors say that an earlier life has done it, and could not say so any more."""
        try:
            await ask()
        except Error as error:
            if error.kind not in fine:
                raise


async def _told(node: Node) -> None:
    """Wait until the hook has told of everything."""
    hooks: list[Any] = list(node.running.all(AnyHook))  # type: ignore[type-abstract]
    with trio.fail_after(PATIENCE):
        for hook in hooks:
            while (line := await hook.hook_line())["behind"] or line["waiting"]:  # noqa: ASYNC110 - nobody tells
                await trio.sleep(0.005)


async def live(place: Path) -> None:
    """Live once in `place`, whose name ends in `-` and the language."""
    report = Report(place / "report.jsonl")

    def noticed(notice: Notice) -> None:
        report.say("notice", notice.code, notice.text)

    async with app.boot(REGISTRY, data=place / "data", notices=noticed) as booted:
        known = {name for names in await booted.stores.each(known_runs) for name in names}
        for name in sorted(known):
            report.say("known", name)
        language = place.name.rpartition("-")[2]
        await Life(booted.node, booted.stores, place, language).live(known)
        await _told(booted.node)
        engine: Any = booted.node.hosts[HOST].engine  # type: ignore[attr-defined]
        commits, left = engine.writer.commits, len(engine.calls)
    report.say("commits", "", commits)
    report.say("left", "", left)
