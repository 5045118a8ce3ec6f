"""Which runs of a host this node turns, where several nodes share its database: the shards that it owns.

A node raises a counter once a second, on a connection of its own. Whoever sees the counter of another stand still for
`DEAD` seconds by its own clock removes that node, and its shards are free; so does, at once, who can prove that its
process has ended (`node/life.py`). Each node takes free shards up to an equal
part, and gives up what it has beyond that: calls that run there end first, no others begin, and what they brought is
stored. A node that was removed while it still lives has lost everything: it drops its machines and joins anew. None of
that has to be right for a store to stay sound: turns carry the token of their shard, and whoever has an old one is
refused (`store/owning.py`).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Collection, Iterator
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

import trio

from actorflow.duration import SECOND
from actorflow.errors import Error
from actorflow.node.life import has_ended, life
from actorflow.run.rule import NEWEST
from actorflow.run.shard import SHARDS, UNITS, part, shard_of
from actorflow.store.owning import DIED
from actorflow.store.sighting import Sightings
from hosts.workflow.agreement import admit, agree, common
from hosts.workflow.catching_up import overtaken
from hosts.workflow.handing import give_up, lose
from hosts.workflow.store_clock import StoreClock

if TYPE_CHECKING:
    from actorflow.store.owning import NodeRow, Seen
    from actorflow.store.owning import Ownership as Owning
    from hosts.workflow.engine import Engine
    from hosts.workflow.host import WorkflowHost

BEAT: Final = 1.0
"""Seconds between two beats."""
_LOOK: Final = 0.25
"""Seconds within which a look is not repeated, however often somebody asks for one."""
_TRIES: Final = 5
"""So often the time is asked for until an answer comes soon enough."""
GRACE: Final = 10.0
"""Seconds that running calls have to end before their shard is given to a node that has joined."""


class Ownership:
    """What one engine owns of the hosts of its database."""

    def __init__(self, engine: Engine) -> None:
        """Own nothing; `join` takes a part of a host."""
        self.node = ""
        self._engine = engine
        self._pulse = engine.writer.pulse()
        engine.writer.heed = partial(overtaken, engine)
        self._limiter = trio.CapacityLimiter(1)
        self._sightings = Sightings()
        self._seen: Seen | None = None
        self._news = trio.Event()
        self._turn = trio.Lock()
        self._joined: list[WorkflowHost] = []
        self._began = self._seen_at = self._changed_at = 0
        self._giving: trio.CancelScope | None = None
        self._untaken: dict[str, set[int]] = {}
        self._bereft: dict[str, set[int]] = {}
        self._asked = False
        self._beaten = 0.0

    def owns(self, run: int) -> bool:
        """Tell whether a run may be one that this node turns; its host is known once it is read."""
        return any(host.owns(run) for host in self._joined)

    def look(self) -> None:
        """Look around soon: something has been refused, or set free."""
        self._asked = True
        self._news.set()

    async def learn_the_time(self) -> None:
        """Ask the database until an answer came soon: whatever is written from now on is due by its time.

        Raises:
            Error: when the database cannot be read now.
        """
        clock = self._engine.clock
        for _ in range(_TRIES):
            sent = clock.monotonic()
            self._follow(sent, await trio.to_thread.run_sync(self._pulse.time, limiter=self._limiter))
            if isinstance(clock, StoreClock) and clock.is_sure:
                break

    # ---- joining and leaving -----------------------------------------------------------------------------------

    async def join(self, host: WorkflowHost) -> None:
        """Share a host: take what is free of it, up to an equal part.

        Raises:
            Error: when the database cannot be reached or written now.
        """
        async with self._turn:
            host.own({})
            self._joined.append(host)
            self.node = self.node or self._name()
            try:
                await self._enter()
                if await self._bury():  # an earlier life of this very node, most likely
                    await self._beat()
                await admit(host, self._engine.writer)
                await agree(host, self._engine.writer, self._looked)
                await self._take(host)
            except BaseException:
                await self._part_with(host)
                raise

    async def leave(self, host: WorkflowHost, grace: float) -> None:
        """Give a host up, at once what nothing is running in; with the last one, stop to be one of those who share."""
        if self._giving is not None:
            self._giving.cancel()
        async with self._turn:
            if host not in self._joined:
                return
            with trio.move_on_after(2 * grace + BEAT):
                await give_up(self._engine, host, set(host.shards or ()), grace, self._give)
            await self._part_with(host)

    async def _part_with(self, host: WorkflowHost) -> None:
        """Serve a host no longer, and set free what is left of it."""
        self._joined.remove(host)
        self._untaken.pop(host.id, None)
        self._bereft.pop(host.id, None)
        lose(self._engine, host, set(host.shards or ()))
        node = self.node
        with trio.CancelScope(shield=True):
            if self._joined:
                await self._give(host, range(UNITS))
                await self._enter()
            else:
                self.node = ""
                await self._own(lambda owning: owning.leave(node))

    def close(self) -> None:
        """Let go of the connection."""
        self._pulse.close()

    def _name(self) -> str:
        return f"{self._engine.node.name}/{uuid.uuid4().hex}"

    async def _enter(self) -> None:
        """Be among those that share the store, and look who else is."""
        node, about = self.node, self._about()
        await self._own(lambda owning: owning.enter(node, about))
        await self._beat()

    @cached_property
    def _life(self) -> dict[str, Any]:
        return life(self._engine.node.data)

    def _about(self) -> str:
        hosts = sorted(host.id for host in self._joined)
        return json.dumps({"name": self._engine.node.name, **self._life, "hosts": hosts, "rules": self._rules()})

    def _rules(self) -> int:
        return min((host.known_rules for host in self._joined), default=NEWEST)

    # ---- the two loops -----------------------------------------------------------------------------------------

    async def serve(self) -> None:
        """Beat, and do what follows from what is seen, for ever."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._beats)
            nursery.start_soon(self._acts)

    async def _beats(self) -> None:
        """Beat whatever else takes long: only a node that cannot is dead."""
        failing = ""
        while True:
            try:
                await self._beat()
                failing = ""
            except Error as error:
                if not failing:
                    self._warn(f"this node cannot tell the others that it lives: {error.message}")
                failing = error.message
            self._news.set()
            await trio.sleep(BEAT)

    async def _beat(self) -> None:
        node = self.node
        if not node:
            return
        self._began += 1
        began, self._beaten = self._began, trio.current_time()
        sent = self._engine.clock.monotonic()
        seen = await trio.to_thread.run_sync(self._pulse.beat, node, limiter=self._limiter)
        if node == self.node:
            self._seen, self._seen_at = seen, began
            if seen is not None:
                self._follow(sent, seen.now)
                self._sightings.see(seen.nodes, trio.current_time())

    def _follow(self, sent: int, said: int) -> None:
        """Have what is due follow the time of the database."""
        clock = self._engine.clock
        if isinstance(clock, StoreClock) and clock.follow(sent, clock.monotonic(), said):
            seconds = clock.offset / SECOND
            self._warn(
                f"the clock of this node and that of the database differ by {seconds:+.1f} s: its runs go by that"
            )
            self._engine.timers.wake()

    async def _looked(self) -> list[NodeRow]:
        await self._beat()
        return [] if self._seen is None else self._seen.nodes

    async def _acts(self) -> None:
        while True:
            await self._news.wait()
            self._news = trio.Event()
            asked, self._asked = self._asked, False
            try:
                if asked and trio.current_time() > self._beaten + _LOOK:
                    await self._beat()
                async with self._turn:
                    await self._act()
            except Error as error:
                self._warn(f"shards cannot be taken or given up now: {error.message}")

    async def _act(self) -> None:
        if not self.node:
            return
        if self._seen is None:
            await self._join_anew()
        if await self._bury():
            await self._beat()
        for host in list(self._joined):
            await self._compare(host)
            if self._seen is not None and common(host, self._seen.nodes) > host.rules:
                await agree(host, self._engine.writer, self._looked)
            await self._take_over(host)
            await self._take(host)
            self._give_back(host)
            host.spread(crowded=self._engine.calls.queued() > host.concurrency)

    async def _bury(self) -> bool:
        """Remove the dead; tells whether there were any."""
        buried = False
        for node, counter, why in self._dead():
            if await self._own(partial(_leave, node, counter)):
                self._warn(f"node {node} is dead: {why}; others take over what it owned")
                buried = True
        return buried

    def _dead(self) -> Iterator[tuple[str, int, str]]:
        """Yield (node, counter, how that is known) of the dead among the others."""
        for node, counter in self._sightings.dead(self.node):
            yield node, counter, "its counter has stood still"
        for row in self._seen.nodes if self._seen is not None else []:
            if row.node != self.node and has_ended(json.loads(row.about), self._life):
                yield row.node, row.counter, "its process has ended"

    async def _join_anew(self) -> None:
        """Begin again as another node: this one was found dead, so others have its runs by now, or will."""
        self._warn("this node was taken for dead: it lets go of its runs and joins again")
        for host in self._joined:
            lose(self._engine, host, set(host.shards or ()))
        self.node = self._name()
        await self._enter()

    # ---- one host ----------------------------------------------------------------------------------------------

    async def _compare(self, host: WorkflowHost) -> None:
        """Drop what the database says is not this node's, and set free what it has without knowing.

        It has when the answer to taking it was lost; and what it has may be another's when that one has claimed the
        host whole.
        """
        seen, owned = self._seen, host.shards
        if seen is None or owned is None or self._seen_at <= self._changed_at:
            return
        mine = {owner.shard: owner.token for owner in seen.owners if (owner.host, owner.node) == (host.id, self.node)}
        lose(self._engine, host, {unit for unit, token in owned.items() if mine.get(unit, 0) != token})
        stray = mine.keys() - owned.keys()
        if stray and self._giving is None:
            await self._give(host, stray)

    def _part(self, host: WorkflowHost) -> int:
        """Return how many shards and roles of a host an equal part is, of those who serve it now."""
        nodes = self._seen.nodes if self._seen is not None else []
        sharing = [row for row in nodes if host.id in json.loads(row.about)["hosts"]]
        return part(UNITS, len(sharing))

    async def _take(self, host: WorkflowHost) -> None:
        """Take free shards up to an equal part, and take up their runs."""
        owned = host.shards
        if owned is None or not self._is_free(host):
            return
        missing = self._part(host) - len(owned)
        if missing <= 0:
            return
        taken = await self._own(partial(_take, host.id, self.node, missing))
        self._changed_at = self._began
        if taken is None:
            self._seen = None
            self._news.set()
        elif taken:
            host.own({**(host.shards or {}), **taken})  # what is given up meanwhile stays given up
            self._untaken.setdefault(host.id, set()).update(taken)
            self._bereft.setdefault(host.id, set()).update(taken.keys() & self._bereaved(host))
            await self._take_over(host)

    def _bereaved(self, host: WorkflowHost) -> set[int]:
        """Return the shards of a host whose owner died."""
        owners = [] if self._seen is None else self._seen.owners
        return {owner.shard for owner in owners if (owner.host, owner.node) == (host.id, DIED) and owner.shard < SHARDS}

    async def _take_over(self, host: WorkflowHost) -> None:
        """Take up the runs of shards that have been taken; what cannot be read now is taken up later."""
        mine = (host.shards or {}).keys()
        untaken = self._untaken.get(host.id, set()) & mine
        if untaken:
            await self._engine.suspects.inherit(host, self._bereft.get(host.id, set()) & mine)
            self._bereft.pop(host.id, None)
            await self._engine.recovery.take_over(host, [unit for unit in untaken if unit < SHARDS])
        self._untaken.pop(host.id, None)

    def _is_free(self, host: WorkflowHost) -> bool:
        """Tell whether some of a host may be free; what its database has never heard of is."""
        owners = [owner for owner in self._seen.owners if owner.host == host.id] if self._seen is not None else []
        return len(owners) < UNITS or any(owner.is_free for owner in owners)

    def _give_back(self, host: WorkflowHost) -> None:
        """Begin to give up what is more than an equal part, the shards with the fewest machines first."""
        owned = host.shards or {}
        excess = len(owned) - self._part(host)
        if excess <= 0 or self._giving is not None:
            return
        load = dict.fromkeys(owned, 0)
        for resident in self._engine.residents.values():
            if resident.host is host and resident.live is not None and shard_of(resident.run) in load:
                load[shard_of(resident.run)] += 1
        given = sorted(load, key=lambda unit: (load[unit], -unit))[:excess]
        self._giving = trio.CancelScope()
        self._engine.start_soon(self._give_some, host, set(given), self._giving)

    async def _give_some(self, host: WorkflowHost, units: set[int], scope: trio.CancelScope) -> None:
        try:
            with scope:
                await give_up(self._engine, host, units, GRACE, self._give)
        except Error as error:
            self._warn(f"shards cannot be given up now: {error.message}")
        finally:
            self._giving = None

    async def _give(self, host: WorkflowHost, units: Collection[int]) -> None:
        node = self.node
        await self._own(lambda owning: owning.give_up(host.id, node, units))
        self._changed_at = self._began

    async def _own(self, change: Callable[[Owning], Any]) -> Any:
        return await self._engine.writer.own(change)

    def _warn(self, text: str) -> None:
        self._engine.node.log("warn", text, {"node": self.node})


def _leave(node: str, counter: int, owning: Owning) -> bool:
    return owning.leave(node, counter)


def _take(host: str, node: str, most: int, owning: Owning) -> dict[int, int] | None:
    return owning.take(host, node, most)
