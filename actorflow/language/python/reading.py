"""What a query sees of its process: everything that it knows, and nothing that it could do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from actorflow.errors import invalid
from actorflow.machine.querying import PURE, refusal

if TYPE_CHECKING:
    from actorflow.script.current import Running


class Reading:
    """The process of a query (`script.current.Running`): it answers what changes nothing."""

    __slots__ = ("_inner",)

    def __init__(self, inner: Running) -> None:
        """Read from `inner`."""
        self._inner = inner

    def ask(self, op: tuple[Any, ...]) -> Any:
        """Have the machine answer an op that changes nothing.

        Raises:
            Error: kind Invalid, for any other.
        """
        if op[0] not in PURE:
            raise refusal(op)
        return self._inner.ask(op)

    @property
    def handling(self) -> int:
        """How many updates are under way."""
        return self._inner.handling

    def post(self, _dest: str, _topic: str, _payloads: tuple[Any, ...]) -> bool:
        """Send nothing: the op that asks for it is refused."""
        return False

    def set_handler(self, kind: str, _name: str, _function: Callable[..., Any]) -> NoReturn:
        """Refuse to set another function."""
        raise invalid(f"a query cannot wait or change anything: it asked for a new {kind}")
