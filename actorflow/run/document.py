"""Documents: what an engine keeps beside its runs, such as schedules, approvals and tokens, as values of a store.

A document is named by its kind and its key. A store knows when it is due and how often it was written, and nothing
of what is in it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class PutDocument:
    """Write a document, or delete it when `value` is None.

    Attributes:
        kind, key: its name; a key is unique within its kind.
        value: its bytes. due: when somebody has to look at it (Unix nanoseconds), 0 for never.
        revision: what the document must be at: 0 when it must not exist yet, None when that does not matter.
    """

    kind: str
    key: str
    value: bytes | None
    due: int = 0
    revision: int | None = None


@dataclass(slots=True)
class DocumentRow:
    """A document as a store holds it; `revision` counts its writes since it was made, from 1."""

    kind: str
    key: str
    due: int
    revision: int
    value: bytes
