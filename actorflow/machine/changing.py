"""Waiting for a change: what a condition over the state of a process waits for, without polling.

A condition looks at what its process knows, so it can only have changed when another task of the process has run. From
the first CHANGES op on, the machine's script is wrapped in a `Watched` one, which wakes who waits for a change after
every other task's op; a process without conditions pays nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from actorflow.machine.channel import Channel, OpTuple, complete
from actorflow.machine.op import Op

if TYPE_CHECKING:
    from actorflow.machine.machine import Machine
    from actorflow.machine.task import Task
    from actorflow.ports import Mode, Script

_SELECT: Final = Op.SELECT


class Watched:
    """A script whose tasks' progress wakes who waits for a change (`ports.Script`).

    Attributes:
        inner: the language's script. names: the channels of changes, each with the name of its condition.
    """

    def __init__(self, machine: Machine, inner: Script) -> None:
        """Watch over `inner`, the script of `machine`."""
        self._machine = machine
        self.inner = inner
        self.names: dict[Channel, str] = {}

    def resume(self, handle: Any, mode: Mode, value: Any) -> tuple[Any, ...]:
        """Run a task until its next op, and let who waits for a change look again unless it is such a wait itself."""
        op = self.inner.resume(handle, mode, value)
        if self.names and not self._waits(op):
            self._look()
        return op

    def _waits(self, op: tuple[Any, ...]) -> bool:
        return op[0] == _SELECT and any(channel in self.names for channel, _, _ in op[1])

    def _look(self) -> None:
        for channel in tuple(self.names):
            if channel.closed:
                del self.names[channel]
            while channel.receivers:
                complete(self._machine, channel.receivers[0], None, ok=True)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def op_changes(machine: Machine, _task: Task, op: OpTuple) -> Channel:
    """CHANGES name → a channel that a `select` receives from whenever another task has run meanwhile.

    It keeps nothing: who does not wait on it misses nothing but a reason to look. Closing it ends it.
    """
    script: Any = machine.script
    if type(script) is not Watched:
        script = machine.script = Watched(machine, script)
        machine.left = 1  # ends this run, which goes on with the script that it began with
    channel = Channel()
    script.names[channel] = op[1]
    return channel


def condition_of(machine: Machine, channel: Channel) -> str | None:
    """Return the name of the condition that waits on this channel, None if it is no channel of changes."""
    script: Any = machine.script
    return script.names.get(channel) if type(script) is Watched else None
