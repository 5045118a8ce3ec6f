"""What the debugger prints of one step."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from actorflow.cli.output import cell, plain
from actorflow.clock import instant_of

if TYPE_CHECKING:
    from actorflow.bundle import Bundle

_AROUND: Final = 4
_WIDTH: Final = 100


def printed_moment(seen: dict[str, Any]) -> str:
    """Return the lines of a step."""
    return "\n".join(_moment(seen))


def _moment(seen: dict[str, Any]) -> Iterator[str]:
    when = f" · {instant_of(seen['at'])}" if seen["at"] else ""
    yield f"step {seen['step']} of {seen['steps']} · event {seen['seq']}{when}"
    if seen["fed"] is not None:
        yield f"  fed     {_event(seen['fed'])}"
    yield from (f"  led to  {_event(event)}" for event in seen["records"])
    for task in seen["tasks"]:
        yield from _task(task)
    yield from (f"inbox  {message['topic']}: {_short(message['payloads'])}" for message in seen["inbox"])
    yield from (f"channel  {_channel(channel)}" for channel in seen["channels"])
    yield from (f"open  {request['what']}" for request in seen["requests"])
    if seen["ended"] is not None:
        error, result = seen["ended"]["error"], seen["ended"]["result"]
        yield f"ended: {cell('error', error) if error is not None else _short(result)}"
    if seen["fault"]:
        yield seen["fault"]


def _event(event: dict[str, Any]) -> str:
    parts = [str(event["seq"]), event["kind"], event["target"]]
    if event["step"] and event["step"] != event["target"]:
        parts.append(f"(step {event['step']})")
    if event["payload"] is not None:
        parts.append(_short(event["payload"]))
    if event.get("answers"):
        parts.append(f"← {event['answers']}")
    return "  ".join(part for part in parts if part)


def _task(task: dict[str, Any]) -> Iterator[str]:
    yield f"task {task['task']}  {task['place'] or '-'}  waits: {task['waits']}"
    for frame in task["frames"]:
        yield f"  {frame['file']}:{frame['line']} in {frame['function']}:  {frame['source']}"
        yield from (f"      {name} = {text}" for name, text in frame["locals"].items())


def _channel(channel: dict[str, Any]) -> str:
    parts = [f"{channel['name']}: {len(channel['buffer'])} of {channel['size']}"]
    if channel["buffer"]:
        parts.append(f"[{', '.join(channel['buffer'])}]")
    parts += [f"task {sender['task']} waits to send {sender['item']}" for sender in channel["senders"]]
    parts += [f"task {number} waits to receive" for number in channel["receivers"]]
    return "  ".join(parts) + ("  closed" if channel["closed"] else "")


def _short(value: Any) -> str:
    text = json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"), default=str)
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def printed_source(seen: dict[str, Any], bundle: Bundle) -> str:
    """Return the source around the place of each task."""
    sources = dict(_sources(bundle))
    blocks = []
    for task in seen["tasks"]:
        file, _, line = task["place"].rpartition(":")
        if file in sources:
            blocks.append("\n".join([f"task {task['task']}  {task['place']}", *_around(sources[file], int(line))]))
    return "\n\n".join(blocks) or "no task stands in a source"


def _sources(bundle: Bundle) -> Iterator[tuple[str, list[str]]]:
    for library in bundle.imports.values():
        yield from _sources(library)
    yield bundle.file or bundle.id, [""] * bundle.line + bundle.source.splitlines()


def _around(lines: list[str], line: int) -> Iterator[str]:
    for number in range(max(line - _AROUND, 1), min(line + _AROUND, len(lines)) + 1):
        yield f"{'>' if number == line else ' '} {number:4}  {lines[number - 1]}"
