"""Replaying histories of Temporal: on the source that a run is pinned to, or on the one registered now."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import trio
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from actorflow.errors import NONDETERMINISM, Error, invalid
from hosts.temporal.activating import Activating, Runner
from hosts.temporal.connection import runtime_of
from hosts.temporal.crossing import TrioExecutor, TrioSide
from hosts.temporal.flow import ActorflowRun
from hosts.temporal.header import WorkerHeaders
from hosts.temporal.payload import VALUES
from hosts.temporal.worker import TemporalWorker

if TYPE_CHECKING:
    from actorflow.node.node import Node


async def replay(
    node: Node, host: str, history: str, *, workflow_id: str = "", current: bool = False
) -> dict[str, Any]:
    """Replay a history as Temporal exports it (JSON), with Temporal's own Replayer; nothing is performed.

    Args:
        node: whose registry and languages are used.
        host: the `temporal.worker` that the run was on.
        history: the text of the file.
        workflow_id: that of the run, which older servers do not write into a history.
        current: replay on the source that is registered now, in place of the one that the run is pinned to.

    Returns:
        The `workflow_id`, `run_id` and number of `events`.

    Raises:
        Error: kind Nondeterminism, when the script asks for something else than the history has; Invalid for a text
            that is no history.
    """
    entry: Any = node.registry.entry(host)
    if entry.kind != "temporal.worker":
        raise invalid(f"{host} is a {entry.kind}, expected a temporal.worker")
    entry.require()
    found = _history(history, workflow_id)
    worker = TemporalWorker(host, entry.config, node)
    worker.sources.current = current
    worker.reach(TrioSide(trio.lowlevel.current_trio_token()))
    runner, executor = Runner(), Activating(TrioExecutor(trio.lowlevel.current_trio_token()))

    async def run() -> BaseException | None:
        replayer = Replayer(
            workflows=[ActorflowRun],
            workflow_runner=runner,
            unsandboxed_workflow_runner=runner,  # that of classes that say so, as ours does
            workflow_task_executor=executor,
            interceptors=[WorkerHeaders(worker)],
            data_converter=VALUES,
            runtime=runtime_of(node),
        )
        result = await replayer.replay_workflow(found, raise_on_replay_failure=False)
        return result.replay_failure

    failure = await node.asyncio.run(run)
    if failure is not None:
        kind = NONDETERMINISM if isinstance(failure, NondeterminismError) else "Internal"
        raise Error(f"workflow {found.workflow_id!r}: {_said(failure)}", kind, retryable=False)
    return {"workflow_id": found.workflow_id, "run_id": found.run_id, "events": len(found.events)}


def _history(text: str, workflow_id: str) -> WorkflowHistory:
    try:
        plain = json.loads(text)
        started = plain["events"][0]["workflowExecutionStartedEventAttributes"]
        return WorkflowHistory.from_json(workflow_id or str(started.get("workflowId") or "replayed"), plain)
    except Exception as error:  # noqa: BLE001 - whatever the parsers of the SDK raise
        raise invalid(f"not a history of Temporal: {error}") from None


def _said(failure: BaseException) -> str:
    """Return what a replay has failed with; the SDK's core prints it as a structure of its own."""
    found = _MESSAGE.search(str(failure))
    return found[1].replace('\\"', '"') if found else str(failure)


_MESSAGE: Final = re.compile(r'message: "((?:[^"\\]|\\.)*)"')
