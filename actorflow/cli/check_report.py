"""What `actorflow check` says about open runs: what each would do on the code that is registered now."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import typer

from actorflow.run.verdict import DIVERGES, SAFE, WAYS_OUT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actorflow.run.turn import RunRow
    from actorflow.run.verdict import Verdict

_NAMED: Final = 5
_KEPT: Final = """\
No run is changed by this: each keeps the source that it was started with, and goes on with that. To have one go on with
the code of now, pause it (`actorflow run pause RUN`), then
  where it is safe: `actorflow run repin RUN --source registered`
  version: put the change behind workflow.version(change, -1, 1), so that this check finds it safe
  fork: `actorflow run fork RUN --from SEQ --source registered` begins a new run there, and leaves the old one
  accept: `actorflow run accept RUN --source registered` drops what it has done from there on (`--dry-run` says what)"""


def run_line(row: RunRow, verdict: Verdict) -> dict[str, Any]:
    """Return what is said of one run."""
    return {
        "workflow_id": row.workflow_id,
        "run_id": row.run_id,
        "entry": row.entry,
        "state": row.state,
        "source": row.bundle_hash,
        "verdict": verdict.word,
        "step": verdict.step or None,
        "reason": verdict.reason,
        "report": verdict.report,
    }


def print_runs(runs: Sequence[dict[str, Any]]) -> None:
    """Print what is to be known of the runs that are not safe, those of one kind together, and how many there are."""
    wrong = sorted((run for run in runs if run["verdict"] != SAFE), key=_kind)
    for _, group in groupby(wrong, key=_kind):
        _print_alike(list(group))
    if wrong:
        typer.echo(_KEPT)
    if runs:
        counts = Counter(run["verdict"] for run in runs)
        typer.echo(
            f"{_runs(len(runs))} replayed: " + ", ".join(f"{n} {_WORDS.get(word, word)}" for word, n in counts.items())
        )


_WORDS: Final = {DIVERGES: "diverging"}


def _kind(run: dict[str, Any]) -> tuple[str, ...]:
    return run["entry"], run["verdict"], f"{run['step'] or 0:09d}", run["reason"], run["source"]


def _print_alike(runs: list[dict[str, Any]]) -> None:
    first, names = runs[0], [run["workflow_id"] for run in runs]
    shown = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    if first["verdict"] != DIVERGES:
        typer.echo(f"{first['entry']}: {_runs(len(runs))} would need a pin: {shown}\n  {first['reason']}")
        return
    typer.echo(f"{first['entry']}: {_runs(len(runs))} would diverge at event {first['step']}: {shown}")
    lines = first["report"].partition(WAYS_OUT)[0].rstrip().split("\n")[1:]
    typer.echo("\n".join(f"  {line}" for line in ([f"of {names[0]}:", *lines] if len(names) > 1 else lines)))


def _runs(count: int) -> str:
    return f"{count} open run{'s' if count != 1 else ''}"
