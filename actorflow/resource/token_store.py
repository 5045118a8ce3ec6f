"""Token stores: texts that stand for an actor and a scope until they expire or are revoked.

Of a token only its digest is kept, so that whoever reads the store can use none of them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from actorflow.duration import MILLISECOND, to_nanoseconds
from actorflow.errors import NOT_FOUND, Error, invalid, not_found
from actorflow.module.octets import described
from actorflow.node.guard import checked_actor, checked_scope
from actorflow.node.operation import Caller
from actorflow.registry.kinds.security_token_store import SecurityTokenStore
from actorflow.resource.access import find
from actorflow.resource.key_values import KeyValues
from actorflow.value import Value

if TYPE_CHECKING:
    from actorflow.node.node import Node

_SWEEP: Final = 1_000
"""Tokens in memory beyond which expired ones are looked for, each time their number has doubled."""

_PREFIX: Final = "token:"
"""What the keys of tokens in a store begin with."""


class _Grant(NamedTuple):
    """What a token stands for; `expires` is Unix nanoseconds, 0: never."""

    actor: Mapping[str, Value]
    scope: list[str]
    meta: Value
    expires: int

    def over(self, now: int) -> bool:
        """Tell whether it has expired."""
        return self.expires != 0 and self.expires <= now


class _Kept(Protocol):
    """Where grants are kept, by the digest of their token."""

    async def put(self, digest: str, grant: _Grant, now: int) -> None: ...
    async def get(self, digest: str) -> _Grant | None: ...
    async def drop(self, digest: str) -> bool: ...


class _Memory:
    """Grants in the memory of the node."""

    def __init__(self) -> None:
        self._grants: dict[str, _Grant] = {}
        self._sweep_at = _SWEEP

    async def put(self, digest: str, grant: _Grant, now: int) -> None:
        self._grants[digest] = grant
        if len(self._grants) > self._sweep_at:
            self._grants = {key: one for key, one in self._grants.items() if not one.over(now)}
            self._sweep_at = max(_SWEEP, 2 * len(self._grants))

    async def get(self, digest: str) -> _Grant | None:
        return self._grants.get(digest)

    async def drop(self, digest: str) -> bool:
        return self._grants.pop(digest, None) is not None


class _Stored:
    """Grants in a key-value store, which forgets them when they expire."""

    def __init__(self, store: KeyValues) -> None:
        self._store = store

    async def put(self, digest: str, grant: _Grant, now: int) -> None:
        value = {"actor": dict(grant.actor), "scope": grant.scope, "meta": grant.meta, "expires": grant.expires}
        await self._store.put(_PREFIX + digest, value, grant.expires - now if grant.expires else None)

    async def get(self, digest: str) -> _Grant | None:
        try:
            found = (await self._store.entry(_PREFIX + digest)).value
        except Error as error:
            if error.kind != NOT_FOUND:
                raise
            return None
        return _Grant(found["actor"], checked_scope(found["scope"]), found.get("meta"), found["expires"])

    async def drop(self, digest: str) -> bool:
        return await self._store.delete(_PREFIX + digest)


class TokenStores:
    """The token stores of one node, by the id of their entry."""

    def __init__(self, node: Node) -> None:
        """Know no token."""
        self._node = node
        self._memories: dict[str, _Memory] = {}

    def require(self, _caller: Caller, store_id: Any) -> bool:
        """Return True if there is a token store of this id."""
        self._config(store_id)
        return True

    async def create(self, _caller: Caller, store_id: Any, actor: Any, scope: Any, options: Any = None) -> str:
        """Return a new token for an actor and a scope; options are `expiration` and `meta`."""
        config = self._config(store_id)
        options = options or {}
        if not isinstance(options, dict):
            raise invalid(f"{store_id}: got {options!r:.80} as options, expected a map")
        lifetime = config.default_expiration
        if options.get("expiration") is not None:
            lifetime = to_nanoseconds(options["expiration"], MILLISECOND)
            if lifetime <= 0:
                raise invalid(f"{store_id}: got the expiration {options['expiration']!r}, expected a positive duration")
        now = self._node.clock.now()
        expires = now + lifetime if lifetime else 0
        grant = _Grant(checked_actor(actor), checked_scope(scope), options.get("meta"), expires)
        token = _signed(_text(secrets.token_bytes(config.token_length)), config.token_key)
        await self._kept(store_id, config).put(_digest(token), grant, now)
        return token

    async def validate(self, _caller: Caller, store_id: Any, token: Any) -> dict[str, Value]:
        """Return the actor and the scope of a token.

        Raises:
            Error: kind NotFound, when it was never given out, is forged, expired, or revoked.
        """
        grant = await self._grant(store_id, token)
        return {"actor": dict(grant.actor), "scope": list(grant.scope), "meta": grant.meta}

    async def revoke(self, _caller: Caller, store_id: Any, token: Any) -> bool:
        """Let a token be none any more; raises as `validate` does when it is none already."""
        await self._grant(store_id, token)
        return await self._kept(store_id, self._config(store_id)).drop(_digest(token))

    async def _grant(self, store_id: Any, token: Any) -> _Grant:
        config = self._config(store_id)
        if not isinstance(token, str) or not token:
            raise invalid(f"{store_id}: got {described(token)} as a token, expected a non-empty text")
        genuine = not config.token_key or hmac.compare_digest(_signed(token.partition(".")[0], config.token_key), token)
        kept = self._kept(store_id, config)
        grant = await kept.get(_digest(token)) if genuine else None
        if grant is None:
            raise not_found(f"{store_id}: token not found: it was never given out, has expired, or is revoked")
        if grant.over(self._node.clock.now()):
            await kept.drop(_digest(token))
            raise not_found(f"{store_id}: token expired")
        return grant

    def _kept(self, store_id: str, config: SecurityTokenStore) -> _Kept:
        if config.store is None:
            return self._memories.setdefault(store_id, _Memory())
        return _Stored(find(self._node, config.store, store_id, "store.*", KeyValues))  # type: ignore[type-abstract]

    def _config(self, store_id: Any) -> SecurityTokenStore:
        if not isinstance(store_id, str) or not store_id:
            raise invalid(f"security.token_store: got {described(store_id)}, expected the id of a token store")
        entry = self._node.registry.entry(store_id)
        entry.require()
        if not isinstance(entry.config, SecurityTokenStore):
            raise invalid(f"{store_id} is a {entry.kind}, expected a security.token_store")
        return entry.config


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _signed(token: str, key: str) -> str:
    """Return a token with its signature (HMAC-SHA-256, RFC 2104), or as it is without a key."""
    if not key:
        return token
    return f"{token}.{_text(hmac.digest(key.encode(), token.encode(), 'sha256'))}"


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
