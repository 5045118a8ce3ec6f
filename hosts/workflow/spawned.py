"""What is recorded of a spawn, and the request that it is made from again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from actorflow.codec import decode
from actorflow.ports import SpawnRequest

if TYPE_CHECKING:
    from actorflow.value import Value
    from hosts.workflow.driver import Record


def spawn_payload(request: SpawnRequest, *, wait: bool) -> dict[str, Any]:
    """Return what is recorded of a spawn; `spawn_request` undoes it."""
    plain: dict[str, Any] = {"host": request.host, "args": list(request.args), "wait": wait}
    if request.name:
        plain["name"] = request.name
    if request.messages:
        plain["messages"] = [[topic, list(payloads)] for topic, payloads in request.messages]
    if request.context:
        plain["context"] = dict(request.context)
    if request.options:
        plain["options"] = dict(request.options)
    return plain


def spawn_request(record: Record, parent: str, context: Mapping[str, Value]) -> tuple[SpawnRequest, bool]:
    """Return the request that was recorded, and whether its result is waited for; `context` is inherited."""
    plain = decode(record.payload)
    request = SpawnRequest(
        entry=record.target,
        host=plain["host"],
        args=tuple(plain["args"]),
        name=plain.get("name", ""),
        messages=tuple((topic, tuple(payloads)) for topic, payloads in plain.get("messages", ())),
        context={**context, **plain.get("context", {})},
        options=plain.get("options", {}),
        parent=parent,
    )
    return request, plain["wait"]
