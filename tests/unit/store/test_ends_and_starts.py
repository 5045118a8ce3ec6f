"""A run that nobody else is concerned with starts and ends as any run does, on the ways of their own that these have."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from actorflow.run.event import JournalEvent
from actorflow.run.last_turn import LastTurn
from actorflow.run.state import COMPLETED, CREATED, OPEN, PENDING, RUNNING
from actorflow.run.turn import Committed, Delivery, Item, StartRun, StateChange, Turn
from actorflow.store import plan as planning
from actorflow.store.batch import Head, Known
from actorflow.store.plan import plan

CHANGE = StateChange(COMPLETED, 77, "why")


def events(first: int = 3, count: int = 2) -> list[JournalEvent]:
    sums = [bytes([seq]) * 16 for seq in range(first, first + count)]
    return [JournalEvent(seq[0], "RunCompleted", 0, "", b"\xf6", b"", 70 + seq[0], b"", seq) for seq in sums]


def last(run: int = 7, revision: int = 4, lease: int = 2, first: int = 3) -> LastTurn:
    return LastTurn(run, revision, lease, events(first), COMPLETED, CHANGE)


def as_any(turn: LastTurn) -> Turn:
    return Turn(
        turn.run, turn.revision, turn.lease, turn.state, list(turn.events), change=turn.change, result=turn.result
    )


def decided(item: Item, known: Known) -> tuple[Committed, dict[str, Any], Known]:
    known = deepcopy(known)
    answers, writes = plan([item], known)
    answers[0].touched, answers[0].inbox = tuple(answers[0].touched), tuple(answers[0].inbox)
    return answers[0], vars(writes), known


def head(state: str = RUNNING, parent: int = 0) -> Head:
    return Head(7, "id-7", "order/7", "app:host", state, 4, 2, 50, 2, b"", "", None, b"\x81", parent, 1)


@pytest.mark.parametrize("state", [*sorted(OPEN), COMPLETED])
@pytest.mark.parametrize(
    ("turn", "refusal"),
    [
        (last(), ""),
        (last(run=8), "unknown"),
        (last(lease=1), "lease"),
        (last(revision=3), "revision"),
        (last(first=4), "journal"),
    ],
)
def test_a_last_turn_is_decided_as_any_turn_that_says_the_same(turn: LastTurn, refusal: str, state: str) -> None:
    known = Known(runs={7: head(state)})
    plain = decided(turn, known)
    assert plain == decided(as_any(turn), known)
    assert plain[0].refusal == refusal
    assert len(plain[1]["journal"]) == (0 if refusal else 2)
    assert plain[1]["closed"] == (set() if refusal or state == COMPLETED else {"order/7"})


@pytest.mark.parametrize(
    "more",
    [
        {"runs": {7: head(parent=3), 3: Head(3, "id-3", "p", "app:host", RUNNING, 1, 2, 5, 1, b"", "")}},
        {"children": {7: [(9, "terminate")]}, "runs": {7: head(), 9: replace(head(), run=9, workflow_id="child")}},
        {"keys": {7: ["lock"]}, "holders": {"lock": 7}, "queues": {"lock": [7]}},
        {"holders": {"order/7": 9}},
    ],
)
def test_a_last_turn_that_concerns_others_does_what_any_turn_does(more: dict[str, Any]) -> None:
    known = Known(**{"runs": {7: head()}, "next_inbox": 5, "numbered": True, **more})
    plain = decided(last(), known)
    assert plain == decided(as_any(last()), known)
    assert plain[0].accepted


def test_of_two_ends_of_one_run_the_second_is_refused() -> None:
    answers, writes = plan([last(), last()], Known(runs={7: head()}))
    assert [answer.refusal for answer in answers] == ["", "revision"]
    assert [event.seq for _, event in writes.journal] == [3, 4]


def test_a_run_may_start_and_end_in_one_batch() -> None:
    start, end = started(), last(run=9, revision=1, lease=5, first=3)
    answers, writes = plan([start, end], Known(next_run=9, next_inbox=1, numbered=True, leases={"app:host": 5}))
    assert [answer.accepted for answer in answers] == [True, True]
    assert (writes.changed, writes.started[9][1].state, writes.opened) == ({}, COMPLETED, {})


def started(**more: Any) -> StartRun:
    said = {"at": 60, "lease": 4, "strict": "s", "queue": "q", "reason": "r", "parent": "{p}", **more}
    return StartRun("id-9", "order/9", "app:w", "app:host", "hash", b"source", events(1), **said)


@pytest.mark.parametrize(
    "known", [{}, {"run_ids": {"id-9": 4}}, {"holders": {"order/9": 7}}, {"departed": {"order/9"}}]
)
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"timers": [(1, 99), (2, 98)]},
        {"state": PENDING},
        {"state": CREATED, "timers": [(0, 99)]},
        {"state": COMPLETED},
        {"events": events(2)},
        {"near": (3, 4)},
        {"key": "orders"},
        {"locks": ["lock"]},
        {"messages": [Delivery("order/9", "MessageReceived")]},
        {"attributes": {"size": 3}},
        {"reuse": "reject_duplicate"},
        {"on_conflict": "queue"},
        {"on_conflict": "replace"},
        {"on_conflict": "return_existing"},
        {"parent_run": 7, "parent_ref": 2, "close": "terminate"},
    ],
)
def test_a_plain_start_is_decided_as_any_start_that_says_the_same(
    more: dict[str, Any], known: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Known(**{"runs": {7: head()}, "next_run": 9, "next_inbox": 5, "numbered": True, **known})
    said = {**more}
    start = started(**{key: value for key, value in said.items() if key != "events"})
    start.events = said.get("events", start.events)
    plain = decided(start, held)
    monkeypatch.setattr(planning, "decide_start", lambda *_: None)
    assert plain == decided(start, held)


def test_what_a_last_turn_does_not_say_is_what_any_turn_does_not_say() -> None:
    turn = last()
    assert vars(as_any(turn)) == {name: getattr(turn, name) for name in Turn.__dataclass_fields__}
