"""Which rules new runs of a shared host begin under: the newest that every node knows which shares it.

Nodes of two releases share a host while one after another is replaced. Each says which rules it knows
(`run/rule.py`) beside its counter. The document of the host says up to which rule its runs may have begun. Whoever
wants to go higher writes it first, and looks who is there after that; whoever joins is there first, and reads it after
that. So either sees the other: no run begins under a rule that a node does not know which serves the host, and a node
that does not know a rule which runs may have begun under does not serve it.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from actorflow.codec import decode, encode
from actorflow.errors import CONFLICT, Error
from actorflow.run.document import PutDocument
from actorflow.run.rule import SHIELDED

if TYPE_CHECKING:
    from actorflow.store.owning import NodeRow
    from actorflow.store.writer import AnyWriter
    from hosts.workflow.host import WorkflowHost

KIND: Final = "host_rules"
"""Kind of the documents with the number of a rule, by host."""
UNSAID: Final = SHIELDED
"""The newest rule when hosts were first shared: all that share one know it, and nobody has to say so."""


async def admit(host: WorkflowHost, writer: AnyWriter) -> None:
    """Do nothing if this node knows every rule that runs of a host may have begun under; it is there already.

    Raises:
        Error: kind Conflict, saying which release is wanted.
    """
    agreed, _ = await _agreed(host, writer)
    if agreed > host.known_rules:
        got = f"runs of {host.id} may have begun under rule {agreed} of a newer release"
        what = f"{got}, this one knows {host.known_rules}: start this node with that release"
        raise Error(what, CONFLICT, retryable=False)
    host.rules = min(UNSAID, host.known_rules)


async def agree(host: WorkflowHost, writer: AnyWriter, look: Callable[[], Awaitable[Sequence[NodeRow]]]) -> None:
    """Let new runs of a host begin under the newest rule that all nodes know which share it, by a `look` that is new.

    Raises:
        Error: when the store cannot be read or written now; nothing has changed then.
    """
    rules = common(host, await look())
    if rules <= host.rules:
        return
    await announce(host, writer, rules)
    if common(host, await look()) >= rules:  # whoever joined before that was written may not have read it
        host.rules = rules


def common(host: WorkflowHost, nodes: Iterable[NodeRow]) -> int:
    """Return the newest rule that all nodes know which share a host; nothing new while not even this one is seen."""
    said = [json.loads(row.about) for row in nodes]
    if not said:  # it was taken for dead: who is there it will know when it has joined again
        return host.rules
    return min([host.known_rules, *(int(about.get("rules", UNSAID)) for about in said if host.id in about["hosts"])])


async def announce(host: WorkflowHost, writer: AnyWriter, rules: int) -> None:
    """Write that runs of a host may begin under a rule from now on, if that is not known yet."""
    while True:
        agreed, revision = await _agreed(host, writer)
        if agreed >= rules:
            return
        await writer.write(PutDocument(KIND, host.id, encode(rules), revision=revision))


async def _agreed(host: WorkflowHost, writer: AnyWriter) -> tuple[int, int]:
    row = await writer.read(lambda reader: reader.document(KIND, host.id))
    return (UNSAID, 0) if row is None else (int(decode(row.value)), row.revision)
