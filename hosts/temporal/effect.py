"""What a run asks for, as commands of the SDK; their answers become facts of the run.

The commands follow from the records alone, so that a replay gives the same ones. What depends on the node they run on
is asked with local activities.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from actorflow.codec import decode
from actorflow.errors import Error, not_found
from actorflow.message import child_exit
from actorflow.names import Pid, is_pid, parse_pid
from actorflow.run import event as events
from actorflow.run import identity as rules
from hosts.temporal import terms as told
from hosts.temporal.activity import CHILD, END, JOIN, STARTABLE, TELL, unwrapped
from hosts.temporal.driver import CONTINUE_ASKED, TemporalDriver
from hosts.temporal.failure import failure_from, is_missing, out_of_time, without_origin
from hosts.temporal.header import of_call
from hosts.temporal.placing import is_guarded
from hosts.workflow.driver import Record
from hosts.workflow.open_call import TIMED_OUT
from hosts.workflow.operation import is_operation
from hosts.workflow.option import option
from hosts.workflow.spawned import spawn_request
from hosts.workflow.stopping import when_given_up

if TYPE_CHECKING:
    from actorflow.ports import SpawnRequest
    from hosts.temporal.flow import Run
    from hosts.workflow.live import LiveRun
    from hosts.workflow.option import StartOptions

_SECOND: Final = 1e9
_LOCAL_TIMEOUT: Final = timedelta(seconds=60)
_TRIES: Final = 5
"""How often a run that holds the id of a child is ended: somebody may start one after the other."""
_FOR_EVER: Final = timedelta(days=3650)
_BEAT: Final = timedelta(seconds=60)
_SILENT: Final = timedelta(seconds=30)
"""How long an attempt of a worker of ours, which gives a sign of life each second, may be silent: then it is lost.

With its worker, or with the answer of a busy server that should have brought it.
"""
_ONCE: Final = RetryPolicy(maximum_attempts=1)


class Effects:
    """The commands of one run; `due` is when its open timers fire, in nanoseconds."""

    def __init__(self, run: Run) -> None:
        """Act for `run`."""
        self._run = run
        self._open: dict[int, Any] = {}
        self._dropped, self._stopping, self._left = set[int](), set[int](), set[int]()
        self.next_type: str | None = None
        self.due: dict[int, int] = {}

    def perform(self, live: LiveRun, record: Record) -> None:
        """Do what a record says."""
        if record.kind == events.REQUEST_DROPPED:
            self._drop(record.ref)
        elif record.kind == events.CALL_CANCELLED:
            self._stop(record.ref)
        elif record.kind == events.ATTRIBUTES_SET:
            self._attributes(live, record)
        elif record.ref in live.driver.open and (live.outcome is None or record.kind in _OUTWARD):
            act = _ACTS.get(record.kind)
            if act is not None:
                act(self, live, record)

    # ---- calls and timers --------------------------------------------------------------------------------------

    def _call(self, live: LiveRun, record: Record) -> None:
        args, options = decode(record.payload)
        worker, identity = self._run.worker, live.driver.who
        try:
            terms = worker.terms(record.target, options)
            given = told.of_call(terms, terms.options)
        except Error as error:
            self._run.put(events.FUNCTION_FAILED, record.ref, "", error.failure)
            return
        name, queue = worker.activity_of(record.target)
        if not (terms.heartbeat or name != record.target or "task_queue" in given or worker.is_missing(name)):
            given["heartbeat_timeout"] = _SILENT  # a worker of ours serves it
        if queue and "task_queue" not in given:
            given["task_queue"] = queue
        header = of_call(
            record.ref,
            identity,
            options.get("context"),
            terms.options,
            away="task_queue" in given,
            beats=bool(terms.heartbeat),
        )
        given.setdefault("activity_id", str(record.ref))
        handle = self._giving(header, lambda: workflow.start_activity(name, args=args, **given))
        self._open[record.ref] = handle
        handle.add_done_callback(partial(self._called, record, bool(terms.timeout)))

    def _called(self, record: Record, bounded: bool, handle: asyncio.Future[Any]) -> None:  # noqa: FBT001 - of a partial
        self._open.pop(record.ref, None)
        if record.ref in self._dropped or self._over():
            return
        error = _error_of(handle)
        if error is None:
            self._run.put(events.FUNCTION_COMPLETED, record.ref, "", handle.result())
            return
        failure = failure_from(error, f"call of {record.target}")
        if is_operation(record.target):
            failure = failure_from(error.__cause__ or error)
        else:
            info = workflow.info()
            where = {"_workflow_id": info.workflow_id, "_run_id": info.run_id}
            failure = replace(failure, details={**(failure.details or {}), **where})
        if bounded and (failure.details or {}).get("_retry_state") == TIMED_OUT:
            failure = out_of_time(record.target, failure)
        self._run.put(events.FUNCTION_FAILED, record.ref, "", failure)

    def _timer(self, _live: LiveRun, record: Record) -> None:
        delay = max(decode(record.payload), 0) / _SECOND
        loop = asyncio.get_running_loop()
        self._open[record.ref] = loop.call_later(delay, self._fired, record.ref)
        self.due[record.ref] = workflow.time_ns() + int(delay * _SECOND)

    def _fired(self, ref: int) -> None:
        self._open.pop(ref, None)
        self.due.pop(ref, None)
        self._run.put(events.TIMER_FIRED, ref, "", None)

    # ---- children ----------------------------------------------------------------------------------------------

    def _spawn(self, live: LiveRun, record: Record) -> None:
        self._task(record.ref, self._child(live, record))

    async def _child(self, live: LiveRun, record: Record) -> None:
        run, ref, driver = self._run, record.ref, live.driver
        assert isinstance(driver, TemporalDriver)  # noqa: S101 - every run here has one
        request, wait = spawn_request(record, live.driver.who.pid, live.driver.who.context)
        try:
            options = told.options_of(request, live.driver.notice)
            given = told.of_child(options, driver.indexed)
            placed = await self._ask(CHILD, self._placing(live, record, request, wait=wait))
        except Error as error:
            run.settle(ref, None, error.failure)
            return
        if when_given_up(request.options) == rules.CANCEL_ABANDON:
            self._left.add(ref)
        workflow_id = options.workflow_id or f"{workflow.info().workflow_id}/{ref}"
        header: dict[str, Any] = {"context": dict(request.context), "parent": live.driver.who.pid}
        if request.messages:
            header["messages"] = [[topic, list(payloads)] for topic, payloads in request.messages]
        if options.tokens:
            header["tokens"] = dict(options.tokens)
        given |= {"args": request.args, "id": workflow_id, "task_queue": placed["task_queue"]}
        try:
            handle = await self._started(placed["type"], header, given, options)
        except Exception as error:  # noqa: BLE001 - whatever the start failed with is the answer
            run.settle(ref, None, without_origin(failure_from(error, f"child {workflow_id!r}")))
            return
        self._open[ref] = handle
        if ref in self._stopping:
            handle.cancel()
        pid = str(Pid(parse_pid(live.driver.who.pid).node, placed["host"], workflow_id))
        if not wait:
            run.settle(ref, pid)
        await self._ended(ref, pid, workflow_id, handle)

    async def _started(self, name: str, header: Mapping[str, Any], given: dict[str, Any], options: StartOptions) -> Any:
        """Start a child and return its handle; where its id is held, that of a call that waits for that run."""
        begin = partial(workflow.start_child_workflow, name, **given)
        for _ in range(_TRIES):
            try:
                return await self._giving(header, begin)
            except WorkflowAlreadyStartedError:
                if options.on_conflict == rules.RETURN_EXISTING and options.reuse == rules.REUSE:
                    return self._joined(given["id"])
                if options.on_conflict != rules.REPLACE:
                    raise
                await self._ask(END, given["id"])
        return await self._giving(header, begin)

    def _joined(self, workflow_id: str) -> Any:
        """Return the handle of a call that waits for the end of a run that somebody else has started."""
        return self._giving(
            {},
            lambda: workflow.start_activity(
                JOIN, workflow_id, start_to_close_timeout=_FOR_EVER, heartbeat_timeout=_BEAT, summary=workflow_id
            ),
        )

    async def _ended(self, ref: int, pid: str, workflow_id: str, handle: Any) -> None:
        value, failure = None, None
        try:
            value = await asyncio.shield(handle)
        except asyncio.CancelledError:
            if not handle.done():
                raise
            failure = failure_from(asyncio.CancelledError())
        except Exception as error:  # noqa: BLE001 - however it ended is what its parent hears
            failure = without_origin(failure_from(error, f"child {workflow_id!r}"))
        run_id = getattr(handle, "first_execution_run_id", "") or ""
        event = child_exit(pid, workflow.time_ns(), value, failure, workflow_id, run_id)
        self._run.put(events.PROCESS_EXITED, ref, "", event)

    def _placing(self, live: LiveRun, record: Record, request: SpawnRequest, *, wait: bool) -> dict[str, Any]:
        return {
            "entry": record.target,
            "host": request.host,
            "task_queue": option(request.options, "workflow.task_queue") or "",
            "name": request.name,
            "context": decode(record.payload).get("context", {}),
            "own": dict(live.driver.who.context),
            "wait": wait,
        }

    # ---- messages, controls, names -----------------------------------------------------------------------------

    def _send(self, live: LiveRun, record: Record) -> None:
        topic, payloads = decode(record.payload)
        workflow_id = self._own_workflow(live, record.target)
        if workflow_id == workflow.info().workflow_id:
            self._run.put(events.MESSAGE_RECEIVED, 0, topic, [live.driver.who.pid, payloads])
            self._run.settle(record.ref, value=True)
        elif workflow_id:
            self._task(record.ref, self._signal(live, record, workflow_id, topic, payloads))
        else:
            self._tell(live, record, {"verb": "send", "topic": topic, "payloads": payloads})

    async def _signal(self, live: LiveRun, record: Record, workflow_id: str, topic: str, payloads: list[Any]) -> None:
        handle = workflow.get_external_workflow_handle(workflow_id)
        header = {"from": live.driver.who.pid}
        await self._outward(record, workflow_id, self._giving(header, lambda: handle.signal(topic, args=payloads)))

    def _control(self, live: LiveRun, record: Record) -> None:
        verb, detail = decode(record.payload)
        workflow_id = self._own_workflow(live, record.target)
        if workflow_id and workflow_id != workflow.info().workflow_id:
            handle = workflow.get_external_workflow_handle(workflow_id)
            self._task(record.ref, self._outward(record, workflow_id, handle.cancel()))
        else:
            self._tell(live, record, {"verb": "cancel" if workflow_id else verb, "detail": detail})

    async def _outward(self, record: Record, workflow_id: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - what the server says is the answer
            failure = failure_from(error)
            if is_missing(error):
                failure = not_found(f"process not found: no open workflow {workflow_id!r}").failure
            self._run.settle(record.ref, None, failure)
        else:
            self._run.settle(record.ref, value=True)

    def _name(self, live: LiveRun, record: Record) -> None:
        verb, pid = decode(record.payload)
        self._tell(live, record, {"verb": verb, "pid": pid})

    def _tell(self, live: LiveRun, record: Record, asked: Mapping[str, Any]) -> None:
        who = live.driver.who
        about = {**asked, "target": record.target, "sender": who.pid, "own": dict(who.context)}
        self._task(record.ref, self._asked(record.ref, TELL, about))

    async def _asked(self, ref: int, name: str, about: Any) -> None:
        try:
            self._run.settle(ref, await self._ask(name, about))
        except Error as error:
            self._run.settle(ref, None, error.failure)

    def _own_workflow(self, live: LiveRun, target: str) -> str:
        """Return the workflow id of a PID of this cluster, "" for any other destination; judged runs ask the node."""
        if not is_pid(target) or (is_guarded(live.driver.who.context) and target != live.driver.who.pid):
            return ""
        pid = parse_pid(target)
        return pid.id if pid.node == parse_pid(live.driver.who.pid).node else ""

    # ---- the rest ----------------------------------------------------------------------------------------------

    def _attributes(self, live: LiveRun, record: Record) -> None:
        """Upsert what a run says of itself."""
        given, driver = decode(record.payload), live.driver
        assert isinstance(driver, TemporalDriver)  # noqa: S101 - every run here has one
        if given["memo"]:
            workflow.upsert_memo(given["memo"])
        if given["search"]:
            workflow.upsert_search_attributes(told.updates(given["search"], driver.indexed))

    def _answered(self, _live: LiveRun, record: Record) -> None:
        self._run.answered(record)

    def _waits(self, _live: LiveRun, _record: Record) -> None:
        """Do nothing: somebody else answers it."""

    def _continuing(self, live: LiveRun, record: Record) -> None:
        self._task(record.ref, self._continue(live, record))

    async def _continue(self, live: LiveRun, record: Record) -> None:
        try:
            self.next_type = await self._ask(STARTABLE, record.target)
        except Error as error:
            failure = replace(error.failure, message=f"upgrade: {error.message}", stack="")
            self._run.settle(record.ref, None, failure)
            return
        driver: Any = live.driver
        driver.go_on(record.target, decode(record.payload))
        self._run.put(events.RUN_REPINNED, 0, "", None)  # so that the loop looks again

    def local(self, name: str, argument: Any) -> Any:
        """Begin a local call of ours and return its handle."""
        return self._giving(
            {},
            lambda: workflow.start_local_activity(
                name, argument, start_to_close_timeout=_LOCAL_TIMEOUT, retry_policy=_ONCE
            ),
        )

    async def _ask(self, name: str, argument: Any) -> Any:
        """Return the answer of a local call of ours.

        Raises:
            Error: what it refuses.
        """
        try:
            return await self.local(name, argument)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - the failures of the SDK have no narrower name
            raise Error(unwrapped(error)) from None

    def _giving(self, header: Mapping[str, Any], act: Callable[[], Any]) -> Any:
        outbound: Any = self._run.outbound
        outbound.told = header
        return act()

    def _task(self, ref: int, work: Coroutine[Any, Any, None]) -> None:
        self._open[ref] = task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(self._looked_at)

    def _looked_at(self, task: asyncio.Task[None]) -> None:
        """Let what only a fault of ours can be fail the workflow task, which is tried again."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._run.fault = error

    def _drop(self, ref: int) -> None:
        """Give up a request: its answer is ignored."""
        handle = self._open.pop(ref, None)
        self.due.pop(ref, None)
        if handle is None:
            return
        self._dropped.add(ref)
        if ref not in self._stopping | self._left:
            handle.cancel()

    def _stop(self, ref: int) -> None:
        """Cancel a call or child whose end is waited for; a child that is about to start, once it has."""
        self._stopping.add(ref)
        handle = self._open.get(ref)
        if isinstance(handle, workflow.ActivityHandle | workflow.ChildWorkflowHandle):
            handle.cancel()

    def _over(self) -> bool:
        """Tell whether the run has ended or is evicted: nobody takes facts any more."""
        live = self._run.live
        return live is None or live.outcome is not None


def _error_of(handle: asyncio.Future[Any]) -> BaseException | None:
    return asyncio.CancelledError() if handle.cancelled() else handle.exception()


_ACTS: Final[Mapping[str, Callable[[Effects, Any, Record], None]]] = {
    events.FUNCTION_CALLED: Effects._call,  # noqa: SLF001 - its own
    events.OPERATION_PERFORMED: Effects._call,  # noqa: SLF001
    events.TIMER_STARTED: Effects._timer,  # noqa: SLF001
    events.PROCESS_SPAWNED: Effects._spawn,  # noqa: SLF001
    events.MESSAGE_SENT: Effects._send,  # noqa: SLF001
    events.PROCESS_CONTROLLED: Effects._control,  # noqa: SLF001
    events.NAME_USED: Effects._name,  # noqa: SLF001
    events.UPDATE_ANSWERED: Effects._answered,  # noqa: SLF001
    events.RUN_SUSPENDED: Effects._waits,  # noqa: SLF001
    CONTINUE_ASKED: Effects._continuing,  # noqa: SLF001
}
_OUTWARD: Final = frozenset(
    {events.PROCESS_SPAWNED, events.MESSAGE_SENT, events.PROCESS_CONTROLLED, events.UPDATE_ANSWERED}
)
"""What is still done although the script has ended with it."""
