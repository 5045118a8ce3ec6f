"""Admission: runs that are being started, by anybody outside or by a parent run, until they are residents."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from actorflow.codec import decode
from actorflow.errors import ALREADY_EXISTS, CONFLICT, UNAVAILABLE, Error, Failure, invalid
from actorflow.node.suggest import did_you_mean
from actorflow.ports import Outcome, Reply, SpawnRequest, Started
from actorflow.run.identity import ALLOW, QUEUE, SKIP, aside
from actorflow.run.state import CREATED
from actorflow.run.turn import RELEASE, Committed, StartRun
from actorflow.store.port import CommitUnknown
from hosts.workflow.awaiting import joining
from hosts.workflow.driver import Record
from hosts.workflow.live import Fact, LiveRun
from hosts.workflow.option import task_queue
from hosts.workflow.resident import Resident
from hosts.workflow.settings import settings_of
from hosts.workflow.spawned import spawn_request
from hosts.workflow.start import PreparedStart, child_run_id
from hosts.workflow.start import prepare as prepare_in_full
from hosts.workflow.start_planned import prepare
from hosts.workflow.touching import touch

if TYPE_CHECKING:
    from hosts.workflow.engine import Engine
    from hosts.workflow.host import WorkflowHost

_KIND: Final = "workflow.host"


class HostAwayError(Error):
    """A durable host that does not run now: what is asked of it waits until it does."""


class Admission:
    """Commits starts and makes the started runs resident."""

    def __init__(self, engine: Engine) -> None:
        """Admit to `engine`."""
        self._engine = engine
        self._awaited: dict[int, int] = {}
        """Parents, as residents → how many of their children are on their way to the disk by commits of their own."""

    def spawn(self, host: WorkflowHost, request: SpawnRequest, run_id: str, reply: Reply) -> None:
        """Start a run; the reply has its PID once the start is on disk."""
        try:
            prepared = prepare(host, request, run_id)
        except Error as error:
            reply(Outcome(failure=error.failure))
            return
        self._engine.submit(prepared.start, partial(self._spawned, prepared, reply))

    def _spawned(self, prepared: PreparedStart, reply: Reply, answer: Committed | Error) -> None:
        if isinstance(answer, Error):
            prepared.live.close()
            if isinstance(answer, CommitUnknown):
                self._engine.recovery.doubt(answer)
                self._engine.start_soon(self._find_out, prepared, reply, answer)
            else:
                reply(Outcome(failure=answer.failure))
            return
        self.install(prepared, answer, reply)

    async def _find_out(self, prepared: PreparedStart, reply: Reply, error: Error) -> None:
        """Say that a start failed, unless it is on disk in spite of the error: then the run goes on by itself."""
        if await self._engine.recovery.was_started(prepared.start.run_id):
            reply(Outcome(prepared.host.pid_of(prepared.start.workflow_id)))
        else:
            reply(Outcome(failure=error.failure))

    def install(self, prepared: PreparedStart, answer: Committed, reply: Reply) -> None:
        """Make a committed start resident; the reply comes first: watchers are there before anything happens."""
        start = prepared.start
        touch(self._engine, answer.touched)
        if not answer.accepted:
            prepared.live.close()
            self._refused(prepared, answer, reply)
            return
        if answer.existing:  # perhaps ended by now: what is open is known already
            prepared.live.close()
            workflow_id = self._existing(prepared, answer)
            if start.joins is not None and answer.run_id not in {"", start.run_id}:
                self._engine.awaiting.joined(start.joins, answer.run_id)
            how = "skipped" if start.on_conflict == SKIP else "existing"
            reply(Started(prepared.host.pid_of(workflow_id), None, how, answer.run_id))
        else:
            self._admit(prepared, answer, reply)
        for message, row in zip(start.messages, answer.inbox, strict=False):
            fact = Fact(message.kind, message.ref, message.target, message.payload, message.at, row)
            self._engine.fact(answer.run, fact)

    def _admit(self, prepared: PreparedStart, answer: Committed, reply: Reply) -> None:
        start = prepared.start
        if not prepared.host.owns(answer.run):  # its owner has been told, or finds it
            prepared.live.close()
            reply(Started(prepared.host.pid_of(start.workflow_id), None, _how(start, answer), start.run_id))
            return
        self._engine.open_ids[start.workflow_id] = answer.run
        resident = self._engine.resident(answer.run)
        resident.host, resident.live, resident.revision = prepared.host, prepared.live, 1
        resident.lease = prepared.host.token(answer.run)
        resident.workflow_id, resident.used = start.workflow_id, self._engine.clock.monotonic()
        resident.parent_run, resident.parent_ref = start.parent_run, start.parent_ref
        resident.start = prepared.rest
        reply(Started(prepared.host.pid_of(start.workflow_id), None, _how(start, answer), start.run_id, lives=True))
        if start.timers or not prepared.live.begun:
            self._wait(resident, start, prepared.live)
        if not prepared.live.begun:
            return
        for record in prepared.records:
            self._engine.calls.start(resident, record)
        if resident.wanting:
            self._engine.enqueue(resident)

    def _wait(self, resident: Resident, start: StartRun, live: LiveRun) -> None:
        """Set the timers of a new run; one that waits with its first steps is let go of until then."""
        served = resident.host is None or not resident.host.settings.unserved(start.queue)
        elsewhere = not served or (start.ready and (start.key or start.locks))  # then the store says when it begins
        for ref, due in start.timers:
            if ref != RELEASE or not elsewhere:
                self._engine.timers.add(due, resident.run, ref)
        if not live.begun:
            self._engine.recovery.drop(resident)
            self._engine.residents.pop(resident.run, None)

    def _refused(self, prepared: PreparedStart, answer: Committed, reply: Reply) -> None:
        """Go beside the run that holds the workflow id, or wait behind it, if the start wants that; else say no."""
        start = prepared.start
        is_beside = start.workflow_id.endswith(aside("", start.run_id))  # what is refused then would be for ever
        if answer.refusal != "exists" or prepared.on_conflict not in {QUEUE, ALLOW} or is_beside:
            reply(Outcome(failure=_exists(start, answer)))
            return
        parent_id = start.workflow_id.rpartition("/")[0]
        try:
            again = prepare_in_full(
                prepared.host,
                prepared.request,
                start.run_id,
                parent_run=start.parent_run,
                parent_ref=start.parent_ref,
                parent_id=parent_id if start.parent_run else "",
                beside=True,
                inherited=prepared.inherited,
            )
        except Error as error:
            reply(Outcome(failure=error.failure))
            return
        self._submit_child(again, partial(self._spawned, again, reply))

    def _existing(self, prepared: PreparedStart, answer: Committed) -> str:
        """Return the workflow id of a run that is there; one that went beside another has not the id asked for."""
        start = prepared.start
        if answer.run_id != start.run_id or prepared.on_conflict not in {QUEUE, ALLOW}:
            return start.workflow_id
        return self._engine.stored.workflow_id_of(start.run_id) or start.workflow_id

    def child_host(self, own: WorkflowHost, name: str) -> WorkflowHost:
        """Return the host that a spawn inside a workflow names: an id or a task queue, empty for its own.

        Raises:
            HostAwayError: when it is a durable host of this store that does not run now.
            Error: kind Invalid, when it is no durable host of this store.
        """
        if not name or name in {own.id, own.task_queue}:
            return own
        for host in self._engine.hosts.values():
            if name in {host.id, host.task_queue} and host.serves:
                return host
        if self._is_away(own, name):
            raise HostAwayError(f"host is not running: {name!r}; the child starts as soon as it does", UNAVAILABLE)
        hosts = self._engine.hosts.values()
        names = sorted({host.id for host in hosts} | {host.task_queue for host in hosts})
        message = (
            f"a workflow can only spawn onto a durable host: got {name!r}{did_you_mean(name, names)}, expected one of "
            f"{', '.join(names)}; to use an actor, call a function that spawns it"
        )
        raise invalid(message)

    def _is_away(self, own: WorkflowHost, name: str) -> bool:
        """Tell whether this is another durable host on the database of `own`, going by the registry."""
        try:
            entry = self._engine.node.registry.entry(name)
        except Error:
            return False
        if entry.kind != _KIND:
            return False
        return settings_of(name, entry.config).database == own.settings.database

    def child_started(self, resident: Resident, ref: int, outcome: Outcome) -> None:
        """Answer the request that asked for a child: with its PID, or with why it could not start."""
        live = resident.live
        record = live.driver.open.get(ref) if live is not None else None
        if record is None or (outcome.failure is None and decode(record.payload)["wait"]):
            return
        self._engine.settle(resident.run, ref, outcome.value, outcome.failure)

    def spawn_again(self, resident: Resident, live: LiveRun, record: Record) -> None:
        """Start a child again: under its old run id, so that a child which was started is found, not doubled."""
        if resident.host is None:
            return
        request, _ = spawn_request(record, resident.pid, live.driver.who.context)
        run_id = child_run_id(live.run_id, record.ref)
        reply = partial(self.child_started, resident, record.ref)
        self._engine.asked.add((resident.run, record.ref))
        try:
            host = self.child_host(resident.host, task_queue(request.options) or request.host)
            prepared = prepare(
                host,
                request,
                run_id,
                parent_run=resident.run,
                parent_ref=record.ref,
                parent_id=resident.workflow_id,
                inherited=live.payload.get("options", {}),
            )
        except HostAwayError:
            self._engine.asked.discard((resident.run, record.ref))
            self._engine.recovery.when_joined(resident.run)
            return
        except Error as error:
            reply(Outcome(failure=error.failure))
            return
        prepared.start.joins = joining(resident, record.ref, prepared.start.workflow_id)
        self._submit_child(prepared, partial(self._spawned_again, resident, record.ref, prepared, reply))

    def _submit_child(self, prepared: PreparedStart, told: Callable[[Committed | Error], None]) -> None:
        """Commit a start that is not in the turn which asked for it; its parent has no turn meanwhile.

        A turn that gives the child up finds it in the store then, and asks it to stop by its own commit.
        """
        parent = self._engine.residents.get(prepared.start.parent_run)
        if parent is None:
            self._engine.submit(prepared.start, told)
            return
        before = self._awaited.get(id(parent), 0)  # not by its run: that may be read anew meanwhile
        self._awaited[id(parent)] = before + 1
        if not before:
            self._engine.hold(parent)
        self._engine.submit(prepared.start, partial(self._child_told, parent, told))

    def _child_told(
        self, parent: Resident, told: Callable[[Committed | Error], None], answer: Committed | Error
    ) -> None:
        told(answer)
        self._awaited[id(parent)] -= 1
        if not self._awaited[id(parent)]:
            del self._awaited[id(parent)]
            self._engine.release_turn(parent)

    def _spawned_again(
        self, resident: Resident, ref: int, prepared: PreparedStart, reply: Reply, answer: Committed | Error
    ) -> None:
        """Try once more after an error: a start that was committed cannot fail because the disk is full now."""
        if isinstance(answer, Error):
            prepared.live.close()
            self._engine.asked.discard((resident.run, ref))
            self._engine.start_soon(self._engine.recovery.read_later, resident)
        else:
            self.install(prepared, answer, reply)


def _how(start: StartRun, answer: Committed) -> str:
    if answer.touched and any(item.ended for item in answer.touched):
        return "replaced"
    if (start.key or start.locks) and start.ready:
        return "started" if any(item.run == answer.run for item in answer.touched) else "queued"
    return "started" if start.state != CREATED else "held"


def _exists(start: StartRun, answer: Committed) -> Failure:
    workflow_id = start.workflow_id
    if answer.refusal == "reuse":
        text = f"workflow {workflow_id!r} has run before, and its id_reuse_policy is {start.reuse!r}"
    elif answer.refusal in {"moved", "moving"}:
        where = "is being moved to another store" if answer.refusal == "moving" else "has moved to another store"
        text = f"workflow {workflow_id!r}, or what it would wait for, {where}: start it there"
        return Failure(text, CONFLICT, retryable=answer.refusal == "moving", details={"workflow_id": workflow_id})
    else:
        text = (
            f"workflow {workflow_id!r} is already running; use id_conflict_policy 'use_existing' to get it, or "
            "on_conflict skip, queue, allow or replace"
        )
    return Failure(text, ALREADY_EXISTS, retryable=False, details={"workflow_id": workflow_id, "run_id": answer.run_id})
