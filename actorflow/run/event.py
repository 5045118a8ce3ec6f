"""Journal events: what a durable run's journal holds, one row each, numbered 1, 2, 3… without gaps.

Facts say what happened to the run and begin a feed of the machine; records say what the script asked while it was
fed. The order in the journal is the order of replay: a fact, then the records it led to, then the next fact. `FORMAT`
is how a store keeps events; the rules that a run goes by are numbered in `run.rule`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from hashlib import blake2b
from operator import itemgetter
from typing import Any, Final, NamedTuple

FORMAT: Final = 1

# facts
RUN_STARTED: Final = "RunStarted"
RUN_RELEASED: Final = "RunReleased"
FUNCTION_COMPLETED: Final = "FunctionCompleted"
FUNCTION_FAILED: Final = "FunctionFailed"
TIMER_FIRED: Final = "TimerFired"
MESSAGE_RECEIVED: Final = "MessageReceived"
REQUEST_SETTLED: Final = "RequestSettled"
PROCESS_EXITED: Final = "ProcessExited"
CANCEL_REQUESTED: Final = "CancelRequested"
RUN_RETRIED: Final = "RunRetried"
RUN_REPINNED: Final = "RunRepinned"
"""The run goes on with another source, whose content hash is its target; its script is fed nothing."""
RUN_ACCEPTED: Final = "RunAccepted"
"""What the source of the run does is right, and the part of the journal that differs is dropped; see `superseded`."""

# records of commands
FUNCTION_CALLED: Final = "FunctionCalled"
TIMER_STARTED: Final = "TimerStarted"
PROCESS_SPAWNED: Final = "ProcessSpawned"
MESSAGE_SENT: Final = "MessageSent"
PROCESS_CONTROLLED: Final = "ProcessControlled"
NAME_USED: Final = "NameUsed"
OPERATION_PERFORMED: Final = "OperationPerformed"
REQUEST_DROPPED: Final = "RequestDropped"
CALL_CANCELLED: Final = "CallCancelled"
"""A call is asked to stop, and the script waits until it has ended: its answer comes as that of any call."""
UPDATE_ANSWERED: Final = "UpdateAnswered"
APPROVAL_ASKED: Final = "ApprovalAsked"
STATE_AWAITED: Final = "StateAwaited"
RUN_SUSPENDED: Final = "RunSuspended"
STEP_STARTED: Final = "StepStarted"
STEP_COMPLETED: Final = "StepCompleted"
TOKEN_SET: Final = "TokenSet"  # noqa: S105 - it is no password
VERSION_MARKED: Final = "VersionMarked"
NAMES_CARRIED: Final = "NamesCarried"
CONTINUE_REFUSED: Final = "ContinueRefused"
ATTRIBUTES_SET: Final = "AttributesSet"
PAUSE_REQUESTED: Final = "PauseRequested"

# records of the end
RUN_COMPLETED: Final = "RunCompleted"
RUN_FAILED: Final = "RunFailed"
RUN_CANCELLED: Final = "RunCancelled"
RESULT_SUPERSEDED: Final = "ResultSuperseded"
"""What arrived after the end: its target is the fact it would have been. Nobody is fed it."""
RUN_CONTINUED: Final = "RunContinued"

FACTS: Final = frozenset(
    {
        RUN_STARTED,
        RUN_RELEASED,
        FUNCTION_COMPLETED,
        FUNCTION_FAILED,
        TIMER_FIRED,
        MESSAGE_RECEIVED,
        REQUEST_SETTLED,
        PROCESS_EXITED,
        CANCEL_REQUESTED,
        RUN_RETRIED,
        RUN_REPINNED,
        RUN_ACCEPTED,
    }
)
TAKE_BACK: Final = frozenset({RUN_RETRIED, RUN_ACCEPTED})
"""The facts that take back a part of the journal before them; see `superseded`."""
CALLS: Final = frozenset({FUNCTION_CALLED, OPERATION_PERFORMED})
"""The records that are attempted, and answered by `FunctionCompleted` or `FunctionFailed`."""
NAMING: Final = (NAME_USED, NAMES_CARRIED)
"""The records of what a run does with names; a store finds the runs that have any by an index of its own."""
TOLD_OF_NAMES: Final = (*NAMING, REQUEST_SETTLED, *sorted(TAKE_BACK))
"""The events that say which names a run holds."""
COMPARED: Final = frozenset({FUNCTION_CALLED, PROCESS_SPAWNED, MESSAGE_SENT})
"""The records whose payload a replay only compares, by digest, with what the script asks again."""
ENDS: Final = frozenset({RUN_COMPLETED, RUN_FAILED, RUN_CANCELLED, RUN_CONTINUED})
RESULTS: Final = frozenset({FUNCTION_COMPLETED, FUNCTION_FAILED, PROCESS_EXITED})
"""The facts that are kept as superseded when they come after the end."""
CARRIED: Final = frozenset({MESSAGE_RECEIVED, PROCESS_EXITED, CANCEL_REQUESTED})
"""The facts in the inbox of a run that continues as a new one which the new one gets; others answer the old one."""
SCRUBBED: Final = b"\xf7"
"""How what was drawn begins once it is scrubbed (CBOR `undefined`, which no list begins with); its digest follows."""


OFFLOADED: Final = b"\xff\x02"
"""How a payload begins that a store keeps elsewhere (no CBOR begins so); its digest follows, and its size."""


class JournalEvent(NamedTuple):
    """One row of a journal.

    Attributes:
        seq: position in the journal, from 1.
        kind: one of the constants above.
        ref: the machine's number of the request it belongs to, or 0.
        target: function id, topic, destination, entry id …, or "".
        payload: deterministic CBOR, or empty.
        drawn: CBOR list of the random values and times the feed begun by this fact read; empty when none.
        at: when it happened, Unix nanoseconds.
        digest: BLAKE2b-128 of the plain payload, salted with the run id; survives scrubbing the payload.
        checksum: BLAKE2b-128 over the previous checksum, seq, kind, ref, target, at and digest: the chain.
    """

    seq: int
    kind: str
    ref: int
    target: str
    payload: bytes
    drawn: bytes
    at: int
    digest: bytes
    checksum: bytes


event_of: Final[Callable[[Iterable[Any]], JournalEvent]] = partial(tuple.__new__, JournalEvent)
"""An event from its columns in order, unchecked: without the call of Python that a named tuple is made with."""
kind_of: Final = itemgetter(1)
"""The kind of an event: with it a whole journal is looked through without a line of Python for each of its events."""


def payload_digest(salt: bytes, payload: bytes) -> bytes:
    """Return the salted digest of a plain payload; `salt` is the run id as bytes, at most 64."""
    return blake2b(payload, digest_size=16, key=salt).digest()


_NOTHING_DRAWN: Final = payload_digest(b"drawn", b"")


def sealed(  # noqa: PLR0913, PLR0917 - the columns of a journal row
    previous: bytes, salt: bytes, seq: int, kind: str, ref: int, target: str, payload: bytes, drawn: bytes, at: int
) -> JournalEvent:
    """Return the event that follows one whose checksum is `previous` (empty before the first); see `chain`.

    It makes the checksum itself: every step does this twice.
    """
    digest = blake2b(payload, digest_size=16, key=salt).digest()
    text = f"{seq}\0{kind}\0{ref}\0{target}\0{at}\0".encode()
    drawn_digest = payload_digest(b"drawn", drawn) if drawn else _NOTHING_DRAWN
    checksum = blake2b(previous + text + digest + drawn_digest, digest_size=16).digest()
    return event_of((seq, kind, ref, target, payload, drawn, at, digest, checksum))


def sealed_together(  # noqa: PLR0913, PLR0917 - what the events of a feed share, and what each has
    previous: bytes, keyed: blake2b, seq: int, rows: Iterable[tuple[str, int, str, bytes]], drawn: bytes, at: int
) -> list[JournalEvent]:
    """Return the events that follow event number `seq`, of (kind, ref, target, payload) each: what `sealed` makes.

    All events of a feed are of one moment, and the first one has what it drew. `keyed` is a hash with the salt as its
    key, nothing else (`salted`): a copy of it costs half of one with a key. One pass for the two events of a step is
    two thirds of the time that one by one take.
    """
    made: list[JournalEvent] = []
    drawn_digest = payload_digest(b"drawn", drawn) if drawn else _NOTHING_DRAWN
    for kind, ref, target, payload in rows:
        seq += 1
        hashing = keyed.copy()
        hashing.update(payload)
        digest = hashing.digest()
        hashing = _UNSALTED.copy()
        hashing.update(previous + f"{seq}\0{kind}\0{ref}\0{target}\0{at}\0".encode() + digest + drawn_digest)
        previous = hashing.digest()
        made.append(event_of((seq, kind, ref, target, payload, drawn, at, digest, previous)))
        drawn, drawn_digest = b"", _NOTHING_DRAWN
    return made


def salted(salt: bytes) -> blake2b:
    """Return the hash that payload digests of a run begin with; to be copied, never updated."""
    return blake2b(digest_size=16, key=salt)


_UNSALTED: Final = blake2b(digest_size=16)
"""The hash that checksums begin with; to be copied, never updated."""


def chain(previous: bytes, event: JournalEvent) -> bytes:
    """Return the checksum of `event` after an event whose checksum is `previous` (empty before the first)."""
    text = f"{event.seq}\0{event.kind}\0{event.ref}\0{event.target}\0{event.at}\0".encode()
    drawn_digest = drawn_of(event.drawn) if event.drawn else _NOTHING_DRAWN
    return blake2b(previous + text + event.digest + drawn_digest, digest_size=16).digest()


def is_sound(previous: bytes, salt: bytes, event: JournalEvent) -> bool:
    """Tell whether an event holds what it held when it was sealed after one whose checksum is `previous`.

    A payload that a store keeps elsewhere, and has not been asked for, counts by the digest that stands for it.
    Digest and checksum are made here, as in `sealed`: a replay asks this of every event.
    """
    seq, kind, ref, target, payload, drawn, at, digest, checksum = event
    if digest != (
        payload[len(OFFLOADED) : len(OFFLOADED) + 16]
        if payload[:2] == OFFLOADED
        else blake2b(payload, digest_size=16, key=salt).digest()
    ):
        return False
    text = f"{seq}\0{kind}\0{ref}\0{target}\0{at}\0".encode()
    drawn_digest = drawn_of(drawn) if drawn else _NOTHING_DRAWN
    return blake2b(previous + text + digest + drawn_digest, digest_size=16).digest() == checksum


def continues(events: Sequence[JournalEvent], last: int) -> bool:
    """Tell whether events carry on after position `last`; a start must have at least one."""
    if not events:
        return last > 0
    for event in events:
        last += 1
        if event.seq != last:
            return False
    return True


def drawn_of(drawn: bytes) -> bytes:
    """Return the digest of what a feed drew, also of one that is scrubbed."""
    return drawn[1:] if drawn[:1] == SCRUBBED else payload_digest(b"drawn", drawn)


def superseded(journal: Sequence[JournalEvent]) -> frozenset[int]:
    """Return the positions that later events took back: they are in the chain, and nobody is fed them again.

    The target of a `RunRetried` or `RunAccepted` event is the first position it takes back and the highest request
    number used so far, `14:7`; everything from that position up to the event itself is superseded, earlier ones
    included. An accept that takes back the first steps of the run says so, `2:7:start`; see `restarted`.
    """
    ranges = taken_back([event for event in journal if event.kind in TAKE_BACK])
    return frozenset(event.seq for event in journal if any(event.seq in taken for taken in ranges))


def take_back_target(since: int, last_ref: int, *, restart: bool = False) -> str:
    """Return the target of an event that takes back a journal from position `since`; see `superseded`."""
    return f"{since}:{last_ref}:start" if restart else f"{since}:{last_ref}"


def last_ref_of(target: str) -> int:
    """Return the highest request number that the target of an event of `TAKE_BACK` says."""
    return int(target.split(":")[1])


def restarted(journal: Iterable[JournalEvent]) -> bool:
    """Tell whether a run takes its first steps with a later fact than its start: what they had led to was dropped."""
    return any(event.kind == RUN_ACCEPTED and event.target.endswith(":start") for event in journal)


def taken_back(events: Sequence[JournalEvent]) -> list[range]:
    """Return the positions that events took back: all of a journal whose kind is in `TAKE_BACK`; see `superseded`."""
    ranges: list[range] = []
    for event in reversed(events):
        if not ranges or event.seq < ranges[-1].start:
            ranges.append(range(int(event.target.partition(":")[0]), event.seq))
    return ranges


def source_of(started: str, journal: Sequence[JournalEvent]) -> str:
    """Return the content hash that a journal pins its run to; `started` is what its start event says."""
    if RUN_REPINNED in map(kind_of, journal):
        return [event.target for event in journal if event.kind == RUN_REPINNED][-1]
    return started
