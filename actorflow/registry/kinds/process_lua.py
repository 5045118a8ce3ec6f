"""`process.lua`: a process written in Lua."""

from __future__ import annotations

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.process import Process
from actorflow.registry.kinds.script import LUA_IMPORTS


class ProcessLua(Process):
    """A process; held to the durable rules at its first spawn onto a durable host."""


KIND = Kind("process.lua", ProcessLua, references={"imports": LUA_IMPORTS})
