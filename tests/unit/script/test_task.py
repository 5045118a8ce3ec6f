"""Tasks inside one process, and time-out scopes."""

from __future__ import annotations

import pytest

from actorflow.duration import SECOND
from actorflow.errors import CANCELED, INTERNAL, INVALID, TIMEOUT, Failure
from tests.unit.script.bench import Bench

WORK = """
    done = ()

    async def work(name, log):
        log.append(name)
        try:
            return await funcs.call(name)
        except BaseException as error:
            log.append(f"{name} {type(error).__name__}")
            raise
        finally:
            log.append(f"{name} ended")
"""


def test_gather_runs_at_the_same_time_and_keeps_the_order() -> None:
    bench = Bench("""
        async def main():
            return await process.gather(funcs.call("a"), funcs.call("b"), time.sleep(1))
    """)
    assert [entry[0] for entry in bench.driver.asked] == ["call", "call", "timer"]
    bench.settle(2, "B")
    bench.fire(3)
    bench.settle(1, "A")
    assert bench.value == ["A", "B", None]


def test_gather_of_nothing_is_nothing() -> None:
    assert Bench("async def main(): return await process.gather()").value == []


def test_gather_waits_for_all_then_raises_the_first_error_with_its_own_class() -> None:
    bench = Bench("""
        class Broken(Exception):
            pass

        async def breaks():
            await time.sleep(1)
            raise Broken("first in order")

        async def main():
            try:
                await process.gather(breaks(), funcs.call("b"))
            except Broken as error:
                return str(error)
    """)
    bench.settle(2, failure=Failure("first in time", INTERNAL))
    assert bench.waits
    bench.fire(1)
    assert bench.value == "first in order"


def test_a_cancelled_gather_interrupts_its_tasks_and_waits_for_their_cleanup() -> None:
    bench = Bench(
        WORK
        + """
    async def main():
        log = []
        try:
            await process.gather(work("a", log), work("b", log))
        except Cancelled:
            return log
    """
    )
    bench.machine.cancel("", "")
    bench.run()
    assert bench.value == ["a", "b", "a Cancelled", "a ended", "b Cancelled", "b ended"]
    assert bench.driver.asked[2:] == [("cancel", 1), ("cancel", 2)]


def test_a_gather_that_times_out_interrupts_its_tasks() -> None:
    bench = Bench(
        WORK
        + """
    async def main():
        log = []
        try:
            async with process.timeout(5):
                await process.gather(work("a", log), work("b", log))
        except TimeoutError:
            return log
    """
    )
    assert bench.driver.asked[0] == ("timer", 1, 5 * SECOND)
    bench.fire(1)
    assert bench.value == ["a", "b", "a Cancelled", "a ended", "b Cancelled", "b ended"]


def test_a_started_task_runs_first_and_can_be_awaited() -> None:
    bench = Bench("""
        async def child(log):
            log.append("child")
            return await funcs.call("app:f")

        async def main():
            log = []
            task = await process.start(child, log)
            log.append("main")
            before = task.done
            return [log, before, await task, task.done]
    """)
    bench.settle(1, 5)
    assert bench.value == [["child", "main"], False, 5, True]


def test_a_failing_task_takes_its_process_with_it() -> None:
    bench = Bench("""
        async def child():
            await time.sleep(1)
            raise ValueError("broke")

        async def main():
            await process.start(child)
            await process.inbox().receive()
    """)
    bench.fire(1)
    assert bench.failure.message == "main.py:6: ValueError: broke"


def test_the_failure_of_an_owned_task_goes_to_who_awaits_it() -> None:
    bench = Bench("""
        async def child():
            raise errors.Rejected("no")

        async def main():
            task = await process.start(child, owned=True)
            try:
                await task
            except Error as error:
                return [error.message, error.retryable]
    """)
    assert bench.value == ["no", False]


def test_a_task_is_cancelled_at_its_wait() -> None:
    bench = Bench(
        WORK
        + """
    async def main():
        log = []
        task = await process.start(work, "a", log)
        task.cancel()
        try:
            await task
        except Error as error:
            return [error.kind, log]
    """
    )
    assert bench.value == [CANCELED, ["a", "a Cancelled", "a ended"]]


def test_tasks_end_with_main_and_are_not_told() -> None:
    bench = Bench("""
        async def child():
            await time.sleep(60)

        async def main():
            await process.start(child)
            return "over"
    """)
    assert bench.value == "over"


def test_start_refuses_what_is_no_async_function() -> None:
    bench = Bench("""
        async def main():
            await process.start(len, [1])
    """)
    assert bench.failure.kind == INVALID
    assert "expected an async function" in bench.failure.message


def test_a_checkpoint_lets_others_go_first() -> None:
    bench = Bench("""
        async def child(log):
            for step in range(2):
                log.append(f"child {step}")
                await process.checkpoint()

        async def main():
            log = []
            task = await process.start(child, log)
            log.append("main")
            await process.checkpoint()
            log.append("main again")
            await task
            return log
    """)
    assert bench.value == ["child 0", "main", "child 1", "main again"]


def test_a_timeout_gives_up_the_wait_and_raises_at_the_scopes_end() -> None:
    bench = Bench("""
        async def main():
            try:
                async with process.timeout("2s"):
                    try:
                        await funcs.call("app:slow")
                    except errors.Expired:
                        cleaned = await funcs.call("app:clean")
                        raise
            except TimeoutError as error:
                return [str(error), cleaned]
    """)
    bench.fire(1)
    assert ("cancel", 2) in bench.driver.asked
    bench.settle(3, "clean")
    assert bench.value == ["timed out after 2s", "clean"]


def test_a_body_that_ends_in_time_stops_the_timer() -> None:
    bench = Bench("""
        async def main():
            async with process.timeout(2):
                answer = await funcs.call("app:quick")
            return answer
    """)
    bench.settle(2, 1)
    assert bench.value == 1
    assert bench.driver.asked[-1] == ("cancel", 1)


@pytest.mark.parametrize(("fired", "told"), [(1, ["outer"]), (2, ["inner", "goes on"])])
def test_nested_scopes_each_raise_their_own(fired: int, told: list[str]) -> None:
    bench = Bench("""
        async def main():
            log = []
            try:
                async with process.timeout(10):
                    try:
                        async with process.timeout(5):
                            await process.inbox().receive()
                    except TimeoutError:
                        log.append("inner")
                    log.append("goes on")
            except TimeoutError:
                log.append("outer")
            return log
    """)
    bench.fire(fired)
    assert bench.value == told


def test_an_error_of_the_body_passes_and_a_swallowed_interruption_still_raises() -> None:
    bench = Bench("""
        async def main():
            told = []
            try:
                async with process.timeout(1):
                    raise KeyError("own")
            except KeyError:
                told.append("own")
            try:
                async with process.timeout(1):
                    try:
                        await time.sleep(60)
                    except BaseException:
                        told.append("swallowed")
            except TimeoutError:
                told.append("timed out")
            return told
    """)
    bench.fire(2)
    assert bench.value == ["own", "swallowed", "timed out"]


def test_a_cancellation_inside_a_scope_stays_one() -> None:
    bench = Bench("""
        async def main():
            async with process.timeout(1):
                await time.sleep(60)
    """)
    bench.machine.cancel("", "enough")
    bench.run()
    assert (bench.failure.kind, bench.failure.message) == (CANCELED, "enough")


def test_a_scope_of_no_time_ends_at_the_first_wait() -> None:
    bench = Bench("""
        async def main():
            log = []
            try:
                async with process.timeout(0):
                    log.append("began")
                    await time.sleep(60)
                    log.append("never")
            except TimeoutError:
                return log
    """)
    assert bench.value == ["began"]


def test_an_uncaught_timeout_is_of_kind_timeout() -> None:
    bench = Bench("""
        async def main():
            async with process.timeout(1):
                await time.sleep(60)
    """)
    bench.fire(1)
    assert (bench.failure.kind, bench.failure.message) == (TIMEOUT, "timed out after 1s")
