"""What people see of runs on Temporal: lists, one run, its history, its calls, and why it is where it is."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import trio
from temporalio.api.enums.v1 import EventType, PendingActivityState
from temporalio.client import WorkflowExecution, WorkflowExecutionDescription, WorkflowExecutionStatus

from actorflow.clock import instant_of
from actorflow.errors import CONFLICT, INVALID, NOT_FOUND, Error, invalid, not_found
from actorflow.names import is_pid, parse_pid
from actorflow.run import state as states
from actorflow.store.why import MESSAGE
from hosts.temporal.calls import SCHEDULED, calls_of, name_of
from hosts.temporal.event import attributes_of, event_line, source_of, values_of
from hosts.temporal.failure import failure_from
from hosts.temporal.look import WHY
from hosts.temporal.payload import VALUES
from hosts.temporal.reading import Histories
from hosts.temporal.terms import plain_attributes

if TYPE_CHECKING:
    from temporalio.api.history.v1 import HistoryEvent

    from hosts.temporal.worker import TemporalWorker

_STATES: Final = {
    WorkflowExecutionStatus.RUNNING: states.RUNNING,
    WorkflowExecutionStatus.COMPLETED: states.COMPLETED,
    WorkflowExecutionStatus.CONTINUED_AS_NEW: states.COMPLETED,
    WorkflowExecutionStatus.FAILED: states.FAILED,
    WorkflowExecutionStatus.TIMED_OUT: states.FAILED,
    WorkflowExecutionStatus.CANCELED: states.CANCELLED,
    WorkflowExecutionStatus.TERMINATED: states.CANCELLED,
}
_REASONS: Final = {
    WorkflowExecutionStatus.TERMINATED: "terminated",
    WorkflowExecutionStatus.TIMED_OUT: "its time was over",
    WorkflowExecutionStatus.CONTINUED_AS_NEW: "continued as a new run",
}
_WORDS: Final = {
    states.RUNNING: ("Running",),
    states.COMPLETED: ("Completed", "ContinuedAsNew"),
    states.FAILED: ("Failed", "TimedOut"),
    states.CANCELLED: ("Canceled", "Terminated"),
}
_RUN_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_KEPT: Final = 10_000
"""How many run ids are remembered with their workflow ids."""
_PATIENCE: Final = 2.0
"""Seconds that a worker has to say where a script stands; one whose tasks fail does not answer."""
_CHANGES: Final = ("cancel", "terminate")
_FIRST: Final = 100
"""How many events are looked at for the source that a run is pinned to; its first workflow task records it."""
_MOST: Final = 1000
"""How many events are read at a time at most."""


class View:
    """The runs of one worker's cluster."""

    def __init__(self, worker: TemporalWorker) -> None:
        """Look through the connection of `worker`."""
        self._worker = worker
        self._runs: OrderedDict[str, str] = OrderedDict()

    # ---- lists and one run -------------------------------------------------------------------------------------

    async def listed(self, which: Mapping[str, str], limit: int) -> list[dict[str, Any]]:
        """Return the newest runs of the worker's task queue that match."""
        state = which["state"]
        if state and state not in _WORDS:
            return []
        wanted = [f"TaskQueue = {_text(self._worker.queue)}"]
        if state:
            wanted.append(f"ExecutionStatus IN ({', '.join(map(_text, _WORDS[state]))})")
        if which["entry"]:
            wanted.append(f"WorkflowType = {_text(self._type(which['entry']))}")
        if which["prefix"]:
            wanted.append(f"WorkflowId STARTS_WITH {_text(which['prefix'])}")
        found: list[dict[str, Any]] = await self._run(partial(self._listed, " AND ".join(wanted), limit))
        return found

    async def _listed(self, query: str, limit: int) -> list[dict[str, Any]]:
        listed = self._worker.connection.client.list_workflows(query, limit=limit)
        return [self._line(found) async for found in listed]

    def _line(self, found: WorkflowExecution) -> dict[str, Any]:
        status = found.status or WorkflowExecutionStatus.RUNNING
        return {
            "pid": self._worker.pid_of(found.id),
            "workflow_id": found.id,
            "run_id": found.run_id,
            "entry": self._worker.entry_of(found.workflow_type, "workflow"),
            "host": self._worker.id,
            "state": _STATES[status],
            "reason": _REASONS.get(status, ""),
            "created": _nanoseconds(found.start_time),
            "updated": _nanoseconds(found.close_time or found.execution_time or found.start_time),
        }

    async def line(self, reference: str) -> dict[str, Any]:
        """Return a run as the lists have it; raises `Error` NotFound."""
        return self._line(await self._described(reference))

    async def shown(self, reference: str) -> dict[str, Any]:
        """Return a run: its state, arguments, result, memo, search attributes, and when it was in which state."""
        found = await self._described(reference)
        ended = found.close_time is not None
        events = await self._reading.read(found, lambda event: event.event_id >= _FIRST, page=_FIRST)
        line, first, last = self._line(found), attributes_of(events[0]), events[-1]
        if ended:
            last = (await self._reading.read(found, lambda _event: True, newest_first=True, page=1))[0]
        changes = [{"state": states.CREATED, "at": line["created"], "reason": "", "by": ""}]
        if ended:
            changes.append({"state": line["state"], "at": line["updated"], "reason": line["reason"], "by": ""})
        return {
            **line,
            "args": values_of(first.input),
            "attempt": first.attempt,
            "summary": "",
            "details": "",
            "priority": 0,
            "memo": dict(await self._run(found.memo)),
            "search_attributes": plain_attributes(found.typed_search_attributes),
            "parent": self._worker.pid_of(found.parent_id) if found.parent_id else None,
            "continued_from": first.continued_execution_run_id or None,
            "continued_as": getattr(attributes_of(last), "new_execution_run_id", "") or None,
            "bundle_hash": source_of(events),
            "events": found.history_length,
            "history_length": found.history_length,
            "history_size": found.raw_description.workflow_execution_info.history_size_bytes,
            "revision": found.history_length,
            "waits": [] if ended else (await self.explained(reference))["reasons"],
            **self._ending(last, ended=ended),
            "tokens": [],
            "states": changes,
        }

    def _ending(self, last: HistoryEvent, *, ended: bool) -> dict[str, Any]:
        if not ended:
            return {"result": None, "error": None}
        told: Any = attributes_of(last)
        if last.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
            values = values_of(told.result)
            return {"result": values[0] if values else None, "error": None}
        failure = getattr(told, "failure", None)
        if failure is None:
            return {"result": None, "error": None}
        error = VALUES.failure_converter.from_failure(failure, VALUES.payload_converter)
        return {"result": None, "error": failure_from(error)}

    async def explained(self, reference: str) -> dict[str, Any]:
        """Return why a run is where it is: its calls and children that are open, and where its tasks stand."""
        found = await self._described(reference)
        line = self._line(found)
        if found.close_time is not None:
            return {**line, "reasons": [f"{line['state']}: nothing will happen any more"]}
        raw = found.raw_description
        calls = [_call(pending) for pending in raw.pending_activities]
        children = [f"child {child.workflow_id!r} ({child.workflow_type_name})" for child in raw.pending_children]
        task = raw.pending_workflow_task
        known: Mapping[str, Any] | None = None
        first: list[str] = []
        if task.attempt > 1:
            first = [f"its workflow task has failed {task.attempt - 1} times: {await self._failed(found)}"]
        elif not self._worker.serves:
            first = ["no worker of this node serves it"]
        else:
            known = await self._known(reference)
        due = await self._reading.timers(found) if known is None else known["timers"]
        timers = [f"timer due at {instant_of(at)}" for at in due]
        reasons = [*first, *calls, *timers, *children, *(known["waits"] if known is not None else [])]
        return {**line, "reasons": reasons or [MESSAGE]}

    async def _known(self, reference: str) -> Mapping[str, Any] | None:
        """Return where the tasks of the script stand and its open timers, None when no worker answers in time.

        Whoever runs it knows: its history is not read for that.
        """
        try:
            with trio.move_on_after(_PATIENCE):
                answer = await self._worker.dealing.query(reference, WHY, ())
                return answer if isinstance(answer, dict) else None
        except Error:
            pass
        return None

    async def _failed(self, found: WorkflowExecutionDescription) -> str:
        """Return what the newest workflow task has failed with."""
        event = await self._reading.newest(found, EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED)
        return "no reason was given" if event is None else event.workflow_task_failed_event_attributes.failure.message

    # ---- histories ---------------------------------------------------------------------------------------------

    async def history(self, reference: str, after: int, limit: int) -> list[dict[str, Any]]:
        """Return the events of a history after a position, in Temporal's own words."""
        found = await self._described(reference)
        last = after + limit
        events = await self._reading.read(found, lambda event: event.event_id >= last, page=min(last, _MOST))
        return [event_line(event) for event in events if event.event_id > after]

    async def called(self, reference: str, limit: int) -> list[dict[str, Any]]:
        """Return the newest calls of a run, in the order in which they were asked for."""
        found = await self._described(reference)
        left = iter(range(limit - 1, -1, -1))

        def enough(event: HistoryEvent) -> bool:
            return name_of(event) == SCHEDULED and not next(left)

        events = await self._reading.read(found, enough, newest_first=True)
        return calls_of(reversed(events), found, lambda name: self._worker.entry_of(name, "activity"))

    async def chain(self, reference: str, after: int) -> list[dict[str, Any]]:
        """Return the runs of a workflow id, oldest first."""
        if after:
            return []
        found = await self._described(reference)
        query = f"WorkflowId = {_text(found.id)}"
        lines: list[dict[str, Any]] = await self._run(partial(self._listed, query, 1000))
        return [{**line, "run": place} for place, line in enumerate(reversed(lines), 1)]

    async def changed(self, verb: str, reference: str, reason: str) -> dict[str, Any]:
        """Cancel or terminate a run; Temporal has nothing for the other verbs."""
        if verb not in _CHANGES:
            raise invalid(f"run {verb} is not available on a temporal.worker: it has {' and '.join(_CHANGES)}")
        found = await self._described(reference)
        line = self._line(found)
        if found.close_time is not None:
            text = f"run {found.id!r} is {line['state']}: it cannot be asked to {verb} any more"
            raise Error(text, CONFLICT, retryable=False)
        dealing = self._worker.dealing
        await (dealing.cancel(line["pid"], "", reason) if verb == "cancel" else dealing.terminate(line["pid"], reason))
        to = line["state"] if verb == "cancel" else states.CANCELLED
        return {"pid": line["pid"], "run_id": line["run_id"], "verb": verb, "state": line["state"], "to": to}

    # ---- asking the cluster ------------------------------------------------------------------------------------

    async def _described(self, reference: str) -> WorkflowExecutionDescription:
        """Return a run by its PID, workflow id or run id.

        Raises:
            Error: kind NotFound.
        """
        workflow_id = parse_pid(reference).id if is_pid(reference) else reference
        known = self._runs.get(workflow_id)
        tries = [(known, workflow_id)] if known else [(workflow_id, None)]
        if not known and _RUN_ID.fullmatch(workflow_id):
            tries += [(line["workflow_id"], line["run_id"]) for line in await self._by_run_id(workflow_id)]
        for one, run_id in tries:
            try:
                found: WorkflowExecutionDescription = await self._run(partial(self._describe, one, run_id))
            except Error as error:
                if error.kind not in {NOT_FOUND, INVALID}:
                    raise
            else:
                self._runs[found.run_id] = found.id
                if len(self._runs) > _KEPT:
                    self._runs.popitem(last=False)
                return found
        raise not_found(f"no run {reference!r}: expected a PID, a workflow id or a run id; `actorflow runs` lists them")

    async def _describe(self, workflow_id: str, run_id: str | None) -> WorkflowExecutionDescription:
        return await self._worker.connection.client.get_workflow_handle(workflow_id, run_id=run_id).describe()

    async def _by_run_id(self, run_id: str) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = await self._run(partial(self._listed, f"RunId = {_text(run_id)}", 1))
        return lines

    async def has(self, reference: str) -> bool:
        """Tell whether the cluster has a run, by its PID, workflow id or run id."""
        try:
            await self._described(reference)
        except Error as error:
            if error.kind != NOT_FOUND:
                raise
            return False
        return True

    @property
    def _reading(self) -> Histories:
        return Histories(self._worker.connection)

    async def _run(self, work: Any) -> Any:
        return await self._worker.connection.run(work)

    def _type(self, entry: str) -> str:
        from hosts.temporal.placing import type_name  # noqa: PLC0415 - they know each other

        try:
            return type_name(self._worker.node, entry)
        except Error:
            return entry


def _call(pending: Any) -> str:
    text = f"call {pending.activity_id} of {pending.activity_type.name}: attempt {pending.attempt}"
    if pending.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED:
        return f"{text} runs since {instant_of(pending.last_started_time.ToNanoseconds())}"
    if pending.attempt > 1:
        due = instant_of(pending.scheduled_time.ToNanoseconds())
        return f"{text} at {due}, the last one failed: {pending.last_failure.message}"
    return f"{text} waits for a worker"


def _nanoseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000) * 1000


def _text(value: str) -> str:
    """Return a text as the cluster's queries write it."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
