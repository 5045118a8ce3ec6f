"""What an accept takes back of a run beside journal events: all that the part of the journal it drops has left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actorflow.run.turn import Delivery


@dataclass(slots=True)
class TakenBack:
    """What goes with the commit that drops a part of a journal.

    Attributes:
        restart: whether the first steps of the run are among it: the run takes them again.
        timers: request numbers of timers that were armed by it, and are no more.
        attributes: search attributes and memo entries as they were before; None removes one.
        late: answers in the inbox to requests of it: they are kept in the journal as superseded.
        names: names that it registered, freed in the directory of the node that serves the run.
    """

    restart: bool = False
    timers: Sequence[int] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    late: Sequence[Delivery] = ()
    names: Sequence[str] = ()
