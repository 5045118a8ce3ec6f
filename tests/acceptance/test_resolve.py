"""A call that was running when its node was killed, and a person who says how it ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actorflow.errors import Error
from tests.conformance.hosts.place import FLOWS, Place
from tests.conformance.process.rig import until

CHARGING = """
from pathlib import Path
import trio
from actorflow.script import ctx

async def main(path):
    note = Path(path)
    before = note.read_text() if note.exists() else ""
    note.write_text(before + f"{ctx.attempt} ")
    if not before:
        await trio.sleep(60)
    return "charged"
"""
BUYING = """
local function main(path)
  local value, err = funcs.call("app:charge", path)
  return err and {error = err:message(), kind = err:kind()} or {value = value}
end
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.python("charge", CHARGING, "function", on_unknown="ask")
    made.lua("buying", BUYING)
    return made


@pytest.mark.parametrize(
    ("said", "result", "attempts"),
    [
        ({"retry": True}, {"value": "charged"}, 2),
        ({"result": {"by": "hand"}}, {"value": {"by": "hand"}}, 1),
        ({"error": "never sent"}, {"error": "never sent", "kind": "Internal"}, 1),
    ],
)
async def test_a_person_says_how_a_call_ended(place: Place, said: Any, result: Any, attempts: int) -> None:
    from actorflow.store.operator_verb import operator_verbs  # noqa: PLC0415

    note = place.path / "note"
    async with place.node() as node:
        await node.spawn("app:buying", host=FLOWS, args=[str(note)], options={"workflow.id": "one"})
        await until(note.exists)
        await node.stop_host(FLOWS, 0)
    async with place.node() as node:
        await until(lambda: any(notice.code == "run-paused" for notice in place.notices))
        verbs = operator_verbs(node.runs)
        with pytest.raises(Error, match="those of the run: 1"):
            await verbs["run.resolve"]({"run": "one", "ref": 7, **said})
        line = await verbs["run.resolve"]({"run": "one", "ref": 1, **said})
        assert (line["state"], line["to"]) == ("paused", "pending")  # type: ignore[index, call-overload]
        assert await node.wait("{local@app:flows|one}", timeout=20) == result
        with pytest.raises(Error):
            await verbs["run.resolve"]({"run": "one", "ref": 1, **said})
    assert len(note.read_text().split()) == attempts
