"""Python functions from their entries: imported by path, or executed from the source of the registry."""

from __future__ import annotations

import builtins
import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, Final

from actorflow.bundle import Bundle
from actorflow.errors import invalid, not_found
from actorflow.node.suggest import did_you_mean
from hosts.function.failing import failure_in

_PREFIX: Final = "actorflow_function_"
_DEFAULT_METHOD: Final = "main"


class Loader:
    """Loads each function once per content hash. What it loaded it keeps until `close`."""

    def __init__(self) -> None:
        """Make a loader that has loaded nothing."""
        self._functions: dict[str, Callable[..., Any]] = {}
        self._modules: dict[str, ModuleType] = {}

    def function(self, bundle: Bundle) -> Callable[..., Any]:
        """Return the function of a bundle.

        Raises:
            Error: kind Invalid when its code fails to load, NotFound when the callable is not in it.
        """
        found = self._functions.get(bundle.hash)
        if found is None:
            found = self._functions[bundle.hash] = self._loaded(bundle)
        return found

    def close(self) -> None:
        """Forget everything."""
        for module in self._modules.values():
            if sys.modules.get(module.__name__) is module:
                del sys.modules[module.__name__]
        self._modules.clear()
        self._functions.clear()

    def _loaded(self, bundle: Bundle) -> Callable[..., Any]:
        if bundle.import_path:
            path, _, name = bundle.import_path.partition(":")
            module, name = self._imported(bundle, path), name or _DEFAULT_METHOD
        else:
            module, name = self._module(bundle), bundle.method or _DEFAULT_METHOD
        found: Any = module
        for part in name.split("."):
            found = getattr(found, part, None)
        if not callable(found):
            known = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
            place = bundle.file or bundle.import_path
            raise not_found(f"{bundle.id}: method {name!r} not found in {place}{did_you_mean(name, known)}")
        function: Callable[..., Any] = found
        return function

    def _imported(self, bundle: Bundle, path: str) -> Any:
        try:
            return importlib.import_module(path)
        except Exception as error:
            failure = failure_in(error)
            raise invalid(f"{bundle.id}: import of {path!r} failed: {failure.message}", stack=failure.stack) from error

    def _module(self, bundle: Bundle) -> Any:
        """Execute a source once; the module is registered with Python, for what looks classes up by module."""
        module = self._modules.get(bundle.hash)
        if module is not None:
            return module
        module = ModuleType(_PREFIX + bundle.hash[:16], f"The source of {bundle.id}.")
        module.__file__ = bundle.file
        libraries = {alias: self._module(library) for alias, library in bundle.imports.items()}
        vars(module)["__builtins__"] = {**vars(builtins), "__import__": _importer(libraries)}
        sys.modules[module.__name__] = module
        try:
            code = compile("\n" * bundle.line + bundle.source, bundle.file or bundle.id, "exec", dont_inherit=True)
            exec(code, vars(module))  # noqa: S102 - running a registered source is what this host is for
        except Exception as error:
            del sys.modules[module.__name__]
            failure = failure_in(error)
            raise invalid(f"{bundle.id}: loading failed: {failure.message}", stack=failure.stack) from error
        self._modules[bundle.hash] = module
        return module


def _importer(libraries: dict[str, ModuleType]) -> Callable[..., Any]:
    """Return an `__import__` that knows the libraries of an entry by their alias."""

    def importing(name: str, *args: Any, **named: Any) -> Any:
        library = libraries.get(name)
        return builtins.__import__(name, *args, **named) if library is None else library

    return importing
