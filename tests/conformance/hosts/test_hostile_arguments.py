"""Operations with arguments of any kind: refused with a kind that scripts know, never a bug of ours."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any, Final

import trio

from actorflow.errors import ALREADY_EXISTS, INVALID, NOT_FOUND, PERMISSION_DENIED, UNAVAILABLE, Failure
from actorflow.node.operation import Caller
from actorflow.ports import Identity, Outcome
from tests.conformance.hosts.place import Place
from tests.conformance.process.rig import until

POOL: Final[list[Any]] = [
    *(None, True, False, 0, -1, 2**63 - 1, 0.5, float("nan"), float("inf"), "", "x", "a.*", "(a", "**", "@sub/1"),
    *("app:scope", "app:tasks", "app:actors", "app:none", "{local@app:actors|0x1}", "ü" * 50, "x" * 5000),
    *(b"", b"\xff", [], [1], [None], ["g", "h"], [[[]]], {}, {"a": 1}, {1: 2}, {"to": [1]}, Failure("f")),
]
KINDS: Final = frozenset({INVALID, NOT_FOUND, ALREADY_EXISTS, UNAVAILABLE, PERMISSION_DENIED})
OURS: Final = re.compile(r"NoneType|got None|got a (int|float|str|bool|dict|Failure)\b|<class| object at 0x")
"""Words of Python, which say nothing to who writes Lua."""
LEFT_OUT: Final = frozenset({"system.exit", "system.gc.collect", "system.gc.set_percent", "system.memory.stats"})
"""What ends the node, or takes its time."""


async def test_hostile_arguments_are_refused_with_a_kind_that_scripts_know(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    place = Place(tmp_path)
    place.entries["scope"] = {"kind": "pg.scope"}
    place.entries["driver"] = {"kind": "queue.driver.memory"}
    place.entries["tasks"] = {"kind": "queue.queue", "driver": "driver", "codec": "json/plain"}
    async with place.node() as node:
        names = sorted(name for name in node.operations.names() if name not in LEFT_OUT)
        assert len(names) > 50
        answered = 0

        def reply(outcome: Outcome) -> None:
            nonlocal answered
            answered += 1
            failure = outcome.failure
            assert failure is None or failure.kind in KINDS, (asked, failure)
            assert failure is None or not OURS.search(failure.message), (asked, failure)

        for number in range(5000):
            pid = draw.choice(["", f"{{local@app:actors|0x{number}}}"])
            caller = Caller(Identity(pid, "app:x", "app:actors"), node.notices)
            asked = (draw.choice(names), tuple(draw.choice(POOL) for _ in range(draw.randrange(6))))
            give_up = node.operations.perform(asked[0], caller, asked[1], reply)
            await trio.lowlevel.checkpoint()
            give_up()
            caller.end()
        assert answered > 3500
    assert [str(notice) for notice in place.notices if notice.code == "internal-error"] == []


async def test_missing_arguments_are_nil_and_further_ones_are_dropped(tmp_path: Path) -> None:
    async with Place(tmp_path).node() as node:
        caller = Caller(Identity("", "app:x", ""), node.notices)
        outcomes: list[Outcome] = []
        node.operations.perform("events.send", caller, ("s",), outcomes.append)
        node.operations.perform("queue.publish", caller, (1, 2, 3, 4, 5), outcomes.append)
        node.operations.perform("system.process.pid", caller, (1, 2, 3), outcomes.append)
        await until(lambda: len(outcomes) == 3)
    assert [outcome.failure and outcome.failure.kind for outcome in outcomes] == [INVALID, None, INVALID]


async def test_who_is_asked_about_and_is_none_is_told_in_words_of_scripts(tmp_path: Path) -> None:
    async with Place(tmp_path).node() as node:
        caller = Caller(Identity("", "app:x", ""), node.notices)
        outcomes: list[Outcome] = []
        node.operations.perform("security.evaluate", caller, (None, [], "read", "it"), outcomes.append)
        node.operations.perform("security.evaluate", caller, ({"id": "ann"}, None, "read", "it"), outcomes.append)
        await until(lambda: len(outcomes) == 2)
    told = [outcome.failure.message for outcome in outcomes if outcome.failure is not None]
    assert [text.split(",")[0] for text in told] == ["not an actor: got nil", "not a scope: got nil"]
