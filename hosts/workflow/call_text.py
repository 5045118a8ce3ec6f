"""What is said of calls that are open: how far each is, and what one without a slot waits for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from actorflow.clock import instant_of
from actorflow.codec import decode

if TYPE_CHECKING:
    from hosts.workflow.open_call import OpenCall

Waiting: TypeAlias = "Iterable[tuple[int, int, OpenCall]]"
"""The calls that wait for a slot of their host, as the heap has them."""


def progress_of(call: OpenCall, waiting: Waiting) -> str:
    """Say how far a call is that is attempted or waits for a slot; "" of any other."""
    if call.give_up is not None and not call.answered:
        row = call.row
        heard = f", last heard of at {instant_of(row.begun)}" if row is not None and row.begun > call.began else ""
        details = f": {decode(call.details)!r:.200}" if heard and call.details else ""
        since = instant_of(call.began) if call.began else "now"
        return f"runs here: attempt {call.request.attempt} since {since}{heard}{details}"
    return wait_of(call, waiting).removeprefix(f"call {call.ref} of {call.request.target} ")


def wait_of(call: OpenCall, waiting: Waiting) -> str:
    """Say that a call waits for a slot, and what takes the slots; "" of one that does not."""
    if call.gate is not None and (text := call.gate.told(call)):
        return text
    if not any(call is other for _, _, other in waiting):
        return ""
    most = call.host.concurrency
    return f"call {call.ref} of {call.request.target} waits for a slot: {most} calls of {call.host.id} run"
