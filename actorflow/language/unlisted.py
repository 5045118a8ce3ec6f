"""Modules that a script uses and does not have: not listed in `modules:` in Lua, not imported in Python.

Both fail only when the line is reached. What one file shows is looked at: a name that the script defines, or asks for
before it uses it, is its own business.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from actorflow.language.finding import Finding
from actorflow.language.lexer import NAME, STRING
from actorflow.language.lua_source import LuaSource
from actorflow.language.silence import silenced

if TYPE_CHECKING:
    from actorflow.bundle import Bundle

CODE: Final = "module"
_ALWAYS: Final = frozenset(
    {"channel", "coroutine", "errors", "math", "os", "payload", "process", "string", "table", "io"}
)
"""What every Lua script has; and `io`, of which another rule says that it is not what a script takes it for."""
_INDEXES: Final = frozenset({".", ":", "["})
_ASKING: Final = frozenset({"then", "and", "or", "==", "~=", ")", ",", "="})
"""What follows a name that is looked at as a value, as in `if workflow then`, or that is assigned."""
_GUARD: Final = 8
"""Tokens before a `require` in which a `pcall` makes it an attempt."""


def unlisted_lua(bundles: Iterable[Bundle], known: Collection[str]) -> Iterator[tuple[str, Finding]]:
    """Yield the id of an entry and a finding for each module that its source or a library uses, and nobody lists.

    Modules are one set for an entry and its libraries; what a library is imported as is its importer's own. Where
    several entries share a source, it may use what any of them lists: which method needs what, nobody can tell.

    Args:
        bundles: of the entries. Those of libraries are looked at with the entries that import them.
        known: names of the modules that there are.
    """
    entries = [(bundle, dict(_units(bundle))) for bundle in bundles]
    listed: dict[tuple[str, int], set[str]] = {}
    for _, units in entries:
        modules = {module for unit in units.values() for module in unit.modules}
        for unit in units.values():
            listed.setdefault((unit.file, unit.line), set()).update(modules)
    seen: set[tuple[str, int]] = set()
    for bundle, units in entries:
        for unit in units.values():
            place = unit.file, unit.line
            if place not in seen:
                wanted = {name for name in known if name not in listed[place] | _ALWAYS | unit.imports.keys()}
                yield from ((bundle.id, finding) for finding in _unlisted(bundle, unit, wanted))
            seen.add(place)


def _unlisted(bundle: Bundle, unit: Bundle, wanted: Collection[str]) -> list[Finding]:
    source = LuaSource("\n" * unit.line + unit.source, unit.file, unit.modules)
    lists = f"{unit.id} does not list" if unit is bundle else f"neither {unit.id} nor {bundle.id} lists"
    found = [
        source.finding(at, CODE, f"module {name!r} is used, and {lists} it: add it to `modules:`", "warning")
        for name, at in _first(_used(source, wanted))
    ]
    return silenced(found, "\n" * unit.line + unit.source, unit.file)


def unimported_python(source: str, file: str, known: Collection[str]) -> list[Finding]:
    """Return a finding for each module of `actorflow.script` that a Python script uses without importing it.

    A source that does not parse has none: the linter says so.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    nodes = list(ast.walk(tree))
    if any(isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names) for node in nodes):
        return []
    bound = _bound(nodes)
    wanted = {name for name in known if name not in bound and not hasattr(builtins, name)}
    used: dict[str, ast.Name] = {}
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in wanted:
            used.setdefault(node.value.id, node.value)
    found = [
        Finding(file, node.lineno, node.col_offset + 1, CODE, _ADVICE.format(name=name), "warning")
        for name, node in used.items()
    ]
    return silenced(found, source, file)


_ADVICE: Final = "{name!r} is used and not imported: add `from actorflow.script import {name}`"


def _units(bundle: Bundle) -> Iterator[tuple[str, Bundle]]:
    yield bundle.id, bundle
    libraries: Mapping[str, Bundle] = bundle.imports
    for library in libraries.values():
        yield from _units(library)


def _used(source: LuaSource, wanted: Collection[str]) -> Iterator[tuple[str, int]]:
    """Yield each use of a wanted module, as a global that is indexed or by `require`, with its place."""
    free = [(at, token.text) for at, token in source.names() if token.text in wanted]
    own = {name for at, name in free if source.kind(at + 1) in _ASKING} | source.local | source.required.keys()
    for at, name in free:
        if name not in own and source.kind(at + 1) in _INDEXES:
            yield name, at
    for at, token in enumerate(source.tokens):
        if token.kind == NAME and token.text == "require" and source.kind(at - 1) not in {".", ":"}:
            argument = at + 2 if source.kind(at + 1) == "(" else at + 1
            name = source.text(argument).strip("\"'") if source.kind(argument) == STRING else ""
            if name in wanted and not _is_attempt(source, at):
                yield name, at


def _is_attempt(source: LuaSource, at: int) -> bool:
    """Tell whether a `require` is in a `pcall`, or all that a function does that is passed to one of its kind."""
    if [source.text(place) for place in range(at - 4, at)] == ["function", "(", ")", "return"]:
        return source.text(at - 5) in {"(", ","}
    return any(source.text(place) in {"pcall", "xpcall"} for place in range(max(at - _GUARD, 0), at))


def _first(uses: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the first use of each module."""
    first: dict[str, int] = {}
    for name, at in uses:
        first[name] = min(at, first.get(name, at))
    return sorted(first.items(), key=lambda use: use[1])


def _bound(nodes: Iterable[ast.AST]) -> set[str]:
    """Return every name that a file gives a meaning, in any scope."""
    bound: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            bound.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            bound.add(node.rest)
    return bound
