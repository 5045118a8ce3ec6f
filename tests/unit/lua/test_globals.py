"""The functions of the prelude use no globals: a script, or lupa, may look at or change those at any time."""

from __future__ import annotations

from pathlib import Path

import pytest

import actorflow.language.lua
from actorflow.language.lua.chunk import CHUNKS
from actorflow.language.lua.modules import FOUND, PARTS
from tests.unit.lua.bytecode import global_uses

PRELUDE = Path(actorflow.language.lua.__file__).parent / "prelude"
NAMES = {*CHUNKS, *[f"module_{name}" for name in FOUND], *[f"part_{name}" for name in PARTS], "runtime"}


def test_the_reader_sees_globals_at_every_depth() -> None:
    source = b"local a = print function f() return function() g = math.pi end end local _ENV = {} x = 1"
    assert global_uses(source) == {(0, "print"), (0, "f"), (2, "g"), (2, "math")}


def test_every_file_of_the_prelude_is_loaded() -> None:
    assert {path.stem for path in PRELUDE.glob("*.lua")} == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_globals_are_captured_where_a_chunk_begins(name: str) -> None:
    used = {name for depth, name in global_uses((PRELUDE / f"{name}.lua").read_bytes()) if depth > 0}
    assert not used
