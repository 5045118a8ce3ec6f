"""Exporting a run into a file, from the stores that are open: the same with and without a node."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import trio

from actorflow.errors import invalid
from actorflow.store.capsule import Capsule, capsule_of, page_of
from actorflow.store.capsule_file import KEY, write_capsule
from actorflow.store.keyring import Keyring
from actorflow.store.redact import redacted

if TYPE_CHECKING:
    from actorflow.store.stores import Stores

SUFFIX: Final = ".afrun"


async def capsule(stores: Stores, run: str) -> Capsule:
    """Return a run as its store has it at this moment.

    Raises:
        Error: kind NotFound.
    """
    plain: dict[str, Any] = await stores.about(run, lambda reader: page_of(reader, run, 0))
    events, last, run_id = plain["events"], plain["row"]["last_seq"], plain["row"]["run_id"]
    while events[-1][0] < last:
        page = await stores.about(run_id, partial(page_of, reference=run_id, after=events[-1][0]))
        events += page["events"]
    return capsule_of({**plain, "events": events[:last]})


async def export(  # noqa: PLR0913 - what goes into which file, and how
    stores: Stores,
    run: str,
    file: str | Path,
    *,
    redact: bool = False,
    redact_keys: Sequence[str] = (),
    key: bytes = b"",
) -> dict[str, Any]:
    """Write a run into a file and return its `file`, `bytes`, number of `events`, and whether it is `redacted`.

    Raises:
        Error: kind NotFound without such a run, Conflict when the file is there, Invalid for a wrong name or key.
    """
    path = Path(file)
    if path.suffix != SUFFIX:
        raise invalid(f"run export: got {str(file)!r:.200}, expected the name of a file that ends in {SUFFIX}")
    if isinstance(redact_keys, str) or (redact and redact_keys):
        raise invalid(f"run export: got redact_keys {redact_keys!r:.80}, expected a list of keys, or redact alone")
    keyring = Keyring({KEY: key}, KEY) if key else None
    made = await capsule(stores, run)
    if redact or redact_keys:
        made = redacted(made, redact_keys)
    size = await trio.to_thread.run_sync(write_capsule, made, path, keyring)
    return {"file": str(path), "bytes": size, "events": len(made.held.events), "redacted": made.redacted}
