"""Files of capsules (`.afrun`): a head that says which format it is, and the run, with a digest or under a key.

A file begins with `MAGIC`, the number of the format, and how its body is kept. A plain body has its BLAKE2b-256 before
it, so that damage is found; one under a key is AES-256-GCM (see `keyring`), which finds it too. What is in a file comes
from anywhere: every value in it is checked before any of it is used.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields, replace
from hashlib import blake2b
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from actorflow.bundle import Bundle
from actorflow.codec import decode_foreign, encode
from actorflow.duration import MILLISECOND
from actorflow.errors import CONFLICT, Error, invalid, not_found
from actorflow.run import event as events
from actorflow.run.event import SCRUBBED
from actorflow.store.capsule import UNBOUNDED, Capsule, capsule_of
from actorflow.store.keyring import Keyring, keyring_of

MAGIC: Final = b"actorflow run\n"
FORMAT: Final = 1
_PLAIN: Final = 0
_CLOSED: Final = 1
_DIGEST: Final = 32
_MOST_LINES: Final = 1_000_000
_MOST_UNITS: Final = 10_000
_MOST_SLICE: Final = 250 * MILLISECOND
_MOST_MEMORY: Final = 256 << 20
_ABOUT: Final = f"capsule/{FORMAT}"
KEY: Final = "capsule"
_EVENT: Final = (int, str, int, str, bytes, bytes, int, bytes, bytes)
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "int": (int,),
    "str": (str,),
    "bytes": (bytes,),
    "bytes | None": (bytes, type(None)),
}


def key_from(name: str, environment: Mapping[str, str]) -> Keyring | None:
    """Return the key in an environment variable (32 bytes as hexadecimal or base64), None for no name.

    Raises:
        Error: kind Invalid, when there is none or it is no key.
    """
    return keyring_of(SimpleNamespace(keys={KEY: f"env:{name}"}, active=KEY), environment) if name else None


def write_capsule(capsule: Capsule, path: Path, keyring: Keyring | None = None) -> int:
    """Write a file that only its owner reads, whole or not at all, and return its size in bytes.

    Raises:
        Error: kind Conflict, when there is a file of this name already; Invalid, when it cannot be written.
    """
    if path.exists():
        raise Error(f"{path} exists: name another file, or remove it", CONFLICT, retryable=False)
    data = packed(capsule, keyring)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(aside, path)
    except FileExistsError:
        raise Error(f"{path} exists: name another file, or remove it", CONFLICT, retryable=False) from None
    except OSError as error:
        raise invalid(f"{path} cannot be written: {error.strerror}") from error
    finally:
        aside.unlink(missing_ok=True)
    return len(data)


def packed(capsule: Capsule, keyring: Keyring | None = None) -> bytes:
    """Return the bytes of a file."""
    body = encode(capsule.plain(), UNBOUNDED)
    if keyring is not None:
        return MAGIC + bytes([FORMAT, _CLOSED]) + keyring.close_value(body, _ABOUT)
    return MAGIC + bytes([FORMAT, _PLAIN]) + blake2b(body, digest_size=_DIGEST).digest() + body


def read_capsule(path: Path, keyring: Keyring | None = None) -> Capsule:
    """Return the capsule in a file.

    Raises:
        Error: kind NotFound without such a file; Invalid, when it is no capsule, damaged, or of another format;
            Conflict, when it is under a key that is not given.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise not_found(f"no file {path}") from None
    except OSError as error:
        raise invalid(f"{path} cannot be read: {error.strerror}") from error
    try:
        return unpacked(data, keyring)
    except Error as error:
        raise Error(f"{path}: {error.message}", error.kind, retryable=False) from error


def unpacked(data: bytes, keyring: Keyring | None = None) -> Capsule:
    """Return the capsule in the bytes of a file; raises as `read_capsule`."""
    body = _body(data, keyring)
    plain = decode_foreign(body, UNBOUNDED)
    if not isinstance(plain, dict):
        raise invalid(f"damaged capsule: got {type(plain).__name__}, expected a map")
    capsule = capsule_of(plain)
    _check(capsule)
    return replace(capsule, foreign=True)


def _body(data: bytes, keyring: Keyring | None) -> bytes:
    head = len(MAGIC)
    if not data.startswith(MAGIC) or len(data) < head + 2:
        raise invalid("no capsule: expected a file that `actorflow run export` has made")
    if data[head] != FORMAT:
        raise invalid(f"a capsule of format {data[head]}, expected {FORMAT}: it was made by another release")
    rest = data[head + 2 :]
    if data[head + 1] == _CLOSED:
        if keyring is None:
            raise Error("the capsule is under a key: name its variable with --key-env", CONFLICT, retryable=False)
        return _opened(rest, keyring)
    digest, body = rest[:_DIGEST], rest[_DIGEST:]
    if data[head + 1] != _PLAIN or blake2b(body, digest_size=_DIGEST).digest() != digest:
        raise invalid("damaged capsule: it is not what was written; export the run again")
    return body


def _opened(closed: bytes, keyring: Keyring) -> bytes:
    try:
        return keyring.open_value(closed, _ABOUT)
    except Error as error:
        raise invalid("the capsule is damaged, or under another key than the one that is given") from error


# ---- what comes from anywhere --------------------------------------------------------------------------------------


def _check(capsule: Capsule) -> None:
    """Do nothing if every part is of the type that the rest of the program relies on.

    Raises:
        Error: kind Invalid, naming the part.
    """
    held = capsule.held
    for source in capsule.sources:
        _check_source(source, {})
    rows: tuple[Any, ...] = (held.row, *held.inbox, *held.calls, *capsule.states, *capsule.documents)
    for row in rows:
        for one in fields(row):
            if not isinstance(getattr(row, one.name), _TYPES[str(one.type)]):
                raise _wrong(f"{type(row).__name__}.{one.name}")
    for event in held.events:
        if not all(isinstance(value, kind) for value, kind in zip(event, _EVENT, strict=True)):
            raise _wrong(f"event {event.seq}")
    if held.events[0].kind != events.RUN_STARTED:
        raise _wrong("event 1")
    if not all(isinstance(seq, int) for seq in capsule.altered):
        raise _wrong("altered")
    _check_values(capsule)


def _check_source(bundle: Bundle, known: dict[str, int]) -> int:
    """Check a source with its libraries, and return how many units it is when each is counted as often as imported."""
    texts = (bundle.id, bundle.kind, bundle.source, bundle.file, bundle.method, bundle.import_path, *bundle.modules)
    if not all(isinstance(text, str) for text in texts) or not isinstance(bundle.options, Mapping):
        raise _wrong("the source")
    if not isinstance(bundle.line, int) or not 0 <= bundle.line <= _MOST_LINES:
        raise _wrong("the line of the source")
    if bundle.hash not in known:
        known[bundle.hash] = 1 + sum(_check_source(library, known) for library in bundle.imports.values())
    if known[bundle.hash] > _MOST_UNITS:
        raise invalid(f"the source imports libraries more than {_MOST_UNITS} times")
    return known[bundle.hash]


def capped(bundle: Bundle) -> Bundle:
    """Return a source whose limits are not above those that a script has without any."""
    limits = bundle.options.get("limits")
    written = dict(limits) if isinstance(limits, Mapping) else {}
    for part, most in (("slice", _MOST_SLICE), ("memory", _MOST_MEMORY)):
        if part in written:
            said = written[part] if isinstance(written[part], Mapping) else {}
            written[part] = {name: min(size, most) for name, size in said.items() if isinstance(size, int)}
    return replace(bundle, options={**bundle.options, "limits": written})


def _check_values(capsule: Capsule) -> None:
    """Decode every value once the careful way: what is read of it later is our own profile of CBOR and no other."""
    held = capsule.held
    values = [event.payload for event in held.events]
    values += [event.drawn for event in held.events if event.drawn[:1] != SCRUBBED]
    values += [row.payload for row in held.inbox]
    values += [value for call in held.calls for value in (call.failure, call.details)]
    values += [row.value for row in capsule.documents]
    values += [held.row.result or b"", held.row.waits]
    for value in values:
        if value:
            decode_foreign(value, UNBOUNDED)


def _wrong(what: str) -> Error:
    return invalid(f"damaged capsule: {what} is not what the format has there")
