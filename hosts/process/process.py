"""One process of a process host: its record, which is also the driver of its machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from actorflow.errors import NOT_FOUND, Error, Failure, failure_of
from actorflow.hosting import ProcessInfo
from actorflow.lane import Lane, Work
from actorflow.message import EVENTS_TOPIC, Message
from actorflow.names import host_part
from actorflow.node.operation import Caller
from actorflow.ports import PENDING, Answer, CallRequest, Identity, Outcome, SpawnRequest
from actorflow.value import Value, copy_value
from hosts.process import posting
from hosts.process.bounds import FIRST_LOOK
from hosts.process.upgrading import upgrade

if TYPE_CHECKING:
    from actorflow.machine.machine import Machine
    from actorflow.notice import Notice
    from hosts.process.host import ProcessHost
    from hosts.process.starting import Starting


class Pending(NamedTuple):
    """What a process waits for: by request number what gives it up, how many timers are armed, and who it holds as."""

    requests: dict[int, Callable[[], None]] | None
    timers: int
    caller: Caller | None


class Process:
    """A process and what its host knows of it (`ports.Driver`).

    It is small: what only some processes need is None until then.

    Attributes:
        host, pid, entry, parent, context: who it is. bounds: its limits.
        machine: what runs it; an upgrade replaces it. Gone once everybody knows of the end.
        started: Unix nanoseconds.
        queued: whether it is in the run queue or runs. has_dropped: whether a message for it was dropped.
        timers: how many of its timers are armed.
        open: request number → what gives that request up.
        caller: who it is for operations, None until it has asked for one. who: the same for its script.
        starting: what comes after its loading, which goes on in another thread; None for all others.
        watched: the number of unread messages from which on somebody has to look. weighed_at: the one at which the
            mailbox is weighed next.
    """

    __slots__ = (
        "bounds",
        "caller",
        "context",
        "entry",
        "has_dropped",
        "host",
        "machine",
        "open",
        "parent",
        "pid",
        "queued",
        "started",
        "starting",
        "timers",
        "watched",
        "weighed_at",
        "who",
    )

    machine: Machine

    def __init__(self, host: ProcessHost, pid: str, request: SpawnRequest) -> None:
        """Make the record; the host gives it its machine."""
        self.host = host
        self.pid = pid
        self.entry = request.entry
        self.parent = request.parent
        self.context = request.context
        self.bounds = host.bounds_of(request.entry)
        self.watch_anew()
        self.started = host.node.clock.now()
        self.queued = False
        self.has_dropped = False
        self.timers = 0
        self.open: dict[int, Callable[[], None]] | None = None
        self.caller: Caller | None = None
        self.who: Identity | None = None
        self.starting: Starting | None = None

    # ---- what the machine asks (ports.Driver) ------------------------------------------------------------------

    @property
    def identity(self) -> Identity:
        """Who the process is."""
        who = self.who
        if who is None:
            host = host_part(self.pid)
            who = self.who = Identity(self.pid, self.entry, host, self.context, durable=False, parent=self.parent)
        return who

    def now(self) -> int:
        """Return the node's wall clock."""
        return self.host.node.clock.now()

    def draw(self, kind: str, size: int) -> bytes:  # noqa: ARG002 - the port's shape; only journals need the kind
        """Return random bytes of the operating system."""
        return os.urandom(size)

    def call(self, ref: int, target: str, args: tuple[Value, ...], options: Mapping[str, Value]) -> Answer:
        """Call a function through the node: no retry unless the options or the function's presets ask for it."""
        context = self._child_context(options["context"]) if "context" in options else self.context
        request = CallRequest(target, self._all_copied(args), context, options, self.pid, f"{self.pid}/{ref}")
        answer = _Reply(self, ref)
        give_up = self.host.node.calls.call(request, answer)
        return answer.now(give_up)

    def timer(self, ref: int, delay: int) -> None:
        """Arm a timer in the host's heap."""
        self.timers += 1
        self.host.queue.arm(delay, self, ref)

    def spawn(self, ref: int, request: SpawnRequest, *, wait: bool) -> Answer:
        """Start a process on this or another host."""
        host, own = self.host, request
        brings = request.args or request.messages or request.context is not self.context
        if brings or not request.host or request.parent != self.pid:
            own = self._own(request)
        if own.host == host.id and not wait and own.host[:1] != "#":  # nothing but functions runs on their host
            return self._started(ref, host.start_process(own))
        answer = _Reply(self, ref)
        if wait:
            return answer.now(host.node.router.exec(own, answer))
        if self._watches_silently(own):
            self._spawn_watched(own, answer)
        else:
            host.node.router.spawn(own, answer)
        return answer.now()

    def send(self, ref: int, dest: str, topic: str, payloads: tuple[Value, ...]) -> Answer:
        """Send a message: to a process of this host by one look-up, to others through the router."""
        host = self.host
        payloads = self._all_copied(payloads)
        target = host.table.get(dest)
        if target is not None:
            host.deliver(target, Message(topic, self.pid, payloads))
            return self._unless_ended(value=True)
        answer = _Reply(self, ref)
        host.node.router.send(dest, topic, payloads, self.pid, answer)
        return answer.now()

    post = posting.post

    def away(self, lane: Lane, work: Work) -> bool:
        """Have the script compute in a thread of its lane."""
        machine = self.machine
        self.host.lanes.put(lane, work, partial(self.host.back, self, machine))
        return True

    def control(self, ref: int, verb: str, target: str, detail: Value) -> Answer:
        """Monitor, link, cancel, terminate and their opposites."""
        answer = _Reply(self, ref)
        self.host.node.router.control(verb, self.pid, target, detail, answer)
        return answer.now()

    def name(self, ref: int, verb: str, name: str, pid: str) -> Answer:  # noqa: ARG002 - it answers at once
        """Use the directory of the node; registering without a PID means this process."""
        return self.host.node.router.name(verb, name, pid or self.pid)

    def perform(self, ref: int, operation: str, args: tuple[Any, ...]) -> Answer:
        """Run an async function on trio (`io`), replace the script (`upgrade`), or do an operation of the node."""
        if operation == "io":
            give_up = self.host.run_io(partial(args[0], *args[1:]), _Reply(self, ref, late=True))
            return self._expect(ref, give_up)
        if operation == "upgrade":
            stop = upgrade(self.host, self, args[0], self._all_copied(args[1:]), ref)
            return PENDING if stop is None else self._expect(ref, stop)
        if self.caller is None:
            self.caller = Caller(self.identity, self.host.notices)
        answer = _Reply(self, ref)
        give_up = self.host.node.operations.perform(operation, self.caller, self._all_copied(args), answer)
        return answer.now(give_up)

    def cancel(self, ref: int) -> None:
        """Give up a request or timer."""
        give_up = self.open.pop(ref, None) if self.open else None
        if give_up is not None:
            give_up()
        else:
            self.timers -= 1
            self.host.queue.timers.stop()

    def note(self, level: str, text: str, fields: Mapping[str, Value]) -> None:
        """Write a log line with the process's PID and entry."""
        self.host.node.note(level, text, {**fields, "pid": self.pid, "entry": self.entry})

    def end_now(self, failure: Failure) -> None:
        """End it with a failure, without running any more of its code."""
        self.host.end(self, failure)

    def notice(self, notice: Notice) -> None:
        """Pass a notice on."""
        self.host.notices(notice)

    # ---- what the host asks ------------------------------------------------------------------------------------

    def watch_anew(self) -> None:
        """Take that the mailbox was empty, or that the bounds are others."""
        self.weighed_at = FIRST_LOOK
        self.watched = min(FIRST_LOOK, self.bounds.crowded)

    def give_up_all(self) -> None:
        """Give up every open request and timer and release what is held: the process has ended."""
        if self.open or self.timers or self.caller is not None:
            self.give_up(self.set_aside())

    def set_aside(self) -> Pending:
        """Return what the process waits for and holds, and go on with nothing."""
        pending = Pending(self.open, self.timers, self.caller)
        self.open, self.timers, self.caller = None, 0, None
        return pending

    def take_back(self, pending: Pending) -> None:
        """Undo `set_aside`."""
        self.open, self.timers, self.caller = pending

    def give_up(self, pending: Pending) -> None:
        """Give up requests and timers that were set aside, and release what was held."""
        for give_up in (pending.requests or {}).values():
            give_up()
        if pending.timers:
            self.host.queue.timers.stop(pending.timers)
        if pending.caller is not None:
            pending.caller.end()

    def settle(self, ref: int, outcome: Outcome) -> None:
        """Take the late answer to a request."""
        if self.open is not None and self.open.pop(ref, None) is not None:
            self.host.settle(self, ref, outcome)

    def info(self) -> ProcessInfo:
        """Return its line of `actorflow ps`."""
        machine = self.machine
        count = 0 if machine.mailbox is None else machine.mailbox.count
        waits = tuple(machine.waits())
        state = "ready" if self.queued else "waiting"
        return ProcessInfo(self.pid, self.entry, host_part(self.pid), state, count, self.started, waits)

    # ---- answering ---------------------------------------------------------------------------------------------

    def copied(self, value: Value) -> Value:
        """Return the copy of a value that leaves this process."""
        return copy_value(value, self.bounds.values, self.host.notices)

    def _child_context(self, context: Mapping[str, Value]) -> Mapping[str, Value]:
        if not context or context is self.context:
            return self.context
        return {**self.context, **self.copied(dict(context))}

    def _own(self, request: SpawnRequest) -> SpawnRequest:
        """Return the request as it leaves this process: what it brings is copied, and it says whose it is."""
        return SpawnRequest(
            request.entry,
            request.host or self.host.id,
            self._all_copied(request.args),
            request.name,
            tuple([(topic, self._all_copied(payloads)) for topic, payloads in request.messages]),
            self._child_context(request.context),
            request.options,
            self.pid,
            request.monitor,
            request.link,
        )

    def _all_copied(self, values: tuple[Value, ...]) -> tuple[Value, ...]:
        return tuple([self.copied(value) for value in values]) if values else ()

    def _expect(self, ref: int, give_up: Callable[[], None]) -> Answer:
        if self.open is None:
            self.open = {}
        self.open[ref] = give_up
        return PENDING

    def _started(self, ref: int, pid: str) -> Answer:
        """Return the PID of a process, or wait until its script has been loaded."""
        waiting = self.host.starting.get(pid)
        if waiting is None:
            return self._unless_ended(pid)
        answer = _Reply(self, ref)
        waiting.append(answer)
        return answer.now()

    def _unless_ended(self, value: Value) -> Answer:
        """Return an answer, unless what was asked has ended this very process: then nothing of it may run."""
        return PENDING if self.machine.outcome is not None else value

    def _watches_silently(self, request: SpawnRequest) -> bool:
        """Tell whether a spawn is monitored unasked: onto a durable host, by a process that reads its events."""
        listens = EVENTS_TOPIC in (self.machine.subscriptions or ())
        return listens and not request.monitor and self.host.node.router.serves_durably(request.host)

    def _spawn_watched(self, request: SpawnRequest, answer: _Reply) -> None:
        links = self.host.node.links

        def started(outcome: Outcome) -> None:
            if outcome.failure is None:
                links.imply(self.pid, outcome.value)
            answer(outcome)

        watched = SpawnRequest(
            request.entry,
            request.host,
            request.args,
            request.name,
            request.messages,
            request.context,
            request.options,
            request.parent,
            monitor=True,
            link=request.link,
        )
        self.host.node.router.spawn(watched, started)


class _Reply:
    """The answer to one request: at once, then `now` returns it, or later, then the machine is told."""

    __slots__ = ("_late", "_outcome", "_process", "_ref")

    def __init__(self, process: Process, ref: int, *, late: bool = False) -> None:
        self._process = process
        self._ref = ref
        self._late = late
        self._outcome: Outcome | None = None

    def __call__(self, outcome: Outcome) -> None:
        """Take the outcome."""
        if self._late:
            self._process.settle(self._ref, outcome)
        else:
            self._outcome = outcome

    def now(self, give_up: Callable[[], None] | None = None) -> Answer:
        """Return or raise the outcome if it is here, else `PENDING`; `give_up` is called when nobody waits any more."""
        process = self._process
        if process.machine.outcome is not None:
            self._outcome = None
            return PENDING
        self._late = True
        if self._outcome is None:
            return process._expect(self._ref, give_up or _nothing)  # noqa: SLF001 - two halves of one thing
        return self._outcome.unwrap()


def closed(pid: str) -> Error:
    """Return the error for a process that is ending."""
    return Error(f"process closed: {pid}", NOT_FOUND, retryable=False)


def broken(process: Process, error: Exception) -> Outcome:
    """Return how a process ends when our own code failed while running it."""
    failure = failure_of(error)
    return Outcome(failure=type(failure)(f"internal error in {process.entry}: {failure.message}", failure.kind))


def _nothing() -> None:
    """Give up a request that cannot be."""
