"""Verifying: the same workflow on several hosts, and in what they differ."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest

import actorflow
from actorflow.errors import Error
from actorflow.node.node import Node
from actorflow.node.verifying import Case, Seen, cases, differences, verify

HOSTS = ("app:actors", "app:flows")
_SCRIPTS = """
from actorflow.script import errors, funcs, process, time, uuid

async def same(count):
    doubled = [await funcs.call("app:double", n) for n in range(count)]
    one = uuid.v4()
    message = await process.inbox().receive()
    return {"doubled": doubled, "ids": [one, uuid.v4(), one], "me": process.pid(), "at": time.now().timestamp(), "got": message.payload}

async def other():
    for n in (1, 2) if process.pid().split("|")[0].endswith("actors") else (2, 1):
        await funcs.call("app:double", n)
    return process.pid().split("|")[0]

async def fails():
    raise errors.Rejected("no", "Conflict", {"why": "so"})
"""


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    (tmp_path / "w.py").write_text(dedent(_SCRIPTS))
    (tmp_path / "f.py").write_text("def double(n):\n    return 2 * n\n")
    entries = [
        {"name": "actors", "kind": "process.host", "lifecycle": {"auto_start": True}},
        {"name": "flows", "kind": "workflow.host", "database": "memory", "lifecycle": {"auto_start": True}},
        {"name": "double", "kind": "function.py", "source": "file://f.py", "method": "double", "run": "thread"},
        *(
            {"name": name, "kind": "workflow.py", "source": "file://w.py", "method": name}
            for name in ("other", "fails")
        ),
        {
            "name": "same",
            "kind": "workflow.py",
            "source": "file://w.py",
            "method": "same",
            "meta": {"verify": [{"args": [2], "messages": [["go", {"n": 1}]]}, {"name": "none", "args": [0]}]},
        },
    ]
    (tmp_path / "_index.yaml").write_text(json.dumps({"namespace": "app", "entries": entries}))
    return tmp_path


async def _verified(node: Node, case: Case) -> list[str]:
    return differences(await verify(node, case, HOSTS, 10))


async def test_what_differs_by_nature_is_no_difference(registry: Path) -> None:
    async with actorflow.open(registry) as node:
        found = {case.name: case for case in cases([node.registry.entry("app:same")], ())}
        assert list(found) == ["1", "none"]
        assert await _verified(node, found["1"]) == []
        assert await _verified(node, Case("app:fails", "1")) == []


async def test_results_and_the_order_of_effects_are_compared(registry: Path) -> None:
    async with actorflow.open(registry) as node:
        assert await _verified(node, Case("app:other", "1")) == [
            'result: app:actors "{local@app:actors", app:flows "{local@app:flows"',
            "order of effects: app:actors app:double([1]), app:double([2]); app:flows app:double([2]), app:double([1])",
        ]
        with pytest.raises(Error) as caught:
            await verify(node, Case("app:same", "1", (0,)), HOSTS, 0.05)
    assert caught.value.kind == "Timeout"


def test_equal_ids_stay_equal_and_different_ones_different() -> None:
    one, two = Seen("a", ["<1>", "<1>"], None, ()), Seen("b", ["<1>", "<2>"], None, ())
    assert differences([one, two]) == ['result: a ["<1>", "<1>"], b ["<1>", "<2>"]']


@pytest.mark.parametrize("written", [5, [1], [{"args": 1}], [{"messages": [["a"], 5]}]])
def test_a_case_that_is_none_is_refused(written: object) -> None:
    class Entry:
        id = "app:x"
        meta = {"verify": written}  # noqa: RUF012 - what it is asked for

    with pytest.raises(Error, match="app:x"):
        list(cases([Entry()], ()))
