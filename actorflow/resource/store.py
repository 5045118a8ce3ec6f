"""Key-value stores for scripts: the operations `store.*`. Each names its store by id: a script has no handle here."""

from __future__ import annotations

from typing import Final

from actorflow.duration import SECOND, parse_duration
from actorflow.errors import invalid
from actorflow.module.octets import described
from actorflow.node.node import Node
from actorflow.node.operation import Caller
from actorflow.resource.access import find
from actorflow.resource.key_values import ALWAYS, DEFAULT_LIMIT, MAX_LIMIT, Condition, KeyValues
from actorflow.value import Value

_KINDS: Final = "store.*"
_LONGEST_KEY: Final = 4096
_LONGEST: Final = 100 * 366 * 86400
"""Seconds a ttl may have: a century."""
_PUT_OPTIONS: Final = frozenset({"ttl", "if_absent", "if_version"})
_LIST_OPTIONS: Final = frozenset({"prefix", "after", "limit"})


class Stores:
    """The operations, on the stores that run on a node."""

    def __init__(self, node: Node) -> None:
        """Serve the scripts of `node`."""
        self._node = node

    def open(self, _caller: Caller, store: Value = None) -> bool:
        """`store.open` id → True.

        Raises:
            Error: NotFound when there is no such entry, Invalid when it is no store, Unavailable when it does not run.
        """
        self._find(store, "store.get")
        return True

    async def get(self, _caller: Caller, store: Value = None, key: Value = None) -> Value:
        """`store.get` id, key → the value; raises kind NotFound when there is none."""
        found = self._find(store, "get")
        return (await found.entry(_key(key))).value

    async def entry(self, _caller: Caller, store: Value = None, key: Value = None) -> Value:
        """`store.entry` id, key → a map of key, value, version and, if it expires, expires_at in Unix seconds."""
        found = self._find(store, "entry")
        return (await found.entry(_key(key))).facts()

    async def set(
        self, _caller: Caller, store: Value = None, key: Value = None, value: Value = None, ttl: Value = None
    ) -> bool:
        """`store.set` id, key, value, ttl → True; `ttl` is seconds or text such as `5m`; none or 0: it stays."""
        found = self._find(store, "set")
        await found.put(_key(key), value, _lifetime(ttl))
        return True

    async def put(
        self, _caller: Caller, store: Value = None, key: Value = None, value: Value = None, options: Value = None
    ) -> str:
        """`store.put` id, key, value, options → the new version.

        Options are `ttl`, `if_absent` (true: AlreadyExists when there is an entry) and `if_version` (Conflict when the
        entry has another version, or there is none; an empty text is no version, and never writes).
        """
        found = self._find(store, "put")
        given = _options(options, _PUT_OPTIONS, "put")
        condition = _condition(given.get("if_absent"), given.get("if_version"))
        return await found.put(_key(key), value, _lifetime(given.get("ttl")), condition)

    async def has(self, _caller: Caller, store: Value = None, key: Value = None) -> bool:
        """`store.has` id, key → whether there is an entry."""
        found = self._find(store, "has")
        return await found.has(_key(key))

    async def delete(self, _caller: Caller, store: Value = None, key: Value = None) -> bool:
        """`store.delete` id, key → whether there was an entry."""
        found = self._find(store, "delete")
        return await found.delete(_key(key))

    async def list(self, _caller: Caller, store: Value = None, options: Value = None) -> Value:
        """`store.list` id, options → entries by key; options are `prefix`, `after` (a key) and `limit` (100)."""
        found = self._find(store, "list")
        given = _options(options, _LIST_OPTIONS, "list")
        limit = given.get("limit", DEFAULT_LIMIT)
        if type(limit) is not int or not 1 <= limit <= MAX_LIMIT:
            raise invalid(f"list: limit: got {limit!r:.60}, expected an integer from 1 to {MAX_LIMIT}")
        prefix, after = given.get("prefix", ""), given.get("after", "")
        if not isinstance(prefix, str) or not isinstance(after, str):
            raise invalid("list: prefix and after: expected text")
        if "\0" in prefix + after:
            raise invalid("list: prefix and after: expected text without NUL characters, which no key has")
        return [entry.facts() for entry in await found.list(prefix, after, limit)]

    async def info(self, _caller: Caller, store: Value = None) -> Value:
        """`store.info` id → a map with id, type and size (entries); max_size where there is a bound."""
        found = self._find(store, "info")
        return {"id": store, **await found.info()}

    def _find(self, store: Value, what: str) -> KeyValues:
        return find(self._node, store, what, _KINDS, KeyValues)  # type: ignore[type-abstract] # a protocol is a class


def _condition(absent: Value, version: Value) -> Condition:
    if absent is not None and not isinstance(absent, bool):
        raise invalid(f"put: if_absent: got {described(absent)}, expected true or false")
    if version is not None and (not isinstance(version, str) or not version):
        got = "an empty text" if version == "" else described(version)
        expected = "the version of an entry; leave it out to write in any case, or use if_absent"
        raise invalid(f"put: if_version: got {got}, expected {expected}")
    return Condition(bool(absent), version) if absent or version is not None else ALWAYS


def _key(key: Value) -> str:
    if not isinstance(key, str) or not key:
        got = "an empty key" if key == "" else described(key)
        raise invalid(f"key: got {got}, expected text")
    if "\0" in key:
        raise invalid(f"key: got {key!r:.80}, expected text without NUL characters, which not every store can keep")
    if len(key) > _LONGEST_KEY:
        raise invalid(f"key: got {len(key)} characters, expected at most {_LONGEST_KEY}")
    return key


def _lifetime(ttl: Value) -> int | None:
    """Return a ttl, in seconds or as text with units, as nanoseconds; None for one that never ends."""
    if ttl is None or (ttl == 0 and type(ttl) in {int, float}):
        return None
    if isinstance(ttl, str):
        lifetime = parse_duration(ttl)
    elif isinstance(ttl, int | float) and not isinstance(ttl, bool) and abs(ttl) <= _LONGEST:
        lifetime = int(ttl * SECOND)
    else:
        lifetime = 0
    if not 0 < lifetime <= _LONGEST * SECOND:
        raise invalid(f"ttl: got {ttl!r:.60}, expected seconds or text such as '5m', more than 0, at most a century")
    return lifetime


def _options(options: Value, known: frozenset[str], what: str) -> dict[str, Value]:
    given = {} if options is None or options == [] else options
    if not isinstance(given, dict):
        raise invalid(f"{what}: got {described(options)}, expected options: {', '.join(sorted(known))}")
    unknown = [name for name in given if name not in known]
    if unknown:
        raise invalid(f"{what}: unknown option {unknown[0]!r}, expected one of {', '.join(sorted(known))}")
    return given


def install(node: Node) -> None:
    """Add the operations."""
    stores = Stores(node)
    for name in ("open", "get", "entry", "set", "put", "has", "delete", "list", "info"):
        node.operations.add(f"store.{name}", getattr(stores, name))
