"""The guard: what a script may import and call at run time, beside what the linter finds in its text."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from types import FrameType, ModuleType
from typing import Any, Final

from actorflow.errors import invalid
from actorflow.language.script_rules import FORBIDDEN_BUILTINS, import_refusal, is_importable
from actorflow.script.logger import print_line

PREFIX: Final = "actorflow_script_"
"""What the module names of scripts begin with."""


def is_script(frame: FrameType) -> bool:
    """Tell whether a frame runs a script's code."""
    return _is_scripts(frame.f_globals)


def _is_scripts(names: Mapping[str, Any]) -> bool:
    return str(names.get("__name__", "")).startswith(PREFIX)


def restricted_builtins(libraries: Mapping[str, ModuleType], allowed: frozenset[str]) -> dict[str, Any]:
    """Return the built-ins of a script: imports of libraries by alias, of the whitelist and of what it lists."""
    names = {name: value for name, value in vars(builtins).items() if name not in FORBIDDEN_BUILTINS}
    names |= {name: _refusing(name, advice) for name, advice in FORBIDDEN_BUILTINS.items() if hasattr(builtins, name)}
    return names | {"__import__": _importer(libraries, allowed), "print": print_line}


def _importer(libraries: Mapping[str, ModuleType], allowed: frozenset[str]) -> Callable[..., Any]:
    def importing(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:  # noqa: A002 - the signature of __import__
        library = libraries.get(name)
        if library is not None:
            return library
        if _from_script(globals) and not is_importable(name, allowed):
            raise ImportError(import_refusal(name, allowed))
        return builtins.__import__(name, globals, locals, fromlist, level)

    return importing


def _from_script(names: Any) -> bool:
    """Tell whether the import statement stands in a script, not in a library of Python's that it called."""
    return names is None or _is_scripts(names)


def _refusing(name: str, advice: str) -> Callable[..., Any]:
    def refused(*_args: Any, **_named: Any) -> Any:
        raise invalid(f"{name}() is not available in a script: {advice}")

    return refused
