"""A machine that runs a Python script with a fake driver, started and run until it waits."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from actorflow.bundle import Bundle
from actorflow.errors import Failure
from actorflow.language.python import PythonLanguage
from actorflow.machine.machine import Machine
from actorflow.message import Message
from actorflow.notice import Notice
from actorflow.ports import Outcome
from tests.unit.machine.scripted import FakeDriver



class Driver(FakeDriver):
    """The fake driver, with the notices themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.notices: list[Notice] = []

    def notice(self, notice: Notice) -> None:
        self.notices.append(notice)


def bundle(source: str, method: str = "", line: int = 0, **options: Any) -> Bundle:
    """Return the bundle of a script in `shop.py`; its line numbers are those of `source` as written."""
    text = textwrap.dedent(source)
    return Bundle("app:shop", "process.py", text, file="shop.py", line=line, method=method, options=options)


class Run:
    """One script that runs."""

    def __init__(
        self,
        source: str,
        *args: Any,
        answers: Mapping[str, Any] | None = None,
        language: PythonLanguage | None = None,
        **options: Any,
    ) -> None:
        self.driver = Driver()
        self.driver.answers.update(answers or {})
        self.language = language or PythonLanguage(self.driver.notice)
        self.machine = Machine(self.driver, self.language.compile(bundle(source, **options)))
        self.machine.start(args)
        self.run()

    def run(self) -> None:
        self.machine.run(-1)

    def settle(self, ref: int, value: Any = None, failure: Failure | None = None) -> bool:
        taken = self.machine.settle(ref, Outcome(value, failure))
        self.run()
        return taken

    def fire(self, ref: int) -> bool:
        taken = self.machine.fire(ref)
        self.run()
        return taken

    def deliver(self, topic: str, *payloads: Any, sender: str = "") -> None:
        self.machine.deliver(Message(topic, sender, payloads))
        self.run()

    def cancel(self, reason: str = "") -> None:
        self.machine.cancel("", reason)
        self.run()

    def asked(self, verb: str) -> list[tuple[Any, ...]]:
        """Return what the script asked of its driver by this verb."""
        return [ask[1:] for ask in self.driver.asked if ask[0] == verb]

    @property
    def waits(self) -> bool:
        return self.machine.outcome is None

    @property
    def value(self) -> Any:
        assert self.machine.outcome is not None, "still waits: " + "; ".join(self.machine.waits())
        return self.machine.outcome.unwrap()

    @property
    def failure(self) -> Failure:
        assert self.machine.outcome is not None, "still waits: " + "; ".join(self.machine.waits())
        assert self.machine.outcome.failure is not None, f"no failure, but {self.machine.outcome.value!r}"
        return self.machine.outcome.failure
