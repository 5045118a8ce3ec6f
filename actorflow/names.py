"""Names: registry ids `namespace:name` and process ids `{node@host|id}`."""

from __future__ import annotations

from typing import Final, NamedTuple

from actorflow.errors import invalid

STORE: Final = "local"
"""Node part of the PIDs of durable runs: they belong to a store, not to a node."""


class Pid(NamedTuple):
    """A process id taken apart; `str(pid)` is the form scripts hold and compare."""

    node: str
    host: str
    id: str

    def __str__(self) -> str:
        """Return `{node@host|id}`."""
        return f"{{{self.node}@{self.host}|{self.id}}}"


def is_pid(text: str) -> bool:
    """Tell whether `text` has the outer form of a PID; anything else is a registered name."""
    return text.startswith("{") and text.endswith("}") and "|" in text


def parse_pid(text: str) -> Pid:
    """Take a PID apart; `{host|id}` has an empty node. The id is everything after the first `|`.

    Raises:
        Error: kind Invalid, when `text` is not a PID.
    """
    if not is_pid(text):
        raise invalid(f"not a PID: got {text!r}, expected {{node@host|id}}")
    left, _, right = text[1:-1].partition("|")
    node, at, host = left.partition("@")
    if not at:
        node, host = "", left
    return Pid(node, host, right)


def host_part(pid: str) -> str:
    """Return the host of what is known to be a PID in full; `parse_pid` without the checks."""
    return pid.partition("|")[0].partition("@")[2]


class EntryId(NamedTuple):
    """A registry id taken apart; the namespace is empty in a relative reference."""

    namespace: str
    name: str

    def __str__(self) -> str:
        """Return `namespace:name`, or `name` alone when relative."""
        return f"{self.namespace}:{self.name}" if self.namespace else self.name


def parse_id(text: str) -> EntryId:
    """Split a reference at its first `:`; without one the namespace is empty."""
    namespace, colon, name = text.partition(":")
    return EntryId(namespace, name) if colon else EntryId("", text)


def resolve_id(reference: str, namespace: str) -> str:
    """Return `reference` as a full id, a relative one in `namespace`."""
    return reference if ":" in reference else f"{namespace}:{reference}"
