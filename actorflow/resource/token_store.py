"""Token stores: texts that stand for an actor and a scope until they expire or are revoked.

Of a token only its digest is kept, so that whoever reads the store can use none of them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from actorflow.duration import MILLISECOND, to_nanoseconds
from actorflow.errors import invalid, not_found
from actorflow.node.guard import checked_actor, checked_scope
from actorflow.node.operation import Caller
from actorflow.registry.kinds.security_token_store import SecurityTokenStore
from actorflow.value import Value

if TYPE_CHECKING:
    from actorflow.node.node import Node

_SWEEP: Final = 1_000
"""Tokens in memory beyond which expired ones are looked for, each time their number has doubled."""


class _Grant(NamedTuple):
    """What a token stands for; `expires` is Unix nanoseconds, 0: never."""

    actor: Mapping[str, Value]
    scope: list[str]
    meta: Value
    expires: int


class _Memory:
    """Grants by the digest of their token."""

    def __init__(self) -> None:
        self._grants: dict[str, _Grant] = {}
        self._sweep_at = _SWEEP

    def put(self, digest: str, grant: _Grant, now: int) -> None:
        self._grants[digest] = grant
        if len(self._grants) > self._sweep_at:
            self._grants = {key: one for key, one in self._grants.items() if not _is_over(one, now)}
            self._sweep_at = max(_SWEEP, 2 * len(self._grants))

    def get(self, digest: str) -> _Grant | None:
        return self._grants.get(digest)

    def drop(self, digest: str) -> bool:
        return self._grants.pop(digest, None) is not None


class TokenStores:
    """The token stores of one node, by the id of their entry."""

    def __init__(self, node: Node) -> None:
        """Know no token."""
        self._node = node
        self._stores: dict[str, _Memory] = {}

    def require(self, _caller: Caller, store_id: Any) -> bool:
        """Return True if there is a token store of this id."""
        self._config(store_id)
        return True

    def create(self, _caller: Caller, store_id: Any, actor: Any, scope: Any, options: Any = None) -> str:
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
        self._kept(store_id).put(_digest(token), grant, now)
        return token

    def validate(self, _caller: Caller, store_id: Any, token: Any) -> dict[str, Value]:
        """Return the actor and the scope of a token.

        Raises:
            Error: kind NotFound, when it was never given out, is forged, expired, or revoked.
        """
        grant = self._grant(store_id, token)
        return {"actor": dict(grant.actor), "scope": list(grant.scope), "meta": grant.meta}

    def revoke(self, _caller: Caller, store_id: Any, token: Any) -> bool:
        """Let a token be none any more; raises as `validate` does when it is none already."""
        self._grant(store_id, token)
        return self._kept(store_id).drop(_digest(token))

    def _grant(self, store_id: Any, token: Any) -> _Grant:
        config = self._config(store_id)
        if not isinstance(token, str) or not token:
            raise invalid(f"{store_id}: got {type(token).__name__} as a token, expected a non-empty text")
        genuine = not config.token_key or hmac.compare_digest(_signed(token.partition(".")[0], config.token_key), token)
        grant = self._kept(store_id).get(_digest(token)) if genuine else None
        if grant is None:
            raise not_found(f"{store_id}: token not found: it was never given out, or is revoked")
        if _is_over(grant, self._node.clock.now()):
            self._kept(store_id).drop(_digest(token))
            raise not_found(f"{store_id}: token expired")
        return grant

    def _kept(self, store_id: str) -> _Memory:
        return self._stores.setdefault(store_id, _Memory())

    def _config(self, store_id: Any) -> SecurityTokenStore:
        if not isinstance(store_id, str) or not store_id:
            raise invalid(f"security.token_store: got {store_id!r:.80}, expected the id of a token store")
        entry = self._node.registry.entry(store_id)
        entry.require()
        if not isinstance(entry.config, SecurityTokenStore):
            raise invalid(f"{store_id} is a {entry.kind}, expected a security.token_store")
        return entry.config


def _is_over(grant: _Grant, now: int) -> bool:
    return grant.expires != 0 and grant.expires <= now


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _signed(token: str, key: str) -> str:
    """Return a token with its signature (HMAC-SHA-256, RFC 2104), or as it is without a key."""
    if not key:
        return token
    return f"{token}.{_text(hmac.digest(key.encode(), token.encode(), 'sha256'))}"


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
