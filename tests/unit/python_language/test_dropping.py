"""What a script leaves suspended goes without a word and asks for nothing."""

from __future__ import annotations

import gc
import sys
import warnings
from collections.abc import AsyncIterator, Iterator

import pytest
import trio
import trio.testing

from actorflow.message import Message
from actorflow.ports import Outcome
from tests.unit.script.bench import Bench


@pytest.fixture(autouse=True)
def silence(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test when Python has something to say about what it frees."""
    said: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: said.append(args.exc_value or args.err_msg))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
        gc.collect()
    assert said == []
    assert capfd.readouterr().err == ""


def dropped(source: str, **options: object) -> Bench:
    """Run a script until it waits, terminate it, and free what it held."""
    bench = Bench(source, **options)  # type: ignore[arg-type]
    asked = list(bench.driver.asked)
    bench.machine.end(Outcome())
    gc.collect()
    assert bench.driver.asked == asked
    assert bench.driver.lines == []
    return bench


@pytest.mark.parametrize(
    "cleanup",
    [
        "finally: await funcs.call('app:undo')",
        "finally: logger.info('never')",
        "finally: funcs.async_('app:undo')",
        "finally: await process.send('someone', 'bye')",
        "finally: raise ValueError",
        "except BaseException: await time.sleep(1)",
        "except BaseException: await process.gather(time.sleep(1), funcs.call('app:undo'))",
        "finally:\n                async with process.timeout(1): await time.sleep(2)",
    ],
)
def test_cleanup_of_a_dropped_process_does_nothing(cleanup: str) -> None:
    bench = dropped(f"""
        async def main():
            try: await process.inbox().receive()
            {cleanup}
    """)
    assert bench.driver.notices == []


def test_a_task_that_has_not_run_yet_is_dropped_too() -> None:
    bench = Bench("""
        async def helper(): await time.sleep(1)
        async def main():
            await process.inbox().receive()
            await process.gather(helper(), helper(), helper())
    """)
    bench.machine.deliver(Message("go"))
    bench.machine.run(2)  # the first helper is about to run, the others have not been started
    bench.machine.end(Outcome())


def test_a_script_that_asks_again_and_again_while_it_is_dropped_is_stopped() -> None:
    bench = dropped(
        """
        async def main():
            while True:
                try: await process.inbox().receive()
                except BaseException: pass
    """,
        options={"limits": {"slice": {"kill": 20_000_000}}},
    )
    assert bench.driver.notices == []


def test_a_script_that_never_lets_go_is_kept_and_told_of() -> None:
    bench = dropped("""
        async def main():
            inbox = process.inbox()
            while True:
                try: await inbox.receive()
                except BaseException: pass
    """)
    (notice,) = bench.driver.notices
    assert notice.code == "script-undying"
    assert notice.where == "main.py:7"
    assert "app:main" in notice.text


GENERATOR = """
        async def items():
            try:
                yield 1
                yield 2
            finally:
                await funcs.call("app:cleanup")
                logger.info("never")

        async def main():
            async for item in items():
                if item == 1:
                    break
            %s
"""


@pytest.mark.parametrize("after", ["return item", "await process.inbox().receive()"])
def test_an_async_generator_that_a_script_leaves_is_not_the_loops(after: str) -> None:
    async def node() -> None:
        bench = dropped(GENERATOR % after)
        gc.collect()
        await trio.testing.wait_all_tasks_blocked()
        assert [ask for ask in bench.driver.asked if ask[0] == "call"] == []

    trio.run(node)


def test_an_async_generator_that_a_script_closes_does_its_cleanup() -> None:
    source = """
        from contextlib import aclosing

        async def items():
            try:
                yield 1
                yield 2
            finally:
                await funcs.call("app:cleanup")

        async def main():
            async with aclosing(items()) as found:
                async for item in found:
                    break
            return item
    """

    async def node() -> None:
        bench = Bench(source)
        bench.settle(1)
        assert bench.value == 1

    trio.run(node)


def test_async_generators_of_others_stay_with_their_loop() -> None:
    done = []

    async def theirs() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            done.append("closed by trio")

    async def node() -> list[object]:
        Bench("async def main(): return 1")
        generator = theirs()
        await anext(generator)
        return [generator]

    kept = trio.run(node)
    assert kept
    assert done == ["closed by trio"]
