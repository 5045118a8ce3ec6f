"""The example application under `kill -9`: the demonstration, and 200 orders started and signalled by an outsider."""

from __future__ import annotations

import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from rich.console import Console

from actorflow.cli.demo.child import ChildNode
from actorflow.cli.demo.ledger import Ledger, check
from actorflow.cli.demo.orders import expected, read_orders
from actorflow.cli.demo.run import Demo
from actorflow.errors import Error
from actorflow.store.dialect import Sqlite
from actorflow.testing.invariant import Ledger as Laws
from actorflow.testing.invariant import Signal
from tests.crash.rig import laws_of

CONFIG: Final = Path(__file__).parents[2] / "config"
HOST: Final = "shop:workflows"
ORDERS: Final = 200
PATIENCE: Final = 60.0
LANGUAGES: Final = ("shop:order_lua", "shop:order_py")


@pytest.mark.parametrize(("kills", "shift"), [(1, 0), *((5, shift) for shift in range(4))])
@pytest.mark.slow  # `make demo` is the daily one
def test_the_demonstration_proves_itself(seed: int, kills: int, shift: int) -> None:
    output = StringIO()
    assert Demo(CONFIG, kills, seed + shift, Console(file=output, width=200)).run() == 0, output.getvalue()


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChildNode]:
    monkeypatch.setenv("SHOP_LATENCY", "0.5")
    child = ChildNode(CONFIG, tmp_path / "data")
    begin(child)
    yield child
    child.kill()


def begin(node: ChildNode) -> None:
    """Start the node and wait until its workflow host serves."""
    node.start()
    deadline = time.monotonic() + PATIENCE
    while not any(service["id"] == HOST and service["state"] == "running" for service in node.client.services()):
        assert time.monotonic() < deadline, node.log.read_text()
        time.sleep(0.02)


def start(node: ChildNode, orders: list[dict[str, Any]]) -> set[str]:
    """Start a workflow for each order until the node goes away; return the ids it acknowledged."""
    acknowledged = set()
    for order in orders:
        entry = LANGUAGES[order["number"] % len(LANGUAGES)]
        try:
            node.client.spawn(entry, HOST, [order], options={"workflow.id": order["id"]})
        except Error:
            break
        acknowledged.add(order["id"])
    return acknowledged


def pid_of(workflow_id: str) -> str:
    return f"{{local@{HOST}|{workflow_id}}}"


def known(node: ChildNode) -> set[str]:
    return {row["workflow_id"] for row in node.client.request("runs", {"limit": 10_000})}


def test_200_orders_in_flight_outlive_a_kill(node: ChildNode, tmp_path: Path, seed: int) -> None:
    orders = read_orders(CONFIG / "orders.jsonl")[:ORDERS]
    ledger = Ledger(tmp_path / "shop" / "ledger.jsonl")
    acknowledged = start(node, orders)
    approval = node.client.spawn("shop:approval", HOST, [{"subject": "truck"}], options={"workflow.id": "truck"})
    node.client.send(approval, "approve", {"by": "me"})
    time.sleep(Random(seed).uniform(0, 0.5))
    node.kill()
    ledger.refresh()
    begin(node)
    assert acknowledged | {"truck"} <= known(node), "an acknowledged start is lost"
    start(node, [order for order in orders if order["id"] not in acknowledged])
    for order in orders:
        result = node.client.wait(pid_of(order["id"]), timeout=PATIENCE)
        assert result["status"] == expected(order).status, result
    assert node.client.wait(approval)["by"] == "me", "an acknowledged signal is lost"
    ledger.refresh()
    assert check(orders, tmp_path / "shop", ledger, kills=1).violations == []
    node.kill()
    ends = {order["id"] for order in orders} | {"truck"}
    laws_of(Sqlite(tmp_path / "data" / "runs.db"), Laws(ends, ends, [Signal("truck", "approve", {"by": "me"})]))
