"""Tasks and what they wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from actorflow.ports import Mode
from actorflow.value import Opaque

if TYPE_CHECKING:
    from actorflow.errors import Failure
    from actorflow.machine.channel import Channel
    from actorflow.ports import Outcome

VALUE: Final = Mode.VALUE
FAILURE: Final = Mode.FAILURE
INTERRUPT: Final = Mode.INTERRUPT
"""The modes, bound once: looking a member up on its class costs as much as the rest of an op."""

BLOCKED: Final = object()
"""What an op's handler returns when its task waits."""


class Waiter:
    """A task's place in the queue of one channel; `index` is its case in a select, or -1 for a plain op.

    `item` is what it sends; or, where it is parked (`parking`), the answer that it was handed there.
    """

    __slots__ = ("channel", "index", "is_send", "item", "task")

    def __init__(self, task: Task, channel: Channel, index: int, is_send: bool, item: Any) -> None:  # noqa: FBT001
        self.task = task
        self.channel = channel
        self.index = index
        self.is_send = is_send
        self.item = item


class Task(Opaque):
    """One thread of control of a script: the main one, or one that the script spawned.

    Attributes:
        handle: the language's handle.
        parent: the task that spawned it, None for main. children: those it spawned that have not ended, or None.
        wait: what it waits for: None (ready or running), a `Waiter`, a tuple of them (select), a request number, or
            the `Task` it joins.
        mode, value: what it is resumed with once it is ready.
        interrupt: an interruption to deliver at its next wait, or None.
        owned: its failure goes to who joins it. outcome: how it ended, None while it lives.
        joiners: tasks that wait for its end, or None.
        waiter: its last place in a queue, used again when it receives from the same channel.
        parks: the op with which it parks (`parking`), or None.
    """

    __slots__ = (
        "children",
        "handle",
        "interrupt",
        "joiners",
        "mode",
        "outcome",
        "owned",
        "parent",
        "parks",
        "value",
        "wait",
        "waiter",
    )

    def __init__(self, handle: Any, parent: Task | None = None, *, owned: bool = False) -> None:
        self.handle = handle
        self.parent = parent
        self.children: list[Task] | None = None
        self.wait: Any = None
        self.mode = VALUE
        self.value: Any = None
        self.interrupt: Failure | None = None
        self.owned = owned
        self.outcome: Outcome | None = None
        self.joiners: list[Task] | None = None
        self.waiter: Waiter | None = None
        self.parks: tuple[Any, ...] | None = None
