"""One process among others: contexts, tasks that are dropped, memory."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from actorflow.language.python import PythonLanguage
from actorflow.machine.machine import Machine
from actorflow.ports import Outcome
from tests.unit.script.bench import Bench, FakeDriver, bundle_of


def test_context_variables_do_not_leak_between_processes() -> None:
    source = """
        import decimal

        async def main():
            before = decimal.getcontext().prec
            decimal.getcontext().prec = 5
            await time.sleep(1)
            return [before, decimal.getcontext().prec]
    """
    one, two = Bench(source), Bench(source)
    one.fire(1)
    two.fire(1)
    assert one.value == two.value == [28, 5]


def test_a_process_says_where_it_stands() -> None:
    bench = Bench("""
        async def helper():
            await time.sleep(60)

        async def main():
            await helper()
    """)
    assert bench.machine.waits() == ["main.py:5  request 1"]


def test_a_terminated_process_asks_for_nothing_and_its_awaits_end() -> None:
    bench = Bench("""
        async def main():
            try:
                await time.sleep(60)
            finally:
                try:
                    logger.info("asked")
                except Error:
                    pass
                await funcs.call("app:cleanup")
                logger.info("never")
    """)
    bench.machine.end(Outcome())
    assert bench.driver.lines == []
    assert [entry[0] for entry in bench.driver.asked] == ["timer"]


def test_dropped_scopes_and_gathers_are_silent(capsys: Any) -> None:
    bench = Bench("""
        async def main():
            async with process.timeout(5):
                await process.gather(time.sleep(1), time.sleep(2))
    """)
    bench.machine.end(Outcome())
    del bench
    gc.collect()
    assert capsys.readouterr().err == ""


def test_a_process_that_never_ran_is_dropped_without_a_warning() -> None:
    program = PythonLanguage().compile(bundle_of("async def main(): pass"))
    machine = Machine(FakeDriver(), program)
    machine.start(())
    machine.end(Outcome())
    gc.collect()


def test_an_ended_process_leaves_nothing_for_the_garbage_collector() -> None:
    program, driver = PythonLanguage().compile(bundle_of("async def main(): return 1")), FakeDriver()

    def live_and_die() -> None:
        machine = Machine(driver, program)
        machine.start(())
        machine.run(-1)
        assert machine.outcome == Outcome(1)

    live_and_die()
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        for _ in range(200):
            live_and_die()
        assert len(gc.get_objects()) - before < 100
    finally:
        gc.enable()


def test_the_language_keeps_less_than_1200_bytes_for_an_idle_process() -> None:
    source = "async def main():\n    async for message in process.inbox():\n        pass\n"
    program, driver = PythonLanguage().compile(bundle_of(source)), FakeDriver()
    count = 500
    tracemalloc.start()
    try:
        machines = [Machine(driver, program) for _ in range(count)]
        for machine in machines:
            machine.start(())
            machine.run(-1)
        snapshot = tracemalloc.take_snapshot()
    finally:
        tracemalloc.stop()
    ours = sum(
        item.size
        for item in snapshot.statistics("filename")
        if Path(item.traceback[0].filename).parent.name in {"python", "script"}
        or item.traceback[0].filename == "main.py"
    )
    assert 100 < ours / count < 1_200
    assert sys.getsizeof(machines[0].script) < 200


@pytest.mark.parametrize(
    "body",
    [
        "return uuid.v4()",
        "try: uuid.v4()\n            except BaseException: return 'swallowed'",
        "try: uuid.v4()\n            except BaseException: await time.sleep(1)",
        "try: uuid.v4()\n            finally: time.now()",
    ],
)
def test_what_the_engine_raises_is_not_the_scripts_to_catch(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Divergence(Exception):
        pass

    def diverge(_self: FakeDriver, _kind: str, _size: int) -> bytes:
        raise Divergence

    monkeypatch.setattr(FakeDriver, "draw", diverge)
    with pytest.raises(Divergence):
        Bench(f"""
        async def main():
            {body}
    """)
