"""Payloads: values as Temporal keeps them, readable in its own tools wherever a value is JSON.

A value that JSON can say exactly is `json/plain`, bytes are `binary/plain`, nothing is `binary/null`: what clients in
other languages send and expect. All others (errors, integer keys, bytes inside of something, NaN) are `binary/cbor`,
the codec of journals.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from math import isfinite
from types import MappingProxyType
from typing import Any, Final, Self

from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    BinaryNullPayloadConverter,
    BinaryPlainPayloadConverter,
    CompositePayloadConverter,
    DataConverter,
    EncodingPayloadConverter,
    SerializationContext,
)

from actorflow.codec import decode_foreign, encode_copied

JSON: Final = "json/plain"
CBOR: Final = "binary/cbor"
_DEPTH: Final = 200
_LOWEST: Final = -(2**63)
_HIGHEST: Final = 2**63 - 1
_DIGITS: Final = len(str(_LOWEST))


class JsonValue(EncodingPayloadConverter):
    """Values that JSON can say exactly."""

    @property
    def encoding(self) -> str:
        """Return the name of the encoding."""
        return JSON

    def to_payload(self, value: Any) -> Payload | None:
        """Return the payload of a value, None when JSON cannot say it."""
        return _payload(JSON, json_text(value)) if is_json(value) else None

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:  # noqa: ARG002 - values have no hints
        """Return the value; an integer that no value can be becomes a float."""
        try:
            return _DECODER.decode(payload.data.decode())
        except ValueError:  # in another encoding than UTF-8, or no JSON
            return json.loads(payload.data, parse_int=_integer)


class ProtoJsonValue(JsonValue):
    """Messages that another SDK wrote as JSON: read as plain data, never written."""

    @property
    def encoding(self) -> str:
        """Return the name of the encoding."""
        return "json/protobuf"

    def to_payload(self, value: Any) -> Payload | None:  # noqa: ARG002 - the SDK's shape
        """Write nothing."""
        return None


class CborValue(EncodingPayloadConverter):
    """Every other value."""

    @property
    def encoding(self) -> str:
        """Return the name of the encoding."""
        return CBOR

    def to_payload(self, value: Any) -> Payload | None:
        """Return the payload of a value that was copied before."""
        return _payload(CBOR, encode_copied(value))

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:  # noqa: ARG002
        """Return the value."""
        return decode_foreign(payload.data)


_CONVERTERS: Final[Mapping[bytes, EncodingPayloadConverter]] = MappingProxyType(
    {
        converter.encoding.encode(): converter
        for converter in (
            BinaryNullPayloadConverter(),
            BinaryPlainPayloadConverter(),
            JsonValue(),
            ProtoJsonValue(),
            CborValue(),
        )
    }
)
"""The payloads of values, in the order in which they are tried."""


class ValueConverter(CompositePayloadConverter):
    """The payloads of values. The SDK makes one for each task; what they need is made once, for they know nothing."""

    def __init__(self) -> None:
        """Know the encodings above."""
        self.converters = _CONVERTERS

    def with_context(self, context: SerializationContext) -> Self:  # noqa: ARG002 - the SDK's shape
        """Return the same one: a value says the same in every context."""
        return self


class _Values(DataConverter):
    """Values as payloads, whatever they belong to."""

    def with_context(self, context: SerializationContext) -> Self:  # noqa: ARG002 - the SDK's shape
        """Return the same one: the SDK asks several times for each task."""
        return self


VALUES: Final[DataConverter] = _Values(payload_converter_class=ValueConverter)


def value_of(payload: Payload) -> Any:
    """Return the value of a payload.

    Raises:
        RuntimeError: when it is in no encoding of ours.
    """
    converter = _CONVERTERS.get(payload.metadata.get("encoding", b""))
    return VALUES.payload_converter.from_payload(payload) if converter is None else converter.from_payload(payload)


def json_text(value: Any) -> bytes:
    """Return a value as compact JSON, its keys in the order of our own codec: so scripts iterate alike on all hosts."""
    return _ENCODER.encode(_ordered(value)).encode()


def _ordered(value: Any) -> Any:
    if type(value) is dict:
        return {key: _ordered(value[key]) for key in sorted(value, key=_order)}
    return [_ordered(item) for item in value] if type(value) in {list, tuple} else value


def _order(key: str) -> tuple[int, bytes]:
    data = key.encode()
    return len(data), data


def is_json(value: Any, depth: int = _DEPTH) -> bool:
    """Tell whether JSON says a value exactly: text, numbers, booleans, lists, and maps of text keys."""
    plain = _PLAIN.get(type(value))
    if plain is not None:
        return plain(value)
    if depth == 0:
        return False
    if type(value) in {list, tuple}:
        return all(is_json(item, depth - 1) for item in value)
    return type(value) is dict and all(
        type(key) is str and _is_text(key) and is_json(item, depth - 1) for key, item in value.items()
    )


def _is_text(value: str) -> bool:
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)


_PLAIN: Final[Mapping[type, Callable[[Any], bool]]] = {
    str: _is_text,
    int: lambda value: _LOWEST <= value <= _HIGHEST,
    bool: lambda _: True,
    type(None): lambda _: True,
    float: isfinite,
}


def _integer(text: str) -> int | float:
    number = int(text) if len(text) <= _DIGITS else float(text)
    return number if isinstance(number, float) or _LOWEST <= number <= _HIGHEST else float(text)


_DECODER: Final = json.JSONDecoder(parse_int=_integer)
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
"""Made once: `json.loads` and `json.dumps` with arguments make one for each value."""


def _payload(encoding: str, data: bytes) -> Payload:
    return Payload(metadata={"encoding": encoding.encode()}, data=data)
