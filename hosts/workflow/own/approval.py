"""Approvals: requests that a person answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from actorflow.errors import Error, invalid
from actorflow.module.schema import validate
from actorflow.run import event as events

if TYPE_CHECKING:
    from actorflow.ports import Answer
    from hosts.workflow.driver import JournalDriver

_OPTIONS: Final = frozenset({"reason", "schema", "expiry", "approvers", "scope"})


def ask(driver: JournalDriver, ref: int, args: tuple[Any, ...]) -> Answer:
    """Ask for the approval `name`; `expiry` (nanoseconds) only says what people are shown, the script times it itself.

    Raises:
        Error: kind Invalid, for a name or an option that cannot be used.
    """
    name, options = args
    given = _checked(name, options)
    counts = driver.approvals = driver.approvals if driver.approvals is not None else {}
    counts[name] = counts.get(name, 0) + 1
    deadline = driver.now() + given["expiry"] if given.get("expiry") else 0
    asked = {**given, "number": counts[name], "deadline": deadline, "at": driver.now()}
    return driver.ask(events.APPROVAL_ASKED, ref, name, asked)


def _checked(name: Any, options: Any) -> dict[str, Any]:
    if not isinstance(name, str) or not name or set(name) & set("{}\0"):
        raise invalid(f"workflow.approval: got the name {name!r:.80}, expected text without braces")
    if not isinstance(options, Mapping) or set(options) - _OPTIONS:
        raise invalid(f"workflow.approval: got the options {options!r:.80}; there are: {', '.join(sorted(_OPTIONS))}")
    approvers = options.get("approvers")
    if approvers is not None and not (isinstance(approvers, list) and all(isinstance(one, str) for one in approvers)):
        raise invalid(f"workflow.approval, approvers: got {approvers!r:.80}, expected a list of actors and roles")
    if options.get("schema") is not None:
        _check_schema(options["schema"])
    return dict(options)


def _check_schema(schema: Any) -> None:
    try:
        text = json.dumps(schema)
    except (TypeError, ValueError) as error:
        raise invalid(f"workflow.approval, schema: {error}") from None
    try:
        validate(text, "null", loose_schema=True)
    except Error as error:
        if not (error.details and "errors" in error.details):  # else it is a schema, which null does not fit
            raise
