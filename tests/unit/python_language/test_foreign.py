"""Awaiting what is not actorflow's."""

from __future__ import annotations

import pytest
import trio

from actorflow.errors import INVALID
from tests.unit.script.bench import Bench

HELPERS = """
    import types

    @types.coroutine
    def foreign(what=None):
        return (yield what)
"""


def test_the_error_is_raised_in_the_script_and_names_its_line_and_the_type() -> None:
    bench = Bench(
        HELPERS
        + """
    async def helper():
        await foreign(5)

    async def main():
        try:
            await helper()
        except errors.ForeignAwait as error:
            return [error.kind, error.message]
    """
    )
    kind, message = bench.value
    assert kind == INVALID
    assert message.startswith("main.py:8: ")
    assert "int" in message
    assert "time.sleep" in message


@pytest.mark.parametrize("what", ["()", "(7, 8)", "None", "[]", "'text'"])
def test_whatever_else_is_yielded_is_foreign(what: str) -> None:
    bench = Bench(HELPERS + f"\n    async def main(): await foreign({what})")
    assert bench.failure.kind == INVALID


def test_a_script_may_go_on_after_it() -> None:
    bench = Bench(
        HELPERS
        + """
    async def main():
        try:
            await foreign()
        except errors.ForeignAwait:
            return await funcs.call("app:f")
    """
    )
    bench.settle(1, "went on")
    assert bench.value == "went on"


def test_a_script_that_tries_for_ever_ends() -> None:
    bench = Bench(
        HELPERS
        + """
    async def main():
        while True:
            try:
                await foreign()
            except BaseException:
                pass
    """
    )
    assert bench.failure.kind == INVALID


def test_asyncio_is_foreign() -> None:
    bench = Bench(
        """
        import asyncio

        async def main():
            future = asyncio.Future(loop=asyncio.new_event_loop())
            try:
                await future
            finally:
                future.get_loop().close()
    """,
        options={"packages": ["asyncio"]},
    )
    assert bench.failure.kind == INVALID
    assert "main.py:9: " in bench.failure.message
    assert "asyncio.Future" in bench.failure.message.replace("_asyncio", "asyncio")


def test_trio_is_foreign_and_the_loop_stays_sane() -> None:
    async def node() -> str:
        bench = Bench(
            """
            import trio

            waits = (trio.sleep,)  # what the linter cannot see

            async def main():
                with trio.move_on_after(1):
                    await waits[0](60)
        """,
            options={"packages": ["trio"]},
        )
        assert bench.failure.kind == INVALID
        assert "main.py:10: " in bench.failure.message
        with trio.move_on_after(0.001) as scope:
            await trio.sleep_forever()
        assert scope.cancelled_caught
        return "sane"

    assert trio.run(node) == "sane"
