"""Digests of rows that are in no journal (yet): deliveries in an inbox, and documents.

A journal has its chain; these rows have a digest each, made when they are written and compared when they are read, so
that damage is an error and never a wrong value. Rows of an earlier schema have none, and are taken as they are.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from actorflow.errors import INTERNAL, Error
from actorflow.run.document import DocumentRow
from actorflow.run.turn import Delivery, InboxRow

_SIZE: Final = 16


def delivery_digest(run: int, number: int, row: Delivery | InboxRow) -> bytes:
    """Return the digest of a delivery in the inbox of a run, as row `number`."""
    text = f"{run}\0{number}\0{row.kind}\0{row.ref}\0{row.target}\0{row.sender}\0{row.at}\0"
    return blake2b(text.encode() + row.payload, digest_size=_SIZE).digest()


def document_digest(row: DocumentRow) -> bytes:
    """Return the digest of a document."""
    text = f"{row.kind}\0{row.key}\0{row.due}\0{row.revision}\0"
    return blake2b(text.encode() + row.value, digest_size=_SIZE).digest()


def sound(found: bytes, expected: bytes, what: str) -> None:
    """Do nothing if a row has the digest that it should have, or none.

    Raises:
        Error: kind Internal, naming the row.
    """
    if found and found != expected:
        message = f"corrupt: {what} is not what was written; restore a backup, or see `actorflow doctor`"
        raise Error(message, INTERNAL, retryable=False)
