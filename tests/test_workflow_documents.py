"""The scripts in the documents about workflows run as they are shown, on both hosts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actorflow.errors import Error
from actorflow.run.diagram import page
from tests.conformance.hosts.place import ACTORS, FLOWS, Place
from tests.conformance.process.rig import until
from tests.test_documents import ROOT, fenced

STEPS = (ROOT / "docs" / "workflow-steps.md").read_text()
SHOWN = {
    "Steps": [10, 11, 22],
    "Several at a time": [[2, 4], [2, 4, 6]],
    "Sagas": [10],
    "Tokens": [10, 2],
}


def section(heading: str) -> str:
    return STEPS.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("heading", SHOWN)
@pytest.mark.parametrize("language", ["lua", "python"])
async def test_the_scripts_about_steps_run(tmp_path: Path, heading: str, language: str) -> None:
    place = Place(tmp_path)
    place.python("double", "def main(x):\n    return x * 2\n", "function")
    place.python("note", "def main(x):\n    return None\n", "function")
    [source] = fenced(section(heading), language)
    entry = (
        place.lua("it", source.removesuffix("return {main = main}\n"))
        if language == "lua"
        else place.python("it", source)
    )
    async with place.node() as node:
        for host in (FLOWS,) if heading == "Tokens" else (ACTORS, FLOWS):
            assert await node.exec(entry, host=host, args=[{"price": 5}], timeout=20) == SHOWN[heading]


@pytest.mark.parametrize("language", ["lua", "python"])
async def test_the_scripts_about_asking_run(tmp_path: Path, language: str) -> None:
    place = Place(tmp_path)
    [source] = fenced((ROOT / "docs" / "workflow-asking.md").read_text(), language)
    plain = source.removesuffix("return {main = main}\n")
    entry = place.lua("it", plain) if language == "lua" else place.python("it", source)
    async with place.node() as node:
        pid = await node.spawn(entry, host=FLOWS)
        assert [await node.update(pid, "add", item) for item in ("pen", "cup")] == [1, 2]
        with pytest.raises(Error, match="an item needs a name"):
            await node.update(pid, "add", "")
        assert await node.query(pid, "items") == ["pen", "cup"]
        await node.approve(pid, "order", 5, by="ann")
        assert await node.wait(pid, timeout=20) == [["pen", "cup"], 5, "ann"]


async def test_the_script_about_giving_up_a_child_runs(tmp_path: Path) -> None:
    [source] = fenced((ROOT / "docs" / "workflow-starting.md").read_text(), "lua")
    place = Place(tmp_path)
    entry = place.lua("it", source.removesuffix("return {main = main}\n"))
    place.python(
        "payment",
        "from actorflow.script import process\n\nasync def main(order):\n    return await process.inbox().receive() and order\n",
    )
    async with place.node() as node:
        for cancelled in (False, True):
            pid = await node.spawn(entry, host=FLOWS, args=[5])
            await until(lambda: len(list(node.processes())) == 2)
            (child,) = {info.pid for info in node.processes()} - {pid}
            await (node.cancel(pid) if cancelled else node.send(child, "go"))
            assert await node.wait(pid, timeout=20) == ("given up, and cleaned up" if cancelled else 5)


def test_the_states_are_drawn_from_the_table() -> None:
    assert (ROOT / "docs" / "states.md").read_text() == page(), "make states"


async def test_the_scripts_about_control_run(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "workflow-control.md").read_text()
    [script], [program] = fenced(text, "lua"), fenced(text, "python")
    place = Place(tmp_path)
    place.lua("it", script.removesuffix("return {main = main}\n"))
    place.save()
    names: dict[str, Any] = {}
    exec(program, names)  # noqa: S102 - the documents are ours
    assert await names["main"](tmp_path) == [1, 5]


@pytest.mark.parametrize("language", ["lua", "python"])
async def test_the_scripts_about_keys_and_compressing_run(tmp_path: Path, language: str) -> None:
    text = (ROOT / "docs" / "modules.md").read_text()
    keys, packing = fenced(text, language)
    place = Place(tmp_path)
    for name, source in (("keys", keys), ("packing", packing)):
        if language == "lua":
            place.lua(name, source.removesuffix("return {main = main}\n"))
            place.entries[name]["modules"] = ["crypto", "compress"]
        else:
            place.python(name, source)
    async with place.node() as node:
        for host in (ACTORS, FLOWS):
            opened = await node.exec("app:keys", host=host, args=["a password"], timeout=20)
            assert opened == ["the secret", "Internal", "ada", True, 8]
            packed = await node.exec("app:packing", host=host, args=["again " * 100], timeout=20)
            assert packed == [True, True, "Internal"]
