"""The cluster as one node sees it: which nodes there are, a session with each, and the tasks that drive them on trio.

Every node talks to every other. It begins with the addresses of its seed list; whoever is met there tells of the
others. Whether a node is up is judged by each observer on its own monotonic clock. This file knows no processes: what
items mean is the business of its `Guest`.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import trio

from actorflow.duration import MINUTE, SECOND
from actorflow.errors import Error
from actorflow.mesh.frame import VERSION, Frame, Kind, cluster_key, read_head, verified
from actorflow.mesh.meeting import Broken, Opened, Peer, Refused, Taken, Timing, introduced
from actorflow.mesh.session import Session, State, knock
from actorflow.mesh.transport import Arrival, Transport
from actorflow.notice import Notice, NoticeSink, drop

_TICKS: Final = 5
"""How often in a heartbeat the sessions are looked at."""
_KNOCK_EVERY: Final = SECOND
_FORGET_AFTER: Final = 10 * MINUTE
"""How long a node that is down is greeted; after that it has to knock, or one of the seeds has to tell of it."""

Done = Callable[[bool], None]
"""Told once whether an item is under way (True), or the node went down before it could be."""


class Guest(Protocol):
    """Whom a cluster tells what happens, in the node's thread, in the order in which it happened."""

    def opened(self, peer: Peer) -> None:
        """A node is up; items can be said to it."""
        ...

    def taken(self, name: str, item: bytes) -> None:
        """The next item of a node."""
        ...

    def broken(self, peer: Peer, reason: str) -> None:
        """A node is down or has left: what was said to it and not answered may or may not have arrived."""
        ...


@dataclass(frozen=True, slots=True)
class MemberLine:
    """A node as it is listed: `state` is `self`, `up`, `joining`, `down` or `left`; `since` is Unix nanoseconds.

    `silent` is how long there was no sign of life of it, in nanoseconds; `outbox` how many items it has not confirmed;
    `protocol` the version that it speaks, "" for one that was not met.
    """

    name: str
    address: str
    state: str
    incarnation: int = 0
    since: int = 0
    silent: int = 0
    outbox: int = 0
    reason: str = ""
    protocol: str = ""


@dataclass(slots=True)
class _Link:
    """A session with what drives it."""

    session: Session
    scope: trio.CancelScope = field(default_factory=trio.CancelScope)
    wake: trio.Event = field(default_factory=trio.Event)
    waiting: deque[tuple[bytes, Done]] = field(default_factory=deque)
    peer: Peer | None = None
    state: str = "joining"
    reason: str = ""
    since: int = 0
    down_at: int = 0


class Cluster:
    """The sessions of one node."""

    def __init__(  # noqa: PLR0913 - what a cluster is made of
        self,
        me: Peer,
        transport: Transport,
        secret: str,
        *,
        cluster: str = "",
        seeds: Iterable[str] = (),
        timing: Timing | None = None,
        guest: Guest,
        notices: NoticeSink = drop,
        draw: Callable[[int], bytes] = os.urandom,
        wall: Callable[[], int] = lambda: 0,
    ) -> None:
        """Know nobody yet; `wall` is the wall clock, for lists only."""
        self.me = me
        self._transport = transport
        self._key = cluster_key(secret, cluster)
        self._seeds = tuple(seeds)
        self._timing = timing or Timing()
        self._guest = guest
        self._notices = notices
        self._draw = draw
        self._wall = wall
        self._started = wall()
        self._links: dict[str, _Link] = {}
        self._gone: dict[str, MemberLine] = {}
        self._nursery: trio.Nursery | None = None
        self._knock_at = 0
        self._noticed: set[str] = set()

    async def open(self) -> None:
        """Begin to listen.

        Raises:
            Error: kind Unavailable, when the address cannot be listened at.
        """
        await self._transport.open()

    async def serve(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Take part in the cluster until cancelled, once it is open; then the others hear that this node has left."""
        self.me = replace(self.me, address=self._transport.address)
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                nursery.start_soon(self._tick)
                task_status.started()
                await self._listen()
        finally:
            self._nursery = None
            await self._leave()

    async def _leave(self) -> None:
        for link in self._links.values():
            link.session.leave("it has left")
            for frame in link.session.take_frames(_now()):
                self._transport.post(link.session.address, frame)
        with trio.CancelScope(shield=True):
            await trio.sleep(0.05 if self._links else 0)  # for the good-byes to get out
        self._transport.close()

    # ---- what the node asks ------------------------------------------------------------------------------------

    def is_up(self, name: str) -> bool:
        """Tell whether a node is up."""
        link = self._links.get(name)
        return link is not None and link.session.state is State.OPEN

    def peer(self, name: str) -> Peer | None:
        """Return how a node that is up has introduced itself, or None."""
        link = self._links.get(name)
        return link.session.peer if link is not None else None

    def up(self) -> list[str]:
        """Return the names of the nodes that are up, this one not among them."""
        return [name for name, link in self._links.items() if link.session.state is State.OPEN]

    def say(self, name: str, item: bytes, done: Done) -> None:
        """Say something to a node. `done` is told as soon as it is under way: at once, unless too much is already."""
        link = self._links.get(name)
        if link is None or link.session.state is not State.OPEN:
            done(False)  # noqa: FBT003 - what a Done takes
        elif link.waiting or not link.session.has_room:
            link.waiting.append((item, done))
        else:
            link.session.send(item)
            link.wake.set()
            done(True)  # noqa: FBT003

    def meet(self, name: str, address: str) -> None:
        """Greet a node of which somebody has told."""
        if name and name != self.me.name and name not in self._links:
            self._add(name, address)

    def known(self) -> list[tuple[str, str]]:
        """Return names and addresses of the nodes that are up."""
        return [(name, self._links[name].session.address) for name in self.up()]

    def members(self) -> list[MemberLine]:
        """Return every node this one knows of, itself first, the others by name."""
        me = self.me
        own = MemberLine(me.name, me.address, "self", me.incarnation, self._started, protocol=_protocol(me))
        lines = dict(self._gone)
        lines |= {name: self._line(name, link) for name, link in self._links.items()}
        return [own, *(lines[name] for name in sorted(lines))]

    def _line(self, name: str, link: _Link) -> MemberLine:
        session = link.session
        silent, incarnation = session.since_heard(_now()), link.peer.incarnation if link.peer is not None else 0
        outbox = len(session.outbox) + len(link.waiting)
        told = (link.reason, _protocol(link.peer) if link.peer is not None else "")
        return MemberLine(name, session.address, link.state, incarnation, link.since, silent, outbox, *told)

    # ---- driving -----------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        while True:
            for arrival in await self._transport.receive():
                self._arrived(arrival)
            for link in self._links.values():
                if link.session.wants_to_speak:
                    link.wake.set()
            await trio.lowlevel.checkpoint()

    def _arrived(self, arrival: Arrival) -> None:
        try:
            frame = read_head(arrival.frame)
        except Error as error:
            self._refuse(arrival, error.message)
            return
        link = self._links.get(frame.sender) or self._introduced(frame, arrival)
        if link is None:
            return
        if not link.session.receive(frame, arrival.frame, _now()):
            self._refuse(arrival, f"a frame in the name of {frame.sender!r} that no member of this cluster has made")
        self._happened(frame.sender, link)

    def _introduced(self, frame: Frame, arrival: Arrival) -> _Link | None:
        """Return a link with a node that introduces itself, if it knows the secret."""
        if frame.kind not in {Kind.KNOCK, Kind.HELLO, Kind.AUTH}:
            return None  # of a conversation before this node was started
        read = verified(frame, arrival.frame, self._key)
        peer = introduced(read) if read is not None else None
        if peer is None:
            self._refuse(arrival, f"{frame.sender!r} does not know the secret of this cluster")
            return None
        if peer.name == self.me.name:
            if peer.incarnation != self.me.incarnation:
                self._notice_once("mesh-name", f"another node with the name {peer.name!r} is at {peer.address}")
            return None
        return self._add(peer.name, peer.address)

    def _refuse(self, arrival: Arrival, why: str) -> None:
        self._transport.refuse(arrival.source)
        self._notice_once("mesh-refused", why)

    def _notice_once(self, code: str, text: str) -> None:
        if text not in self._noticed and len(self._noticed) < 1000:  # noqa: PLR2004 - strangers must not fill memory
            self._noticed.add(text)
            self._notices(Notice(code, text, self.me.name))

    def _add(self, name: str, address: str) -> _Link | None:
        if self._nursery is None:
            return None
        session = Session(self.me, name, address, self._key, self._draw, self._timing, _now())
        link = self._links[name] = _Link(session, since=self._wall())
        self._gone.pop(name, None)
        session.tick(_now())
        self._nursery.start_soon(self._speak, link)
        return link

    async def _speak(self, link: _Link) -> None:
        """Send what a session has to say; while its connection is full it collects more."""
        patience = self._timing.heartbeat / SECOND
        with link.scope:
            while True:
                link.wake = trio.Event()
                frames = link.session.take_frames(_now())
                for frame in frames:
                    with trio.move_on_after(patience):  # what gets no room in time is lost, which the session heals
                        while not self._transport.post(link.session.address, frame):
                            await self._transport.room(link.session.address)
                self._take_waiting(link)
                if frames or link.session.wants_to_speak:
                    await trio.lowlevel.checkpoint()
                else:
                    await link.wake.wait()

    def _take_waiting(self, link: _Link) -> None:
        while link.waiting and link.session.has_room:
            item, done = link.waiting.popleft()
            link.session.send(item)
            done(True)  # noqa: FBT003 - what a Done takes

    async def _tick(self) -> None:
        while True:
            now = _now()
            self._knock(now)
            for name, link in list(self._links.items()):
                link.session.tick(now)
                self._happened(name, link)
                if link.session.wants_to_speak:
                    link.wake.set()
                if link.down_at and now - link.down_at > _FORGET_AFTER:
                    self._drop(name, link)
            await trio.sleep(self._timing.heartbeat / SECOND / _TICKS)

    def _knock(self, now: int) -> None:
        """Knock at the seeds that are none of the nodes which are up."""
        if now < self._knock_at:
            return
        self._knock_at = now + _KNOCK_EVERY
        known = {self.me.address, *(address for _, address in self.known())}
        for address in self._seeds:
            if address not in known:
                self._transport.post(address, knock(self.me, self._key))

    def _happened(self, name: str, link: _Link) -> None:
        """Tell the guest what has come of frames or of time."""
        while link.session.events:
            events, link.session.events = link.session.events, []
            for event in events:
                if isinstance(event, Taken):
                    for item in event.items:
                        self._guest.taken(name, item)
                elif isinstance(event, Opened):
                    link.peer, link.state, link.reason, link.down_at = event.peer, "up", "", 0
                    link.since = self._wall()
                    self._guest.opened(event.peer)
                elif isinstance(event, Broken):
                    self._broken(name, link, event)
                elif isinstance(event, Refused):
                    self._notice_once("mesh-refused", event.reason)
        while link.session.asides:
            self._transport.post(*link.session.asides.pop())
        if link.waiting:
            link.wake.set()

    def _broken(self, name: str, link: _Link, event: Broken) -> None:
        link.state, link.reason = "left" if event.left else "down", event.reason
        link.since, link.down_at = self._wall(), _now()
        waiting, link.waiting = link.waiting, deque()
        for _, done in waiting:
            done(False)  # noqa: FBT003 - what a Done takes
        if link.peer is not None:
            self._guest.broken(link.peer, event.reason)
        if event.left:
            self._drop(name, link)

    def _drop(self, name: str, link: _Link) -> None:
        """Greet a node no longer; it is listed as it was."""
        self._gone[name] = self._line(name, link)
        link.scope.cancel()
        self._transport.forget(link.session.address)
        del self._links[name]


def _protocol(peer: Peer) -> str:
    return f"{VERSION}.{peer.minor}"


def _now() -> int:
    return int(trio.current_time() * SECOND)
