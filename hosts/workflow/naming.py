"""Names of durable runs: the directory lives in memory, so what a run had registered is read off its journal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from actorflow.codec import decode
from actorflow.run import event as events

if TYPE_CHECKING:
    from actorflow.run.event import JournalEvent


def held_names(journal: Iterable[tuple[str, JournalEvent]], pid_of: Callable[[str], str]) -> list[tuple[str, str]]:
    """Return (name, PID) of the names that runs hold.

    A name that a run gave to somebody else is not among them: that may have been an actor, which went with its node.

    Args:
        journal: (workflow id, event) of the `NameUsed` and `RequestSettled` events of open runs, in order.
        pid_of: the PID of a workflow id.
    """
    asked: dict[tuple[str, int], tuple[str, str]] = {}
    held: dict[tuple[str, str], None] = {}
    for workflow_id, event in journal:
        if event.kind == events.NAME_USED:
            verb, pid = decode(event.payload)
            if verb == "unregister" or pid in {"", pid_of(workflow_id)}:
                asked[workflow_id, event.ref] = (verb, event.target)
            continue
        verb, name = asked.pop((workflow_id, event.ref), ("", ""))
        value, _failure = decode(event.payload) if verb else (None, None)
        if verb == "register" and value is True:
            held[name, pid_of(workflow_id)] = None
        elif verb == "unregister":
            held.pop((name, pid_of(workflow_id)), None)
    return list(held)
