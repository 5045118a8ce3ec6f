"""Programs of replaced versions stay as long as something runs them."""

from __future__ import annotations

import gc

import pytest

from actorflow.bundle import Bundle
from actorflow.errors import Error
from actorflow.language.lua import LuaLanguage
from actorflow.language.python import PythonLanguage
from actorflow.machine.machine import Machine
from actorflow.node.program import Programs
from actorflow.ports import Program
from tests.unit.lua.world import World

CHANGES = 200
RECENT = 64
LIBRARY = {"lua": "return {{n = {}}}", "py": "N = {}\n"}
SOURCE = {
    "lua": "local function main() return require('lib').n end return {{main = main}} -- {}",
    "py": "import lib\n\n\nasync def main():\n    return lib.N  # {}\n",
}


class Changing:
    """A registry of one entry with one library, both new in each version."""

    def __init__(self, suffix: str) -> None:
        self.suffix = suffix
        self.version = 0

    def entry(self, _entry_id: str, /) -> object:
        raise NotImplementedError

    def bundle(self, entry_id: str, /) -> Bundle:
        library = Bundle("app:lib", f"library.{self.suffix}", LIBRARY[self.suffix].format(self.version))
        source = SOURCE[self.suffix].format(self.version)
        return Bundle(entry_id, f"process.{self.suffix}", source, method="main", imports={"lib": library})


def result(program: Program) -> object:
    machine = Machine(World(), program)
    machine.start(())
    while machine.run(-1):
        pass
    assert machine.outcome is not None
    return machine.outcome.unwrap()


def kept(language: LuaLanguage | PythonLanguage) -> int:
    gc.collect()
    return language.source_count


@pytest.mark.parametrize("suffix", ["lua", "py"])
def test_replaced_versions_are_dropped_when_nothing_runs_them(suffix: str) -> None:
    language = LuaLanguage() if suffix == "lua" else PythonLanguage()
    registry = Changing(suffix)
    programs = Programs(registry, {suffix: language})  # type: ignore[arg-type]  # entries are not asked for
    first = programs.current("app:main")
    for version in range(1, CHANGES):
        registry.version = version
        programs.current("app:main")
    assert kept(language) <= 2 * (RECENT + 3)
    assert result(first) == 0  # the first version is there, and so is its library
    before = kept(language)
    del first
    registry.version = CHANGES
    programs.current("app:main")
    assert kept(language) <= before


def test_a_version_that_comes_back_is_compiled_again() -> None:
    language, registry = LuaLanguage(), Changing("lua")
    programs = Programs(registry, {"lua": language})  # type: ignore[arg-type]  # entries are not asked for
    for version in (*range(CHANGES), 0):
        registry.version = version
        assert result(programs.current("app:main")) == version


def test_what_does_not_compile_takes_nothing_with_it() -> None:
    language, registry = LuaLanguage(), Changing("lua")
    programs = Programs(registry, {"lua": language})  # type: ignore[arg-type]  # entries are not asked for
    program = programs.current("app:main")
    broken = Bundle("app:broken", "process.lua", "return (", imports=registry.bundle("app:main").imports)
    for _ in range(3):
        with pytest.raises(Error):
            programs.compiled(broken, durable=False)
    assert result(program) == 0
