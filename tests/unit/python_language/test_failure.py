"""What others see of a script's end."""

from __future__ import annotations

import pytest

from actorflow.errors import INTERNAL, INVALID, RESOURCE, TIMEOUT
from tests.unit.script.bench import Bench


def test_an_exception_is_internal_with_place_type_text_and_the_scripts_own_stack() -> None:
    bench = Bench("""
        def deep():
            return {}["key"]

        async def outer():
            await time.sleep(0)
            deep()

        async def main():
            await outer()
    """)
    failure = bench.failure
    assert (failure.kind, failure.message) == (INTERNAL, "main.py:5: KeyError: 'key'")
    assert failure.stack.splitlines() == ["main.py:5: in deep", "main.py:9: in outer", "main.py:12: in main"]


def test_an_error_keeps_kind_retryable_and_details() -> None:
    bench = Bench("""
        async def main():
            raise Error("full", "Unavailable", True, {"queue": 7})
    """)
    failure = bench.failure
    assert (failure.message, failure.kind, failure.retryable) == ("full", "Unavailable", True)
    assert failure.details == {"queue": 7}
    assert failure.stack == "main.py:5: in main"


def test_an_error_of_no_kind_is_internal_and_a_refusal_is_not_retried() -> None:
    assert Bench("async def main(): raise errors.new('x')").failure.kind == INTERNAL
    refused = Bench("async def main(): raise errors.Rejected('no')").failure
    assert (refused.kind, refused.retryable) == (INVALID, False)


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("raise TimeoutError('late')", TIMEOUT),
        ("raise MemoryError('full')", RESOURCE),
        ("raise SystemExit(3)", INTERNAL),
        ("raise KeyboardInterrupt", INTERNAL),
        ("raise GeneratorExit", INTERNAL),
        ("raise StopIteration(1)", INTERNAL),
        ("raise ExceptionGroup('two', [ValueError(), KeyError()])", INTERNAL),
        ("def f(): f()\n            f()", INTERNAL),
    ],
)
def test_whatever_a_script_raises_is_its_own_end(statement: str, kind: str) -> None:
    bench = Bench(f"""
        async def main():
            {statement}
    """)
    assert bench.failure.kind == kind
    assert len(bench.failure.stack.splitlines()) < 2_000


def test_an_exception_whose_text_cannot_be_made_is_still_a_failure() -> None:
    bench = Bench("""
        class Odd(Exception):
            def __str__(self):
                raise RuntimeError("no text")

        async def main():
            raise Odd
    """)
    assert bench.failure.kind == INTERNAL
    assert "Odd" in bench.failure.message
