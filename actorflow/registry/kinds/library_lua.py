"""`library.lua`: Lua code that others import."""

from __future__ import annotations

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.fields import Source
from actorflow.registry.kinds.script import LUA_IMPORTS, Script


class LibraryLua(Script):
    """Lua code that others import; it has no method."""

    source: Source


KIND = Kind("library.lua", LibraryLua, references={"imports": LUA_IMPORTS})
