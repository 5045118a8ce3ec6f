"""Every way to edit a script under open runs: they go on as they began, and with the new code they are right or paused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from actorflow.app import read_registry
from actorflow.node.node import Node
from actorflow.store.dialect import Sqlite
from actorflow.store.view import show, why
from actorflow.testing.invariant import Ledger
from tests.conformance.hosts.place import FLOWS, Place
from tests.conformance.hosts.test_steps import reader
from tests.conformance.process.rig import until
from tests.crash.rig import laws_of

OLD: Final = {
    "lua": """
local time = require("time")
local function main(run)
  local go, got = process.listen("go"), {}
  got[1] = funcs.call("app:one", run, 1)
  got[2] = funcs.call("app:two", run, 2)
  got[3] = go:receive()
  got[4] = funcs.call("app:one", run, 3)
  return got
end
""",
    "py": """
from actorflow.script import funcs, process, time
async def main(run):
    go, got = process.listen("go"), []
    got.append(await funcs.call("app:one", run, 1))
    got.append(await funcs.call("app:two", run, 2))
    got.append(await go.receive())
    got.append(await funcs.call("app:one", run, 3))
    return got
""",
}
FUNCTIONS: Final = """
from pathlib import Path

def {name}(run, number):
    with Path({effects!r}).open("a") as file:
        file.write(f"{{run}} {name} {{number}}\\n")
    return ["{name}", number]
"""
BEFORE: Final = ["one 1", "two 2"]
RESULT: Final = [["one", 1], ["two", 2], "on", ["one", 3]]
RIGHT, PAUSED, REFUSED = "right", "paused", "refused"


class Edit(NamedTuple):
    """An edit: lines of the script, by number, and what they become; what comes of it, and the result if it is right."""

    outcome: str
    lua: Mapping[int, str]
    py: Mapping[int, str]
    result: Any = RESULT


def call(name: str, *numbers: Any, place: int = 1) -> tuple[str, str]:
    """Return a call in both languages."""
    given = ", ".join(["run", *map(str, numbers)])
    return (
        f'  got[{place}] = funcs.call("app:{name}", {given})',
        f'    got.append(await funcs.call("app:{name}", {given}))',
    )


def edit(outcome: str, lines: Mapping[int, tuple[str, str]], result: Any = RESULT) -> Edit:
    return Edit(
        outcome, {at: both[0] for at, both in lines.items()}, {at: both[1] for at, both in lines.items()}, result
    )


FIRST, SECOND, GO, LAST = 5, 6, 7, 8
"""The lines that are edited, the same in both languages."""
EDITS: Final[dict[str, Edit]] = {
    "a comment": edit(RIGHT, {FIRST: (call("one", 1)[0] + " -- once", call("one", 1)[1] + "  # once")}),
    "the last step has another argument": edit(RIGHT, {LAST: call("one", 4, place=4)}, [*RESULT[:3], ["one", 4]]),
    "the last step calls another": edit(RIGHT, {LAST: call("two", 3, place=4)}, [*RESULT[:3], ["two", 3]]),
    "a step is inserted after where it stands": edit(
        RIGHT,
        {
            LAST: (
                "\n".join((call("two", 9, place=4)[0], call("one", 3, place=5)[0])),
                "\n".join((call("two", 9)[1], call("one", 3)[1])),
            )
        },
        [*RESULT[:3], ["two", 9], ["one", 3]],
    ),
    "the last step is gone": edit(RIGHT, {LAST: ("", "")}, RESULT[:3]),
    "a sleep is inserted after where it stands": edit(
        RIGHT,
        {
            LAST: (
                '  time.sleep("1ms")\n' + call("one", 3, place=4)[0],
                '    await time.sleep("1ms")\n' + call("one", 3)[1],
            )
        },
    ),
    "a step is inserted before": edit(
        PAUSED,
        {FIRST: ("\n".join((call("two", 9)[0], call("one", 1)[0])), "\n".join((call("two", 9)[1], call("one", 1)[1])))},
    ),
    "a step is gone": edit(PAUSED, {FIRST: ("", "")}),
    "two steps change places": edit(PAUSED, {FIRST: call("two", 2), SECOND: call("one", 1, place=2)}),
    "a step calls another": edit(PAUSED, {FIRST: call("two", 1)}),
    "a step has another argument": edit(PAUSED, {SECOND: call("two", 7, place=2)}),
    "a step is done twice": edit(
        PAUSED, {SECOND: ("\n".join([call("two", 2, place=2)[0]] * 2), "\n".join([call("two", 2)[1]] * 2))}
    ),
    "a sleep is inserted before": edit(
        PAUSED,
        {FIRST: ('  time.sleep("1ms")\n' + call("one", 1)[0], '    await time.sleep("1ms")\n' + call("one", 1)[1])},
    ),
    "it ends before where it stands": edit(PAUSED, {GO: ("  do return got end", "    return got")}),
    "it does not compile": edit(REFUSED, {GO: ("  got[3] = (", "    got.append((")}),
}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    for name in ("one", "two"):
        made.python(name, FUNCTIONS.format(name=name, effects=str(tmp_path / "effects")), "function", method=name)
    return made


def write(place: Place, language: str, change: Mapping[int, str]) -> None:
    """Write the script with some of its lines changed."""
    lines = OLD[language].split("\n")
    source = "\n".join(change.get(number, line) for number, line in enumerate(lines, 1))
    add = place.lua if language == "lua" else place.python
    add("flow", source)
    place.save()


def effects(place: Place, run: str) -> list[str]:
    lines = (place.path / "effects").read_text().splitlines()
    return [line.removeprefix(f"{run}: ") for line in lines if line.startswith(f"{run}: ")]


async def begin(node: Node, run: str) -> None:
    """Start a run, and pause it when it waits between its second and its last step."""
    await node.spawn("app:flow", host=FLOWS, args=[f"{run}:"], options={"workflow.id": run})
    await until(lambda: why(reader(node), run, served=True)["reasons"] == [] and len(show(reader(node), run)))
    await node.runs.change("pause", run)


async def go_on(node: Node, place: Place, run: str, want: Edit) -> None:
    """Go on with the code that is registered now; see that what comes of it is right, or that nothing does."""
    pid = f"{{local@{FLOWS}|{run}}}"
    bundle = read_registry(place.path).bundle("app:flow")
    await node.send(pid, "go", "on")
    await node.runs.repin(run, bundle.hash, bundle.data)
    if want.outcome == RIGHT:
        assert await node.wait(pid, timeout=20) == want.result, run
        return
    await until(lambda: show(reader(node), run)["state"] == "paused")
    assert (want.outcome == PAUSED) == ("nondeterminism" in show(reader(node), run)["reason"]), run
    assert effects(place, run) == BEFORE, f"{run}: code that does not fit did something"


@pytest.mark.parametrize("language", ["lua", pytest.param("py", marks=pytest.mark.slow)])
async def test_the_new_code_is_right_or_the_run_is_paused_and_goes_on_with_the_old(place: Place, language: str) -> None:
    write(place, language, {})
    old = read_registry(place.path).bundle("app:flow").hash
    async with place.node() as node:
        for run in EDITS:
            await begin(node, run)
        for run, want in EDITS.items():
            write(place, language, getattr(want, language))
            await go_on(node, place, run, want)
            if want.outcome == RIGHT:
                continue
            await node.runs.repin(run, old)
            assert await node.wait(f"{{local@{FLOWS}|{run}}}", timeout=20) == RESULT, run
            assert effects(place, run) == [*BEFORE, "one 3"], run
    laws_of(Sqlite(place.path / ".actorflow" / "runs.db"), Ledger(EDITS, EDITS))
