"""The pure half of `crypto`: keyed digests, ciphers, tokens, key derivation. Random bytes are drawn by the process."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from functools import partial
from hashlib import pbkdf2_hmac
from types import MappingProxyType
from typing import Any, Final

from actorflow.errors import invalid
from actorflow.module import cipher, jwt
from actorflow.module.octets import octets, text, unexpected

MOST_RANDOM: Final = 1 << 20
"""Most random bytes or characters at once."""
ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_MOST_ITERATIONS: Final = 10_000_000
_LONGEST_KEY: Final = 64 << 10
_HASHES: Final = ("sha1", "sha256", "sha384", "sha512")
_BYTE: Final = 256


def hmac_text(algorithm: str, key: Any = None, data: Any = None) -> str:
    """Return the HMAC of `data` under `key` as hexadecimal text.

    Raises:
        Error: kind Invalid, for an empty key, or what is no text or bytes.
    """
    where = f"crypto.hmac.{algorithm}"
    given = octets(key, f"{where}, key")
    if not given:
        raise invalid(f"{where}: got an empty key")
    return hmac.digest(given, octets(data, f"{where}, data"), algorithm).hex()


def pbkdf2(
    password: Any = None, salt: Any = None, iterations: Any = None, size: Any = None, algorithm: Any = None
) -> bytes:
    """Return `size` bytes derived from a password (PKCS #5 v2.0, RFC 8018 §5.2), with SHA-256 if not said otherwise.

    Raises:
        Error: kind Invalid, for an empty password or salt, a number out of range, or an unknown hash.
    """
    where = "crypto.pbkdf2"
    secret, salted = octets(password, f"{where}, password"), octets(salt, f"{where}, salt")
    if not secret or not salted:
        raise invalid(f"{where}: got an empty {'salt' if secret else 'password'}")
    rounds = count(iterations, _MOST_ITERATIONS, f"{where}, iterations")
    length = count(size, _LONGEST_KEY, f"{where}, key length")
    name = "sha256" if algorithm is None else algorithm
    if name not in _HASHES:
        raise unexpected(name, f"one of {', '.join(_HASHES)}", where)
    return pbkdf2_hmac(name, secret, salted, rounds, length)


def constant_time_compare(one: Any = None, other: Any = None) -> bool:
    """Tell whether two texts or byte strings are equal, in a time that only depends on their length.

    Raises:
        Error: kind Invalid, when one is neither.
    """
    where = "crypto.constant_time_compare"
    return hmac.compare_digest(octets(one, where), octets(other, where))


def count(value: Any, most: int, where: str) -> int:
    """Return a whole number from 1 to `most`.

    Raises:
        Error: kind Invalid, naming `where`, for anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1 or not 1 <= value <= most:
        raise unexpected(value, f"a whole number from 1 to {most:,}", where)
    return int(value)


def checked_size(where: str, size: Any = None) -> int:
    """Return how many random bytes or characters are wanted.

    Raises:
        Error: kind Invalid, when that is no whole number from 1 to 1 MiB.
    """
    return count(size, MOST_RANDOM, where)


def checked_alphabet(charset: Any = None) -> str:
    """Return the characters of a random text, letters and digits if not said otherwise.

    Raises:
        Error: kind Invalid, when it is no text, is empty, or has more than 256 characters.
    """
    if charset is None:
        return ALPHABET
    characters = text(charset, "crypto.random.string, charset")
    if not 0 < len(characters) <= _BYTE:
        raise invalid(f"crypto.random.string, charset: got {len(characters)} characters, expected 1 to {_BYTE}")
    return characters


def picked(characters: str, drawn: str | bytes) -> str:
    """Return a character for each random byte that serves: the highest bytes are left out, so all are as likely."""
    size = len(characters)
    limit = _BYTE - _BYTE % size
    return "".join([characters[byte % size] for byte in octets(drawn, "crypto") if byte < limit])


PURE: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {
        "crypto.hmac.sha256": partial(hmac_text, "sha256"),
        "crypto.hmac.sha512": partial(hmac_text, "sha512"),
        "crypto.encrypt.aes": partial(cipher.seal, "aes"),
        "crypto.encrypt.chacha20": partial(cipher.seal, "chacha20"),
        "crypto.decrypt.aes": partial(cipher.open_sealed, "aes"),
        "crypto.decrypt.chacha20": partial(cipher.open_sealed, "chacha20"),
        "crypto.jwt.encode": jwt.encode,
        "crypto.jwt.verify": jwt.verify,
        "crypto.pbkdf2": pbkdf2,
        "crypto.constant_time_compare": constant_time_compare,
        "crypto.checked_size": checked_size,
        "crypto.checked_alphabet": checked_alphabet,
        "crypto.picked": picked,
    }
)
"""Encryption takes its nonce, and verifying a token the time in Unix seconds, as the last argument."""
