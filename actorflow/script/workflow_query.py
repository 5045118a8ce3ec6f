"""Queries: functions that answer questions about a running workflow, and change nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from actorflow.errors import invalid
from actorflow.script.current import running

_BUILT_IN: Final = frozenset({"pid", "state", "where", "waits", "inbox", "seq"})
Queries = Mapping[str, Callable[..., Any]]


def set_query(name: str | Queries, function: Callable[..., Any] | None = None) -> None:
    """Have `function(*args)` answer the query `name`, or give a mapping of several.

    It runs on a copy of the workflow as its journal has it, which is thrown away afterwards: what it assigns is lost.
    It may read what the workflow knows and the time; everything that waits or asks for something is Invalid. Nothing
    of it is recorded, so it may be set anew at any time.

    Raises:
        Error: kind Invalid, for a name that the engine answers itself, or what is no function.
    """
    named = name if isinstance(name, Mapping) else {name: function}
    for key, answers in named.items():
        if not isinstance(key, str) or not key or key in _BUILT_IN:
            raise invalid(f"workflow.set_query: got the name {key!r}; expected text, and none of {_names()}")
        if not callable(answers):
            raise invalid(f"workflow.set_query: got {answers!r:.80} for {key!r}, expected a function")
        running().set_handler("query", key, answers)


def _names() -> str:
    return ", ".join(sorted(_BUILT_IN))
