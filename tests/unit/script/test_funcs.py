"""Calling functions."""

from __future__ import annotations

from actorflow.errors import CANCELED, INVALID, Failure, not_found
from tests.unit.script.bench import Bench

QUOTE = """
    from dataclasses import dataclass, field

    @dataclass
    class Line:
        sku: str
        count: int = 1

    @dataclass
    class Quote:
        total: int
        lines: list[Line] = field(default_factory=list)
"""


def test_a_call_waits_for_its_value() -> None:
    bench = Bench("""
        async def main():
            return [await funcs.call("app:f", 1, {"a": 2})]
    """)
    assert bench.driver.asked == [("call", 1, "app:f", (1, {"a": 2}))]
    bench.settle(1, "value")
    assert bench.value == ["value"]


def test_a_failure_is_raised_with_all_it_says_and_is_a_fresh_exception() -> None:
    bench = Bench("""
        async def main():
            seen = []
            for _ in range(2):
                try:
                    await funcs.call("app:f")
                except Error as error:
                    seen.append(error)
            first, second = seen
            return [first is second, first.kind, first.retryable, first.details, first.message]
    """)
    failure = Failure("no stock", "Conflict", retryable=False, details={"sku": "lamp"})
    bench.settle(1, failure=failure)
    bench.settle(2, failure=failure)
    assert bench.value == [False, "Conflict", False, {"sku": "lamp"}, "no stock"]


def test_an_uncaught_failure_ends_the_process_as_it_came() -> None:
    bench = Bench("""
        async def main():
            await funcs.call("app:f")
    """)
    bench.settle(1, failure=Failure("down", "Unavailable", retryable=True))
    assert (bench.failure.kind, bench.failure.retryable, bench.failure.message) == ("Unavailable", True, "down")
    assert bench.failure.stack == "main.py:5: in main"


def test_dataclasses_go_out_as_maps_and_come_back_by_returns() -> None:
    bench = Bench(
        QUOTE
        + """
    async def main():
        quote = await funcs.call("app:quote", Line("lamp"), returns=Quote)
        return [type(quote).__name__, quote.lines[0].sku, quote.lines[0].count]
    """
    )
    assert bench.driver.asked == [("call", 1, "app:quote", ({"sku": "lamp", "count": 1},))]
    bench.settle(1, {"total": 5, "lines": [{"sku": "desk", "count": 2}]})
    assert bench.value == ["Quote", "desk", 2]


def test_a_result_that_does_not_fit_names_the_path() -> None:
    bench = Bench(
        QUOTE
        + """
    async def main():
        await funcs.call("app:quote", returns=Quote)
    """
    )
    bench.settle(1, {"total": 5, "lines": [{"skuu": "desk"}]})
    assert bench.failure.kind == INVALID
    assert "result.lines[0]: Line has no field 'skuu'" in bench.failure.message
    assert "did you mean 'sku'?" in bench.failure.message


def test_options_and_context_travel_and_do_not_leak() -> None:
    bench = Bench("""
        async def main():
            patient = funcs.with_options(timeout=1.5, retry={"initial_delay": "2s", "max_delay": 4, "max_attempts": 3})
            known = patient.with_context(tenant="acme").with_options({"activity.task_queue": "q"})
            await known.call("app:f")
            await patient.call("app:f")
            await funcs.call("app:f")
    """)
    for ref in (1, 2, 3):
        bench.settle(ref)
    retry = {"initial_delay": "2s", "max_delay": "4s", "max_attempts": 3}
    assert bench.driver.options == [
        {"timeout": "1.5s", "retry": retry, "context": {"tenant": "acme"}, "activity.task_queue": "q"},
        {"timeout": "1.5s", "retry": retry},
        {},
    ]


def test_a_future_starts_at_once_and_may_be_awaited_by_several() -> None:
    bench = Bench("""
        async def ask(future):
            return await future

        async def main():
            future = funcs.async_("app:f")
            before = future.done
            answers = await process.gather(ask(future), future.result(), future)
            return [before, future.done, answers, await future]
    """)
    bench.settle(1, 9)
    assert bench.value == [False, True, [9, 9, 9], 9]


def test_a_failed_future_raises_when_awaited_and_delivers_the_error_on_its_channel() -> None:
    bench = Bench("""
        async def main():
            future = funcs.async_("app:f")
            error = await future.response().receive()
            try:
                await future
            except Error as raised:
                return [isinstance(error, Error), error.kind, raised.kind, raised is error]
    """)
    bench.settle(1, failure=Failure("no", "Conflict"))
    assert bench.value == [True, "Conflict", "Conflict", False]


def test_a_cancelled_future_gives_the_call_up() -> None:
    bench = Bench("""
        async def main():
            future = funcs.async_("app:f")
            told = [future.cancel(), future.cancel(), future.cancelled]
            try:
                await future
            except Error as error:
                return [*told, error.kind]
    """)
    assert bench.driver.asked[-1] == ("cancel", 1)
    assert bench.value == [True, False, True, CANCELED]


def test_a_future_brings_that_there_is_no_such_function() -> None:
    bench = Bench(
        """
        async def main():
            future = funcs.async_("app:nobody")
            try:
                await future
            except Error as error:
                return error.kind
    """,
        answers={"call": not_found("no such function")},
    )
    assert bench.value == "NotFound"
