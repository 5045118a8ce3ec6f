"""Runs of other nodes that somebody here waits for: which of them are known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hosts.workflow.foreign import Foreign


class Stored:
    """A store in which ids have one open run after another."""

    def __init__(self) -> None:
        self.rows: dict[str, Any] = {}
        self.awaited: list[int] = []

    def find(self, workflow_id: str) -> Any:
        return self.rows.get(workflow_id)

    def await_end(self, run: int) -> None:
        self.awaited.append(run)

    def ended(self, _run_id: str) -> None:
        return None


def test_what_is_found_is_known_by_its_number_until_nobody_waits() -> None:
    stored, engine = Stored(), SimpleNamespace()
    engine.stored = stored
    foreign = Foreign(engine)  # type: ignore[arg-type] # enough of one
    host: Any = SimpleNamespace(pid_of="pid:{}".format, owns=lambda _run: False)

    def stands(workflow_id: str, run: int) -> None:
        stored.rows[workflow_id] = SimpleNamespace(state="running", run=run, run_id=f"r{run}", result=None)
        assert foreign.standing(host, workflow_id) is True

    stands("a", 1)
    stands("a", 1)
    stands("alias of a", 1)
    stands("b", 2)
    assert stored.awaited == [1, 1, 1, 2]
    assert foreign.has({1})
    assert foreign.has([3, 2])
    assert not foreign.has([3, 4])
    stands("b", 3)
    assert (foreign.has([2]), foreign.has([3])) == (False, True), "its id has another run"
    assert (foreign.is_over("pid:b", 2), foreign.is_over("pid:b", 3)) == (True, False)
    foreign.keep({"pid:alias of a", "pid:unknown"})
    assert (foreign.has([1]), foreign.has([3])) == (True, False)
    foreign.keep(set())
    assert not foreign.has([1])
