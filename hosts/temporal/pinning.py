"""What new runs are pinned to, answered where the SDK polls: most of them ask what the one before has asked.

The answer is that of Temporal's local activity `actorflow.source`, and is recorded in the history as any other. What
the SDK does around it (a task, a context, what it is told about itself) costs several times what the answer does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from temporalio.api.common.v1 import Payload
from temporalio.bridge.proto import ActivityTaskCompletion
from temporalio.worker import Worker

from actorflow.run.draw import SEED_SIZE
from hosts.temporal.activity import SOURCE
from hosts.temporal.payload import VALUES, value_of

if TYPE_CHECKING:
    from hosts.temporal.worker import TemporalWorker


@dataclass(frozen=True, slots=True)
class _Made:
    """An answer as a payload, cut where the seed of a run goes; and what it was made of."""

    answer: Mapping[str, Any]
    attributes: Mapping[str, int]
    metadata: Mapping[str, bytes]
    before: bytes
    after: bytes


class Pins:
    """The payloads that new runs of a worker are answered with, each made once; for the thread of asyncio."""

    def __init__(self, worker: TemporalWorker) -> None:
        """Know none yet."""
        self._worker = worker
        self._made: dict[str, _Made] = {}

    def payload(self, type_name: str) -> Payload | None:
        """Return what a new run of a type is pinned to, with a seed of its own; None if that has to be found out."""
        answer, attributes = self._worker.sources.remembered(type_name), self._worker.connection.listed()
        if answer is None or attributes is None:
            self._made.pop(type_name, None)
            return None
        made = self._made.get(type_name)
        if made is None or made.answer is not answer or made.attributes is not attributes:
            made = self._made[type_name] = _made(answer, attributes)
        return Payload(metadata=made.metadata, data=made.before + token_hex(SEED_SIZE).encode() + made.after)


def _made(answer: Mapping[str, Any], attributes: Mapping[str, int]) -> _Made:
    seed = token_hex(SEED_SIZE)  # one that nothing else in the payload can contain; no run gets it
    whole = pinned(answer, seed, attributes)
    payload = VALUES.payload_converter.to_payload(whole)
    before, after = payload.data.split(seed.encode())
    return _Made(answer, attributes, dict(payload.metadata), before, after)


def pinned(answer: Mapping[str, Any], seed: str, attributes: Mapping[str, int]) -> dict[str, Any]:
    """Return what a run is pinned to: that of its type, its own seed, and the search attributes there are."""
    whole = {**answer, "seed": seed}
    return {**whole, "attributes": dict(attributes)} if attributes else whole


class Answering:
    """The core of the SDK for a worker, which never hears of the local calls that are answered in place."""

    def __init__(self, core: Any, pins: Pins) -> None:
        """Go before `core`."""
        self._core = core
        self._pins = pins

    def __getattr__(self, name: str) -> Any:
        """Return what the core itself has."""
        return getattr(self._core, name)

    async def poll_activity_task(self) -> Any:
        """Return the next task that is not answered in place."""
        while True:
            task = await self._core.poll_activity_task()
            if not (task.start.is_local and task.start.activity_type == SOURCE and await self._answered(task)):
                return task

    async def _answered(self, task: Any) -> bool:
        """Tell whether a task has been answered; the SDK deals with one that could not be."""
        try:
            payload = self._pins.payload(value_of(task.start.input[0]))
            if payload is None:
                return False
            completion = ActivityTaskCompletion(task_token=task.task_token)
            completion.result.completed.result.CopyFrom(payload)
            await self._core.complete_activity_task(completion)
        except Exception:  # noqa: BLE001 - the SDK meets the same fault and says what it is
            return False
        return True


def answering(worker: Worker, pins: Pins) -> None:
    """Have what new runs are pinned to answered where the SDK polls; where its insides are others, as any activity."""
    core: Any = getattr(worker, "_bridge_worker", None)
    if hasattr(core, "poll_activity_task") and hasattr(core, "complete_activity_task"):
        worker._bridge_worker = Answering(core, pins)  # type: ignore[assignment] # noqa: SLF001 - there is no public way
