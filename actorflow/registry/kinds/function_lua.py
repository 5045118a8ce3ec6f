"""`function.lua`: a function written in Lua."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import field_validator

from actorflow.registry.kind import Kind
from actorflow.registry.kinds.fields import Source, refusal
from actorflow.registry.kinds.function import Function
from actorflow.registry.kinds.script import LUA_IMPORTS


class FunctionLua(Function):
    """A function written in Lua.

    `transactional` is for Python alone: what it would promise here, exactly once, must not go unsaid.
    """

    source: Source
    transactional: Literal[False] = False

    @field_validator("transactional", mode="before")
    @classmethod
    def _is_for_python(cls, value: Any) -> Any:
        if value:
            raise refusal("a function.py, which is what may be transactional")
        return value


KIND = Kind("function.lua", FunctionLua, references={"imports": LUA_IMPORTS})
