"""What Python scripts import: `from actorflow.script import channel, funcs, process, time`.

The same calls as in Lua, in Python's manners: what may wait is awaited, a refusal is an exception, durations are
seconds, a `timedelta` or text, and dataclasses may be passed where maps go.
"""

from __future__ import annotations

from actorflow.script import activity, channel, ctx, errors, funcs, json, logger, process, random, time, uuid, workflow
from actorflow.script.errors import Cancelled, Error, Rejected
from actorflow.script.message import Event, Message
from actorflow.script.operation import wait

__all__ = [
    "Cancelled",
    "Error",
    "Event",
    "Message",
    "Rejected",
    "activity",
    "channel",
    "ctx",
    "errors",
    "funcs",
    "json",
    "logger",
    "process",
    "random",
    "time",
    "uuid",
    "wait",
    "workflow",
]
