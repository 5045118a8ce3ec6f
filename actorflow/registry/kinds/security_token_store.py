"""`security.token_store`: where tokens are kept that stand for an actor and a scope."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from actorflow.duration import HOUR
from actorflow.registry.kind import Kind
from actorflow.registry.kinds.config import Config
from actorflow.registry.kinds.fields import Duration, Reference


class SecurityTokenStore(Config):
    """Tokens, in a `store.*` entry or, without `store`, in the memory of the node.

    `token_length` is in random bytes. With a `token_key` tokens carry a signature (HMAC-SHA-256) made with it, and only
    its digest is kept in place of the token.
    """

    store: Reference | None = None
    token_length: Annotated[int, Field(ge=16, le=256)] = 32
    default_expiration: Duration = 24 * HOUR
    token_key: str = ""


KIND = Kind("security.token_store", SecurityTokenStore, references={"store": ("store.*",)})
