"""The verbs of the control socket that reach one process: send, cancel, terminate.

Whoever asks from outside names runs that ended long ago as readily as those that are there: they are told what has
become of one, where a script hears that there is no such process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from actorflow.clock import instant_of
from actorflow.errors import CONFLICT, NOT_FOUND, Error
from actorflow.node import control_args as read
from actorflow.node.waiting import Answer
from actorflow.run.state import FAILED, TERMINAL

if TYPE_CHECKING:
    from actorflow.node.control import Verb
    from actorflow.node.node import Node
    from actorflow.value import Value


def sending_verbs(node: Node) -> dict[str, Verb]:
    """Return the verbs of one node by name."""

    async def send(args: Mapping[str, Value]) -> Value:
        pid, topic, payloads = read.text(args, "pid"), read.text(args, "topic"), read.items(args, "payloads")
        try:
            await node.send(pid, topic, *payloads)
        except Error as error:
            raise await _explained(node, "send to", pid, error) from None
        return True

    async def cancel(args: Mapping[str, Value]) -> Value:
        pid, reason = read.text(args, "pid"), read.text(args, "reason", "")
        try:
            await node.cancel(pid, reason)
        except Error as error:
            raise await _explained(node, "cancel", pid, error) from None
        return True

    async def terminate(args: Mapping[str, Value]) -> Value:
        dest = read.text(args, "pid")
        try:
            host, pid = node.router.resolve(dest)
            answer = Answer[bool]()
            host.terminate(pid, answer)  # not the router's, whose failures are all of kind Internal
            await answer.wait()
        except Error as error:
            raise await _explained(node, "terminate", dest, error) from None
        return True

    return {"send": send, "cancel": cancel, "terminate": terminate}


async def _explained(node: Node, verb: str, dest: str, error: Error) -> Error:
    """Return what is wrong: that a run has ended, and how, instead of that there is none that is open."""
    if error.kind != NOT_FOUND:
        return error
    try:
        run = await node.runs.show(dest)
    except Error:  # it is no run of a store of this node
        return error
    return ended(verb, dest, run) if run["state"] in TERMINAL else error


def ended(verb: str, dest: str, run: Mapping[str, Any]) -> Error:
    """Return the error of a verb that reaches open runs only, for one that has ended, as `run show` shows it."""
    state, since = run["state"], run["states"][-1]["at"] if run["states"] else run["updated"]
    way = "; `actorflow run retry` opens it again" if state == FAILED else ""
    text = (
        f"cannot {verb} {dest!r}: its run is {state}, since {instant_of(since)}, and nothing reaches it any more{way}"
    )
    return Error(text, CONFLICT, retryable=False, details={"state": state, "since": since, "run_id": run["run_id"]})
