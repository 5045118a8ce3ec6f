"""The rig of the crash tests: a scenario lives in a place, dies at chosen commits, lives again, and is checked each time.

A scenario is a module whose `live(place)` lives once and keeps a report of what was acknowledged and seen
(`living.Report`), with the number of its commits. Its `FEWEST` is what no life does without: the commits of what it asks
for one after another. Whatever it is about, the laws of `actorflow.testing.invariant` hold after every end, and
`examine` finds nothing wrong with the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

from actorflow.node.program import Language
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
Dead = Callable[[Path, str], None]
"""Gets a place between two lives, and where the first one died."""
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
    started = {name for name, _ in said(place, "start")}
    laws_of(Sqlite(place / data / "runs.db", vault), ledger or Ledger(started), place.name)


def laws_of(database: Sqlite, ledger: Ledger, name: str = "", languages: Mapping[str, Language] | None = None) -> None:
    """See that the laws hold for a file, and that nothing is wrong with it."""
    with closing(SqlReader(database)) as reader:
        broken = violations(reader, ledger, languages=languages)
    assert broken == [], f"{name}: {[str(violation) for violation in broken]}"
    found = [str(finding) for finding in examine(database)]
    assert found == [], f"{name}: {found}"


def points(commits: int, seed: int, share: str | int, daily: int, shares: int = 1) -> list[str]:
    """Return where to die: before and after each commit, or `daily` of these places, or one of so many shares."""
    every = [f"{number}:{when}" for number in range(1, commits + 1) for when in ("before", "after")]
    if share == SLICE:
        step = max(1, len(every) // daily)
        return every[Random(seed).randrange(step) :: step]
    return every if share == ALL else every[int(share) :: shares]


def commits_of(place: Path) -> int:
    """Return the number of commits of the last life that came to its end."""
    return int(said(place, "commits")[-1][1])


def whole_life(server: ForkServer, place: Path, check: Check) -> int:
    """Live without a crash, check that, and return the number of commits."""
    assert life(server, place) == 0
    keep_laws(place)
    check(place, "", [])
    return commits_of(place)


def dies_instead(point: str, commits: int, fewest: int) -> str:
    """Return where to die in place of where a life did not come to, which had so many commits.

    How many commits a life has depends on its speed: what is asked for at one time is one commit. So a place may lie
    behind the end of a life; one up to `fewest` never does.
    """
    number, _, when = point.partition(":")
    assert fewest < int(number), f"{point}: every life has {fewest} commits, and this one did not die"
    assert commits < int(number), f"{point}: the life had {commits} commits, and did not die"
    return f"{int(number) % fewest + 1}:{when}"


def die_at_each(  # noqa: PLR0913 - what a matrix is made of
    server: ForkServer,
    directory: Path,
    places: list[str],
    check: Check,
    *,
    fewest: int,
    vault: Vault | None = None,
    dead: Dead = lambda _place, _point: None,
) -> None:
    """Die at each place, live again, and check; `vault` keeps the values of the store.

    A life that has fewer commits than that is checked as it is, and another one dies at a place that none is spared.
    """
    for point in places:
        place = directory / point.replace(":", "-")
        code = life(server, place, point)
        if code != STATUS:
            keep_laws(place, vault)
            check(place, "", [])
            point = dies_instead(point, commits_of(place), fewest)  # noqa: PLW2901 - what is died at
            place = directory / f"{place.name}-instead"
            assert life(server, place, point) == STATUS, f"{point}: every life has {fewest} commits"
        first = read_report(place)
        dead(place, point)
        assert life(server, place) == 0, point
        keep_laws(place, vault)
        check(place, point, first)
