from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

from actorflow.registry.registry import Registry

Load: TypeAlias = Callable[..., Registry]
Texts: TypeAlias = Callable[[Registry], list[str]]

TREE = """
namespace: app
entries:
  - name: worker
    kind: temporal.worker
    client: app:client
    task_queue: jobs
    worker_options: {max_concurrent_activity_execution_size: 5}
  - name: service
    kind: process.service
    process: job
    host: worker
    input: [1, {retries: 2}]
  - {name: job, kind: process.lua, source: return 1}
"""


def test_a_tree_written_for_temporal_runs_on_a_workflow_host(load: Load) -> None:
    registry = load(TREE, overrides=["app:worker:kind=workflow.host"])
    assert registry.faults == ()
    assert registry.entry("app:worker").kind == "workflow.host"
    assert registry.entry("app:worker").config.task_queue == "jobs"


def test_every_form_of_path_works(load: Load) -> None:
    overrides = [
        "app:worker:kind=workflow.host",
        "app:worker:concurrency=7",
        "app:worker:data.cache.idle=5s",
        "app:worker:meta.description=a = b",
        "app:service:input.1.retries=3",
        "app:service:lifecycle={auto_start: true}",
        "app:worker:concurrency=9",
    ]
    registry = load(TREE, overrides=overrides)
    assert registry.faults == ()
    worker, service = registry.entry("app:worker"), registry.entry("app:service")
    assert worker.config.concurrency == 9
    assert worker.config.cache.idle == 5_000_000_000
    assert worker.about.description == "a = b"
    assert service.config.input == (1, {"retries": 3})
    assert service.config.lifecycle.auto_start is True


def test_an_override_can_name_a_file(load: Load) -> None:
    registry = load(
        {"config/app.yaml": TREE, "config/new.lua": "return 2"}, overrides=["app:job:source=file://new.lua"]
    )
    assert registry.bundle("app:job").source == "return 2"


def test_a_wrong_value_is_reported_at_the_override(load: Load, texts: Texts) -> None:
    registry = load(TREE, overrides=["app:worker:kind=workflow.host", "app:worker:cache.idle=5"])
    assert texts(registry) == [
        (
            "-o app:worker:cache.idle=5  app:worker cache.idle  got 5, expected a duration with a unit such as"
            " '10s', '1h30m' or '250ms'  did you mean '5s'?"
        )
    ]


@pytest.mark.parametrize(
    ("override", "fault"),
    [
        (
            "app:workr:kind=x",
            "got the unknown entry app:workr, expected the id of an entry  did you mean 'app:worker'?",
        ),
        ("app:worker:kind", "got no value, expected ns:entry:path=value"),
        ("app:worker=3", "expected ns:entry:path"),
        ("app:worker:=3", "expected ns:entry:path"),
        ("app:worker:a..b=3", "expected ns:entry:path"),
        (f"app:worker:{'a.' * 100}b=3", "expected ns:entry:path"),
        ("app:worker:kind=3", "got 3, expected the name of a kind"),
        ("app:service:input.7=3", "got '7' into a list of 2, expected the number of an item"),
        ("app:worker:client.x=3", "got the path 'x' into 'app:client'"),
    ],
)
def test_a_wrong_override_is_a_fault_of_file_scope(load: Load, texts: Texts, override: str, fault: str) -> None:
    registry = load(TREE, overrides=[override])
    assert len(registry.fatal) == 1
    assert f"-o {override}" in texts(registry)[0]
    assert fault in texts(registry)[0]
