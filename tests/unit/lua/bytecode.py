"""Reads what luac would list: which globals the functions of a Lua 5.4 chunk use."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from lupa import lua54

_HEADER = 4 + 1 + 1 + 6 + 3 + 8 + 8 + 1
_GETUPVAL, _GETTABUP, _SETTABUP = 9, 11, 15
_FIXED = {0: 0, 1: 0, 17: 0, 19: 8, 3: 8}  # sizes of constants that are no strings


def global_uses(source: bytes) -> set[tuple[int, str]]:
    """Return (depth, name) for each global that a chunk reads or writes; depth 0 is the chunk's own body."""
    lua = lua54.LuaRuntime(encoding=None)
    dump = lua.execute(b"local text = ... return string.dump(assert(load(text, '=chunk')))", source)
    return set(_Reader(dump).function(0))


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = _HEADER

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def number(self) -> int:
        value = 0
        while True:
            part = self.byte()
            value = value << 7 | part & 0x7F
            if part & 0x80:
                return value

    def skip(self, size: int) -> None:
        count = self.number()
        self.at += size * count

    def text(self) -> str:
        size = self.number()
        if size == 0:
            return ""
        self.at += size - 1
        return self.data[self.at - size + 1 : self.at].decode(errors="replace")

    def constant(self) -> Any:
        kind = self.byte()
        if kind in _FIXED:
            self.at += _FIXED[kind]
            return None
        return self.text()

    def function(self, depth: int) -> Iterator[tuple[int, str]]:
        self.text(), self.number(), self.number()
        self.at += 3
        count = self.number()
        code = struct.unpack_from(f"<{count}I", self.data, self.at)
        self.at += 4 * count
        constants = [self.constant() for _ in range(self.number())]
        self.skip(3)
        for _ in range(self.number()):
            yield from self.function(depth + 1)
        self.skip(1)
        for _ in range(self.number()):
            self.number(), self.number()
        for _ in range(self.number()):
            self.text(), self.number(), self.number()
        upvalues = [self.text() for _ in range(self.number())]
        yield from _uses(depth, code, constants, upvalues)


def _uses(depth: int, code: tuple[int, ...], constants: list[Any], upvalues: list[str]) -> Iterator[tuple[int, str]]:
    for instruction in code:
        op, a, b, c = instruction & 0x7F, instruction >> 7 & 0xFF, instruction >> 16 & 0xFF, instruction >> 24 & 0xFF
        if op == _GETTABUP and upvalues[b] == "_ENV":
            yield depth, constants[c]
        elif op == _SETTABUP and upvalues[a] == "_ENV":
            yield depth, constants[b]
        elif op == _GETUPVAL and upvalues[b] == "_ENV":
            yield depth, "_ENV"
