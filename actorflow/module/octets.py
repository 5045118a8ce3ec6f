"""Arguments that are bytes: Lua knows only strings, so text passes for its UTF-8."""

from __future__ import annotations

from typing import Any

from actorflow.errors import Error, Failure, invalid

SHOWN = 40
"""Characters of a refused value that a message shows."""


def octets(value: Any, where: str) -> bytes:
    """Return text or bytes as bytes.

    Raises:
        Error: kind Invalid, naming `where`, for anything else.
    """
    if type(value) is bytes:
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    raise unexpected(value, "a string", where)


def text(value: Any, where: str) -> str:
    """Return text, or bytes that are UTF-8, as text.

    Raises:
        Error: kind Invalid, naming `where`, for anything else.
    """
    if isinstance(value, str):
        return value
    try:
        return octets(value, where).decode()
    except UnicodeDecodeError as error:
        raise invalid(f"{where}: got bytes that are not UTF-8 (at byte {error.start + 1}), expected text") from None


def unexpected(value: Any, expected: str, where: str) -> Error:
    """Return the error for an argument of the wrong type or range."""
    return invalid(f"{where}: got {described(value)}, expected {expected}")


def described(value: Any) -> str:
    """Return what a value is, in the words of a message: as scripts name it, cut short."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return repr(value if len(value) <= SHOWN else value[:SHOWN] + "…")
    names = ((bytes, "bytes"), (list, "a list"), (tuple, "a list"), (dict, "a map"), (Failure, "an error"))
    return next((name for kind, name in names if isinstance(value, kind)), f"a {type(value).__name__}")
