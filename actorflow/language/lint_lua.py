"""The linter of Lua scripts: works on tokens, so it also reads sources with type annotations or syntax errors."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from actorflow.language.finding import Finding, Severity
from actorflow.language.lexer import NAME, STRING, Token, tokens

_IN_A_FUNCTION: Final = "do it in a function and reach that with funcs.call"

_DETERMINISTIC: Final = (
    *("base64", "channel", "compress", "contract", "crypto", "ctx", "errors", "expr", "funcs", "hash", "html", "json"),
    *("os", "payload", "process", "templates", "text", "time", "treesitter", "uuid", "workflow", "yaml"),
)
_SILENT_OR_RECORDED: Final = ("logger", "metrics", "env", "registry", "store", "sql", "queue", "events")

DURABLE_LUA_MODULES: Final = frozenset({*_DETERMINISTIC, *_SILENT_OR_RECORDED})
"""Modules that a Lua script may list on a durable host; every other one is refused by name."""

_PARTIAL: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "env": frozenset({"get"}),
        "events": frozenset({"send"}),
        "queue": frozenset({"publish"}),
        "registry": frozenset({"get"}),
    }
)
"""Modules of which only these functions work in a durable run."""

_MODULE_ADVICE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "activity": "a workflow serves no call; heartbeats are for functions",
        "eval_runner": "put the code into a library and list it in `imports:`",
        "exec": "run commands in a function and reach it with funcs.call",
        "fs": "read and write files in a function and reach it with funcs.call",
        "http": "make requests in a function and reach it with funcs.call",
        "http_client": "make requests in a function and reach it with funcs.call",
        "io": "read and write in a function and reach it with funcs.call",
        "pg": "join groups in an actor that spawns or signals this process",
        "security": "check permissions in a function, or in the actor that spawns this process",
        "stream": "read streams in a function and reach it with funcs.call",
        "system": "ask the node in a function and reach it with funcs.call",
        "websocket": "hold the connection in an actor that signals this process",
    }
)
_PARTIAL_ADVICE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "env": "set variables in a function and reach it with funcs.call",
        "events": "subscribe in an actor that signals this process with process.send",
        "queue": "consume in a queue.consumer whose function signals this process",
        "registry": "search and change the registry in a function and reach it with funcs.call",
    }
)

_REMOVED_TABLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "io": f"use print or the logger module for output; for files, {_IN_A_FUNCTION}",
        "debug": "use errors.call_stack(err), or the logger module",
        "package": "list modules in `modules:` and libraries in `imports:`, then require them by name",
        "utf8": "use the text module",
    }
)
_REMOVED_FUNCTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "load": "put the code into a library and list it in `imports:`",
        "loadstring": "put the code into a library and list it in `imports:`",
        "loadfile": "list the library in `imports:` and require it by its alias",
        "dofile": "list the library in `imports:` and require it by its alias",
        "collectgarbage": "leave memory to the runtime; set `limits:` in the entry",
        "rawlen": "use #",
    }
)
_REMOVED_OS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "execute": _IN_A_FUNCTION,
        "exit": "return from the main function, or raise with error()",
        "getenv": "use env.get of the env module, or `${env:NAME}` in the entry",
        "remove": _IN_A_FUNCTION,
        "rename": _IN_A_FUNCTION,
        "setlocale": "format with string.format",
        "tmpname": _IN_A_FUNCTION,
    }
)
_MEMBER: Final = frozenset({".", ":"})
_INDEXES: Final = frozenset({".", ":", "["})
_CALLS: Final = frozenset({"(", "{", STRING})


def refuse_durable(modules: Iterable[str]) -> str | None:
    """Return the sentence that refuses a durable run of a script that lists `modules`; None when all may be used."""
    refused = [module for module in modules if module not in DURABLE_LUA_MODULES]
    if not refused:
        return None
    listed = "; ".join(f"{module}: {_advice(module)}" for module in refused)
    noun = "module" if len(refused) == 1 else "modules"
    return f"not available in a durable run: {noun} {', '.join(refused)} ({listed})"


def _advice(module: str) -> str:
    return _MODULE_ADVICE.get(module, "use it in a function and reach that with funcs.call")


def lint_lua(source: str, file: str, *, durable: bool, modules: tuple[str, ...]) -> list[Finding]:
    """Return the findings for one Lua script, in the order of the source.

    Args:
        source: the text of the script, with or without type annotations.
        file: where it came from, for the findings.
        durable: hold it to the rules of durable runs.
        modules: the modules that the entry lists.

    Syntax is the compiler's business: a source that does not compile may have findings or none. Raises nothing.
    """
    linter = _Linter(source, file, modules)
    found = [*linter.removed(), *(linter.refused() if durable else ())]
    return sorted(found, key=lambda finding: (finding.line, finding.column))


class _Linter:
    def __init__(self, source: str, file: str, modules: tuple[str, ...]) -> None:
        self._file = file
        self._modules = modules
        self._tokens = list(tokens(source))
        self._lines = [0, *(at + 1 for at, letter in enumerate(source) if letter == "\n")]
        self._required = dict(self._requires())
        self._local = {name for name, _ in self._declared()}

    def _finding(self, at: int, code: str, message: str, severity: Severity = "error") -> Finding:
        start = self._tokens[at].start
        line = bisect_right(self._lines, start)
        return Finding(self._file, line, start - self._lines[line - 1] + 1, code, message, severity)

    def _kind(self, at: int) -> str:
        return self._tokens[at].kind if 0 <= at < len(self._tokens) else ""

    def _names(self) -> Iterator[tuple[int, Token]]:
        """Yield the names that are variables: no member, field key or label."""
        for at, token in enumerate(self._tokens):
            is_key = self._kind(at + 1) == "=" and self._kind(at - 1) in {"{", ","}
            if token.kind == NAME and self._kind(at - 1) not in _MEMBER | {"::", "goto"} and not is_key:
                yield at, token

    def _declared(self) -> Iterator[tuple[str, int]]:
        """Yield the names that the source declares: locals, loop variables, functions and parameters."""
        for at, token in enumerate(self._tokens):
            if token.kind in {"local", "for"} or token.kind == "function":
                yield from self._name_list(at + 1)
            if token.kind == "function":
                opening = next((i for i in range(at + 1, min(at + 12, len(self._tokens))) if self._kind(i) == "("), at)
                yield from self._name_list(opening + 1)

    def _name_list(self, at: int) -> Iterator[tuple[str, int]]:
        while self._kind(at) == NAME:
            yield self._tokens[at].text, at
            if self._kind(at + 1) != ",":
                return
            at += 2

    def _requires(self) -> Iterator[tuple[str, tuple[str, int]]]:
        """Yield `name, (module, place)` for each `name = require "module"`."""
        for at, token in enumerate(self._tokens):
            if token.kind != NAME or token.text != "require":
                continue
            argument = at + 2 if self._kind(at + 1) == "(" else at + 1
            if self._kind(argument) == STRING:
                module = self._tokens[argument].text.strip("\"'[]=")
                named = self._kind(at - 1) == "=" and self._kind(at - 2) == NAME
                yield self._tokens[at - 2].text if named else module, (module, at)

    def removed(self) -> Iterator[Finding]:
        """Yield the uses of what scripts do not have."""
        for at, token in self._names():
            following, name = self._kind(at + 1), token.text
            if name == "os" and following == "." and self._tokens[at + 2].text in _REMOVED_OS:
                member = self._tokens[at + 2].text
                yield self._finding(at, "removed", f"scripts have no os.{member}: {_REMOVED_OS[member]}")
            if name in self._local or name in self._required or name in self._modules:
                continue
            if name in _REMOVED_TABLES and following in _INDEXES:
                yield self._finding(at, "removed", f"scripts have no {name} library: {_REMOVED_TABLES[name]}")
            elif name in _REMOVED_FUNCTIONS and following in _CALLS:
                yield self._finding(at, "removed", f"scripts have no {name}(): {_REMOVED_FUNCTIONS[name]}")

    def refused(self) -> Iterator[Finding]:
        """Yield what a durable run does not have."""
        places = dict(self._required.values())
        for module in dict.fromkeys([*self._modules, *places]):
            if module in self._modules and module not in DURABLE_LUA_MODULES:
                text = f"module {module!r} is not available in a durable run: {_advice(module)}"
                yield self._finding(places.get(module, 0), "durable-module", text)
        for at, token in self._names():
            yield from self._member(at, token)

    def _member(self, at: int, token: Token) -> Iterator[Finding]:
        if self._kind(at + 1) not in _MEMBER or self._kind(at + 2) != NAME:
            return
        member = self._tokens[at + 2].text
        if (token.text, member) == ("math", "randomseed"):
            text = "math.randomseed changes nothing in a durable run: its random numbers come from the recorded seed"
            yield self._finding(at, "randomseed", text, "warning")
        module = self._required[token.text][0] if token.text in self._required else token.text
        known = token.text in self._required or (module in self._modules and token.text not in self._local)
        if known and module in _PARTIAL and member not in _PARTIAL[module]:
            only = ", ".join(f"{module}.{name}" for name in sorted(_PARTIAL[module]))
            text = f"{module}.{member} is not available in a durable run, only {only} is: {_PARTIAL_ADVICE[module]}"
            yield self._finding(at, "durable-call", text)
