"""Tokens of a run, as its journal has them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from actorflow.errors import invalid

LONGEST_KEY: Final = 200
INPUT: Final = "input"
TAKEN_OVER: Final = "tokens"
"""Field of a start event: the tokens of the run that it follows, each with its provenance."""


def checked_key(key: Any) -> str:
    """Return the key of a token.

    Raises:
        Error: kind Invalid, when it is no text, empty or too long.
    """
    if not isinstance(key, str) or not key or len(key) > LONGEST_KEY or "\0" in key:
        raise invalid(f"workflow.tokens: got the key {key!r:.80}, expected text of up to {LONGEST_KEY} characters")
    return key


def initial(payload: Mapping[str, Any], at: int) -> dict[str, list[dict[str, Any]]]:
    """Return the tokens that a run began with, by key, from the payload of its start event.

    They are those of its start options, and what it has taken over from the run that it follows.
    """
    given = payload.get("options", {}).get("tokens", {})
    by = str(payload.get("parent", ""))
    own = {key: [{"value": value, "step": "", "by": by, "source": INPUT, "at": at}] for key, value in given.items()}
    return own | {key: [dict(entry)] for key, entry in payload.get(TAKEN_OVER, {}).items()}


def handed_over(held: Mapping[str, list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Return what the next run of a chain takes over: the last value of each token, with its provenance."""
    return {key: dict(known[-1]) for key, known in held.items()}
