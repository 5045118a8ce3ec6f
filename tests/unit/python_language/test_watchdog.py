"""The watchdog stops scripts that compute too long, hits nothing else, and rests when nothing runs."""

from __future__ import annotations

import gc
import random
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import pbkdf2_hmac
from typing import Any

import pytest

from actorflow.bundle import Bundle
from actorflow.errors import INTERNAL, RESOURCE, Error
from actorflow.language.python import PythonLanguage
from actorflow.language.python.watch import Runaway, SliceLimits, Watch
from actorflow.language.python.watchdog import TICK, Watchdog
from actorflow.machine.machine import Machine
from actorflow.message import Message
from actorflow.ports import Outcome
from tests.unit.script.bench import Bench, FakeDriver, bundle_of

SHORT = {"slice": {"warn": 10_000_000, "kill": 30_000_000}}


def started(source: str, *args: object) -> Bench:
    return Bench(source, *args, head="", options={"limits": SHORT})


def bundle(source: str, **limits: int) -> Bundle:
    return bundle_of(source, head="", options={"limits": {"slice": limits}})


def killed(source: str, *args: object) -> Bench:
    run = started(source, *args)
    assert run.failure.kind == RESOURCE
    return run


def test_an_endless_loop_ends_its_process_and_is_named_by_its_line() -> None:
    run = killed("""\
        async def main():
            while True:
                pass
        """)
    place = run.failure.message.partition(": ")[0]
    assert place in {"main.py:2", "main.py:3"}
    assert "computed longer than 30ms between two ops; await process.checkpoint()" in run.failure.message
    assert "of app:main" in run.failure.message
    assert run.failure.retryable is False


def test_the_limit_is_that_of_the_entry() -> None:
    slow(1, 0.5)


@pytest.mark.parametrize(
    "body",
    [
        "try:\n            while True: pass\n        except Exception: pass",
        "try:\n            while True: pass\n        finally:\n            await process.checkpoint()",
        "try:\n            while True: pass\n        except BaseException: pass\n        return 'went on'",
        "try:\n            while True: pass\n        except BaseException: await time.sleep(5)",
        "while True:\n            try:\n                while True: pass\n            except BaseException: pass",
        "def f():\n            try:\n                while True: pass\n            except BaseException: f()\n        f()",
        "while True: time.now()",
        "while True:\n            try:\n                while True: time.now()\n            except BaseException: pass",
        "while True: channel.new()",
        "[1 for _ in iter(int, 1)]",
    ],
    ids=["except", "finally", "swallow", "wait", "swallow-again", "nested", "ask", "ask-swallow", "make", "iterate"],
)
def test_no_script_escapes(body: str) -> None:
    killed(f"from actorflow.script import channel, process, time\nasync def main():\n        {body}")


@pytest.mark.parametrize(
    "source",
    [
        "class E(Exception):\n    def __str__(self):\n        while True: pass\nasync def main(): raise E",
        "class D(dict):\n    def items(self):\n        while True: pass\nasync def main(): return D()",
    ],
    ids=["text", "result"],
)
def test_code_of_the_script_that_runs_at_its_end_is_stopped_too(source: str) -> None:
    killed(source)


def test_cleanup_that_never_ends_is_stopped_when_its_process_is_dropped() -> None:
    run = started(
        "from actorflow.script import process\n"
        "async def main():\n    try: await process.inbox().receive()\n    finally:\n        while True: pass"
    )
    began = time.perf_counter()
    run.machine.end(Outcome())
    assert time.perf_counter() - began > 0.02
    assert run.driver.notices == []


def test_the_top_level_of_a_module_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actorflow.language.python.module._Loading.limits", SliceLimits(10**7, 3 * 10**7))
    with pytest.raises(Error, match=r"main\.py") as caught:
        PythonLanguage().compile(bundle("while True: pass\nasync def main(): pass"))
    assert caught.value.kind == RESOURCE


def test_a_runaway_in_one_task_ends_the_process_even_if_somebody_would_catch_it() -> None:
    killed("""\
        from actorflow.script import process
        async def spin():
            while True:
                pass
        async def main():
            try:
                await process.gather(spin())
            except Exception:
                return "caught"
        """)


def test_neighbours_of_a_runaway_live() -> None:
    language = PythonLanguage()
    waiting = "from actorflow.script import process\nasync def main(): return (await process.inbox().receive()).payload"
    spinning = "async def main():\n    while True: pass"
    one, two = (Machine(FakeDriver(), language.compile(bundle(source))) for source in (waiting, spinning))
    for machine in (one, two):
        machine.start(())
        machine.run(-1)
    assert two.outcome is not None
    assert two.outcome.failure is not None
    one.deliver(Message("x", "", (1,)))
    one.run(-1)
    assert one.outcome == Outcome(1)


# ---- warnings ----------------------------------------------------------------------------------------------------

SLOW = """\
from actorflow.script import process
async def main(times, seconds):
    for _ in range(times):
        await process.checkpoint()
        compute(seconds)
        await process.checkpoint()
"""


def slow(times: int, seconds: float, **limits: int) -> FakeDriver:
    """Run a script that computes that long between two of its ops; scripts have no clock of their own."""
    driver = FakeDriver()
    program = PythonLanguage().compile(bundle(SLOW, **{"kill": 10**10, **limits}))
    program._function.__globals__["compute"] = _compute  # noqa: SLF001
    machine = Machine(driver, program)
    machine.start((times, seconds))
    machine.run(-1)
    assert machine.outcome == Outcome()
    return driver


def _compute(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def test_a_script_beyond_the_warn_limit_gets_one_notice_that_names_its_line() -> None:
    (notice,) = slow(2, 0.1).notices
    assert notice.code == "script-slow"
    assert notice.where == "main.py:6"
    assert "app:main computed" in notice.text
    assert "more than 10ms holds up every other process" in notice.text
    assert "ms up to here" in notice.text


def test_a_script_within_its_warn_limit_gets_none() -> None:
    assert slow(1, 0.05, warn=10**10).notices == []


SENDING = """\
from actorflow.script import process
async def main(times, seconds):
    for number in range(times):
        compute(seconds)
        await process.send("other", "t", number)
"""


class Posting(FakeDriver):
    """Delivers at once what can be, as a process host does."""

    machine: Machine
    posted = 0

    def away(self, _lane: Any, _work: Any) -> bool:
        return False

    def post(self, _dest: str, _topic: str, _payloads: tuple[Any, ...]) -> bool:
        self.posted += 1
        self.machine.left -= 1
        return True


def test_a_send_without_an_op_counts_as_one() -> None:
    driver = Posting()
    program = PythonLanguage().compile(bundle(SENDING, kill=10**8))
    program._function.__globals__["compute"] = _compute  # noqa: SLF001
    driver.machine = Machine(driver, program)
    driver.machine.start((8, 0.04))  # in one resume, and longer in all than a script may compute between two ops
    driver.machine.run(64)
    assert driver.machine.outcome == Outcome()
    assert driver.posted == 8


# ---- the agreement of both threads ----------------------------------------------------------------------------------

RANDOM = """\
from actorflow.script import channel, process, time
class Odd(Exception): pass
async def main(kind, steps):
    if kind == "return":
        return sum(range(steps))
    if kind == "raise":
        raise Odd(str(sum(range(steps))))
    if kind == "swallow":
        try:
            for _ in range(steps): pass
        except BaseException:
            pass
        return "swallowed"
    if kind == "ask":
        for _ in range(steps // 10): time.now()
        return "asked"
    if kind == "retry":
        for _ in range(3):
            try:
                await process.checkpoint()
                for _ in range(steps): pass
            except BaseException:
                await process.checkpoint()
        return "retried"
    try:
        for _ in range(steps):
            await process.checkpoint()
    finally:
        sum(range(steps))
    return "waited"
"""
KINDS = ("return", "raise", "swallow", "ask", "retry", "wait")


@contextmanager
def spinning(fire: Callable[[], object]) -> Iterator[None]:
    """Call `fire` again and again in another thread."""
    over = threading.Event()

    def spin() -> None:
        while not over.is_set():
            fire()

    thread = threading.Thread(target=spin)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # so that the threads change at each step
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        sys.setswitchinterval(before)


def test_shots_at_any_moment_hit_the_script_or_nothing(seed: int) -> None:
    before = watchers()
    program = PythonLanguage().compile(bundle(RANDOM))
    gone = weakref.ref(program._watchdog)  # noqa: SLF001 - what the test is about
    (mine,) = watchers() - before
    shoot_at(program, seed)
    del program
    until(lambda: gc.collect() >= 0 and gone() is None and not mine.is_alive())


def shoot_at(program: Any, seed: int) -> None:
    draw = random.Random(seed)
    watch = program._watchdog.here()  # noqa: SLF001 - what the test is about
    fired = 0

    def fire() -> None:
        nonlocal fired
        fired += 1
        watch.fire(watch.running)

    kinds = dict.fromkeys(KINDS, 0)
    stopped, deadline = 0, time.monotonic() + 100
    with spinning(fire):
        while (fired < 100_000 or stopped <= 300) and time.monotonic() < deadline:
            kind = draw.choice(KINDS)
            machine = Machine(FakeDriver(), program)
            machine.start((kind, draw.randrange(1_000)))
            machine.run(-1)
            assert machine.outcome is not None
            failure = machine.outcome.failure
            if failure is not None:
                assert failure.kind == (INTERNAL if "Odd" in failure.message else RESOURCE), failure
            stopped += failure is not None and failure.kind == RESOURCE
            kinds[kind] += 1
    assert fired >= 100_000
    assert stopped > 100
    assert all(kinds.values())
    until(lambda: watch.asleep)  # none has hit what wakes the watchdog: it rests, and ends once it is forgotten


def test_a_shot_at_a_resume_that_has_ended_does_nothing() -> None:
    watch = Watch(lambda: None)
    seen = []
    assert watch.call(_Always(), lambda: seen.append(watch.running) or 5) == 5
    assert watch.fire(seen[0]) is False
    assert watch.marked is None
    assert watch.call(_Always(), lambda: 6) == 6


def test_a_shot_waits_for_the_end_of_what_the_engine_does() -> None:
    watch = Watch(lambda: None)
    done = []

    def work() -> None:
        watch.shielded = True
        try:
            assert watch.fire(watch.running)
            done.extend(range(1000))
        finally:
            watch.shielded = False
            watch.check()

    with pytest.raises(Runaway):
        watch.call(_Always(), work)
    assert len(done) == 1000
    assert watch.call(_Always(), lambda: 6) == 6


def test_each_thread_that_resumes_scripts_has_a_watch_of_its_own() -> None:
    language = PythonLanguage()
    program = language.compile(bundle("async def main():\n    while True: pass", **SHORT["slice"]))  # compiled here
    outcomes = []

    def work() -> None:
        machine = Machine(FakeDriver(), program)
        machine.start(())
        machine.run(-1)
        outcomes.append(machine.outcome)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome.failure.kind for outcome in outcomes] == [RESOURCE, RESOURCE]


# ---- rest ----------------------------------------------------------------------------------------------------------


def watchers() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "script-watchdog"}


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(TICK)


def test_the_watchdog_rests_when_nothing_runs_and_wakes_for_what_does() -> None:
    run = started("""\
        from actorflow.script import process
        async def main():
            await process.inbox().receive()
            while True: pass
        """)
    watch = run.machine.script._watch  # noqa: SLF001 - what the test is about
    until(lambda: watch.asleep)
    run.deliver("go")
    assert run.failure.kind == RESOURCE


def test_its_thread_ends_with_the_language() -> None:
    before = watchers()
    language = PythonLanguage()
    program = language.compile(bundle("async def main(): return 1"))
    Machine(FakeDriver(), program)
    (mine,) = watchers() - before  # others may end meanwhile: those of earlier tests
    gone = weakref.ref(language)
    del language, program
    gc.collect()
    assert gone() is None
    until(lambda: not mine.is_alive())


def test_a_script_that_cannot_be_stopped_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actorflow.language.python.watchdog._SICK", 5)
    told = threading.Event()
    watchdog = Watchdog(told.set)
    with pytest.raises(Runaway):
        watchdog.here().call(_Always(), pbkdf2_hmac, "sha256", b"", b"", 2_000_000)  # in C, where no shot is delivered
    assert told.is_set()


class _Always:
    limits = SliceLimits(10**7, 10**7)
    progress = 0
