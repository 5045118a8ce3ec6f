"""The turn of a step is decided as any turn is, on the way of its own that it has."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from actorflow.run.event import JournalEvent
from actorflow.run.plain_turn import PlainTurn
from actorflow.run.state import CANCELLED, OPEN, PAUSED, RUNNING
from actorflow.run.turn import Committed, Turn
from actorflow.store.batch import Head, Known
from actorflow.store.plan import plan


def events(first: int = 3, count: int = 2) -> list[JournalEvent]:
    sums = [bytes([seq]) * 16 for seq in range(first, first + count)]
    return [JournalEvent(seq[0], "FunctionCalled", 1, "app:f", b"", b"", 70 + seq[0], b"", seq) for seq in sums]


def decided(turn: Turn, state: str = RUNNING) -> tuple[Committed, dict[str, Any], Head]:
    head = Head(7, "id-7", "order/7", "app:host", state, 4, 2, 50, 2, b"", "", b"old", b"\x81")
    answers, writes = plan([turn], Known(runs={7: head}))
    return answers[0], vars(writes), head


@pytest.mark.parametrize("state", sorted(OPEN))
@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ((7, 4, 2, events()), ""),
        ((7, 4, 2, events(3, 1)), ""),
        ((8, 4, 2, events()), "unknown"),
        ((7, 4, 1, events()), "lease"),
        ((7, 3, 2, events()), "revision"),
        ((7, 4, 2, events(4)), "journal"),
        ((7, 3, 2, events(4)), "revision"),
    ],
)
def test_a_plain_turn_is_decided_as_any_turn_with_the_same_events(
    said: tuple[int, int, int, list[JournalEvent]], refusal: str, state: str
) -> None:
    run, revision, lease, appended = said
    plain = decided(PlainTurn(run, revision, lease, appended), state)
    assert plain == decided(Turn(run, revision, lease, RUNNING, deepcopy(appended)), state)
    assert plain[0].refusal == refusal
    assert len(plain[1]["journal"]) == (0 if refusal else len(appended))


def test_a_plain_turn_opens_no_run_that_has_ended() -> None:
    answer, writes, head = decided(PlainTurn(7, 4, 2, events()), CANCELLED)
    assert (answer.accepted, answer.refusal, head.state) == (False, "revision", CANCELLED)
    assert not writes["opened"]
    assert not writes["journal"]


def test_of_two_plain_turns_of_one_revision_the_second_is_refused() -> None:
    head = Head(7, "id-7", "order/7", "app:host", PAUSED, 4, 2, 50, 2, b"", "")
    turns = [PlainTurn(7, 4, 2, events()), PlainTurn(7, 4, 2, events(5)), PlainTurn(7, 5, 2, events(5))]
    answers, writes = plan(turns, Known(runs={7: head}))
    assert [answer.refusal for answer in answers] == ["", "revision", ""]
    assert [event.seq for _, event in writes.journal] == [3, 4, 5, 6]


def test_what_a_plain_turn_does_not_say_is_what_any_turn_does_not_say() -> None:
    appended = events()
    assert {**vars(Turn(7, 4, 2, RUNNING, appended))} == {
        name: getattr(PlainTurn(7, 4, 2, appended), name) for name in Turn.__dataclass_fields__
    }
