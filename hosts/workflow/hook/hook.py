"""The resource of a `workflow.hook` entry: a cursor into the changes of state, and deliveries to a function.

The cursor moves on once each change before it is delivered or kept for another attempt, so that a failing delivery
holds up no other. After a crash the changes since then are delivered again, under the same delivery ids.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

import trio

from actorflow.codec import decode, encode
from actorflow.duration import SECOND
from actorflow.errors import Error, Failure, invalid
from actorflow.names import parse_id
from actorflow.node.waiting import Answer, within
from actorflow.notice import Notice
from actorflow.ports import CallRequest
from actorflow.registry.kinds.workflow_hook import WorkflowHook
from actorflow.run.document import PutDocument
from actorflow.run.retry import RetryPolicy
from actorflow.run.row import RunChanged
from actorflow.run.shard import HOOKS
from hosts.workflow.hook.delivery import CURSOR, HookDelivery, delivery_of, given_up, kept, waiting
from hosts.workflow.host import WorkflowHost

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from actorflow.value import Value

_POLL: Final = 1.0
"""Seconds after which it looks whether something has changed, though nobody of this node said so."""
_BATCH: Final = 100
_MOST: Final = 1_000


class Hook:
    """A `workflow.hook` at work (`node.hook.AnyHook`)."""

    def __init__(self, id: str, config: WorkflowHook, node: Node) -> None:  # noqa: A002 - the signature of every resource
        """Make a hook that delivers nothing yet."""
        self.id = id
        self._config = config
        self._node = node
        retry = config.retry
        self._policy = RetryPolicy(retry.initial_delay, retry.backoff_factor, retry.max_delay, retry.max_attempts)
        self._slots = trio.Semaphore(config.concurrency)
        self._scope = trio.CancelScope()
        self._ended = trio.Event()

    # ---- the service -------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to deliver: a new hook what changes from now on, another one what has changed since it stopped.

        Raises:
            Error: when its host does not serve, or the function is not there or broken.
        """
        self._node.registry.entry(self._config.call).require()
        await self._cursor()
        self._node.nursery.start_soon(self._serve)

    async def stop(self, grace: float) -> None:  # noqa: ARG002 - a delivery that is cut off is made again
        """Deliver nothing more."""
        self._scope.cancel()
        await self._ended.wait()

    async def _serve(self) -> None:
        try:
            with self._scope:
                while True:
                    moved = trio.Event()
                    try:
                        moved = self._host.engine.moved  # before it looks: what moves after that wakes it
                        wait = _POLL
                        with self._host.leading(HOOKS) as leads:
                            wait = await self._step() if leads else _POLL
                    except Error as error:
                        self._node.log("warn", f"hook {self.id}: {error.message}", {"hook": self.id})
                        wait = _POLL
                    if wait:
                        with trio.move_on_after(wait):
                            await moved.wait()
        finally:
            self._ended.set()

    async def _step(self) -> float:
        """Deliver what is due and what is new; return the seconds until it has to look again, 0 for at once."""
        read, now = self._host.engine.writer.read, self._host.engine.clock.now()
        rows = await read(lambda store: store.due_documents(waiting(self.id), now, _BATCH))
        await self._deliver([kept(row) for row in rows], again=True)
        after, revision = await self._cursor()
        changes: list[RunChanged] = await read(lambda store: store.changes(after, _BATCH))
        if changes:
            await self._deliver([self._made(change) for change in changes if self._concerns(change)], again=False)
            await self._write(PutDocument(CURSOR, self.id, encode(changes[-1].id), revision=revision))
        if len(changes) == _BATCH or len(rows) == _BATCH:
            return 0.0
        due = await read(lambda store: store.next_due_document(waiting(self.id)))
        return _POLL if due is None else min(max((due - self._host.engine.clock.now()) / SECOND, 0.001), _POLL)

    @property
    def _host(self) -> WorkflowHost:
        host = self._node.hosts.get(self._config.host)
        if not isinstance(host, WorkflowHost):
            raise invalid(f"{self.id}: host {self._config.host!r} is no workflow.host that runs here")
        return host

    async def _cursor(self) -> tuple[int, int]:
        """Return the id of the last change that is dealt with, and the revision of the document that says so."""
        writer = self._host.engine.writer
        row = await writer.read(lambda store: store.document(CURSOR, self.id))
        if row is not None:
            return decode(row.value), row.revision
        newest = await writer.read(lambda store: store.last_change())
        answer = await writer.write(PutDocument(CURSOR, self.id, encode(newest), revision=0))
        return (newest, 1) if answer.accepted else await self._cursor()  # another node was first

    async def _write(self, document: PutDocument) -> None:
        answer = await self._host.engine.writer.write(document)
        if not answer.accepted:
            raise Error(f"another node has dealt with hook {self.id}", "Conflict", retryable=True)

    def _concerns(self, change: RunChanged) -> bool:
        patterns = self._config.entry
        return (
            change.state in self._config.on
            and change.host == self._config.host
            and (not patterns or any(fnmatchcase(change.entry, pattern) for pattern in patterns))
        )

    def _made(self, change: RunChanged) -> HookDelivery:
        return delivery_of(self.id, change, self._host.pid_of(change.workflow_id))

    # ---- deliveries --------------------------------------------------------------------------------------------

    async def _deliver(self, deliveries: Iterable[HookDelivery], *, again: bool) -> None:
        """Make an attempt of each, those of one run in order; whatever fails is kept when this returns."""
        runs: dict[int, list[HookDelivery]] = {}
        for delivery in deliveries:
            runs.setdefault(delivery.run, []).append(delivery)
        async with trio.open_nursery() as nursery:
            for mine in runs.values():
                nursery.start_soon(self._deliver_run, mine, again)

    async def _deliver_run(self, deliveries: list[HookDelivery], again: bool) -> None:  # noqa: FBT001 - nursery passes by position
        for delivery in deliveries:
            async with self._slots:
                failure = await self._attempt(delivery)
            if failure is not None:
                await self._keep(delivery.failed(failure))
            elif again:
                await self._write(PutDocument(waiting(self.id), delivery.key, None))

    async def _attempt(self, delivery: HookDelivery) -> Failure | None:
        context = self._node.guard.context_of(self._config.lifecycle.security, parse_id(self.id).namespace)
        event = {**delivery.event, "attempt": delivery.attempt}
        request = CallRequest(
            self._config.call, (event,), context, {}, invocation_id=delivery.id, attempt=delivery.attempt
        )
        answer: Answer[Any] = Answer()
        try:
            give_up = self._node.calls.call(request, answer)
            await within(answer, self._config.timeout / SECOND, f"call of {self._config.call}", give_up)
        except Error as error:
            return error.failure
        return None

    async def _keep(self, delivery: HookDelivery) -> None:
        """Keep a failed delivery for its next attempt, or as a dead letter after its last."""
        failure = delivery.failure or Failure("failed")
        wait = self._policy.delay(delivery.attempt - 1, replace(failure, retryable=None))
        if wait is not None:
            text = f"hook {self.id}: attempt {delivery.attempt - 1} failed: {failure.message}"
            self._node.log("warn", text, {"delivery": delivery.id, "pid": delivery.event["pid"]})
            due = self._host.engine.clock.now() + wait
            await self._write(delivery.document(waiting(self.id), due))
            return
        await self._write(delivery.document(given_up(self.id)))
        await self._write(PutDocument(waiting(self.id), delivery.key, None))
        text = f"hook {self.id} gave {delivery.id} up after {delivery.attempt - 1} attempts: {failure.message}"
        self._node.notices(Notice("hook-dead", text, str(delivery.event["pid"])))

    # ---- AnyHook -----------------------------------------------------------------------------------------------

    async def hook_line(self) -> dict[str, Value]:
        """Return how it stands."""
        read = self._host.engine.writer.read
        after, _ = await self._cursor()
        newest = await read(lambda store: store.last_change())
        waits = await read(lambda store: store.documents(waiting(self.id), limit=_MOST))
        dead = await read(lambda store: store.documents(given_up(self.id), limit=_MOST))
        return {
            "id": self.id,
            "call": self._config.call,
            "host": self._config.host,
            "on": list(self._config.on),
            "behind": newest - after,
            "waiting": len(waits),
            "dead": len(dead),
        }

    async def dead(self) -> list[dict[str, Value]]:
        """Return the deliveries that were given up."""
        rows = await self._host.engine.writer.read(lambda store: store.documents(given_up(self.id), limit=_MOST))
        return [_dead_line(kept(row)) for row in rows]

    async def redrive(self) -> int:
        """Try every dead delivery again: the wait is stored before the dead letter goes, so that none is lost."""
        rows = await self._host.engine.writer.read(lambda store: store.documents(given_up(self.id), limit=_MOST))
        for row in rows:
            delivery = replace(kept(row), attempt=1)
            await self._write(delivery.document(waiting(self.id), self._host.engine.clock.now()))
            await self._write(PutDocument(given_up(self.id), row.key, None))
        return len(rows)


def _dead_line(delivery: HookDelivery) -> dict[str, Value]:
    return {**delivery.event, "attempts": delivery.attempt - 1, "failure": delivery.failure}
