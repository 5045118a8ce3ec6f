"""Tokens: typed key-values of a run, with where each value came from and who set it; a run reads what it has set.

They are what the start event and the `TokenSet` records of the journal say, so that a replay, a fork or an exported run
has the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actorflow.run import event as events
from actorflow.run.token import checked_key, initial
from actorflow.value import copy_value

if TYPE_CHECKING:
    from hosts.workflow.driver import JournalDriver


def put(driver: JournalDriver, ref: int, args: tuple[Any, ...]) -> bool:
    """Set a token; `step` says which step of the run it comes from, "" for none.

    Raises:
        Error: kind Invalid, for a key that is no text or a value that may not leave the run.
    """
    key, value, step = args
    checked_key(key)
    actor = driver.identity.context.get("@actor")
    by = str(actor.get("id", "")) if isinstance(actor, dict) else ""
    entry = {"value": copy_value(value), "step": step, "by": by}
    driver.mark(events.TOKEN_SET, ref, key, entry)
    held(driver).setdefault(key, []).append({**entry, "source": "step", "at": driver.now()})
    return True


def get(driver: JournalDriver, _ref: int, args: tuple[Any, ...]) -> Any:
    """Return the value of a token, None when it was never set."""
    known = held(driver).get(args[0])
    return copy_value(known[-1]["value"]) if known else None


def current(driver: JournalDriver, _ref: int, _args: tuple[Any, ...]) -> dict[str, Any]:
    """Return all tokens by key."""
    return {key: copy_value(known[-1]["value"]) for key, known in held(driver).items()}


def history(driver: JournalDriver, _ref: int, args: tuple[Any, ...]) -> list[Any]:
    """Return every value that a token has had, oldest first, with its provenance."""
    return [copy_value(entry) for entry in held(driver).get(args[0], ())]


def held(driver: JournalDriver) -> dict[str, list[dict[str, Any]]]:
    """Return every value that each token of a run has had, oldest first, with its provenance."""
    if driver.tokens is None:
        live = driver.live
        driver.tokens = {} if live is None else initial(live.payload, live.started)
    return driver.tokens
