"""The frames of the mesh: what travels between two nodes, as bytes, and how strangers' bytes are told from members'.

A frame is one CBOR list `[version, kind, sender, its session id, receiver's session id, number, fields]` and a tag of
16 bytes behind it. Until both sides have proved that they know the secret of the cluster, the tag is HMAC-SHA-256 under
that secret (RFC 2104); after that it is keyed BLAKE2b (RFC 7693) under the key of their conversation. So nothing
that was not made by a member is ever looked into, whatever the transport is. This file knows no session and no node.
"""

from __future__ import annotations

import hmac
from enum import IntEnum
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import cbor2

from actorflow.errors import invalid

VERSION: Final = 1
TAG_SIZE: Final = 16
SESSION_ID_SIZE: Final = 16
MAX_FRAME: Final = 32 * 1024 * 1024
"""Most bytes of a frame that a transport takes: above the largest single item, which is bounded by its sender."""


class Kind(IntEnum):
    """What a frame is; the numbers are part of the protocol. The comment has its fields."""

    KNOCK = 1  # incarnation, address: "greet me", to an address of which no more is known
    HELLO = 2  # incarnation, address: "this is my session id, prove yourself"
    AUTH = 3  # incarnation, address: the proof; its tag covers both session ids, so it is of this very conversation
    RESUME = 4  # received, limit: "all after `received` again"
    DATA = 5  # received, limit, first, items: items are numbered first, first + 1, …
    ACK = 6  # received, limit
    PING = 7  # received, limit: "answer with ACK"
    BYE = 8  # reason


SECRETLY: Final = frozenset({Kind.KNOCK, Kind.HELLO, Kind.AUTH, Kind.BYE})
"""Kinds whose tag is made with the secret of the cluster, not with the key of a conversation."""


class Frame(NamedTuple):
    """A frame taken apart; `source` and `target` are session ids, b"" where there is none yet."""

    kind: Kind
    sender: str
    source: bytes
    target: bytes
    number: int
    fields: list[Any]


def write_frame(frame: Frame, key: bytes) -> bytes:
    """Return the bytes of a frame with its tag."""
    body = cbor2.dumps([VERSION, int(frame.kind), *frame[1:]])
    return body + tag_of(frame.kind, key, body)


def read_frame(data: bytes) -> Frame:
    """Return the frame in some bytes; whether its tag is right is asked with `is_from`, once the key is known.

    Raises:
        Error: kind Invalid, when it is malformed or of another version.
    """
    try:
        parts = cbor2.loads(data[:-TAG_SIZE])
        version, kind, sender, source, target, number, fields = parts
        frame = Frame(Kind(kind), sender, source, target, number, fields)
    except Exception as error:
        raise invalid(f"malformed mesh frame: {error}") from error
    if version != VERSION:
        raise invalid(f"mesh frame of version {version!r}, expected {VERSION}: the nodes are of different releases")
    ids = isinstance(source, bytes) and isinstance(target, bytes)
    if not (isinstance(sender, str) and ids and isinstance(number, int) and isinstance(fields, list)):
        raise invalid("malformed mesh frame: expected [version, kind, text, bytes, bytes, integer, list]")
    return frame


def is_from(frame: Frame, data: bytes, key: bytes) -> bool:
    """Tell whether whoever made these bytes had the key."""
    return hmac.compare_digest(data[-TAG_SIZE:], tag_of(frame.kind, key, data[:-TAG_SIZE]))


def tag_of(kind: Kind, key: bytes, body: bytes) -> bytes:
    """Return the tag of a body under a key."""
    if kind in SECRETLY:
        return hmac.digest(key, body, "sha256")[:TAG_SIZE]
    return blake2b(body, digest_size=TAG_SIZE, key=key).digest()


def cluster_key(secret: str, cluster: str) -> bytes:
    """Return the key that all members of a cluster share."""
    return hmac.digest(secret.encode(), b"actorflow mesh 1\0" + cluster.encode(), "sha256")


def conversation_key(cluster: bytes, one: bytes, other: bytes) -> bytes:
    """Return the key of the conversation between two session ids, the same on both sides."""
    return hmac.digest(cluster, b"conversation\0" + min(one, other) + max(one, other), "sha256")
