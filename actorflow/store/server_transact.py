"""Running somebody's SQL inside of the transaction of a commit, on a server; what `transact` is for SQLite.

A connection that is lost meanwhile, or a transaction that the server undoes, undoes the work with everything else: the
batch is then done again, the work too, so that what remains of it has been done once.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from actorflow.store.transact import TooLong, Watch, too_long

if TYPE_CHECKING:
    from actorflow.errors import Error
    from actorflow.run.turn import Transact
    from actorflow.store.guest import Guest
    from actorflow.store.server import Server


def transact(server: Server, connection: Any, item: Transact) -> bool:
    """Do the work of an item; False when it failed: then nothing of it remains, and `item.error` says why.

    Raises:
        Error: kind Unavailable, when nothing of the transaction remains.
    """
    connection.execute("SAVEPOINT transact", ())
    lost = _tried(server, connection, item)
    if lost is not None:
        raise lost
    if item.error is not None:
        connection.execute("ROLLBACK TO SAVEPOINT transact", ())
    connection.execute("RELEASE SAVEPOINT transact", ())
    return item.error is None


def _tried(server: Server, connection: Any, item: Transact) -> Error | None:
    """Do the work; return why nothing of the transaction remains, None as long as it does."""
    guest: Guest | None = None
    item.error = None
    try:
        if item.ready is not None:
            item.ready()
        guest = server.guest(connection)
        item.payload = _done(guest, item)
    except BaseException as error:  # noqa: BLE001 - the failure of the item
        item.error = too_long(item) if isinstance(error, TooLong) else error
    return None if guest is None else guest.lost


def _done(guest: Guest, item: Transact) -> bytes:
    end = time.monotonic() + item.limit
    guest.watch = Watch(item.limit, item.stop)
    try:
        payload = item.work(guest)
    finally:
        guest.watch.end()
    if time.monotonic() > end:
        raise TooLong
    guest.check()
    return payload
