"""What a run is at a step of the debugger: its tasks and what each waits for, what they hold, what is on its way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from actorflow.bundle import Bundle
from actorflow.clock import instant_of
from actorflow.codec import decode
from actorflow.errors import Error
from actorflow.machine.channel import Channel
from actorflow.machine.task import Task, Waiter
from actorflow.run import event as events
from actorflow.run.event import JournalEvent
from actorflow.run.step import step_of
from actorflow.store.view import event_line
from actorflow.store.why import ASKING
from hosts.workflow.debugging import Debugger

if TYPE_CHECKING:
    from actorflow.machine.machine import Machine
    from hosts.workflow.driver import Record

_LAST: Final = 2**63


def moment(debugger: Debugger) -> dict[str, Any]:
    """Return everything there is to see at the step where a debugger stands, as plain data."""
    live, position = debugger.live, debugger.position
    fact, recorded = debugger.steps[position - 1] if position else (None, [])
    tasks = _tasks(debugger)
    return {
        "workflow_id": debugger.capsule.held.row.workflow_id,
        "step": position,
        "steps": len(debugger.steps),
        "seq": debugger.seq,
        "at": fact.at if fact is not None else 0,
        "fed": {**event_line(fact), "answers": _answered(debugger, fact)} if fact is not None else None,
        "records": [event_line(event) for event in recorded],
        "ended": _ended(debugger),
        "tasks": [line for line, _ in tasks],
        "inbox": _inbox(live.machine),
        "channels": _channels(live.machine, tasks),
        "requests": list(requests(debugger)),
        "fault": debugger.fault,
        "redacted": debugger.capsule.redacted,
    }


def _ended(debugger: Debugger) -> dict[str, Any] | None:
    outcome = debugger.live.outcome
    if outcome is None:
        return None
    return {"result": outcome.value, "error": outcome.failure}


def _inbox(machine: Machine) -> list[dict[str, Any]]:
    unread = machine.unread()
    return [{"topic": item.topic, "from": item.sender, "payloads": list(item.payloads)} for item in unread]


# ---- tasks ---------------------------------------------------------------------------------------------------------


def _tasks(debugger: Debugger) -> list[tuple[dict[str, Any], Task]]:
    machine, sources = debugger.live.machine, _sources(debugger.capsule.bundle)
    asked = {line["ref"]: line["what"] for line in requests(debugger)}
    tasks = list(_walk(machine))
    waits = machine.waits()
    lines = []
    for number, task in enumerate(tasks, 1):
        has_ended = machine.outcome is not None and task.wait is None  # else it was ended from outside, while it waited
        said = "ended" if has_ended else waits[number - 1].rpartition("  ")[2]
        wait = asked.get(task.wait, said) if isinstance(task.wait, int) else said
        lines.append((_task(machine, task, number, wait, sources), task))
    return lines


def _walk(machine: Machine) -> Iterator[Task]:
    """Yield the tasks in the order of `Machine.waits`."""
    tasks = [] if machine.main is None else [machine.main]
    while tasks:
        task = tasks.pop(0)
        tasks.extend(task.children or ())
        yield task


def _task(machine: Machine, task: Task, number: int, wait: str, sources: Mapping[str, list[str]]) -> dict[str, Any]:
    script: Any = machine.script
    frames = [
        {
            "file": frame.file,
            "line": frame.line,
            "function": frame.function,
            "source": _line(sources, frame.file, frame.line),
            "locals": {variable.name: variable.text for variable in frame.variables},
        }
        for frame in (script.frames(task.handle) if hasattr(script, "frames") else ())
    ]
    top = frames[0] if frames else None
    return {
        "task": number,
        "place": f"{top['file']}:{top['line']}" if top else "",
        "source": top["source"] if top else "",
        "waits": wait,
        "frames": frames,
    }


def _sources(bundle: Bundle) -> dict[str, list[str]]:
    """Return the lines of every source of a bundle by its file, as numbered there."""
    found = {name: line for library in bundle.imports.values() for name, line in _sources(library).items()}
    return {**found, bundle.file or bundle.id: [""] * bundle.line + bundle.source.splitlines()}


def _line(sources: Mapping[str, list[str]], file: str, line: int) -> str:
    lines = sources.get(file, [])
    return lines[line - 1].strip() if 0 < line <= len(lines) else ""


# ---- channels ------------------------------------------------------------------------------------------------------


def _channels(machine: Machine, tasks: list[tuple[dict[str, Any], Task]]) -> list[dict[str, Any]]:
    names: dict[Channel, str] = {}
    for topic, channel in (machine.subscriptions or {}).items():
        names[channel] = f"topic {topic}"
    for _, task in tasks:
        for name, channel in _held(machine, task):
            names.setdefault(channel, name)
    numbers = {task: line["task"] for line, task in tasks}
    for _, task in tasks:
        for waiter in _waiters(task):
            names.setdefault(waiter.channel, "a channel")
    return [_channel(machine, channel, name, numbers) for channel, name in names.items()]


def _held(machine: Machine, task: Task) -> Iterator[tuple[str, Channel]]:
    """Yield the channels that variables of a task hold, by their names."""
    script: Any = machine.script
    for frame in script.frames(task.handle) if hasattr(script, "frames") else ():
        for variable in frame.variables:
            thing = variable.thing
            channel = thing if isinstance(thing, Channel) else getattr(thing, "channel", None)
            if isinstance(channel, Channel):
                yield variable.name + ("" if thing is channel else ".channel"), channel


def _waiters(task: Task) -> tuple[Waiter, ...]:
    wait = task.wait
    if isinstance(wait, tuple):
        return wait
    return (wait,) if isinstance(wait, Waiter) else ()


def _channel(machine: Machine, channel: Channel, name: str, numbers: Mapping[Task, int]) -> dict[str, Any]:
    script: Any = machine.script
    return {
        "name": name,
        "topic": channel.topic,
        "size": channel.size,
        "closed": channel.closed,
        "buffer": [script.shown(item) for item in channel.buffer or ()],
        "senders": [
            {"task": numbers.get(waiter.task, 0), "item": script.shown(waiter.item)} for waiter in channel.senders or ()
        ],
        "receivers": [numbers.get(waiter.task, 0) for waiter in channel.receivers or ()],
    }


def _answered(debugger: Debugger, fact: JournalEvent) -> str:
    """Return what a fact answers, "" when it answers nothing."""
    before = (event for event in debugger.journal[: fact.seq - 1] if event.kind not in events.FACTS)
    asked = next((event for event in before if fact.ref and event.ref == fact.ref), None)
    return _what(asked, asked.at) if asked is not None else ""


# ---- requests ------------------------------------------------------------------------------------------------------


def requests(debugger: Debugger) -> Iterator[dict[str, Any]]:
    """Yield what the script has asked for and nobody has answered, with when it was asked (Unix nanoseconds)."""
    journal, seq = debugger.journal, debugger.seq or 0
    asked = {event.ref: event for event in journal[:seq] if event.kind not in events.FACTS}
    for ref, record in debugger.live.driver.open.items():
        event = asked.get(ref)
        since = event.at if event is not None else debugger.live.driver.now()
        yield {"ref": ref, "kind": record.kind, "what": _what(record, since), "since": since, **_due(record, since)}


def _due(record: Record, since: int) -> dict[str, Any]:
    delay = _payload(record)
    return {"due": since + delay} if record.kind == events.TIMER_STARTED and isinstance(delay, int) else {}


def _what(record: Record | JournalEvent, since: int) -> str:
    name = step_of(record.kind, record.target, _payload(record))
    step = f"step {name}: " if name else ""
    if record.kind == events.TIMER_STARTED:
        due = _payload(record)
        when = f" due at {instant_of(min(since + due, _LAST))}" if isinstance(due, int) else ""
        return f"{step}timer{when} (request {record.ref})"
    asking = ASKING.get(record.kind, record.kind + " {target}").format(target=record.target)
    return f"{step}{asking} (request {record.ref})"


def _payload(record: Record | JournalEvent) -> Any:
    try:
        return decode(record.payload) if record.payload else None
    except Error:
        return None
