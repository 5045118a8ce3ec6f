"""The SDK's worker: what it is asked for, and what it has to be freed of."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.worker import Worker


def described_namespace(name: str) -> DescribeNamespaceRequest:
    """Return the question whether a namespace is there."""
    return DescribeNamespaceRequest(namespace=name)


async def discarded(worker: Worker) -> None:
    """Shut a worker down, whether it has run or not."""
    stopping = asyncio.get_running_loop().create_task(worker.shutdown())
    try:
        await worker.run()  # which ends at once
    except Exception:  # noqa: BLE001 - it cannot reach its server, or has run before
        bridge: Any = getattr(worker, "_bridge_worker", None)
        with suppress(Exception):  # there may be nothing left to shut down
            bridge.initiate_shutdown()
    finally:
        stopping.cancel()


def without_detector(worker: Worker) -> None:
    """Turn off the SDK's detector of deadlocks: it would interrupt the node's thread, whatever runs there then.

    Scripts are held to `limits.slice`, which ends one that does not wait.
    """
    inner: Any = getattr(worker, "_workflow_worker", None)
    if inner is not None and hasattr(inner, "_deadlock_timeout_seconds"):
        inner._deadlock_timeout_seconds = None  # noqa: SLF001 - there is no public way
