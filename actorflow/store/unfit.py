"""Starts that are for another store: of ids whose runs have moved there, or that wait for what is on its way. Pure."""

from __future__ import annotations

from actorflow.run.lease import FENCED
from actorflow.run.turn import StartRun
from actorflow.store.batch import Known


def unfit(known: Known, start: StartRun) -> str:
    """Return why a start cannot be made here whatever it asks for, "" when it can."""
    workflow_id = start.workflow_id
    if workflow_id in known.departed:
        return "moved"
    if workflow_id not in known.holders and not (start.key or start.locks):
        return ""
    found = (known.holders.get(key) for key in (workflow_id, start.key, *start.locks))
    heads = (known.runs.get(holder) for holder in found if holder)
    return "moving" if any(head is not None and head.lease == FENCED for head in heads) else ""
