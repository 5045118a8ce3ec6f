"""The documents that belong to one run: which kinds there are, how they name it, and what becomes of them when it goes.

A kind names its run in the key: by run id, or by run number. What is known of an approval outlives its run, as a record
of who answered what and when; what was asked and answered is then gone from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from actorflow.codec import decode, encode
from actorflow.run.document import DocumentRow, PutDocument
from actorflow.run.turn import RunRow
from actorflow.store.approval import APPROVAL, EARLY
from actorflow.store.port import Documents

DELETE_DATA: Final = "delete-data"
"""Runs whose data are to be deleted, by run id; the value is the run number."""
AUTO_RESUME: Final = "auto-resume"
"""Runs to be resumed, by run id; due then; the value is the run number."""
AWAITED: Final = "awaited"
"""Runs that wait for the state of another one, by run number and request number."""
BY_RUN_ID: Final = (EARLY, DELETE_DATA, AUTO_RESUME)
BY_NUMBER: Final = (AWAITED,)
_AUDIT: Final = ("name", "number", "run_id", "workflow_id", "pid", "entry", "ref", "state", "at", "decided", "by")
"""What stays of an approval whose run is gone."""
_WAITER: Final = 2
"""The field of what is kept of a run that waits for another one which holds its number."""
_PAGE: Final = 1000


def removed(reader: Documents, row: RunRow) -> tuple[PutDocument, ...]:
    """Return what deletes all documents of a run, the records of its approvals too."""
    return (*_deleted(reader, row), *(PutDocument(APPROVAL, record.key, None) for record in _records(reader, row)))


def scrubbed(reader: Documents, row: RunRow) -> tuple[PutDocument, ...]:
    """Return what deletes the documents of a run but for the records of its approvals, which lose what was said."""
    kept = (PutDocument(APPROVAL, record.key, _audit(record.value), record.due) for record in _records(reader, row))
    return (*_deleted(reader, row), *kept)


def documents_of(reader: Documents, run: int, run_id: str) -> Iterator[DocumentRow]:
    """Yield all documents of a run."""
    yield from _plain(reader, run, run_id)
    yield from _under(reader, APPROVAL, run_id)


def given_over(document: DocumentRow, row: RunRow, number: int) -> DocumentRow:
    """Return a document of a run as a store has it in which the run has another number."""
    key, value = document.key, document.value
    if document.kind in BY_NUMBER:
        key = f"{number}/{key.partition('/')[2]}"
        listed: Any = decode(value)
        listed[_WAITER] = number
        value = encode(listed)
    elif document.kind in {DELETE_DATA, AUTO_RESUME} and decode(value) == row.run:
        value = encode(number)
    return DocumentRow(document.kind, key, document.due, document.revision, value)


def _deleted(reader: Documents, row: RunRow) -> Iterator[PutDocument]:
    return (PutDocument(found.kind, found.key, None) for found in _plain(reader, row.run, row.run_id))


def _plain(reader: Documents, run: int, run_id: str) -> Iterator[DocumentRow]:
    for kinds, name in ((BY_RUN_ID, run_id), (BY_NUMBER, str(run))):
        for kind in kinds:
            if (found := reader.document(kind, name)) is not None:
                yield found
            yield from _under(reader, kind, name)


def _records(reader: Documents, row: RunRow) -> Iterator[DocumentRow]:
    return _under(reader, APPROVAL, row.run_id)


def _under(reader: Documents, kind: str, name: str) -> Iterator[DocumentRow]:
    after = ""
    while page := reader.documents(kind, f"{name}/", after, _PAGE):
        yield from page
        after = page[-1].key


def _audit(value: bytes) -> bytes:
    record: Any = decode(value)
    return encode(
        {name: record[name] for name in _AUDIT if name in record} | _EMPTY if isinstance(record, dict) else {}
    )


_EMPTY: Final[dict[str, Any]] = {"reason": "", "data": None, "schema": None, "roles": [], "deadline": 0}
