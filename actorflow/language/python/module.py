"""Modules: the source of an entry, executed once per content hash and node. Their globals are constants."""

from __future__ import annotations

import sys
import weakref
from collections import Counter
from collections.abc import Iterator
from types import CodeType, ModuleType
from typing import Any, Final

from actorflow.bundle import Bundle
from actorflow.duration import SECOND
from actorflow.errors import Error, invalid
from actorflow.language.lint import lint_python
from actorflow.language.python.failing import failure_in, innermost, runaway
from actorflow.language.python.guard import PREFIX, restricted_builtins
from actorflow.language.python.watch import Runaway, SliceLimits
from actorflow.language.python.watchdog import Watchdog

_LOADING: Final = SliceLimits(warn=10 * SECOND, kill=10 * SECOND)
"""How long the top level of a module may take: importing an installed package reads many files."""


class Modules:
    """The executed sources of one node; each stays as long as a program of it, or of what imports it."""

    def __init__(self, watchdog: Watchdog) -> None:
        """Make an empty set; `watchdog` looks after what their top levels do."""
        self._modules: dict[str, ModuleType] = {}
        self._users: Counter[str] = Counter()
        self._watchdog = watchdog
        weakref.finalize(self, _forget, self._modules).atexit = False

    def of(self, bundle: Bundle, *, durable: bool) -> ModuleType:
        """Return the module of a bundle.

        Raises:
            Error: kind Invalid, naming file and line, when the source or that of a library breaks a rule or fails to
                run; kind Resource when its top level takes too long.
        """
        _check(bundle, durable=durable)
        return self._executed(bundle)

    def keep(self, program: object, bundle: Bundle) -> None:
        """Keep the modules of a bundle until nothing refers to its program any more."""
        hashes = frozenset(_hashes(bundle))
        self._users.update(hashes)
        weakref.finalize(program, _release, self._modules, self._users, hashes).atexit = False

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._modules)

    def _executed(self, bundle: Bundle) -> ModuleType:
        module = self._modules.get(bundle.hash)
        if module is None:
            libraries = {alias: self._executed(library) for alias, library in bundle.imports.items()}
            module = self._modules[bundle.hash] = self._loaded(bundle, libraries)
        return module

    def _loaded(self, bundle: Bundle, libraries: dict[str, ModuleType]) -> ModuleType:
        module = ModuleType(PREFIX + bundle.hash[:16], f"The source of {bundle.id}.")
        module.__file__ = bundle.file
        vars(module)["__builtins__"] = restricted_builtins(libraries, _allowed(bundle))
        sys.modules[module.__name__] = module  # dataclasses look their module up there
        try:
            code = compile(_placed(bundle), bundle.file or bundle.id, "exec", dont_inherit=True)
            self._watchdog.here().call(_Loading(), _execute, code, module)
        except BaseException as error:
            del sys.modules[module.__name__]
            raise _fault(bundle, error) from error
        return module


class _Loading:
    """What the watchdog looks after while a module is executed."""

    limits = _LOADING
    progress = 0


def _execute(code: CodeType, module: ModuleType) -> None:
    exec(code, vars(module))  # noqa: S102 - running registered sources is what this is for


def _fault(bundle: Bundle, error: BaseException) -> BaseException:
    if isinstance(error, KeyboardInterrupt):
        return error
    if isinstance(error, Runaway):
        return Error(runaway(bundle.id, _LOADING.kill, bundle.file or bundle.id))
    failure = failure_in(error)
    place = innermost(None, error) + ": " if isinstance(error, Error) else ""
    return invalid(f"{bundle.id}: loading failed: {place}{failure.message}", stack=failure.stack)


def _hashes(bundle: Bundle) -> Iterator[str]:
    yield bundle.hash
    for library in bundle.imports.values():
        yield from _hashes(library)


def _release(modules: dict[str, ModuleType], users: Counter[str], hashes: frozenset[str]) -> None:
    """Forget the modules that no other program uses."""
    gone = {}
    for key in hashes:
        users[key] -= 1
        if not users[key]:
            del users[key]
            if key in modules:
                gone[key] = modules.pop(key)
    _forget(gone)


def _forget(modules: dict[str, ModuleType]) -> None:
    """Take the modules of a node that is gone out of the interpreter's table; another node may have its own there."""
    for module in modules.values():
        if sys.modules.get(module.__name__) is module:
            del sys.modules[module.__name__]


def _check(bundle: Bundle, *, durable: bool) -> None:
    findings = [str(finding) for finding in _findings(bundle, durable=durable)]
    if findings:
        raise invalid(f"{bundle.id} cannot run here:\n  " + "\n  ".join(findings), findings=findings)


def _findings(bundle: Bundle, *, durable: bool) -> list[Any]:
    """Return what breaks a rule in a bundle and its libraries."""
    found = lint_python(_placed(bundle), bundle.file or bundle.id, allowed=_allowed(bundle), durable=durable)
    errors = [finding for finding in found if finding.severity == "error"]
    for library in bundle.imports.values():
        errors += _findings(library, durable=durable)
    return errors


def _placed(bundle: Bundle) -> str:
    """Return the source with the line numbers of its file."""
    return "\n" * bundle.line + bundle.source


def _allowed(bundle: Bundle) -> frozenset[str]:
    packages: Any = bundle.options.get("packages") or ()
    return frozenset(bundle.imports) | frozenset(packages)
