"""The tests that hold our hosts equal, on a real Temporal server too: same scripts, twins in both languages."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

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
_DIFFERENT: dict[str, str] = {}
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
