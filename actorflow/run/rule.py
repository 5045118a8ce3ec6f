"""Rules of the engine that a run keeps for its whole life, though later releases do it otherwise: one number for all.

The start event of a run says up to which rule it goes (`format`). A release that changes what a replay would notice, or
what a script may rely on, adds a number here and asks `LiveRun.rules` where the two ways part: runs that were there
before never see the new one. A run that began under a newer rule than this release knows is not run by it, for nobody
here could tell how; while nodes of two releases share a host, its runs begin under rules that all of them know. So a
new kind of event, or anything else in a journal that an older release does not know, is written under a new rule only.
Golden journals of both sides of every rule are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from actorflow.errors import CONFLICT, Error
from actorflow.run import event as events
from actorflow.run.event import JournalEvent, chain, kind_of

FIRST: Final = 1
LOST_CHILDREN: Final = 2
SHIELDED: Final = 3

RULES: Final[Mapping[int, str]] = MappingProxyType(
    {
        FIRST: "the rules of the first journals",
        LOST_CHILDREN: (
            "the end of a child that a retry or accept took back is kept as superseded; before, the script was told of "
            "it with an EXIT event, though as far as it knows it has not started such a child"
        ),
        SHIELDED: (
            "what undoes a saga is not cut short by a cancel, which waits for its end, and one that stops keeps no "
            "older saga of a Lua process from being undone; before, it was and it did"
        ),
    }
)
"""Every rule, and what it changed."""
NEWEST: Final = max(RULES)
"""The rules that new runs begin under."""
_KINDS: Final = frozenset(
    value for name, value in vars(events).items() if name.isupper() and not name.startswith("_") and type(value) is str
)


def rules_of(started: Mapping[str, Any]) -> int:
    """Return the number of the rules that a run goes by, from the payload of its start event."""
    return int(started.get("format", FIRST))


def check_rules(started: Mapping[str, Any], journal: Sequence[JournalEvent], newest: int | None = None) -> None:
    """Do nothing if a release that knows the rules up to `newest`, this one, knows those of a run and each event of it.

    An event of an unknown kind whose checksum is wrong is left to who verifies the journal.

    Raises:
        Error: kind Conflict, saying which release is wanted.
    """
    rules, newest = rules_of(started), NEWEST if newest is None else newest
    if rules <= newest and _KINDS.issuperset(map(kind_of, journal)):
        return
    what = f"it began under rule {rules} of a newer release, this one knows {newest}" if rules > newest else ""
    strange = next((place for place, event in enumerate(journal) if event.kind not in _KINDS), -1)
    if not what and strange >= 0:
        event, previous = journal[strange], journal[strange - 1].checksum if strange else b""
        if chain(previous, event) == event.checksum:
            what = f"event {event.seq} of its journal is {event.kind}, which only a newer release knows"
    if what:
        raise Error(f"{what}: run it with that release, then `actorflow run resume` it", CONFLICT, retryable=False)
