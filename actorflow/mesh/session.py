"""The session between this node and one other, as a value: no sockets, no clock, no randomness of its own.

Its lifecycle is the table `MOVES`: GREETING (the other has not proved itself), OPEN, CLOSED (this side has left). Each
side names its conversation by a random session id; a conversation is a pair of them, proved by both with the secret of
the cluster. Within a conversation items arrive in the order sent, each once; losses, doubles and another order of
frames below are healed by sending again from the first item that is missing (go-back-N). A connection that breaks and
comes back is nothing but a loss. When the other is not heard of for `down_after`, or turns up with another session id,
the conversation is over, and so are the items of it that were not confirmed: `Broken` says so, on each side that had it
open.

Times are nanoseconds of any monotonic clock of the caller; only differences count. This file may not know what items
mean, what carries the frames, or which other sessions there are.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from actorflow.duration import MILLISECOND, SECOND
from actorflow.mesh.frame import (
    NOBODY,
    SECRETLY,
    SESSION_ID_SIZE,
    Frame,
    Kind,
    conversation_key,
    verified,
    write_frame,
)
from actorflow.mesh.meeting import Broken, Event, Opened, Peer, Refused, Taken, Timing, introduced
from actorflow.mesh.outbox import Outbox
from actorflow.mesh.voice import Voice

WINDOW: Final = 8_192
"""Items that a side takes beyond what it has dealt with: the credit it gives."""
_FIRST_RETRY: Final = 200 * MILLISECOND
_SLOWEST_RETRY: Final = 2 * SECOND
_BETWEEN_ANSWERS: Final = 50 * MILLISECOND
"""Least time between two frames that answer something out of place, so that two sides cannot keep each other busy."""
SUPERSEDED: Final = "superseded"
"""Reason of a BYE to a node that says it is one whose later incarnation is known."""


class State(Enum):
    """Where a session stands."""

    GREETING = "greeting"
    OPEN = "open"
    CLOSED = "closed"


class Session:
    """One side of it.

    Attributes:
        me: how this side introduces itself. name: of the other side. address: where it listens, as far as known.
        state: see `State`. peer: how the other side has introduced itself in this conversation, None without one.
        outbox: what is to be said in it. events: what has happened; whoever drives the session takes them from it.
        asides: frames for other addresses than the other side's, likewise.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a session is made of
        self,
        me: Peer,
        name: str,
        address: str,
        cluster: bytes,
        draw: Callable[[int], bytes],
        timing: Timing,
        now: int,
    ) -> None:
        """Begin to greet `name`; `cluster` is the key of the cluster, `draw` gives random bytes."""
        self.me = me
        self.name = name
        self.address = address
        self.state = State.GREETING
        self.peer: Peer | None = None
        self.events: list[Event] = []
        self.asides: list[tuple[str, bytes]] = []
        self._cluster = cluster
        self._draw = draw
        self._timing = timing
        self._voice = Voice(me.name, cluster)
        self._begin(now)

    def _begin(self, now: int) -> None:
        """Forget the conversation and be ready for another one."""
        self._voice.source = self._draw(SESSION_ID_SIZE)
        self._forget_peer()
        self._greet_at, self._pause = now, _FIRST_RETRY
        self._answered_at = now - _BETWEEN_ANSWERS

    def _forget_peer(self) -> None:
        self.state = State.GREETING
        self.peer = None
        self._voice.target = self._voice.key = NOBODY
        self.outbox = Outbox()
        self._received = self._heard = self._heard_number = self._sent_at = self._resend_at = 0
        self._pause = _FIRST_RETRY
        self._owes_ack = self._owes_resume = False
        self._missed = -1
        """What had been received when a gap was last told of."""

    # ---- what the node asks ------------------------------------------------------------------------------------

    @property
    def source(self) -> bytes:
        """The session id of this side."""
        return self._voice.source

    @property
    def has_room(self) -> bool:
        """Whether the conversation is open and takes one more item."""
        return self.state is State.OPEN and self.outbox.has_room

    @property
    def wants_to_speak(self) -> bool:
        """Whether `take_frames` would give something."""
        if self.state is not State.OPEN:
            return self._voice.is_heard
        return self._voice.is_heard or self._owes_ack or self._owes_resume or self.outbox.has_more

    def send(self, item: bytes) -> None:
        """Say something; the caller has asked whether there is room."""
        self.outbox.put(item)

    def leave(self, reason: str) -> None:
        """Say good-bye and do nothing any more."""
        if self.state is not State.CLOSED:
            self._voice.say(Kind.BYE, [reason])
            self.state = State.CLOSED

    def since_heard(self, now: int) -> int:
        """Return how long ago there was a sign of life of the other side, 0 without a conversation."""
        return now - self._heard if self.state is State.OPEN else 0

    def receive(self, frame: Frame, data: bytes, now: int) -> bool:
        """Take a frame of the other side; False for one that no member of the cluster has made."""
        secretly = frame.kind in SECRETLY
        is_ours = self.state is State.OPEN and frame.source == self._voice.target and frame.target == self.source
        if not secretly and not is_ours:
            if self.state is not State.CLOSED:
                self._answer(Kind.HELLO, NOBODY, now)  # of another conversation: it may have missed our proof
            return True
        read = verified(frame, data, self._cluster if secretly else self._voice.key)
        if read is None:
            return False
        frame = read
        if not secretly and frame.number > self._heard_number:
            self._heard_number, self._heard = frame.number, now
        move = MOVES.get((self.state, frame.kind))
        if move is not None:
            try:
                move(self, frame, now)
            except (TypeError, ValueError, IndexError):  # of other fields than its kind has
                return False
        return True

    def tick(self, now: int) -> None:
        """Do what is due by now; call it before `take_frames`."""
        if self.state is State.GREETING and now >= self._greet_at:
            self._greet_at = now + self._pause
            self._pause = min(2 * self._pause, _SLOWEST_RETRY)
            self._voice.say(Kind.HELLO, self.me.words, NOBODY)
        elif self.state is State.OPEN:
            self._watch(now)

    def _watch(self, now: int) -> None:
        silent = now - self._heard
        if silent >= self._timing.down_after:
            self._break(f"no sign of life for {silent / SECOND:.1f} s", now)
            return
        if self.outbox.is_waiting and now >= self._resend_at:
            self._pause = min(2 * self._pause, _SLOWEST_RETRY)
            self._resend_at = now + self._pause
            self.outbox.rewind()
        if now - self._sent_at >= self._timing.heartbeat:
            self._voice.say(Kind.PING, self._standing())
            self._sent_at = now

    def due(self, now: int) -> int:
        """Return when `tick` has something to do, if nothing happens before."""
        if self.state is State.CLOSED:
            return now + 3600 * SECOND
        if self.state is State.GREETING:
            return self._greet_at
        times = [self._sent_at + self._timing.heartbeat, self._heard + self._timing.down_after]
        return min([*times, self._resend_at]) if self.outbox.is_waiting else min(times)

    def take_frames(self, now: int, most: int = 4) -> list[bytes]:
        """Return what is to be sent now, at most about `most` frames of items, and count them as sent."""
        if self.state is State.OPEN:
            for _ in range(most):
                if not self.outbox.has_more:
                    break
                self._send_batch(now)
            if self._owes_ack or self._owes_resume:
                kind, self._owes_resume = Kind.RESUME if self._owes_resume else Kind.ACK, False
                self._voice.say(kind, self._standing())
                self._sent_at = now
        return self._voice.take()

    def _send_batch(self, now: int) -> None:
        if not self.outbox.is_waiting:
            self._resend_at = now + self._pause
        first, items = self.outbox.batch()
        self._voice.say(Kind.DATA, [*self._standing(), first, items])
        self._sent_at = now

    # ---- the moves of the table --------------------------------------------------------------------------------

    def _on_knock(self, frame: Frame, now: int) -> None:
        """Greet whoever asks for it: it does not know us, so it is not, or no longer, who we talk to."""
        peer = introduced(frame)
        if peer is not None and not self._is_older(peer):
            self.address = peer.address
            self._answer(Kind.HELLO, NOBODY, now)

    def _on_hello(self, frame: Frame, now: int) -> None:
        """Prove ourselves to whoever greets: an earlier incarnation is sent away."""
        peer = introduced(frame)
        if peer is None:
            return
        if self._is_older(peer):
            self.asides.append((peer.address, self._voice.written(Kind.BYE, [SUPERSEDED], frame.source)))
            return
        self.address = peer.address
        self._answer(Kind.AUTH, frame.source, now, eagerly=self.state is State.GREETING)

    def _on_auth(self, frame: Frame, now: int) -> None:
        """Open a conversation with whoever has proved itself for our session id; an open one may be over by that."""
        peer = introduced(frame)
        if peer is None or frame.target != self.source or self._is_older(peer):
            return
        if self.state is State.OPEN:
            if frame.source == self._voice.target:
                self._owes_ack = True  # it has just opened: it may have no credit yet
                return
            restarted = self.peer is not None and peer.incarnation > self.peer.incarnation
            self.events.append(Broken("it has been restarted" if restarted else "it has given up on this node"))
            self._forget_peer()
        self.state, self.peer, self.address = State.OPEN, peer, peer.address
        self._voice.target = frame.source
        self._voice.key = conversation_key(self._cluster, self.source, frame.source)
        self._heard = now
        self._sent_at = now
        self._pause = _FIRST_RETRY
        self._voice.say(Kind.AUTH, self.me.words)
        self._owes_ack = True  # it carries our first credit
        self.events.append(Opened(peer))

    def _is_older(self, peer: Peer) -> bool:
        """Tell whether this is not whom we talk to, and no later one either: it has to wait until that is down."""
        known = self.peer
        if known is None or peer == known:
            return False
        return peer.incarnation <= known.incarnation

    def _on_data(self, frame: Frame, now: int) -> None:
        received, limit, first, items = frame.fields
        self._confirm(received, limit, now)
        new = self._received + 1 - first
        if new < 0:
            self._owes_resume = self._missed != self._received  # once: what is lost again is sent again in time
            self._missed = self._received
            return
        self._owes_ack = True
        if new < len(items):
            self._received = first + len(items) - 1
            self.events.append(Taken(items[new:]))

    def _on_ack(self, frame: Frame, now: int) -> None:
        self._confirm(frame.fields[0], frame.fields[1], now)

    def _on_resume(self, frame: Frame, now: int) -> None:
        self._confirm(frame.fields[0], frame.fields[1], now)
        if frame.fields[0] == self.outbox.confirmed:
            self.outbox.rewind()

    def _on_ping(self, frame: Frame, now: int) -> None:
        self._on_ack(frame, now)
        self._owes_ack = True

    def _on_bye(self, frame: Frame, now: int) -> None:
        if frame.target != self.source:
            return
        reason = str(frame.fields[0]) if frame.fields else ""
        if reason == SUPERSEDED:
            self.events.append(
                Refused(f"{self.name!r} talks to another node {self.me.name!r}: give one of them another name")
            )
        if self.state is State.OPEN and frame.source == self._voice.target:
            self._break(reason or "it has left", now, left=True)

    # ---- saying ------------------------------------------------------------------------------------------------

    def _break(self, reason: str, now: int, *, left: bool = False) -> None:
        self.events.append(Broken(reason, left))
        self._begin(now)

    def _confirm(self, received: int, limit: int, now: int) -> None:
        if self.outbox.confirm(received, limit):
            self._pause = _FIRST_RETRY
            self._resend_at = now + self._pause

    def _standing(self) -> list[Any]:
        """Return what every frame of a conversation says: what has been received, and how much more may come."""
        self._owes_ack = False
        return [self._received, self._received + WINDOW]

    def _answer(self, kind: Kind, target: bytes, now: int, *, eagerly: bool = False) -> None:
        """Answer something out of place, not too often."""
        if eagerly or now - self._answered_at >= _BETWEEN_ANSWERS:
            self._answered_at = now
            self._voice.say(kind, self.me.words, target)


def knock(me: Peer, cluster: bytes) -> bytes:
    """Return the frame that asks whoever listens at an address to greet `me`."""
    return write_frame(Frame(Kind.KNOCK, me.name, NOBODY, NOBODY, 0, me.words), cluster)


Move: TypeAlias = Callable[[Session, Frame, int], None]

MOVES: Final = MappingProxyType(
    {
        (State.GREETING, Kind.KNOCK): Session._on_knock,  # noqa: SLF001 - its own table
        (State.GREETING, Kind.HELLO): Session._on_hello,  # noqa: SLF001 - its own table
        (State.GREETING, Kind.AUTH): Session._on_auth,  # noqa: SLF001
        (State.GREETING, Kind.BYE): Session._on_bye,  # noqa: SLF001
        (State.OPEN, Kind.KNOCK): Session._on_knock,  # noqa: SLF001
        (State.OPEN, Kind.HELLO): Session._on_hello,  # noqa: SLF001
        (State.OPEN, Kind.AUTH): Session._on_auth,  # noqa: SLF001
        (State.OPEN, Kind.DATA): Session._on_data,  # noqa: SLF001
        (State.OPEN, Kind.ACK): Session._on_ack,  # noqa: SLF001
        (State.OPEN, Kind.RESUME): Session._on_resume,  # noqa: SLF001
        (State.OPEN, Kind.PING): Session._on_ping,  # noqa: SLF001
        (State.OPEN, Kind.BYE): Session._on_bye,  # noqa: SLF001
    }
)
"""What a frame does in which state. Whatever is not here does nothing."""
