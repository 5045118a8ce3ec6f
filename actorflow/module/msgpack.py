"""MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md): the form `application/msgpack` of payloads.

Text and bytes stay apart, integers and floats too, errors become their message. Times are read as seconds since 1970;
other extension types are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from actorflow.errors import INTERNAL, Error, Failure
from actorflow.module.octets import octets


def encode(value: Any = None) -> bytes:
    """Return plain data as bytes, maps in the order of their keys.

    Raises:
        Error: kind Internal, for what is no plain data.
    """
    import msgpack  # noqa: PLC0415 - imported when first used

    try:
        packed: bytes = msgpack.packb(value, default=_other, use_bin_type=True)
    except (TypeError, ValueError, OverflowError) as error:
        raise _failed("encode", error) from None
    return packed


def decode(data: Any = None) -> Any:
    """Return the one value in bytes.

    Raises:
        Error: kind Invalid for what is no bytes; kind Internal, when they are not exactly one value of plain data.
    """
    import msgpack  # noqa: PLC0415 - imported when first used

    given = octets(data, "msgpack.decode")
    try:
        return msgpack.unpackb(given, raw=False, strict_map_key=False, timestamp=1, ext_hook=_refused)
    except (TypeError, ValueError, RecursionError, msgpack.UnpackException) as error:
        raise _failed("decode", error) from None


def _other(value: Any) -> str:
    if isinstance(value, Failure):
        return value.message
    raise TypeError(f"got {type(value).__name__}, expected plain data")


def _refused(code: int, _data: bytes) -> Any:
    raise ValueError(f"got the extension type {code}, expected plain data")


def _failed(verb: str, error: Exception) -> Error:
    return Error(f"msgpack.{verb}: {str(error) or 'the bytes are not in this format'}", INTERNAL, retryable=False)


PURE: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType({"msgpack.encode": encode, "msgpack.decode": decode})
