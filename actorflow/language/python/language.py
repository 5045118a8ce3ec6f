"""The Python language: compiles a bundle to a program that processes share."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Mapping
from time import monotonic_ns
from typing import TYPE_CHECKING, Any, Final

from actorflow import script
from actorflow.bundle import Bundle
from actorflow.duration import MILLISECOND, format_duration
from actorflow.errors import Error, invalid, not_found
from actorflow.language.python.dropping import keep_from_loop
from actorflow.language.python.module import Modules
from actorflow.language.python.running import Running
from actorflow.language.python.watch import SliceLimits
from actorflow.language.python.watchdog import Watchdog
from actorflow.likeness import close_names
from actorflow.notice import Notice, NoticeSink, drop
from actorflow.ports import NO_SLICES
from actorflow.script.record import builders_of

if TYPE_CHECKING:
    from actorflow.machine.machine import Machine

_DEFAULT_METHOD: Final = "main"
_INNER: Final = frozenset(
    {"current", "message", "operation", "options", "record", "registry", "source", "spawner", "subscription", "task"}
)
_MODULES: Final = (
    frozenset(found.name for found in pkgutil.iter_modules(script.__path__) if not found.name.startswith("workflow_"))
    - _INNER
)


class PythonLanguage:
    """Python on one node: its modules and its watchdog."""

    modules: Final = _MODULES
    """Names of the modules an entry may list; in Python all of `actorflow.script` is there without listing."""

    def __init__(self, notices: NoticeSink = drop) -> None:
        """Make a language that has compiled nothing."""
        self._notices = notices
        self._watchdog = Watchdog(self._sick)
        self._modules = Modules(self._watchdog)

    def compile(self, bundle: Bundle, *, durable: bool = False, slices: Mapping[str, int] = NO_SLICES) -> PythonProgram:
        """Return the program of a bundle; `durable` holds it to the rules of durable runs, `slices` are the host's.

        Raises:
            Error: kind Invalid, with every finding, when the source breaks a rule; NotFound without its method.
        """
        names = vars(self._modules.of(bundle, durable=durable))
        name = bundle.method or _DEFAULT_METHOD
        function = names.get(name)
        place = bundle.file or "its source"
        if not callable(function) or name.startswith("__"):
            known = [key for key, value in names.items() if inspect.iscoroutinefunction(value)]
            close = close_names(name, known)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise not_found(f"{bundle.id}: method {name!r} not found in {place}{hint}")
        if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
            raise invalid(f"{bundle.id}: {name} in {place} yields, expected an `async def` that awaits and returns")
        written = {**slices, **bundle.options.get("limits", {}).get("slice", {})}
        limits = SliceLimits(**{name: written[name] for name in ("warn", "kill") if name in written})
        program = PythonProgram(bundle, function, limits, self._watchdog)
        self._modules.keep(program, bundle)
        return program

    @property
    def source_count(self) -> int:
        """How many executed sources it keeps."""
        return self._modules.count

    def _sick(self) -> None:
        text = (
            "a Python script cannot be stopped: it swallows every attempt, or is inside a long call into C; "
            "the node does nothing else until that ends"
        )
        self._notices(Notice("node-sick", text))


class PythonProgram:
    """A compiled entry (`ports.Program`).

    Attributes:
        id: registry id of the entry. limits: how long it may compute between two ops.
    """

    __slots__ = (
        "__weakref__",
        "_builders",
        "_function",
        "_is_async",
        "_signature",
        "_slow",
        "_watchdog",
        "id",
        "limits",
    )

    def __init__(self, bundle: Bundle, function: Callable[..., Any], limits: SliceLimits, watchdog: Watchdog) -> None:
        """Remember the entry function and how its arguments are built."""
        self.id = bundle.id
        self.limits = limits
        self._function = function
        self._is_async = inspect.iscoroutinefunction(function)
        self._builders = builders_of(function)
        self._signature = inspect.signature(function)
        self._slow: set[str] = set()
        self._watchdog = watchdog

    def open(self, machine: Machine) -> Running:
        """Return a fresh instance, to be resumed by the calling thread."""
        keep_from_loop()
        return Running(self, machine, self._watchdog.here())

    def slow(self, place: str, since: int, notices: NoticeSink) -> None:
        """Tell the operator, once for each line, that a process computes long; `since` is a monotonic nanosecond."""
        if place not in self._slow:
            self._slow.add(place)
            took = (monotonic_ns() - since) // MILLISECOND * MILLISECOND
            text = f"{self.id} computed {format_duration(took)} up to here without waiting"
            advice = f"more than {format_duration(self.limits.warn)} holds up every other process; "
            notices(Notice("script-slow", f"{text}; {advice}await process.checkpoint() now and then", place))

    def main(self, args: tuple[Any, ...]) -> Any:
        """Return the coroutine of the entry function with these arguments; nothing of it runs yet."""
        if self._is_async and not self._builders:
            try:
                return self._function(*args)
            except TypeError as error:
                return _refuse(self._misfit(error))
        return self._built(args)

    async def _built(self, args: tuple[Any, ...]) -> Any:
        try:
            bound = self._signature.bind(*args)
        except TypeError as error:
            raise self._misfit(error) from None
        for name, builder in self._builders.items():
            if name in bound.arguments:
                value = bound.arguments[name]
                several = self._signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL
                bound.arguments[name] = [builder(item, name) for item in value] if several else builder(value, name)
        answer = self._function(*bound.args, **bound.kwargs)
        return await answer if inspect.isawaitable(answer) else answer

    def _misfit(self, error: TypeError) -> Error:
        return invalid(f"{self.id}: {error}; expected {self._signature}")


async def _refuse(error: Error) -> Any:
    raise error
