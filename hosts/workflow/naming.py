"""Names of durable runs: the directory lives in memory, so what a run had registered is read off its journal."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from actorflow.codec import decode
from actorflow.errors import Error
from actorflow.run import event as events
from actorflow.run.event import superseded

if TYPE_CHECKING:
    from actorflow.run.event import JournalEvent
    from actorflow.store.port import Reader
    from hosts.workflow.host import WorkflowHost

_KINDS: Final = events.TOLD_OF_NAMES
_PAGE: Final = 1_000
_ALL: Final = 2**62


def name_events(
    reader: Reader, host: WorkflowHost, shards: Collection[int] | None = None
) -> list[tuple[str, JournalEvent]]:
    """Return what `held_names` takes, for what is owned of a host, or for some shards of it.

    A journal that is damaged is left out: its run pauses when read.

    Raises:
        Error: when the store cannot be read now.
    """
    try:
        return host.of(reader, shards).naming(host.id)
    except Error as error:
        if error.retryable is not False:
            raise
    return list(_run_by_run(reader, host))


def _run_by_run(reader: Reader, host: WorkflowHost) -> Iterator[tuple[str, JournalEvent]]:
    after = 0
    while rows := [row for row in reader.open_runs(host.id, after, _PAGE) if row.run > after]:  # it may be damaged
        for row in rows:
            if not host.owns(row.run):
                continue
            with suppress(Error):
                journal = reader.journal(row.run, limit=_ALL)
                yield from ((row.workflow_id, event) for event in journal if event.kind in _KINDS)
        after = max(row.run for row in rows)


def held_names(journal: Iterable[tuple[str, JournalEvent]], pid_of: Callable[[str], str]) -> list[tuple[str, str]]:
    """Return (name, PID) of the names that runs hold.

    A name that a run gave to somebody else is not among them: that may have been an actor, which went with its node.

    Args:
        journal: (workflow id, event) of the events of open runs that `name_events` reads, in order.
        pid_of: the PID of a workflow id.
    """
    asked: dict[tuple[str, int], tuple[str, str]] = {}
    held: dict[tuple[str, str], None] = {}
    for workflow_id, event in _standing(journal):
        if event.kind == events.NAMES_CARRIED:
            held.update(dict.fromkeys((name, pid_of(workflow_id)) for name in decode(event.payload)))
            continue
        if event.kind == events.NAME_USED:
            verb, pid = _pair(event)
            if verb == "unregister" or pid in {"", pid_of(workflow_id)}:
                asked[workflow_id, event.ref] = (verb, event.target)
            continue
        verb, name = asked.pop((workflow_id, event.ref), ("", ""))
        value, _failure = _pair(event) if verb else (None, None)
        if verb == "register" and value is True:
            held[name, pid_of(workflow_id)] = None
        elif verb == "unregister":
            held.pop((name, pid_of(workflow_id)), None)
    return list(held)


def _standing(journal: Iterable[tuple[str, JournalEvent]]) -> Iterator[tuple[str, JournalEvent]]:
    """Leave out what a later event of the same run took back, and that one."""
    for workflow_id, pairs in groupby(journal, key=itemgetter(0)):
        told = [event for _, event in pairs]
        gone = superseded(told)
        kept = (event for event in told if event.seq not in gone and event.kind not in events.TAKE_BACK)
        yield from ((workflow_id, event) for event in kept)


def _pair(event: JournalEvent) -> tuple[Any, Any]:
    """Return the two parts of a payload; nothing for a damaged one, whose run pauses when it is read."""
    with suppress(Error, TypeError, ValueError):
        first, second = decode(event.payload)
        return first, second
    return None, None
