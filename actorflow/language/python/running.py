"""One running Python script: coroutines that answer each resume with their next op."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from contextvars import Context
from typing import TYPE_CHECKING, Any, Final

from actorflow.errors import CANCELED, TIMEOUT, Cancelled, Error, Failure, invalid
from actorflow.language.python import dropping
from actorflow.language.python.failing import failure_in, foreign, innermost, runaway
from actorflow.language.python.inspecting import frames_of
from actorflow.language.python.reading import Reading
from actorflow.language.python.watch import Abandoned, Runaway, SliceLimits, Watch
from actorflow.machine.dispatch import HANDLERS
from actorflow.machine.op import Op
from actorflow.notice import Notice
from actorflow.ports import Frame, Mode
from actorflow.script.current import CURRENT
from actorflow.script.errors import Expired
from actorflow.script.record import plain
from actorflow.showing import shown_value

if TYPE_CHECKING:
    from actorflow.language.python.language import PythonProgram
    from actorflow.machine.machine import Machine

_VALUE: Final = Mode.VALUE
_FAILURE: Final = Mode.FAILURE
_RECEIVE: Final = Op.RECEIVE
_NONE_YET: Final = (Op.YIELD,)
_STRIKES: Final = 16
"""How often in a row a script may await what is not ours before that is its end."""


class Running:
    """One instance of a program (`ports.Script`, and what `script.current` finds). A task's handle is its coroutine.

    It is resumed by the thread that made it.

    Attributes:
        asked: how often it has asked for something without waiting.
        handling: how many updates are under way.
    """

    __slots__ = ("_handlers", "_known", "_machine", "_program", "_run", "_strikes", "_watch", "asked", "handling")

    def __init__(self, program: PythonProgram, machine: Machine, watch: Watch) -> None:
        """Make an instance; it has a context of its own, so that context variables do not leak between processes.

        An empty one: a copy would share what the variables hold, such as the precision of decimals.
        """
        self._program = program
        self._machine = machine
        self._watch = watch
        self._strikes = 0
        self._known: Any = _NONE_YET
        self._handlers: dict[tuple[str, str], Callable[..., Any]] | None = None
        self.asked = self.handling = 0
        self._run: Callable[..., Any] = Context().run
        self._run(CURRENT.set, self)

    @property
    def limits(self) -> SliceLimits:
        """How long it may compute between two ops."""
        return self._program.limits

    @property
    def progress(self) -> int:
        """Changes whenever it asks for something without waiting that others may see."""
        return self._machine.left

    def start(self, args: tuple[Any, ...]) -> Any:
        """Return the coroutine of the entry function; nothing of it runs yet."""
        return self._program.main(args)

    def spawn(self, function: Any) -> Any:
        """Return the coroutine of a further task."""
        return function if isinstance(function, types.CoroutineType | types.GeneratorType) else function()

    def set_handler(self, kind: str, name: str, function: Callable[..., Any]) -> None:
        """Have a function answer for the process outside of its tasks."""
        self._handlers = {**(self._handlers or {}), (kind, name): function}

    def handlers(self, kind: str) -> list[str]:
        """Return the names of the functions that answer for the process; see `ports.Answering`."""
        return sorted(name for known, name in self._handlers or () if known == kind)

    def handle(self, kind: str, name: str, args: tuple[Any, ...]) -> Any:
        """Return the coroutine that runs one of these functions, which may read what its process knows."""
        self._run(CURRENT.set, Reading(self))
        return _called((self._handlers or {})[kind, name], args)

    def resume(self, handle: Any, mode: Mode, value: Any) -> tuple[Any, ...]:
        """Run a task until its next op; see `ports.Script.resume`.

        The hot path of the process host: one function, no call but the coroutine's own. `running` is cleared first
        thing after it, and only then is `marked` looked at: that is this thread's half of the watch's agreement.
        """
        watch, run = self._watch, self._run
        if mode is _VALUE:
            step = handle.send
        else:
            step, value = handle.throw, _raised(mode, value)
        try:
            try:
                watch.watched = self
                watch.running = step
                if watch.asleep:
                    watch.wake()
                op = run(step, value)
                watch.running = None
            except BaseException as error:  # noqa: BLE001 - whatever a script raises is its own end
                watch.running = None
                return self._ended(handle, step, error)
            if watch.marked is not None and (stopped := self._looked_at(handle, step)):
                return stopped
        except Runaway as stray:  # asked for before its resume ended, delivered after
            watch.running = None
            watch.settle(step)
            return self._stopped(handle, stray)
        if op is self._known:
            return op  # type: ignore[no-any-return]
        if type(op) is tuple and op and type(op[0]) is Op:
            if op[0] is _RECEIVE:
                self._known = op  # it comes as the very same op again and again
            return op
        return self._refused(handle, op)

    def _looked_at(self, handle: Any, step: Any, error: BaseException | None = None) -> tuple[Any, ...] | None:
        """Do what this resume is marked for; return the end of a task that was shot at.

        Raises:
            Exception: what the engine raised when the script asked it for something.
        """
        watch = self._watch
        was_slow, since = watch.marked is step, watch.since
        fault, watch.fault = watch.fault, None
        if watch.unmark(step):
            return self._stopped(handle, error)
        if fault is not None:
            raise fault
        if was_slow:
            self._program.slow(innermost(handle, error), since, self._machine.driver.notice)
        return None

    def _ended(self, handle: Any, step: Any, error: BaseException) -> tuple[Any, ...]:
        """Return the end that a task has come to."""
        if self._watch.marked is not None and (stopped := self._looked_at(handle, step, error)):
            return stopped
        if not isinstance(error, StopIteration):
            return (Op.RAISE, self._failure(handle, error))
        value, kind = error.value, type(error.value)
        if value is None or kind is str or kind is int or kind is float or kind is bool:
            return (Op.RETURN, value)
        try:  # reading what it returned may run code of the script's own classes
            return (Op.RETURN, self._watch.call(self, self._run, plain, value))
        except Runaway as fault:
            return self._stopped(handle, fault)
        except BaseException as fault:  # noqa: BLE001 - see above
            return (Op.RAISE, self._failure(handle, fault))

    def _failure(self, handle: Any, error: BaseException) -> Failure:
        """Return the failure of an exception, whose text may be made by code of the script's own."""
        try:
            failure: Failure = self._watch.call(self, self._run, failure_in, error)
        except Runaway as fault:
            return self._runaway(handle, fault)
        except BaseException as fault:  # noqa: BLE001 - see above
            what = f"{type(error).__name__}, whose text cannot be made: {type(fault).__name__}"
            return Failure(f"{innermost(handle, error)}: {what}")
        return failure

    def _stopped(self, handle: Any, error: BaseException | None) -> tuple[Any, ...]:
        """Return the end of a task that was stopped; it ends its whole process, whoever joins it."""
        return (Op.RAISE, self._runaway(handle, error), True)

    def _runaway(self, handle: Any, error: BaseException | None) -> Failure:
        return runaway(self._program.id, self.limits.kill, innermost(handle, error))

    def _refused(self, handle: Any, awaited: Any) -> tuple[Any, ...]:
        """Have the script's await of what is not ours fail there; a script that goes on and on with it ends."""
        error = foreign(innermost(handle), awaited)
        if self._strikes == _STRIKES:
            self.discard(handle)
            return (Op.RAISE, error.failure)
        self._strikes += 1
        try:
            return self.resume(handle, _FAILURE, error)
        finally:
            self._strikes = 0

    def ask(self, op: tuple[Any, ...]) -> Any:
        """Have the machine answer an op that never waits; the watchdog does not interrupt that."""
        machine, watch = self._machine, self._watch
        if machine.main is None:
            raise invalid("this process has ended")
        watch.shielded = True
        try:
            if watch.marked is not None:
                watch.check()
            self.asked += 1
            return HANDLERS[op[0]](machine, machine.main, op)
        except Error:
            raise
        except Exception as fault:  # noqa: BLE001 - a bug of ours
            raise self._abandoned(fault) from None
        finally:
            watch.shielded = False
            if watch.marked is not None:
                watch.check()

    def post(self, dest: str, topic: str, payloads: tuple[Any, ...]) -> bool:
        """Send a message if that is nothing but a delivery; the watchdog does not interrupt that.

        A send without an op spares the script one of two resumes a message: it buys a third of ping-pong.
        """
        watch = self._watch
        watch.shielded = True
        try:
            if watch.marked is not None:
                watch.check()
            return self._machine.driver.post(dest, topic, payloads)
        except Exception as fault:  # noqa: BLE001 - see `ask`
            raise self._abandoned(fault) from None
        finally:
            watch.shielded = False
            if watch.marked is not None:
                watch.check()

    def _abandoned(self, fault: Exception) -> Abandoned:
        """Keep a fault of ours, which is not the script's to catch: it is raised again at the end of the resume."""
        self._watch.fault, self._watch.marked = fault, self._watch.running
        return Abandoned()

    def discard(self, handle: Any) -> None:
        """Drop a task. Python runs its `finally` blocks; whatever they ask for or wait for is refused."""
        if not dropping.is_suspended(handle):  # as most are: it has returned, and nothing of it is left to run
            return
        try:
            resisted = self._watch.call(self, self._run, dropping.close, handle)
        except BaseException:  # noqa: BLE001 - the script's own cleanup; nobody is left to be told
            resisted = dropping.is_suspended(handle)
        if resisted:
            place = innermost(handle)
            dropping.bury(handle)
            text = f"{self._program.id} catches GeneratorExit and waits again, so it can never be freed; let it pass"
            self._machine.driver.notice(Notice("script-undying", text, place))

    def close(self) -> None:
        """Drop the instance: it and its context hold each other, which ends here; nothing is left to collect."""
        self._run, self._known = _closed, _NONE_YET

    def where(self, handle: Any) -> str:
        """Return `file:line` of the innermost line of the script that a task stands on."""
        return innermost(handle)

    def frames(self, handle: Any) -> list[Frame]:
        """Return where a waiting task stands and what its variables hold; see `ports.Inspectable`."""
        return frames_of(handle)

    def shown(self, item: Any) -> str:
        """Return the text of an item of a channel."""
        return shown_value(item)


async def _called(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    answer = function(*args)
    return await answer if inspect.isawaitable(answer) else answer


def _closed(*_step: Any) -> Any:
    raise Error("this process has ended", CANCELED, retryable=False)


def _raised(mode: Mode, failure: Failure | Error) -> BaseException:
    if isinstance(failure, Error):
        return failure
    if mode is _FAILURE:
        return Error(failure)
    if failure.kind == TIMEOUT:
        return Expired(failure.message)
    return Cancelled((failure.details or {}).get("reason", ""))
