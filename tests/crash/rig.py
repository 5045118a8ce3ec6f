"""The rig of the crash tests: a scenario lives in a place, dies at chosen commits, lives again, and is checked each time.

A scenario is a module whose `live(place)` lives once and keeps a report of what was acknowledged and seen
(`living.Report`). Whatever it is about, the laws of `actorflow.testing.invariant` hold after every end, and `examine` finds
nothing wrong with the file.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

from actorflow.store.crash import STATUS
from actorflow.store.dialect import Sqlite
from actorflow.store.examine import examine
from actorflow.store.read import SqlReader
from actorflow.store.vault import Vault
from actorflow.testing.invariant import Ledger, violations
from tests.crash.forking import ForkServer
from tests.crash.living import read_report

Check = Callable[[Path, str, list[list[Any]]], None]
"""Gets a place after its last life, where it died before that ("" for nowhere), and the report of the life that died."""
MANY = 12
"""Places of which a share is sure to be reached."""
SLICE = "slice"
ALL = "all"


def said(place: Path, what: str) -> list[tuple[str, Any]]:
    """Return the lines of a report that are about `what`."""
    return [(name, detail) for kind, name, detail in read_report(place) if kind == what]


def error_of(place: Path) -> str:
    """Return why a life failed, and what it had said."""
    error = place / "error.txt"
    return (error.read_text() if error.exists() else "") + "\n".join(map(str, read_report(place)))


def life(server: ForkServer, place: Path, crash_at: str = "") -> int:
    """Live once; a life ends well or dies where it was told to."""
    (place / "effects").mkdir(parents=True, exist_ok=True)
    code = server.live(place, crash_at)
    assert code in {0, STATUS}, f"{place.name}: {error_of(place)}"
    return code


def keep_laws(place: Path, vault: Vault | None = None, ledger: Ledger | None = None, data: str = "data") -> None:
    """See that the laws hold for a place, and that nothing is wrong with its file. Starts are read off its report."""
    database = Sqlite(place / data / "runs.db", vault)
    started = {name for name, _ in said(place, "start")}
    with closing(SqlReader(database)) as reader:
        broken = violations(reader, ledger or Ledger(started))
    assert broken == [], f"{place.name}: {[str(violation) for violation in broken]}"
    found = [str(finding) for finding in examine(database)]
    assert found == [], f"{place.name}: {found}"


def points(commits: int, seed: int, share: str | int, daily: int, shares: int = 1) -> list[str]:
    """Return where to die: before and after each commit, or `daily` of these places, or one of so many shares."""
    every = [f"{number}:{when}" for number in range(1, commits + 1) for when in ("before", "after")]
    if share == SLICE:
        step = max(1, len(every) // daily)
        return every[Random(seed).randrange(step) :: step]
    return every if share == ALL else every[int(share) :: shares]


def whole_life(server: ForkServer, place: Path, check: Check) -> int:
    """Live without a crash, check that, and return the number of commits."""
    assert life(server, place) == 0
    keep_laws(place)
    check(place, "", [])
    return int(said(place, "commits")[0][1])


def die_at_each(  # noqa: PLR0913 - what a matrix is made of
    server: ForkServer,
    directory: Path,
    places: list[str],
    check: Check,
    *,
    died: float = 0.8,
    vault: Vault | None = None,
) -> None:
    """Die at each place, live again, and check; `vault` keeps the values of the store.

    At least the share `died` of many places is reached by the first life: how many commits it makes depends on its
    speed, so that none of a few may be.
    """
    reached = 0
    for point in places:
        place = directory / point.replace(":", "-")
        reached += life(server, place, point) == STATUS
        first = read_report(place)
        assert life(server, place) == 0, point
        keep_laws(place, vault)
        check(place, point, first)
    assert reached >= len(places) * died or len(places) < MANY
