"""The linter of Lua scripts: works on tokens, so it also reads sources with type annotations or syntax errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from actorflow.language.determinism_lua import determinism
from actorflow.language.finding import Finding
from actorflow.language.lexer import NAME, STRING, Token
from actorflow.language.lua_source import MEMBER, LuaSource
from actorflow.language.silence import silenced

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
    found = [*linter.removed(), *((*linter.refused(), *determinism(linter)) if durable else ())]
    return silenced(found, source, file)


class _Linter(LuaSource):
    def removed(self) -> Iterator[Finding]:
        """Yield the uses of what scripts do not have."""
        for at, token in self.names():
            following, name = self.kind(at + 1), token.text
            if name == "os" and following == "." and self.tokens[at + 2].text in _REMOVED_OS:
                member = self.tokens[at + 2].text
                yield self.finding(at, "removed", f"scripts have no os.{member}: {_REMOVED_OS[member]}")
            if name in self.local or name in self.required or name in self.modules:
                continue
            if name in _REMOVED_TABLES and following in _INDEXES:
                yield self.finding(at, "removed", f"scripts have no {name} library: {_REMOVED_TABLES[name]}")
            elif name in _REMOVED_FUNCTIONS and following in _CALLS:
                yield self.finding(at, "removed", f"scripts have no {name}(): {_REMOVED_FUNCTIONS[name]}")
            elif self.member(at) == ("string", "format") and self.kind(at + 4) == STRING and "%p" in self.text(at + 4):
                advice = "an address differs from process to process; number the objects yourself"
                yield self.finding(at, "address", f"string.format has no %p: {advice}", "warning")

    def refused(self) -> Iterator[Finding]:
        """Yield what a durable run does not have."""
        places = dict(self.required.values())
        for module in dict.fromkeys([*self.modules, *places]):
            if module in self.modules and module not in DURABLE_LUA_MODULES:
                text = f"module {module!r} is not available in a durable run: {_advice(module)}"
                yield self.finding(places.get(module, 0), "durable-module", text)
        for at, token in self.names():
            yield from self._member(at, token)

    def _member(self, at: int, token: Token) -> Iterator[Finding]:
        if self.kind(at + 1) not in MEMBER or self.kind(at + 2) != NAME:
            return
        member = self.tokens[at + 2].text
        module = self.required[token.text][0] if token.text in self.required else token.text
        known = token.text in self.required or (module in self.modules and token.text not in self.local)
        if known and module in _PARTIAL and member not in _PARTIAL[module]:
            only = ", ".join(f"{module}.{name}" for name in sorted(_PARTIAL[module]))
            text = f"{module}.{member} is not available in a durable run, only {only} is: {_PARTIAL_ADVICE[module]}"
            yield self.finding(at, "durable-call", text)
