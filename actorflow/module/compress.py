"""Compression: gzip (RFC 1952), zlib (RFC 1950), deflate (RFC 1951), Brotli (RFC 7932), Zstandard (RFC 8878).

The last two need a library each, which the extra `compress` installs. What is compressed is the same for the same
data: no time stamps, no names.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from types import MappingProxyType
from typing import Any, Final

from actorflow.errors import INTERNAL, UNAVAILABLE, Error, invalid, unavailable
from actorflow.module.octets import octets, unexpected

MAX_SIZE: Final = 16 << 20
"""Bytes that decoding gives at most, if `max_size` does not say less: what fits well into a script's memory."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format: how it is written and read, and its levels, the default last."""

    encode: Callable[[bytes, int], bytes]
    decode: Callable[[bytes, int], bytes]
    levels: tuple[int, int, int]


def encode(name: str, data: Any = None, options: Any = None) -> bytes:
    """Return `data` compressed; `options` may have a `level`.

    Raises:
        Error: kind Invalid, for what is no text or bytes, a level out of range, or another option; kind Unavailable
            when a library is missing.
    """
    where, made = f"compress.{name}.encode", _FORMATS[name]
    given = octets(data, where)
    if not given:
        raise invalid(f"{where}: got nothing to compress")
    low, high, default = made.levels
    level = _option(options, "level", default, where)
    if not low <= level <= high:
        raise unexpected(level, f"a level from {low} to {high}", where)
    return made.encode(given, level)


def decode(name: str, data: Any = None, options: Any = None) -> bytes:
    """Return what was compressed, at most `max_size` bytes of it (16 MiB, and never more).

    Raises:
        Error: kind Invalid, for what is not in this format or ends too early; kind Internal for what would be larger;
            kind Unavailable when a library is missing.
    """
    where = f"compress.{name}.decode"
    given = octets(data, where)
    if not given:
        raise invalid(f"{where}: got nothing to decompress")
    most = _option(options, "max_size", MAX_SIZE, where)
    if most < 1:
        raise unexpected(most, "a max_size of at least 1", where)
    try:
        return _FORMATS[name].decode(given, min(most, MAX_SIZE))
    except Error as error:
        if error.kind == UNAVAILABLE:
            raise
        raise Error(f"{where}: {error.message}", error.kind, retryable=False) from None


def _option(options: Any, name: str, default: int, where: str) -> int:
    given = {} if options is None or options == [] else options
    if not isinstance(given, dict) or any(key != name for key in given):
        raise unexpected(options, f"a table of options with {name}", where)
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise unexpected(value, f"a whole number for {name}", where)
    return int(value)


def _deflated(bits: int, data: bytes, level: int) -> bytes:
    packer = zlib.compressobj(level, zlib.DEFLATED, bits)
    return packer.compress(data) + packer.flush()


def _inflated(bits: int, data: bytes, most: int) -> bytes:
    made = b""
    while data:  # gzip files may follow each other
        unpacker = zlib.decompressobj(bits)
        try:
            made += unpacker.decompress(data, most - len(made) + 1)
        except zlib.error as error:
            raise invalid(f"not in this format: {error}") from None
        _check_size(len(made), most)
        if not unpacker.eof:
            raise _cut_short()
        data = unpacker.unused_data if bits > zlib.MAX_WBITS else b""
    return made


def _brotli_encoded(data: bytes, level: int) -> bytes:
    packed: bytes = _library("brotli").compress(data, quality=level)
    return packed


def _brotli_decoded(data: bytes, most: int) -> bytes:
    brotli = _library("brotli")
    unpacker, parts, size = brotli.Decompressor(), [], 0
    try:
        part = unpacker.process(data, output_buffer_limit=most + 1)
        while part or not unpacker.can_accept_more_data():
            parts.append(part)
            size += len(part)
            _check_size(size, most)
            part = unpacker.process(b"", output_buffer_limit=most + 1 - size)
    except brotli.error as error:
        raise invalid(f"not in this format: {error}") from None
    if not unpacker.is_finished():
        raise _cut_short()
    return b"".join(parts)


def _zstd_encoded(data: bytes, level: int) -> bytes:
    packed: bytes = _library("zstandard").ZstdCompressor(level=level).compress(data)
    return packed


def _zstd_decoded(data: bytes, most: int) -> bytes:
    zstandard = _library("zstandard")
    unpacker = zstandard.ZstdDecompressor(max_window_size=MAX_SIZE).decompressobj()
    made = b""
    try:
        for at in range(0, len(data), 1 << 10):  # a block gives at most 128 KiB: a bomb is found soon
            made += unpacker.decompress(data[at : at + (1 << 10)])
            _check_size(len(made), most)
    except zstandard.ZstdError as error:
        raise invalid(f"not in this format: {error}") from None
    if not unpacker.eof:
        raise _cut_short()
    return made


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        advice = "pip install 'actorflow[compress]'"
        raise unavailable(f"compress: the library {name} is not installed on this node: {advice}") from None


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise Error(f"decompressed it has more than {most:,} bytes", INTERNAL)


def _cut_short() -> Error:
    return invalid("the data ends too early")


_FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        "gzip": Format(partial(_deflated, zlib.MAX_WBITS | 16), partial(_inflated, zlib.MAX_WBITS | 16), (1, 9, 6)),
        "zlib": Format(partial(_deflated, zlib.MAX_WBITS), partial(_inflated, zlib.MAX_WBITS), (1, 9, 6)),
        "deflate": Format(partial(_deflated, -zlib.MAX_WBITS), partial(_inflated, -zlib.MAX_WBITS), (1, 9, 6)),
        "brotli": Format(_brotli_encoded, _brotli_decoded, (0, 11, 6)),
        "zstd": Format(_zstd_encoded, _zstd_decoded, (1, 22, 3)),
    }
)

PURE: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {f"compress.{name}.encode": partial(encode, name) for name in _FORMATS}
    | {f"compress.{name}.decode": partial(decode, name) for name in _FORMATS}
)
