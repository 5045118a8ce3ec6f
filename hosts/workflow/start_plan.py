"""Plans of starts: what is the same for every plain start of an entry on a host, found out once.

A start is plain when it gives no options, no name and no messages, and neither its entry nor its node say anything
more about it. It needs only what is its own: ids, seed, arguments, context, parent. The rest (source, program, limits,
queue, what `workflow.info()` says, most bytes of the start event) is in the plan, which holds for as long as the
registry answers with the very same entry and source. Every other start goes the whole way of `start.prepare`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from actorflow.codec import encode, encode_copied
from actorflow.errors import Error
from actorflow.run.draw import SEED_SIZE
from actorflow.value import UNUSUAL, copy_quickly
from hosts.workflow.start_payload import ROOMY
from hosts.workflow.start_terms import FIRST_ATTEMPT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from actorflow.bundle import Bundle
    from actorflow.node.program import Entry
    from actorflow.ports import Program, SpawnRequest
    from actorflow.run.turn import StartRun
    from hosts.workflow.host import WorkflowHost
    from hosts.workflow.settings import RunLimits

_SHORT: Final = 24
"""Lengths below this are in the first byte of CBOR."""
_LIST: Final = 0x80
_KEPT: Final = 10_000
"""Plans of a host; beyond that all are made again."""
_MORE: Final = frozenset({"lock_keys", "packages"})
"""What the options of a source may say that its starts are not plain with."""

_ARGS: Final = b"\xaa" + encode("args")
_SEED: Final = encode("seed") + encode(bytes(SEED_SIZE))[:2]
_FORMAT: Final = encode("format")
_PARENT: Final = encode("parent")
_RUN_ID: Final = encode("run_id")
_NOTHING: Final = encode({})
_NO_PARENT: Final = encode("")
_LONG: Final = 256
_TEXT_HEADS: Final = tuple(encode("x" * size)[: 1 if size < _SHORT else 2] for size in range(_LONG))
"""What comes before a text in ASCII, by its length."""
_REST: Final = encode("packages") + _NOTHING + encode("workflow_id")


class Said(NamedTuple):
    """What a start event says of its own: `args` and `context` as they were copied, and the whole payload as bytes."""

    args: list[Any]
    context: Mapping[str, Any]
    data: bytes


@dataclass(frozen=True, slots=True)
class StartPlan:
    """What plain starts of one entry on one host have in common.

    Attributes:
        entry, bundle: what the registry answered. program: the compiled source.
        limits: what the runs are held to.
        queue, strict: as in their rows. facts: what `workflow.info()` says of each of them.
        host, source: the fields of the start event, as CBOR, that are between the ones which differ.
    """

    entry: Entry
    bundle: Bundle
    program: Program
    limits: RunLimits
    queue: str
    strict: str
    facts: Mapping[str, Any]
    host: bytes
    source: bytes

    def said(self, request: SpawnRequest, rules: int, workflow_id: str, run_id: str, seed: bytes) -> Said | None:
        """Return the start event of a request, whose bytes are those of `encoded_start`; None for an unusual one.

        Put together from what is known, it takes a quarter of what it takes to encode a map of ten fields.
        """
        bounds, parent = self.limits.values, request.parent
        args = [copy_quickly(arg, bounds) for arg in request.args]
        context = copy_quickly(dict(request.context), bounds) if request.context else {}
        if UNUSUAL in args or context is UNUSUAL or not (workflow_id + parent).isascii():
            return None
        data = b"".join(
            (
                *(_ARGS, _list(args), self.host, seed, _FORMAT, encode_copied(rules), _PARENT),
                *(encode_copied(parent) if parent else _NO_PARENT, _RUN_ID, _text(run_id), self.source),
                *(encode_copied(context) if context else _NOTHING, _REST, _text(workflow_id)),
            )
        )
        return Said(args, context, data) if len(data) * ROOMY <= self.limits.values.size else None


def _text(text: str) -> bytes:
    """Return the bytes of a text in ASCII; those of ids cost a third of what a call of the encoder does."""
    return _TEXT_HEADS[len(text)] + text.encode() if len(text) < _LONG else encode_copied(text)


def _list(args: list[Any]) -> bytes:
    """Return the bytes of a list: of a short one its parts take less time than the whole."""
    if len(args) >= _SHORT:
        return encode_copied(args)
    return bytes((_LIST + len(args),)) + b"".join(map(encode_copied, args))


def plan_of(host: WorkflowHost, entry_id: str) -> StartPlan | None:
    """Return the plan by which an entry is started on a host, None when there is none (any more)."""
    plan, node = host.plans.get(entry_id), host.node
    if plan is None:
        return None
    try:
        if node.registry.entry(entry_id) is plan.entry and node.registry.bundle(entry_id) is plan.bundle:
            return None if node.guard.strict or node.guard.own(entry_id) else plan
    except Error:
        pass  # the long way says what is wrong
    del host.plans[entry_id]
    return None


def make_plan(host: WorkflowHost, start: StartRun, limits: RunLimits) -> None:
    """Let plain starts go by a plan after this one, which is plain, unless their entry says more about them."""
    registry, programs, entry_id = host.node.registry, host.engine.programs, start.entry
    try:
        entry, bundle = registry.entry(entry_id), registry.bundle(entry_id)
    except Error:
        return
    is_plain = _MORE.isdisjoint(bundle.options) and host.settings.queues is None and not programs.type_name(entry_id)
    if bundle.hash != start.bundle_hash or not is_plain:  # a function has another source: a script that calls it
        return
    if len(host.plans) >= _KEPT:
        host.plans.clear()
    host.plans[entry_id] = StartPlan(
        entry=entry,
        bundle=bundle,
        program=programs.pinned(bundle, host.settings.slices),
        limits=limits,
        queue=start.queue,
        strict=start.strict,
        facts={"workflow_type": entry_id, "task_queue": host.task_queue, "namespace": start.node, **FIRST_ATTEMPT},
        host=host_field(host.id),
        source=source_field(bundle.hash),
    )


def host_field(host_id: str) -> bytes:
    """Return the bytes between the arguments and the seed of a start event."""
    return encode("host") + encode(host_id) + _SEED


def source_field(content_hash: str) -> bytes:
    """Return the bytes between the run id and the context of a start event."""
    return encode("source") + encode(content_hash) + encode("context")
