"""Scripts that compute too long: noticed, stopped, and nobody else is hit."""

from __future__ import annotations

import pytest

from actorflow.bundle import Bundle
from actorflow.errors import RESOURCE, Error
from actorflow.language.python import PythonLanguage, module
from actorflow.ports import Outcome
from tests.unit.script.bench import HEAD, Bench

QUICK = {"limits": {"slice": {"warn": 5_000_000, "kill": 20_000_000}}}


@pytest.mark.parametrize(
    "loop",
    [
        "while True: pass",
        "while True: time.now()",
        "while True: sum(range(100))",
        """while True:
                try:
                    while True: pass
                except Exception: pass""",
    ],
)
def test_a_loop_without_end_is_stopped(loop: str) -> None:
    bench = Bench(
        f"""
        async def main():
            {loop}
    """,
        options=QUICK,
    )
    assert bench.failure.kind == RESOURCE
    assert bench.failure.retryable is False
    assert "main.py:" in bench.failure.message
    assert "20ms" in bench.failure.message


def test_a_script_that_swallows_the_shot_and_awaits_ends_all_the_same() -> None:
    bench = Bench(
        """
        async def main():
            try:
                while True: pass
            except BaseException:
                await funcs.call("app:f")
    """,
        options=QUICK,
    )
    assert bench.failure.kind == RESOURCE


def test_who_joins_a_stopped_task_does_not_outlive_it() -> None:
    bench = Bench(
        """
        async def spin():
            while True: pass

        async def main():
            try:
                await process.gather(spin())
            except BaseException:
                return "swallowed"
    """,
        options=QUICK,
    )
    assert bench.failure.kind == RESOURCE


def test_cleanup_without_end_is_stopped_too() -> None:
    bench = Bench(
        """
        async def main():
            try:
                await time.sleep(60)
            finally:
                while True: pass
    """,
        options=QUICK,
    )
    bench.machine.end(Outcome())
    assert bench.machine.outcome == Outcome()


def test_a_module_without_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module._Loading, "limits", type(module._LOADING)(1_000_000, 20_000_000))  # noqa: SLF001
    with pytest.raises(Error) as raised:
        PythonLanguage().compile(Bundle("app:main", "process.py", HEAD + "while True: pass", file="main.py"))
    assert raised.value.kind == RESOURCE
