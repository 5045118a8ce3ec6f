"""Digests and keyed digests: MD5, SHA-1, SHA-2 (FIPS 180-4), HMAC (RFC 2104), FNV-1a."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from actorflow.module.octets import octets, unexpected

ALGORITHMS: Final = ("md5", "sha1", "sha256", "sha512")
_FNV: Final = {32: (0x811C9DC5, 0x01000193), 64: (0xCBF29CE484222325, 0x100000001B3)}
"""Offset basis and prime by size in bits, http://www.isthe.com/chongo/tech/comp/fnv/."""
_INTEGER_BITS: Final = 63


def digest(algorithm: str, data: Any = None, raw: Any = None) -> str | bytes:
    """Return the digest of bytes, or of the UTF-8 of text: hexadecimal text, or with `raw` the bytes.

    MD5 and SHA-1 are for what is not secret; neither resists a forger.

    Raises:
        Error: kind Invalid, when it is neither, or `raw` is no boolean.
    """
    made = hashlib.new(algorithm, octets(data, f"hash.{algorithm}"), usedforsecurity=False)
    return _shown(made.digest(), raw, f"hash.{algorithm}")


def hmac_digest(algorithm: str, data: Any = None, key: Any = None, raw: Any = None) -> str | bytes:
    """Return the HMAC of `data` under `key`: hexadecimal text, or with `raw` the bytes.

    Raises:
        Error: kind Invalid, when one of them is no text or bytes, or `raw` is no boolean.
    """
    where = f"hash.hmac_{algorithm}"
    data, key = octets(data, f"{where}, data"), octets(key, f"{where}, key")
    return _shown(hmac.digest(key, data, algorithm), raw, where)


def fnv(bits: int, data: Any = None) -> int | float:
    """Return the FNV-1a hash as a number; one beyond the integers of a script (2^63) as the closest float.

    Raises:
        Error: kind Invalid, when `data` is no text or bytes.
    """
    made, prime = _FNV[bits]
    mask = (1 << bits) - 1
    for byte in octets(data, f"hash.fnv{bits}"):
        made = (made ^ byte) * prime & mask
    return made if made < 1 << _INTEGER_BITS else float(made)


def _shown(made: bytes, raw: Any, where: str) -> str | bytes:
    if raw is not None and not isinstance(raw, bool):
        raise unexpected(raw, "true, false or nothing for `raw`", where)
    return made if raw else made.hex()


def _table() -> dict[str, Callable[..., Any]]:
    table: dict[str, Callable[..., Any]] = {f"hash.fnv{bits}": partial(fnv, bits) for bits in _FNV}
    for algorithm in ALGORITHMS:
        table[f"hash.{algorithm}"] = partial(digest, algorithm)
        table[f"hash.hmac_{algorithm}"] = partial(hmac_digest, algorithm)
    return table


PURE: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(_table())
