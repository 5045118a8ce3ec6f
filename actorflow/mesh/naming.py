"""Names beyond one node: this node's claims, those of the others, and the directory that knows them all.

An eventual name is claimed here and told to the others. A consistent or strong one is first written to the database
that all nodes share, by compare-and-set, so that of two nodes one gets it; a strong one is only given once every node
that is up has heard of it. It is good for as long as the database hears of its node (`tenure.py`): after that it is
free to be taken, and the node has let go of it before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import trio

from actorflow.codec import decode, encode
from actorflow.errors import ALREADY_EXISTS, CONFLICT, INTERNAL, INVALID, Error, not_found, unavailable
from actorflow.mesh.claim import CONSISTENT, EVENTUAL, STRONG, WORDS, Claim, Claims
from actorflow.mesh.item import Item, write_item
from actorflow.mesh.tenure import BEAT, Tenure
from actorflow.names import STORE, parse_pid
from actorflow.node.directory import Directory
from actorflow.node.suggest import did_you_mean
from actorflow.node.waiting import Answer
from actorflow.notice import Notice
from actorflow.ports import Outcome
from actorflow.run.document import PutDocument

if TYPE_CHECKING:
    from actorflow.mesh.mesh import Mesh
    from actorflow.mesh.tenure import NameStore
    from actorflow.ports import Reply

KIND: Final = "name"
"""Kind of the documents that hold consistent names."""
_TRIES: Final = 20


class MeshDirectory(Directory):
    """The directory of a node in a mesh: its own names, and those that other nodes know too."""

    def __init__(self, naming: Naming) -> None:
        """Have no names; `naming` knows the others'."""
        super().__init__()
        self._naming = naming

    def resolve(self, name: str) -> str | None:
        """Return the PID that messages to a name go to: consistent names first, then eventual, then local ones."""
        claim = self._naming.winner(name)
        return claim.pid if claim is not None else super().resolve(name)

    def lookup(self, name: str) -> str:
        """Return the PID that has the name in the first of these scopes."""
        return self.resolve(name) or super().lookup(name)

    def hint(self, name: str) -> str:
        """Return `; did you mean …?` when a name of any scope is close."""
        return super().hint(name) or did_you_mean(name, self._naming.claims.names())

    def release(self, pid: str) -> None:
        """Free every name of a process that has ended."""
        super().release(pid)
        self._naming.released(pid)


class Naming:
    """The names of one node beyond itself. `database` is where consistent ones are kept, "" for the common one."""

    def __init__(self, mesh: Mesh, database: str = "") -> None:
        """Claim nothing."""
        self.claims = Claims()
        self.tenure = Tenure(mesh.node, database, self._lost)
        self._mesh = mesh
        self._node = mesh.node
        self._mine: dict[str, set[str]] = {}  # PID → its names

    def winner(self, name: str) -> Claim | None:
        """Return the claim that has a name now, None when there is none."""
        claim = self.claims.winner(name)
        if claim is not None and claim.scope != EVENTUAL and claim == self.claims.held(name, self._node.name):
            self.tenure.expire()
            return self.claims.winner(name)
        return claim

    # ---- what scripts ask --------------------------------------------------------------------------------------

    async def register(self, name: str, pid: str, scope: int) -> None:
        """Give a process a name that other nodes know too; one elsewhere gets it from its own node.

        Raises:
            Error: AlreadyExists when another process has it, NotFound for a dead PID, Internal for a scope that this
                node does not have, Unavailable when that cannot be decided now.
        """
        host, pid = self._node.router.resolve(pid)
        home = parse_pid(pid).node
        if home not in {self._node.name, STORE}:
            answer: Answer[bool] = Answer()
            self._mesh.asks.ask(home, "name", [name, pid, scope], answer)
            await answer.wait()
            return
        if host.alive(pid) is not True:
            raise not_found(f"process not found: {pid}")
        winner = self.winner(name)
        if winner is not None and winner.pid != pid and EVENTUAL in {scope, winner.scope}:
            raise _taken(name, winner.pid)  # between two consistent ones the database decides
        if scope == EVENTUAL:
            if winner is None:
                self._claim(name, Claim(pid, self.claims.next_stamp(), scope))
            return
        owner, stamp = await self._write(name, pid, scope)
        if owner != self.tenure.name or not self.tenure.holds:
            raise unavailable(f"name {name!r}: this node has lost its names meanwhile: try again")
        if host.alive(pid) is not True:  # it has ended meanwhile, so that nobody would free it
            await self._erase(name, pid)
            raise not_found(f"process not found: {pid}")
        self._claim(name, Claim(pid, stamp, scope))
        if scope == STRONG:
            await self._until_all_know(name)

    async def unregister(self, name: str) -> bool:
        """Free a name that other nodes know too, whoever has it; False when nobody has."""
        claim = self.winner(name)
        if claim is None:
            return False
        home = parse_pid(claim.pid).node
        if home not in {self._node.name, STORE}:
            answer: Answer[bool] = Answer()
            self._mesh.asks.ask(home, "unname", [name], answer)
            return await answer.wait()
        if claim.scope != EVENTUAL:
            await self._erase(name, claim.pid)
        self._unclaim(name, claim.pid)
        return True

    def asked(self, reply: Reply, name: str, pid: str, scope: int) -> None:
        """Do `register` for another node."""
        self._node.nursery.start_soon(self._answer, self.register, (name, pid, scope), reply)

    def asked_to_free(self, reply: Reply, name: str) -> None:
        """Do `unregister` for another node."""
        self._node.nursery.start_soon(self._answer, self.unregister, (name,), reply)

    async def _answer(self, function: Any, args: tuple[Any, ...], reply: Reply) -> None:
        try:
            reply(Outcome(await function(*args) is not False))
        except Error as error:
            reply(Outcome(failure=error.failure))

    # ---- what the mesh tells -----------------------------------------------------------------------------------

    def opened(self, name: str) -> None:
        """Tell a node that is up now which names this one's processes have."""
        self.tenure.expire()
        for claimed, claim in self.claims.of(self._node.name):
            self._mesh.say(name, write_item(Item.CLAIM, claimed, *claim))

    def claimed(self, node: str, name: str, claim: Claim) -> None:
        """Take that a process of another node has a name: this node's own claim may be over by that."""
        self.claims.add(name, node, claim)
        if claim.scope != EVENTUAL and not self.tenure.name:
            self._node.nursery.start_soon(self.tenure.watch)
        winner, own = self.claims.winner(name), self.claims.held(name, self._node.name)
        if winner is not None and own is not None and winner.pid != own.pid:
            self._take_away(name, own, f"{winner.pid} has it: both had got it in a partition")

    def unclaimed(self, node: str, name: str, pid: str) -> None:
        """Take that a process of another node has a name no more."""
        self.claims.remove(name, node, pid)

    def broken(self, node: str) -> None:
        """Take that a node is down: the names of its processes are free."""
        self.claims.drop(node)

    def released(self, pid: str) -> None:
        """Free the names of a process of this node that has ended."""
        for name in list(self._mine.get(pid, ())):
            claim = self.claims.held(name, self._node.name)
            self._unclaim(name, pid)
            if claim is not None and claim.scope != EVENTUAL:
                self._node.nursery.start_soon(self._erase_in_time, name, pid)

    def _lost(self, reason: str) -> None:
        """Take that all consistent names of this node may be others' by now."""
        for name, claim in list(self.claims.of(self._node.name)):
            if claim.scope != EVENTUAL:
                self._take_away(name, claim, reason)

    def _take_away(self, name: str, claim: Claim, reason: str) -> None:
        """Tell whose name it was: a process that may be the only one by it is asked to stop."""
        self._unclaim(name, claim.pid)
        text = f"{claim.pid} has lost the name {name!r}: {reason}"
        self._node.notices(Notice("name-lost", text, claim.pid))
        if claim.scope != EVENTUAL and parse_pid(claim.pid).node == self._node.name:
            self._node.router.cancel(claim.pid, "", f"it has lost the name {name!r}: {reason}", _unheard)

    def _claim(self, name: str, claim: Claim) -> None:
        self.claims.add(name, self._node.name, claim)
        self._mine.setdefault(claim.pid, set()).add(name)
        self._mesh.say_to_all(write_item(Item.CLAIM, name, *claim))

    def _unclaim(self, name: str, pid: str) -> None:
        self.claims.remove(name, self._node.name, pid)
        names = self._mine.get(pid, set())
        names.discard(name)
        if not names:
            self._mine.pop(pid, None)
        self._mesh.say_to_all(write_item(Item.UNCLAIM, name, pid))

    async def _until_all_know(self, name: str) -> None:
        """Wait until every node that is up has heard of a claim: what it is asked comes after that."""
        answers: list[Answer[Any]] = []
        for peer in self._mesh.cluster.up():
            answer: Answer[Any] = Answer()
            self._mesh.asks.ask(peer, "known", [name], answer)
            answers.append(answer)
        for answer in answers:
            try:
                await answer.wait()
            except Error:  # it went down: it knows nothing any more
                continue

    # ---- the database ------------------------------------------------------------------------------------------

    async def _store(self, scope: int) -> NameStore:
        try:
            return await self.tenure.store()
        except Error as error:
            if error.kind != INVALID:
                raise
            raise Error(f"{WORDS[scope]} registry not available: {error.message}", INTERNAL, retryable=False) from error

    async def _write(self, name: str, pid: str, scope: int) -> tuple[str, int]:
        """Write a name to the database; return what this node is called there, and the stamp of the claim."""
        store = await self._store(scope)
        owner = await self.tenure.enter()
        for _ in range(_TRIES):
            row = await store.read(lambda reader: reader.document(KIND, name))
            held = decode(row.value) if row is not None else {}
            if held and held["pid"] != pid:
                await self._judge(name, held, owner)
            stamp = self.claims.next_stamp(int(held.get("stamp", 0)))
            value = {"pid": pid, "node": self._node.name, "boot": self._node.boot, "owner": owner, "stamp": stamp}
            revision = row.revision if row is not None else 0
            written = await store.write(PutDocument(KIND, name, encode(value), revision=revision))
            if written.accepted:
                return owner, stamp
        raise Error(f"name {name!r}: others keep writing it; try again", CONFLICT, retryable=True)

    async def _judge(self, name: str, held: dict[str, Any], owner: str) -> None:
        """Do nothing if whoever has a name in the database is gone."""
        pid, other = held["pid"], held.get("owner", "")
        is_up = self._mesh.cluster.is_up(held["node"])
        if other:
            taken = self._lives(pid) if other == owner else await self.tenure.lives(other, doubted=not is_up)
        else:  # a release before names had owners has written it: whoever is up has it
            taken = is_up
        if taken:
            raise _taken(name, pid)

    def _lives(self, pid: str) -> bool:
        try:
            host, pid = self._node.router.resolve_here(pid)
        except Error:
            return False
        return host.alive(pid) is True

    async def _erase(self, name: str, pid: str) -> None:
        store = await self._store(CONSISTENT)
        row = await store.read(lambda reader: reader.document(KIND, name))
        if row is not None and decode(row.value)["pid"] == pid:
            await store.write(PutDocument(KIND, name, None, revision=row.revision))

    async def _erase_in_time(self, name: str, pid: str) -> None:
        """Free the name of a process that has ended, as soon as the database can be written."""
        owner, told = self.tenure.name, False
        while owner and owner == self.tenure.name:  # else nobody takes it for this node's any more
            try:
                await self._erase(name, pid)
            except Error as error:
                if not told:
                    text = f"the name {name!r} of {pid} is not free yet: {error.message}"
                    self._node.notices(Notice("name-kept", text, pid))
                told = True
                await trio.sleep(BEAT)
            else:
                return


def _unheard(_outcome: Outcome) -> None:
    """Take whether a process was asked to stop: it may have ended."""


def _taken(name: str, pid: str) -> Error:
    return Error(f"name already registered: {name!r} is {pid}", ALREADY_EXISTS, retryable=False)
