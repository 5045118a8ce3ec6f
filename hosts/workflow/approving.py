"""Approvals of an engine's runs: their documents, and answers on their way to the run; see `store.approval`."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from actorflow.codec import decode, encode
from actorflow.errors import CONFLICT, INVALID, PERMISSION_DENIED, Error
from actorflow.node.waiting import Answer
from actorflow.notice import Notice
from actorflow.ports import Outcome
from actorflow.run.document import DocumentRow, PutDocument
from actorflow.run.turn import Committed, Delivery
from actorflow.store.approval import APPROVAL, EARLY, EXPIRED, OPEN, WITHDRAWN, Decision, answer, decision_of, key_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from actorflow.run.turn import Item, RunRow
    from hosts.workflow.driver import Record
    from hosts.workflow.engine import Engine
    from hosts.workflow.host import WorkflowHost
    from hosts.workflow.resident import Resident

_ATTEMPTS: Final = 5
"""How often an answer is tried that others come before: after the first of them it is refused anyhow."""
_PAGE: Final = 1000


def opened(resident: Resident, record: Record) -> PutDocument:
    """Return the document of an approval that is asked for, written by the turn that asks."""
    live = resident.live
    asked = decode(record.payload)
    value = {
        **asked,
        "name": record.target,
        "run_id": live.run_id if live is not None else "",
        "workflow_id": resident.workflow_id,
        "pid": resident.pid,
        "entry": live.driver.who.entry if live is not None else "",
        "ref": record.ref,
        "state": OPEN,
    }
    return PutDocument(APPROVAL, key_of(value["run_id"], record.target, asked["number"]), encode(value))


def withdrawn(resident: Resident, record: Record, at: int) -> PutDocument:
    """Return the document of an approval that its run no longer waits for, written by the turn that gives it up."""
    document = opened(resident, record)
    value = decode(document.value or b"")
    state = EXPIRED if value["deadline"] and at >= value["deadline"] else WITHDRAWN
    document.value = encode({**value, "state": state, "decided": at})
    return document


class Approvals:
    """The answers of an engine. `answering`: the runs whose answers are being committed, counted."""

    def __init__(self, engine: Engine) -> None:
        """Begin with none."""
        self._engine = engine
        self.answering: Counter[int] = Counter()

    async def approve(self, reference: str, name: str, decision: Decision) -> dict[str, Any]:
        """Answer an approval, and return what has become of it: `early` when it has not been asked for yet.

        Raises:
            Error: see `store.approval.answer`.
        """
        for _ in range(_ATTEMPTS):
            now = self._engine.clock.now()
            item = await self._engine.writer.read(partial(_answer, reference, name, decision, now))
            committed = await self._committed(item)
            if committed.accepted:
                early = isinstance(item, PutDocument)
                if early:
                    await self._apply_early(reference, name)
                return {"name": name, "approved": decision.approved, "by": decision.by, "early": early}
            if committed.refusal == "unknown":
                break
        raise Error(f"approval {name!r}: run {reference!r} has ended", CONFLICT, retryable=False)

    async def _committed(self, item: Delivery | PutDocument) -> Committed:
        waiting = Answer[Any]()
        run = item.run if isinstance(item, Delivery) else 0
        self.answering[run] += 1
        self._engine.submit(item, self._told(item, run, waiting))
        committed: Committed = await waiting.wait()
        return committed

    def _told(self, item: Item, run: int, waiting: Answer[Any]) -> Callable[[Committed | Error], None]:
        def told(committed: Committed | Error) -> None:
            self.answering[run] -= 1
            if not self.answering[run]:
                del self.answering[run]
            if isinstance(committed, Error):
                self._engine.recovery.doubt(committed)
                waiting(Outcome(failure=committed.failure))
                return
            if committed.accepted and isinstance(item, Delivery):
                self._engine.arrived(item, committed)
            waiting(Outcome(committed))

        return told

    def asked(self, resident: Resident, record: Record) -> None:
        """Look whether an approval that is asked for has been answered before."""
        run_id = resident.live.run_id if resident.live is not None else ""
        self._engine.start_soon(self._apply_early, run_id, record.target)

    async def recover(self, host: WorkflowHost) -> None:
        """Apply the answers that came early and whose approvals have been asked for meanwhile."""
        after = ""
        while page := await self._engine.writer.read(partial(_early_page, after)):
            for document in page:
                value = decode(document.value)
                row = await self._engine.writer.read(partial(_found, value["run_id"]))
                if row is not None and row.host == host.id and host.owns(row.run):
                    await self._apply_early(value["run_id"], value["name"])
            after = page[-1].key

    async def _apply_early(self, run_id: str, name: str) -> None:
        """Answer an approval with what has come before it was asked for; what does not fit is dropped with a notice."""
        early = await self._engine.writer.read(partial(_early_of, run_id, name))
        if early is None:
            return
        document, decision, is_asked = early
        if not is_asked:
            return
        try:
            now = self._engine.clock.now()
            item = await self._engine.writer.read(partial(_answer, run_id, name, decision, now))
            if isinstance(item, Delivery):
                await self._committed(item)
        except Error as error:
            if error.kind not in {CONFLICT, INVALID, PERMISSION_DENIED}:
                raise
            await self._committed(PutDocument(EARLY, document.key, None, revision=document.revision))
            text = f"an answer that came before it was asked for is dropped: {error.message}"
            self._engine.node.notices(Notice("approval-refused", text, run_id))


def _early_of(reference: str, name: str, store: Any) -> tuple[DocumentRow, Decision, bool] | None:
    """Return the early answer for a run's approval, and whether that approval is open now."""
    row = store.find(reference)
    document = None if row is None else store.document(EARLY, f"{row.run_id}/{name}")
    if document is None:
        return None
    value = decode(document.value)
    values = [decode(found.value) for found in store.documents(APPROVAL, f"{row.run_id}/{name}/")]
    return document, decision_of(value), any(found["name"] == name and found["state"] == OPEN for found in values)


def _answer(reference: str, name: str, decision: Decision, now: int, store: Any) -> Delivery | PutDocument:
    return answer(store, reference, name, decision, now)


def _early_page(after: str, store: Any) -> list[DocumentRow]:
    page: list[DocumentRow] = store.documents(EARLY, "", after, _PAGE)
    return page


def _found(run_id: str, store: Any) -> RunRow | None:
    row: RunRow | None = store.find(run_id)
    return row
