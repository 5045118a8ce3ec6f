"""Functions: every way to run them, what they see, what their callers get, and giving them up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import trio

from actorflow.bundle import Bundle
from actorflow.errors import CANCELED, INTERNAL, INVALID, NOT_FOUND, TIMEOUT, UNAVAILABLE, Error
from actorflow.machine.op import Op
from actorflow.ports import CallRequest, Outcome, SpawnRequest
from tests.conformance.process.rig import HOST, OTHER, rig, until
from tests.conformance.process.test_messages import attempt
from tests.unit.machine.scripted import Interrupted

BODY = """
from actorflow.script import ctx
from actorflow.errors import Rejected

def check(order, fail=None):
    if fail == "reject":
        raise Rejected("sold out", "Conflict", {"left": 0})
    if fail == "crash":
        return order["missing"]
    if fail == "object":
        return check
    return [order, ctx.get("tenant"), ctx.get("attempt"), ctx.get("invocation_id"), ctx.CALL.get().caller]
"""
WAYS = {
    "trio": BODY + "\nimport trio\nasync def main(*args):\n    await trio.sleep(0)\n    return check(*args)\n",
    "asyncio": BODY + "\nimport asyncio\nasync def main(*args):\n    await asyncio.sleep(0)\n    return check(*args)\n",
    "thread": BODY + "\ndef main(*args):\n    return check(*args)\n",
    "process": BODY + "\ndef main(*args):\n    print('not an answer')\n    return check(*args)\n",
}


@pytest.mark.parametrize("way", WAYS)
async def test_every_way_gives_the_same_answers(way: str) -> None:
    async with rig() as node:
        node.registry.add_python("shop:check", WAYS[way], way)
        got: dict[str, Outcome] = {}
        for name in ("", "reject", "crash", "object"):
            args = ({"a": 1}, name) if name else ({"a": 1},)
            request = CallRequest("shop:check", args, {"tenant": "t"}, caller="{a@b|1}", invocation_id="i", attempt=2)
            node.functions.call(request, lambda outcome, name=name: got.update({name: outcome}))
        await until(lambda: len(got) == 4)
    assert got[""].value == [{"a": 1}, "t", 2, "i", "{a@b|1}"]
    rejected, crashed, dropped = got["reject"].failure, got["crash"].failure, got["object"].failure
    assert rejected is not None
    assert (rejected.message, rejected.kind, rejected.retryable) == ("sold out", "Conflict", False)
    assert rejected.details == {"left": 0}
    assert crashed is not None
    assert (crashed.message, crashed.kind, crashed.retryable) == ("KeyError: 'missing'", INTERNAL, None)
    assert crashed.stack.splitlines()[0] == "shop.py:9: in check"
    assert crashed.stack.splitlines()[1].endswith(": in main")
    assert dropped is not None
    assert dropped.kind == INVALID


async def test_without_run_an_async_def_runs_on_trio_and_a_def_in_a_thread() -> None:
    source = "import threading, sniffio\n"
    async with rig() as node:
        node.registry.add_python("a:a", source + "async def main(): return sniffio.current_async_library()")
        node.registry.add_python("a:b", source + "def main(): return threading.current_thread().name")
        assert await node.node.call("a:a", timeout=30) == "trio"
        assert await node.node.call("a:b", timeout=30) != "MainThread"


@pytest.mark.parametrize(
    ("run", "source", "text"),
    [
        ("thread", "async def main(): pass", "run: thread needs a `def`, got an `async def`"),
        ("trio", "def main(): pass", "run: trio needs an `async def`"),
        ("asyncio", "def main(): pass", "run: asyncio needs an `async def`"),
        ("tread", "def main(): pass", "run: got 'tread', expected one of trio, thread"),
        ("", "x = 1\n1/0", "ZeroDivisionError: division by zero"),
        ("", "def main(:", "SyntaxError"),
        ("", "def mein(): pass", "method 'main' not found in shop.py; did you mean 'mein'?"),
        ("process", "def mein(): pass", "method 'main' not found in shop.py; did you mean 'mein'?"),
    ],
)
async def test_a_function_that_cannot_run_says_why(run: str, source: str, text: str) -> None:
    async with rig() as node:
        node.registry.add_python("shop:bad", source, run)
        with pytest.raises(Error) as caught:
            await node.node.call("shop:bad", timeout=20)
    assert text in caught.value.message
    assert caught.value.kind in {INVALID, NOT_FOUND}
    assert caught.value.retryable is False


ENDS = {
    **{name: name for name in ("SystemExit", "KeyboardInterrupt", "GeneratorExit", "Odd")},
    "BaseExceptionGroup('', [GeneratorExit(), ValueError('x')])": "BaseExceptionGroup",
    "BaseExceptionGroup('', [KeyboardInterrupt()])": "KeyboardInterrupt",
}


@pytest.mark.parametrize("run", ["trio", "thread", "asyncio", "process"])
@pytest.mark.parametrize("raised", ENDS)
async def test_a_function_that_wants_to_end_the_program_ends_its_call(run: str, raised: str) -> None:
    define = "def main():" if run == "thread" else "async def main():"
    source = f"class Odd(BaseException): pass\n{define}\n    raise {raised}\n"
    async with rig() as node:
        node.registry.add_python("shop:bad", source, run)
        for _ in range(2):
            with pytest.raises(Error) as caught:
                await node.node.call("shop:bad", timeout=20)
            assert ENDS[raised] in caught.value.message
            assert caught.value.failure.stack.count("\n") == 0  # the function's own line and nothing of ours


async def test_the_middle_of_a_long_stack_is_left_out() -> None:
    async with rig() as node:
        node.registry.add_python("shop:deep", "def main():\n    main()\n", "thread")
        with pytest.raises(Error) as caught:
            await node.node.call("shop:deep", timeout=20)
    lines = caught.value.failure.stack.split("\n")
    assert len(lines) == 31
    assert lines[15].startswith("… ")


async def test_a_function_may_be_imported_by_path_and_import_its_libraries_by_alias() -> None:
    async with rig() as node:
        node.registry.add_python("a:join", "")
        node.registry.bundles["a:join"] = Bundle("a:join", "function.py", "", import_path="os.path:join")
        assert await node.node.call("a:join", ["a", "b"], timeout=30) == os.path.join("a", "b")  # noqa: PTH118
        node.registry.bundles["a:join"] = Bundle("a:join", "function.py", "", import_path="nosuch.module:f")
        with pytest.raises(Error, match=r"import of 'nosuch\.module' failed: ModuleNotFoundError"):
            await node.node.call("a:join", timeout=30)
        library = Bundle("a:lib", "library.py", "def twice(x): return 2 * x", file="lib.py")
        source = "import helper\nfrom helper import twice\nimport json\ndef main(x): return [helper.twice(x), twice(x)]"
        node.registry.bundles["a:join"] = Bundle(
            "a:join", "function.py", source, file="f.py", method="main", imports={"helper": library}
        )
        assert await node.node.call("a:join", [4], timeout=30) == [8, 8]


@pytest.mark.parametrize(
    ("target", "kind", "text"),
    [
        ("", INVALID, "not a function id: got ''"),
        ("check", INVALID, "expected 'namespace:name'"),
        (":check", INVALID, "expected 'namespace:name'"),
        (5, INVALID, "expected 'namespace:name'"),
        ("shop:chek", NOT_FOUND, "no handler registered for target 'shop:chek': no entry 'shop:chek'; did you mean"),
        ("app:child", NOT_FOUND, "it is a process.test; set meta.default_host to call it"),
        (HOST, NOT_FOUND, "it is a process.host"),
    ],
)
async def test_a_call_of_nothing_says_so(target: Any, kind: str, text: str) -> None:
    async with rig() as node:
        node.registry.add_python("shop:check", "def main(): pass")
        node.add("app:child", lambda: iter(()))
        failure = await node.run(attempt((Op.CALL, target, (), {})))
    assert failure.kind == kind
    assert text in failure.message


async def test_a_lua_function_is_a_process_of_its_own() -> None:
    def function(number: int) -> Any:
        identity = yield (Op.IDENTITY,)
        yield (Op.SEND_MESSAGE, identity.pid, "self", (1,))
        inbox = yield (Op.INBOX,)
        message, _ = yield (Op.RECEIVE, inbox)
        left = yield (Op.SELECT, [(inbox, False, None)], True)
        return [number, identity.host, identity.context, message.value, left[0]]

    async with rig() as node:
        node.add("shop:price", function, "function.lua")
        for _ in range(2):
            result = await node.node.call("shop:price", [7], context={"tenant": "t"}, timeout=30)
            assert result == [7, "shop:price#lua.1", {"tenant": "t"}, 1, -1]
        failing = await node.run(attempt((Op.EXEC, SpawnRequest("shop:price", HOST))))
        assert "call it with funcs.call" in failing.message


async def test_a_lua_function_can_be_sent_to_and_watched_like_any_process() -> None:
    def function() -> Any:
        yield (Op.NAME, "register", "running", "")
        inbox = yield (Op.INBOX,)
        yield (Op.SEND_MESSAGE, "caller", "ready", ())
        return (yield (Op.RECEIVE, inbox))[0].value

    async with rig() as node:
        node.add("shop:price", function, "function.lua")

        def main() -> Any:
            yield (Op.NAME, "register", "caller", "")
            ready = yield (Op.LISTEN, "ready", False)
            future = yield (Op.ASYNC, "shop:price", (), {})
            yield (Op.RECEIVE, ready)
            yield (Op.CONTROL, "monitor", "running", None)
            yield (Op.SEND_MESSAGE, "running", "t", (5,))
            return (yield (Op.RECEIVE, future.channel))[0]

        assert await node.run(main) == 5


async def test_a_process_with_a_default_host_is_callable() -> None:
    def child(number: int) -> Any:
        identity = yield (Op.IDENTITY,)
        if number < 0:
            raise Error("negative", INVALID, retryable=False)
        return [number, identity.host]

    async with rig() as node:
        node.add("app:child", child, default_host=OTHER)
        node.add("app:optional", child, options={"default_host": OTHER})
        assert await node.node.call("app:child", [1], timeout=30) == [1, OTHER]
        assert await node.node.call("app:optional", [2], timeout=30) == [2, OTHER]
        with pytest.raises(Error, match="negative") as caught:
            await node.node.call("app:child", [-1], timeout=30)
        assert caught.value.kind == INVALID


async def test_giving_up_a_call_cancels_the_process_it_runs() -> None:
    ends: list[Any] = []

    def child() -> Any:
        events = yield (Op.EVENTS,)
        event, _ = yield (Op.RECEIVE, events)
        ends.append(event["reason"])

    for kind, meta in (("process.test", {"default_host": OTHER}), ("function.lua", {})):
        async with rig() as node:
            node.add("app:child", child, kind, **meta)
            with pytest.raises(Error, match="call of app:child timed out after"):
                await node.node.call("app:child", timeout=0.02)
            await until(lambda: bool(ends))
        assert ends.pop() == "caller context canceled"


@pytest.mark.parametrize("library", ["trio", "asyncio"])
async def test_giving_up_a_call_cancels_an_async_function(library: str) -> None:
    source = (
        f"import {library}\nends = []\n"
        f"async def main(forever):\n"
        f"    if not forever: return ends\n"
        f"    ends.append('begun')\n"
        f"    try: await {library}.sleep(1000)\n"
        f"    finally: ends.append('cancelled')\n"
    )
    async with rig() as node:
        node.registry.add_python("a:f", source, library)

        def main() -> Any:
            try:
                yield (Op.CALL, "a:f", (True,), {})
            except Interrupted as interrupted:
                return interrupted.failure.kind

        node.add("app:main", main)
        pid = await node.node.spawn("app:main", host=HOST)
        with trio.fail_after(30):
            while await node.node.call("a:f", [False], timeout=30) != ["begun"]:
                await trio.lowlevel.checkpoint()
        await node.node.cancel(pid)
        assert await node.node.wait(pid, timeout=30) == CANCELED
        with trio.fail_after(30):  # the thread of asyncio hears of it a little later
            while await node.node.call("a:f", [False], timeout=30) != ["begun", "cancelled"]:
                await trio.lowlevel.checkpoint()


async def test_a_function_in_a_thread_can_ask_whether_it_was_given_up() -> None:
    source = (
        "import time\nfrom actorflow.script import ctx\nends = []\n"
        "def main(forever):\n"
        "    if not forever: return ends\n"
        "    ends.append('begun')\n"
        "    while not ctx.cancelled(): time.sleep(0.001)\n"
        "    ends.append('noticed')\n"
    )
    async with rig() as node:
        node.registry.add_python("a:f", source, "thread")
        for seconds in (0.02, 1, 10):
            with pytest.raises(Error) as caught:
                await node.node.call("a:f", [True], timeout=seconds)
            assert caught.value.kind == TIMEOUT
            if await node.node.call("a:f", [False], timeout=30):
                break  # else it had not begun: a slow machine gets more time
        with trio.fail_after(30):
            while "noticed" not in await node.node.call("a:f", [False], timeout=30):  # noqa: ASYNC110 - a thread
                await trio.sleep(0.005)


@pytest.mark.parametrize(("how", "text"), [("os._exit(3)", "exit code 3"), ("os.kill(os.getpid(), 9)", "SIGKILL")])
async def test_the_death_of_a_child_process_is_a_retryable_failure(how: str, text: str) -> None:
    source = f"import os\ndef main(die):\n    if die: {how}\n    return os.getpid()\n"
    async with rig() as node:
        node.registry.add_python("a:f", source, "process")
        with pytest.raises(Error, match=text) as caught:
            await node.node.call("a:f", [True], timeout=20)
        assert caught.value.retryable is True
        first = await node.node.call("a:f", [False], timeout=20)
        assert first != os.getpid()
        assert await node.node.call("a:f", [False], timeout=20) == first, "an idle child serves the next call"
        os.kill(first, 9)
        await until(lambda: os.waitid(os.P_PID, first, os.WEXITED | os.WNOHANG | os.WNOWAIT))
        assert await node.node.call("a:f", [False], timeout=20) != first


async def test_giving_up_kills_the_child_process(tmp_path: Path) -> None:
    source = "import os, time\ndef main(path):\n    open(path, 'w').write(str(os.getpid()))\n    time.sleep(1000)\n"
    path = tmp_path / "pid"
    async with rig() as node:
        node.registry.add_python("a:f", source, "process")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(node.node.call, "a:f", [str(path)])
            await until(lambda: path.exists() and path.read_text() != "")
            nursery.cancel_scope.cancel()
        await until(lambda: not _runs(int(path.read_text())))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.mock_clock
async def test_a_call_is_retried_only_when_asked_and_only_if_it_may_help() -> None:
    source = (
        "from actorflow.errors import Error, Rejected\nfrom actorflow.script import ctx\nseen = []\n"
        "async def main(until, kind=None):\n"
        "    seen.append(ctx.get('attempt'))\n"
        "    if kind == 'seen': found = list(seen); seen.clear(); return found[:-1]\n"
        "    if kind == 'rejected': raise Rejected('no')\n"
        "    if ctx.get('attempt') < until: raise Error('try again', kind or 'Internal')\n"
        "    return 'done'\n"
    )
    retry = {"retry": {"max_attempts": 3, "initial_delay": 1_000, "jitter": 0}}
    async with rig() as node:
        node.registry.add_python("a:f", source, "trio")
        node.registry.add_python("a:g", source, "trio", options=retry)
        call = node.node.call

        async def attempts(target: str) -> Any:
            return await call(target, [0, "seen"])

        for options, until, kind in (
            ({}, 2, None),
            (retry, 4, None),
            (retry, 3, "rejected"),
            ({"retry": {**retry["retry"], "skip_kinds": ["Conflict"]}}, 3, "Conflict"),
            ({"retry": {**retry["retry"], "retry_kinds": ["Timeout"]}}, 3, "Conflict"),
            ({"retry": {"max_attempts": 1}}, 3, None),
        ):
            with pytest.raises(Error):
                await call("a:f", [until, kind], options=options)
            assert await attempts("a:f") == ([1, 2, 3] if until == 4 else [1])
        began = trio.current_time()
        assert await call("a:g", [3]) == "done"
        assert await attempts("a:g") == [1, 2, 3]
        assert trio.current_time() - began == pytest.approx(1 + 2)
        with pytest.raises(Error):
            await call("a:g", [3], options={"retry": {"max_attempts": 2}})
        with pytest.raises(Error, match=r"retry\.max_atempts"):
            await call("a:g", [3], options={"retry": {"max_atempts": 2}})


@pytest.mark.mock_clock
async def test_the_option_timeout_ends_a_call_with_all_its_attempts() -> None:
    source = "import trio\nasync def main(seconds):\n    await trio.sleep(seconds)\n    return 'done'\n"
    async with rig() as node:
        node.registry.add_python("a:f", source, "trio", options={"timeout": "1m"})
        began = trio.current_time()
        with pytest.raises(Error, match="call of a:f timed out") as caught:
            await node.node.call("a:f", [3600])
        assert caught.value.kind == TIMEOUT
        assert trio.current_time() - began == pytest.approx(60)
        assert await node.node.call("a:f", [30]) == "done"
        assert await node.node.call("a:f", [90], options={"timeout": "2m"}) == "done"


async def test_a_stopped_function_host_refuses() -> None:
    async with rig() as node:
        node.registry.add_python("a:f", "def main(): pass")
        await node.functions.stop(0)
        with pytest.raises(Error, match="runs no functions") as caught:
            await node.node.call("a:f", timeout=30)
        assert caught.value.kind == UNAVAILABLE
