"""A function as a durable run: what is spawned onto a workflow host is a script that calls it once.

So a schedule may start a function: the call is journaled, retried and shown like that of any other run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from actorflow.bundle import Bundle
from actorflow.errors import Error, invalid

if TYPE_CHECKING:
    from actorflow.node.program import Registry

_FUNCTIONS: Final = "function."
_SOURCE: Final = '''"""Calls the function {entry} with the arguments of the run."""

from actorflow.script import funcs


async def main(*args):
    return await funcs.call("{entry}", *args)
'''


def refuse_mailbox(bundle: Bundle) -> None:
    """Do nothing for a script that may run durably; a run keeps all its signals, so no `mailbox` may say otherwise.

    Raises:
        Error: kind Invalid, naming file and line.
    """
    if bundle.options.get("mailbox"):
        where = f" ({bundle.file}:{bundle.line})" if bundle.file else ""
        text = (
            "a durable run keeps each signal that was acknowledged; remove the field, or spawn it onto a process.host"
        )
        raise invalid(f"{bundle.id}{where} has a `mailbox`, which durable hosts do not know: {text}")


def calling(registry: Registry, entry_id: str) -> Bundle | None:
    """Return the script that calls a function, None when the id is not that of a function.

    Raises:
        Error: the function's own fault, when it is broken.
    """
    try:
        entry = registry.entry(entry_id)
    except Error:
        return None
    if not entry.kind.startswith(_FUNCTIONS):
        return None
    entry.require()
    return Bundle(entry_id, "workflow.py", _SOURCE.format(entry=entry_id), file=f"<call of {entry_id}>", method="main")
