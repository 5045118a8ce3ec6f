"""The frames of the control socket: what a request and a reply look like as bytes, and what is refused.

A request is `{v, verb, args}`, a reply `{v, ok, value}` or `{v, ok, failure}`, both as deterministic CBOR.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from actorflow.codec import decode_foreign, encode
from actorflow.errors import INTERNAL, Error, Failure, failure_of, invalid
from actorflow.value import DEFAULT_LIMITS, Limits, Value

VERSION: Final = 1
MAX_FRAME: Final = 16 * 1024 * 1024
"""Most bytes of one frame, either way."""
_ENVELOPE_DEPTH: Final = 8
"""Levels that a request adds around a value that may itself be as deep as values get."""
FRAME_LIMITS: Final = Limits(depth=DEFAULT_LIMITS.depth + _ENVELOPE_DEPTH, size=MAX_FRAME - 1024)


def encode_request(verb: str, args: Mapping[str, Value]) -> bytes:
    """Return the bytes of a request.

    Raises:
        Error: kind Invalid, when the arguments may not cross or are too large.
    """
    return encode({"v": VERSION, "verb": verb, "args": dict(args)}, FRAME_LIMITS)


def decode_request(frame: bytes) -> tuple[str, dict[str, Value]]:
    """Return the verb and arguments in a request.

    Raises:
        Error: kind Invalid, when the frame is malformed or of another version.
    """
    request = _envelope(frame)
    verb, args = request.get("verb"), request.get("args")
    if not isinstance(verb, str) or not isinstance(args, dict):
        raise invalid("malformed request: expected a map with 'verb' (text) and 'args' (map)")
    return verb, args


def encode_value(value: Value) -> bytes:
    """Return the bytes of a reply that succeeded; one that cannot cross becomes a failure that says why."""
    try:
        return encode({"v": VERSION, "ok": True, "value": value}, FRAME_LIMITS)
    except Error as error:
        return encode_failure(failure_of(error))


def encode_failure(failure: Failure) -> bytes:
    """Return the bytes of a reply that failed."""
    try:
        return encode({"v": VERSION, "ok": False, "failure": failure}, FRAME_LIMITS)
    except Error:
        return encode({"v": VERSION, "ok": False, "failure": Failure(failure.message[:1000], INTERNAL)})


def decode_reply(frame: bytes) -> Value:
    """Return the value of a reply.

    Raises:
        Error: the failure that the reply carries; kind Invalid, when the frame is malformed or of another version.
    """
    reply = _envelope(frame)
    if reply.get("ok") is True:
        return reply.get("value")
    failure = reply.get("failure")
    if not isinstance(failure, Failure):
        raise invalid("malformed reply: expected a map with 'ok' and 'value', or 'failure'")
    raise Error(failure)


def _envelope(frame: bytes) -> dict[str, Value]:
    envelope = decode_foreign(frame, FRAME_LIMITS)
    if not isinstance(envelope, dict):
        raise invalid(f"malformed frame: got {type(envelope).__name__}, expected a map")
    if envelope.get("v") != VERSION:
        got = envelope.get("v")
        message = f"control protocol version {got!r}, expected {VERSION}: node and command are of different releases"
        raise invalid(message)
    return envelope
