"""Where the SDK activates workflows: in the node's thread, unless nothing of a script runs.

The first activation of a run asks what it is pinned to and the last one lets go of it; neither touches a machine. They
are made in the thread that the SDK itself is in: each change of threads is two wake-ups, of several system calls each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from temporalio.worker import UnsandboxedWorkflowRunner, WorkflowInstance, WorkflowInstanceDetails

if TYPE_CHECKING:
    from hosts.temporal.crossing import TrioExecutor

_WITHOUT_SCRIPT: Final = ("initialize_workflow", "remove_from_cache")
"""The jobs that no machine is fed in the activation of: before the source of a run is known, and when it is evicted."""


class Runner(UnsandboxedWorkflowRunner):
    """Runs workflow code as it is, and spares the SDK to find out what each payload of a run belongs to."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """Return a run whose payloads have no contexts: our values say the same in each."""
        instance = super().create_instance(det)
        instance.get_serialization_context = _none  # type: ignore[method-assign, assignment] # of this run alone
        return instance


def _none(*_command: object) -> None:
    return None


class Activating(ThreadPoolExecutor):
    """What the SDK submits activations to; it has no thread of its own."""

    def __init__(self, node: TrioExecutor) -> None:
        """Activate by `node` whatever may run a script."""
        super().__init__(max_workers=1)
        self._node = node

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Activate soon and return a future of the running loop, as `TrioExecutor` does."""
        if runs_no_script(*args):
            return _here(fn, *args)
        return self._node.submit(fn, *args, **kwargs)


def runs_no_script(activation: Any) -> bool:
    """Tell whether an activation feeds no machine, whatever else it brings along."""
    return any(job.HasField(name) for job in activation.jobs for name in _WITHOUT_SCRIPT)


def _here(activate: Callable[[Any], Any], activation: Any) -> asyncio.Future[Any]:
    """Activate in this thread, outside of any task: the loop of a workflow steps tasks of its own."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def run() -> None:
        if future.cancelled():
            return
        try:
            future.set_result(activate(activation))
        except BaseException as error:  # noqa: BLE001 - it belongs to who submitted
            future.set_exception(error)
        finally:
            asyncio._set_running_loop(loop)  # noqa: SLF001 - the loop of the workflow was the running one; no public name

    loop.call_soon(run)
    return future
