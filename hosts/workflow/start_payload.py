"""The payload of a start event: what a run is started with, and its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

from actorflow.codec import encode, encode_copied
from actorflow.run.draw import SEED_SIZE
from actorflow.value import UNUSUAL, Limits, copy_quickly

if TYPE_CHECKING:
    from actorflow.bundle import Bundle
    from actorflow.ports import SpawnRequest
    from hosts.workflow.host import WorkflowHost

_USUAL: Final = 10
"""Fields of a start event that says no more than usual."""
ROOMY: Final = 10
"""A bound on a size counts more than the bytes come to, but never so many times more."""
_LEVELS: Final = 2
"""Levels of a start event around an argument or a value of the context."""


def start_payload(
    request: SpawnRequest, bundle: Bundle, host: WorkflowHost, workflow_id: str, run_id: str
) -> dict[str, Any]:
    """Return the payload of a run's start event, its fields in the order of CBOR: no copy has to sort them."""
    payload = {
        "args": list(request.args),
        "host": host.id,
        "seed": host.engine.entropy.take(SEED_SIZE),
        "format": host.rules,
        "parent": request.parent,
        "run_id": run_id,
        "source": bundle.hash,
        "context": dict(request.context),
        "packages": _versions(bundle.options.get("packages") or ()),
        "workflow_id": workflow_id,
    }
    if name := host.engine.programs.type_name(request.entry):
        payload["type"] = name
    return payload


def encoded_start(payload: Mapping[str, Any], limits: Limits) -> bytes:
    """Return the bytes of a payload whose arguments and context values are within `limits`.

    Of a start that says no more than usual only what others said is copied. The fields that are ours are in order and
    hold what they should: it is a tenth of a workflow of one step to find that out again (1 000 of 9 000 bytecodes in
    the node's thread).
    """
    if len(payload) == _USUAL and (payload["workflow_id"] + payload["parent"]).isascii() and not payload["packages"]:
        args = [copy_quickly(arg, limits) for arg in payload["args"]]
        context = copy_quickly(payload["context"], limits)
        if UNUSUAL not in args and context is not UNUSUAL:
            data = encode_copied({**payload, "args": args, "context": context})
            if len(data) * ROOMY <= limits.size:
                return data
    return encode(payload, _of_start(limits))


@lru_cache(maxsize=8)
def _of_start(limits: Limits) -> Limits:
    return limits.around(_LEVELS)


def _versions(packages: Any) -> dict[str, str]:
    found = {}
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "unknown"
    return found
