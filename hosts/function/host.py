"""The function host: runs registered functions for processes, workflows and the node (`ports.Functions`).

Python functions run in the way their entry says; Lua functions, and processes with a default host, run as processes.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import trio

from actorflow.errors import RESOURCE, Error, invalid, not_found
from actorflow.node.execution import Execution
from actorflow.node.suggest import did_you_mean
from actorflow.ports import CallRequest, Outcome, Reply, SpawnRequest
from hosts.function.children import Children
from hosts.function.loading import Loader
from hosts.function.pool import Pools, Worker
from hosts.function.runners import Runners
from hosts.function.running import Attempt, in_thread, on_asyncio
from hosts.process import ProcessHost
from hosts.process.bounds import Bounds

if TYPE_CHECKING:
    from actorflow.bundle import Bundle
    from actorflow.node.node import Node
    from actorflow.node.program import Entry
    from actorflow.value import Limits

_THREADS: Final = 40
"""Functions in threads at the same time; further calls wait."""
_SCHEDULER: Final = "#lua"
"""Id of the process host that runs Lua functions; their PIDs have the host part `<function id>#lua.<n>`."""
_WAYS: Final = ("trio", "thread", "asyncio", "process")
_GIVEN_UP: Final = "caller context canceled"


_Prepare: TypeAlias = Callable[[CallRequest], Callable[[], Awaitable[Any]]]
"""Returns what runs the function with the arguments of a call."""


class _Plan(NamedTuple):
    """How a Python function is run; valid while the registry has this entry and this source."""

    entry: Entry
    bundle: Bundle
    way: str
    prepare: _Prepare
    limits: Limits
    transactional: bool
    pooled: bool


class FunctionHost:
    """Runs functions. `config` may set `threads` and `processes`, the most that run at the same time."""

    def __init__(self, id: str, config: Any, node: Node) -> None:  # noqa: A002 - the signature of every host
        """Make a host that does not run yet."""
        self.id = id
        self._node = node
        self._threads = trio.CapacityLimiter(field(config, "threads", _THREADS))
        self._children = Children(field(config, "processes", os.cpu_count() or 1))
        self._loader = Loader()
        self._runners = Runners(lambda: node.nursery)
        self._pools = Pools()
        self._plans: dict[str, _Plan] = {}
        self._scheduler = ProcessHost(_SCHEDULER, {}, node)
        self._attempts: dict[str, CallRequest] = {}

    async def start(self) -> None:
        """Begin to serve the node's calls."""
        await self._node.start_host(self._scheduler)
        self._node.functions = self
        self._node.on_close(partial(self.stop, 0))

    async def stop(self, grace: float) -> None:
        """Stop serving: Lua functions are asked to stop and get `grace` seconds. A second stop is nothing."""
        if self._node.functions is self:
            self._node.functions = None
        self._pools.close()
        await self._node.stop_host(_SCHEDULER, grace)
        await self._children.stop()
        self._loader.close()

    def call(self, request: CallRequest, reply: Reply) -> Callable[[], None]:
        """Start one attempt. Returns what gives it up: the callee is cancelled and no reply comes."""
        try:
            plan = self._known(request.target)
            if plan is not None:
                return self._begin_python(plan, request, reply)
            entry = self._entry(request.target)
            family, _, language = entry.kind.partition(".")
            if family == "function" and language == "py":
                return self._run_python(entry, request, reply)
            if family == "function":
                return self._run_script(entry, request, reply)
            return self._run_process(entry, request, reply)
        except Error as error:
            reply(Outcome(failure=error.failure))
            return _nothing

    def python_function(self, target: str) -> Callable[..., Any]:
        """Return a Python function as registered now, loaded.

        Raises:
            Error: what loading it raises.
        """
        return self._loader.function(self._node.registry.bundle(target))

    def attempt(self, pid: str) -> CallRequest | None:
        """Return the attempt that a Lua function serves which runs as this process."""
        return self._attempts.get(pid)

    def _entry(self, target: str) -> Entry:
        try:
            entry = self._node.registry.entry(target)
        except Error as error:
            raise not_found(f"no handler registered for target {target!r}: {error.message}") from None
        family = entry.kind.partition(".")[0]
        callable_process = family in {"process", "workflow"} and default_host(entry)
        if family != "function" and not callable_process:
            hint = "; set meta.default_host to call it" if family in {"process", "workflow"} else ""
            raise not_found(f"no handler registered for target {target!r}: it is a {entry.kind}{hint}")
        entry.require()
        return entry

    # ---- Python ------------------------------------------------------------------------------------------------

    def _run_python(self, entry: Entry, request: CallRequest, reply: Reply) -> Callable[[], None]:
        bundle = self._node.registry.bundle(request.target)
        plan = self._plan(entry, bundle)
        if not plan.pooled:
            return self._begin_python(plan, request, reply)
        pool = self._pools.find(request.target, bundle, entry.config)
        if pool is None:
            begin = partial(self._begin_pooled, entry)
            pool = self._pools.renew(request.target, bundle, entry.config, _nothing, begin)
        return pool.call(request, reply)

    def _begin_pooled(
        self, entry: Entry, _worker: Worker, request: CallRequest, reply: Reply, free: Callable[[bool], None]
    ) -> Callable[[], None]:
        def answered(outcome: Outcome) -> None:
            free(True)  # noqa: FBT003 - the only argument
            reply(outcome)

        def give_up() -> None:
            stop()
            if not request.late:
                free(True)  # noqa: FBT003 - the only argument

        plan = self._plan(entry, self._node.registry.bundle(request.target))
        stop = self._begin_python(plan, request, answered)
        return give_up

    def _known(self, target: str) -> _Plan | None:
        """Return how a function is run that was called before and is as it was then: of most calls that says all."""
        plan, registry = self._plans.get(target), self._node.registry
        if plan is None or plan.pooled:
            return None
        try:
            is_as_it_was = registry.entry(target) is plan.entry and registry.bundle(target) is plan.bundle
        except Error:  # there is none any more
            return None
        return plan if is_as_it_was else None

    def _begin_python(self, plan: _Plan, request: CallRequest, reply: Reply) -> Callable[[], None]:
        own = self._node.guard.own(request.target)
        if own:
            request = replace(request, context={**request.context, **own})
        if plan.transactional:
            raise _transactional(request.target)
        attempt = Attempt(self._node, request, reply, plan.way, plan.prepare(request), plan.limits)
        self._runners.submit(attempt.serve)
        return attempt.give_up

    def _plan(self, entry: Entry, bundle: Bundle) -> _Plan:
        """Return how a Python function is run, found out once for each version of it."""
        plan = self._plans.get(bundle.id)
        if plan is None or plan.bundle is not bundle or plan.entry is not entry:
            way, prepare = self._way(entry, bundle)
            limits = self._node.limits
            if "limits" in bundle.options:
                limits = Bounds(limits).under(bundle.options["limits"]).values
            plan = self._plans[bundle.id] = _Plan(
                entry,
                bundle,
                way,
                prepare,
                limits,
                bool(field(entry.config, "transactional", default=False)),
                _is_written(entry.config, "pool"),
            )
        return plan

    def _way(self, entry: Entry, bundle: Bundle) -> tuple[str, _Prepare]:
        way = field(entry.config, "run", "")
        if way == "process":
            return way, lambda request: partial(self._children.call, bundle, request, self._node.limits)
        function = self._loader.function(bundle)
        is_async = iscoroutinefunction(function)
        way = way or ("trio" if is_async else "thread")
        _check_way(bundle.id, way, is_async=is_async)
        if way == "thread":
            return way, lambda request: in_thread(function, request.args, self._threads)
        if way == "asyncio":
            return way, lambda request: on_asyncio(self._node, function, request.args)
        return way, lambda request: partial(function, *request.args)

    # ---- Lua functions, and processes called as functions ------------------------------------------------------

    def _run_script(self, entry: Entry, request: CallRequest, reply: Reply) -> Callable[[], None]:
        program = self._node.programs.current(request.target)
        pool = self._pools.find(request.target, program, entry.config)
        if pool is None:
            if field(entry.config, "transactional", default=False):
                raise _transactional(request.target)
            make = getattr(program, "worker", lambda: program)
            pool = self._pools.renew(request.target, program, entry.config, make, self._begin_script)
        return pool.call(request, reply, self._is_nested)

    def _is_nested(self, request: CallRequest) -> bool:
        """Tell whether a run of the same function waits for this call, directly or through other Lua functions."""
        mark, pid = f"@{request.target}{_SCHEDULER}.", request.caller
        while pid and mark not in pid:
            caller = self._scheduler.table.get(pid)
            pid = "" if caller is None else caller.parent
        return bool(pid)

    def _begin_script(
        self, worker: Worker, request: CallRequest, reply: Reply, free: Callable[[bool], None]
    ) -> Callable[[], None]:
        node = self._node
        pid = node.new_pid(f"{request.target}{_SCHEDULER}.{worker.number}")
        start = SpawnRequest(request.target, _SCHEDULER, request.args, context=request.context, parent=request.caller)
        self._attempts[pid] = request
        self._scheduler.launch(worker.state, start, pid)

        def over(outcome: Outcome) -> None:
            self._attempts.pop(pid, None)
            free(_leaves_order(outcome))

        node.links.watch(pid, over)
        execution = Execution(node.router, reply, _GIVEN_UP, request)
        execution.follow(pid)
        return execution.give_up

    def _run_process(self, entry: Entry, request: CallRequest, reply: Reply) -> Callable[[], None]:
        start = SpawnRequest(
            request.target, default_host(entry), request.args, context=request.context, parent=request.caller
        )
        execution = Execution(self._node.router, reply, _GIVEN_UP, request)
        execution.spawn(start)
        return execution.give_up


def default_host(entry: Entry) -> str:
    """Return the host on which an entry runs when it is called as a function, or ""."""
    return str(entry.about.default_host or entry.options.get("default_host") or "")


def field(config: Any, name: str, default: Any) -> Any:
    """Return a field of an entry's model or mapping, or the default where it is missing or None."""
    value = config.get(name) if isinstance(config, Mapping) else getattr(config, name, None)
    return default if value is None else value


def _is_written(config: Any, name: str) -> bool:
    """Tell whether an entry writes a field, which has a default otherwise."""
    return name in (config if isinstance(config, Mapping) else getattr(config, "model_fields_set", ()))


def _leaves_order(outcome: Outcome) -> bool:
    """Tell whether the state of a run may serve another one: not when it was ended for what it used."""
    return outcome.failure is None or outcome.failure.kind != RESOURCE


def _transactional(target: str) -> Error:
    return invalid(f"{target} is transactional: only a workflow calls it, whose store is its database")


def _check_way(target: str, way: str, *, is_async: bool) -> None:
    if way not in _WAYS:
        raise invalid(f"{target}: run: got {way!r}, expected one of {', '.join(_WAYS)}{did_you_mean(way, _WAYS)}")
    if is_async and way == "thread":
        raise invalid(f"{target}: run: thread needs a `def`, got an `async def`; use run: trio or run: asyncio")
    if not is_async and way != "thread":
        raise invalid(f"{target}: run: {way} needs an `async def`, got a `def`; use run: thread")


def _nothing() -> None:
    """Give up what has already been answered."""
