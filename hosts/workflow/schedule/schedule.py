"""The resource of a `workflow.schedule` entry: a task that sleeps until a slot is due and starts its run.

A slot's run has a run id that follows from the schedule and the slot, so that a slot which is dealt with twice (after
a crash between the start and the note of it, or by two nodes at once) is one run.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import trio

from actorflow.duration import SECOND, format_duration
from actorflow.errors import CONFLICT, NOT_FOUND, Error, invalid
from actorflow.names import parse_id
from actorflow.node.waiting import Answer
from actorflow.ports import SpawnRequest
from actorflow.registry.kinds.workflow_schedule import WorkflowSchedule
from actorflow.run.schedule import BATCH, CANCEL_PREVIOUS, QUEUE, Slots
from actorflow.run.shard import SCHEDULES
from hosts.workflow.host import WorkflowHost
from hosts.workflow.schedule.state import KIND, ScheduleState, state_of

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from actorflow.value import Value

_SLOTS: Final = uuid.UUID("5a3f1d52-4a0e-5d7c-8f52-1f0c8e7d6b90")
_LONGEST_SLEEP: Final = 60.0
"""Wake at least this often (seconds): a wall clock may be set while we sleep."""
_RETRY_AFTER: Final = 1.0
_RETRY_MOST: Final = 60.0


class Schedule:
    """A `workflow.schedule` at work (`node.schedule.AnySchedule`)."""

    def __init__(self, id: str, config: WorkflowSchedule, node: Node) -> None:  # noqa: A002 - the signature of every resource
        """Make a schedule that starts nothing yet."""
        self.id = id
        self._config = config
        self._node = node
        self._times = config.times()
        self._slots = Slots(self._times.after, config.jitter, id)
        self._scope = trio.CancelScope()
        self._ended = trio.Event()
        self._changed = trio.Event()
        self._turn = trio.Lock()

    # ---- the service -------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to start runs.

        Raises:
            Error: when its host does not serve, or the target is not there or broken.
        """
        self._node.registry.entry(self._config.target).require()
        await self._state()
        self._node.nursery.start_soon(self._serve)

    async def stop(self, grace: float) -> None:  # noqa: ARG002 - nothing of it takes long
        """Start nothing more; the runs go on."""
        self._scope.cancel()
        await self._ended.wait()

    async def _serve(self) -> None:
        delay = _RETRY_AFTER
        try:
            with self._scope:
                while True:
                    try:
                        wait = _RETRY_AFTER
                        with self._host.leading(SCHEDULES) as leads:
                            wait = await self._step() if leads else _RETRY_AFTER
                        delay = _RETRY_AFTER
                    except Error as error:
                        self._node.log("warn", f"schedule {self.id}: {error.message}", {"schedule": self.id})
                        wait, delay = delay, min(2 * delay, _RETRY_MOST)
                    with trio.move_on_after(wait):
                        await self._changed.wait()
        finally:
            self._ended.set()

    async def _step(self) -> float:
        """Deal with what is due, and return the seconds until something else is."""
        self._changed = trio.Event()
        async with self._turn:
            state = await self._state()
            if state.paused:
                return _LONGEST_SLEEP
            now = self._host.engine.clock.now()
            due = self._slots.due(state.slot, now, self._config.catch_up)
            for slot in due.slots:
                state = await self._write(state.begun(slot, await self._begin(slot)))
            following = self._slots.next_start(max(state.slot, due.until))
        if following is None:
            return _LONGEST_SLEEP
        return min(max((following - self._host.engine.clock.now()) / SECOND, 0.0), _LONGEST_SLEEP)

    # ---- what is kept ------------------------------------------------------------------------------------------

    @property
    def _host(self) -> WorkflowHost:
        host = self._node.hosts.get(self._config.host)
        if not isinstance(host, WorkflowHost):
            raise invalid(f"{self.id}: host {self._config.host!r} is no workflow.host that runs here")
        return host

    async def _state(self) -> ScheduleState:
        """Return the stored state; one of other times, or none, is begun at the present."""
        times = f"{self._times.text} {self._times.zone}"
        row = await self._host.engine.writer.read(lambda store: store.document(KIND, self.id))
        state = None if row is None else state_of(row)
        if state is not None and state.times == times:
            return state
        now = self._host.engine.clock.now()
        if state is None:
            try:
                return await self._write(ScheduleState(times, now, paused=self._config.paused))
            except Error as error:
                if error.kind != CONFLICT:
                    raise
            return await self._state()  # another node has begun it at the same moment
        return await self._write(replace(state, times=times, slot=now))

    async def _write(self, state: ScheduleState) -> ScheduleState:
        answer = await self._host.engine.writer.write(state.document(self.id))
        if not answer.accepted:
            raise Error(f"another node has dealt with schedule {self.id}", "Conflict", retryable=True)
        return replace(state, revision=answer.revision)

    # ---- starting ----------------------------------------------------------------------------------------------

    async def _begin(self, slot: int) -> str:
        """Start the run of a slot and return its PID, or "" when overlap or the filter kept it back."""
        if self._config.filter is not None and await self._filtered(slot):
            return ""
        return await self._spawn(str(uuid.uuid5(_SLOTS, f"{self.id}/{slot}")), slot)

    async def _filtered(self, slot: int) -> bool:
        keep = await self._node.call(str(self._config.filter), [{"schedule": self.id, "slot": _instant(slot)}])
        return keep is False

    async def _spawn(self, run_id: str, slot: int) -> str:
        host, config = self._host, self._config
        workflow_id, conflict = config.key or self.id, config.overlap
        if conflict == CANCEL_PREVIOUS:
            await self._cancel(host.pid_of(workflow_id))
            conflict = QUEUE
        options: dict[str, Any] = dict(config.options)
        options |= {"workflow.id": workflow_id, "workflow.on_conflict": conflict}
        context = self._node.guard.context_of(config.lifecycle.security, parse_id(self.id).namespace)
        context = {**context, "schedule": {"id": self.id, "slot": _instant(slot)}}
        request = SpawnRequest(config.target, config.host, tuple(config.input), context=context, options=options)
        answer: Answer[str] = Answer()
        host.engine.admission.spawn(host, request, run_id, answer)
        pid = await answer.wait()
        row = await host.engine.writer.read(lambda store: store.find(run_id))
        return "" if row is None else host.pid_of(row.workflow_id) or pid

    async def _cancel(self, pid: str) -> None:
        try:
            await self._node.cancel(pid, f"schedule {self.id}: the next run is due")
        except Error as error:
            if error.kind != NOT_FOUND:
                raise

    # ---- AnySchedule -------------------------------------------------------------------------------------------

    async def line(self) -> dict[str, Value]:
        """Return how it stands."""
        state = await self._state()
        following = None if state.paused else self._slots.next_start(max(state.slot, self._host.engine.clock.now()))
        return {
            "id": self.id,
            "target": self._config.target,
            "host": self._config.host,
            "times": self._shown_times(),
            "paused": state.paused,
            "reason": state.reason,
            "by": state.by,
            "next_start": following,
            "last": state.last or None,
            "starts": state.started,
            "skips": state.skipped,
        }

    def _shown_times(self) -> str:
        """Return its times as people write them; the stored text of an interval has nanoseconds."""
        every = self._config.every
        return f"{f'@every {format_duration(every)}' if every else self._times.text} {self._times.zone}"

    async def pause(self, reason: str, by: str) -> None:
        """Start nothing from now on."""
        await self._change(lambda state: replace(state, paused=True, reason=reason, by=by))

    async def resume(self, by: str) -> None:
        """Start again with the next slot."""
        now = self._host.engine.clock.now()
        await self._change(lambda state: replace(state, paused=False, reason="", by=by, slot=max(state.slot, now)))

    async def trigger(self) -> str:
        """Start a run now."""
        now = self._host.engine.clock.now()
        pid = await self._spawn(str(uuid.uuid4()), now)
        await self._change(partial(_counted, pid=pid))
        return pid

    async def backfill(self, begin: int, end: int) -> Sequence[str]:
        """Start the runs of slots in a window that have none yet.

        Raises:
            Error: kind Invalid, when the window is empty or holds more slots than are started at once.
        """
        pids = []
        for slot in self._window(begin, end):
            run_id = str(uuid.uuid5(_SLOTS, f"{self.id}/{slot}"))
            known = await self._host.engine.writer.read(partial(_has_run, run_id))
            if not known and (pid := await self._spawn(run_id, slot)):
                pids.append(pid)
                await self._change(partial(_counted, pid=pid))
        return pids

    def _window(self, begin: int, end: int) -> list[int]:
        found: list[int] = []
        slot = self._times.after(begin - 1)
        while slot is not None and slot <= end:
            if len(found) >= BATCH:
                raise invalid(
                    f"{self.id}: more than {BATCH} slots from {_instant(begin)} to {_instant(end)}; give a part"
                )
            found.append(slot)
            slot = self._times.after(slot)
        if not found:
            raise invalid(f"{self.id}: no slot from {_instant(begin)} to {_instant(end)}")
        return found

    async def _change(self, change: Any) -> None:
        async with self._turn:
            await self._write(change(await self._state()))
        self._changed.set()


def _counted(state: ScheduleState, pid: str) -> ScheduleState:
    return state.begun(state.slot, pid)


def _has_run(run_id: str, store: Any) -> bool:
    return store.find(run_id) is not None


def _instant(at: int) -> str:
    return datetime.fromtimestamp(at // SECOND, UTC).isoformat().replace("+00:00", "Z")
