"""Filters of entries: every key, operator and kind of value; what is no filter says so."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from actorflow.errors import INVALID, Error
from actorflow.registry.filter import select
from actorflow.registry.registry import Registry

Load: TypeAlias = Callable[..., Registry]
TREE = """
namespace: app
entries:
  - {name: one, kind: registry.entry, meta: {type: a, n: 1, tags: [x, y], deep: {er: z}}, size: 3}
  - {name: two, kind: registry.entry, meta: {type: "b[1]", n: true, text: "line\\nend"}}
"""


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({}, "one two"),
        (None, "one two"),
        ({".name": "one"}, "one"),
        ({"name": ["one", "two"]}, "one two"),
        ({"ns": "app", "id": "app:two"}, "two"),
        ({"kind": "registry.*"}, "one two"),
        ({"n": 1}, "one"),
        ({"n": True}, "two"),
        ({"meta.tags": "y"}, "one"),
        ({"meta.deep.er": "z"}, "one"),
        ({"data.size": 3}, "one"),
        ({"type": "b[1]"}, "two"),
        ({"type": "b[*"}, "two"),
        ({"type": "?"}, "one"),
        ({"~type": r"^b\[\d\]$"}, "two"),
        ({"*text": "e\ne"}, "two"),
        ({"text": "line*end"}, "two"),
        ({"^type": "b["}, "two"),
        ({"$type": "]"}, "two"),
        ({"type": "^b"}, "two"),
        ({"type": "~^a$"}, "one"),
        ({"meta.none": None}, "one two"),
    ],
)
def test_entries_are_found(load: Load, wanted: Any, names: str) -> None:
    assert " ".join(entry.name for entry in select(load(TREE), wanted)) == names


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ("x", "a map of keys"),
        ({1: 2}, "the key 1"),
        ({"": 2}, "the key ''"),
        ({"~": 2}, "the key '~'"),
        ({".size": 2}, "there are .kind"),
        ({"~type": "("}, "not a regular expression"),
        ({"^type": 3}, "expected text"),
        ({"type": {"a": 1}}, "got a map"),
    ],
)
def test_what_is_no_filter_is_refused(load: Load, wanted: Any, text: str) -> None:
    with pytest.raises(Error) as caught:
        select(load(TREE), wanted)
    assert caught.value.kind == INVALID
    assert text in caught.value.message


def test_a_hostile_expression_costs_linear_time(load: Load) -> None:
    registry = load(f"namespace: app\nname: one\nkind: registry.entry\nmeta: {{text: {'a' * 50_000}!}}\n")
    began = time.thread_time()
    assert select(registry, {"~text": "^(a+)+$"}) == []
    assert select(registry, {"text": "*a" * 10 + "b"}) == []
    assert time.thread_time() - began < 20
