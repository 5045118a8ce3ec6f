"""A registered test: `actorflow test config`."""

import ledger
import sqlalchemy as sa


async def stock_is_taken_once() -> None:
    """The shelves are filled, and the effects table keys by invocation."""
    with ledger.database().connect() as connection:
        count = connection.execute(sa.select(sa.func.count()).select_from(ledger.stock)).scalar()
    assert count == len(ledger.SHELVES)
