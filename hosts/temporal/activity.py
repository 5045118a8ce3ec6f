"""Activities: function calls of workflows, and what workflows ask of the node they run on.

One dynamic activity of Temporal answers to the name of every registered function. What starts with `actorflow.` is
asked by our own workflow code, most of it locally: the answers depend on this node and are recorded in the history.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from temporalio import activity
from temporalio.client import WorkflowFailureError
from temporalio.common import RawValue
from temporalio.service import RPCError, RPCStatusCode

from actorflow.duration import SECOND
from actorflow.errors import Error, Failure
from actorflow.node.action import call_steps
from actorflow.node.operation import Caller
from actorflow.node.router import CONTROLS
from actorflow.ports import CallRequest, Identity, Outcome, Reply
from actorflow.run.retry import DURABLE_DEFAULT, policy_of
from actorflow.value import copy_value
from hosts.temporal.failure import application_error, failure_from
from hosts.temporal.header import BEATS, REF, got
from hosts.temporal.payload import value_of
from hosts.workflow.operation import is_operation
from hosts.workflow.option import option
from hosts.workflow.start import invocation_id
from hosts.workflow.stopping import WAIT

if TYPE_CHECKING:
    from hosts.temporal.worker import TemporalWorker

SOURCE: Final = "actorflow.source"
CHILD: Final = "actorflow.child"
TELL: Final = "actorflow.tell"
END: Final = "actorflow.end"
JOIN: Final = "actorflow.join"
_BEAT: Final = 15
"""Seconds between two signs of life of who waits for another run."""
_PULSE: Final = 1.0
"""Seconds between two signs of life of an attempt."""
STARTABLE: Final = "actorflow.startable"


def activities(worker: TemporalWorker) -> list[Callable[..., Any]]:
    """Return the activities that a worker registers."""
    return [*_of_functions(worker), *_of_registry(worker), *_of_cluster(worker)]


def _of_functions(worker: TemporalWorker) -> list[Callable[..., Any]]:
    """Return what answers to the names of functions, and what does for a run what its node does for actors."""

    @activity.defn(dynamic=True)
    async def call(args: Sequence[RawValue]) -> Any:
        """Attempt a function call, or an operation."""
        return await _attempt(worker, tuple(value_of(raw.payload) for raw in args))

    @activity.defn(name=TELL)
    async def tell(asked: Any) -> Any:
        """Send a message, cancel a process, or use a name, as the node of this worker does."""
        outcome = await worker.side.ask(partial(_told, worker, asked))
        return _result(outcome)

    return [call, tell]


def _of_registry(worker: TemporalWorker) -> list[Callable[..., Any]]:
    """Return what a run asks of the registry."""

    @activity.defn(name=SOURCE)
    async def source(entry: Any) -> Any:
        """Say which source a run of this type is pinned to."""
        try:
            return await _pinned(worker, entry)
        except (Error, RPCError) as error:
            raise application_error(failure_from(error), final=True) from None

    @activity.defn(name=CHILD)
    async def child(asked: Any) -> Any:
        """Say which type a child has and which queue serves it."""
        return await _node(worker, worker.placing.placed, asked)

    @activity.defn(name=STARTABLE)
    async def startable(entry: Any) -> Any:
        """Say which type a run goes on as."""
        return await _node(worker, worker.placing.startable, entry)

    return [source, child, startable]


def _of_cluster(worker: TemporalWorker) -> list[Callable[..., Any]]:
    """Return what a run asks of the cluster, beside what workflow code may ask."""

    @activity.defn(name=END)
    async def end(workflow_id: Any) -> Any:
        """End the run that holds an id, if there is one."""
        try:
            await worker.connection.client.get_workflow_handle(workflow_id).terminate("its id is for another run")
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise

    @activity.defn(name=JOIN)
    async def join(workflow_id: Any) -> Any:
        """Wait for the end of a run and give its result, or fail as it did."""
        return await _joined(worker, str(workflow_id))

    return [end, join]


async def _pinned(worker: TemporalWorker, entry: str) -> dict[str, Any]:
    indexed = await worker.connection.known()
    pinned: dict[str, Any] = worker.sources.answered(entry) or await worker.side.call(worker.sources.pinned, entry)
    if "bundle" not in pinned:
        await worker.side.run(worker.node.nursery, worker.sources.store, pinned["hash"])
    return {**pinned, "attributes": dict(indexed)} if indexed else pinned


async def _node(worker: TemporalWorker, function: Callable[..., Any], *args: Any) -> Any:
    """Ask something in the node's thread; what it refuses is the answer of the activity."""
    try:
        return await worker.side.call(function, *args)
    except Error as error:
        raise application_error(error.failure, final=True) from None


async def _joined(worker: TemporalWorker, workflow_id: str) -> Any:
    handle: Any = worker.connection.client.get_workflow_handle(workflow_id)
    beating = asyncio.get_running_loop().create_task(_beat())
    try:
        return await handle.result()
    except WorkflowFailureError as error:
        raise application_error(failure_from(error, f"child {workflow_id!r}"), final=True) from None
    finally:
        beating.cancel()


async def _beat() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(_BEAT)


async def _attempt(worker: TemporalWorker, args: tuple[Any, ...]) -> Any:
    info, told = activity.info(), got()
    request = _request(worker, info, told, args)
    pulse = _Pulse(asyncio.get_running_loop(), info.heartbeat_details)
    request.beat = pulse.beaten
    if not (told.get(BEATS) if REF in told else info.heartbeat_timeout):
        pulse.begin()
    try:
        begin = partial(_begin, worker, request, told.get("own", request.context))
        outcome = await worker.side.ask(begin, patient=option(request.options, WAIT) is True)
    finally:
        pulse.end()
    failure = outcome.failure
    if failure is None:
        return copy_value(outcome.value)
    if not told:
        raise application_error(failure)
    policy = replace(policy_of(request.options, DURABLE_DEFAULT), attempts=0)
    wait = policy.delay(request.attempt, failure)
    if wait is None and worker.is_missing(request.target):
        failure = replace(failure, retryable=True)  # it may be registered some day
    raise application_error(failure, final=wait is None, wait=wait)


def _request(
    worker: TemporalWorker, info: activity.Info, told: Mapping[str, Any], args: tuple[Any, ...]
) -> CallRequest:
    ref, details = told.get("ref", 0), info.heartbeat_details
    bound = info.start_to_close_timeout
    deadline = 0 if bound is None else int((info.started_time + bound).timestamp() * SECOND)
    return CallRequest(
        worker.entry_of(info.activity_type, "activity"),
        tuple(copy_value(arg) for arg in args),
        told.get("context", {}),
        told.get("options", {}),
        str(told.get("caller") or _caller(worker, info)),
        invocation_id(info.workflow_run_id, ref) if ref and info.workflow_run_id else _foreign(info),
        info.attempt,
        details[0] if details else None,
        deadline,
    )


def _caller(worker: TemporalWorker, info: activity.Info) -> str:
    return worker.pid_of(info.workflow_id) if info.workflow_id else ""


def _foreign(info: activity.Info) -> str:
    """Return the idempotency key of a call by somebody else's workflow."""
    return f"{info.workflow_run_id}/{info.activity_id}"


def _begin(worker: TemporalWorker, request: CallRequest, own: Mapping[str, Any], reply: Reply) -> Callable[[], None]:
    """Begin an attempt, in the node's thread."""
    node = worker.node
    if is_operation(request.target):
        identity = Identity(request.caller, "", worker.id, request.context)
        caller = Caller(identity, node.notices)

        def ended(outcome: Outcome) -> None:
            caller.end()
            reply(outcome)

        return node.operations.perform(request.target, caller, request.args, ended)
    if node.guard.watches(own):
        for action, resource, facts in call_steps(request.target, request.options, own):
            node.guard.check(own, action, resource, facts)
    give_up = node.functions.call(request, reply)  # type: ignore[union-attr] # an open node has functions
    return give_up if option(request.options, WAIT) is not True else partial(_stop, request, give_up)


def _stop(request: CallRequest, give_up: Callable[[], None]) -> None:
    """Give an attempt up whose end is waited for: it is what is replied."""
    request.late = True
    give_up()


class _Pulse:
    """The signs of life of an attempt on Temporal, whose server answers them with whether it was cancelled.

    A function that promises signs of its own with a time-out has to give them itself. A timer of the loop, not a task:
    most attempts end before their first sign.
    """

    __slots__ = ("_context", "_loop", "_timer", "_told")

    def __init__(self, loop: asyncio.AbstractEventLoop, told: Sequence[Any]) -> None:
        """Begin with what an earlier attempt has told."""
        self._loop, self._told = loop, tuple(told)
        self._context = copy_context()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Give signs, with what was told last, until the end."""
        self._timer = self._loop.call_later(_PULSE, self._beat, context=self._context)

    def _beat(self) -> None:
        activity.heartbeat(*self._told)
        self.begin()

    def end(self) -> None:
        """Give no more signs."""
        if self._timer is not None:
            self._timer.cancel()

    def beaten(self, details: Any) -> None:
        """Take a sign of the function itself, in the node's thread."""
        if details is not None:
            self._told = (copy_value(details),)
        self._loop.call_soon_threadsafe(partial(activity.heartbeat, *self._told), context=self._context)


def _told(worker: TemporalWorker, asked: Mapping[str, Any], reply: Reply) -> Callable[[], None]:
    """Do what a workflow asks of its node, in the node's thread."""
    node, router, sender = worker.node, worker.node.router, asked["sender"]
    worker.placing.judge(asked)
    if asked["verb"] == "send":
        router.send(asked["target"], asked["topic"], tuple(asked["payloads"]), sender, reply)
    elif asked["verb"] in CONTROLS:
        router.control(asked["verb"], sender, asked["target"], asked["detail"], reply)
    else:
        reply(Outcome(node.router.name(asked["verb"], asked["target"], asked["pid"] or sender)))
    return _nothing


def _nothing() -> None:
    """Give up what is done already."""


def _result(outcome: Outcome) -> Any:
    if outcome.failure is not None:
        raise application_error(outcome.failure, final=True)
    return copy_value(outcome.value)


def unwrapped(error: BaseException) -> Failure:
    """Return what a local call of ours refused, without what Temporal wraps around."""
    cause = error.__cause__ if isinstance(error.__cause__, BaseException) else error
    return failure_from(cause)
