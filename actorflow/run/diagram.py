"""The document about run states, drawn from the table: `python -m actorflow.run.diagram > docs/states.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from actorflow.run import state as states
from actorflow.run.view import PIKKU, VIEWS, seen_as

_HEAD = """\
# States of a run

Drawn from the table in `actorflow/run/state.py` (`make states`); never written by hand. What the verbs do is in
[Controlling runs](workflow-control.md).
"""


def diagram() -> str:
    """Return the table of transitions as a Mermaid state diagram."""
    first = [f"    [*] --> {states.PENDING}", f"    [*] --> {states.CREATED}: hold"]
    ways = states.TRANSITIONS
    arrows = [f"    {old} --> {new}" for old in ways for new in ways if new in ways[old]]
    return "\n".join(["stateDiagram-v2", *first, *arrows])


def page() -> str:
    """Return the document: the diagram, which verb is taken in which state, and the words of other systems."""
    return "\n".join([_HEAD, "```mermaid", diagram(), "```", "", *_verbs(), "", *_views(), ""])


def _verbs() -> Iterator[str]:
    yield from ("## Verbs", "", "| verb | taken in | the run is then |", "|---|---|---|")
    for name, verb in states.VERBS.items():
        froms = ", ".join(state for state in states.TRANSITIONS if state in verb.froms)
        yield f"| {name} | {froms} | {verb.to or 'gone'} |"


def _views() -> Iterator[str]:
    yield from ("## Views", "", "Of a run that has been written since its start, and that ended completed:", "")
    yield f"| state | {' | '.join(VIEWS)} |"
    yield "|---|---|---|---|"
    for state in states.TRANSITIONS:
        yield f"| {state} | {' | '.join(_seen(view, state) for view in VIEWS)} |"


def _seen(view: str, state: str) -> str:
    seen = seen_as(view, state, 2)
    more = f" ({seen['number']})" if "number" in seen else ""
    return f"{seen['state']}{more}" + (f", wait {seen['wait']}" if view == PIKKU and seen["wait"] else "")


if __name__ == "__main__":
    sys.stdout.write(page())
