"""How values are kept in the columns of a store: as they are, under a key, or in rows of their own when they are large.

Deterministic CBOR never begins with the byte 255, which marks a stored value that is not the value itself: under a key
(`keyring`), or a reference to a row of table `blob`, named by the run and the salted digest of the plain value, so that
one value is kept once a run however often it is journaled. Digests and the chain of a journal are of plain values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import replace
from typing import Any, Final, TypeVar

from actorflow.errors import INTERNAL, Error
from actorflow.run.document import DocumentRow
from actorflow.run.event import OFFLOADED, JournalEvent, payload_digest
from actorflow.run.turn import CallRow, Delivery
from actorflow.store.batch import Head, Writes
from actorflow.store.keyring import ENCRYPTED, Keyring, missing_key

K = TypeVar("K")

OFFLOAD: Final = 256 * 1024
"""Bytes above which a value gets a row of its own unless told otherwise."""
KEYS: Final = "keys"
"""The row of `store_info` that names the keys in use."""
MARK: Final = b"\xff"
_ESCAPED: Final = b"\xff\x00"
_DIGEST: Final = 16


def of_event(run_id: str, seq: int, kind: str, column: str) -> str:
    """Return what a column of a journal row belongs to."""
    return f"{run_id}\0{seq}\0{kind}\0{column}"


def of_row(run_id: str, column: str) -> str:
    """Return what a column of a run row belongs to."""
    return f"{run_id}\0{column}"


def of_inbox(number: int, kind: str) -> str:
    """Return what the payload of a delivery belongs to; it may go over to the run that continues its own."""
    return f"{number}\0{kind}\0inbox"


def of_call(run_id: str, ref: int) -> str:
    """Return what the last failure and the details of a call belong to."""
    return f"{run_id}\0{ref}\0call"


def of_document(kind: str, key: str) -> str:
    """Return what the value of a document belongs to."""
    return f"{kind}\0{key}\0document"


def of_blob(run_id: str, digest: bytes) -> str:
    """Return what a large value belongs to."""
    return f"{run_id}\0{digest.hex()}\0blob"


class Vault:
    """The way of values into and out of the columns of one store."""

    def __init__(self, keyring: Keyring | None = None, offload: int = OFFLOAD) -> None:
        """Keep values under the keys of `keyring`, and those above `offload` bytes apart; 0 keeps none apart."""
        self.keyring = keyring
        self._offload = offload or 2**62

    def check(self, info: Mapping[str, str]) -> None:
        """Do nothing if every key that the store uses is here.

        Raises:
            Error: kind Conflict, naming one that is not.
        """
        for key_id in info.get(KEYS, "").split():
            if self.keyring is None or key_id not in self.keyring:
                raise missing_key(key_id)

    # ---- in ----------------------------------------------------------------------------------------------------

    def closed(self, writes: Writes, heads: Mapping[int, Head]) -> Writes:
        """Return what is written in place of `writes`: the same when nothing of it is large or goes under a key."""
        if self.keyring is None and not self._concerns(writes):
            return writes
        return _Closing(self, {run: head.run_id for run, head in heads.items()}).writes(writes)

    def _concerns(self, writes: Writes) -> bool:
        most = self._offload
        for _run, event in writes.journal:
            if len(event.payload) > most:
                return True
        for head in writes.changed.values():
            if head.result is not None and len(head.result) > most:
                return True
        return any(row is not None and row.value[:1] == MARK for row in writes.documents.values())

    def is_large(self, data: bytes) -> bool:
        """Tell whether a value gets a row of its own."""
        return len(data) > self._offload

    def close_value(self, data: bytes, about: str) -> bytes:
        """Return what is stored of a value that is not large."""
        if data and self.keyring is not None:
            return self.keyring.close_value(data, about)
        return _ESCAPED + data if data[:1] == MARK else data

    # ---- out ---------------------------------------------------------------------------------------------------

    def open_value(self, data: bytes, about: Callable[[], str]) -> bytes:
        """Return the value of a column that holds no reference.

        Raises:
            Error: kind Conflict, when its key is missing; kind Internal, when it is damaged.
        """
        if data[:1] != MARK:
            return data
        if data.startswith(_ESCAPED):
            return data[len(_ESCAPED) :]
        if data.startswith(ENCRYPTED):
            return (self.keyring or _NO_KEYS).open_value(data, about())
        raise damaged("a stored value is neither CBOR nor under a key")


class _NoKeys:
    """The keyring of a store without one."""

    def open_value(self, closed: bytes, _about: str) -> bytes:
        """Raise `Error`: there is no key."""
        from actorflow.store.keyring import key_of  # noqa: PLC0415

        raise missing_key(key_of(closed)[0])


_NO_KEYS: Final = _NoKeys()


def damaged(what: str) -> Error:
    """Return the error of a value that is not what was written."""
    return Error(f"corrupt: {what}; restore a backup, or see `actorflow doctor`", INTERNAL, retryable=False)


def reference(digest: bytes, size: int) -> bytes:
    """Return what stands in a column for a value of so many bytes with a row of its own."""
    return OFFLOADED + digest + size.to_bytes(8, "big")


def digest_in(data: bytes) -> bytes:
    """Return the digest in a reference."""
    return data[len(OFFLOADED) : len(OFFLOADED) + _DIGEST]


class _Closing:
    """One batch on its way in."""

    def __init__(self, vault: Vault, run_ids: Mapping[int, str]) -> None:
        self._vault = vault
        self._run_ids = run_ids
        self._blobs: dict[tuple[int, bytes], bytes] = {}

    def writes(self, writes: Writes) -> Writes:
        closed = copy(writes)
        closed.journal = [(run, self._event(run, event)) for run, event in writes.journal]
        closed.started = {run: (start, self._head(head)) for run, (start, head) in writes.started.items()}
        closed.changed = {run: self._head(head) for run, head in writes.changed.items()}
        closed.inbox = [(number, run, self._delivery(number, item)) for number, run, item in writes.inbox]
        closed.calls = {run: dict(self._calls(run, calls)) for run, calls in writes.calls.items()}
        closed.documents = {name: row and self._document(row) for name, row in writes.documents.items()}
        closed.blobs = [(run, digest, value) for (run, digest), value in self._blobs.items()]
        return closed

    def _value(self, run: int, data: bytes, about: str) -> bytes:
        if not self._vault.is_large(data):
            return self._vault.close_value(data, about)
        run_id = self._run_ids[run]
        digest = payload_digest(run_id.encode(), data)
        if (run, digest) not in self._blobs:
            self._blobs[run, digest] = self._vault.close_value(data, of_blob(run_id, digest))
        return reference(digest, len(data))

    def _event(self, run: int, event: JournalEvent) -> JournalEvent:
        run_id, seq, kind = self._run_ids[run], event.seq, event.kind
        payload = self._value(run, event.payload, of_event(run_id, seq, kind, "payload"))
        drawn = self._vault.close_value(event.drawn, of_event(run_id, seq, kind, "drawn"))
        return event._replace(payload=payload, drawn=drawn)

    def _head(self, head: Head) -> Head:
        result, waits = head.result, head.waits
        if result is not None:
            result = self._value(head.run, result, of_row(head.run_id, "result"))
        return replace(head, result=result, waits=self._vault.close_value(waits, of_row(head.run_id, "waits")))

    def _delivery(self, number: int, item: Delivery) -> Delivery:
        return replace(item, payload=self._vault.close_value(item.payload, of_inbox(number, item.kind)))

    def _calls(self, run: int, calls: Mapping[int, tuple[str, CallRow]]) -> Iterator[tuple[int, tuple[str, CallRow]]]:
        for ref, (host, call) in calls.items():
            about, close = of_call(self._run_ids[run], ref), self._vault.close_value
            yield ref, (host, replace(call, failure=close(call.failure, about), details=close(call.details, about)))

    def _document(self, row: DocumentRow) -> DocumentRow:
        return replace(row, value=self._vault.close_value(row.value, of_document(row.kind, row.key)))


class Opener:
    """The way out of the columns of one store, on one connection."""

    def __init__(self, vault: Vault, ask: Callable[..., list[Any]], run_id_sql: str, blob_sql: str) -> None:
        """Open values with `vault`; `ask(sql, *parameters)` returns rows: run ids by run, values by run and digest."""
        self._vault = vault
        self._ask = ask
        self._run_id_sql = run_id_sql
        self._blob_sql = blob_sql

    def value(self, run: int, data: bytes, about: Callable[[str], str]) -> bytes:
        """Return a value of a run; `about` says from its run id what it belongs to."""
        if data[:1] != MARK:
            return data
        if data.startswith(OFFLOADED):
            return self._blob(run, digest_in(data))
        return self._vault.open_value(data, lambda: about(self.run_id(run)))

    def document(self, row: DocumentRow) -> DocumentRow:
        """Return a document with its plain value."""
        if row.value[:1] == MARK:
            row.value = self._vault.open_value(row.value, lambda: of_document(row.kind, row.key))
        return row

    def event(self, run: int, event: JournalEvent, *, lazy: bool = False) -> JournalEvent:
        """Return an event with plain values; a `lazy` one keeps the reference to a large payload."""
        if event.payload[:1] != MARK and event.drawn[:1] != MARK:
            return event
        if lazy and event.payload.startswith(OFFLOADED):
            payload = event.payload
        else:
            payload = self.value(run, event.payload, lambda name: of_event(name, event.seq, event.kind, "payload"))
        drawn = self.value(run, event.drawn, lambda name: of_event(name, event.seq, event.kind, "drawn"))
        return event._replace(payload=payload, drawn=drawn)

    def run_id(self, run: int) -> str:
        """Return the run id of a run number."""
        rows = self._ask(self._run_id_sql, run)
        return str(rows[0][0]) if rows else ""

    def _blob(self, run: int, digest: bytes) -> bytes:
        rows = self._ask(self._blob_sql, run, digest)
        if not rows:
            raise damaged(f"a large value of run {run} is missing")
        run_id = self.run_id(run)
        data = self._vault.open_value(rows[0][0], lambda: of_blob(run_id, digest))
        if payload_digest(run_id.encode(), data) != digest:
            raise damaged(f"a large value of run {run} does not match its digest")
        return data
