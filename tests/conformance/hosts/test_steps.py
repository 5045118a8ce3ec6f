"""Named steps, sleeps, parallel and map: the same in both languages and on both hosts, and recorded on a durable one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actorflow.errors import Error
from actorflow.node.node import Node
from actorflow.run.step import step_of
from actorflow.store.port import Reader
from actorflow.store.view import history, why
from tests.conformance.hosts.place import ACTORS, FLOWS, Place, same, waiting_for
from tests.conformance.process.rig import until

DOUBLE = "def main(x):\n    return x * 2\n"
FAIL = "from actorflow.script.errors import Rejected\n\n\ndef main(x):\n    raise Rejected(f'no {x}')\n"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    made.python("double", DOUBLE, "function")
    made.python("fail", FAIL, "function")
    return made


def reader(node: Node) -> Reader:
    engine: Any = node.hosts[FLOWS]
    found: Reader = engine.engine.writer.reader()
    return found


def journal(node: Node, workflow_id: str) -> list[tuple[str, str]]:
    """Return the kinds and steps of the events that belong to a step."""
    rows = history(reader(node), workflow_id)
    return [(row["kind"], row["step"]) for row in rows if row["step"]]


async def twice(place: Place, entry: str, *args: Any) -> tuple[Any, list[tuple[str, str]]]:
    """Run a workflow that waits for a message in its last line, with a restart before that; return also its journal."""
    async with place.node() as node:
        pid = await node.spawn(entry, host=FLOWS, args=list(args), options={"workflow.id": "one"})
        await waiting_for(node, pid)
    async with place.node() as node:
        await node.send(pid, "go")
        result = await node.wait(pid, timeout=20)
        return result, journal(node, "one")


def twins(place: Place, lua: str, python: str) -> tuple[str, str]:
    return place.lua("main_lua", lua), place.python("main_py", python)


CLOSURES = (
    """
    local function main()
      local entered, asked = 0, 0
      local first = workflow.step("total", function(x) entered = entered + 1; return {x, 2} end, 1)
      local second = workflow.step("total", function() entered = entered + 1; return nil, "refused" end)
      local raised = pcall(workflow.step, "total", function() entered = entered + 1; error("broken") end)
      workflow.step("drawing", function() asked = asked + 1; return #uuid.v4() end)
      workflow.step("calling", function() asked = asked + 1; return workflow.step("inner", "app:double", 3) end)
      process.inbox():receive()
      return {first, second == nil, raised, entered, asked}
    end
    """,
    """
    from actorflow.script import process, uuid, workflow
    from actorflow.script.errors import Error

    async def main():
        entered, asked = [], []

        def refuse(text):
            entered.append(text)
            raise ValueError(text)

        async def calling():
            asked.append(1)
            return await workflow.step("inner", "app:double", 3)

        first = await workflow.step("total", lambda x: (entered.append(x), [x, 2])[1], 1)
        failed = 0
        for text in ("refused", "broken"):
            try:
                await workflow.step("total", refuse, text)
            except Error:
                failed += 1
        await workflow.step("drawing", lambda: (asked.append(1), len(uuid.v4()))[1])
        await workflow.do("calling", calling)
        await process.inbox().receive()
        return [first, failed == 2, False, len(entered), len(asked)]
    """,
)


@pytest.mark.parametrize("language", [0, 1])
async def test_a_closure_that_asked_for_nothing_is_not_entered_again(place: Place, language: int) -> None:
    entry = twins(place, *CLOSURES)[language]
    result, steps = await twice(place, entry)
    assert result == [[1, 2], True, False, 0, 2], "what the first life counted is not there any more"
    assert steps == [
        ("StepCompleted", "total"),
        ("StepCompleted", "total#1"),
        ("StepCompleted", "total#2"),
        ("StepStarted", "drawing"),
        ("StepCompleted", "drawing"),
        ("StepStarted", "calling"),
        ("FunctionCalled", "inner"),
        ("StepCompleted", "calling"),
    ]


async def test_steps_of_functions_and_closures(place: Place) -> None:
    entries = twins(
        place,
        """
        local function main()
          local value = workflow.step("double", "app:double", 21)
          local none, err = workflow.step("fail", "app:fail", "way", {retries = 3})
          local tried = 0
          local flaky = workflow.step("flaky", {retries = 2, delay = "1ms", call = function(n)
            tried = tried + 1
            workflow.sleep("nap", "1ms")
            if tried < n then error("again") end
            return tried
          end, input = 3})
          local late, problem = workflow.step("late", function() workflow.sleep("long", "1h") end, nil, {timeout = "5ms"})
          return {value, err:message(), flaky, problem:kind(), problem:message()}
        end
        """,
        """
        from actorflow.script import workflow
        from actorflow.script.errors import Error

        async def main():
            tried = 0

            async def flaky(n):
                nonlocal tried
                tried += 1
                await workflow.sleep("nap", "1ms")
                if tried < n:
                    raise RuntimeError("again")
                return tried

            async def long():
                await workflow.sleep("long", "1h")

            value = await workflow.step("double", "app:double", 21)
            try:
                await workflow.step("fail", "app:fail", "way", retries=3)
            except Error as error:
                refused = error.message
            count = await workflow.step("flaky", flaky, 3, retries=2, delay="1ms")
            try:
                await workflow.step("late", long, timeout=0.005)
            except Error as error:
                return [value, refused, count, error.kind, error.message]
        """,
    )
    assert await same(place, entries) == [42, "no way", 3, "Timeout", "step late timed out"]


async def test_branches_run_together_and_the_first_failure_cancels_the_others(place: Place) -> None:
    entries = twins(
        place,
        """
        local function main()
          local order = {}
          local function branch(name, delay, failing)
            return function()
              order[#order + 1] = name
              local ok = pcall(workflow.sleep, name, delay)
              order[#order + 1] = (ok and "end " or "cancelled ") .. name
              if failing then return nil, name end
              return name
            end
          end
          local done = workflow.parallel({branch("a", "200ms"), branch("b", "2ms")})
          local none, err = workflow.parallel({branch("slow", "1h"), branch("bad", "2ms", true)})
          local some, failed = workflow.parallel({x = branch("x", "150ms"), y = branch("y", "1ms", true)}, {errors = "collect"})
          return {done, order, err:message(), some.x, failed.y:message()}
        end
        """,
        """
        from actorflow.script import workflow
        from actorflow.script.errors import Cancelled, Error

        async def main():
            order = []

            def branch(name, delay, failing=False):
                async def run():
                    order.append(name)
                    try:
                        await workflow.sleep(name, delay)
                    except Cancelled:
                        order.append("cancelled " + name)
                        raise
                    order.append("end " + name)
                    if failing:
                        raise Error(name)
                    return name
                return run

            done = await workflow.parallel([branch("a", "200ms"), branch("b", "2ms")()])
            try:
                await workflow.parallel([branch("slow", "1h"), branch("bad", "2ms", True)])
            except Error as error:
                refused = error.message
            some = await workflow.parallel({"x": branch("x", "150ms"), "y": branch("y", "1ms", True)}, errors="collect")
            return [done, order, refused, some["x"], some["y"].message]
        """,
    )
    first = ["a", "b", "end b", "end a", "slow", "bad", "end bad", "cancelled slow", "x", "y", "end y", "end x"]
    assert await same(place, entries) == [["a", "b"], first, "bad", "x", "y"]


async def test_map_keeps_the_order_and_the_limit(place: Place) -> None:
    entries = twins(
        place,
        """
        local function main()
          local now, most = 0, 0
          local function count(item)
            now = now + 1
            most = math.max(most, now)
            workflow.sleep("nap", ({"40ms", "1ms", "2ms", "1ms"})[item])
            now = now - 1
            return item * 10
          end
          local none = workflow.map("none", {}, "app:double")
          local limited = workflow.map("item", {1, 2, 3, 4}, count, {limit = 2})
          local called = workflow.map("call", {1, 2, 3}, "app:double", {mode = "sequential"})
          local nothing, err = workflow.map("bad", {1}, "app:fail")
          return {#none, limited, most, called, err:message()}
        end
        """,
        """
        from actorflow.script import workflow
        from actorflow.script.errors import Error

        async def main():
            now, most = 0, 0

            async def count(item, place):
                nonlocal now, most
                now += 1
                most = max(most, now)
                await workflow.sleep("nap", ["40ms", "1ms", "2ms", "1ms"][place])
                now -= 1
                return item * 10

            none = await workflow.map("none", [], "app:double")
            limited = await workflow.map("item", [1, 2, 3, 4], count, limit=2)
            called = await workflow.map("call", [1, 2, 3], "app:double", mode="sequential")
            try:
                await workflow.map("bad", [1], "app:fail")
            except Error as error:
                return [len(none), limited, most, called, error.message]
        """,
    )
    assert await same(place, entries) == [0, [10, 20, 30, 40], 2, [2, 4, 6], "no 1"]


WAITING = (
    """
    local function main()
      workflow.parallel({
        function() return workflow.map("item", {1, 2}, "app:double", {limit = 1}) end,
        function() workflow.sleep("cooling off", "1h") end,
      })
    end
    """,
    """
    from actorflow.script import funcs, process, workflow

    async def main():
        await workflow.parallel([
            lambda: workflow.map("item", [1, 2], "app:double", limit=1),
            lambda: workflow.sleep("cooling off", "1h"),
        ])
    """,
)


@pytest.mark.parametrize("language", [0, 1])
async def test_history_and_why_show_the_names(place: Place, language: int) -> None:
    entry = twins(place, *WAITING)[language]
    first = 1 - language
    async with place.node() as node:
        pid = await node.spawn(entry, host=FLOWS, options={"workflow.id": "one"})
        await steps_recorded(node, 3)
        assert journal(node, "one")[1:] == [
            ("TimerStarted", "cooling off"),
            ("FunctionCalled", f"item[{first + 1}]"),
        ]
        reasons = why(reader(node), pid, served=True)["reasons"]
        assert any(reason.startswith("cooling off (timer ") and " due at " in reason for reason in reasons)


async def steps_recorded(node: Node, count: int) -> None:
    await until(lambda: len(journal(node, "one")) >= count)


@pytest.mark.parametrize("language", [0, 1])
async def test_a_cancelled_step_is_recorded_and_its_cleanup_replayed(place: Place, language: int) -> None:
    entry = twins(
        place,
        """
        local function main()
          local ok, err = pcall(workflow.step, "waiting", function() workflow.sleep("long", "1h") end)
          local cleaned = workflow.step("clean", "app:double", 2)
          process.inbox():receive()
          return {err:kind(), cleaned}
        end
        """,
        """
        from actorflow.script import process, workflow
        from actorflow.script.errors import Cancelled

        async def main():
            async def waiting():
                await workflow.sleep("long", "1h")

            try:
                await workflow.step("waiting", waiting)
            except Cancelled:
                kind = "Canceled"
            cleaned = await workflow.step("clean", "app:double", 2)
            await process.inbox().receive()
            return [kind, cleaned]
        """,
    )[language]
    async with place.node() as node:
        pid = await node.spawn(entry, host=FLOWS, options={"workflow.id": "one"})
        await waiting_for(node, pid)
        await node.cancel(pid, "enough")
        await steps_recorded(node, 4)
    async with place.node() as node:
        await node.send(pid, "go")
        assert await node.wait(pid, timeout=20) == ["Canceled", 4]
        assert journal(node, "one") == [
            ("StepStarted", "waiting"),
            ("TimerStarted", "long"),
            ("StepCompleted", "waiting"),
            ("FunctionCalled", "clean"),
        ]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ('workflow.step("", "app:double")', "the name of a step"),
        ('workflow.step("a#1", "app:double")', "without '#'"),
        ('workflow.step("a", "double")', "full function id"),
        ('workflow.step("a", {call = "app:double"}, 1)', "all in one table"),
        ('workflow.step("a", "app:double", 1, {args = {2}})', "takes the place of the input"),
        ('workflow.step("a", "app:double", 1, {retrys = 1})', "did you mean 'retries'"),
        ('workflow.step("a", "app:double", 1, {retries = -1})', "retries: got -1"),
        ('workflow.step("a", "app:double", 1, {backoff = "slow"})', "'fixed' or 'exponential'"),
        ('workflow.step("a", "app:double", 1, {compensate = "app:undo"})', "use saga:step"),
        ('workflow.step("a", {input = 1})', "the field call"),
        ('workflow.step("a", function() end, nil, {on_exhausted = "pause"})', "steps that call a function"),
        ('workflow.sleep("a", "soon")', "invalid duration"),
        ("workflow.sleep_until(5)", "expected a Time"),
        ("workflow.parallel({1})", "expected a function"),
        ("workflow.parallel({}, {limits = 1})", "there is no option limits"),
        ('workflow.map("a", {1}, "app:double", {limit = 0})', "how many may run at once"),
        ('workflow.map("a", {1}, "app:double", {errors = "all"})', "'first' or 'collect'"),
    ],
)
async def test_wrong_lua_says_what_is_expected(place: Place, call: str, said: str) -> None:
    entry = place.lua("main", f"local function main() local _, err = {call} return {{err:kind(), err:message()}} end")
    kind, message = await same(place, (entry,))
    assert kind == "Invalid"
    assert said in message


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ('workflow.step("", "app:double")', "the name of a step"),
        ('workflow.step("a", None)', "expected a function id or a function"),
        ('workflow.step("a", "app:double", retrys=1)', "did you mean 'retries'"),
        ('workflow.step("a", "app:double", compensate="app:undo")', "use saga.step"),
        ('workflow.step("a", lambda: 1, on_exhausted="pause")', "steps that call a function"),
        ("workflow.sleep_until(5)", "a datetime with a zone"),
        ("workflow.parallel([1])", "expected functions without parameters"),
        ("workflow.parallel([], limit=-1)", "how many may run at once"),
        ('workflow.map("a", [], "app:double", mode="odd")', "'parallel' or 'sequential'"),
    ],
)
async def test_wrong_python_says_what_is_expected(place: Place, call: str, said: str) -> None:
    entry = place.python(
        "main", f"from actorflow.script import workflow\n\nasync def main():\n    return await {call}\n"
    )
    for host in (ACTORS, FLOWS):
        async with place.node() as node:
            with pytest.raises(Error, match=r".") as caught:
                await node.exec(entry, host=host, timeout=20)
            assert caught.value.kind == "Invalid"
            assert said in caught.value.message


async def test_a_result_that_cannot_leave_is_the_failure_of_the_step(place: Place) -> None:
    entries = twins(
        place,
        """
        local function main()
          local _, err = workflow.step("odd", function() return function() end end)
          local kept = workflow.step("kept", function() return setmetatable({1, {2}}, {}) end)
          return {err:kind(), kept}
        end
        """,
        """
        from actorflow.script import workflow
        from actorflow.script.errors import Error

        async def main():
            try:
                await workflow.step("odd", lambda: main)
            except Error as error:
                return [error.kind, await workflow.step("kept", lambda: (1, (2,)))]
        """,
    )
    assert await same(place, entries) == ["Invalid", [1, [2]]]


def test_the_step_of_an_event() -> None:
    assert step_of("FunctionCalled", "app:f", [[], {"step": "charge"}]) == "charge"
    assert step_of("FunctionCalled", "app:f", [[], {}]) == ""
    assert step_of("TimerStarted", "nap", 5) == "nap"
    assert step_of("FunctionCompleted", "", {"step": "no"}) == ""
    assert step_of("FunctionCalled", "app:f", "scrubbed") == ""


@pytest.mark.parametrize("language", [0, 1])
async def test_cancelling_parallel_branches_lets_them_clean_up_once(place: Place, language: int) -> None:
    entry = twins(
        place,
        """
        local function main()
          local cleaned = 0
          local function branch()
            local ok = pcall(workflow.sleep, "long", "1h")
            local got = workflow.step("clean", "app:double", 1)
            cleaned = cleaned + got
          end
          local ok, err = pcall(workflow.parallel, {branch, branch})
          return {ok, err:kind(), cleaned}
        end
        """,
        """
        from actorflow.script import workflow
        from actorflow.script.errors import Cancelled

        async def main():
            cleaned = 0

            async def branch():
                nonlocal cleaned
                try:
                    await workflow.sleep("long", "1h")
                finally:
                    got = await workflow.step("clean", "app:double", 1)
                    cleaned += got

            try:
                await workflow.parallel([branch, branch])
            except Cancelled:
                return [False, "Canceled", cleaned]
        """,
    )[language]
    for host in (ACTORS, FLOWS):
        async with place.node() as node:
            pid = await node.spawn(entry, host=host)
            await waiting_for(node, pid)
            await node.cancel(pid, "enough")
            assert await node.wait(pid, timeout=20) == [False, "Canceled", 4]


SEVERAL = (
    """
    local function main()
      return {
        workflow.step("one", "app:listed", {retries = 1}),
        workflow.step("two", "app:listed", 1, nil, {customer = 2}),
        workflow.step("three", "app:listed", 1, {retries = 1, other = 2}),
        workflow.step("four", "app:listed", 1, 2, {retries = 1}),
        workflow.step("five", function(...) return {...} end, 1, 2, {retries = 1}),
        workflow.step("six", "app:listed", 1, {}),
        workflow.step("seven", "app:listed"),
      }
    end
    """,
    """
    from actorflow.script import workflow

    async def main():
        return [
            await workflow.step("one", "app:listed", {"retries": 1}),
            await workflow.step("two", "app:listed", 1, None, {"customer": 2}),
            await workflow.step("three", "app:listed", 1, {"retries": 1, "other": 2}),
            await workflow.step("four", "app:listed", 1, 2, retries=1),
            await workflow.step("five", lambda *args: list(args), 1, 2, retries=1),
            await workflow.step("six", "app:listed", 1, {}),
            await workflow.step("seven", "app:listed"),
        ]
    """,
)


@pytest.mark.parametrize("host", [ACTORS, FLOWS])
async def test_a_step_takes_several_arguments_and_options_after_them(place: Place, host: str) -> None:
    place.python(
        "listed", "def main(*args):\n    return [str(a) if isinstance(a, dict) else a for a in args]\n", "function"
    )
    one, two, mixed = str({"retries": 1}), str({"customer": 2}), str({"other": 2, "retries": 1})
    entries = twins(place, *SEVERAL)
    async with place.node() as node:
        for entry in entries:
            result = await node.wait(await node.spawn(entry, host=host), timeout=20)
            assert [sorted(str(item)) for item in result] == [
                sorted(str(item)) for item in ([one], [1, None, two], [1, mixed], [1, 2], [1, 2], [1, "{}"], [])
            ]
