"""Keyed digests, ciphers, tokens, key derivation and random bytes.

    token = crypto.jwt.encode({"sub": "ada", "exp": 1_900_000_000}, key)
    sealed = crypto.encrypt.aes(b"secret", key)

Random bytes, those of a nonce too, come from the process's recorded source, so that a replay sees the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actorflow.module import cipher, crypto
from actorflow.module import jwt as tokens
from actorflow.script.argument import mapping
from actorflow.script.record import plain
from actorflow.script.source import draw, now

__all__ = ["constant_time_compare", "decrypt", "encrypt", "hmac", "jwt", "pbkdf2", "random"]

_SECOND = 1_000_000_000


def pbkdf2(password: str | bytes, salt: str | bytes, iterations: int, size: int, algorithm: str | None = None) -> bytes:
    """Return `size` bytes derived from a password (PKCS #5 v2.0, RFC 8018 §5.2), with SHA-256 if not said otherwise.

    Raises:
        Error: kind Invalid, for an empty password or salt, a number out of range, or an unknown hash.
    """
    return crypto.pbkdf2(password, salt, iterations, size, algorithm)


def constant_time_compare(one: str | bytes, other: str | bytes) -> bool:
    """Tell whether two texts or byte strings are equal, in a time that only depends on their length.

    Raises:
        Error: kind Invalid, when one is neither.
    """
    return crypto.constant_time_compare(one, other)


class random:  # noqa: N801 - a part of the module, as in Lua
    """Random bytes and text."""

    @staticmethod
    def bytes(size: int) -> bytes:
        """Return 1 to 1,048,576 random bytes; raises `Error` Invalid for another size."""
        return draw("random", crypto.checked_size("crypto.random.bytes", size))

    @staticmethod
    def string(size: int, charset: str | None = None) -> str:
        """Return a text of random characters, each as likely, of `charset`: letters and digits if not given.

        Raises:
            Error: kind Invalid, for a size that is not 1 to 1,048,576 or a charset that is not 1 to 256 characters.
        """
        length = crypto.checked_size("crypto.random.string", size)
        characters, made = crypto.checked_alphabet(charset), ""
        while len(made) < length:
            made += crypto.picked(characters, draw("random", length))
        return made[:length]

    @staticmethod
    def uuid() -> str:
        """Return a random UUID."""
        from actorflow.script.uuid import v4  # noqa: PLC0415 - where UUIDs are made

        return v4()


class hmac:  # noqa: N801 - see above
    """Keyed digests as hexadecimal text; an empty key is refused."""

    @staticmethod
    def sha256(key: str | bytes, data: str | bytes) -> str:
        """Return the HMAC-SHA256 of `data` under `key`."""
        return crypto.hmac_text("sha256", key, data)

    @staticmethod
    def sha512(key: str | bytes, data: str | bytes) -> str:
        """Return the HMAC-SHA512 of `data` under `key`."""
        return crypto.hmac_text("sha512", key, data)


class encrypt:  # noqa: N801 - see above
    """Authenticated encryption: nonce, encrypted text and tag. Raises `Error` Invalid for a key of a wrong size."""

    @staticmethod
    def aes(data: str | bytes, key: str | bytes, aad: str | bytes | None = None) -> bytes:
        """Encrypt with AES-GCM under a key of 16, 24 or 32 bytes."""
        return cipher.seal("aes", data, key, aad, draw("random", cipher.NONCE))

    @staticmethod
    def chacha20(data: str | bytes, key: str | bytes, aad: str | bytes | None = None) -> bytes:
        """Encrypt with ChaCha20-Poly1305 under a key of 32 bytes."""
        return cipher.seal("chacha20", data, key, aad, draw("random", cipher.NONCE))


class decrypt:  # noqa: N801 - see above
    """The opposite of `encrypt`. Raises `Error` Invalid when key or additional data differ, or the data was changed."""

    @staticmethod
    def aes(data: bytes, key: str | bytes, aad: str | bytes | None = None) -> bytes:
        """Return what `encrypt.aes` encrypted."""
        return cipher.open_sealed("aes", data, key, aad)

    @staticmethod
    def chacha20(data: bytes, key: str | bytes, aad: str | bytes | None = None) -> bytes:
        """Return what `encrypt.chacha20` encrypted."""
        return cipher.open_sealed("chacha20", data, key, aad)


class jwt:  # noqa: N801 - see above
    """JSON Web Tokens, signed with HS256 to HS512, RS256 to RS512 or EdDSA."""

    @staticmethod
    def encode(claims: Mapping[str, Any], key: str | bytes, algorithm: str = tokens.DEFAULT) -> str:
        """Return a signed token; raises `Error` Invalid for an unknown algorithm or a key that does not fit it."""
        return tokens.encode(plain(mapping("crypto.jwt.encode", "claims", claims, needed=True)), key, algorithm)

    @staticmethod
    def verify(
        token: str, key: str | bytes, algorithm: str = tokens.DEFAULT, *, require_exp: bool = True
    ) -> dict[str, Any]:
        """Return the claims of a token.

        Raises:
            Error: kind Invalid, when the signature is wrong, it has expired, or has no `exp` though that is required.
        """
        return tokens.verify(token, key, algorithm, require_exp, now() // _SECOND)
