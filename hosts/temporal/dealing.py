"""What the node asks of the cluster: starts, signals, cancels, queries and updates, each awaited in its own task."""

from __future__ import annotations

import re
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import trio
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle, WorkflowUpdateFailedError, WorkflowUpdateStage
from temporalio.common import WorkflowIDConflictPolicy

from actorflow.errors import NOT_FOUND, Error, invalid, not_found
from actorflow.message import Message
from actorflow.names import Pid, is_pid, parse_pid
from actorflow.ports import SpawnRequest, Started
from actorflow.value import copy_value
from hosts.temporal import terms
from hosts.temporal.failure import failure_from
from hosts.temporal.flow import CANCEL, WAKE
from hosts.temporal.header import give
from hosts.temporal.look import NOT_BEGUN
from hosts.temporal.placing import bundle_of, type_name
from hosts.workflow.option import StartOptions, option
from hosts.workflow.update import ACCEPTED, COMPLETED, checked_id

if TYPE_CHECKING:
    from actorflow.value import Value
    from hosts.temporal.worker import TemporalWorker

_KIND: Final = re.compile(r"\[(\w+)\] (.*)", re.DOTALL)
_AGAIN: Final = 0.05
"""Seconds until a run is asked again that has not begun."""
_OVER: Final = "workflow execution already completed"


class Dealing:
    """What one worker's node asks of its cluster."""

    def __init__(self, worker: TemporalWorker) -> None:
        """Ask through the connection of `worker`."""
        self._worker = worker

    # ---- starts ------------------------------------------------------------------------------------------------

    async def spawn(self, request: SpawnRequest) -> Started:
        """Start a run, with its first messages.

        Raises:
            Error: NotFound or Invalid, when the entry cannot be started or an option is wrong; AlreadyExists.
        """
        worker = self._worker
        options = terms.options_of(request, worker.node.notices)
        worker.compiled(bundle_of(worker.node, request.entry))
        found = self._queue(request)
        if not found["foreign"]:
            worker.check_served(request.entry, found["host"])
        workflow_id = options.workflow_id or str(uuid.uuid4())
        run = partial(self._start, request, options, workflow_id, found["task_queue"])
        handle = await worker.connection.run(run, f"start of {request.entry}")
        pid = str(Pid(worker.config.client, found["host"], workflow_id))
        await worker.watching.replaced(pid, handle.result_run_id or "")
        return Started(pid, None, "started", handle.result_run_id or "")

    def _queue(self, request: SpawnRequest) -> dict[str, Any]:
        asked = {"task_queue": option(request.options, "workflow.task_queue") or "", "host": ""}
        found: dict[str, Any] = self._worker.placing.queue_of(asked)
        return found

    async def _start(
        self, request: SpawnRequest, options: StartOptions, workflow_id: str, queue: str
    ) -> WorkflowHandle[Any, Any]:
        header: dict[str, Any] = {"context": copy_value(dict(request.context)), "parent": request.parent}
        header["from"] = request.parent
        if options.tokens:
            header["tokens"] = dict(options.tokens)
        conflict, messages = terms.conflict(options), list(request.messages)
        given = terms.of_client(options, request, await self._worker.connection.known(options.search))
        if messages and (not options.workflow_id or conflict is WorkflowIDConflictPolicy.USE_EXISTING):
            topic, payloads = messages.pop(0)
            given |= {"start_signal": topic, "start_signal_args": list(payloads)}
            conflict = WorkflowIDConflictPolicy.USE_EXISTING
        elif messages:  # only a run that is started now may get them, all in one step with its start
            header["messages"] = [[topic, list(payloads)] for topic, payloads in messages]
            messages = []
        give(header)
        handle: WorkflowHandle[Any, Any] = await self._worker.connection.client.start_workflow(
            type_name(self._worker.node, request.entry),
            args=list(request.args),
            id=workflow_id,
            task_queue=queue,
            id_conflict_policy=conflict,
            **given,
        )
        give({"from": request.parent})
        for topic, payloads in messages:
            await handle.signal(topic, args=list(payloads))
        return handle

    # ---- messages and controls ---------------------------------------------------------------------------------

    async def send(self, pid: str, message: Message) -> bool:
        """Signal a run.

        Raises:
            Error: kind NotFound, when there is no open one.
        """

        async def signal() -> None:
            give({"from": message.sender})
            await self._handle(pid).signal(message.topic, args=list(message.payloads))

        await self._reach(pid, signal)
        return True

    async def cancel(self, pid: str, sender: str, reason: str) -> bool:
        """Ask a run to stop."""

        async def cancel() -> None:
            handle = self._handle(pid)
            found = await handle.describe()
            if found.status != WorkflowExecutionStatus.RUNNING:
                raise not_found(f"process not found: no open workflow {handle.id!r}")
            if found.raw_description.workflow_extended_info.cancel_requested:
                give({"from": sender})
                await handle.signal(CANCEL, reason)
            else:
                await handle.cancel(reason=reason)

        await self._reach(pid, cancel)
        return True

    async def terminate(self, pid: str, reason: str = "") -> bool:
        """End a run."""
        await self._reach(pid, lambda: self._handle(pid).terminate(reason=reason or None))
        self._worker.forget(parse_pid(pid).id)
        return True

    async def _reach(self, pid: str, work: Any) -> None:
        workflow_id = parse_pid(pid).id
        try:
            await self._worker.connection.run(work, f"workflow {workflow_id!r}")
        except Error as error:
            if error.kind == NOT_FOUND or _OVER in error.message:
                raise not_found(f"process not found: no open workflow {workflow_id!r}") from None
            raise
        self._worker.watching.heard(pid)

    def _handle(self, reference: str) -> WorkflowHandle[Any, Any]:
        workflow_id = parse_pid(reference).id if is_pid(reference) else reference
        return self._worker.connection.client.get_workflow_handle(workflow_id)

    # ---- questions ---------------------------------------------------------------------------------------------

    async def find(self, pid: str) -> None:
        """Find out whether the cluster has a run, for `watching`."""
        if await self._worker.view.has(pid):
            self._worker.watching.heard(pid)
        else:
            self._worker.watching.absent(pid)

    async def query(self, reference: str, name: str, args: tuple[Value, ...]) -> Value:
        """Ask a run something."""

        async def ask() -> Any:
            return await self._handle(reference).query(name, args=list(args))

        while True:  # whoever asks has a time-out
            try:
                return await self._worker.connection.run(ask, f"query {name!r}")
            except Error as error:
                if NOT_BEGUN not in error.message:
                    raise _application(error) from None
            await trio.sleep(_AGAIN)

    async def update(self, reference: str, name: str, args: tuple[Value, ...], update_id: str, wait_for: str) -> Value:
        """Update a run and return its answer, or with `wait_for` accepted the id once it has accepted."""
        if wait_for not in {ACCEPTED, COMPLETED}:
            raise invalid(f"update: got wait_for {wait_for!r}, expected {ACCEPTED!r} or {COMPLETED!r}")
        known = checked_id(update_id)

        async def ask() -> Any:
            handle = self._handle(reference)
            try:
                if wait_for == ACCEPTED:
                    stage = WorkflowUpdateStage.ACCEPTED
                    await handle.start_update(name, args=list(args), id=known, wait_for_stage=stage)
                    return known
                return await handle.execute_update(name, args=list(args), id=known)
            except WorkflowUpdateFailedError as error:
                raise Error(failure_from(error.cause)) from None

        return await self._worker.connection.run(ask, f"update {name!r}")

    async def wake(self, reference: str, data: Value) -> None:
        """Let a suspended run go on."""
        await self.update(reference, WAKE, (data,), "", COMPLETED)


def _application(error: Error) -> Error:
    """Return the error of a query with the kind that its message begins with: Temporal keeps only the message."""
    found = _KIND.match(error.message)
    return error if found is None else Error(found[2], found[1], retryable=False)
