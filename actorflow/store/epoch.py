"""Epochs: which copy of a store may serve its runs.

A store and its backups hold the same runs; served twice, their timers would fire twice. So every copy made by a
backup begins an epoch of its own that nobody has activated, and no host serves a store whose epoch is not the activated
one. Reads work; signals that commands write without a node wait in the inboxes.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any, Final

from actorflow.errors import CONFLICT, Error
from actorflow.store.dialect import Sqlite

EPOCH: Final = "epoch"
ACTIVATED: Final = "activated"
_FIRST: Final = "1"


def active(info: Mapping[str, str]) -> bool:
    """Tell whether a store may be served, from what it says of itself; one that was never copied may."""
    return info.get(ACTIVATED, _FIRST) == info.get(EPOCH, _FIRST)


def refuse_inactive(info: Mapping[str, str], place: str) -> None:
    """Do nothing if a store may be served.

    Raises:
        Error: kind Conflict, saying what to do.
    """
    if not active(info):
        message = (
            f"{place} is a restored copy (epoch {info[EPOCH]}) that is not activated: nothing of it runs, so that "
            "nothing happens twice beside the original; when that has stopped for good: `actorflow restore --activate`"
        )
        raise Error(message, CONFLICT, retryable=False, details={"epoch": info[EPOCH]})


def begin_epoch(connection: Any) -> None:
    """Make a copy of a store inactive, unless it is, in the transaction or autocommit of `connection`."""
    info = dict(connection.execute("SELECT key, value FROM store_info").fetchall())
    if active(info):
        epoch = info.get(EPOCH, _FIRST)
        _put(connection, {ACTIVATED: epoch, EPOCH: str(int(epoch) + 1)})


def activate(database: Sqlite) -> bool:
    """Let a store be served from now on; returns whether it was not before. No node may be using it.

    Raises:
        Error: when the database cannot be written.
    """
    with closing(database.connect()) as connection:
        try:
            database.begin(connection)
            info = dict(connection.execute("SELECT key, value FROM store_info").fetchall())
            was_active = active(info)
            if not was_active:
                _put(connection, {ACTIVATED: info[EPOCH]})
            connection.execute("COMMIT")
        except Exception as error:
            raise database.explain(error) or error from error
    return not was_active


def _put(connection: Any, values: Mapping[str, str]) -> None:
    for key, value in values.items():
        connection.execute("DELETE FROM store_info WHERE key = ?", (key,))
        connection.execute("INSERT INTO store_info (key, value) VALUES (?, ?)", (key, value))
