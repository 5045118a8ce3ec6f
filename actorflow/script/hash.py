"""Digests of bytes or text, as hexadecimal text or with `raw=True` as bytes: pure, the same on every host."""

from __future__ import annotations

from functools import partial
from typing import Any, Final, Literal, Protocol, overload

from actorflow.module import hash as operations


class Digest(Protocol):
    """A digest function."""

    @overload
    def __call__(self, data: str | bytes, *, raw: Literal[False] = False) -> str: ...
    @overload
    def __call__(self, data: str | bytes, *, raw: Literal[True]) -> bytes: ...
    def __call__(self, data: str | bytes, *, raw: bool = False) -> str | bytes:
        """Return the digest of `data`; raises `Error` Invalid when it is no text or bytes."""
        ...


class KeyedDigest(Protocol):
    """An HMAC function."""

    @overload
    def __call__(self, data: str | bytes, key: str | bytes, *, raw: Literal[False] = False) -> str: ...
    @overload
    def __call__(self, data: str | bytes, key: str | bytes, *, raw: Literal[True]) -> bytes: ...
    def __call__(self, data: str | bytes, key: str | bytes, *, raw: bool = False) -> str | bytes:
        """Return the HMAC of `data` under `key`; raises `Error` Invalid when one of them is no text or bytes."""
        ...


def _digest(algorithm: str) -> Any:
    return partial(operations.digest, algorithm)


def _hmac(algorithm: str) -> Any:
    return partial(operations.hmac_digest, algorithm)


md5: Final[Digest] = _digest("md5")
sha1: Final[Digest] = _digest("sha1")
sha256: Final[Digest] = _digest("sha256")
sha512: Final[Digest] = _digest("sha512")
hmac_md5: Final[KeyedDigest] = _hmac("md5")
hmac_sha1: Final[KeyedDigest] = _hmac("sha1")
hmac_sha256: Final[KeyedDigest] = _hmac("sha256")
hmac_sha512: Final[KeyedDigest] = _hmac("sha512")


def fnv32(data: str | bytes) -> int:
    """Return the 32-bit FNV-1a hash."""
    return int(operations.fnv(32, data))


def fnv64(data: str | bytes) -> int | float:
    """Return the 64-bit FNV-1a hash; one beyond 2^63 as the closest float, as in Lua."""
    return operations.fnv(64, data)
