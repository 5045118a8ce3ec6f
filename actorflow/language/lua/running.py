"""One running Lua script: drives its tasks through the runtime, and answers what the prelude asks at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, runtime_checkable

from actorflow.codec import decode, encode
from actorflow.errors import RESOURCE, Error, Failure
from actorflow.language.lua.answer import NOTHING, failed, identity_bytes, operands, stated
from actorflow.language.lua.asking import OPS, text_of
from actorflow.language.lua.handle import Handles, Slot
from actorflow.machine.op import Op
from actorflow.module.table import call
from actorflow.notice import Notice
from actorflow.ports import Carried, Driver, Frame, Mode, Variable
from actorflow.showing import shown, shown_value
from actorflow.value import Limits

if TYPE_CHECKING:
    from actorflow.language.lua.program import LuaProgram, LuaWorker
    from actorflow.machine.machine import Machine

T = TypeVar("T")
_VALUE: Final = Mode.VALUE
_STATE: Final = int(Op.FUTURE_STATE)
MAIN: Final = 1
"""The number of the main task."""


@runtime_checkable
class Endable(Driver, Protocol):
    """A driver whose process can be ended at any moment, by whoever finds that it must be."""

    def end_now(self, failure: Failure) -> None:
        """End the process with a failure, without running any more of its code."""
        ...


class Running:
    """One instance of a program (`ports.Script`). A task's handle is its number.

    Attributes:
        machine: the machine it runs in. holding: the first op of the entry function is kept back until the task is
            resumed again, so that who started the script goes on before anything of it can be seen; over with that.
        loading: whether the entry function has not begun yet, kept up to date for who lets it be held.
        stopped: nothing more of it is wanted, which somebody may say while it runs in another thread.
    """

    stopped = False

    __slots__ = (
        "_failure",
        "_handles",
        "_held",
        "_last",
        "_number",
        "_program",
        "_worker",
        "holding",
        "loading",
        "machine",
    )

    def __init__(self, program: LuaProgram, machine: Machine, worker: LuaWorker | None = None) -> None:
        """Open an instance in the program's runtime, for a run of its own or as the next one of a worker."""
        self._program = program
        self.machine = machine
        self.loading = True
        self.holding = False
        self._held: tuple[Any, ...] | partial[Any] | None = None  # the op that is kept back, or the start of the task
        self._failure: BaseException | None = None
        self._last = 0  # the op that was answered at once, if any
        self._number = program.runtime.enter(self)
        self._worker = worker
        last = 0 if worker is None else worker.last_handle
        self._handles = Handles(program.runtime.released, self._number, last)

    # ---- ports.Script ------------------------------------------------------------------------------------------

    @property
    def place(self) -> object:
        """Where a value may be handed over to it as it is; None for nowhere. See `ports.Carried`."""
        return self._program.runtime

    def start(self, args: tuple[Any, ...]) -> int:
        """Return the main task; nothing of the script runs yet.

        The runtime hears of it with its first step: each call of Lua hands the interpreter's lock over.
        """
        program, worker = self._program, self._worker
        kept = 0 if worker is None else worker.number
        self._held = partial(program.runtime.begin, program.number, encode(list(args)) if args else b"\x80", kept)
        return MAIN

    def spawn(self, function: Slot) -> int:
        """Return a task that runs a function of the script."""
        return self._program.runtime.spawn(self._number, function.number)

    def handlers(self, kind: str) -> list[str]:
        """Return the names of the functions that answer for the process; see `ports.Answering`."""
        names: list[str] = decode(self._program.runtime.handlers(self._number, kind.encode()))
        return sorted(names)

    def handle(self, kind: str, name: str, args: tuple[Any, ...]) -> int:
        """Return a task that runs one of these functions."""
        runtime = self._program.runtime
        return runtime.handle(self._number, kind.encode(), name.encode(), encode(list(args)))

    def resume(self, handle: int, mode: Mode, value: Any) -> tuple[Any, ...]:
        """Run a task until its next op; see `ports.Script.resume`."""
        runtime = self._program.runtime
        step, held = runtime.step, self._held
        if held is not None:
            self._held = None
            if isinstance(held, partial):
                step = held
            elif mode is _VALUE:
                return held
        if mode is not _VALUE:
            given = failed(value)
        elif value is None:
            given = NOTHING
        elif self._last == _STATE:
            given = stated(self._handles, value)
        else:
            given = operands(self._handles, value)
        try:
            answer = step(self._number, handle, *given)
        except Exception:  # noqa: BLE001 - what Lua raised outside the script: no memory is left, or a bug of ours
            runtime.poisoned = True
            return (Op.RAISE, _BROKEN)
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        if type(answer) is not tuple:
            answer = (answer,)
        op = self._last = answer[0]
        asked = OPS[op](self._handles, *answer)
        return self._begun(asked) if self.holding else asked

    def _begun(self, asked: tuple[Any, ...]) -> tuple[Any, ...]:
        """Look whether the entry function has begun, and keep its first op back if so."""
        self.loading = self.holding = self._program.runtime.loading(self._number)
        if self.loading:
            return asked
        self._held = asked
        return _LATER

    def discard(self, handle: int) -> None:
        """Drop a task; the main task goes with the instance."""
        if handle != MAIN:
            self._program.runtime.discard(self._number, handle)

    def close(self) -> None:
        """Drop the instance."""
        self._program.runtime.leave(self._number)
        if self._worker is not None:
            self._worker.last_handle = self._handles.last
        self._handles.clear()

    def where(self, handle: int) -> str:
        """Return `file:line` of the line a waiting task stands on."""
        return self._program.runtime.where(self._number, handle).decode(errors="replace")

    def frames(self, handle: int) -> list[Frame]:
        """Return where a waiting task stands and what its variables hold; see `ports.Inspectable`."""
        found: Any = decode(self._program.runtime.inspect(self._number, handle))
        return [Frame(shown(file), line, shown(name), self._variables(held)) for file, line, name, held in found]

    def _variables(self, held: list[Any]) -> list[Variable]:
        known = self._handles.known
        return [Variable(shown(name), shown(text), known(handle)) for name, text, handle in held]

    def shown(self, item: Any) -> str:
        """Return the text of an item of a channel."""
        if isinstance(item, Slot):
            return shown(self._program.runtime.shown(self._number, item.number))
        return shown_value(item)

    # ---- what the prelude asks at once; none of it may raise ----------------------------------------------------

    def identity(self) -> bytes:
        """Return who the process is, encoded."""
        return self._asked(lambda: identity_bytes(self.machine.driver.identity), _NOBODY)

    def now(self) -> int:
        """Return the process's wall clock."""
        return self._asked(self.machine.driver.now, 0)

    def draw(self, kind: str, size: int) -> bytes:
        """Return random bytes."""
        return self._asked(lambda: self.machine.driver.draw(kind, size), bytes(size))

    def note(self, level: str, text: str, fields: bytes) -> None:
        """Write a log line."""
        self._asked(lambda: self.machine.driver.note(level, text, decode(fields)), None)

    def post(self, dest: bytes, topic: bytes, form: bool | int, payload: Any) -> bool:  # noqa: FBT001 - Lua's operands
        """Send one payload if that is nothing but a delivery; see `ports.Driver.post`.

        By its form it is a scalar (True), CBOR of a list of one (False), or a map of this size, copied already.
        """
        if self._failure is not None:
            return True
        try:
            if form is True:
                value = text_of(payload) if type(payload) is bytes else payload
            elif form is False:
                (value,) = decode(payload)
            else:
                value = Carried(self.place, form, payload)
            return self.machine.driver.post(dest.decode(), topic.decode(), (value,))
        except BaseException as error:  # noqa: BLE001 - raised again by `resume`
            self._failure = error
            return True

    def dropped(self, path: str) -> None:
        """Tell that an object could not leave the process."""
        notice = Notice("value-dropped", f"{path}: it cannot leave its process, sent as nil")
        self._asked(lambda: self.machine.driver.notice(notice), None)

    def heavy(self, kib: int) -> None:
        """Tell that it has come to hold much of the heap."""

        def tell() -> None:
            driver = self.machine.driver
            who = driver.identity
            driver.notice(Notice("memory-large", f"{who.entry}: holds about {kib >> 10} MiB of memory", who.pid))

        self._asked(tell, None)

    def burst(self, text: str) -> bool:
        """End it and drop everything in it, while another script of its runtime runs; False where that cannot be."""

        def end() -> bool:
            driver = self.machine.driver
            if not isinstance(driver, Endable):
                return False
            driver.end_now(Failure(f"{driver.identity.entry}: {text}", RESOURCE, retryable=False))
            return True

        return self._asked(end, otherwise=False)

    def pure(self, name: str, args: bytes) -> tuple[bool, bytes]:
        """Call a pure operation; return whether it succeeded, and its value or failure, encoded."""
        return self._asked(lambda: _pure(name, args), (True, NIL))

    def _asked(self, ask: Callable[[], T], otherwise: T) -> T:
        """Return what the driver says; what it raises is kept until the script has yielded, for Lua must not see it."""
        if self._failure is not None:
            return otherwise
        try:
            return ask()
        except BaseException as error:  # noqa: BLE001 - raised again by `resume`
            self._failure = error
            return otherwise


def _pure(name: str, args: bytes) -> tuple[bool, bytes]:
    try:
        return True, encode(call(name, decode(args)), _PURE_LIMITS)
    except Error as error:
        return False, encode(error.failure)


_PURE_LIMITS: Final = Limits(size=32 << 20)
"""Of what a pure operation may give: twice of it fits into the room that Lua's allocator always has."""
NIL: Final = b"\xf6"
_LATER: Final = (Op.YIELD,)


_NOBODY: Final = encode(
    {"pid": "", "entry": "", "host": "", "context": {}, "durable": True, "parent": "", "workflow": {}}
)
_BROKEN: Final = Failure(
    "the Lua runtime failed outside the script: most likely no memory is left", RESOURCE, retryable=False
)
