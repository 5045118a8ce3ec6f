"""`module.lua`: Lua code with several methods that others import, as they do a library."""

from __future__ import annotations

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.fields import Names, Source
from actorflow.registry.kinds.script import LUA_IMPORTS, Script


class ModuleLua(Script):
    """Lua code that others import; `methods` names what it offers."""

    source: Source
    method: str = ""
    methods: Names = ()


KIND = Kind("module.lua", ModuleLua, references={"imports": LUA_IMPORTS})
