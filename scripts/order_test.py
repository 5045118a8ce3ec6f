"""A registered test: `actorflow test config`."""

import ledger
import sqlalchemy as sa

from actorflow.script import errors


async def stock_is_taken_once() -> None:
    """The shelves are filled, and the effects table keys by invocation."""
    with ledger.database().connect() as connection:
        count = connection.execute(sa.select(sa.func.count()).select_from(ledger.stock)).scalar()
    if count != len(ledger.SHELVES):
        raise errors.Error(f"{count} kinds of goods on the shelves, expected {len(ledger.SHELVES)}")
