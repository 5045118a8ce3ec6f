"""Deterministic CBOR (RFC 8949 §4.2.1) for values that leave the node: journals, the mesh, the control socket.

One profile, held equal to the Lua codec by a table of vectors (`tests/vectors/cbor.json`): definite lengths, shortest
heads, map keys in bytewise order, floats in eight bytes (the infinities `f97c00`, `f9fc00` and the one NaN `f97e00` in
two), a `Failure` as tag 27 `["actorflow.error", message, kind, retryable, details, stack]`. Never pickle.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any, Final

import cbor2

from actorflow.errors import Error, Failure, invalid
from actorflow.notice import Notice
from actorflow.value import DEFAULT_LIMITS, INT_MAX, INT_MIN, Limits, Value, copy_value

_OBJECT_TAG: Final = 27
_FAILURE_NAME: Final = "actorflow.error"
_FAILURE_PARTS: Final = 6
_PAIR: Final = b"\x82"
_EMPTY_MAP: Final = b"\xa0"
_HEADS: Final = (b"\x80", b"\x81", b"\x82", b"\x83")
"""Heads of lists of 0 to 3 items."""
_SHORT_TEXT: Final = 256
_SHORT_SIZE: Final = 4096
_SHORT_DEPTH: Final = 2
"""Texts of a short list are no longer, and it is within limits of these."""
_PLAIN: Final = frozenset({type(None), bool, float})
_FLAT: Final = frozenset({type(None), bool, int, float, str, bytes})


def encode(value: Value, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Return the deterministic bytes of `value`, checked and copied by `copy_value` first.

    Raises:
        Error: kind Invalid, naming the path of what may not cross a boundary.
    """
    if type(value) is list and (short := _short(value, limits)):
        return short
    return encode_copied(copy_value(value, limits))


def _short(items: list[Value], limits: Limits) -> bytes:
    """Return the bytes of a list of a few scalars, the arguments of most calls; nothing for any other list.

    It needs no copy, and a container costs more than what is in it: a fifth of the bytecodes of the careful way.
    """
    if len(items) >= len(_HEADS) or limits.size < _SHORT_SIZE or limits.depth < _SHORT_DEPTH:
        return b""
    for item in items:
        kind = type(item)
        if kind is int:
            if not INT_MIN <= item <= INT_MAX:
                return b""
        elif kind is str:
            if len(item) > _SHORT_TEXT or not item.isascii():
                return b""
        elif kind not in _PLAIN:
            return b""
    return _HEADS[len(items)] + b"".join(map(cbor2.dumps, items))


def encode_pair(first: Value, second: Value, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Return the bytes of the list of two values, as `encode` does.

    Of an empty map it knows them: most calls have no options, and a container costs more than what is in it.

    Raises:
        Error: kind Invalid, naming the path of what may not cross a boundary.
    """
    if second == {}:
        try:
            return _PAIR + encode(first, limits) + _EMPTY_MAP
        except Error:
            pass  # raised below, with the whole path
    return encode([first, second], limits)


def encode_copied(value: Value) -> bytes:
    """Return the bytes of a value that `copy_value` has already returned; does not check it again."""
    if type(value) in _FLAT:
        return cbor2.dumps(value)
    return cbor2.dumps(value, default=_encode_other)


def decode(data: bytes) -> Value:
    """Return the value in bytes that this codec (or its Lua twin) wrote; use `decode_foreign` for others' bytes.

    Raises:
        Error: kind Invalid, when the bytes are malformed.
    """
    try:
        return cbor2.loads(data, tag_hook=_decode_tag)
    except Exception as error:
        raise invalid(f"malformed CBOR: {_reason(error)}") from error


def decode_foreign(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Value:
    """Return the value in bytes that somebody else wrote, checked to be exactly one value of our profile's types.

    Raises:
        Error: kind Invalid, when the bytes are malformed, too deep, trailed by more, or hold a foreign type.
    """
    stream = BytesIO(data)
    try:
        decoder = cbor2.CBORDecoder(
            stream,
            tag_hook=_decode_tag,
            max_depth=2 * limits.depth + 4,  # a Failure is two of our levels and up to four of CBOR's
            allow_indefinite=False,
            allow_duplicate_keys=False,
        )
        value = decoder.decode()
        rest = len(data) - stream.tell()
    except Exception as error:
        raise invalid(f"malformed CBOR: {_reason(error)}") from error
    if rest:
        raise invalid(f"malformed CBOR: {rest} bytes after the value")
    return copy_value(value, limits, _refuse_foreign)


def _encode_other(encoder: Any, value: Any) -> None:
    if not isinstance(value, Failure):
        raise TypeError(f"cannot encode {type(value).__name__}")
    parts = [_FAILURE_NAME, value.message, value.kind, value.retryable, value.details, value.stack]
    encoder.encode(cbor2.CBORTag(_OBJECT_TAG, parts))


def _decode_tag(tag: Any, _immutable: bool = False) -> Failure:  # noqa: FBT001, FBT002 - cbor2 passes it so
    parts = tag.value
    if tag.tag != _OBJECT_TAG or not isinstance(parts, list | tuple) or len(parts) != _FAILURE_PARTS:
        raise ValueError(f"unknown tag {tag.tag}")
    if parts[0] != _FAILURE_NAME:
        raise ValueError(f"unknown object {parts[0]!r}")
    message, kind, retryable, details, stack = parts[1:]
    texts = isinstance(message, str) and isinstance(kind, str) and isinstance(stack, str)
    if not texts or not isinstance(retryable, bool | None) or not isinstance(details, Mapping | None):
        raise ValueError(f"{_FAILURE_NAME} expects [text, text, boolean or null, map or null, text]")
    return Failure(message, kind, retryable, None if details is None else _thaw(details), stack)


def _reason(error: BaseException) -> BaseException:
    """Return the first cause: cbor2 wraps what a tag's decoder says into a sentence without the reason."""
    return error if error.__cause__ is None else _reason(error.__cause__)


def _refuse_foreign(notice: Notice) -> None:
    """Refuse what `copy_value` would replace by None: dates, sets, undefined and whatever else CBOR knows."""
    raise invalid(f"foreign CBOR type: {notice.text}")


def _thaw(value: Any) -> Any:
    """Undo that cbor2 decodes what is inside a tag to immutable containers."""
    if isinstance(value, Mapping):
        return {key: _thaw(item) for key, item in value.items()}
    return [_thaw(item) for item in value] if isinstance(value, list | tuple) else value
