"""Rules for Lua in durable runs: what a replay may do otherwise, or what stands still while a run does not wait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from actorflow.language.finding import Finding
from actorflow.language.lexer import NAME, STRING
from actorflow.language.lua_source import LuaSource

_CLOCKS: Final = frozenset({("os", "time"), ("os", "clock"), ("os", "date"), ("time", "now")})
_WAITS: Final = frozenset(
    {
        *("after", "approval", "async", "call", "exec", "iter", "receive", "select", "sleep", "spawn", "step"),
        *("suspend", "wait_for", "wait_until", "wait", "yield", "join", "send", "break", "result", "return"),
    }
)
"""Names of what lets time pass, or leaves a loop, when one is in its body."""
_META: Final = {
    "__mode": (
        "what a collection leaves of a weak table differs from replay to replay: take entries out when they are not "
        "needed any more"
    ),
    "__gc": "it is never called: clean up at the end of the work, or with `defer` of a saga",
}
_STANDS: Final = "time stands still between two waits of a durable run"
_CONDITION: Final = 40
"""Tokens of a condition that are looked at."""
_BODY: Final = 2_000
"""Tokens of the body of a loop that are looked at; a longer one is taken to wait."""


def determinism(source: LuaSource) -> Iterator[Finding]:
    """Yield what is found, in no order."""
    makes = any(source.member(at) in {("coroutine", "create"), ("coroutine", "wrap")} for at, _ in source.names())
    for at, _ in source.names():
        yield from _called(source, at, makes=makes)
    for at, token in enumerate(source.tokens):
        if token.kind in {"while", "repeat"}:
            yield from _loop(source, at)
        elif token.kind == "[" and source.kind(at + 1) in {"{", "function"}:
            advice = "pairs refuses it in a durable run, for it has no order: use a text or a number as the key"
            yield source.finding(at, "object-key", f"a table or function as a key: {advice}", "warning")
        elif token.kind in {NAME, STRING} and (name := token.text.strip("\"'")) in _META and _is_key(source, at):
            yield source.finding(at, "weak-table", f"{name} in a durable run: {_META[name]}", "warning")


def _called(source: LuaSource, at: int, *, makes: bool) -> Iterator[Finding]:
    member = source.member(at)
    if member == ("math", "randomseed"):
        text = "math.randomseed changes nothing in a durable run: its random numbers come from the recorded seed"
        yield source.finding(at, "randomseed", text, "warning")
    elif member == ("os", "clock"):
        advice = "measure in a function, and return how long it took; for the time of day use time.now()"
        yield source.finding(at, "clock", f"os.clock measures nothing here, {_STANDS}: {advice}", "warning")
    elif member == ("coroutine", "yield") and not makes:
        advice = "wait with time.sleep, channel:receive() or channel.select; let tasks run with coroutine.spawn"
        text = f"coroutine.yield in a script that makes no coroutine with create or wrap is an error: {advice}"
        yield source.finding(at, "yield", text, "warning")


def _is_key(source: LuaSource, at: int) -> bool:
    """Tell whether a name or text is the key of a field that is written."""
    if source.kind(at) == NAME:
        return source.kind(at + 1) == "=" and source.kind(at - 1) in {"{", ",", ";", "."}
    return source.kind(at - 1) == "[" and source.kind(at + 1) == "]" and source.kind(at + 2) == "="


# ---- loops that wait for the time to pass ---------------------------------------------------------------------------


def _loop(source: LuaSource, at: int) -> Iterator[Finding]:
    if source.kind(at) == "while":
        opening = next((i for i in range(at, min(at + _CONDITION, len(source.tokens))) if source.kind(i) == "do"), 0)
        end = _end(source, opening + 1) if opening else 0
        condition, body = range(at + 1, opening), range(opening + 1, end)
    else:
        end = until = _until(source, at + 1)
        condition, body = range(until + 1, _line_end(source, until)), range(at + 1, until)
    reads = next((place for place in condition if source.member(place) in _CLOCKS and _is_free(source, place)), 0)
    if end and reads and not _waits(source, body) and not _waits(source, condition):
        advice = "wait with time.sleep, or for a channel of time.after with channel.select"
        yield source.finding(at, "busy-wait", f"this loop does not end: {_STANDS}; {advice}", "warning")


def _is_free(source: LuaSource, at: int) -> bool:
    return source.kind(at) == NAME and source.kind(at - 1) not in {".", ":"}


def _waits(source: LuaSource, places: Iterable[int]) -> bool:
    return any(source.text(place) in _WAITS for place in places)


def _end(source: LuaSource, at: int) -> int:
    """Return the place of the `end` of a block that begins at `at`, 0 when it is far away."""
    depth = 1
    for place in range(at, min(at + _BODY, len(source.tokens))):
        kind = source.kind(place)
        depth += kind in {"do", "if", "function"}
        depth -= kind == "end"
        if not depth:
            return place
    return 0


def _until(source: LuaSource, at: int) -> int:
    """Return the place of the `until` of a loop whose body begins at `at`, 0 when it is far away."""
    depth = 1
    for place in range(at, min(at + _BODY, len(source.tokens))):
        depth += (source.kind(place) == "repeat") - (source.kind(place) == "until")
        if not depth:
            return place
    return 0


def _line_end(source: LuaSource, at: int) -> int:
    """Return about where the condition after an `until` ends: before the next statement that is recognized."""
    stops = {"local", "return", "end", "if", "for", "while", "repeat", "do", ";"}
    last = min(at + _CONDITION, len(source.tokens))
    return next((i for i in range(at + 1, last) if source.kind(i) in stops), last)
