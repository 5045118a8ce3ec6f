"""The plain worker: what the documentation of the SDK shows, in one process."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from hosts.temporal.bench.meter import serve


@activity.defn(name="bench:double")
async def double(n: int) -> int:
    """Double a number."""
    return 2 * n


@workflow.defn(name="bench:steps")
class Steps:
    """Doubles a number some times, one after another."""

    @workflow.run
    async def run(self, steps: int) -> int:
        """Return the last answer."""
        answer = 0
        for n in range(steps):
            answer = await workflow.execute_activity(double, n, start_to_close_timeout=timedelta(minutes=5))
        return answer


async def main(address: str, queue: str, runner: WorkflowRunner) -> None:
    """Serve until the input ends."""
    client = await Client.connect(address)
    async with Worker(client, task_queue=queue, workflows=[Steps], activities=[double], workflow_runner=runner):
        await asyncio.to_thread(serve)


if __name__ == "__main__":
    bare = sys.argv[3] == "bare"
    asyncio.run(main(sys.argv[1], sys.argv[2], UnsandboxedWorkflowRunner() if bare else SandboxedWorkflowRunner()))
