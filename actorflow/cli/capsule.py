"""Where a command gets a run from that it looks at: the running node, the stores themselves, or a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actorflow.cli.place import Place

if TYPE_CHECKING:
    from actorflow.store.capsule import Capsule


def fetched(place: Place, run: str) -> Capsule:
    """Return a run as its store has it at this moment.

    Raises:
        Error: kind NotFound.
    """
    from actorflow.store.capsule import capsule_of  # noqa: PLC0415 - loads the stores

    plain: dict[str, Any] = place.ask("run.capsule", {"run": run})
    events, last = plain["events"], plain["row"]["last_seq"]
    run_id = plain["row"]["run_id"]
    while events[-1][0] < last:
        events += place.ask("run.capsule", {"run": run_id, "after": events[-1][0]})["events"]
    return capsule_of({**plain, "events": events[:last]})
