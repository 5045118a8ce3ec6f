"""Who waits for the end of runs on a cluster: one long poll for each run that somebody monitors, links or waits for."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

import trio
from temporalio.service import RPCError, RPCStatusCode

from actorflow.errors import Error, Failure
from actorflow.names import parse_pid
from actorflow.ports import Outcome
from hosts.temporal.failure import failure_from

if TYPE_CHECKING:
    from hosts.temporal.worker import TemporalWorker

_RECENT: Final = 10_000
"""How many ends are remembered for whoever asks right after."""
_AGAIN: Final = 1.0
"""Seconds until a server that does not answer is asked again."""


class _Watch:
    """One long poll."""

    __slots__ = ("ended", "scope")

    def __init__(self) -> None:
        self.scope = trio.CancelScope()
        self.ended = trio.Event()


class Watching:
    """The runs of one worker that somebody on this node waits for."""

    def __init__(self, worker: TemporalWorker) -> None:
        """Watch nothing."""
        self._worker = worker
        self._watched: dict[str, _Watch] = {}
        self._recent: OrderedDict[str, Outcome] = OrderedDict()
        self._known: OrderedDict[str, str] = OrderedDict()
        self._absent: OrderedDict[str, None] = OrderedDict()

    def state(self, pid: str) -> bool | Outcome:
        """Return how a run ended, that there is none (False), or True: it may be open, and is watched from now on."""
        found = self._recent.get(pid)
        if found is not None:
            return found
        if pid in self._absent:
            return False
        self.watch(pid)
        return True

    def knows(self, pid: str) -> bool:
        """Tell whether a run was started or reached from here."""
        return pid in self._known or pid in self._recent

    def heard(self, pid: str, run_id: str = "") -> None:
        """Remember that there is such a run, and under which run id it was started."""
        self._absent.pop(pid, None)
        if run_id or pid not in self._known:
            self._known[pid] = run_id
        _bounded(self._known)

    async def replaced(self, pid: str, run_id: str) -> None:
        """Remember a run that was started; who watches an older one of its id hears of that one's end first."""
        if self._known.get(pid) not in {None, run_id}:
            self._recent.pop(pid, None)
            with trio.move_on_after(_AGAIN):
                while pid in self._watched:
                    await self._watched[pid].ended.wait()
            self._recent.pop(pid, None)
        self.heard(pid, run_id)

    def absent(self, pid: str) -> None:
        """Remember that the cluster has no such run now."""
        self._known.pop(pid, None)
        self._absent[pid] = None
        _bounded(self._absent)

    def watch(self, pid: str) -> None:
        """Watch a run until it ends."""
        if pid not in self._watched:
            self._watched[pid] = watch = _Watch()
            self._worker.node.nursery.start_soon(self._watch, pid, watch)

    def stop(self) -> None:
        """Watch nothing any more."""
        for watch in self._watched.values():
            watch.scope.cancel()
        self._watched.clear()

    async def _watch(self, pid: str, watch: _Watch) -> None:
        try:
            with watch.scope:
                outcome = await self._outcome(pid, self._known.get(pid, ""))
                self._watched.pop(pid, None)
                self._recent[pid] = outcome
                _bounded(self._recent)
                self._worker.node.exited(pid, outcome, durable=True)
        finally:
            watch.ended.set()

    async def _outcome(self, pid: str, run_id: str) -> Outcome:
        workflow_id = parse_pid(pid).id
        while True:
            try:
                outcome: Outcome = await self._worker.connection.run(lambda: self._result(workflow_id, run_id))
            except Error:
                await trio.sleep(_AGAIN)
            else:
                return outcome

    async def _result(self, workflow_id: str, run_id: str) -> Outcome:
        handle: Any = self._worker.connection.client.get_workflow_handle(workflow_id, run_id=run_id or None)
        try:
            return Outcome(await handle.result())
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            return Outcome(failure=_missing(workflow_id))
        except Exception as error:  # noqa: BLE001 - how a run ended is no failure of asking
            return Outcome(failure=failure_from(error))


def _missing(workflow_id: str) -> Failure:
    return Failure(f"process not found: no workflow {workflow_id!r}", "NotFound", retryable=False)


def _bounded(table: OrderedDict[str, Any]) -> None:
    """Forget what was put there first when there is too much."""
    if len(table) > _RECENT:
        table.popitem(last=False)
