"""What this node has asked others and waits for: each ask is answered once, at the latest when the other is down."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from actorflow.errors import UNAVAILABLE, Error, Failure
from actorflow.mesh.item import Item, write_item
from actorflow.ports import Outcome, Reply

if TYPE_CHECKING:
    from actorflow.mesh.cluster import Cluster


class Asks:
    """The open asks of one node."""

    def __init__(self, cluster: Cluster) -> None:
        """Have asked nothing."""
        self._cluster = cluster
        self._numbers = itertools.count(1)
        self._open: dict[int, tuple[str, Reply]] = {}

    def ask(self, name: str, verb: str, args: list[Any], reply: Reply) -> Callable[[], None]:
        """Ask a node to do something; the reply is its answer. Returns what gives it up: then no reply comes."""
        number = next(self._numbers)
        self._open[number] = (name, reply)

        def given(done: bool) -> None:  # noqa: FBT001 - what a Done takes
            if not done:
                self.answer(number, Outcome(failure=not_up(self._cluster, name)))

        try:
            self._cluster.say(name, write_item(Item.ASK, number, verb, args), given)
        except Error as error:
            self.answer(number, Outcome(failure=error.failure))

        def give_up() -> None:
            if self._open.pop(number, None) is not None:
                self._cluster.say(name, write_item(Item.DROP, number), _ignored)

        return give_up

    def answer(self, number: int, outcome: Outcome) -> None:
        """Pass an answer on; one that nobody waits for is nothing."""
        asked = self._open.pop(number, None)
        if asked is not None:
            asked[1](outcome)

    def broken(self, name: str, failure: Failure) -> None:
        """Answer everything that a node was asked which is down now: it may have done it or not."""
        for number, (asked, _) in list(self._open.items()):
            if asked == name:
                self.answer(number, Outcome(failure=failure))


def not_up(cluster: Cluster, name: str) -> Failure:
    """Return the failure of whatever a node is asked that is not up."""
    line = next((line for line in cluster.members() if line.name == name), None)
    if line is None:
        known = ", ".join(sorted(line.name for line in cluster.members()))
        why = f"no node of this name is known; there are {known}"
    else:
        why = f"it is {line.state}" + (f": {line.reason}" if line.reason else "")
    return Failure(f"node {name!r} cannot be reached: {why}", UNAVAILABLE, retryable=True)


def _ignored(_done: bool) -> None:  # noqa: FBT001 - what a Done takes
    """Take that nobody is there to be told."""
