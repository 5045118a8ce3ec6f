"""The run queue: one trio task that gives every ready process a slice of ops in turn.

Between slices it returns to trio often enough that others wait a few milliseconds at most. It parks when nothing is
ready; the next timer is its deadline.
"""

from __future__ import annotations

import math
from collections import deque
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Final

import trio

from actorflow.machine.task import VALUE
from hosts.process.timers import Timers

if TYPE_CHECKING:
    from collections.abc import Callable

    from hosts.process.process import Process

SLICE: Final = 32
"""Ops that a process runs before the next one gets its turn."""
_ROUND: Final = 512
"""Slices between two checkpoints at most."""
_ROUND_NS: Final = 1_500_000
"""Nanoseconds between two checkpoints."""
_LOOK: Final = 4
"""Slices between two looks at the clock."""


class RunQueue:
    """Processes that are ready, in the order in which they became so.

    Attributes:
        ready: the queue. A process is in it at most once; its `queued` says so, also while it runs.
        timers: the timers of all processes.
    """

    __slots__ = ("_ended", "_failed", "_parked", "_stopped", "ready", "timers")

    def __init__(self, ended: Callable[[Process], None], failed: Callable[[Process, Exception], None]) -> None:
        """Make an idle queue.

        Args:
            ended: called, between slices, with each process that has ended.
            failed: called with a process while running which our own code raised; it must end the process.
        """
        self.ready: deque[Process] = deque()
        self.timers = Timers()
        self._ended = ended
        self._failed = failed
        self._parked: trio.lowlevel.Task | None = None
        self._stopped = False

    async def serve(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run processes until `stop`."""
        self._stopped = False
        task_status.started()
        while not self._stopped:
            if self.timers:
                self._fire()
            self.run_round()
            if self.ready:
                await trio.lowlevel.checkpoint()
            elif not self._stopped:
                await self._park()

    def stop(self) -> None:
        """Let `serve` return once the slice that runs is over."""
        self._stopped = True
        self.unpark()

    def flag(self, process: Process) -> None:
        """Note that a process is ready or has ended."""
        if not process.queued:
            process.queued = True
            self.ready.append(process)
            if self._parked is not None:
                self.unpark()

    def unpark(self) -> None:
        """Go on if parked: something is ready, or the next timer is due earlier than known."""
        task, self._parked = self._parked, None
        if task is not None:
            trio.lowlevel.reschedule(task)

    def arm(self, delay: int, process: Process, ref: int) -> None:
        """Fire the request `ref` of a process after `delay` nanoseconds."""
        self.timers.arm(trio.current_time() + delay / 1e9, process, ref)
        if self._parked is not None:
            self.unpark()

    def run_round(self) -> None:
        """Run slices until nothing is ready or it is time for a checkpoint."""
        take = self.ready.popleft
        began = perf_counter_ns()
        for _ in range(_ROUND // _LOOK):
            for _ in range(_LOOK):
                try:
                    process = take()
                except IndexError:
                    return
                machine = process.machine
                waiter = machine.parked
                try:
                    if waiter is None or (answer := waiter.item) is None:
                        if not machine.run(SLICE) and machine.outcome is None:
                            process.queued = False
                            continue
                    else:  # `Machine.run` for who was handed a message, in place: most wait for the next one then
                        machine.parked = waiter.item = None
                        machine.left = SLICE
                        task = waiter.task
                        op = machine.script.resume(task.handle, VALUE, answer)
                        if op is task.parks and not machine.ready:
                            machine.parked = task.waiter
                            process.queued = False
                            continue
                        if machine.outcome is None:
                            machine.run(machine.left, task, op)
                except Exception as error:  # noqa: BLE001 - a bug met while running one process is not the others' end
                    self._failed(process, error)
                self._go_on(process)
            if perf_counter_ns() - began > _ROUND_NS:
                return

    def _go_on(self, process: Process) -> None:
        """Let a process that has run go on, or end."""
        machine = process.machine  # an upgrade may have replaced it
        if machine.outcome is not None:
            self._ended(process)
        elif machine.ready:
            self.ready.append(process)
        else:
            process.queued = False

    def _fire(self) -> None:
        now = trio.current_time()
        while (due := self.timers.pop_due(now)) is not None:
            process, ref = due
            try:
                fired = process.timers > 0 and process.machine.fire(ref)
            except Exception as error:  # noqa: BLE001 - see `run_round`
                self._failed(process, error)
                fired = True
            if fired:
                process.timers -= 1
                self.flag(process)
            else:
                self.timers.stopped -= 1

    async def _park(self) -> None:
        def abort(_raise_cancel: Any) -> trio.lowlevel.Abort:
            self._parked = None
            return trio.lowlevel.Abort.SUCCEEDED

        self._parked = trio.lowlevel.current_task()
        due = self.timers.next_due()
        if due == math.inf:
            await trio.lowlevel.wait_task_rescheduled(abort)
        else:
            with trio.CancelScope(deadline=due):
                await trio.lowlevel.wait_task_rescheduled(abort)
