"""Runs in the words and numbers of other systems, listed and shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorflow.errors import INVALID, Error
from actorflow.node.node import Node
from tests.conformance.hosts.place import FLOWS, Place

SOURCE = """
from actorflow.script import process, workflow

async def main(how):
    if how == "suspend":
        await workflow.suspend("a look")
    if how == "approve":
        await workflow.approval("order")
    if how == "fail":
        raise ValueError("no")
    if how in ("wait", "pause"):
        await process.inbox().receive()
    return how
"""
SEEN = {
    "suspend": {"luno": ("Running", 2), "pikku": ("running", "suspended"), "workflowable": ("Pending", 2)},
    "approve": {"luno": ("Running", 2), "pikku": ("running", "suspended"), "workflowable": ("Pending", 2)},
    "wait": {"luno": ("Running", 2), "pikku": ("running", ""), "workflowable": ("Pending", 2)},
    "pause": {"luno": ("Paused", 3), "pikku": ("running", "suspended"), "workflowable": ("Paused", 5)},
    "done": {"luno": ("Completed", 4), "pikku": ("completed", ""), "workflowable": ("Completed", 7)},
    "fail": {"luno": ("Failed", None), "pikku": ("failed", ""), "workflowable": ("Failed", 6)},
    "held": {"luno": ("Initiated", 1), "pikku": ("running", ""), "workflowable": ("Created", 1)},
    "gone": {"luno": ("DataDeleted", 6), "pikku": ("completed", ""), "workflowable": ("Completed", 7)},
}


async def state(node: Node, run: str) -> str:
    return str((await node.runs.show(run))["state"])


async def begin(node: Node, how: str, reached: str) -> None:
    await node.start("app:it", host=FLOWS, args=[how], options={"workflow.id": how, "workflow.hold": how == "held"})
    while await state(node, how) != reached:
        pass


async def test_runs_are_seen_in_the_words_of_other_systems(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.python("it", SOURCE)
    async with place.node() as node:
        ends = {"done": "completed", "gone": "completed", "fail": "failed", "held": "created"}
        for how in SEEN:
            await begin(node, how, ends.get(how, "waiting"))
        with pytest.raises(Error, match=r"it is waiting .*: `actorflow run wake` lets it go on"):
            await node.runs.change("resume", "suspend")
        with pytest.raises(Error, match="`actorflow approve` answers it"):
            await node.runs.change("resume", "approve")
        await node.runs.change("pause", "pause")
        await node.runs.change("delete-data", "gone")
        while await state(node, "gone") != "data_deleted":
            pass
        for view, field in {"luno": "number", "pikku": "wait", "workflowable": "number"}.items():
            expected = {how: words[view] for how, words in SEEN.items()}
            lines = await node.runs.find(view=view)
            assert {line["workflow_id"]: (line["state"], line.get(field)) for line in lines} == expected
            for how, seen in expected.items():
                shown = await node.runs.show(how, view=view)
                assert (shown["state"], shown.get(field)) == seen
        luno = [change["state"] for change in (await node.runs.show("gone", view="luno"))["states"]]
        assert luno == ["Initiated", "Completed", "RequestedDataDeleted", "DataDeleted"]
        assert "number" not in await node.runs.show("gone")
        with pytest.raises(Error, match="got 'luna', expected one of luno, pikku, workflowable") as refused:
            await node.runs.find(view="luna")
        assert refused.value.kind == INVALID
