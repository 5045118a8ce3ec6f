"""Keys of a store, and one value under one of them: AES-256-GCM with a random nonce.

The nonce is 96 random bits: no count of values survives a restore of a backup, and random nonces of one key collide
with a chance below 2⁻³² up to 2³² values (NIST SP 800-38D §8.3); rotate the key before. What a value belongs to is
authenticated with it, so that it cannot be moved to another place.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from actorflow.errors import CONFLICT, INTERNAL, Error, invalid

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ENCRYPTED: Final = b"\xff\x01"
"""How a value under a key begins; then the length of the key id, the key id, the nonce, and what GCM returns."""
_NONCE: Final = 12
_KEY: Final = 32
_MOST_ID: Final = 64


class Keyring:
    """The keys of a store by id; new values are put under the active one, old ones are read with the one they name."""

    def __init__(self, keys: Mapping[str, bytes], active: str) -> None:
        """Take keys of 32 bytes each.

        Raises:
            Error: kind Invalid, when a key is of another length or the active one is not among them.
        """
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - loads a large library

        if active not in keys:
            raise invalid(f"encryption.active: got {active!r}, expected one of {', '.join(sorted(keys)) or 'no keys'}")
        for key_id, key in keys.items():
            if len(key) != _KEY or not 0 < len(key_id.encode()) <= _MOST_ID:
                raise invalid(f"encryption key {key_id!r}: got {len(key)} bytes, expected {_KEY}")
        self.active = active
        self._ciphers: dict[str, AESGCM] = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._head = ENCRYPTED + bytes([len(active.encode())]) + active.encode()
        self._cipher = self._ciphers[active]

    def __contains__(self, key_id: str) -> bool:
        """Tell whether there is a key of this id."""
        return key_id in self._ciphers

    def close_value(self, plain: bytes, about: str) -> bytes:
        """Return a value under the active key; `about` says what it belongs to."""
        nonce = os.urandom(_NONCE)
        return self._head + nonce + self._cipher.encrypt(nonce, plain, about.encode())

    def open_value(self, closed: bytes, about: str) -> bytes:
        """Return the plain value.

        Raises:
            Error: kind Conflict, naming the key id, when that key is not here; kind Internal, when the value is not
                what was written there.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415

        key_id, start = key_of(closed)
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise missing_key(key_id)
        try:
            return cipher.decrypt(closed[start : start + _NONCE], closed[start + _NONCE :], about.encode())
        except (InvalidTag, ValueError) as error:
            message = f"corrupt: a value under key {key_id!r} is not what was written there"
            raise Error(message, INTERNAL, retryable=False) from error

    def is_active(self, closed: bytes) -> bool:
        """Tell whether a stored value is under the active key."""
        return closed.startswith(self._head)


def key_of(closed: bytes) -> tuple[str, int]:
    """Return the key id of a value, and where its nonce begins."""
    start = len(ENCRYPTED) + 1
    end = start + closed[start - 1] if len(closed) >= start else start
    return closed[start:end].decode(errors="replace"), end


def missing_key(key_id: str) -> Error:
    """Return the error of a value whose key is not here."""
    message = f"values of this store are under key {key_id!r}, which `encryption.keys` does not have: add it"
    return Error(message, CONFLICT, retryable=False, details={"key": key_id})


def keyring_of(encryption: Any, environment: Mapping[str, str]) -> Keyring:
    """Return the keyring that the field `encryption` of a host names: its keys are `env:NAME` or `file:PATH`.

    Raises:
        Error: kind Invalid, naming the key that cannot be read; no message has any part of a key.
    """
    keys = {key_id: _key(key_id, place, environment) for key_id, place in encryption.keys.items()}
    return Keyring(keys, encryption.active)


def _key(key_id: str, place: str, environment: Mapping[str, str]) -> bytes:
    way, _, name = place.partition(":")
    try:
        text = environment[name] if way == "env" else Path(name).read_text(encoding="ascii")
    except (KeyError, OSError, ValueError) as error:
        raise invalid(f"encryption key {key_id!r}: {place} cannot be read ({type(error).__name__})") from None
    text = text.strip()
    try:
        return bytes.fromhex(text) if len(text) == 2 * _KEY else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise invalid(f"encryption key {key_id!r}: {place} is neither base64 nor hexadecimal") from None
