"""A run on Temporal: a dynamic workflow that feeds a machine with what happens to it.

One fact at a time, in the order of the history: the batch of a workflow task is never visible to a script. What the
script asks becomes commands at once; see `effect`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from temporalio import workflow
from temporalio.common import RawValue

from actorflow.codec import decode, encode
from actorflow.errors import CONFLICT, Failure
from actorflow.message import EVENTS_TOPIC
from actorflow.node.limit import written_limits
from actorflow.ports import Identity
from actorflow.run import event as events
from actorflow.run.event import JournalEvent
from actorflow.run.rule import rules_of
from hosts.temporal import look
from hosts.temporal.activity import SOURCE, unwrapped
from hosts.temporal.driver import TemporalDriver
from hosts.temporal.effect import Effects
from hosts.temporal.failure import application_error
from hosts.temporal.header import WORKER
from hosts.temporal.payload import value_of
from hosts.workflow.answering import ERROR, NAK, OK, update_pid
from hosts.workflow.closing import end_record
from hosts.workflow.live import Fact, LiveRun
from hosts.workflow.own.continuing import UNBOUNDED

if TYPE_CHECKING:
    from hosts.temporal.header import Outbound
    from hosts.temporal.worker import TemporalWorker
    from hosts.workflow.driver import Record

CANCEL: Final = "actorflow.cancel"
"""The signal that cancels a run once more: the cluster itself cancels only once."""
WAKE: Final = "actorflow.wake"
"""The update that lets a suspended run go on."""
_NO_EVENT: Final = JournalEvent(0, "", 0, "", b"", b"", 0, b"", b"")


class ClusterRun(LiveRun):
    """A live run whose history the cluster keeps: it makes no events of a journal."""

    __slots__ = ()

    def _events(self, rows: list[tuple[str, int, str, bytes]], _drawn: bytes, _at: int) -> list[JournalEvent]:
        """Return none, but count them."""
        self.seq += len(rows)
        return []

    def _event(self, *_columns: Any) -> JournalEvent:
        """Return the same event every time: nobody looks at it."""
        self.seq += 1
        return _NO_EVENT


class Run:
    """One run of a workflow, on one worker.

    Attributes:
        live: its machine, None before it is pinned to a source. fed: what it was fed, in order.
        told: what came along with its start. outbound: what its commands go through. sender: of the signal that comes.
    """

    def __init__(self, worker: TemporalWorker) -> None:
        """Begin with nothing."""
        self.worker = worker
        self.live: LiveRun | None = None
        self.driver: TemporalDriver | None = None
        self.told: Mapping[str, Any] = {}
        self.outbound: Outbound | None = None
        self.sender = ""
        self.program: Any = None
        self.pinned: Mapping[str, Any] = {}
        self.started: Mapping[str, Any] = {}
        self.fed: list[Fact] = []
        self.facts: deque[Fact] = deque()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.fault: BaseException | None = None
        self._cancelled = False
        self._updates: dict[str, asyncio.Future[Any]] = {}
        self.effects = Effects(self)

    def begin(self, outbound: Outbound, told: Mapping[str, Any]) -> None:
        """Take what came along with the start."""
        self.outbound, self.told = outbound, told

    def leave(self) -> None:
        """Let go of what is the SDK's: its worker has stopped, and whoever still knows this run must not keep it."""
        self.loop = self.outbound = None
        self.effects = Effects(self)

    # ---- the life of a run -------------------------------------------------------------------------------------

    async def run(self, args: Sequence[RawValue]) -> Any:
        """Feed facts until the script ends, and return its result."""
        given = [value_of(raw.payload) for raw in args]
        self.loop = asyncio.get_running_loop()
        await self._pin()
        live = self._open(given)
        self.facts.appendleft(self._fact(events.RUN_STARTED, 0, live.driver.who.entry, encode(self.started, UNBOUNDED)))
        for topic, payloads in reversed(self.told.get("messages", ())):
            payload = encode([self.told.get("parent", ""), payloads])
            self.facts.insert(1, self._fact(events.MESSAGE_RECEIVED, 0, topic, payload))
        while live.outcome is None:
            if not self.facts:
                await self._uncancelled(workflow.wait_condition(lambda: bool(self.facts or self.fault)))
            if self.fault is not None:
                raise RuntimeError("a command of the run has failed") from self.fault
            while self.facts and live.outcome is None:
                self._feed(live, self.facts.popleft())
        await asyncio.sleep(0)  # what the last feed has asked for goes before the end
        return self._end(live)

    async def _pin(self) -> None:
        """Have the worker say which source the run is pinned to; what it says is in the history from then on."""
        handle = self.effects.local(SOURCE, workflow.info().workflow_type)
        while not handle.done():
            with suppress(Exception):  # what it refused is looked at when it is over
                await self._uncancelled(asyncio.shield(handle))
        try:
            self.pinned = handle.result()
        except Exception as error:  # noqa: BLE001 - the failures of the SDK have no narrower name
            failure = unwrapped(error)
            raise RuntimeError(f"{failure.kind}: {failure.message}") from None  # the task fails, never the workflow

    def _open(self, args: list[Any]) -> LiveRun:
        info, told = workflow.info(), self.told
        context = {**told.get("context", {}), **self.pinned.get("context", {})}
        self.started = {
            "workflow_id": info.workflow_id,
            "run_id": info.run_id,
            "args": args,
            "format": rules_of(self.pinned),
            "context": context,
            "parent": told.get("parent", "") or self._parent(info),
            "type": info.workflow_type,
            "options": {"tokens": told["tokens"]} if told.get("tokens") else {},
            **{name: told[name] for name in ("unread", "updates") if told.get(name)},
        }
        live = self.live = self._machine(TemporalDriver)
        self.worker.track(self)
        driver: Any = live.driver
        driver.patched = self._patched
        self.driver = driver
        return live

    def _machine(self, kind: type[TemporalDriver]) -> LiveRun:
        """Return a machine of the run that has done nothing yet."""
        worker, started = self.worker, self.started
        bundle = worker.sources.bundle(self.pinned)
        limits = worker.limits.under(written_limits(bundle.options))
        seed = bytes.fromhex(self.pinned["seed"])
        identity = self._identity(workflow.info())
        driver = kind(identity, started["run_id"], seed, worker.operator, limits.values)
        driver.indexed = self.pinned.get("attributes", {})
        self.program = worker.compiled(bundle)
        return ClusterRun(started["run_id"], self.program, driver, limits)

    def _identity(self, info: workflow.Info) -> Identity:
        started, worker = self.started, self.worker
        facts: dict[str, Any] = {
            "workflow_id": info.workflow_id,
            "run_id": info.run_id,
            "workflow_type": info.workflow_type,
            "task_queue": info.task_queue,
            "namespace": info.namespace,
            "attempt": info.attempt,
            "memo": dict(workflow.memo()),
            "search_attributes": look.attributes(info),
        }
        if info.cron_schedule:
            facts["cron_schedule"] = info.cron_schedule
        if info.continued_run_id:
            facts["continued_from"], facts["first_run_id"] = info.continued_run_id, info.first_execution_run_id
        return Identity(
            worker.pid_of(info.workflow_id),
            self.pinned["entry"],
            worker.id,
            started["context"],
            durable=True,
            parent=started["parent"],
            workflow=facts,
        )

    def _parent(self, info: workflow.Info) -> str:
        return "" if info.parent is None else self.worker.pid_of(info.parent.workflow_id)

    async def _uncancelled(self, wait: Awaitable[Any]) -> None:
        """Wait; a cancellation of the run is a fact, that of an eviction goes on."""
        try:
            await wait
        except asyncio.CancelledError:
            reason = workflow.cancellation_reason()
            if reason is None or self._cancelled:
                raise
            self._cancelled = True
            self.put(events.CANCEL_REQUESTED, 0, "", ["", reason or ""])

    # ---- feeding -----------------------------------------------------------------------------------------------

    def put(self, kind: str, ref: int, target: str, value: Any) -> None:
        """Let a fact wait for its turn."""
        self.facts.append(self._fact(kind, ref, target, encode(value, UNBOUNDED)))

    def settle(self, ref: int, value: Any, failure: Failure | None = None) -> None:
        """Answer a request."""
        self.put(events.REQUEST_SETTLED, ref, "", [value, failure])

    @staticmethod
    def _fact(kind: str, ref: int, target: str, payload: bytes) -> Fact:
        return Fact(kind, ref, target, payload, 0)  # it happens when it is fed

    def _feed(self, live: LiveRun, fact: Fact) -> None:
        if not live.wants(fact):
            return
        fact = fact._replace(at=workflow.time_ns())
        self.fed.append(fact)
        driver, info = self.driver, workflow.info()
        assert driver is not None  # noqa: S101 - it has been opened
        driver.replays = workflow.unsafe.is_replaying()
        driver.length, driver.bytes = info.get_current_history_length(), info.get_current_history_size()
        asyncio._set_running_loop(None)  # noqa: SLF001 - what loops themselves do; there is no public name for it
        try:  # what is no operation of ours must fail, not become a timer of the workflow's loop
            records = live.feed(fact).records
        finally:
            asyncio._set_running_loop(self.loop)  # noqa: SLF001
        for record in records:
            self.effects.perform(live, record)

    def _patched(self, name: str) -> bool:
        asyncio._set_running_loop(self.loop)  # noqa: SLF001 - see `_feed`
        try:
            return workflow.patched(name)
        finally:
            asyncio._set_running_loop(None)  # noqa: SLF001

    def _end(self, live: LiveRun) -> Any:
        """Return the result, or raise how else the run ends."""
        if live.driver.continuation is not None:
            self._unanswered("has continued as new without an answer to the update; send it again", again=True)
            self._continue(live)
        assert live.outcome is not None  # noqa: S101 - it has ended
        kind, data = end_record(live.outcome, cancel_asked=live.cancel_asked)
        value = decode(data)
        self._unanswered("has ended without an answer to the update", again=False)
        if kind == events.RUN_COMPLETED:
            return value
        if kind == events.RUN_CANCELLED:
            raise asyncio.CancelledError
        raise application_error(value)

    def _unanswered(self, why: str, *, again: bool) -> None:
        """Let the updates fail that the script has not answered."""
        failure = Failure(f"run {self.started['workflow_id']!r} {why}", CONFLICT, retryable=again)
        for update in self._updates.values():
            if not update.done():
                update.set_exception(application_error(failure, final=True))

    def _continue(self, live: LiveRun) -> None:
        """Go on as a new run, with what was not read."""
        continuation = live.driver.continuation
        assert continuation is not None  # noqa: S101 - who calls has looked
        unread = [[message.topic, message.sender, list(message.payloads)] for message in live.unread]
        for fact in self.facts:
            if fact.kind == events.MESSAGE_RECEIVED:
                sender, payloads = decode(fact.payload)
                unread.append([fact.target, sender, payloads])
            elif fact.kind == events.PROCESS_EXITED:
                unread.append([EVENTS_TOPIC, "", [decode(fact.payload)]])
        told = {"context": self.told.get("context", {}), "parent": self.started["parent"], "unread": unread}
        held = live.driver.tokens
        tokens = self.told.get("tokens") if held is None else {key: known[-1]["value"] for key, known in held.items()}
        if tokens:
            told["tokens"] = tokens
        outbound: Any = self.outbound
        outbound.told = told
        workflow.continue_as_new(
            args=decode(continuation.args), workflow=self.effects.next_type or workflow.info().workflow_type
        )

    # ---- from outside ------------------------------------------------------------------------------------------

    def signalled(self, name: str, args: Sequence[RawValue]) -> None:
        """Take a signal."""
        payloads = [value_of(raw.payload) for raw in args]
        if name == CANCEL:
            self.put(events.CANCEL_REQUESTED, 0, "", [self.sender, str(payloads[0]) if payloads else ""])
        else:
            self.put(events.MESSAGE_RECEIVED, 0, name, [self.sender, payloads])

    async def updated(self, name: str, args: Sequence[RawValue]) -> Any:
        """Take an update and answer it as the script does."""
        payloads = [value_of(raw.payload) for raw in args]
        if name == WAKE:
            return await self._wake(payloads)
        info = workflow.current_update_info()
        assert info is not None  # noqa: S101 - this is an update
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._updates[info.id] = answer
        self.put(events.MESSAGE_RECEIVED, 0, name, [update_pid(info.id), payloads])
        return await answer

    def validated(self, name: str, args: Sequence[RawValue]) -> None:
        """Do nothing if an update may come; raises what the script's validator says."""
        if name == WAKE:
            if self.live is not None and not self.facts:
                self._suspended()
        elif self.live is not None:
            look.validate(self, name, [value_of(raw.payload) for raw in args])

    def answered(self, record: Record) -> None:
        """Take what the script says to an update."""
        topic, value = decode(record.payload)
        answer = self._updates.get(record.target)
        if answer is not None and not answer.done():
            if topic == OK:
                answer.set_result(value)
            elif topic in {ERROR, NAK}:
                answer.set_exception(look.said(record.target, topic, value))
        self.settle(record.ref, value=True)

    async def _wake(self, payloads: list[Any]) -> bool:
        await workflow.wait_condition(lambda: self.live is not None and not self.facts)
        self.settle(self._suspended(), payloads[0] if payloads else None)
        return True

    def _suspended(self) -> int:
        """Return the request that the run is suspended in, the oldest; raises Conflict when there is none."""
        waiting = {} if self.driver is None else self.driver.open
        settled = {fact.ref for fact in self.facts}
        for ref, record in waiting.items():
            if record.kind == events.RUN_SUSPENDED and ref not in settled:
                return ref
        text = f"run {workflow.info().workflow_id!r} is not suspended; see `actorflow run why`"
        raise application_error(Failure(text, CONFLICT, retryable=False))

    def asked(self, name: str, args: Sequence[RawValue]) -> Any:
        """Answer a query."""
        return look.query(self, name, [value_of(raw.payload) for raw in args])

    def copy(self) -> LiveRun:
        """Return a copy of the machine, to be looked at and thrown away."""
        return look.copied(self, self._machine)


@workflow.defn(dynamic=True, sandboxed=False)
class ActorflowRun(Run):
    """The one workflow class of a worker: a run of whatever entry its type names."""

    @workflow.init
    def __init__(self, args: Sequence[RawValue]) -> None:  # noqa: ARG002 - the SDK's shape
        """Begin with nothing; the worker is the one whose interceptor this is."""
        super().__init__(workflow.extern_functions()[WORKER]())

    @workflow.run
    async def run(self, args: Sequence[RawValue]) -> Any:
        """See `Run.run`."""
        return await super().run(args)

    @workflow.signal(dynamic=True)
    def take_signal(self, name: str, args: Sequence[RawValue]) -> None:
        """Take a signal."""
        self.signalled(name, args)

    @workflow.query(dynamic=True)
    def take_query(self, name: str, args: Sequence[RawValue]) -> Any:
        """Answer a query."""
        return self.asked(name, args)

    @workflow.update(dynamic=True, unfinished_policy=workflow.HandlerUnfinishedPolicy.ABANDON)
    async def take_update(self, name: str, args: Sequence[RawValue]) -> Any:
        """Take an update."""
        return await self.updated(name, args)

    @take_update.validator
    def judge_update(self, name: str, args: Sequence[RawValue]) -> None:
        """Judge an update."""
        self.validated(name, args)
