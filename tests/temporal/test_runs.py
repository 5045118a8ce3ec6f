"""Durable runs on a real Temporal server, end to end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.errors import Error, not_found
from actorflow.node.node import Node
from actorflow.node.remote_verb import remote_verbs
from tests.temporal.support import HOST, lines, on


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LEDGER", str(tmp_path / "ledger"))
    return tmp_path / "ledger"


async def _done(node: Node, entry: str, *args: object) -> object:
    return await node.exec(entry, host=HOST, args=args, timeout=90)


async def test_the_same_script_runs_there_and_its_twin_too(server: str, tmp_path: Path, ledger: Path) -> None:
    async with on(server, tmp_path) as node:
        for entry in ("app:order", "app:order_py"):
            pid = await node.spawn(entry, host=HOST, args=["o1"])
            assert pid.startswith("{app:client@app:worker|")
            await node.send(pid, "approve", {"by": "me"})
            result = await node.wait(pid, timeout=90)
            number = result["number"]
            assert result == {
                "status": "shipped",
                "reserved": "reserved o1",
                "number": number,
                "shipped": {"order": "o1", "number": number},
                "by": "me",
            }
    assert lines(ledger) == ["reserve o1", "ship o1"] * 2


async def test_failures_keep_kind_details_and_whether_to_try_again(server: str, tmp_path: Path) -> None:
    async with on(server, tmp_path) as node:
        with pytest.raises(Error) as caught:
            await _done(node, "app:failing", "o2")
    assert (caught.value.kind, caught.value.retryable) == ("Conflict", False)
    assert caught.value.message == "no o2 today"
    details = caught.value.details or {}
    assert details["order"] == "o2"
    assert (details["_wrapper"], details["_retry_state"]) == ("activity", "NonRetryableFailure")


async def test_what_temporal_lacks_is_refused_by_name(server: str, tmp_path: Path) -> None:
    async with on(server, tmp_path) as node:
        for what in ("pause", "approval", "wait_for"):
            with pytest.raises(Error, match=rf"workflow\.{what} is not available on a temporal\.worker"):
                await _done(node, "app:lacking", what)
        for option, value in {"lock_key": "k", "hold": True, "queue": "q", "on_conflict": "queue"}.items():
            with pytest.raises(Error) as caught:
                await node.spawn("app:stuck", host=HOST, options={f"workflow.{option}": value, "workflow.id": "x"})
            assert caught.value.kind == "Invalid"
            assert f"workflow.{option}" in caught.value.message


async def test_queries_and_updates_are_answered(server: str, tmp_path: Path) -> None:
    async with on(server, tmp_path) as node:
        pid = await node.spawn("app:asked", host=HOST)
        assert await node.update(pid, "add", 2) == 2
        assert await node.update(pid, "add", 3) == 5
        assert await node.query(pid, "count") == 5
        assert await node.query(pid, "pid") == pid
        with pytest.raises(Error, match="negative"):
            await node.update(pid, "add", -1)
        with pytest.raises(Error, match="there are: count, inbox, pid"):
            await node.query(pid, "cuont")
        await node.send(pid, "end")
        assert await node.wait(pid, timeout=90) == 5


async def test_cancel_and_terminate(server: str, tmp_path: Path) -> None:
    async with on(server, tmp_path) as node:
        pid = await node.spawn("app:stuck", host=HOST)
        await node.cancel(pid, "enough")
        assert await node.wait(pid, timeout=90) == "stopped: enough"
        pid = await node.spawn("app:stuck", host=HOST)
        await node.terminate(pid)
        with pytest.raises(Error, match="workflow terminated"):
            await node.wait(pid, timeout=90)


@pytest.mark.slow
async def test_runs_continue_as_new_are_woken_and_describe_themselves(server: str, tmp_path: Path) -> None:
    async with on(server, tmp_path) as node:
        assert await _done(node, "app:counting", 2) == {"seen": 2, "tokens": 2}
        pid = await node.spawn("app:suspended", host=HOST)
        await node.wake(pid, {"go": 1})
        assert await node.wait(pid, timeout=90) == {"go": 1}
        with pytest.raises(Error):
            await node.wake(pid)
        assert await _done(node, "app:described") == "Invalid"


@pytest.mark.slow
async def test_a_script_that_spins_ends_with_resource(server: str, tmp_path: Path) -> None:
    async with on(server, tmp_path) as node:
        with pytest.raises(Error) as caught:
            await _done(node, "app:spinning")
    assert caught.value.kind == "Resource"


async def test_operators_see_and_end_runs(server: str, tmp_path: Path, ledger: Path) -> None:
    async with on(server, tmp_path) as node:
        verbs = remote_verbs(node, dict.fromkeys(_VERBS, _nothing_stored))
        pid = await node.spawn("app:order", host=HOST, args=["v1"], options={"workflow.memo": {"note": "n"}})
        while not lines(ledger):  # noqa: ASYNC110 - a function writes it
            await trio.sleep(0.02)
        shown: Any = await verbs["run.show"]({"run": pid})
        assert (shown["state"], shown["args"], shown["memo"]) == ("running", ["v1"], {"note": "n"})
        assert len(shown["bundle_hash"]) == 64
        history: Any = await verbs["run.history"]({"run": shown["run_id"], "limit": 7})
        assert [event["kind"] for event in history][:2] == ["WorkflowExecutionStarted", "WorkflowTaskScheduled"]
        assert history[5]["target"] == "app:reserve"
        calls: Any = await verbs["run.calls"]({"run": pid})
        assert [(call["ref"], call["target"]) for call in calls] == [(1, "app:reserve")]
        with pytest.raises(Error, match="run pause is not available on a temporal\\.worker"):
            await verbs["run.change"]({"verb": "pause", "run": pid})
        done: Any = await verbs["run.change"]({"verb": "terminate", "run": pid, "reason": "enough"})
        assert (done["state"], done["to"]) == ("running", "cancelled")
        why: Any = await verbs["run.why"]({"run": pid})
        assert why["reasons"] == ["cancelled: nothing will happen any more"]
        with pytest.raises(Error, match="cannot be asked to cancel any more"):
            await verbs["run.change"]({"verb": "cancel", "run": pid})
        with pytest.raises(Error, match="no run 'nonesuch'"):
            await verbs["run.show"]({"run": "nonesuch"})


async def _nothing_stored(args: Any) -> Any:
    if "run" in args:
        raise not_found(f"no run {args['run']!r}")
    return []


_VERBS = ("runs", "run.show", "run.why", "run.history", "run.calls", "run.change", "run.chain")


async def test_why_asks_the_worker_and_reads_histories_no_further_than_needed(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[int] = []
    async with on(server, tmp_path) as node:
        host: Any = node.hosts[HOST]
        service = host.connection.client.workflow_service
        for name in ("get_workflow_execution_history", "get_workflow_execution_history_reverse"):
            monkeypatch.setattr(service, name, _counting(getattr(service, name), pages))
        pid = await node.spawn("app:pausing", host=HOST)
        with trio.fail_after(90):
            reasons: list[str] = []
            while not any("timer due at" in reason for reason in reasons):
                reasons = (await host.explained(pid))["reasons"]
        assert any("more.py:" in reason for reason in reasons), reasons
        assert pages == [], "who runs it says so, no history is read"
        assert [event["seq"] for event in await host.history(pid, 1, 2)] == [2, 3]
        assert len(pages) == 1
        calls = await host.called(pid, 2)
        assert [call["ref"] for call in calls] == [2, 3], "the newest two"
        host.serves = False
        assert any("timer due at" in reason for reason in (await host.explained(pid))["reasons"])
        host.serves = True
        assert (await host.shown(pid))["state"] == "running"
        assert max(pages) < 40
        await node.terminate(pid)


def _counting(ask: Any, pages: list[int]) -> Any:
    async def counted(request: Any, **more: Any) -> Any:
        answer = await ask(request, **more)
        pages.append(len(answer.history.events))
        return answer

    return counted
