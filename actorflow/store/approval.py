"""Approvals as a store keeps them: documents that outlive their runs, and the one item that answers one.

The document says what was asked and how it went; the answer reaches the run in the same commit. An answer that comes
before it was asked for is a document of its own until then. Nothing here commits or decides alone: two answers at the
same time differ by the document's revision, and one is refused.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from actorflow.clock import instant_of
from actorflow.codec import decode, encode
from actorflow.errors import CONFLICT, PERMISSION_DENIED, Error, invalid
from actorflow.module.schema import validate
from actorflow.run import event as events
from actorflow.run.document import DocumentRow, PutDocument
from actorflow.run.state import TERMINAL
from actorflow.run.turn import Delivery, RunRow
from actorflow.store.port import Documents, Reader
from actorflow.store.view import find

APPROVAL: Final = "approval"
EARLY: Final = "approval_early"
OPEN: Final = "open"
APPROVED: Final = "approved"
REJECTED: Final = "rejected"
EXPIRED: Final = "expired"
WITHDRAWN: Final = "withdrawn"
TAKEN_BACK: Final = "taken_back"
"""Of an approval in a part of a journal that a retry or an accept has taken back: when. Nothing else of it changes."""
_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody answers: `by` is who, `roles` what that one is besides, `data` goes with an approval."""

    approved: bool
    data: Any = None
    reason: str = ""
    by: str = ""
    roles: tuple[str, ...] = field(default=())

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "approved": self.approved,
            "data": self.data,
            "reason": self.reason,
            "by": self.by,
            "roles": list(self.roles),
        }


def decision_of(plain: Mapping[str, Any]) -> Decision:
    """Return the decision that `plain` undid."""
    return Decision(plain["approved"], plain["data"], plain["reason"], plain["by"], tuple(plain["roles"]))


def key_of(run_id: str, name: str, number: int) -> str:
    """Return the key of the document of a run's approval: the number says which time it asked for this name."""
    return f"{run_id}/{name}/{number:06d}"


def early_key(run_id: str, name: str) -> str:
    """Return the key of an answer that has come before it was asked for."""
    return f"{run_id}/{name}"


def answer(store: Reader, reference: str, name: str, decision: Decision, now: int) -> Delivery | PutDocument:
    """Return what answers a run's approval: a delivery with its document, or a document alone if it comes early.

    Raises:
        Error: NotFound without such a run; Conflict when it has ended, or naming who has answered already;
            PermissionDenied for who may not; Invalid when the data do not fit the schema that was asked for.
    """
    row = find(store, reference)
    named = [value for _, value in documents_of(store, row.run_id) if value["name"] == name]
    asked = [value for value in named if not value.get(TAKEN_BACK)]
    waiting = next(
        ((document, value) for document, value in documents_of(store, row.run_id) if _is_open(value, name)), None
    )
    if row.state in TERMINAL:
        when = f"{row.state}, since {instant_of(row.updated)}"
        raise _conflict(f"run {row.workflow_id!r} has ended ({when}): nothing waits for approval {name!r}")
    if waiting is None:
        return _early(store, row, name, decision, asked, now)
    document, value = waiting
    check(value, decision, now)
    return _delivery(store, row, document, value, decision, now)


def _is_open(value: dict[str, Any], name: str) -> bool:
    return bool(value["name"] == name and value["state"] == OPEN)


def _delivery(  # noqa: PLR0913, PLR0917 - the parts of an answer
    store: Reader, row: RunRow, document: DocumentRow, value: dict[str, Any], decision: Decision, now: int
) -> Delivery:
    state = APPROVED if decision.approved else REJECTED
    decided = {**value, **decision.plain(), "state": state, "decided": now}
    put = [PutDocument(APPROVAL, document.key, encode(decided), revision=document.revision)]
    early = store.document(EARLY, early_key(row.run_id, value["name"]))
    if early is not None:
        put.append(PutDocument(EARLY, early.key, None, revision=early.revision))
    told = {"approved": decision.approved, "data": decision.data, "reason": decision.reason, "by": decision.by}
    payload = encode([{**told, "at": now}, None])
    return Delivery(
        "", events.REQUEST_SETTLED, "", decision.by, payload, now, run=row.run, ref=value["ref"], documents=put
    )


def _early(  # noqa: PLR0913, PLR0917 - the parts of an answer
    store: Reader, row: RunRow, name: str, decision: Decision, asked: list[dict[str, Any]], now: int
) -> PutDocument:
    early = store.document(EARLY, early_key(row.run_id, name))
    if early is not None:
        kept = decode(early.value)
        raise _conflict(f"approval {name!r} was answered already, by {kept['by'] or 'nobody named'}", by=kept["by"])
    if asked:
        last = asked[-1]
        who = f", by {last.get('by') or 'nobody named'}" if last["state"] in {APPROVED, REJECTED} else ""
        raise _conflict(f"approval {name!r} is {last['state']} already{who}", by=last.get("by", ""))
    value = {"name": name, "run_id": row.run_id, "workflow_id": row.workflow_id, "at": now, **decision.plain()}
    return PutDocument(EARLY, early_key(row.run_id, name), encode(value), revision=0)


def check(asked: dict[str, Any], decision: Decision, now: int) -> None:
    """Do nothing if a decision may answer what was asked.

    Raises:
        Error: Conflict when it is too late, PermissionDenied for who may not, Invalid for data that do not fit.
    """
    name, approvers = asked["name"], asked.get("approvers")
    if asked.get("deadline") and now >= asked["deadline"]:
        raise _conflict(f"approval {name!r} is expired already")
    if approvers is not None and not {decision.by, *decision.roles} & set(approvers):
        text = f"approval {name!r} is for {', '.join(approvers) or 'nobody'}: got {decision.by or 'nobody named'}"
        raise Error(text, PERMISSION_DENIED, retryable=False)
    if decision.approved and asked.get("schema") is not None:
        _fit(name, asked["schema"], decision.data)


def _fit(name: str, schema: Any, data: Any) -> None:
    try:
        text = json.dumps(data)
    except (TypeError, ValueError) as error:
        raise invalid(f"approval {name!r}: the data are no JSON: {error}") from None
    try:
        validate(json.dumps(schema), text, loose_schema=True)
    except Error as error:
        message = error.message.removeprefix("json.validate: ")
        raise Error(f"approval {name!r}: {message}", error.kind, retryable=False, details=error.details) from None


def documents_of(store: Documents, run_id: str = "") -> list[tuple[DocumentRow, dict[str, Any]]]:
    """Return the approvals that a run has asked for, or all of them, each with what is in it."""
    prefix, after = f"{run_id}/" if run_id else "", ""
    found: list[tuple[DocumentRow, dict[str, Any]]] = []
    while page := store.documents(APPROVAL, prefix, after, _PAGE):
        found += [(document, decode(document.value)) for document in page]
        after = page[-1].key
    return found


def set_aside(store: Documents, run_id: str, dropped: Collection[int], at: int) -> Iterator[PutDocument]:
    """Yield what keeps the approvals of a part of a journal that is taken back, whose requests are `dropped`.

    The run may ask for them once more, under the same keys: what was asked and answered before stays under keys of its
    own. Open ones are withdrawn.
    """
    for document, value in documents_of(store, run_id):
        if value["ref"] in dropped and not value.get(TAKEN_BACK):
            ended = {"state": WITHDRAWN, "decided": at} if value["state"] == OPEN else {}
            yield PutDocument(APPROVAL, f"{document.key}~{value['ref']}", encode({**value, **ended, TAKEN_BACK: at}))
            yield PutDocument(APPROVAL, document.key, None)


def approvals(store: Reader, reference: str = "", *, only_open: bool = True) -> list[dict[str, Any]]:
    """Return approvals, of one run or of all, in the order of their asking; open are those of runs that are."""
    run_id = find(store, reference).run_id if reference else ""
    values = [value for _, value in documents_of(store, run_id)]
    if only_open:
        values = [value for value in values if value["state"] == OPEN and _lives(store, value["run_id"])]
    return sorted(values, key=lambda value: (value["at"], value["run_id"], value["number"]))


def _lives(store: Reader, run_id: str) -> bool:
    row = store.find(run_id)
    return row is not None and row.state not in TERMINAL


def _conflict(message: str, **details: Any) -> Error:
    return Error(message, CONFLICT, retryable=False, details=details or None)
