"""What the entries of the registry are to an engine: their programs, their names as types, and notices about them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from actorflow.bundle import Bundle
from actorflow.errors import Error
from actorflow.notice import Notice
from actorflow.ports import NO_SLICES, Program
from hosts.workflow.calling import calling, refuse_mailbox

if TYPE_CHECKING:
    from actorflow.node.node import Node

_NOTICES: Final = 10_000
"""How many different notices are remembered, so that each is passed on once."""


class Programs:
    """The programs of an engine.

    Attributes:
        bundles: sources that runs are pinned to, by content hash, the latest used last.
    """

    def __init__(self, node: Node) -> None:
        """Look things up in the registry of a node."""
        self._node = node
        self._noticed: set[str] = set()
        self.bundles: OrderedDict[str, Bundle] = OrderedDict()

    def of(self, entry: str, slices: Mapping[str, int]) -> tuple[Bundle, Program]:
        """Return the source registered now under this id, and its program on a host with these `slices`.

        Raises:
            Error: NotFound or Invalid, when there is none or it cannot be used here.
        """
        bundle = calling(self._node.registry, entry)
        if bundle is None:
            self._node.programs.check_process(entry)
            bundle = self._node.registry.bundle(entry)
            refuse_mailbox(bundle)
        return bundle, self.pinned(bundle, slices)

    def pinned(self, bundle: Bundle, slices: Mapping[str, int]) -> Program:
        """Return the program of exactly this source."""
        return self._node.programs.compiled(bundle, durable=True, slices=slices)

    def check_startable(self, entry: str) -> None:
        """Do nothing if a run of this entry could be started now; raises `Error` otherwise."""
        self.of(entry, NO_SLICES)

    def type_name(self, entry: str) -> str:
        """Return the name that an entry has as a type of workflow, if that is not its id; else ""."""
        try:
            temporal = self._node.registry.entry(entry).about.temporal
        except Error:
            return ""
        return "" if temporal is None or temporal.workflow is None else temporal.workflow.name or ""

    def notice_once(self, notice: Notice) -> None:
        """Pass a notice about an option on, once."""
        if notice.text in self._noticed:
            return
        if len(self._noticed) < _NOTICES:
            self._noticed.add(notice.text)
        self._node.notices(notice)
