"""The frames of the mesh: what travels between two nodes, as bytes, and how strangers' bytes are told from members'.

A frame is a head of fixed form (version, kind, name of the sender, its session id, the receiver's, a number), its
fields as one CBOR list, and a tag of 16 bytes over both. Until both sides have proved that they know the secret of the
cluster, the tag is HMAC-SHA-256 under that secret (RFC 2104); after that it is keyed BLAKE2b (RFC 7693) under the key
of their conversation. The fields are read only when the tag is right: nothing that was not made by a member is ever
looked into, whatever the transport is. This file knows no session and no node.
"""

from __future__ import annotations

import hmac
import struct
from enum import IntEnum
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import cbor2

from actorflow.errors import invalid

VERSION: Final = 1
"""Nodes talk only with those of the same number: another one means frames that cannot be read."""
MINOR: Final = 1
"""Which kinds of items and verbs a node knows. Each side says its own, and older ones are talked to as they are: kinds
that a node does not know it ignores, verbs that it does not know it refuses, fields of a greeting beyond those that it
knows it does not look at. So a later number adds kinds, verbs and fields, and changes none."""
TAG_SIZE: Final = 16
SESSION_ID_SIZE: Final = 16
NOBODY: Final = bytes(SESSION_ID_SIZE)
"""The session id of who is not known yet."""
MAX_FRAME: Final = 32 * 1024 * 1024
"""Most bytes of a frame that a transport takes: above the largest single item, which is bounded by its sender."""
_HEAD: Final = struct.Struct("!BBB16s16sQ")
"""Version, kind, length of the name, both session ids, number; the name follows."""


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
    """A frame taken apart; `source` and `target` are session ids, or `NOBODY`."""

    kind: Kind
    sender: str
    source: bytes
    target: bytes
    number: int
    fields: list[Any]


def write_frame(frame: Frame, key: bytes) -> bytes:
    """Return the bytes of a frame with its tag."""
    name = frame.sender.encode()
    head = _HEAD.pack(VERSION, frame.kind, len(name), frame.source, frame.target, frame.number)
    body = b"".join((head, name, cbor2.dumps(frame.fields)))
    return body + tag_of(frame.kind, key, body)


def read_head(data: bytes) -> Frame:
    """Return the frame in some bytes without its fields: those are for `verified`, once the key is known.

    Raises:
        Error: kind Invalid, when it is malformed or of another version.
    """
    try:
        version, kind, length, source, target, number = _HEAD.unpack_from(data)
        name = data[_HEAD.size : _HEAD.size + length].decode()
        frame = Frame(Kind(kind), name, source, target, number, []) if version == VERSION else None
    except (struct.error, ValueError) as error:
        raise invalid(f"malformed mesh frame: {error}") from error
    if frame is None:
        raise invalid(f"mesh frame of version {version}, expected {VERSION}: the nodes are of different releases")
    if len(data) <= _HEAD.size + length + TAG_SIZE:
        raise invalid("malformed mesh frame: it ends too early")
    return frame


def verified(frame: Frame, data: bytes, key: bytes) -> Frame | None:
    """Return a frame with its fields, None when whoever made the bytes did not have the key."""
    if not hmac.compare_digest(data[-TAG_SIZE:], tag_of(frame.kind, key, data[:-TAG_SIZE])):
        return None
    try:
        fields = cbor2.loads(data[_HEAD.size + data[2] : -TAG_SIZE])
    except Exception:  # noqa: BLE001 - of a member that writes what is none: as good as a stranger
        return None
    return frame._replace(fields=fields) if isinstance(fields, list) else None


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
