"""The registry in Python scripts, and in workflows."""

from __future__ import annotations

from pathlib import Path

import pytest

from actorflow.errors import INVALID, Error
from tests.conformance.hosts.place import ACTORS, FLOWS, Place
from tests.conformance.process.rig import until


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.lua("f", "local function main() return 1 end", "function")
    made.entries["note"] = {"kind": "registry.entry", "meta": {"type": "note"}, "text": "hi"}
    return made


@pytest.mark.parametrize("kind", ["process", "function"])
async def test_python_changes_the_registry(place: Place, kind: str) -> None:
    main = place.python(
        "changes",
        """
        from actorflow.script import errors, registry
        async def main():
            entry = await registry.get("app:note")
            before = await registry.snapshot()
            version = await (
                registry.Changes()
                .create("app:new", "function.lua", {"source": "return function() return 2 end"})
                .update("app:note", data={**entry.data, "text": "bye"})
                .delete("app:f")
                .apply()
            )
            seen = [
                entry.data["text"], (await registry.get("app:note")).data["text"], (await registry.get("app:note")).meta["type"],
                (await before.get("app:note")).data["text"],
                [found.id for found in await registry.find({"type": "note"})],
                [found.id for found in await before.find({".kind": "function.lua"})],
                [op["kind"] for op in registry.build_delta(await before.entries(), await (await registry.snapshot()).entries())],
                [one.id for one in await registry.versions()], version.previous, registry.parse_id("a:b").name,
                len(await before.namespace("app")) == len(await before.entries()),
            ]
            try:
                await registry.Changes().create("app:x", "function.lua", {}).delete("app:nothing").apply()
            except errors.Error as error:
                seen.append([error.kind, len(error.details["faults"])])
            back = await registry.apply_version(version.previous)
            seen.append([back.id, (await registry.current_version()).id, (await (await registry.snapshot_at(version)).get("app:new")).kind])
            return seen
        """,
        kind,
    )
    async with place.node() as node:
        ran = await (node.call(main, timeout=20) if kind == "function" else node.exec(main, host=ACTORS, timeout=20))
    assert ran == [
        "hi",
        "bye",
        "note",
        "hi",
        ["app:note"],
        ["app:f"],
        ["entry.create", "entry.update", "entry.delete"],
        [1, 2],
        1,
        "b",
        True,
        ["Invalid", 2],
        [1, 1, "function.lua"],
    ]


async def test_a_workflow_reads_an_entry_once(place: Place) -> None:
    """What was read is recorded: a replay sees the entry as it was."""
    main = place.python(
        "reads",
        """
        from actorflow.script import process, registry
        async def main():
            first = (await registry.get("app:note")).data["text"]
            await process.inbox().receive()
            return [first, (await registry.get("app:note")).data["text"]]
        """,
        "workflow",
    )
    async with place.node() as node:
        pid = await node.spawn(main, host=FLOWS, options={"workflow.id": "one"})
        await until(lambda: any(info.pid == pid and "inbox" in str(info.waits) for info in node.processes()))
    place.entries["note"]["text"] = "bye"
    async with place.node() as node:
        await node.send(pid, "go")
        assert await node.wait(pid, timeout=20) == ["hi", "bye"]


async def test_a_workflow_changes_nothing(place: Place) -> None:
    main = place.python(
        "tries",
        "from actorflow.script import registry\nasync def main():\n    await registry.Changes().delete('app:f').apply()\n",
    )
    async with place.node() as node:
        with pytest.raises(Error, match=r"registry\.apply is not available in a workflow") as caught:
            await node.exec(main, host=FLOWS, timeout=20)
        assert caught.value.kind == INVALID
