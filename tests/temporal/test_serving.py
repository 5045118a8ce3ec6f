"""What a worker serves, under which names and on which queue, and what becomes of its options."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import actorflow
from actorflow.errors import Error
from actorflow.notice import Notice
from actorflow.registry.kinds.temporal_worker import KIND
from hosts.temporal.tuning import lacking, worker_arguments

REGISTRY = Path(__file__).parent / "serving"


@pytest.mark.slow
async def test_entries_are_served_under_their_names_by_the_workers_that_they_name(server: str, tmp_path: Path) -> None:
    notices: list[Notice] = []
    queues = {name: f"{name}-{tmp_path.name}" for name in ("one", "two")}
    overrides = [f"app:client:address={server}", *(f"app:{name}:task_queue={queue}" for name, queue in queues.items())]
    async with actorflow.open(REGISTRY, data=tmp_path, overrides=overrides, notices=notices.append) as node:
        one: Any = node.hosts["app:one"]
        assert one.queue == f"prefix-{queues['one']}"

        async def start() -> Any:
            client = one.connection.client
            return await client.execute_workflow("Order", 21, id=tmp_path.name, task_queue=one.queue)

        assert await one.connection.run(start) == 42

        async def fetch() -> Any:
            return await one.connection.client.get_workflow_handle(tmp_path.name).fetch_history()

        asked = [event.activity_task_scheduled_event_attributes for event in (await one.connection.run(fetch)).events]
        called = [told for told in asked if told.activity_type.name]
        assert [(told.activity_type.name, told.task_queue.name) for told in called] == [
            ("Doubled", f"prefix-{queues['two']}")
        ]
        assert (await one.shown(tmp_path.name))["entry"] == "app:order"
        with pytest.raises(Error, match="app:order is served by app:one alone"):
            await node.exec("app:order", host="app:two", args=[1], timeout=90)
    said = [notice.text for notice in notices if notice.code == "option-ignored"]
    assert len(said) == 1
    assert "enable_logging_in_replay has no effect" in said[0]


def test_options_are_those_of_the_sdk_or_named() -> None:
    written = {
        "max_concurrent_activity_execution_size": 7,
        "max_concurrent_workflow_task_pollers": 3,
        "worker_activities_per_second": 2.5,
        "sticky_schedule_to_start_timeout": "4s",
        "worker_stop_timeout": "9s",
        "max_cached_workflows": 11,
        "identity": "me",
        "deadlock_detection_timeout": "5s",
    }
    config: Any = KIND.model.model_validate({"client": "c", "task_queue": "q", "worker_options": written})
    given = worker_arguments("app:w", config.worker_options)
    assert given["max_concurrent_activities"] == 7
    assert given["max_concurrent_workflow_task_polls"] == 3
    assert given["max_activities_per_second"] == 2.5
    assert given["sticky_queue_schedule_to_start_timeout"] == timedelta(seconds=4)
    assert given["graceful_shutdown_timeout"] == timedelta(seconds=9)
    assert (given["max_cached_workflows"], given["identity"]) == (11, "me")
    assert [name for name, _ in lacking(config.worker_options)] == ["deadlock_detection_timeout"]


@pytest.mark.parametrize(("written", "seconds"), [({}, 1), ({"max_heartbeat_throttle_interval": "9s"}, 9)])
def test_signs_of_life_are_held_back_for_a_second_unless_more_is_written(written: dict[str, str], seconds: int) -> None:
    config: Any = KIND.model.model_validate({"client": "c", "task_queue": "q", "worker_options": written})
    given = worker_arguments("app:w", config.worker_options)
    assert given["max_heartbeat_throttle_interval"] == timedelta(seconds=seconds)
