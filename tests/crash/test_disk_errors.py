"""The n-th read, write or sync of the database fails: the node goes on or ends with a sentence, and nothing is lost.

A shim before the C library fails the calls that SQLite makes (`faulty_disk.c`), so the product is tested with all that lies
between it and the disk. Whatever the first life came to, the next one has a sound disk and ends every run as if nothing had
happened.
"""

from __future__ import annotations

import errno
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from tests.crash.forking import ForkServer, fork_server
from tests.crash.living import FEWEST
from tests.crash.rig import error_of, keep_laws, life, said
from tests.crash.test_every_commit import Seen, assert_same, seen

KINDS = {"read": 0, "write": 1, "sync": 2}
NOTHING = -1
PLAN = struct.Struct("=8q")
SOURCE = Path(__file__).with_name("faulty_disk.c")
SENTENCES = (
    *("the disk reported an error", "the disk is full", "the disk cannot read", "it is unknown whether it was written"),
    "host is not running",
)
"""What a node says of a disk that fails; a host whose store cannot be opened is tried again, and not running yet."""
SURE = {"read": 1, "write": FEWEST, "sync": FEWEST}
"""So many of these calls every life makes: a commit writes and syncs."""
DAILY = 1
ALL = 60
"""Places of each kind of fault: so many are drawn, or every one when there are fewer."""


class Faulty(NamedTuple):
    """A server of lives whose disk fails as the plan says."""

    server: ForkServer
    plan: Path

    def live(self, place: Path, kind: str = "", first: int = 0, error: int = 0, most: int = 0) -> int:
        """Live once; `most` calls of a kind fail from the `first` on. Returns the exit status."""
        self.plan.write_bytes(PLAN.pack(KINDS.get(kind, NOTHING), first, error, most, 0, 0, 0, 0))
        return self.server.live(place)

    def numbers(self) -> tuple[int, ...]:
        """Return how many reads, writes and syncs there were, and how many calls have failed."""
        return PLAN.unpack(self.plan.read_bytes())[4:]


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faulty]:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler, so ERRORS OF THE DISK ARE NOT TESTED here")
    directory = tmp_path_factory.mktemp("disk")
    shim, plan = directory / "faulty_disk.so", directory / "plan"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", shim, SOURCE, "-ldl"], check=True)
    plan.write_bytes(PLAN.pack(NOTHING, *[0] * 7))
    with fork_server(environment={"LD_PRELOAD": str(shim), "FAULT_PLAN": str(plan)}) as server:
        yield Faulty(server, plan)


@pytest.fixture(scope="module")
def whole(faulty: Faulty, tmp_path_factory: pytest.TempPathFactory) -> tuple[Seen, tuple[int, ...]]:
    """What a life on a sound disk has seen, and how many reads, writes and syncs it took."""
    life(faulty.server, tmp_path_factory.mktemp("warm") / "place")
    faulty.plan.write_bytes(PLAN.pack(NOTHING, *[0] * 7))
    place = tmp_path_factory.mktemp("whole") / "place"
    assert life(faulty.server, place) == 0
    return seen(place), faulty.numbers()


def check(faulty: Faulty, place: Path, expected: Seen, fault: str) -> None:
    """See that the first life went on or said why not, and that the second one finds and ends everything."""
    started = {name for name, _ in said(place, "start")}
    assert faulty.live(place) == 0, f"{fault}: {error_of(place)}"
    found = seen(place)
    assert started <= set(found.results), f"{fault}: an acknowledged start is lost"
    assert found.results == expected.results, fault
    assert found.effects == expected.effects, f"{fault}: effects happen exactly once"
    assert said(place, "fault") == [], fault
    keep_laws(place)


def fails(faulty: Faulty, place: Path, fault: str, plan: tuple[str, int, int, int]) -> bool:
    """Live with a fault, and tell whether the life came to it; one that did not had fewer of such calls than that."""
    (place / "effects").mkdir(parents=True)
    code = faulty.live(place, *plan)
    assert code == 0 or any(sentence in error_of(place) for sentence in SENTENCES), f"{fault}: {error_of(place)}"
    (place / "error.txt").unlink(missing_ok=True)
    kind, first, _, _ = plan
    *made, failed = faulty.numbers()
    assert failed or made[KINDS[kind]] < first, f"{fault}: {made[KINDS[kind]]} calls, and none has failed"
    return failed > 0


SLOW = 30_000
"""Microseconds that each sync of a slow disk takes longer."""
FOR_EVER = 1 << 40


@pytest.mark.slow
def test_a_slow_disk_changes_nothing(faulty: Faulty, whole: tuple[Seen, tuple[int, ...]], tmp_path: Path) -> None:
    expected, _ = whole
    assert fails(faulty, tmp_path, "each sync is slow", ("sync", 1, -SLOW, FOR_EVER)), "the shim delays what is synced"
    assert said(tmp_path, "commits"), error_of(tmp_path)
    assert said(tmp_path, "notice") == [], "nothing has timed out"
    assert_same(seen(tmp_path), expected, "each sync is slow")
    keep_laws(tmp_path)


FAULTS = [
    ("read", errno.EIO, 1),
    ("write", errno.ENOSPC, 4),
    ("sync", errno.EIO, 1),
    ("write", errno.EIO, 1),
    ("sync", errno.EIO, 3),
]
"""What fails, with which error, and how many times in a row. The first three are tried daily."""


@pytest.mark.parametrize(
    ("kind", "error", "most", "share"),
    [
        *((*fault, DAILY) for fault in FAULTS[:3]),
        *(pytest.param(*fault, ALL, marks=pytest.mark.slow) for fault in FAULTS),
    ],
)
def test_the_nth_call_of_the_disk_fails(  # noqa: PLR0913, PLR0917 - the parts of a fault
    faulty: Faulty,
    whole: tuple[Seen, tuple[int, ...]],
    tmp_path: Path,
    seed: int,
    kind: str,
    error: int,
    most: int,
    share: int,
) -> None:
    expected, counts = whole
    calls = range(1, counts[KINDS[kind]] + 1)
    for first in sorted(Random(seed).sample(calls, min(share, len(calls)))):
        fault = f"{most} x {kind} {first} of {len(calls)}: {errno.errorcode[error]}"
        place = tmp_path / str(first)
        if not fails(faulty, place, fault, (kind, first, error, most)):
            check(faulty, place, expected, fault)
            place, sure = tmp_path / f"{first}-instead", first % SURE[kind] + 1
            fault = f"{most} x {kind} {sure}: {errno.errorcode[error]}"
            assert fails(faulty, place, fault, (kind, sure, error, most)), f"{fault}: every life comes to it"
        check(faulty, place, expected, fault)
