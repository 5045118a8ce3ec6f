from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

from actorflow.errors import INVALID, NOT_FOUND, Error
from actorflow.registry.registry import Registry

Load: TypeAlias = Callable[..., Registry]
Texts: TypeAlias = Callable[[Registry], list[str]]

TREE = """
namespace: app
entries:
  - {name: svc, kind: process.service, process: p, host: host, lifecycle: {requires: [flows]}}
  - {name: p, kind: process.lua, source: return 1, imports: {lib: lib}}
  - {name: lib, kind: library.lua, source: return 1, meta: {depends_on: [db]}}
  - {name: host, kind: process.host}
  - {name: flows, kind: workflow.host, database: db}
  - {name: db, kind: db.sql.sqlite, file: a.db}
  - {name: test_a, kind: function.lua, source: return 1, meta: {type: test, tags: [fast, lua]}}
  - {name: test_b, kind: function.py, source: pass, meta: {type: test}}
  - {name: note, kind: registry.note, text: hi}
"""


def test_entries_are_found_by_kind_and_meta(load: Load) -> None:
    registry = load(TREE)

    def find(kind: str = "*", **meta: str) -> list[str]:
        return [entry.name for entry in registry.find(kind, **meta)]

    assert find(kind="process.host") == ["host"]
    assert find(kind="function.*", type="test") == ["test_a", "test_b"]
    assert find(type="test", tags="fast") == ["test_a"]
    assert find(type="nothing") == []
    assert len(find()) == len(registry) == 9


def test_the_boot_order_has_dependencies_first_and_is_sorted_within_levels(load: Load) -> None:
    assert load(TREE).order == (
        *("app:db", "app:host", "app:note", "app:test_a", "app:test_b"),
        *("app:flows", "app:lib"),
        *("app:p",),
        *("app:svc",),
    )


def test_services_depend_on_services_through_entries_that_are_none(load: Load) -> None:
    registry = load(TREE)
    assert registry.dependencies("app:svc") == ("app:db", "app:flows", "app:host")
    assert registry.dependencies("app:p") == ("app:db",)
    assert registry.dependencies("app:host") == ()
    with pytest.raises(Error):
        registry.dependencies("app:none")


def test_groups_and_namespaces_are_dependencies_and_unknown_ones_are_ignored(load: Load) -> None:
    registry = load(
        {
            "config/a.yaml": "namespace: app\nentries:\n"
            "  - {name: a, kind: process.host, meta: {depends_on: ['group:g', 'ns:app.db', none, 'no:ne']}}\n"
            "  - {name: m, kind: process.host, meta: {groups: [g]}}\n",
            "config/b.yaml": "namespace: app.db\nname: z\nkind: process.host\n",
        }
    )
    assert registry.faults == ()
    assert registry.dependencies("app:a") == ("app.db:z", "app:m")
    assert registry.order == ("app.db:z", "app:m", "app:a")


def test_a_cycle_between_entries_is_a_notice_and_the_order_plainly_sorted(load: Load, texts: Texts) -> None:
    registry = load(
        """
        namespace: app
        entries:
          - {name: c, kind: process.host}
          - {name: b, kind: process.host, meta: {depends_on: [a]}}
          - {name: a, kind: process.host, meta: {depends_on: [b, c]}}
        """
    )
    assert registry.order == ("app:a", "app:b", "app:c")
    assert [fault.scope for fault in registry.faults] == ["notice"]
    assert "a cycle of dependencies (app:a → app:b → app:a)" in texts(registry)[0]


def test_a_chain_of_five_thousand_dependencies_is_ordered(load: Load) -> None:
    entries = "".join(
        f"  - {{name: e{n:05}, kind: registry.x, meta: {{depends_on: [e{n + 1:05}]}}}}\n" for n in range(5000)
    )
    registry = load("namespace: app\nentries:\n" + entries)
    assert registry.order[0] == "app:e04999"
    assert registry.dependencies("app:e00000") == ()


def test_an_entry_of_unknown_kind_is_data_and_cannot_be_used(load: Load) -> None:
    entry = load(TREE).entry("app:note")
    assert (entry.data, entry.config, entry.broken) == ({"text": "hi"}, None, False)
    with pytest.raises(Error, match=r"registry\.note"):
        entry.require()


def test_what_has_no_source_has_no_bundle(load: Load) -> None:
    registry = load(TREE)
    with pytest.raises(Error, match="has no source") as caught:
        registry.bundle("app:host")
    assert caught.value.kind == INVALID
    with pytest.raises(Error) as caught:
        registry.bundle("app:hots")
    assert caught.value.kind == NOT_FOUND


def test_the_same_files_give_the_same_registry(load: Load) -> None:
    first, second = load(TREE), load(TREE)
    assert first.order == second.order
    assert [entry.id for entry in first] == [entry.id for entry in second]
    assert first.bundle("app:p").hash == second.bundle("app:p").hash
