"""What giving up the wait for a child or a call means, on a real Temporal server: as on our own host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from tests.conformance.process.rig import until
from tests.temporal.support import HOST, lines, on

_BEGUN = 2
"""What a child has been fed that has begun: its start, and the answer to what it called."""
WAIT, TRY, LEAVE = "wait_cancellation_completed", "try_cancel", "abandon"
pytestmark = [pytest.mark.slow, pytest.mark.parametrize("language", ["lua", "py"])]


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEDGER", str(tmp_path / "ledger"))
    return tmp_path / "ledger"


def said(ledger: Path) -> list[str]:
    return [line.removeprefix("reserve ") for line in lines(ledger)]


@pytest.mark.parametrize("way", [WAIT, TRY, LEAVE])
async def test_a_child_is_waited_for_asked_or_left(
    server: str, tmp_path: Path, ledger: Path, language: str, way: str
) -> None:
    child = f"child-{way}-{language}-{tmp_path.name}"
    options: dict[str, Any] = {"workflow.id": child, "workflow.cancellation_type": way}
    options["workflow.parent_close_policy"] = "abandon"
    async with on(server, tmp_path) as node:
        pid = await node.spawn(f"app:stopping_{language}", host=HOST, args=[options, "child"])
        other = f"{{app:client@{HOST}|{child}}}"
        await until(lambda: said(ledger) == ["begun"])
        with trio.fail_after(90):
            while await node.query(other, "seq") < _BEGUN:  # noqa: ASYNC110 - the cluster tells nobody
                await trio.sleep(0.05)
        await node.cancel(pid)
        if way != WAIT:
            assert await node.wait(pid, timeout=90) == "Canceled"
        await node.send(other, "stay" if way == LEAVE else "clean")
        if way == LEAVE:
            assert await node.wait(other, timeout=90) == "went"
        else:
            await until(lambda: "cleaned" in said(ledger))
        assert await node.wait(pid, timeout=90) == "Canceled"
    assert (
        said(ledger)
        == {
            WAIT: ["begun", "cleaned", "after"],
            TRY: ["begun", "after", "cleaned"],
            LEAVE: ["begun", "after"],
        }[way]
    )


async def test_a_call_is_waited_for(server: str, tmp_path: Path, ledger: Path, language: str) -> None:
    async with on(server, tmp_path) as node:
        options = {"activity.wait_for_cancellation": True}
        pid = await node.spawn(f"app:stopping_{language}", host=HOST, args=[options, "call"])
        await until(lambda: said(ledger) == ["begun"])
        await node.cancel(pid)
        assert await node.wait(pid, timeout=90) == "Canceled"
    assert said(ledger) == ["begun", "cleaned", "after"]
