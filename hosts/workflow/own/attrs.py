"""`workflow.attrs`: a run says what it is found by, and what people read about it, beside what its start said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from actorflow.errors import invalid
from actorflow.ports import Answer
from actorflow.run import event as events
from actorflow.store.attribute import memo_names
from hosts.workflow.attribute import checked_attributes, checked_memo

if TYPE_CHECKING:
    from hosts.workflow.driver import JournalDriver


def attrs(driver: JournalDriver, ref: int, args: tuple[Any, ...]) -> Answer:
    """Set search attributes and entries of the memo; None removes one. They are stored with the turn.

    Raises:
        Error: kind Invalid, when there are none, or one is of no type that is allowed.
    """
    given = args[0] if args else None
    if not isinstance(given, Mapping) or not given or set(given) - {"search", "memo"}:
        raise invalid(f"workflow.attrs: got {given!r:.80}, expected a table with `search`, `memo` or both")
    search = checked_attributes("workflow.attrs search", given.get("search") or {})
    memo = checked_memo("workflow.attrs memo", given.get("memo") or {})
    if not search and not memo:
        raise invalid("workflow.attrs: got nothing to set, expected a table with `search`, `memo` or both")
    driver.mark(events.ATTRIBUTES_SET, ref, "", {"search": search, "memo": memo})
    facts = driver.identity.workflow
    for name, values in (("search_attributes", search), ("memo", memo)):
        merged = {**facts.get(name, {}), **values}
        facts[name] = {key: value for key, value in merged.items() if value is not None}  # type: ignore[index] # ours
    if not driver.repeats:
        driver.described = {**(driver.described or {}), **search, **memo_names(memo)}
    return True
