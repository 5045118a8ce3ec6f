"""The programs in the document about clients run as they are shown, and every public method is in it."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.node.asking import Asking
from actorflow.node.control_client import Client, ControlClient
from actorflow.node.front import Front
from tests.conformance.hosts.place import Place
from tests.test_documents import ROOT, fenced

TEXT = (ROOT / "docs" / "client.md").read_text()
SCRIPT, OPENING, TRIO, ASYNCIO, BLOCKING = fenced(TEXT, "python")
INSIDE = {"new_pid", "spawn_request", "durable_host"}
"""Public methods of a node that its own parts use."""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.python("order", SCRIPT, "workflow")
    made.python("price", "def main(count):\n    return 2 * count\n", "function")
    made.python("twice", "async def main(number):\n    return 2 * number\n")
    made.save()
    return made


def main_of(program: str) -> Any:
    names: dict[str, Any] = {}
    exec(program, names)  # noqa: S102 - the documents are ours
    return names["main"]


async def test_a_program_opens_a_registry(place: Place) -> None:
    with trio.fail_after(60):
        told = await main_of(OPENING)(place.path)
    assert told == [6, "pencil", ["pencil", 5, "in a hurry"], "", 3, 8]


async def test_programs_with_an_event_loop_reach_a_node(place: Place) -> None:
    async with place.node():
        told = await main_of(TRIO)(place.path / ".actorflow")
        assert told == ["started", 6, "pencil", ["pencil", 5, "in a hurry"], "completed"]
        assert await trio.to_thread.run_sync(main_of(ASYNCIO), place.path / ".actorflow") == [2, 4, 6]


async def test_programs_without_an_event_loop_reach_a_node(place: Place) -> None:
    async with place.node():
        told = await trio.to_thread.run_sync(main_of(BLOCKING), place.path / ".actorflow")
        assert told == ["local", 4, "order-3", "paused", 1, "Conflict", "cancelled", 3]


@pytest.mark.parametrize("kind", [Client, ControlClient, Front, Asking])
def test_every_public_method_is_used_in_a_snippet(kind: type) -> None:
    called = "node" if kind in {Front, Asking} else "client"
    public = {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")} - INSIDE
    assert len(public) > 6
    snippets = OPENING if called == "node" else TRIO + ASYNCIO + BLOCKING
    assert {name for name in public if not re.search(rf"\b{called}\.{name}\(", snippets)} == set()
    assert {name for name in public if kind is Client and f"`{name}(" not in TEXT} == set()
