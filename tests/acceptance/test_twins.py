"""The order saga in Lua and in Python: the same commands for every order, and the same end on either host."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

import pytest
import trio

from actorflow import app
from actorflow.cli.demo.orders import expected, read_orders
from actorflow.codec import decode
from actorflow.names import is_pid
from actorflow.node.node import Node
from actorflow.run.event import ENDS, FACTS, JournalEvent
from actorflow.store.port import Reader
from actorflow.store.stores import Stores
from actorflow.store.view import find

CONFIG: Final = Path(__file__).parents[2] / "config"
WORKFLOWS: Final = "shop:workflows"
ACTORS: Final = "shop:actors"
LANGUAGES: Final = ("lua", "py")
SAMPLE: Final = 40
AT_ONCE: Final = 20
PATIENCE: Final = 30


class Command(NamedTuple):
    """What a script asked for, with the PIDs in it made alike."""

    kind: str
    target: str
    payload: Any


@pytest.fixture(autouse=True)
def _instant_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_LATENCY", "0.01")
    monkeypatch.setenv("SHOP_DATA", str(tmp_path / "shop"))


def sample(seed: int, count: int | None) -> list[dict[str, Any]]:
    """Return some orders, among them one of each end; all of them without a count."""
    orders = read_orders(CONFIG / "orders.jsonl")
    if count is None:
        return orders
    Random(seed).shuffle(orders)
    first = {expected(order).status: order for order in reversed(orders)}
    flaky = next(order for order in orders if order["card"] == "flaky")
    chosen = {order["id"]: order for order in [*first.values(), flaky, *orders[:count]]}
    return list(chosen.values())


def alike(value: Any) -> Any:
    """Return a payload with every PID in it replaced by one word."""
    if isinstance(value, list):
        return [alike(item) for item in value]
    if isinstance(value, dict):
        return {key: alike(item) for key, item in value.items()}
    return "a PID" if isinstance(value, str) and is_pid(value) else value


def commands(journal: list[JournalEvent]) -> list[Command]:
    asked = [event for event in journal if event.kind not in FACTS | ENDS]
    return [Command(event.kind, event.target, alike(decode(event.payload))) for event in asked]


async def both(node: Node, order: dict[str, Any], results: dict[str, Any], **more: Any) -> None:
    for language in LANGUAGES:
        options = {"workflow.id": f"{order['id']}-{language}"}
        entry = f"shop:order_{language}"
        results[options["workflow.id"]] = await node.exec(entry, args=[order], options=options, **more)


async def run_all(node: Node, orders: list[dict[str, Any]], host: str) -> dict[str, Any]:
    """Run every order in both languages; return the results by order and language."""
    results: dict[str, Any] = {}

    async def work(queue: list[dict[str, Any]]) -> None:
        while queue:
            await both(node, queue.pop(), results, host=host, timeout=PATIENCE)

    queue = list(orders)
    async with trio.open_nursery() as nursery:
        for _ in range(AT_ONCE):
            nursery.start_soon(work, queue)
    return results


async def journal_of(stores: Stores, workflow_id: str) -> list[JournalEvent]:
    def read(reader: Reader) -> list[JournalEvent]:
        run = find(reader, workflow_id).run
        assert reader.verify(run) == []
        return reader.journal(run)

    return await stores.about(workflow_id, read)


async def ready(node: Node) -> None:
    with trio.fail_after(PATIENCE):
        while node.directory.find("desk") is None:  # noqa: ASYNC110 - the directory has no event for a new name
            await trio.sleep(0.01)


@pytest.mark.parametrize("count", [SAMPLE, pytest.param(None, marks=pytest.mark.slow, id="every order")])
async def test_both_languages_give_the_same_commands(tmp_path: Path, seed: int, count: int | None) -> None:
    orders = sample(seed, count)
    async with app.boot(CONFIG, data=tmp_path / "data") as booted:
        await ready(booted.node)
        results = await run_all(booted.node, orders, WORKFLOWS)
        kinds: Counter[str] = Counter()
        for order in orders:
            names = [f"{order['id']}-{language}" for language in LANGUAGES]
            lua, python = [commands(await journal_of(booted.stores, name)) for name in names]
            assert lua == python, order["id"]
            assert results[names[0]] == results[names[1]]
            assert results[names[0]]["status"] == expected(order).status
            kinds.update(command.kind for command in lua)
    assert {"FunctionCalled", "MessageSent", "TimerStarted"} <= set(kinds)


@pytest.mark.parametrize("count", [SAMPLE, pytest.param(None, marks=pytest.mark.slow, id="every order")])
async def test_only_the_host_differs(tmp_path: Path, seed: int, count: int | None) -> None:
    orders = sample(seed, count)
    async with app.boot(CONFIG, data=tmp_path / "data") as booted:
        await ready(booted.node)
        durable = await run_all(booted.node, orders, WORKFLOWS)
        assert await run_all(booted.node, orders, ACTORS) == durable
