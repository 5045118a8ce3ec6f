"""The ports between layers: what the machine asks of a driver, and what it asks of a language.

Only shapes live here, no behaviour. Times are integer nanoseconds. What is made for every process and every call is
immutable by convention only: a frozen dataclass takes three times as long to make.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from actorflow.errors import Error, Failure
from actorflow.lane import Lane, Work
from actorflow.notice import Notice
from actorflow.value import Value


@dataclass(slots=True, unsafe_hash=True)
class Outcome:
    """How something ended: with a value, or with a failure (then the value is None)."""

    value: Value = None
    failure: Failure | None = None

    def unwrap(self) -> Value:
        """Return the value, or raise the failure as an `Error`."""
        if self.failure is not None:
            raise Error(self.failure)
        return self.value


@dataclass(slots=True, unsafe_hash=True)
class Started(Outcome):
    """How a spawn onto a durable host went: the value is the PID.

    Attributes:
        how: `started`, `held`, `queued` behind the run that holds the id, `replaced` that run, `existing` or `skipped`.
        run_id: the run that was started or found.
        lives: whether it lives on this node as the reply is given: whoever waits for its end need not ask for that.
    """

    how: str = ""
    run_id: str = ""
    lives: bool = field(default=False, compare=False)


Reply: TypeAlias = Callable[[Outcome], None]
"""Called exactly once, at once or later, in the node's thread, with how the request ended."""


class Carried:
    """A payload that was copied for its receiver, in a form of its language's own.

    It is for a process that runs in the same `place`, an object that only the language knows, and waits for a message
    of its topic at that moment: so that no mailbox holds one, and nobody but the receiver's language sees it. `size`
    is an upper bound of what it would take encoded.
    """

    __slots__ = ("place", "size", "value")

    def __init__(self, place: Any, size: int, value: Any) -> None:
        """Carry `value`, of `size` bytes at most."""
        self.place = place
        self.size = size
        self.value = value

    def opened(self) -> Value:
        """Return it as a plain value, for whoever comes in the receiver's place."""
        return self.place.opened(self.value)


class _Pending:
    """The type of `PENDING`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "PENDING"


PENDING: Final = _Pending()
"""A driver's answer for 'not yet': the machine is told later through `Machine.settle(ref, outcome)`."""

Answer: TypeAlias = Any
"""A value, or `PENDING`."""


@dataclass(slots=True, unsafe_hash=True)
class Identity:
    """Who a running process is.

    Attributes:
        pid: the PID as text.
        entry: registry id of the entry it runs, `namespace:name`.
        host: registry id of its host.
        context: values inherited from the spawner or caller; read-only.
        durable: whether the host journals what the script does.
        parent: PID of the spawner, or "".
        workflow: further facts for `workflow.info()` on a durable host, else empty.
    """

    pid: str
    entry: str
    host: str
    context: Mapping[str, Value] = field(default_factory=dict)
    durable: bool = False
    parent: str = ""
    workflow: Mapping[str, Value] = field(default_factory=dict)


@dataclass(slots=True, unsafe_hash=True)
class SpawnRequest:
    """What is needed to start a process.

    Attributes:
        entry: registry id of what to run.
        host: registry id of the host, or "" for the caller's own.
        args: positional arguments, already copied.
        name: name to register for it, or "". If the name is taken nothing starts: the holder's PID is the answer.
        messages: (topic, payloads) pairs delivered right after the start, in order.
        context: values the child inherits.
        options: host options such as `workflow.id`; unknown ones are ignored.
        parent: PID of the spawner, or "".
        monitor: the parent gets EXIT.
        link: the parent is linked.
    """

    entry: str
    host: str = ""
    args: tuple[Value, ...] = ()
    name: str = ""
    messages: tuple[tuple[str, tuple[Value, ...]], ...] = ()
    context: Mapping[str, Value] = field(default_factory=dict)
    options: Mapping[str, Value] = field(default_factory=dict)
    parent: str = ""
    monitor: bool = False
    link: bool = False


class Mode(IntEnum):
    """How a task is resumed: with a value, with a failure, or interrupted by a cancellation (a failure too)."""

    VALUE = 0
    FAILURE = 1
    INTERRUPT = 2


class Driver(Protocol):
    """What a machine may ask of the world. One driver serves one machine.

    A method that returns `Answer` returns a value, returns `PENDING` (and calls `Machine.settle(ref, …)` later), or
    raises `Error`. `ref` is the machine's number for the request: 1, 2, 3… in the order the script asked, the same
    on every replay. Payloads are values not yet copied: who passes them on copies or encodes them.
    """

    @property
    def identity(self) -> Identity:
        """Who the process is."""
        ...

    def now(self) -> int:
        """Return the process's wall clock in nanoseconds; on a durable host the recorded time of the last fact."""
        ...

    def draw(self, kind: str, size: int) -> bytes:
        """Return `size` random bytes; `kind` (`uuid4`, `uuid7`, `random`) is recorded with them."""
        ...

    def call(self, ref: int, target: str, args: tuple[Value, ...], options: Mapping[str, Value]) -> Answer:
        """Call the registered function `target`."""
        ...

    def timer(self, ref: int, delay: int) -> None:
        """Arm a timer of `delay` nanoseconds; `Machine.fire(ref)` follows. Never answers at once."""
        ...

    def spawn(self, ref: int, request: SpawnRequest, *, wait: bool) -> Answer:
        """Start a process and answer its PID, or with `wait` its result."""
        ...

    def send(self, ref: int, dest: str, topic: str, payloads: tuple[Value, ...]) -> Answer:
        """Send a message to a PID or registered name and answer True."""
        ...

    def post(self, dest: str, topic: str, payloads: tuple[Value, ...]) -> bool:
        """Send a message if that is nothing but a delivery, which a script may ask for without an op.

        A payload may be `Carried`, then only to who can take it. False when it is more than that: then nothing was
        done, and the script asks for `send`. Never raises `Error`.
        """
        ...

    def control(self, ref: int, verb: str, target: str, detail: Value) -> Answer:
        """Do `monitor`, `unmonitor`, `link`, `unlink`, `cancel` (detail: reason) or `terminate` to a PID or name."""
        ...

    def name(self, ref: int, verb: str, name: str, pid: str) -> Answer:
        """`register` a name for a PID (answers True), `lookup` (PID) or `unregister` (bool)."""
        ...

    def perform(self, ref: int, operation: str, args: tuple[Any, ...]) -> Answer:
        """Do something else by name: `io` (an async function and its arguments), `upgrade`, or a module's operation."""
        ...

    def away(self, lane: Lane, work: Work) -> bool:
        """Do what a script computes in another thread, when the lane is free; `Machine.back` follows.

        False on a driver that cannot wait for it: then the script does it at once, where it is.
        """
        ...

    def cancel(self, ref: int) -> bool | None:
        """Give up the open call, timer or wait `ref`; whatever it answers later is ignored.

        True says that the request is asked to end and waited for: then its answer comes, and is the end of the wait.
        """
        ...

    def note(self, level: str, text: str, fields: Mapping[str, Value]) -> None:
        """Write a log line for the script; silent during replay."""
        ...

    def notice(self, notice: Notice) -> None:
        """Tell the operator something that is not an error."""
        ...


class Script(Protocol):
    """One running instance of a program inside one machine. Task handles are opaque to the machine."""

    def start(self, args: tuple[Value, ...]) -> Any:
        """Return the handle of a new main task; nothing of the script runs before its first `resume`."""
        ...

    def spawn(self, function: Any) -> Any:
        """Return the handle of a new task running `function` (what the script gave to SPAWN_TASK)."""
        ...

    def resume(self, handle: Any, mode: Mode, value: Any) -> tuple[Any, ...]:
        """Run a task until its next op and return the op, `(Op.RETURN, value)` or `(Op.RAISE, failure)` at its end.

        Never raises for a fault of the script. The first resume passes `Mode.VALUE, None`.
        """
        ...

    def discard(self, handle: Any) -> None:
        """Drop a task that will not be resumed again, without running any more of its code."""
        ...

    def close(self) -> None:
        """Drop everything the instance holds, without running any more of its code. May be called twice."""
        ...

    def where(self, handle: Any) -> str:
        """Return `file:line` of the script line a waiting task stands on, or ""."""
        ...


class Answering(Script, Protocol):
    """A script with functions that answer for it outside of its tasks: queries, and what judges updates."""

    def handlers(self, kind: str) -> list[str]:
        """Return the names of its functions of a kind, sorted."""
        ...

    def handle(self, kind: str, name: str, args: tuple[Value, ...]) -> Any:
        """Return the handle of a task that runs one of them; nothing else of the script runs any more after it."""
        ...


NO_SLICES: Final[Mapping[str, int]] = MappingProxyType({})
"""What a host that writes no limits holds code to: else `warn`, `kill` (ns), `memory_warn`, `memory_kill` (bytes)."""


class Variable(NamedTuple):
    """A variable of a script, as text; `thing` is the object of the machine that it holds, or None."""

    name: str
    text: str
    thing: Any = None


class Frame(NamedTuple):
    """A function of a script that waits: where it stands, and what it holds."""

    file: str
    line: int
    function: str
    variables: Sequence[Variable]


class Inspectable(Script, Protocol):
    """A script whose waiting tasks can be looked at. Looking runs none of its code, and what it gives is bounded."""

    def frames(self, handle: Any) -> Sequence[Frame]:
        """Return the functions that a waiting task is in, innermost first; none of one that has ended."""
        ...

    def shown(self, item: Any) -> str:
        """Return the text of an item of one of its channels."""
        ...


class Program(Protocol):
    """A compiled entry with its imports, shared by every process that runs it."""

    def open(self, machine: Any) -> Script:
        """Return a fresh instance for `machine`."""
        ...


@dataclass(slots=True, unsafe_hash=True)
class CallRequest:
    """One attempt of a function call.

    Attributes:
        target: registry id of the function.
        args: positional arguments, already copied.
        context: values the callee inherits.
        options: call options, e.g. `retry`, already merged over the function's own by who calls.
        caller: PID of the caller, or "".
        invocation_id: the same for all attempts of one call, and of no other call.
        attempt: 1 for the first.
        heartbeat: what an earlier attempt last told with a heartbeat, or None.
        deadline: when the attempt is given up (Unix nanoseconds), 0 for never.
        beat: takes what the attempt tells with a heartbeat, in the node's thread; None where nobody listens.
        late: set before the attempt is given up: it answers even so, when it has really ended.
    """

    target: str
    args: tuple[Value, ...] = ()
    context: Mapping[str, Value] = field(default_factory=dict)
    options: Mapping[str, Value] = field(default_factory=dict)
    caller: str = ""
    invocation_id: str = ""
    attempt: int = 1
    heartbeat: Value = None
    deadline: int = 0
    beat: Callable[[Value], None] | None = None
    late: bool = False
