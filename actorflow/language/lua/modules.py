"""Which modules a Lua entry may list: those of the prelude, and one for each of its files `module_NAME.lua`."""

from __future__ import annotations

from importlib import resources
from typing import Final

_PREFIX: Final = "module_"
_SUFFIX: Final = ".lua"
_BUILT_IN: Final = frozenset({"channel", "coroutine", "errors", "math", "os", "payload", "process", "string", "table"})
_LISTED: Final = frozenset({"ctx", "funcs", "json", "logger", "time", "workflow"})


def _found() -> frozenset[str]:
    files = (resources.files("actorflow.language.lua") / "prelude").iterdir()
    names = [file.name for file in files if file.name.startswith(_PREFIX) and file.name.endswith(_SUFFIX)]
    return frozenset(name.removeprefix(_PREFIX).removesuffix(_SUFFIX) for name in names)


FOUND: Final = _found()
"""Names of the modules with a file of their own."""
LUA_MODULES: Final = _BUILT_IN | _LISTED | FOUND
"""Names of the modules an entry may list."""
