"""Transactional functions: their SQL and their completion are one commit of the store that keeps the run.

They run on the writer's thread inside of its transaction, so each takes effect exactly once, without a key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Final

from actorflow.codec import encode
from actorflow.duration import SECOND
from actorflow.errors import Error, invalid
from actorflow.node.action import action_of
from actorflow.resource.sql_fault import explain
from actorflow.run.turn import Transact
from actorflow.script.ctx import CALL, CallContext
from actorflow.store.opening import is_server
from actorflow.store.stores import MEMORY
from actorflow.store.transact import is_denied, is_interrupted
from actorflow.value import Limits, copy_value
from hosts.workflow.open_call import attempts_of
from hosts.workflow.transaction_lua import LuaFunctions, LuaWork

if TYPE_CHECKING:
    from actorflow.node.node import Node
    from actorflow.node.program import Entry
    from actorflow.ports import CallRequest
    from hosts.workflow.engine import Engine
    from hosts.workflow.open_call import OpenCall

_LUA: Final = "function.lua"
_DRIVERS: Final = frozenset({"sqlite3", "psycopg", "pymysql"})
_LIMIT: Final = SECOND
"""How long a transactional function may take that does not say (`limits.slice.kill`)."""


class Transaction:
    """What a transactional function gets as its first argument: the transaction that it is part of."""

    def __init__(self, cursor: Any) -> None:
        """Run SQL on a cursor of the transaction."""
        self._cursor = cursor

    def execute(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> int:
        """Run a statement and return how many rows it changed."""
        return int(self._cursor.execute(sql, parameters).rowcount)

    def query(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[dict[str, Any]]:
        """Return the rows of a query, each a map from column to value."""
        cursor = self._cursor.execute(sql, parameters)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in (cursor.fetchall() if names else ())]


class Transactions:
    """Makes the attempts of transactional functions into items of the store; one for each engine."""

    def __init__(self, engine: Engine) -> None:
        """Know no function."""
        self._engine = engine
        self._lua: LuaFunctions | None = None

    def prepared(self, call: OpenCall, request: CallRequest) -> Transact:
        """Return the item that runs one attempt.

        Raises:
            Error: kind Invalid, when its database is not the one that keeps the run; what loading the function raises.
        """
        engine = self._engine
        entry = engine.node.registry.entry(request.target)
        entry.require()
        _check_database(entry, request.target, call)
        limit = _field(_field(_field(entry.config, "limits"), "slice"), "kill") or _LIMIT
        _check_limit(engine, limit, request.target, call)
        own = engine.node.guard.own(request.target)
        if own:
            request = replace(request, context={**request.context, **own})
        work = self._lua_work(call, request) if entry.kind == _LUA else self._python_work(call, request)
        now, target = engine.clock.now(), attempts_of(call)
        item = Transact(call.run, call.host.token(call.run), call.ref, now, work, limit / SECOND, target=target)
        if isinstance(work, LuaWork):
            item.stop, item.ready = work.stop, work.ready
        return item

    def _python_work(self, call: OpenCall, request: CallRequest) -> Callable[[Any], bytes]:
        function = self._engine.functions.python_function(request.target)
        if iscoroutinefunction(function):
            raise invalid(f"{request.target}: transactional needs a `def`, got an `async def`")
        context = CallContext(request.invocation_id, request.attempt, request.context, request.target, request.caller)
        return partial(_run, function, request.args, context, call.host.limits)

    def _lua_work(self, call: OpenCall, request: CallRequest) -> LuaWork:
        node = self._engine.node
        node.programs.current(request.target)  # what is wrong with its source is said here, as of any other
        if self._lua is None:
            self._lua = LuaFunctions(node)
        kept = call.host.settings.database or ""
        bundle = node.registry.bundle(request.target)
        return LuaWork(self._lua, bundle, request, call.host.limits, kept, _denied(node, request, kept))


def _denied(node: Node, request: CallRequest, kept: str) -> Error | None:
    """Return why a function may not name its database, when policies do not let it."""
    try:
        if node.guard.watches(request.context) and (found := action_of("sql.open", (kept,))) is not None:
            node.guard.check(request.context, *found)
    except Error as error:
        return error
    return None


def _run(
    function: Callable[..., Any], args: tuple[Any, ...], context: CallContext, limits: Limits, cursor: Any
) -> bytes:
    """Run the function, on the writer's thread, and return its value as the payload of its completion."""
    own = copy_context()
    own.run(CALL.set, context)
    try:
        value = own.run(function, Transaction(cursor), *args)
    except Exception as error:
        if not _is_of_driver(error) or is_interrupted(error) or is_denied(error):
            raise
        raise explain(error, cursor.place).with_traceback(error.__traceback__) from error
    return encode(copy_value(value, limits), limits)


def _is_of_driver(error: Exception) -> bool:
    """Tell whether a database has refused something: each driver has an `Error` of its own above all (PEP 249)."""
    errors = (base for base in type(error).__mro__ if base.__name__ == "Error")
    return any(base.__module__.partition(".")[0] in _DRIVERS for base in errors)


def _check_database(entry: Entry, target: str, call: OpenCall) -> None:
    named, kept = _field(entry.config, "database") or "", call.host.settings.database
    if kept == MEMORY:
        raise invalid(f"{target} is transactional, and {call.host.id} keeps its runs in memory; give it a database")
    if named and named != kept:
        where = kept or "the default database of the node"
        message = f"{target} is transactional in {named}, and {call.host.id} keeps its runs in {where}"
        raise invalid(f"{message}; name the same database in both, or drop `transactional`")


def _check_limit(engine: Engine, limit: int, target: str, call: OpenCall) -> None:
    """Refuse a time for which a server would not wait: it ends a transaction that stands still."""
    registry, kept = engine.node.registry, call.host.settings.database
    if not kept or not is_server(registry.entry(kept).kind):
        return
    from actorflow.store.server import STILL  # noqa: PLC0415 - brings SQLAlchemy, which nodes on files do without

    most = (STILL - 1) * SECOND
    if limit > most:
        message = f"{target} is transactional, with limits.slice.kill of {limit / SECOND:g} s"
        raise invalid(f"{message}; on {kept}, a {registry.entry(kept).kind}, it may have {most // SECOND} s")


def _field(config: Any, name: str) -> Any:
    return config.get(name) if isinstance(config, Mapping) else getattr(config, name, None)
