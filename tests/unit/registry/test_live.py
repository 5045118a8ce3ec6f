"""The live registry: changes as a whole or not at all, versions, roll-back, and what others hear."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actorflow.errors import ALREADY_EXISTS, INVALID, NOT_FOUND, Error
from actorflow.registry.change import Change, Revision
from actorflow.registry.history import History, Version
from actorflow.registry.live import LiveRegistry
from actorflow.registry.load import open_registry

MODULES = {"lua": frozenset({"json"})}
TREE = """
namespace: app
entries:
  - {name: lib, kind: library.lua, source: return 1}
  - {name: f, kind: function.lua, source: return 1, imports: {lib: lib}}
  - {name: g, kind: function.lua, source: return 2}
  - {name: broken, kind: function.lua}
  - {name: note, kind: registry.entry, text: hi, meta: {a: 1}}
"""


@pytest.fixture
def live(tmp_path: Path) -> LiveRegistry:
    (tmp_path / "app.yaml").write_text(TREE)
    return open_registry(tmp_path, environment={}, modules=MODULES)


@pytest.fixture
def heard(live: LiveRegistry) -> list[Revision]:
    revisions: list[Revision] = []
    live.listen(revisions.append)
    return revisions


def create(entry: str, kind: str = "registry.entry", **data: Any) -> Change:
    return Change("create", entry, kind, {}, data)


def update(entry: str, **data: Any) -> Change:
    return Change("update", entry, data=data)


def delete(entry: str) -> Change:
    return Change("delete", entry)


def refused(live: LiveRegistry, *changes: Change) -> Error:
    before, version = list(live), live.version
    with pytest.raises(Error) as caught:
        live.apply(changes)
    assert list(live) == before
    assert live.version is version
    return caught.value


def test_a_change_makes_a_version_that_holds_all_of_it(live: LiveRegistry) -> None:
    version = live.apply(
        [create("app:new", "function.lua", source="return 3"), update("app:note", text="bye"), delete("app:g")]
    )
    assert (version.id, version.previous) == (2, 1)
    assert live.version is version
    assert live.bundle("app:new").source == "return 3"
    assert live.entry("app:note").data == {"text": "bye"}
    assert live.entry("app:note").meta == {"a": 1}
    assert "app:g" not in live
    assert [(operation.verb, operation.id) for operation in version.operations] == [
        ("delete", "app:g"),
        ("create", "app:new"),
        ("update", "app:note"),
    ]


def test_a_snapshot_does_not_change(live: LiveRegistry) -> None:
    snapshot = live.snapshot
    live.apply([delete("app:g")])
    assert "app:g" in snapshot
    assert "app:g" not in live.snapshot
    assert "app:g" in live.at(1)
    assert list(live.at(1)) == list(snapshot)


@pytest.mark.parametrize(
    ("changes", "kind", "text"),
    [
        ([create("app:g")], ALREADY_EXISTS, "exists already"),
        ([delete("app:h")], NOT_FOUND, "did you mean 'app:f'?"),
        ([update("app:not")], NOT_FOUND, "did you mean 'app:note'?"),
        ([create("app:h"), create("app:h")], ALREADY_EXISTS, "exists already"),
        ([create("h")], INVALID, "expected namespace:name"),
        ([create(":h")], INVALID, "expected namespace:name"),
        ([create("app:h", "")], INVALID, "the kind ''"),
        ([create("app:h", {"a": 1})], INVALID, "the kind a map"),  # type: ignore[arg-type]
        ([Change("create", "app:h", "x", meta=[1])], INVALID, "expected a map"),
        ([Change("create", "app:h", "x", data={"f": print})], INVALID, "plain data"),
        ([Change("move", "app:g")], INVALID, "expected one of create, update, delete"),  # type: ignore[arg-type]
        ([], INVALID, "no changes to apply"),
        ([create("app:h", "function.lua")], INVALID, "source"),
        ([create("app:h", "function.lua", source="return 1", modules=["jsn"])], INVALID, "did you mean 'json'?"),
        ([update("app:g", source="return 1", imports={"x": "app:nothing"})], INVALID, "which does not exist"),
        ([update("app:broken", text="")], INVALID, "source"),
    ],
)
def test_a_change_that_cannot_be_is_refused(live: LiveRegistry, changes: list[Change], kind: str, text: str) -> None:
    error = refused(live, *changes)
    assert error.kind == kind
    assert text in error.message
    assert error.retryable is False


def test_a_change_is_refused_as_a_whole_with_all_faults(live: LiveRegistry) -> None:
    error = refused(
        live,
        create("app:ok"),
        create("app:a", "function.lua"),
        create("app:b", "process.service", process=1),
        delete("app:zzz"),
    )
    assert error.kind == INVALID
    assert error.details is not None
    faults = {(fault["entry"], fault["path"]) for fault in error.details["faults"]}
    assert faults == {("app:a", "source"), ("app:b", "process"), ("app:b", "host"), ("app:zzz", "")}
    assert "4 faults" in error.message


def test_a_change_that_breaks_another_entry_is_refused(live: LiveRegistry) -> None:
    error = refused(live, delete("app:lib"))
    assert "app:f imports.lib" in error.message
    assert refused(live, update("app:lib", source="return 1", imports={"x": "f"})).kind == INVALID  # a cycle
    live.apply([delete("app:lib"), delete("app:f")])


def test_an_entry_broken_before_does_not_stand_in_the_way_and_can_be_mended(live: LiveRegistry) -> None:
    live.apply([create("app:new", "function.lua", source="return 1", imports={"lib": "lib"})])
    assert live.entry("app:broken").broken
    live.apply([update("app:broken", source="return 1")])
    live.entry("app:broken").require()
    assert all(fault.scope == "notice" for fault in live.faults)


def test_entries_that_name_a_new_one_are_mended_by_it(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text(
        "namespace: app\nname: f\nkind: function.lua\nsource: return 1\nimports: {x: lib}\n"
    )
    live = open_registry(tmp_path, environment={}, modules=MODULES)
    assert live.entry("app:f").broken
    live.apply([create("app:lib", "library.lua", source="return 1")])
    assert live.bundle("app:f").imports["x"].source == "return 1"


def test_code_that_does_not_compile_is_refused(live: LiveRegistry) -> None:
    def verify(entry: Any, registry: Any) -> None:
        raise Error(f"{registry.bundle(entry.id).id}: syntax error", INVALID)

    live.verify = verify
    assert "syntax error" in refused(live, create("app:h", "function.lua", source="return (")).message
    live.apply([create("app:data", "registry.entry", source="return (")])


def test_whoever_imports_a_changed_library_gets_it(live: LiveRegistry, heard: list[Revision]) -> None:
    before, other = live.bundle("app:f"), live.bundle("app:g")
    live.apply([update("app:lib", source="return 2")])
    assert live.bundle("app:f").imports["lib"].source == "return 2"
    assert live.bundle("app:f") is not before
    assert live.bundle("app:g") is other
    assert heard[0].outdated == {"app:f": ("app:lib",), "app:lib": ("app:lib",)}


def test_a_change_of_meta_alone_outdates_nothing(live: LiveRegistry, heard: list[Revision]) -> None:
    live.apply([Change("update", "app:g", meta={"comment": "x"})])
    assert heard[0].outdated == {}
    assert heard[0].ids("update") == ("app:g",)
    assert live.entry("app:g").meta == {"comment": "x"}
    assert live.entry("app:g").origin.file.endswith("app.yaml")


def test_the_source_given_again_keeps_its_place(live: LiveRegistry) -> None:
    live.apply([update("app:g", source="return 2", method="main")])
    assert live.entry("app:g").origin.file.endswith("app.yaml")
    live.apply([update("app:g", source="return 3")])
    assert live.entry("app:g").origin.file == ""


def test_listeners_hear_of_each_version_after_it_is_current(live: LiveRegistry) -> None:
    heard = []

    def listener(revision: Revision) -> None:
        heard.append((revision.version.id, "app:h" in live, "app:h" in revision.before, revision.ids("create")))

    forget = live.listen(listener)
    live.apply([create("app:h")])
    live.apply_version(1)
    forget()
    live.apply([create("app:i")])
    assert heard == [(2, True, False, ("app:h",)), (1, False, True, ())]


def test_going_back_and_forward(live: LiveRegistry) -> None:
    first = list(live)
    live.apply([create("app:a"), update("app:g", source="return 3")])
    second = list(live)
    live.apply([delete("app:a"), update("app:lib", source="return 9")])
    live.apply_version(1)
    assert list(live) == first
    assert live.version.id == 1
    live.apply_version(2)
    assert list(live) == second
    live.apply_version(1)
    assert live.apply([create("app:b")]).previous == 1
    assert [version.id for version in live.versions()] == [1, 2, 3, 4]
    live.apply_version(3)
    assert live.bundle("app:f").imports["lib"].source == "return 9"
    assert "app:b" not in live
    assert "app:b" in live.at(4)
    with pytest.raises(Error, match="no version 9 of the registry; kept are 1 to 4") as caught:
        live.apply_version(9)
    assert caught.value.kind == NOT_FOUND
    assert live.version.id == 3


def test_the_oldest_versions_are_forgotten() -> None:
    history = History(Version(1, 0, 0), kept=3)
    for _ in range(4):
        history.add((), 0)
    assert [version.id for version in history.versions()] == [3, 4, 5]
    with pytest.raises(Error, match="kept are 3 to 5"):
        history.version(2)
    history.move(3)
    history.add((), 0)
    history.add((), 0)
    assert [version.id for version in history.versions()] == [5, 6, 7]
    with pytest.raises(Error, match="no longer kept"):
        history.way(5)


def test_what_was_given_may_change_afterwards(live: LiveRegistry) -> None:
    data: Callable[[], Any] = dict
    given = data()
    given["list"] = [1]
    live.apply([Change("create", "app:h", "registry.entry", data=given)])
    given["list"].append(2)
    assert live.entry("app:h").data == {"list": [1]}
