"""The tests that hold our hosts equal, on a real Temporal server too: same scripts, twins in both languages."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from tests.conformance.hosts import (
    place as places,
)
from tests.conformance.hosts import (
    test_call_times,
    test_children,
    test_conditions,
    test_dialect,
    test_equal,
    test_heartbeats,
    test_modules,
    test_origins,
    test_queries,
    test_retry_steps,
    test_sagas,
    test_security,
    test_signals,
    test_steps,
    test_tokens,
    test_updates,
    test_versions,
)

Test = Callable[[places.Place], Awaitable[None]]
CLUSTER = "app:cluster"
_EQUAL = (test_equal, test_dialect, test_modules, test_steps, test_conditions, test_versions, test_security)
_DURABLE = (
    *(test_call_times, test_children, test_conditions, test_heartbeats, test_origins, test_queries, test_retry_steps),
    *(test_sagas, test_signals, test_steps, test_tokens, test_updates),
)
_HOSTS = (*places.HOSTS, CLUSTER)
_DIFFERENT: dict[str, str] = {
    "test_a_call_that_gets_no_slot_in_time_is_not_attempted": "functions have no slots there",
    "test_heartbeats_are_kept_over_a_restart": "an attempt that its worker leaves counts",
    "test_a_task_queue_names_the_host_of_a_start": "the other queue is that of a workflow.host",
    "test_the_calls_of_a_run_are_listed_without_another_write": "looks into the store",
    "test_hosts_of_one_database_share_an_engine_though_they_start_at_the_same_time": "looks into the engine",
    "test_an_option_that_is_for_temporal_is_noticed_once": "it is not noticed there",
    "test_a_retry_from_a_step_before_anything_came_says_what_to_do": "operators retry nothing there",
}
"""Tests that look into our journal or store, or are about what Temporal does in its own way; SEMANTICS.md has these."""


def _tests(modules: Iterable[ModuleType], wanted: Callable[[str], bool]) -> Iterator[Any]:
    for module in modules:
        for name, test in vars(module).items():
            if not name.startswith("test_") or not inspect.iscoroutinefunction(test) or name in _DIFFERENT:
                continue
            if list(inspect.signature(test).parameters) == ["place"] and wanted(inspect.getsource(test)):
                yield pytest.param(module, test, id=f"{module.__name__.rpartition('.')[2]}.{name}")


def _is_equal(source: str) -> bool:
    return "same(" in source or "HOSTS" in source


@pytest.fixture(autouse=True)
def _emptied(request: pytest.FixtureRequest) -> Iterator[None]:
    """End what a test leaves open on the server: the next one uses the same workflow ids."""
    yield
    asyncio.run(_end_all(request.getfixturevalue("server")))


async def _end_all(server: str) -> None:
    client = await Client.connect(server)
    async for found in client.list_workflows("ExecutionStatus = 'Running'"):
        with suppress(RPCError):
            await client.get_workflow_handle(found.id).terminate()


def _place(module: ModuleType, path: Path, server: str) -> places.Place:
    """Return the place of a module's tests, with a worker on the server beside its hosts."""
    made = module.place._get_wrapped_function()  # noqa: SLF001 - what pytest itself calls
    place: places.Place = made(path)
    started: dict[str, Any] = {"lifecycle": {"auto_start": True}}
    place.entries["server"] = {"kind": "temporal.client", "address": server, **started}
    worker = {"kind": "temporal.worker", "client": "server", "task_queue": path.name}
    place.entries["cluster"] = {**worker, "lifecycle": {"auto_start": True, "requires": ["server"]}}
    return place


@pytest.mark.slow
@pytest.mark.parametrize(("module", "test"), [*_tests(_EQUAL, _is_equal)])
async def test_the_same_on_all_hosts(
    module: ModuleType, test: Test, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in (places, module):
        monkeypatch.setattr(one, "HOSTS", _HOSTS, raising=False)
    await test(_place(module, tmp_path, server))


@pytest.mark.slow
@pytest.mark.parametrize(("module", "test"), [*_tests(_DURABLE, lambda source: not _is_equal(source))])
async def test_as_on_our_durable_host(
    module: ModuleType, test: Test, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in (places, module):
        monkeypatch.setattr(one, "FLOWS", CLUSTER, raising=False)
    await test(_place(module, tmp_path, server))
