"""Tokens of a run, as its journal has them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from actorflow.errors import invalid

LONGEST_KEY: Final = 200
INPUT: Final = "input"


def checked_key(key: Any) -> str:
    """Return the key of a token.

    Raises:
        Error: kind Invalid, when it is no text, empty or too long.
    """
    if not isinstance(key, str) or not key or len(key) > LONGEST_KEY or "\0" in key:
        raise invalid(f"workflow.tokens: got the key {key!r:.80}, expected text of up to {LONGEST_KEY} characters")
    return key


def initial(payload: Mapping[str, Any], at: int) -> dict[str, list[dict[str, Any]]]:
    """Return the tokens that a run was started with, by key, from the payload of its start event."""
    given = payload.get("options", {}).get("tokens", {})
    by = str(payload.get("parent", ""))
    return {key: [{"value": value, "step": "", "by": by, "source": INPUT, "at": at}] for key, value in given.items()}
