"""Entry functions: which one, what it is called with, what its end means."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from actorflow.bundle import Bundle
from actorflow.errors import INVALID, NOT_FOUND, Error
from actorflow.language.python import PythonLanguage
from tests.unit.script.bench import Bench

ORDER = """
    from __future__ import annotations
    from dataclasses import dataclass
    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from decimal import Nothing

    @dataclass
    class Item:
        sku: str
        count: int = 1

    @dataclass
    class Order:
        id: str
        items: list[Item]
"""


def compiled(source: str, **parts: Any) -> None:
    PythonLanguage().compile(Bundle("app:main", "process.py", textwrap.dedent(source), file="main.py", **parts))


def test_main_gets_its_arguments_and_gives_its_value() -> None:
    assert Bench("async def main(a, b=2, *rest): return [a, b, rest]", 1).value == [1, 2, ()]
    assert Bench("async def main(*args): return args", 1, "x").value == (1, "x")


def test_a_plain_function_is_an_entry_too_and_runs_at_its_first_resume() -> None:
    bench = Bench(
        """
        def main(n):
            logger.info("ran")
            return n + 1
    """,
        1,
    )
    assert bench.value == 2
    assert [text for _, text, _ in bench.driver.lines] == ["ran"]


def test_a_plain_function_may_return_what_has_to_be_awaited() -> None:
    bench = Bench("""
        async def work():
            return await funcs.call("app:f")

        def main():
            return work()
    """)
    bench.settle(1, 7)
    assert bench.value == 7


def test_another_method_may_be_the_entry() -> None:
    assert Bench("async def other(): return 'other'", method="other").value == "other"


def test_a_missing_method_names_the_nearest() -> None:
    with pytest.raises(Error) as raised:
        compiled("async def mian(): ...")
    assert raised.value.kind == NOT_FOUND
    assert raised.value.message == "app:main: method 'main' not found in main.py; did you mean 'mian'?"


def test_arguments_that_do_not_fit_are_a_failure_not_a_crash() -> None:
    bench = Bench("async def main(a): return a", 1, 2)
    assert bench.failure.kind == INVALID
    assert "takes 1 positional argument but 2 were given" in bench.failure.message
    assert "(a)" in bench.failure.message


def test_annotated_arguments_are_built_and_dataclass_results_are_maps() -> None:
    bench = Bench(
        ORDER
        + """
    async def main(order: Order, spare: Item | None, more: list[Item], other: Nothing) -> Item:
        return Item(order.items[0].sku, len(more) + (spare is None) + other)
    """,
        {"id": "o", "items": [{"sku": "lamp"}]},
        None,
        [{"sku": "a"}, {"sku": "b"}],
        10,
        head="from __future__ import annotations\n",
    )
    assert bench.value == {"sku": "lamp", "count": 13}


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        (
            {"id": "o", "items": [], "itms": 1},
            "order: Order has no field 'itms', expected id, items; did you mean 'item",
        ),
        ({"id": "o", "items": [{"sku": "a", "n": 1}]}, "order.items[0]: Item has no field 'n'"),
        (7, "order: got 7, expected a map with the fields of Order"),
    ],
)
def test_an_argument_that_is_not_what_is_annotated_is_invalid(argument: Any, message: str) -> None:
    bench = Bench(ORDER + "\n    async def main(order: Order): return 1", argument, head="")
    assert bench.failure.kind == INVALID
    assert message in bench.failure.message


def test_code_of_the_script_that_builds_arguments_runs_inside_the_resume() -> None:
    bench = Bench(
        """
        from dataclasses import dataclass

        @dataclass
        class Order:
            id: str

            def __post_init__(self):
                raise ValueError("bad id")

        async def main(order: Order):
            return 1
    """,
        {"id": "x"},
    )
    assert "ValueError: bad id" in bench.failure.message


def test_a_type_error_of_the_script_itself_is_not_taken_for_a_misfit() -> None:
    bench = Bench("""
        def main():
            return len(5)
    """)
    assert bench.failure.message.startswith("main.py:5: TypeError: object of type 'int' has no len()")


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("async def main(:\n    pass", "main.py:1"),
        ("async def main():\n    import os\n", "main.py:2"),
        ("async def main():\n    eval('1')\n", "main.py:2"),
        ("n = 0\nasync def main():\n    global n\n    n = 1\n", "main.py:3"),
        ("1 / 0\n", "main.py:1"),
        ("from actorflow.script import process\nprocess.pid()\n", "main.py:2"),
    ],
)
def test_what_cannot_be_compiled_names_file_and_line(source: str, place: str) -> None:
    with pytest.raises(Error) as raised:
        compiled(source)
    assert raised.value.kind == INVALID
    assert place in raised.value.message + raised.value.failure.stack


def test_inline_sources_keep_the_lines_of_their_file() -> None:
    bench = Bench("async def main(): 1 / 0", line=40)
    assert bench.failure.message.startswith("main.py:43: ZeroDivisionError")


def test_libraries_are_imported_by_alias_and_shared() -> None:
    library = Bundle(
        "app:lib",
        "library.py",
        "from dataclasses import dataclass\n@dataclass\nclass Money:\n    cents: int\nLIST = object()\n",
        file="lib.py",
    )
    language = PythonLanguage()
    source = "import money\nfrom money import Money\nasync def main(m: Money): return [m.cents, type(m) is money.Money]"
    one = language.compile(Bundle("app:a", "process.py", source, imports={"money": library}))
    two = language.compile(Bundle("app:b", "process.py", source + "\n", imports={"money": library}))
    first, second = (vars(program._function.__globals__["money"]) for program in (one, two))  # noqa: SLF001
    assert first["LIST"] is second["LIST"]
    assert Bench(source, {"cents": 5}, head="", imports={"money": library}).value == [5, True]


def test_modules_of_two_nodes_are_apart_and_one_node_executes_a_source_once() -> None:
    source = "LIST = object()\nasync def main(): return 1"
    bundle = Bundle("app:a", "process.py", source)
    here, there = PythonLanguage(), PythonLanguage()
    programs = [language.compile(bundle) for language in (here, here, there)]
    mine, again, other = (program._function.__globals__["LIST"] for program in programs)  # noqa: SLF001
    assert mine is again
    assert mine is not other
