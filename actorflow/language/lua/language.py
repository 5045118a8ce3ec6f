"""The Lua language: compiles a bundle to a program that processes share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from actorflow.bundle import Bundle
from actorflow.duration import MICROSECOND, MILLISECOND
from actorflow.errors import invalid
from actorflow.language.erase import erase_types
from actorflow.language.lint import lint_lua, refuse_durable
from actorflow.language.lua.modules import LUA_MODULES
from actorflow.language.lua.program import LuaProgram
from actorflow.language.lua.runtime import Runtime, RuntimeLimits
from actorflow.node.limit import Memory, slices_of
from actorflow.notice import NoticeSink, drop
from actorflow.ports import NO_SLICES

_DEFAULT_METHOD: Final = "main"
_KILL: Final = 250 * MILLISECOND
_INSTRUCTIONS_PER_MICROSECOND: Final = 100
_LEAST_INSTRUCTIONS: Final = 10_000
_ISOLATED_MEMORY: Final = 64 << 20
_MEMORY: Final = Memory()
_NO_LIMIT: Final = 1 << 53


class LuaLanguage:
    """Lua on one node: the runtime that its processes share, and those of isolated entries."""

    modules: Final = LUA_MODULES
    """Names of the modules an entry may list."""

    def __init__(self, notices: NoticeSink = drop, limits: RuntimeLimits | None = None) -> None:
        """Make a language that has compiled nothing; the runtime starts with the first program."""
        self._notices = notices
        self._limits = limits or RuntimeLimits()
        self._shared: Runtime | None = None

    def compile(self, bundle: Bundle, *, durable: bool = False, slices: Mapping[str, int] = NO_SLICES) -> LuaProgram:
        """Return the program of a bundle; `durable` holds it to the rules of durable runs, `slices` are the host's.

        Raises:
            Error: kind Invalid, naming file and line, for a syntax error, a module that does not exist, or one that a
                durable run may not use.
        """
        _check(bundle, durable=durable)
        return self._built(bundle, slices)

    @property
    def source_count(self) -> int:
        """How many compiled sources its shared runtime keeps."""
        if self._shared is None:
            return 0
        self._shared.forget_unused()
        return self._shared.chunk_count

    def _built(self, bundle: Bundle, slices: Mapping[str, int]) -> LuaProgram:
        runtime = self._runtime(bundle)
        runtime.forget_unused()
        lines: list[str] = []
        known: dict[str, int] = {}
        _plan(runtime, bundle, lines, known, entry=True)
        isolated = runtime is not self._shared
        method = bundle.method or _DEFAULT_METHOD
        number = runtime.prepare("\n".join(lines), method, _bounds(bundle, slices, isolated=isolated))
        program = LuaProgram(runtime, number, partial(self._built, bundle, slices), isolated=isolated)
        runtime.keep(program, frozenset(known))
        return program

    def _runtime(self, bundle: Bundle) -> Runtime:
        if bundle.options.get("isolate"):
            memory = {"kill": _ISOLATED_MEMORY, **bundle.options.get("limits", {}).get("memory", {})}
            return Runtime(replace(self._limits, memory=memory["kill"], isolated=True))
        if self._shared is None or self._shared.poisoned:
            self._shared = Runtime(self._limits)
        return self._shared


def _bounds(bundle: Bundle, slices: Mapping[str, int], *, isolated: bool) -> dict[str, int]:
    """Return what processes of a bundle are held to; memory of one in its own runtime is that of the runtime.

    With `transactional` the entry function gets the transaction before its arguments.
    """
    limits = bundle.options.get("limits", {})
    kill = {**slices, **limits.get("slice", {})}.get("kill", _KILL)
    memory = _MEMORY.under(slices).under(slices_of(limits))
    joined = {"transactional": 1} if bundle.options.get("transactional") else {}
    return {
        **joined,
        "instructions": max(kill * _INSTRUCTIONS_PER_MICROSECOND // MICROSECOND, _LEAST_INSTRUCTIONS),
        "milliseconds": kill // MILLISECOND,
        "memory_kib": _NO_LIMIT if isolated else memory.kill >> 10,
        "warn_kib": memory.warn >> 10,
    }


def _plan(runtime: Runtime, bundle: Bundle, lines: list[str], known: dict[str, int], *, entry: bool) -> int:
    """Append the units of a bundle, libraries first, and return the number of the last; see the prelude's `prepare`."""
    if not entry and bundle.hash in known:
        return known[bundle.hash]
    units = {alias: _plan(runtime, library, lines, known, entry=False) for alias, library in bundle.imports.items()}
    imports = ",".join(f"{alias}={unit}" for alias, unit in units.items())
    lines.append(f"{imports}\t{_chunk(runtime, bundle)}\t{','.join(bundle.modules)}")
    known[bundle.hash] = len(lines)
    return len(lines)


def _chunk(runtime: Runtime, bundle: Bundle) -> int:
    source = "\n" * bundle.line + erase_types(bundle.source)
    chunk, problem = runtime.compile(bundle.hash, source, bundle.id, bundle.file or bundle.id)
    if problem:
        raise invalid(f"{bundle.id}: {problem}")
    return chunk


def _check(bundle: Bundle, *, durable: bool) -> None:
    unknown = [name for name in bundle.modules if name not in LuaLanguage.modules]
    if unknown:
        there = ", ".join(sorted(LuaLanguage.modules))
        raise invalid(f"{bundle.id}: module {unknown[0]!r} does not exist here; there are: {there}")
    if durable:
        refusal = refuse_durable(bundle.modules)
        if refusal:
            raise invalid(f"{bundle.id} cannot run durably: {refusal}")
    name = bundle.file or bundle.id
    findings = lint_lua("\n" * bundle.line + bundle.source, name, durable=durable, modules=tuple(bundle.modules))
    errors = [
        str(finding) for finding in findings if finding.severity == "error" and finding.code.startswith("durable")
    ]
    if errors:
        raise invalid(f"{bundle.id} cannot run here:\n  " + "\n  ".join(errors))
    for library in bundle.imports.values():
        _check(library, durable=durable)
