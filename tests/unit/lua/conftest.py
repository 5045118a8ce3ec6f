"""One Lua language for all tests of this directory, as a node has one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actorflow.language.lua import LuaLanguage
from tests.unit.lua.world import World


@pytest.fixture(scope="session")
def lua() -> LuaLanguage:
    return LuaLanguage()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def run(lua: LuaLanguage) -> Callable[..., Any]:
    """Run a script to its end in a fresh world and return its result; a failure is raised as an `Error`."""

    def run(source: str, *args: Any, durable: bool = False, **fields: Any) -> Any:
        machine = World(durable=durable).start(lua, source, *args, **fields)
        assert machine.outcome is not None, "the script waits"
        return machine.outcome.unwrap()

    return run
