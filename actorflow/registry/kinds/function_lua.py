"""`function.lua`: a function written in Lua."""

from __future__ import annotations

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.fields import Database, Source
from actorflow.registry.kinds.function import Function
from actorflow.registry.kinds.script import LUA_IMPORTS


class FunctionLua(Function):
    """A function written in Lua.

    `transactional`: its first argument is the transaction in which the completion of its call is committed, in the
    database that keeps the run; `database` says which that must be.
    """

    source: Source
    transactional: bool = False
    database: Database | None = None


KIND = Kind("function.lua", FunctionLua, references={"imports": LUA_IMPORTS, "database": ("db.sql.*",)})
