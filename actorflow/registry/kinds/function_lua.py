"""`function.lua`: a function written in Lua."""

from __future__ import annotations

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.fields import Source
from actorflow.registry.kinds.function import Function
from actorflow.registry.kinds.script import LUA_IMPORTS


class FunctionLua(Function):
    """A function written in Lua."""

    source: Source


KIND = Kind("function.lua", FunctionLua, references={"imports": LUA_IMPORTS})
