"""Which modules a Lua entry may list: those of the prelude, and one for each of its files `module_NAME.lua`.

A module with many capabilities has further files, `part_NAME_CAPABILITY.lua`, each of which adds to it.
"""

from __future__ import annotations

from importlib import resources
from typing import Final

_PREFIX: Final = "module_"
_PART: Final = "part_"
_SUFFIX: Final = ".lua"
_BUILT_IN: Final = frozenset({"channel", "coroutine", "errors", "math", "os", "payload", "process", "string", "table"})
_LISTED: Final = frozenset({"ctx", "funcs", "json", "logger", "time"})


def _found(prefix: str) -> frozenset[str]:
    files = (resources.files("actorflow.language.lua") / "prelude").iterdir()
    names = [file.name for file in files if file.name.startswith(prefix) and file.name.endswith(_SUFFIX)]
    return frozenset(name.removeprefix(prefix).removesuffix(_SUFFIX) for name in names)


FOUND: Final = _found(_PREFIX)
"""Names of the modules with a file of their own."""
PARTS: Final = _found(_PART)
"""Names of the parts of modules: the module's name, an underscore, and what the part adds."""
LUA_MODULES: Final = _BUILT_IN | _LISTED | FOUND
"""Names of the modules an entry may list."""
