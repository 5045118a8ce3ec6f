"""Lua scripts (Lua 5.4): a sandbox whose calls are yields, driven through one function.

Sources pass the type eraser first. All processes of a node share one Lua runtime; an entry with `isolate: true` has one
of its own. Python objects never enter Lua and Lua tables never leave it: values cross as CBOR or as plain scalars.
"""

from __future__ import annotations

from actorflow.language.lua.language import LuaLanguage

__all__ = ["LuaLanguage"]
