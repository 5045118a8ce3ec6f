"""The chunks of the prelude, compiled: what a new Lua runtime loads before anything else."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

from lupa import lua54

from actorflow.language.lua.modules import FOUND, PARTS

CHUNKS: Final = (
    *("objects", "memory", "kill", "errors", "tables", "text"),
    *("pattern_program", "pattern_match", "pattern", "iteration", "coroutines"),
    *(
        "codec",
        "handing",
        "inspect",
        "base",
        "type_forms",
        "type_check",
        "type_order",
        "types",
        "messages",
        "channels",
        "funcs",
        "process",
    ),
    *("calendar", "layout", "duration", "moment", "timing", "json", "subscription", "sql_builder", "modules"),
    *("programs", "main", "steps"),
)
"""The files of the prelude beside `runtime`, which calls them, and those of single modules (`FOUND`)."""
RUNTIME: Final = "runtime"
_COMPILER: Final = b"return function(text, name) return string.dump((assert(load(text, name, 't')))) end"


@cache
def prelude() -> Mapping[str, bytes]:
    """Return the files of the prelude by name, in the order in which they are called, as bytecode.

    They are compiled once in a process: that takes two thirds of the time in which a runtime is made. Only what was
    compiled here is ever loaded as bytecode; scripts are text.
    """
    compile_chunk = lua54.LuaRuntime(encoding=None, register_eval=False, register_builtins=False).execute(_COMPILER)
    folder = resources.files("actorflow.language.lua") / "prelude"
    single = (*(f"module_{name}" for name in sorted(FOUND)), *(f"part_{name}" for name in sorted(PARTS)))
    return MappingProxyType(
        {
            name: compile_chunk((folder / f"{name}.lua").read_bytes(), f"=[prelude/{name}]".encode())
            for name in (*CHUNKS, *single, RUNTIME)
        }
    )
