"""Operations: by name, at once or later, cancelled with their caller, released at its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import trio

from actorflow.errors import INTERNAL, INVALID, Error, not_found
from actorflow.node.node import Node
from actorflow.node.operation import Caller
from actorflow.notice import Notice
from actorflow.ports import Identity, Outcome
from tests.conformance.process.rig import FakeRegistry


class Setting:
    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.node = Node(FakeRegistry(), {}, notices=self.notices.append)
        self.caller = Caller(Identity("{local@h|0x1}", "app:a", "app:h", {"@actor": {"id": "me"}}), self.notices.append)
        self.outcomes: list[Outcome] = []

    def perform(self, name: str, *args: Any) -> Callable[[], None]:
        return self.node.operations.perform(name, self.caller, args, self.outcomes.append)


@pytest.fixture
def setting() -> Setting:
    return Setting()


def test_a_def_answers_at_once(setting: Setting) -> None:
    setting.node.operations.add("sum", lambda caller, *args: [caller.entry, sum(args)])
    setting.perform("sum", 1, 2)
    assert setting.outcomes == [Outcome(["app:a", 3])]


def test_its_result_is_a_copy(setting: Setting) -> None:
    kept: dict[str, Any] = {"list": [1]}
    setting.node.operations.add("get", lambda _caller: kept)
    setting.perform("get")
    kept["list"].append(2)
    assert setting.outcomes == [Outcome({"list": [1]})]


def test_an_error_is_the_answer(setting: Setting) -> None:
    def refuse(_caller: Caller) -> None:
        raise not_found("no such key")

    setting.node.operations.add("get", refuse)
    setting.perform("get")
    failure = setting.outcomes[0].failure
    assert failure is not None
    assert (failure.message, failure.kind, failure.retryable) == ("no such key", "NotFound", False)
    assert not setting.notices


def test_a_bug_is_an_internal_error_and_the_operator_hears_where(setting: Setting) -> None:
    setting.node.operations.add("divide", lambda _caller, a, b: a / b)
    setting.perform("divide", 1, 0)
    failure = setting.outcomes[0].failure
    assert failure is not None
    assert failure.kind == INTERNAL
    assert "test_operation.py:" in setting.notices[0].where


def test_an_unknown_name_says_which_was_meant(setting: Setting) -> None:
    setting.node.operations.add("store.get", lambda _caller: 1)
    setting.perform("store.gte")
    failure = setting.outcomes[0].failure
    assert failure is not None
    assert failure.kind == INVALID
    assert "did you mean 'store.get'" in failure.message


def test_a_name_is_used_once(setting: Setting) -> None:
    setting.node.operations.add("x", lambda _caller: 1)
    with pytest.raises(ValueError, match="there is an operation 'x' already"):
        setting.node.operations.add("x", lambda _caller: 2)


def test_a_caller_knows_its_actor(setting: Setting) -> None:
    assert setting.caller.actor == {"id": "me"}
    assert setting.caller.scope is None


@pytest.mark.mock_clock
async def test_an_async_def_answers_later_and_can_be_given_up(setting: Setting) -> None:
    ended: list[str] = []

    async def slow(_caller: Caller, seconds: float) -> str:
        try:
            await trio.sleep(seconds)
        finally:
            ended.append(f"{seconds}")
        return "done"

    setting.node.operations.add("slow", slow)
    async with setting.node.open():
        setting.perform("slow", 1)
        give_up = setting.perform("slow", 5)
        await trio.sleep(2)
        give_up()
        await trio.sleep(0.1)
    assert setting.outcomes == [Outcome("done")]
    assert ended == ["1", "5"]


@pytest.mark.mock_clock
async def test_an_async_def_that_fails_answers_with_its_error(setting: Setting) -> None:
    async def refuse(_caller: Caller) -> None:
        await trio.sleep(1)
        raise Error("no", INVALID)

    setting.node.operations.add("refuse", refuse)
    async with setting.node.open():
        setting.perform("refuse")
        await trio.sleep(2)
    assert [outcome.failure and outcome.failure.message for outcome in setting.outcomes] == ["no"]


def test_releases_run_once_the_last_first(setting: Setting) -> None:
    done: list[int] = []
    setting.caller.release(lambda: done.append(1))
    setting.caller.release(lambda: done.append(2))()
    setting.caller.release(lambda: done.append(3))
    setting.caller.end()
    setting.caller.end()
    assert done == [3, 1]


def test_a_release_after_the_end_runs_at_once(setting: Setting) -> None:
    done: list[int] = []
    setting.caller.end()
    setting.caller.release(lambda: done.append(1))
    assert done == [1]


def test_a_release_that_fails_does_not_keep_the_others(setting: Setting) -> None:
    done: list[int] = []
    setting.caller.release(lambda: done.append(1))
    setting.caller.release(lambda: 1 // 0)
    setting.caller.end()
    assert done == [1]
    assert "release failed" in setting.notices[0].text
