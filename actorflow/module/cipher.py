"""Authenticated encryption: AES-GCM (NIST SP 800-38D) and ChaCha20-Poly1305 (RFC 8439), nonce in front of the text.

Keys are 16, 24 or 32 bytes for AES, 32 for ChaCha20. The nonce is given: whoever draws it draws a fresh one each time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from actorflow.errors import INTERNAL, Error, invalid
from actorflow.module.octets import octets

NONCE: Final = 12
"""Bytes of a nonce."""
_TAG: Final = 16
_KEYS: Final = {"aes": (16, 24, 32), "chacha20": (32,)}


def seal(cipher: str, data: Any, key: Any, aad: Any, nonce: Any) -> bytes:
    """Return nonce, encrypted `data` and tag; `aad`, if any, is authenticated and not encrypted.

    Raises:
        Error: kind Invalid, for a key of another size or what is no text or bytes.
    """
    where = f"crypto.encrypt.{cipher}"
    made = _cipher(cipher, key, where)
    drawn = octets(nonce, where)
    sealed: bytes = made.encrypt(drawn, octets(data, f"{where}, data"), _aad(aad, where))
    return drawn + sealed


def open_sealed(cipher: str, data: Any, key: Any, aad: Any) -> bytes:
    """Return what `seal` encrypted with the same key and `aad`.

    Raises:
        Error: kind Invalid, for a key of another size or what is no text or bytes; kind Internal when key or `aad`
            differ, or the data was changed or cut: which of them is not told.
    """
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - imported when first used

    where = f"crypto.decrypt.{cipher}"
    made = _cipher(cipher, key, where)
    sealed = octets(data, f"{where}, data")
    if len(sealed) < NONCE + _TAG:
        message = f"{where}: got {len(sealed)} bytes, expected at least {NONCE + _TAG}: nonce, text and tag"
        raise Error(message, INTERNAL, retryable=False)
    try:
        opened: bytes = made.decrypt(sealed[:NONCE], sealed[NONCE:], _aad(aad, where))
    except InvalidTag:
        message = f"{where}: decryption failed: another key, other additional data, or the data was changed"
        raise Error(message, INTERNAL, retryable=False) from None
    return opened


def _cipher(cipher: str, key: Any, where: str) -> Any:
    from cryptography.hazmat.primitives.ciphers import aead  # noqa: PLC0415 - imported when first used

    given, sizes = octets(key, f"{where}, key"), _KEYS[cipher]
    if len(given) not in sizes:
        expected = " or ".join(map(str, sizes))
        raise invalid(f"{where}: got a key of {len(given)} bytes, expected {expected}")
    classes: dict[str, Callable[[bytes], Any]] = {"aes": aead.AESGCM, "chacha20": aead.ChaCha20Poly1305}
    return classes[cipher](given)


def _aad(aad: Any, where: str) -> bytes | None:
    return None if aad is None else octets(aad, f"{where}, additional data")
