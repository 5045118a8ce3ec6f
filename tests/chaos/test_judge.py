"""The verdict sees what it has to see."""

from __future__ import annotations

from actorflow.run.state import COMPLETED, FAILED
from tests.chaos.asked import Asked, guarded, nap, order, refund
from tests.chaos.judge import Effect, Row, early, overlapping, slots, told, twice, without_effect, without_result


def done(*names: str) -> list[Effect]:
    return [Effect(name, float(at)) for at, name in enumerate(names)]


def test_what_was_not_done_is_lost() -> None:
    runs = {"order-1-py": order(1), "refund-2-py": refund(2)}
    all_of = [*order(1).effects, "refund 2 taken", "refund 2 given back"]
    assert without_effect(runs, done(*all_of)) == []
    assert without_effect(runs, done(*order(1).effects)) == [], "who was asked to stop before it took anything"
    assert without_effect(runs, done(*all_of[1:])) == ["order-1-py: 'order 1 step 0' was not done"]
    assert without_effect(runs, done(*all_of[:-1])) == [
        "refund-2-py: 'refund 2 taken' was done, 'refund 2 given back' was not"
    ]


def test_a_run_that_ends_otherwise_is_lost() -> None:
    asked = Asked(runs={"order-1-py": order(1)})
    assert without_result(asked, {"order-1-py": Row(COMPLETED, order(1).result)}) == []
    assert len(without_result(asked, {"order-1-py": Row(COMPLETED, 0)})) == 1
    assert len(without_result(asked, {"order-1-py": Row(FAILED, order(1).result)})) == 1


def test_what_two_invocations_did_is_there_twice() -> None:
    assert twice(done("a", "b")) == []
    assert twice(done("a", "b", "a")) == ["'a' was done 2 times"]


def test_who_woke_early_is_seen() -> None:
    runs = {"nap-1-py": nap(1, 5000)}
    begin, end = nap(1, 5000).effects
    assert early(runs, [Effect(begin, 10.0), Effect(end, 14.5)]) == []
    assert len(early(runs, [Effect(begin, 10.0), Effect(end, 13.9)])) == 1


def test_slots_that_were_early_or_left_out_are_seen() -> None:
    first = Effect("tick 2026-01-01T00:00:00.000Z", 1_767_225_600.1)
    second = Effect("tick 2026-01-01T00:00:02.000Z", 1_767_225_602.0)
    third = Effect("tick 2026-01-01T00:00:04.000Z", 1_767_225_900.0)
    assert slots([]) == slots([third, first, second]) == []
    assert len(slots([first, third])) == 1
    assert len(slots([first, second._replace(at=second.at - 2), third])) == 1


def test_two_that_had_a_key_at_once_are_seen() -> None:
    runs = {f"guarded-{number}-py": guarded(number, till=1) for number in (1, 2)}
    runs |= {"guarded-3-py": guarded(3, till=2)}
    names = [guarded(number, 1).effects for number in (1, 2, 3)]
    apart = [names[0][0], names[2][0], names[0][1], names[1][0], names[2][1], names[1][1]]
    assert overlapping(runs, done(*apart)) == []
    assert len(overlapping(runs, done(*(name for pair in zip(*names, strict=True) for name in pair)))) == 1


def test_each_law_alone_makes_the_verdict() -> None:
    said: list[str] = []
    assert not told({"lost": [], "stuck": [], "faults": [], "runs": 7}, said.append)
    for law in ("lost", "duplicated", "stuck", "early", "overlapping", "apart", "faults"):
        assert told({law: ["it"]}, said.append), law
    assert len(said) == 7
