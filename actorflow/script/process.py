"""Processes: starting them, talking to them, watching them; and the tasks inside this one.

    pid = await process.spawn("app:worker", "app:processes", 42)
    await process.send(pid, "job", {"n": 1})
    async for message in process.inbox():
        print(message.topic, message.payload)

What may wait is awaited; what never waits (`pid`, `inbox`, `events`, `listen`, …) is a plain call.
"""

from __future__ import annotations

import types
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Final, Literal, NoReturn, TypeVar, overload

from actorflow.errors import invalid
from actorflow.machine.op import Op
from actorflow.message import CANCEL, EXIT, LINK_DOWN, OUTDATED
from actorflow.script import name as registry
from actorflow.script.argument import text
from actorflow.script.channel import Channel, WaitFor
from actorflow.script.current import CURRENT, ask, identity, running
from actorflow.script.message import Event, Message
from actorflow.script.record import plain_args
from actorflow.script.spawner import Spawner
from actorflow.script.task import Task, checkpoint, gather, start, timeout

__all__ = [
    "Event",
    "Message",
    "Spawner",
    "Task",
    "cancel",
    "checkpoint",
    "event",
    "events",
    "exec",
    "gather",
    "get_options",
    "id",
    "inbox",
    "io",
    "link",
    "listen",
    "monitor",
    "pid",
    "registry",
    "send",
    "set_options",
    "spawn",
    "spawn_linked",
    "spawn_linked_monitored",
    "spawn_monitored",
    "start",
    "subscribe",
    "terminate",
    "timeout",
    "unlink",
    "unlisten",
    "unmonitor",
    "unsubscribe",
    "upgrade",
    "with_actor",
    "with_context",
    "with_message",
    "with_name",
    "with_options",
    "with_scope",
]

T = TypeVar("T")

_SEND_MESSAGE: Final = Op.SEND_MESSAGE
_CONTROL: Final = Op.CONTROL
Done = Generator[tuple[Any, ...], Any, None]


class event:  # noqa: N801 - `process.event.EXIT`, as in both languages
    """The kinds of events."""

    CANCEL: Final = CANCEL
    EXIT: Final = EXIT
    LINK_DOWN: Final = LINK_DOWN
    OUTDATED: Final = OUTDATED


_PLAIN: Final = Spawner()
spawn = _PLAIN.spawn
spawn_monitored = _PLAIN.spawn_monitored
spawn_linked = _PLAIN.spawn_linked
spawn_linked_monitored = _PLAIN.spawn_linked_monitored
exec = _PLAIN.exec  # noqa: A001 - the name scripts know
with_context = _PLAIN.with_context
with_actor = _PLAIN.with_actor
with_scope = _PLAIN.with_scope
with_options = _PLAIN.with_options
with_name = _PLAIN.with_name
with_message = _PLAIN.with_message


def pid() -> str:
    """Return the PID of this process."""
    return identity().pid


def id() -> str:  # noqa: A001 - the name scripts know
    """Return the registry id of the entry this process runs."""
    return identity().entry


@types.coroutine
def send(dest: str, topic: str, *payloads: Any) -> Done:
    """Send a message to a PID or a registered name; dataclasses become maps.

    Raises:
        Error: kind NotFound when nobody is there, Invalid for an empty topic or one that begins with `@`.
    """
    if type(dest) is not str:
        dest = text("process.send", "destination", dest)
    if not (CURRENT.get(None) or running()).post(dest, topic, payloads):
        yield (_SEND_MESSAGE, text("process.send", "destination", dest), topic, plain_args(payloads))


def inbox() -> Channel[Message]:
    """Return the channel of every message that no listener takes; always the same one."""
    return _subscribed((Op.INBOX,))


def events() -> Channel[Event]:
    """Return the channel of events, always the same; from now on a cancellation arrives there, not as `Cancelled`."""
    return _subscribed((Op.EVENTS,), Event)


@overload
def listen(topic: str, *, message: Literal[True]) -> Channel[Message]: ...
@overload
def listen(topic: str, *, message: bool = False) -> Channel[Any]: ...
def listen(topic: str, *, message: bool = False) -> Channel[Any]:
    """Return the channel of one topic, of payloads or with `message` of messages; the same one for the same topic.

    Raises:
        Error: kind Invalid, for an empty topic or one that begins with `@`.
    """
    return _subscribed((Op.LISTEN, topic, message))


def _subscribed(op: tuple[Any, ...], seen: Callable[[Any], Any] | None = None) -> Channel[Any]:
    raw = ask(op)
    found: Channel[Any] | None = raw.face
    if found is None:
        found = raw.face = Channel(raw, seen)
    return found


def unlisten(channel: Channel[Any]) -> bool:
    """Close a channel that `listen`, `inbox` or `events` returned; tell whether it was open.

    Later messages of its topic go where they would without it.
    """
    if not isinstance(channel, Channel):
        raise invalid(f"process.unlisten: got {channel!r:.80}, expected a channel of process.listen")
    channel.raw.face = None
    return bool(ask((Op.UNLISTEN, channel.raw)))


def subscribe(topic: str, channel: Channel[Any]) -> None:
    """Bind a channel of your own to a topic: its payloads arrive there.

    Raises:
        Error: kind AlreadyExists when the topic has another channel or the channel another topic, Invalid for a closed
            channel and for a topic that is empty or begins with `@`.
    """
    ask((Op.SUBSCRIBE, topic, _own(channel, "subscribe").raw))


def unsubscribe(channel: Channel[Any]) -> bool:
    """Take a channel from its topic again, and leave it open; tell whether it had one."""
    return bool(ask((Op.UNSUBSCRIBE, _own(channel, "unsubscribe").raw)))


def _own(channel: Any, verb: str) -> Channel[Any]:
    if not isinstance(channel, Channel):
        raise invalid(f"process.{verb}: got {channel!r:.80}, expected a channel")
    return channel


@types.coroutine
def monitor(dest: str) -> Done:
    """Ask for an EXIT event when a process ends.

    Raises:
        Error: when it does not exist, or is monitored already.
    """
    yield (_CONTROL, "monitor", text("process.monitor", "PID", dest), None)


@types.coroutine
def unmonitor(dest: str) -> Done:
    """Take back a `monitor`; without one it does nothing."""
    yield (_CONTROL, "unmonitor", text("process.unmonitor", "PID", dest), None)


@types.coroutine
def link(dest: str) -> Done:
    """Link this process and another: when one fails, so does the other, or it gets LINK_DOWN if it traps links.

    Raises:
        Error: when it does not exist.
    """
    yield (_CONTROL, "link", text("process.link", "PID", dest), None)


@types.coroutine
def unlink(dest: str) -> Done:
    """Take back a link; without one it does nothing."""
    yield (_CONTROL, "unlink", text("process.unlink", "PID", dest), None)


@types.coroutine
def cancel(dest: str, reason: str = "") -> Done:
    """Ask a process to stop: a CANCEL event if it has opened its events, else `Cancelled` at its wait.

    Raises:
        Error: kind NotFound, when it does not exist.
    """
    yield (_CONTROL, "cancel", text("process.cancel", "PID", dest), text("process.cancel", "reason", reason))


@types.coroutine
def terminate(dest: str) -> Done:
    """End a process without running any more of its code.

    Raises:
        Error: when it does not exist.
    """
    yield (_CONTROL, "terminate", text("process.terminate", "PID", dest), None)


def get_options() -> dict[str, Any]:
    """Return the options of this process: `trap_links` and `upgradable`."""
    return {name: ask((Op.GET_OPTION, name)) for name in ("trap_links", "upgradable")}


def set_options(**options: Any) -> None:
    """Set options of this process, each True or False.

    `trap_links`: a failing link arrives as LINK_DOWN event. `upgradable`: an OUTDATED event tells that the registry has
    other code for this process now, and the sources that have changed; a workflow keeps its code and hears of none.

    Raises:
        Error: kind Invalid, for an unknown option.
    """
    for name, value in options.items():
        ask((Op.SET_OPTION, name, value))


@types.coroutine
def io(function: Callable[..., Awaitable[T]], *args: Any) -> WaitFor[T]:
    """Run an async (trio) function of ordinary Python beside this process and return its value.

    Raises:
        Error: kind Invalid on a durable host, where direct I/O belongs into a function called by `funcs.call`, and for
            what is no function.
    """
    if not callable(function):
        raise invalid(f"process.io: got {function!r:.80}, expected an async function and its arguments")
    value: T = yield (Op.PERFORM, "io", (function, *args))
    return value


@types.coroutine
def upgrade(entry: str | None = None, *args: Any) -> Generator[tuple[Any, ...], Any, NoReturn]:
    """Replace this process's code, by another entry or by its own as it is now, started with `args`; never returns.

    PID, name, monitors, links and waiting messages stay; everything in memory is lost.

    Raises:
        Error: kind Invalid, where the host has no upgrade.
    """
    yield (Op.PERFORM, "upgrade", (text("process.upgrade", "entry", "" if entry is None else entry), *plain_args(args)))
    raise invalid("process.upgrade: the host let the old code go on")
