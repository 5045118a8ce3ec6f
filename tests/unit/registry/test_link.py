from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

from actorflow.errors import INVALID, Error
from actorflow.registry.registry import Registry

Load: TypeAlias = Callable[..., Registry]
Texts: TypeAlias = Callable[[Registry], list[str]]


def library(name: str, imports: str = "", language: str = "lua") -> str:
    return f"  - {{name: {name}, kind: library.{language}, source: return 1, imports: {{{imports}}}}}\n"


def tree(*entries: str) -> str:
    return "namespace: app\nentries:\n" + "".join(entries)


def test_imports_become_one_bundle_with_shared_libraries(load: Load) -> None:
    registry = load(tree(library("a", "x: b, y: app:c"), library("b", "z: c"), library("c")))
    bundle = registry.bundle("app:a")
    assert registry.faults == ()
    assert bundle.imports["x"].imports["z"] is bundle.imports["y"]
    assert registry.bundle("app:a") is bundle
    assert type(bundle).from_bytes(bundle.data) == bundle
    assert bundle.hash != registry.bundle("app:b").hash


def test_the_hash_follows_the_source_of_a_library_but_not_its_place(load: Load) -> None:
    first = load({"config/app.yaml": tree(library("a", "x: b"), library("b"))}).bundle("app:a")
    moved = load({"config/app.yaml": "\n\n\n" + tree(library("b"), library("a", "x: b"))}).bundle("app:a")
    changed = load(
        {"config/app.yaml": tree(library("a", "x: b"), library("b").replace("return 1", "return 2"))}
    ).bundle("app:a")
    assert first.hash == moved.hash
    assert first.hash != changed.hash


def test_a_deep_diamond_of_imports_stays_small(load: Load) -> None:
    libraries = [library(f"l{n}", f"x: l{n - 1}, y: l{n - 1}" if n else "") for n in range(40)]
    bundle = load(tree(*libraries)).bundle("app:l39")
    assert len(bundle.data) < 40 * 500


@pytest.mark.parametrize(
    ("imports", "fault"),
    [
        ("x: lib", ("got app:lib, which does not exist, expected the id of a library.lua or function.lua or module.lua"
                   "  did you mean 'app:libs'?")),
        ("x: py", "got app:py, a library.py, expected the id of a library.lua"),
        ("x: host", "got app:host, a process.host, expected the id of a library.lua"),
        ("x: broken", "got app:broken, which is broken (config/app.yaml:6), expected a library that loads"),
    ],
)  # fmt: skip
def test_an_import_that_does_not_fit_breaks_the_importer(load: Load, texts: Texts, imports: str, fault: str) -> None:
    registry = load(
        tree(
            library("a", imports),
            library("libs"),
            library("py", language="py"),
            "  - {name: broken, kind: library.lua, source: 'file://none.lua'}\n",
            "  - {name: host, kind: process.host}\n",
        )
    )
    assert any(line.startswith("config/app.yaml:3  app:a imports.x  got") and fault in line for line in texts(registry))
    with pytest.raises(Error) as caught:
        registry.bundle("app:a")
    assert caught.value.kind == INVALID
    assert registry.bundle("app:libs").source == "return 1"


def test_a_cycle_of_imports_breaks_its_members_and_names_them(load: Load, texts: Texts) -> None:
    registry = load(tree(library("a", "x: b"), library("b", "x: c"), library("c", "x: a"), library("d", "x: a")))
    lines = [line for line in texts(registry) if "cycle of imports" in line]
    assert len(lines) == 3
    assert "a cycle of imports (app:a → app:b → app:c → app:a), expected imports that end" in lines[0]
    assert registry.entry("app:d").broken
    assert any("app:a, which is broken" in line for line in texts(registry))


def test_an_import_of_itself_is_a_cycle(load: Load, texts: Texts) -> None:
    assert "(app:a → app:a)" in texts(load(tree(library("a", "x: a"))))[0]


def test_imports_too_deep_are_refused(load: Load, texts: Texts) -> None:
    registry = load(tree(*(library(f"l{n}", f"x: l{n - 1}" if n else "") for n in range(200))))
    assert any("got imports 65 deep, expected at most 64" in line for line in texts(registry))
    assert not registry.entry("app:l63").broken
    assert registry.entry("app:l64").broken
    assert registry.entry("app:l199").broken


def test_a_module_that_does_not_exist_breaks_the_entry_and_names_those_that_do(load: Load, texts: Texts) -> None:
    registry = load(tree("  - {name: x, kind: function.lua, source: return 1, modules: [json, tme]}\n"))
    assert texts(registry) == [
        (
            "config/app.yaml:3  app:x modules[1]  got the unknown module 'tme', expected one of funcs, json, time"
            "  did you mean 'time'?"
        )
    ]


def test_references_are_resolved_in_the_entrys_namespace(load: Load, texts: Texts) -> None:
    service = "  - {name: s, kind: process.service, process: p, host: h}\n"
    registry = load(
        tree(service, "  - {name: p, kind: process.py, source: pass}\n", "  - {name: h, kind: process.host}\n")
    )
    assert registry.faults == ()
    config = registry.entry("app:s").config
    assert (config.process, config.host) == ("app:p", "app:h")
    broken = load(tree(service, "  - {name: h, kind: function.lua, source: return 1}\n"))
    assert [line.partition("  got ")[2].partition(",")[0] for line in texts(broken)] == ["app:h", "app:p"]


def test_a_database_and_required_services_must_exist(load: Load, texts: Texts) -> None:
    registry = load(
        tree(
            "  - {name: h, kind: workflow.host, database: dbs, lifecycle: {requires: [nothing, 'group:any']}}\n",
            "  - {name: db, kind: db.sql.sqlite, file: x.db}\n",
        )
    )
    assert "database  got app:dbs, which does not exist, expected the id of a db.sql.*" in texts(registry)[0]
    assert "lifecycle.requires[0]  got app:nothing, which does not exist" in texts(registry)[1]
    assert len(registry.faults) == 2


def test_a_missing_default_host_is_a_notice(load: Load) -> None:
    (fault,) = load(tree("  - {name: p, kind: process.lua, source: return 1, meta: {default_host: none}}\n")).faults
    assert (fault.scope, fault.path) == ("notice", "meta.default_host")
