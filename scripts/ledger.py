"""The ledger and the business database that the shop's functions write; both know nothing of actorflow's journal.

The ledger is a file with a line for each attempt of a function, appended with O_APPEND in one write, so that lines of
several processes never mix. The database is SQLite through SQLAlchemy; every effect is keyed by its invocation id, so
an attempt that is repeated after a crash finds that it has already happened.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import trio

from actorflow.script import ctx

metadata = sa.MetaData()
stock = sa.Table("stock", metadata, sa.Column("sku", sa.Text, primary_key=True), sa.Column("quantity", sa.Integer))
effect = sa.Table(
    "effect",
    metadata,
    sa.Column("invocation", sa.Text, primary_key=True),
    sa.Column("order_id", sa.Text, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("amount", sa.Integer, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
)

SHELVES = {"lamp": 4_000, "chair": 4_000, "desk": 4_000, "sofa": 4_000, "unicorn": 0}
_engines: dict[Path, sa.Engine] = {}


def folder() -> Path:
    """Where the shop keeps its files: SHOP_DATA, else `.actorflow/shop` in the current directory."""
    return Path(os.environ.get("SHOP_DATA", ".actorflow/shop"))


def database() -> sa.Engine:
    """The business database, made and filled when it does not exist yet."""
    place = folder()
    engine = _engines.get(place)
    if engine is None:
        place.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(f"sqlite:///{place / 'shop.db'}", connect_args={"timeout": 30})
        metadata.create_all(engine)
        with engine.begin() as connection:
            for sku, quantity in SHELVES.items():
                connection.execute(sa.text("insert or ignore into stock values (:s, :q)"), {"s": sku, "q": quantity})
        _engines[place] = engine
    return engine


def write(line: dict[str, Any]) -> None:
    """Append one line to the ledger."""
    data = json.dumps(line, sort_keys=True).encode() + b"\n"
    handle = os.open(folder() / "ledger.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, data)
    finally:
        os.close(handle)


async def once(kind: str, order: dict[str, Any], change: Callable[[sa.Connection], str]) -> str:
    """Make an effect of this invocation exactly once, whatever number of attempts it takes; returns its detail."""
    invocation, attempt = ctx.get("invocation_id"), ctx.get("attempt")
    line = {"invocation": invocation, "order": order["id"], "kind": kind, "attempt": attempt}

    def work() -> str:
        with database().begin() as connection:
            row = {"invocation": invocation, "order_id": order["id"], "kind": kind, "detail": ""}
            insert = effect.insert().prefix_with("OR IGNORE").values(**row, amount=order.get("amount", 0))
            mine = effect.c.invocation == invocation
            if not connection.execute(insert).rowcount:  # an earlier attempt got this far before the crash
                return str(connection.execute(sa.select(effect.c.detail).where(mine)).scalar())
            detail = change(connection)
            connection.execute(effect.update().where(mine).values(detail=detail))
            return detail

    await trio.to_thread.run_sync(database)
    write({**line, "event": "begun"})
    await trio.sleep(latency(order))
    detail = await trio.to_thread.run_sync(work)
    write({**line, "event": "done"})
    return detail


def latency(order: dict[str, Any]) -> float:
    """How long the outside world takes for this order, in seconds: different, but the same each time.

    SHOP_LATENCY is a factor on all of them: 1 unless set, 0 for an instant world.
    """
    return (0.2 + (hash_of(order["id"]) % 20) / 20) * float(os.environ.get("SHOP_LATENCY", "1"))


def hash_of(text: str) -> int:
    """A number that depends on the text alone."""
    return sum((index + 1) * ord(letter) for index, letter in enumerate(text))
