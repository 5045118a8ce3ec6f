"""What a durable run says of itself: search attributes, a memo, and how long its history is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actorflow.errors import invalid
from actorflow.machine.op import Op
from actorflow.script.current import ask, identity
from actorflow.script.record import plain


def attrs(search: Mapping[str, Any] | None = None, memo: Mapping[str, Any] | None = None) -> None:
    """Set search attributes, which runs are found by, and entries of the memo, which people read; None removes one.

    Raises:
        Error: kind Invalid, when neither is given, for a search attribute that is no text, number, boolean or list of
            texts, and outside of a durable run.
    """
    if not identity().durable:
        raise invalid("workflow.attrs works inside a workflow only")
    ask((Op.PERFORM, "workflow.attrs", ({"search": plain(dict(search or {})), "memo": plain(dict(memo or {}))},)))


def history_length() -> int:
    """Return how many events the history has, the one that is being worked on included; 0 outside of a durable run."""
    who = identity()
    return int(who.workflow.get("history_length", 0)) if who.durable else 0


def history_size() -> int:
    """Return how many bytes of payloads the history had before this event; 0 outside of a durable run."""
    who = identity()
    return int(who.workflow.get("history_size", 0)) if who.durable else 0
