"""The machine: runs one process's script between facts, and knows neither time nor network nor disk.

It is fed one fact at a time (`start`, `deliver`, `settle`, `fire`, `event`, `cancel`) and then `run` until every task
waits. It is deterministic: the same facts in the same order make the same requests of its driver. Tasks are served
first in, first out; a select takes its first ready case; nothing depends on the order of a set or on addresses.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from actorflow.errors import CANCELED, INTERNAL, Error, Failure
from actorflow.machine import channel as channels
from actorflow.machine import receiving, request, shielding, subscription, timing
from actorflow.machine.dispatch import HANDLERS
from actorflow.machine.mailbox import Mailbox
from actorflow.machine.parking import forbid, unpark
from actorflow.machine.task import BLOCKED, FAILURE, INTERRUPT, VALUE, Task
from actorflow.machine.waits import waits_of
from actorflow.message import (
    EVENTS_TOPIC,
    LINK_DOWN,
    OUTDATED,
    Message,
    cancel_event,
    outdated_event,
)
from actorflow.ports import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actorflow.machine.channel import Channel, OpTuple
    from actorflow.machine.task import Waiter
    from actorflow.ports import Driver, Mode, Program
    from actorflow.value import Value


class Machine:
    """One process. `outcome` is None while it lives; once set, nothing more will run.

    Attributes other than `outcome`, `driver`, the options `trap_links` and `upgradable`, and the methods below are
    for the op modules of this package. `asked` is a cancellation that main has not met yet. `away` is the task that
    computes in another thread, if any. `left` is how many ops may still run before the others get their turn; below
    0 that has no end, and 0 is that of a machine which has ended, too. The mailbox, subscriptions and the table of
    requests are made when first used: an idle process is small. `shields` has the tasks that a cancellation does not
    cut short. `parked` and `parking`: see that module.
    """

    __slots__ = (
        "asked",
        "away",
        "driver",
        "last_ref",
        "left",
        "mailbox",
        "main",
        "outcome",
        "parked",
        "parking",
        "ready",
        "requests",
        "script",
        "shields",
        "subscriptions",
        "trap_links",
        "upgradable",
    )

    def __init__(self, driver: Driver, program: Program) -> None:
        """Make a machine that will run `program`; nothing of the script runs yet."""
        self.driver = driver
        self.outcome: Outcome | None = None
        self.asked: tuple[Failure, Mapping[str, Value]] | None = None
        self.away: Task | None = None
        self.trap_links = False
        self.upgradable = False
        self.ready: list[Task] = []
        self.requests: dict[int, Any] | None = None
        self.subscriptions: dict[str, Channel] | None = None
        self.shields: Mapping[Task, Failure | None] | None = None
        self.mailbox: Mailbox | None = None
        self.parking: Waiter | None = None
        self.parked: Waiter | None = None
        self.main: Task | None = None
        self.last_ref = 0
        self.left = 0
        self.script = program.open(self)

    # ---- facts -------------------------------------------------------------------------------------------------

    def start(self, args: tuple[Value, ...]) -> None:
        """Make the main task ready to run with these arguments."""
        self.main = Task(self.script.start(args))
        self.ready.append(self.main)

    deliver = receiving.deliver
    post = receiving.post
    awaits = receiving.awaits
    keep = receiving.keep
    unread = receiving.unread

    def event(self, event: Mapping[str, Value]) -> None:
        """Take an EXIT or LINK_DOWN event; an untrapped LINK_DOWN ends the process."""
        if event["kind"] == LINK_DOWN and not self.trap_links:
            self.end(Outcome(failure=Failure("linked process failed", INTERNAL)))
        elif self.subscriptions is not None and EVENTS_TOPIC in self.subscriptions:
            self.deliver(Message(EVENTS_TOPIC, "", (event,)))
        else:  # never to the inbox
            self.keep(Message(EVENTS_TOPIC, "", (event,)))

    def outdated(self, sources: tuple[str, ...]) -> None:
        """Take that these entries of its code are others now; one event waits at most, of all that have changed."""
        if not self.upgradable:
            return
        waiting = None if self.mailbox is None else self.mailbox.find(EVENTS_TOPIC, _is_outdated)
        if waiting is None:
            self.event(outdated_event(self.driver.identity.pid, self.driver.now(), sources))
        else:
            known = waiting.payloads[0]["sources"]
            known.extend(source for source in sources if source not in known)

    def cancel(self, sender: str, reason: str) -> None:
        """Ask the process to stop: an event if it has opened its events channel, else an interruption of main."""
        if self.subscriptions is not None and EVENTS_TOPIC in self.subscriptions:
            self.event(cancel_event(sender, self.driver.now(), reason))
        elif self.main is not None:
            details = {"reason": reason} if reason else None
            failure = Failure(reason or "cancelled", CANCELED, retryable=False, details=details)
            self.interrupt(self.main, failure)
            if self.main.interrupt is failure:  # it has not waited yet, and may still open its events before it does
                self.asked = (failure, cancel_event(sender, self.driver.now(), reason))

    def events_opened(self) -> None:
        """Take that the script has opened its events: what was about to interrupt it is an event for it instead."""
        if self.asked is None or self.main is None:
            return
        (failure, event), self.asked = self.asked, None
        if self.main.interrupt is not failure:
            return
        tasks = [self.main]
        for task in tasks:
            tasks.extend(task.children or ())
            if task.interrupt is failure:
                task.interrupt = None
        self.event(event)

    def settle(self, ref: int, outcome: Outcome) -> bool:
        """Take the answer to request `ref`; False if nobody waits for it any more."""
        target = self.requests.pop(ref, None) if self.requests else None
        if target is None:
            return False
        if self.parked is not None:
            unpark(self)
        if isinstance(target, request.Future):
            request.resolve(self, target, outcome)
        elif outcome.failure is None:
            self.wake(target, VALUE, outcome.value)
        else:
            self.wake(target, FAILURE, outcome.failure)
        return True

    def fire(self, ref: int) -> bool:
        """Take that the timer `ref` has run out; False if it was stopped before."""
        target = self.requests.pop(ref, None) if self.requests else None
        if target is None:
            return False
        if self.parked is not None:
            unpark(self)
        if isinstance(target, Task):
            self.wake(target, VALUE, None)
        else:
            timing.fired(self, target)
        return True

    def back(self) -> None:
        """Take that the task that was away has come to its next op, which its next resume answers with."""
        task, self.away = self.away, None
        if task is not None and self.outcome is None:
            task.mode, task.value = VALUE, None
            self.ready.insert(0, task)

    def end(self, outcome: Outcome) -> None:
        """End the process now, without running any more of its code; a second end changes nothing."""
        if self.outcome is not None:
            return
        self.outcome = outcome
        self.left = 0
        if self.parking is not None:
            forbid(self)
        self.parked = None
        self.ready.clear()
        self.requests = None
        self.shields = None
        script, self.script = self.script, _ENDED
        tasks = [] if self.main is None else [self.main]
        self.main = None
        for task in tasks:
            if task.children:
                tasks.extend(task.children)
            task.waiter = None  # what holds each other goes apart here, so that no garbage collection is needed
            script.discard(task.handle)
        if self.subscriptions:
            for channel in self.subscriptions.values():
                channel.face = None
        script.close()

    # ---- running -----------------------------------------------------------------------------------------------

    def run(  # noqa: C901, PLR0912 - the hot path of everything: a call more costs each op
        self, budget: int, task: Task | None = None, op: OpTuple = ()
    ) -> bool:
        """Run ready tasks for at most `budget` ops; True when some are still ready.

        A negative budget has no end: it runs until every task waits, or a task begins to wait for changes (`changing`).
        Who has resumed a parked task itself gives it with its `op`, which is served first.
        """
        self.left = budget
        script = self.script
        if task is None:
            if self.parked is not None:
                unpark(self)
            ready = self.ready
            if not ready or self.away is not None:
                return False
            task = ready.pop(0)
            value, task.value = task.value, None
            mode = task.mode
            op = script.resume(task.handle, mode, value)
        else:
            ready = self.ready
        while True:
            if op is task.parks and not ready:
                self.parked = task.waiter
                return False
            try:
                value = HANDLERS[op[0]](self, task, op)
            except Error as error:
                if self.outcome is not None:
                    return False
                mode, value = FAILURE, error.failure
            else:
                if value is BLOCKED:
                    if task.interrupt is not None and self.outcome is None:
                        self._interrupted(task)
                    if not ready:
                        return False
                    self.left = left = self.left - 1
                    if left == 0:
                        return True
                    task = ready.pop(0)
                    value, task.value = task.value, None
                    op = script.resume(task.handle, task.mode, value)
                    continue
                mode = VALUE
            self.left = left = self.left - 1
            if left == 0:
                task.mode, task.value = mode, value
                ready.insert(0, task)
                receiving.cut_off(self, task, op)
                return True
            op = script.resume(task.handle, mode, value)

    def wake(self, task: Task, mode: Mode, value: Any) -> None:
        """Make a waiting task ready, to be resumed with this."""
        task.wait = None
        task.mode = mode
        task.value = value
        self.ready.append(task)

    def interrupt(self, task: Task, failure: Failure) -> None:
        """Interrupt a task at its wait, its children first; one that does not wait is interrupted at its next wait."""
        if self.parked is not None:
            unpark(self)
        forbid(self)
        if failure.kind == CANCELED:
            if self.shields and shielding.keeps(self, task, failure):
                return
            for child in list(task.children or ()):
                self.interrupt(child, failure)
        if task.interrupt is None or failure.kind == CANCELED:  # a time-out does not replace a cancellation
            task.interrupt = failure
        if task.wait is not None:
            self._interrupted(task)

    def _interrupted(self, task: Task) -> None:
        wait = task.wait
        if task is self.away or (wait is None and task.value is not None):
            return  # it computes, or is about to get the task that it spawned: it waits later
        failure, task.interrupt = task.interrupt, None
        if wait is None:  # an op that put the task back among the ready ones, e.g. YIELD
            task.mode, task.value = INTERRUPT, failure
            return
        if isinstance(wait, int):
            if self.drop_request(wait) and failure is not None:  # it waits on, for the end of what it has asked for
                self.expect(wait, request.Stopping(task, failure))
                return
        elif isinstance(wait, Task):
            wait.joiners = [joiner for joiner in wait.joiners or () if joiner is not task]
        else:
            channels.drop_wait(task)
        self.wake(task, INTERRUPT, failure)

    # ---- requests ----------------------------------------------------------------------------------------------

    def next_ref(self) -> int:
        """Return the number of the next request."""
        self.last_ref += 1
        return self.last_ref

    def expect(self, ref: int, target: Any) -> None:
        """Remember who waits for the answer to a request."""
        if self.requests is None:
            self.requests = {}
        self.requests[ref] = target

    def request(self, target: Any) -> int:
        """Return a new request number whose answer `target` gets."""
        ref = self.next_ref()
        self.expect(ref, target)
        return ref

    def drop_request(self, ref: int) -> bool:
        """Give up a request: its answer is ignored, and the driver is told. True when it comes, and is waited for."""
        known = self.requests is not None and self.requests.pop(ref, None) is not None
        return known and self.driver.cancel(ref) is True

    # ---- the mailbox -------------------------------------------------------------------------------------------

    def fill(self, channel: Channel) -> None:
        """Move messages from the mailbox into a subscribed channel's buffer."""
        subscription.fill(self, channel)

    @staticmethod
    def new_buffer() -> deque[Any]:
        """Return an empty channel buffer."""
        return deque()

    def channel(self, size: int = 0) -> Channel:
        """Return a new channel; what the CHANNEL op does, for languages that need no op for it."""
        return channels.Channel(size)

    def waits(self) -> list[str]:
        """Describe what each task waits for, main first: `file:line  wait`."""
        return waits_of(self)


def _is_outdated(message: Message) -> bool:
    return bool(message.payloads[0]["kind"] == OUTDATED)


class _Ended:
    """The script of a machine that has ended."""

    __slots__ = ()

    resume = None
    """Never called: nothing is ready any more."""


_ENDED: Final[Any] = _Ended()
