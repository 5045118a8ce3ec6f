"""What depends on the registry of the node: what a run is pinned to, which type a child has and who serves it.

All of it is asked by local activities, so that a replay finds the answers in the history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from actorflow.bundle import Bundle
from actorflow.errors import invalid
from actorflow.node.action import Step, control_steps, name_steps, send_steps, spawn_steps
from actorflow.node.guard import ACTOR, SCOPE
from actorflow.node.suggest import did_you_mean
from actorflow.ports import SpawnRequest
from hosts.workflow.calling import calling, refuse_mailbox

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from actorflow.registry.registry import Entry
    from hosts.temporal.worker import TemporalWorker

KIND: Final = "temporal.worker"


class Placing:
    """Where the children of runs go, and what runs may ask for."""

    def __init__(self, worker: TemporalWorker) -> None:
        """Place for the runs of `worker`."""
        self._worker = worker

    def placed(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return the type of a child, the task queue that serves it, and the host in its PID.

        Raises:
            Error: NotFound for an unknown entry, Invalid for what is no durable host of this cluster,
                PermissionDenied.
        """
        entry = asked["entry"]
        self._judge_spawn(asked)
        queue = self.queue_of(asked)
        if queue["foreign"] and entry not in self._worker.node.registry:  # type: ignore[operator] # ours has it
            return {"type": entry, **queue}
        if not queue["foreign"]:
            self._worker.check_served(entry, queue["host"])
        return {"type": self.startable(entry), **queue}

    def queue_of(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return the host and the task queue that a start names; raises `Error` Invalid for one that there is not."""
        return self._queue(asked["task_queue"]) or self._host(asked["host"])

    def startable(self, entry: str) -> str:
        """Return the workflow type of an entry.

        Raises:
            Error: NotFound or Invalid, when it cannot be started.
        """
        self._worker.compiled(bundle_of(self._worker.node, entry))
        return type_name(self._worker.node, entry)

    def judge(self, asked: Mapping[str, Any]) -> None:
        """Do nothing if a run may do what it asks; raises `Error` PermissionDenied."""
        if asked["verb"] == "send":
            self._check(asked, send_steps(asked["target"], asked["topic"]))
        elif "detail" in asked:
            self._check(asked, control_steps(asked["verb"], asked["target"]))
        else:
            self._check(asked, name_steps(asked["verb"], asked["target"], asked["pid"], asked["sender"]))

    def _judge_spawn(self, asked: Mapping[str, Any]) -> None:
        request = SpawnRequest(asked["entry"], asked["host"], name=asked["name"], context=asked["context"])
        host = asked["host"] or self._worker.id
        self._check(asked, spawn_steps(request, host, asked["own"], wait=asked["wait"]))

    def _check(self, asked: Mapping[str, Any], steps: Iterable[Step]) -> None:
        guard, own = self._worker.node.guard, asked["own"]
        if guard.watches(own):
            for action, resource, facts in steps:
                guard.check(own, action, resource, facts)

    def _queue(self, name: str) -> dict[str, Any] | None:
        """Return what serves a task queue that is named as such; it may be one of somebody else's workers."""
        if not name:
            return None
        known = next((one for one in self._workers() if name in {one["host"], one["task_queue"], one["name"]}), None)
        return known or {"host": self._worker.id, "task_queue": name, "foreign": True}

    def _host(self, name: str) -> dict[str, Any]:
        workers = list(self._workers())
        wanted = name or self._worker.id
        for one in workers:
            if wanted in {one["host"], one["task_queue"], one["name"]}:
                return one
        names = sorted({one["host"] for one in workers} | {one["name"] for one in workers})
        raise invalid(
            f"a workflow can only spawn onto a durable host: got {name!r}{did_you_mean(name, names)}, expected one of "
            f"{', '.join(names)}; to use an actor, call a function that spawns it"
        )

    def _workers(self) -> Iterable[dict[str, Any]]:
        """Yield the workers of this cluster that the registry has, one's own first."""
        own = self._worker
        yield {"host": own.id, "task_queue": own.queue, "name": own.config.task_queue, "foreign": False}
        for entry in own.node.registry.find(KIND):  # type: ignore[attr-defined] # ours has it
            if entry.id != own.id and not entry.broken and entry.config.client == own.config.client:
                queue = own.connection.queue(entry.config.task_queue)
                yield {"host": entry.id, "task_queue": queue, "name": entry.config.task_queue, "foreign": False}


def bundle_of(node: Node, entry: str) -> Bundle:
    """Return the source of an entry as registered now; of a function that of a script which calls it.

    Raises:
        Error: NotFound or Invalid, when there is none or it cannot be used here.
    """
    bundle = calling(node.registry, entry)
    if bundle is None:
        node.programs.check_process(entry)
        bundle = node.registry.bundle(entry)
        refuse_mailbox(bundle)
    return bundle


def type_name(node: Node, entry: str) -> str:
    """Return the name of an entry as a workflow type: its id, or what its meta says."""
    about = node.registry.entry(entry).about.temporal
    return entry if about is None or about.workflow is None else about.workflow.name or entry


def restricted_to(entry: Entry, what: str) -> str:
    """Return the only worker that serves an entry as a workflow or a function, "" for every one."""
    temporal = entry.about.temporal
    about = None if temporal is None else getattr(temporal, what)
    return "" if about is None else about.worker or ""


def is_guarded(context: Mapping[str, Any]) -> bool:
    """Tell whether a run with this context is judged."""
    return ACTOR in context and SCOPE in context
