"""A Python script on a real machine with a fake driver."""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from actorflow.bundle import Bundle
from actorflow.language.python import PythonLanguage
from actorflow.machine.machine import Machine
from actorflow.message import Message
from actorflow.notice import Notice, NoticeSink, drop
from actorflow.ports import PENDING, SpawnRequest
from tests.unit.machine import scripted

HEAD = (
    "from actorflow.script import channel, ctx, errors, funcs, json, logger, process, random, time, uuid, workflow\n"
    "from actorflow.script.errors import Cancelled, Error\n"
)


class FakeDriver(scripted.FakeDriver):
    """Remembers requests, options and log lines whole; draws bytes that differ from draw to draw."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[SpawnRequest] = []
        self.options: list[Mapping[str, Any]] = []
        self.lines: list[tuple[str, str, Mapping[str, Any]]] = []
        self.notices: list[Notice] = []
        self.draws: list[tuple[str, int]] = []

    def call(self, ref: int, target: str, args: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
        self.options.append(options)
        return super().call(ref, target, args, options)

    def spawn(self, ref: int, request: SpawnRequest, *, wait: bool) -> Any:
        self.requests.append(request)
        return super().spawn(ref, request, wait=wait)

    def draw(self, kind: str, size: int) -> bytes:
        self.draws.append((kind, size))
        return hashlib.shake_128(str(len(self.draws)).encode()).digest(size)

    def note(self, level: str, text: str, fields: Mapping[str, Any]) -> None:
        self.lines.append((level, text, fields))

    def notice(self, notice: Notice) -> None:
        self.notices.append(notice)


def bundle_of(source: str, *, head: str = HEAD, **parts: Any) -> Bundle:
    return Bundle("app:main", "process.py", head + textwrap.dedent(source), file="main.py", **parts)


class Bench(scripted.Bench):
    """A script, started and run until it waits. Line 1 of the source is line 3 of `main.py`."""

    driver: FakeDriver

    def __init__(
        self,
        source: str,
        *args: Any,
        answers: Mapping[str, Any] | None = None,
        notices: NoticeSink = drop,
        identity: Mapping[str, Any] | None = None,
        durable: bool = False,
        **parts: Any,
    ) -> None:
        self.driver = FakeDriver()
        self.driver.identity = replace(self.driver.identity, **(identity or {}))
        self.driver.answers.update(answers or {})
        program = PythonLanguage(notices).compile(bundle_of(source, **parts), durable=durable)
        self.machine = Machine(self.driver, program)
        self.machine.start(args)
        self.run()

    def deliver(self, topic: str, *payloads: Any, sender: str = "") -> None:
        self.machine.deliver(Message(topic, sender, payloads))
        self.run()


__all__ = ["PENDING", "Bench", "FakeDriver", "bundle_of"]
