"""Tokens of a workflow: typed key-values with their history, which people read with `actorflow run tokens`.

await workflow.tokens.set("amount", 12.5, step="quote")
amount = await workflow.tokens.get("amount")
"""

from __future__ import annotations

from typing import Any

from actorflow.errors import invalid
from actorflow.script.current import identity
from actorflow.script.operation import perform


async def get(key: str, default: Any = None) -> Any:
    """Return the value of a token, or `default` when it was never set.

    Raises:
        Error: kind Invalid, outside of a workflow.
    """
    _durable()
    value = await perform("workflow.token_get", key)
    return default if value is None else value


async def set(key: str, value: Any, *, step: str = "") -> None:  # noqa: A001 - it is `workflow.tokens.set`
    """Set a token; `step` says which step the value comes from. Earlier values stay in its history.

    Raises:
        Error: kind Invalid, outside of a workflow, for a wrong key, or for a value that may not leave it.
    """
    _durable()
    await perform("workflow.token_set", key, value, step)


async def all() -> dict[str, Any]:  # noqa: A001 - it is `workflow.tokens.all`
    """Return all tokens by key.

    Raises:
        Error: kind Invalid, outside of a workflow.
    """
    _durable()
    found: dict[str, Any] = await perform("workflow.token_all")
    return found


async def history(key: str) -> list[dict[str, Any]]:
    """Return every value that a token has had, oldest first: `value`, `source` ("input", "step"), `step`, `by`, `at`.

    Raises:
        Error: kind Invalid, outside of a workflow.
    """
    _durable()
    found: list[dict[str, Any]] = await perform("workflow.token_history", key)
    return found


def _durable() -> None:
    if not identity().durable:
        raise invalid("workflow.tokens works inside a workflow only; an actor keeps its own state")
