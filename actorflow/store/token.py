"""Tokens of runs as people look at them: read off the journal, so that nothing else has to be kept in step with it."""

from __future__ import annotations

from typing import Any, Final

from actorflow.codec import decode
from actorflow.run.event import RUN_STARTED, TAKE_BACK, TOKEN_SET, taken_back
from actorflow.run.token import initial
from actorflow.store.port import Reader
from actorflow.store.view import find, show

_TELLING: Final = frozenset({RUN_STARTED, TOKEN_SET})
_PAGE: Final = 1000


def tokens(reader: Reader, reference: str) -> list[dict[str, Any]]:
    """Return every value that a token of a run has had, oldest first: key, value, source, step, by, at, seq.

    What was scrubbed or superseded is not there.

    Raises:
        Error: kind NotFound.
    """
    run = find(reader, reference).run
    gone = taken_back(reader.journaled(run, tuple(TAKE_BACK)))
    lines: list[dict[str, Any]] = []
    after = 0
    while page := reader.journal(run, after, _PAGE):
        for event in page:
            if event.kind not in _TELLING or not event.payload or any(event.seq in taken for taken in gone):
                continue
            payload = decode(event.payload)
            if event.kind == RUN_STARTED:
                given = initial(payload, event.at)
                lines += [{"key": key, **known[0], "seq": event.seq} for key, known in given.items()]
            else:
                lines.append({"key": event.target, **payload, "source": "step", "at": event.at, "seq": event.seq})
        after = page[-1].seq
    return lines


def shown(reader: Reader, reference: str) -> dict[str, Any]:
    """Return one run as `view.show` has it, with the tokens it has now.

    Raises:
        Error: kind NotFound.
    """
    held = {line["key"]: line["value"] for line in tokens(reader, reference)}
    return {**show(reader, reference), "tokens": held}
