"""Headers: what goes along with a start, a signal or a call that Temporal has no field for.

One header, `actorflow`, holds a map: the context, the PID of who sends, and for a call its number. Whoever is called by
a client without it gets none of that, and works all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Interceptor as ClientInterceptor,
)
from temporalio.client import (
    OutboundInterceptor,
    SignalWorkflowInput,
    StartWorkflowInput,
    WorkflowHandle,
)
from temporalio.worker import (
    ActivityInboundInterceptor,
    ContinueAsNewInput,
    ExecuteActivityInput,
    ExecuteWorkflowInput,
    HandleSignalInput,
    Interceptor,
    SignalExternalWorkflowInput,
    StartActivityInput,
    StartChildWorkflowInput,
    StartLocalActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

from hosts.temporal.payload import VALUES, value_of

if TYPE_CHECKING:
    from actorflow.ports import Identity

HEADER: Final = "actorflow"
REF: Final = "ref"
BEATS: Final = "beats"
_KEPT: Final = 1024
WORKER: Final = "actorflow_worker"
"""Under this name workflow code finds the worker that it runs on."""
_GIVEN: Final[ContextVar[Mapping[str, Any]]] = ContextVar("actorflow.temporal.given")
"""What the next request of a client takes along; set for one request, in its own task."""
_GOT: Final[ContextVar[Mapping[str, Any]]] = ContextVar("actorflow.temporal.got")
"""What came along with the call that runs."""


def packed(told: Mapping[str, Any]) -> dict[str, Payload]:
    """Return the headers that hold this; nothing for an empty map."""
    if not told:
        return {}
    if len(told) == 1 and REF in told:
        return {HEADER: _of_ref(told[REF])}
    return {HEADER: VALUES.payload_converter.to_payload(dict(told))}


@lru_cache(_KEPT)
def _of_ref(ref: int) -> Payload:
    """Return what most calls take along, and nobody changes: their number alone."""
    return VALUES.payload_converter.to_payload({REF: ref})


def unpacked(headers: Mapping[str, Payload]) -> Mapping[str, Any]:
    """Return what the headers hold, an empty map where somebody else wrote them."""
    payload = headers.get(HEADER) if headers else None
    told = value_of(payload) if payload is not None else None
    return told if isinstance(told, dict) else {}


def of_call(  # noqa: PLR0913 - what a call may have
    ref: int, who: Identity, context: Mapping[str, Any] | None, options: Mapping[str, Any], *, away: bool, beats: bool
) -> dict[str, Any]:
    """Return what goes along with a call; what is empty, or follows from the call itself, does not.

    Args:
        ref: its number.
        who: who calls.
        context: what it adds to that of its caller, None for nothing.
        options: of the call.
        away: whether it goes to another task queue.
        beats: whether the function itself has to give signs of life.
    """
    header: dict[str, Any] = {REF: ref}
    if beats:
        header[BEATS] = True
    if away:  # another worker would form the PID with its own name
        header["caller"] = who.pid
    if options:
        header["options"] = dict(options)
    if context:
        header["context"], header["own"] = {**who.context, **context}, dict(who.context)
    elif who.context:
        header["context"] = dict(who.context)
    return header


def give(told: Mapping[str, Any]) -> None:
    """Let the next requests of this asyncio task take this along."""
    _GIVEN.set(told)


def got() -> Mapping[str, Any]:
    """Return what came along with the call that runs."""
    return _GOT.get({})


class ClientHeaders(ClientInterceptor):
    """Puts what was given into what a client asks for."""

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - the SDK's name
        """Go before the next one."""
        return _ClientOutbound(super().intercept_client(next))


class _ClientOutbound(OutboundInterceptor):
    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:  # noqa: A002
        input.headers = {**input.headers, **packed(_GIVEN.get({}))}
        return await super().start_workflow(input)

    async def signal_workflow(self, input: SignalWorkflowInput) -> None:  # noqa: A002
        input.headers = {**input.headers, **packed(_GIVEN.get({}))}
        await super().signal_workflow(input)


class WorkerHeaders(Interceptor):
    """Hands what came along to workflows and activities, and takes along what these give; says whose they are."""

    def __init__(self, worker: object) -> None:
        """Intercept for `worker`."""
        self._worker = worker

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """Go before the next one."""
        return _ActivityInbound(next)

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002
    ) -> type[WorkflowInboundInterceptor]:
        """Return what goes before each workflow."""
        worker = self._worker
        input.unsafe_extern_functions[WORKER] = lambda: worker
        return _WorkflowInbound


class _ActivityInbound(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        _GOT.set(unpacked(input.headers))
        return await super().execute_activity(input)


class Outbound(WorkflowOutboundInterceptor):
    """What a workflow asks for; `told` goes along with the next request."""

    told: Mapping[str, Any] = {}

    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[Any]:  # noqa: A002
        """Take `told` along with a call."""
        input.headers = packed(self.told)
        return super().start_activity(input)

    def start_local_activity(self, input: StartLocalActivityInput) -> workflow.ActivityHandle[Any]:  # noqa: A002
        """Take `told` along with a local call."""
        input.headers = packed(self.told)
        return super().start_local_activity(input)

    async def start_child_workflow(
        self,
        input: StartChildWorkflowInput,  # noqa: A002
    ) -> workflow.ChildWorkflowHandle[Any, Any]:
        """Take `told` along with the start of a child."""
        input.headers = packed(self.told)
        return await super().start_child_workflow(input)

    async def signal_external_workflow(self, input: SignalExternalWorkflowInput) -> None:  # noqa: A002
        """Take `told` along with a signal."""
        input.headers = packed(self.told)
        await super().signal_external_workflow(input)

    def continue_as_new(self, input: ContinueAsNewInput) -> Any:  # noqa: A002
        """Take `told` along into the next run."""
        input.headers = packed(self.told)
        return super().continue_as_new(input)


class _WorkflowInbound(WorkflowInboundInterceptor):
    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        self._outbound = Outbound(outbound)
        super().init(self._outbound)

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002
        flow: Any = workflow.instance()
        flow.begin(self._outbound, unpacked(input.headers))
        return await super().execute_workflow(input)

    async def handle_signal(self, input: HandleSignalInput) -> None:  # noqa: A002
        flow: Any = workflow.instance()
        flow.sender = str(unpacked(input.headers).get("from", ""))
        await super().handle_signal(input)
