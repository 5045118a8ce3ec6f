"""Checks of the script API: each is a process that returns, or raises AssertionError."""

from __future__ import annotations

from typing import Any

from actorflow.script import channel, errors, funcs, process, time, workflow

ACTORS = "app:actors"
FINAL = False
NOBODY = "{local@app:actors|0xfffff}"


async def take(found: channel.Channel) -> Any:
    """Return the next item, which has to come soon."""
    async with process.timeout("5s"):
        return await found.receive()


async def failure_of(awaitable: Any) -> errors.Error:
    """Return the error that awaiting raises."""
    try:
        value = await awaitable
    except errors.Error as error:
        return error
    raise AssertionError(f"no error, but {value!r}")


async def nothing_in(found: channel.Channel) -> bool:
    """Tell whether nothing comes within a moment."""
    chosen = await channel.select(found, time.after("20ms"))
    return chosen.channel is not found


# ---- starting ------------------------------------------------------------------------------------------------------


async def spawn_gives_the_pid() -> None:
    pid = await process.spawn("app:idle", ACTORS)
    assert pid.startswith("{local@app:actors|0x")
    await process.send(pid, "go")


async def spawn_errors() -> None:
    for entry, host, kind, text in [
        ("app:nowhere", ACTORS, errors.NOT_FOUND, "factory not found"),
        ("app:add", ACTORS, errors.NOT_FOUND, "factory not found"),
        ("app:idle", "app:nowhere", errors.NOT_FOUND, "host not found"),
        ("app:idle", "app:stopped", errors.UNAVAILABLE, "host is not running"),
        ("app:without_method", ACTORS, errors.NOT_FOUND, "not found"),
    ]:
        error = await failure_of(process.spawn(entry, host))
        assert error.kind == kind, error
        assert text in error.message, error


async def no_end_is_missed() -> None:
    events = process.events()
    for _ in range(10):
        pid = await process.spawn_monitored("app:echo", ACTORS, 1)
        event = await take(events)
        assert (event.type, event.from_, event.value, event.error) == ("EXIT", pid, [1], None)


async def linked_and_monitored() -> None:
    process.set_options(trap_links=True)
    events = process.events()
    pid = await process.spawn_linked_monitored("app:raising", ACTORS)
    first, second = await take(events), await take(events)
    assert [first.kind, second.kind] == [process.event.EXIT, process.event.LINK_DOWN]
    assert first.pid == second.pid == pid
    assert "ValueError: boom" in second.error.message


async def exec_returns_and_raises() -> None:
    assert await process.exec("app:echo", ACTORS, 1, None, {"a": [True]}) == [1, None, {"a": [True]}]
    error = await failure_of(process.exec("app:refusing", ACTORS))
    assert (error.kind, error.message, error.retryable, error.details) == ("Conflict", "no stock", False, {"sku": "a1"})
    error = await failure_of(process.exec("app:raising", ACTORS))
    assert (error.kind, error.retryable) == (errors.INTERNAL, None)


async def spawner_is_immutable() -> None:
    base = process.with_context(a=1)
    more = base.with_context({"b": 2}, a=3)
    assert await base.exec("app:context", ACTORS) == {"a": 1}
    assert await more.exec("app:context", ACTORS) == {"a": 3, "b": 2}


async def spawner_spawns_or_signals() -> None:
    seen, events = process.listen("seen"), process.events()
    first = await process.with_name("py-collector").spawn("app:collecting", ACTORS, process.pid(), 2)
    spawner = process.with_name("py-collector").with_message("a", 1).with_message("b", {"two": 2})
    assert await spawner.spawn_monitored("app:collecting", ACTORS, "ignored", 9) == first
    assert await take(seen) == [["a", "", 1], ["b", "", {"two": 2}]]
    assert (await take(events)).from_ == first


async def spawner_refuses_at_once() -> None:
    for wrong in (
        lambda: process.with_message("@pid/inbox", 1),
        lambda: process.with_message("", 1),
        lambda: process.with_name(""),
    ):
        try:
            wrong()
        except errors.Error as error:
            assert error.kind == errors.INVALID  # noqa: PT017 - pytest is not here
        else:
            raise AssertionError("not refused")


async def process_as_function() -> None:
    assert await funcs.call("app:callable", 1, "b") == [1, "b"]
    error = await failure_of(funcs.call("app:echo"))
    assert error.kind == errors.NOT_FOUND
    assert "no handler registered for target" in error.message


# ---- stopping ------------------------------------------------------------------------------------------------------


async def terminate() -> None:
    events = process.events()
    pid = await process.spawn_monitored("app:idle", ACTORS)
    await process.terminate(pid)
    event = await take(events)
    assert (event.error.message, event.error.kind) == ("process terminated", errors.INTERNAL)
    error = await failure_of(process.terminate(pid))
    assert error.kind == errors.INTERNAL
    assert "process not found" in error.message


async def cancel_is_an_event() -> None:
    ready, events = process.listen("ready"), process.events()
    pid = await process.spawn_monitored("app:cooperative", ACTORS, process.pid())
    await take(ready)
    await process.cancel(pid, "enough")
    assert (await take(events)).value == "CANCEL: enough"
    assert (await failure_of(process.cancel(NOBODY))).kind == errors.NOT_FOUND


async def cancel_interrupts_who_reads_no_events() -> None:
    ready, cleaned, events = process.listen("ready"), process.listen("cleaned"), process.events()
    pid = await process.spawn_monitored("app:cleaning", ACTORS, process.pid())
    await take(ready)
    await process.cancel(pid, "enough")
    assert await take(cleaned) == 3
    assert (await take(events)).error.kind == errors.CANCELED


async def upgrade_and_roll_back() -> None:
    versions, tried = process.listen("version"), process.listen("tried")
    pid = await process.spawn("app:version_one", ACTORS, 1)
    await process.send(pid, "who", process.pid())
    assert await take(versions) == ["one", "app:version_one", [1]]
    for entry in ("app:nowhere", "app:without_method", "app:broken"):
        await process.send(pid, "try", [entry, process.pid()])
        _, message = await take(tried)
        assert message.startswith("upgrade: "), message
    await process.send(pid, "upgrade", "app:version_two")
    await process.send(pid, "who", process.pid())
    assert await take(versions) == ["two", "app:version_two", ["upgraded"]]
    await process.terminate(pid)


# ---- links, monitors, names ----------------------------------------------------------------------------------------


async def monitor_errors() -> None:
    pid = await process.spawn_monitored("app:idle", ACTORS)
    again = await failure_of(process.monitor(pid))
    assert (again.kind, again.retryable) == (errors.INTERNAL, False)
    assert "already monitoring pid" in again.message
    await process.unmonitor(pid)
    await process.unmonitor(pid)
    await process.monitor(pid)
    await process.terminate(pid)
    await take(process.events())
    for dead in (pid, NOBODY):
        error = await failure_of(process.monitor(dead))
        assert "pid not registered" in error.message, error
        assert (await failure_of(process.link(dead))).kind == errors.INTERNAL


async def links() -> None:
    process.set_options(trap_links=True)
    assert process.get_options()["trap_links"] is True
    events = process.events()
    pid = await process.spawn("app:idle", ACTORS)
    await process.link(pid)
    await process.link(pid)
    await process.send(pid, "go")
    assert await nothing_in(events), "a good end says nothing"
    pid = await process.spawn_linked("app:idle", ACTORS)
    await process.unlink(pid)
    await process.terminate(pid)
    assert await nothing_in(events)


async def names() -> None:
    names = process.registry
    await names.register("py-name")
    await names.register("py-name", process.pid())
    assert await names.lookup("py-name") == process.pid()
    pid = await process.spawn_monitored("app:idle", ACTORS)
    taken = await failure_of(names.register("py-name", pid))
    assert taken.kind == errors.ALREADY_EXISTS
    assert "name already registered" in taken.message
    await names.register("py-other", pid)
    await process.send("py-other", "go")
    await take(process.events())
    gone = await failure_of(names.lookup("py-other"))
    assert gone.kind == errors.NOT_FOUND
    assert "name not registered" in gone.message
    for scope in (names.EVENTUAL, names.CONSISTENT, names.STRONG):
        far = await failure_of(names.register("py-far", scope=scope))
        assert far.kind == errors.INTERNAL
        assert "registry not available" in far.message
    assert await names.unregister("py-name")
    assert not await names.unregister("py-name")


# ---- messages ------------------------------------------------------------------------------------------------------


async def messages_go_to_their_listener() -> None:
    me, inbox, listened = process.pid(), process.inbox(), process.listen("v")
    await process.send(me, "v", 1)
    await process.send(me, "w", 2)
    await process.send(me, "v", 3, 4)
    await process.send(me, "v")
    message = await take(inbox)
    assert (message.topic, message.sender, message.payload) == ("w", me, 2)
    assert [await take(listened) for _ in range(3)] == [1, [3, 4], None]
    assert process.unlisten(listened)
    await process.send(me, "v", 5)
    assert (await take(inbox)).payload == 5


async def channels_are_bound_to_topics() -> None:
    made = channel.new(2)
    process.subscribe("mine", made)
    await process.send(process.pid(), "mine", 1)
    assert await take(made) == 1
    for wrong in (lambda: process.subscribe("mine", channel.new()), lambda: process.subscribe("@mine", made)):
        try:
            wrong()
        except errors.Error as error:
            assert error.kind in {errors.ALREADY_EXISTS, errors.INVALID}  # noqa: PT017 - pytest is not here
        else:
            raise AssertionError("not refused")
    assert process.unsubscribe(made)
    assert not process.unsubscribe(made)
    assert not made.closed


async def channels_end_a_loop_when_closed() -> None:
    listened, got = process.listen("n"), []
    for n in range(3):
        await process.send(process.pid(), "n", n)

    async def closing() -> None:
        await time.sleep("5ms")
        process.unlisten(listened)

    await process.start(closing)
    async for value in listened:
        got += [value]
    assert got == [0, 1, 2]


async def send_errors() -> None:
    for dest, topic, kind, text in [
        ("nobody", "x", errors.NOT_FOUND, "could not resolve 'nobody' as PID or registered name"),
        (NOBODY, "x", errors.NOT_FOUND, "process not found"),
        (process.pid(), "@pid/inbox", errors.INVALID, "cannot send to @ topics"),
        (process.pid(), "", errors.INVALID, "topic"),
    ]:
        error = await failure_of(process.send(dest, topic, 1))
        assert error.kind == kind, error
        assert text in error.message, error
    for topic in ("", "@x"):
        try:
            process.listen(topic)
        except errors.Error as error:
            assert error.kind == errors.INVALID  # noqa: PT017 - pytest is not here
        else:
            raise AssertionError("not refused")


async def values_are_copied() -> None:
    listened, value = process.listen("v"), {"list": [1, {"deep": None}], "text": "ü", "bytes": b"\x00\xff", 7: 1.5}
    await process.send(process.pid(), "v", value)
    value["list"].append(2)  # type: ignore[attr-defined] # what it is is what is checked
    got = await take(listened)
    assert got == {"list": [1, {"deep": None}], "text": "ü", "bytes": b"\x00\xff", 7: 1.5}
    refused = await failure_of(process.send(process.pid(), "v", {"f": take}))
    assert refused.kind == errors.INVALID
    assert "a function" in refused.message


# ---- functions -----------------------------------------------------------------------------------------------------


async def calls() -> None:
    assert await funcs.call("app:add", 1, 2) == 3
    for target, kind in [("", "Invalid"), ("add", "Invalid"), ("app:nowhere", "NotFound")]:
        assert (await failure_of(funcs.call(target))).kind == kind
    error = await failure_of(funcs.call("app:failing", errors.CONFLICT, FINAL))
    assert (error.kind, error.message, error.retryable) == ("Conflict", "failed", False)
    assert {name: value for name, value in error.details.items() if not name.startswith("_")} == {"n": 1}
    assert ("_wrapper" in error.details) == (workflow.info() is not None), "a durable host says what failed"


async def futures() -> None:
    slow, fast = funcs.async_("app:slow", 5, "slow"), funcs.async_("app:slow", 0.001, "fast")
    chosen = await channel.select(slow, fast)
    assert (chosen.index, chosen.value) == (1, "fast")
    assert (fast.done, slow.done) == (True, False)
    assert await fast == "fast" == await fast.result()
    assert slow.cancel()
    assert slow.cancelled
    assert (await failure_of(slow)).kind == errors.CANCELED
    assert not fast.cancel()
    assert (await failure_of(funcs.async_("app:nowhere"))).kind == errors.NOT_FOUND
    assert (await failure_of(funcs.async_("app:failing", errors.TIMEOUT, FINAL))).kind == errors.TIMEOUT


async def executors() -> None:
    retrying = funcs.with_options(retry={"max_attempts": 5, "initial_delay": 0.001, "max_delay": 0.002, "jitter": 0})
    assert await retrying.call("app:flaky", 3) == 3
    assert (
        await failure_of(retrying.with_options(retry={"max_attempts": 1}).call("app:flaky", 3))
    ).kind == "Unavailable"
    only = retrying.with_options(retry={"max_attempts": 5, "initial_delay": 0.001, "retry_kinds": [errors.TIMEOUT]})
    assert (await failure_of(only.call("app:flaky", 2))).kind == errors.UNAVAILABLE
    late = await failure_of(funcs.with_options(timeout=0.02).call("app:slow", 5, 1))
    assert late.kind == errors.TIMEOUT
    assert await funcs.with_context(tenant="acme").call("app:callable_context") == {"tenant": "acme"}


async def limits_of_a_function() -> None:
    assert len(await funcs.call("app:large", 10)) == 10
    error = await failure_of(funcs.call("app:large", 2_000))
    assert error.kind == errors.INVALID
    assert "app:large" in error.message


async def pool_of_a_function() -> None:
    began = time.now_ns()
    await process.gather(*(funcs.call("app:alone", "", 0.01) for _ in range(4)))
    assert time.now_ns() - began >= 40_000_000
    for _ in range(6):
        funcs.async_("app:alone", "", 2)
    refused = await failure_of(funcs.call("app:alone", "", 0.01))
    assert refused.kind == errors.UNAVAILABLE
    assert "is busy" in refused.message


# ---- tasks and channels --------------------------------------------------------------------------------------------


async def gathering() -> None:
    assert await process.gather(funcs.call("app:add", 1, 1), funcs.call("app:add", 2, 2)) == [2, 4]
    error = await failure_of(
        process.gather(funcs.call("app:add", 1, 1), funcs.call("app:failing", errors.CONFLICT, FINAL))
    )
    assert error.kind == errors.CONFLICT


async def timeouts() -> None:
    try:
        async with process.timeout("5ms"):
            await time.sleep("1h")
    except TimeoutError as error:
        assert "5ms" in str(error)  # noqa: PT017 - pytest is not here
    else:
        raise AssertionError("not timed out")


async def closed_channels() -> None:
    made = channel.new(1)
    await made.send(1)
    made.close()
    assert await made.receive() == 1
    assert isinstance(await failure_of(made.receive()), channel.Closed)
    assert (await failure_of(made.send(2))).kind == errors.INVALID


# ---- text that is none ---------------------------------------------------------------------------------------------


async def text_that_is_no_unicode() -> None:
    """It is refused where it is given: no store and no other node could take it."""
    names, lone = process.registry, "\ud800"
    for awaitable in (
        process.spawn(lone), process.monitor(lone), process.link(lone), process.terminate(lone), names.register(lone),
        names.lookup(lone), names.unregister(lone), process.send(lone, "x", 1), process.cancel(NOBODY, lone),
        process.send(process.pid(), lone, 1), process.send(process.pid(), "x", {"a": [lone]}), process.send(process.pid(), "x", {lone: 1}),
        funcs.call(f"app:{lone}"), funcs.with_options(timeout=1).call(f"app:{lone}"),
    ):  # fmt: skip
        error = await failure_of(awaitable)
        assert error.kind == errors.INVALID, error
    for call in (
        lambda: process.with_name(lone), lambda: funcs.with_options({lone: 1}), lambda: funcs.async_(f"app:{lone}"),
        lambda: process.with_message(lone, 1), lambda: process.listen(lone),
    ):  # fmt: skip
        error = await failure_of(_called(call))
        assert error.kind == errors.INVALID, error
    if workflow.info() is not None:
        error = await failure_of(workflow.step(lone, lambda: 1))
        assert error.kind == errors.INVALID, error


async def _called(call: Any) -> Any:
    return call()
