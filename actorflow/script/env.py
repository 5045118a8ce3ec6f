"""Environment variables that `env.variable` entries declare: `await env.get("DB_HOST")`.

A name is the public name of a variable, or the id of its entry.
"""

from __future__ import annotations

from typing import Any, TypeVar

from actorflow.errors import NOT_FOUND, Error
from actorflow.script.operation import perform

T = TypeVar("T")

_REQUIRED: Any = object()


async def get(name: str, default: str | T = _REQUIRED) -> str | T:
    """Return the value of a variable, or `default` when it has none.

    Raises:
        Error: kind NotFound, when it is not declared or has no value, and no default is given.
    """
    try:
        value: str = await perform("env.get", name)
    except Error as error:
        if error.kind != NOT_FOUND or default is _REQUIRED:
            raise
        return default
    return value


async def set(name: str, value: str) -> None:  # noqa: A001 - what the module is for
    """Give a variable a value in its storage.

    Raises:
        Error: kind NotFound, when it is not declared; PermissionDenied, when it or its storage is read-only.
    """
    await perform("env.set", name, value)


async def get_all() -> dict[str, str]:
    """Return the values of all declared variables by name; those without a public name by id."""
    values: dict[str, str] = await perform("env.get_all")
    return values
