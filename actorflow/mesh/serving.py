"""What a node does for others: the verbs that they ask, done by its own router, and the replies.

A verb is in the table `_VERBS`: function(serving, peer's name, arguments, reply) → what gives it up, or None.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from actorflow.errors import Error, failure_of, not_found
from actorflow.mesh.item import Item, outcome_parts, read_spawn, write_item
from actorflow.message import Message
from actorflow.node.router import is_durable
from actorflow.node.suggest import did_you_mean
from actorflow.ports import Outcome, Reply

if TYPE_CHECKING:
    from actorflow.mesh.mesh import Mesh

GiveUp = Callable[[], None]


class Serving:
    """What other nodes wait for at this one."""

    def __init__(self, mesh: Mesh) -> None:
        """Serve nothing yet."""
        self.mesh = mesh
        self.router = mesh.node.router
        self._open: dict[tuple[str, int], GiveUp | None] = {}

    def ask(self, name: str, number: int, verb: str, args: list[Any]) -> None:
        """Do what a node asks, and reply once."""
        key = name, number
        self._open[key] = None

        def reply(outcome: Outcome) -> None:
            if key in self._open:
                del self._open[key]
                self._reply(name, number, outcome)

        try:
            give_up = self._verb(verb)(self, name, args, reply)
        except Error as error:
            reply(Outcome(failure=error.failure))
        except (TypeError, ValueError, AttributeError, IndexError) as error:  # of arguments that do not fit the verb
            reply(Outcome(failure=failure_of(error)))
        else:
            if key in self._open:
                self._open[key] = give_up

    def drop(self, name: str, number: int) -> None:
        """Give up what a node waits for no more."""
        give_up = self._open.pop((name, number), None)
        if give_up is not None:
            give_up()

    def broken(self, name: str) -> None:
        """Give up whatever a node has waited for that is down now."""
        for asker, number in list(self._open):
            if asker == name:
                self.drop(name, number)

    def _reply(self, name: str, number: int, outcome: Outcome) -> None:
        try:
            item = write_item(Item.REPLY, number, outcome_parts(outcome))
        except Error as error:
            item = write_item(Item.REPLY, number, outcome_parts(Outcome(failure=error.failure)))
        self.mesh.say(name, item)

    @staticmethod
    def _verb(verb: str) -> Callable[[Serving, str, list[Any], Reply], GiveUp | None]:
        found = _VERBS.get(verb)
        if found is None:
            raise not_found(
                f"another node asked for {verb!r}, which this one does not know{did_you_mean(verb, _VERBS)}"
            )
        return found

    # ---- verbs -------------------------------------------------------------------------------------------------

    def _spawn(self, name: str, args: list[Any], reply: Reply) -> None:
        """Start a process; with `follow` the asker hears of its end, whenever that is."""
        *parts, linked, follow = args

        def started(outcome: Outcome) -> None:
            if linked and outcome.failure is None:
                self.mesh.node.links.link(linked, str(outcome.value))
            reply(outcome)
            if follow and outcome.failure is None:
                self.mesh.following.follow(str(outcome.value), name)

        request = read_spawn(parts)
        self.router.host(request.host).spawn(request, started)

    def _exec(self, _name: str, args: list[Any], reply: Reply) -> GiveUp:
        *parts, reason = args
        return self.router.exec(read_spawn(parts), reply, reason=str(reason))

    def _watch(self, _name: str, args: list[Any], reply: Reply) -> GiveUp:
        return self.router.watch(args[0], reply)

    def _send(self, _name: str, args: list[Any], reply: Reply) -> None:
        dest, topic, sender, payloads = args
        host, pid = self.router.resolve_here(dest)
        host.send(pid, Message(topic, sender, tuple(payloads)), reply)

    def _cancel(self, _name: str, args: list[Any], reply: Reply) -> None:
        dest, sender, reason = args
        host, pid = self.router.resolve_here(dest)
        host.cancel(pid, sender, reason, reply)

    def _terminate(self, _name: str, args: list[Any], reply: Reply) -> None:
        host, pid = self.router.resolve_here(args[0])
        host.terminate(pid, reply)

    def _follow(self, name: str, args: list[Any], reply: Reply) -> None:
        """Tell the asker of the end of a process; the answer is how a durable run has ended already, else True."""
        pid, linked = args
        host, pid = self.router.resolve_here(pid)
        state = host.alive(pid)
        if isinstance(state, Outcome) and is_durable(host):
            reply(Outcome([True, *outcome_parts(state)[:2]]))
            return
        if state is not True:
            raise not_found(f"pid not registered: {pid}")
        if linked:
            self.mesh.node.links.link(linked, pid)
        self.mesh.following.follow(pid, name)
        reply(Outcome([False]))

    def _name(self, _name: str, args: list[Any], reply: Reply) -> None:
        """Give a name to a process of this node."""
        self.mesh.naming.asked(reply, *args)

    def _unname(self, _name: str, args: list[Any], reply: Reply) -> None:
        """Free the name of a process of this node."""
        self.mesh.naming.asked_to_free(reply, *args)

    def _drain(self, _name: str, _args: list[Any], reply: Reply) -> None:
        """Hand over what this node has, and end."""
        reply(Outcome(value=True))
        self.mesh.node.leave(0)

    def _known(self, _name: str, _args: list[Any], reply: Reply) -> None:
        """Answer: what was said before has been taken."""
        reply(Outcome(value=True))


_VERBS: Final = MappingProxyType(
    {
        "spawn": Serving._spawn,  # noqa: SLF001 - its own table
        "exec": Serving._exec,  # noqa: SLF001
        "watch": Serving._watch,  # noqa: SLF001
        "send": Serving._send,  # noqa: SLF001
        "cancel": Serving._cancel,  # noqa: SLF001
        "terminate": Serving._terminate,  # noqa: SLF001
        "follow": Serving._follow,  # noqa: SLF001
        "name": Serving._name,  # noqa: SLF001
        "unname": Serving._unname,  # noqa: SLF001
        "drain": Serving._drain,  # noqa: SLF001
        "known": Serving._known,  # noqa: SLF001
    }
)
