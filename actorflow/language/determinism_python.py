"""Rules for Python scripts: what processes share though it looks as if they did not, and what a replay does otherwise.

A module is executed once for each source and node, and every process of it runs over the same module: what is made
then is shared by all of them, and by replays.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from actorflow.language.python_names import Names

_CACHES: Final = frozenset({"functools.cache", "functools.lru_cache"})
_NOW: Final = frozenset({"actorflow.script.time.now", "datetime.datetime.now", "actorflow.script.time.monotonic"})
_TEXTS: Final = frozenset({"str", "repr", "format", "print"})


class Found(NamedTuple):
    """A finding at a node of the tree; all of these are warnings."""

    node: ast.AST
    code: str
    message: str


def shared(tree: ast.Module, is_container: Callable[[ast.expr], bool]) -> Iterator[Found]:
    """Yield what every process that runs a script shares without being named a global."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _defaults(node, is_container)
        elif isinstance(node, ast.ClassDef):
            yield from _attributes(node, is_container)


def _defaults(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, is_container: Callable[[ast.expr], bool]
) -> Iterator[Found]:
    for default in (*node.args.defaults, *node.args.kw_defaults):
        if default is not None and is_container(default):
            text = "this default is made once and shared by every process that runs this script, replays included"
            yield Found(default, "mutable-default", f"{text}: write `= None`, and make it in the function")


def _attributes(node: ast.ClassDef, is_container: Callable[[ast.expr], bool]) -> Iterator[Found]:
    for statement in node.body:
        if isinstance(statement, ast.Assign) and is_container(statement.value):
            names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
            for name in names:
                if not name.isupper() and not name.startswith("__"):
                    advice = "make it in __init__, or with dataclasses.field(default_factory=…)"
                    text = f"{node.name}.{name} is mutable and shared by every process that runs this script: {advice}"
                    yield Found(statement, "mutable-global", text)


def determinism(tree: ast.Module, names: Names) -> Iterator[Found]:
    """Yield what a replay may do otherwise, or what stands still while a run does not wait."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _cached(node, names)
        elif isinstance(node, ast.While):
            yield from _loop(node, names)
        elif isinstance(node, ast.Call):
            yield from _ordered(node, names)
        elif isinstance(node, ast.FormattedValue) and names.is_set(node.value):
            yield _order(node.value)


def _cached(node: ast.FunctionDef | ast.AsyncFunctionDef, names: Names) -> Iterator[Found]:
    for decorator in node.decorator_list:
        dotted = names.dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if dotted in _CACHES:
            what = f"{dotted} remembers for all runs of this source on a node, and not on a replay elsewhere"
            yield Found(decorator, "cache", f"{what}: keep the result in a variable of the run, or use workflow.step")


def _loop(node: ast.While, names: Names) -> Iterator[Found]:
    reads = any(isinstance(part, ast.Call) and names.dotted(part.func) in _NOW for part in ast.walk(node.test))
    parts = [part for statement in node.body for part in ast.walk(statement)]
    leaves = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.Break, ast.Return, ast.Raise, ast.Yield)
    if reads and not any(isinstance(part, leaves) for part in (*parts, *ast.walk(node.test))):
        text = "this loop does not end: time stands still between two waits of a durable run"
        yield Found(node, "busy-wait", f"{text}; use `await time.sleep(seconds)` or process.timeout")


def _ordered(node: ast.Call, names: Names) -> Iterator[Found]:
    function, given = node.func, node.args
    if isinstance(function, ast.Attribute):
        if function.attr == "pop" and not given and names.is_set(function.value):
            yield _order(function.value)
        joins = function.attr in {"join", "fromkeys"} or names.dotted(function) == "json.dumps"
        yield from (_order(item) for item in given[:1] if joins and names.is_set(item))
    elif names.builtin(function) in _TEXTS:
        yield from (_order(item) for item in given if names.is_set(item))


def _order(node: ast.expr) -> Found:
    advice = "use sorted(…), or keep the items in a list or the keys of a dict"
    return Found(node, "set-order", f"the order of a set differs from process to process, so a replay may: {advice}")
