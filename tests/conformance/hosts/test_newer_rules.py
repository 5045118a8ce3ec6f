"""Runs that began under the rules of a newer release: this one does not run them, and says why."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest
import trio

from actorflow.errors import Error
from actorflow.run.rule import NEWEST
from tests.conformance.hosts.accepting import LANGUAGES
from tests.conformance.hosts.place import FLOWS, Place, waiting_for

NEWER = NEWEST + 1


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.lua("lua", "local function main() return process.inbox():receive():payload():data() end")
    text = "from actorflow.script import process\n\nasync def main():\n    return (await process.inbox().receive()).payload\n"
    made.python("py", text)
    return made


async def test_a_run_of_a_newer_release_is_paused_and_goes_on_with_that(place: Place) -> None:
    pids = []
    with mock.patch("hosts.workflow.owned.NEWEST", NEWER), mock.patch("actorflow.run.rule.NEWEST", NEWER):
        async with place.node() as node:
            for language in LANGUAGES:
                pids.append(await node.spawn(f"app:{language}", host=FLOWS, options={"workflow.id": language}))
                await waiting_for(node, pids[-1])
    async with place.node() as node:
        for pid in pids:
            await node.send(pid, "go", 5)
            with trio.fail_after(20):
                while (await node.runs.show(pid))["state"] != "paused":  # noqa: ASYNC110 - a store has no events
                    await trio.sleep(0.005)
            (why,) = (await node.runs.show(pid))["waits"]
            assert why.startswith(
                f"it began under rule {NEWER} of a newer release, this one knows {NEWEST}: run it with"
            )
            with pytest.raises(Error, match="of a newer release"):
                await node.runs.accept(pid)
            with pytest.raises(Error, match="of a newer release"):
                await node.fork(pid)
    with mock.patch("hosts.workflow.owned.NEWEST", NEWER), mock.patch("actorflow.run.rule.NEWEST", NEWER):
        async with place.node() as node:
            for pid in pids:
                await node.runs.change("resume", pid)
                assert await node.wait(pid, timeout=20) == 5
