"""A language for tests: a script is a Python generator function that yields ops and gets their answers."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any

from actorflow.errors import Error, Failure, failure_of
from actorflow.machine.machine import Machine
from actorflow.machine.op import Op
from actorflow.ports import PENDING, Identity, Mode, Outcome, SpawnRequest

Script = Callable[..., Generator[tuple[Any, ...], Any, Any]]


def received(*channels: Any) -> Generator[tuple[Any, ...], Any, list[Any]]:
    """Receive one item from each channel in turn; a script uses it with `yield from`."""
    items = []
    for channel in channels:
        item, _ = yield (Op.RECEIVE, channel)
        items.append(item)
    return items


class Interrupted(BaseException):
    """Raised in a generator whose wait was interrupted; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Running:
    """One instance of a generator program."""

    def __init__(self, main: Script) -> None:
        self.main = main
        self.open: dict[int, Any] = {}
        self.closed = 0
        self.is_loading: Callable[[], bool] = bool

    @property
    def loading(self) -> bool:
        return self.is_loading()

    def start(self, args: tuple[Any, ...]) -> Any:
        return self._keep(self.main(*args))

    def spawn(self, function: Script) -> Any:
        return self._keep(function())

    def _keep(self, generator: Any) -> Any:
        self.open[id(generator)] = generator
        return generator

    def resume(self, handle: Any, mode: Mode, value: Any) -> tuple[Any, ...]:
        assert not self.closed, "resumed after close"
        try:
            if mode is Mode.VALUE:
                op: tuple[Any, ...] = handle.send(value)
            elif mode is Mode.FAILURE:
                op = handle.throw(Error(value))
            else:
                op = handle.throw(Interrupted(value))
        except StopIteration as stop:
            return (Op.RETURN, stop.value)
        except Interrupted as interrupted:
            return (Op.RAISE, interrupted.failure)
        except Exception as error:  # noqa: BLE001 - the script's own fault is its result
            return (Op.RAISE, failure_of(error))
        return op

    def discard(self, handle: Any) -> None:
        self.open.pop(id(handle), None)

    def close(self) -> None:
        self.closed += 1

    def where(self, _handle: Any) -> str:
        return "script.py:1"


class Program:
    """A compiled entry: the generator function itself."""

    def __init__(self, main: Script) -> None:
        self.main = main

    def open(self, _machine: Machine) -> Running:
        return Running(self.main)


class FakeDriver:
    """A driver that answers nothing by itself and remembers what it was asked."""

    def __init__(self) -> None:
        self.identity = Identity("{local@app:p|0x00001}", "app:main", "app:p")
        self.time = 1_000
        self.asked: list[tuple[Any, ...]] = []
        self.answers: dict[str, Any] = {}

    def _answer(self, verb: str, *what: Any) -> Any:
        self.asked.append((verb, *what))
        answer = self.answers.get(verb, PENDING)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def now(self) -> int:
        return self.time

    def draw(self, _kind: str, size: int) -> bytes:
        return b"r" * size

    def call(self, ref: int, target: str, args: tuple[Any, ...], _options: Mapping[str, Any]) -> Any:
        return self._answer("call", ref, target, args)

    def timer(self, ref: int, delay: int) -> None:
        self.asked.append(("timer", ref, delay))

    def spawn(self, ref: int, request: SpawnRequest, *, wait: bool) -> Any:
        return self._answer("spawn", ref, request.entry, wait)

    def send(self, ref: int, dest: str, topic: str, payloads: tuple[Any, ...]) -> Any:
        return self._answer("send", ref, dest, topic, payloads)

    def away(self, _lane: Any, _work: Any) -> bool:
        return False

    def post(self, _dest: str, _topic: str, _payloads: tuple[Any, ...]) -> bool:
        return False

    def control(self, ref: int, verb: str, target: str, _detail: Any) -> Any:
        return self._answer("control", ref, verb, target)

    def name(self, ref: int, verb: str, name: str, _pid: str) -> Any:
        return self._answer("name", ref, verb, name)

    def perform(self, ref: int, operation: str, args: tuple[Any, ...]) -> Any:
        return self._answer("perform", ref, operation, args)

    def cancel(self, ref: int) -> None:
        self.asked.append(("cancel", ref))

    def note(self, level: str, text: str, _fields: Mapping[str, Any]) -> None:
        self.asked.append(("note", level, text))

    def notice(self, notice: Any) -> None:
        self.asked.append(("notice", notice.code))


class Bench:
    """A machine with a fake driver, started and run until it waits."""

    def __init__(self, main: Script, *args: Any, answers: Mapping[str, Any] | None = None) -> None:
        self.driver = FakeDriver()
        self.driver.answers.update(answers or {})
        self.machine = Machine(self.driver, Program(main))
        self.machine.start(args)
        self.run()

    def run(self) -> None:
        while self.machine.run(-1):
            pass

    def settle(self, ref: int, value: Any = None, failure: Failure | None = None) -> bool:
        taken = self.machine.settle(ref, Outcome(value, failure))
        self.run()
        return taken

    def fire(self, ref: int) -> bool:
        taken = self.machine.fire(ref)
        self.run()
        return taken

    @property
    def value(self) -> Any:
        assert self.machine.outcome is not None, "still waits: " + "; ".join(self.machine.waits())
        return self.machine.outcome.unwrap()

    @property
    def failure(self) -> Failure:
        assert self.machine.outcome is not None, "still waits: " + "; ".join(self.machine.waits())
        assert self.machine.outcome.failure is not None, f"no failure, but {self.machine.outcome.value!r}"
        return self.machine.outcome.failure

    @property
    def waits(self) -> bool:
        return self.machine.outcome is None
