"""The Python language: compiles a bundle to a program that processes share."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from actorflow.bundle import Bundle
from actorflow.errors import Error, invalid, not_found
from actorflow.language.python.module import Modules
from actorflow.language.python.running import Running
from actorflow.language.python.watchdog import Watchdog
from actorflow.notice import Notice, NoticeSink, drop
from actorflow.script.record import builders_of

if TYPE_CHECKING:
    from actorflow.machine.machine import Machine

_DEFAULT_METHOD: Final = "main"


class PythonLanguage:
    """Python on one node: its modules and its watchdog."""

    modules: Final = frozenset(
        {"channel", "ctx", "errors", "funcs", "json", "logger", "process", "random", "time", "uuid", "workflow"}
    )
    """Names of the modules an entry may list; in Python all of `actorflow.script` is there without listing."""

    def __init__(self, notices: NoticeSink = drop) -> None:
        """Make a language that has compiled nothing."""
        self._modules = Modules()
        self._notices = notices
        self._watchdog = Watchdog(self._slow, self._sick)

    def compile(self, bundle: Bundle, *, durable: bool = False) -> PythonProgram:
        """Return the program of a bundle; `durable` holds it to the rules of durable runs.

        Raises:
            Error: kind Invalid, with every finding, when the source breaks a rule; NotFound without its method.
        """
        module = self._modules.of(bundle, durable=durable)
        name = bundle.method or _DEFAULT_METHOD
        function = getattr(module, name, None)
        if not callable(function):
            known = [key for key, value in vars(module).items() if inspect.iscoroutinefunction(value)]
            close = get_close_matches(name, known, 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise not_found(f"{bundle.id}: method {name!r} not found in {bundle.file or 'its source'}{hint}")
        return PythonProgram(bundle, function, self._watchdog)

    def _slow(self, nanoseconds: int) -> None:
        self._notices(Notice("slow-script", f"a script computed {nanoseconds // 1_000_000} ms between two ops"))

    def _sick(self) -> None:
        text = "a Python script swallows every attempt to stop it; the node does nothing else until it is restarted"
        self._notices(Notice("node-sick", text))


class PythonProgram:
    """A compiled entry (`ports.Program`)."""

    __slots__ = ("_builders", "_bundle", "_function", "_is_async", "_names", "watchdog")

    def __init__(self, bundle: Bundle, function: Callable[..., Any], watchdog: Watchdog) -> None:
        """Remember the entry function and how its arguments are built."""
        self._bundle = bundle
        self._function = function
        self._is_async = inspect.iscoroutinefunction(function)
        self._builders = builders_of(function)
        self._names = tuple(inspect.signature(function).parameters)
        self.watchdog = watchdog

    def open(self, machine: Machine) -> Running:
        """Return a fresh instance."""
        self.watchdog.start()
        return Running(self, machine)

    def main(self, args: tuple[Any, ...]) -> Any:
        """Return the coroutine of the entry function with these arguments; nothing of it runs yet."""
        if self._is_async and not self._builders:
            try:
                return self._function(*args)
            except TypeError as error:
                return _refuse(self._misfit(error))
        return self._built(args)

    async def _built(self, args: tuple[Any, ...]) -> Any:
        builders = self._builders
        given = [
            builders[name](value, name) if name in builders else value
            for name, value in zip(self._names, args, strict=False)
        ]
        given += args[len(given) :]
        try:
            answer = self._function(*given)
        except TypeError as error:
            raise self._misfit(error) from error
        return await answer if self._is_async else answer

    def _misfit(self, error: TypeError) -> Error:
        return invalid(f"{self._bundle.id}: {error}; expected {inspect.signature(self._function)}")


async def _refuse(error: Error) -> Any:
    raise error
