"""Somebody else's program: the SDK alone, with its own worker, workflows and activities, and plain JSON.

It knows nothing of actorflow but the names of workflows and activities and the task queue that serves them, as a program
in any other language would. It prints what it has seen as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import (
    Client,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
)
from temporalio.exceptions import ActivityError, ApplicationError, ChildWorkflowError
from temporalio.worker import Worker

_LIMIT = timedelta(seconds=30)


@activity.defn(name="Charge")
async def charge(card: dict[str, Any], cents: int) -> dict[str, Any]:
    if cents > card["limit"]:
        raise ApplicationError("too much", {"limit": card["limit"]}, type="CardRefused", non_retryable=True)
    return {"charged": cents, "card": card["number"]}


@workflow.defn(name="Packing")
class Packing:
    def __init__(self) -> None:
        self._boxes: list[Any] = []
        self._closed = False

    @workflow.run
    async def run(self, order: str) -> dict[str, Any]:
        if order == "broken":
            raise ApplicationError("no boxes", type="OutOfBoxes", non_retryable=True)
        await workflow.wait_condition(lambda: self._closed)
        return {"order": order, "boxes": self._boxes}

    @workflow.signal(name="box")
    def add(self, box: Any) -> None:
        self._boxes.append(box)

    @workflow.signal(name="close")
    def close(self) -> None:
        self._closed = True


@workflow.defn(name="Selling")
class Selling:
    """Calls functions and has children that are actorflow's."""

    @workflow.run
    async def run(self, language: str, queue: str) -> dict[str, Any]:
        seen: dict[str, Any] = {
            "quote": await workflow.execute_activity(
                "app:quote", {"sku": "a1", "count": 3}, task_queue=queue, start_to_close_timeout=_LIMIT
            )
        }
        try:
            await workflow.execute_activity("app:refuse", "o1", task_queue=queue, start_to_close_timeout=_LIMIT)
        except ActivityError as error:
            seen["refused"] = _told(error.cause)
        child = await workflow.start_child_workflow(f"app:theirs_{language}", args=["c1", 2], task_queue=queue)
        await child.signal("item", {"n": 1})
        await child.signal("item", {"n": 2})
        seen["child"] = await child
        try:
            await workflow.execute_child_workflow("app:failing", "o2", task_queue=queue)
        except ChildWorkflowError as error:
            seen["failed child"] = _told(error.cause)
        return seen


def _told(error: BaseException | None) -> list[Any]:
    assert isinstance(error, ApplicationError)
    return [error.type, error.message, error.non_retryable]


async def _asked(client: Client, language: str, queue: str, key: str) -> dict[str, Any]:
    """Start, signal, query and update a workflow of actorflow's."""
    handle: WorkflowHandle[Any, Any] = await client.start_workflow(
        f"app:theirs_{language}", args=["o1", 2], id=f"{key}-asked-{language}", task_queue=queue
    )
    await handle.signal("item", {"n": 1, "text": "ü"})
    seen: dict[str, Any] = {"update": await handle.execute_update("add", 5)}
    for name, ask in (("rejected", handle.execute_update("add", -1)), ("unknown query", handle.query("nonesuch"))):
        try:
            await ask
        except WorkflowUpdateFailedError as error:
            seen[name] = _told(error.cause)
        except WorkflowQueryFailedError as error:
            seen[name] = str(error)
    seen["query"] = await handle.query("total")
    await handle.signal("item", {"n": 2, "text": "✓"})
    seen["result"] = await handle.result()
    return seen


async def _failed(client: Client, queue: str, key: str) -> list[Any]:
    try:
        await client.execute_workflow("app:failing", "o3", id=f"{key}-failed", task_queue=queue)
    except WorkflowFailureError as error:
        cause = error.cause
        while not isinstance(cause, ApplicationError) and cause.__cause__ is not None:
            cause = cause.__cause__
        return _told(cause)
    return []


async def main(address: str, queue: str, theirs: str) -> None:
    """Serve its own queue, do what there is to do with the other one, and end with the input."""
    client = await Client.connect(address)
    async with Worker(client, task_queue=theirs, workflows=[Packing, Selling], activities=[charge]):
        seen: dict[str, Any] = {"failed": await _failed(client, queue, theirs)}
        for language in ("lua", "py"):
            seen[language] = await _asked(client, language, queue, theirs)
            seen[f"selling {language}"] = await client.execute_workflow(
                "Selling", args=[language, queue], id=f"{theirs}-selling-{language}", task_queue=theirs
            )
        print(json.dumps(seen), flush=True)  # noqa: T201 - so it says what it has seen
        await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
