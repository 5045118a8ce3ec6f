"""Log lines: `logger.info("charged", order=7)`. Silent while a durable run is replayed.

Works in processes and in functions. The lines go to the node's log with the PID or the function's id.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from actorflow.machine.op import Op
from actorflow.script.argument import mapping
from actorflow.script.ctx import CALL, note_to_logging
from actorflow.script.current import CURRENT
from actorflow.script.record import plain


class Logger:
    """A logger with fields that every line of it carries. Immutable."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, Any] | None = None) -> None:
        self._fields = dict(fields or {})

    def with_fields(self, fields: Mapping[str, Any] | None = None, **more: Any) -> Logger:
        """Return a logger that adds these fields to each line."""
        return Logger({**self._fields, **mapping("with_fields", "fields", fields), **more})

    def named(self, name: str) -> Logger:
        """Return a logger whose lines carry this name, after the one it has: `shop.orders`."""
        before = self._fields.get("logger")
        return self.with_fields(logger=f"{before}.{name}" if before else name)

    def debug(self, text: str, fields: Mapping[str, Any] | None = None, **more: Any) -> None:
        """Write a line for whoever looks for a fault."""
        self._note("debug", text, fields, more)

    def info(self, text: str, fields: Mapping[str, Any] | None = None, **more: Any) -> None:
        """Write a line about something normal."""
        self._note("info", text, fields, more)

    def warn(self, text: str, fields: Mapping[str, Any] | None = None, **more: Any) -> None:
        """Write a line about something odd."""
        self._note("warn", text, fields, more)

    warning = warn

    def error(self, text: str, fields: Mapping[str, Any] | None = None, **more: Any) -> None:
        """Write a line about something that failed."""
        self._note("error", text, fields, more)

    def _note(self, level: str, text: str, fields: Mapping[str, Any] | None, more: Mapping[str, Any]) -> None:
        note(
            level, str(text), plain({"location": _place(), **self._fields, **mapping(level, "fields", fields), **more})
        )


def _place() -> str:
    """Return `file:line` of the code that logs: the nearest that is not of this module."""
    frame = sys._getframe(1)  # noqa: SLF001 - `inspect.stack` reads the sources of all frames, for every line logged
    while frame.f_back is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def note(level: str, text: str, fields: Mapping[str, Any]) -> None:
    """Write one log line: to the process's machine, the function's host, or the standard library's logging."""
    process = CURRENT.get(None)
    if process is not None:
        process.ask((Op.NOTE, level, text, fields))
        return
    call = CALL.get(None)
    (note_to_logging if call is None else call.note)(level, text, fields)


def print_line(*values: object, sep: str | None = " ", end: str | None = "\n", **_ignored: Any) -> None:
    """Write the values as one log line at info: what `print` means in a script."""
    text = (" " if sep is None else sep).join(map(str, values)) + ("" if end in {None, "\n"} else str(end))
    note("info", text, {})


_PLAIN = Logger()
with_fields = _PLAIN.with_fields
named = _PLAIN.named
debug = _PLAIN.debug
info = _PLAIN.info
warn = _PLAIN.warn
warning = _PLAIN.warning
error = _PLAIN.error
