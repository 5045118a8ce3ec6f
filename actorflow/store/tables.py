"""The tables of a store, as SQLAlchemy metadata: statements are written against these.

A database gets its tables from the migrations, not from here; a test holds the two equal. The journal is a plain log
in order of writing with one unique index: fastest to append, and a run's part of it is read through the index.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text, text
from sqlalchemy.types import TypeEngine

from actorflow.run.event import NAMING

Kind: TypeAlias = TypeEngine[Any] | type[TypeEngine[Any]]

metadata = MetaData()

NUMBER = BigInteger().with_variant(Integer(), "sqlite")  # only INTEGER PRIMARY KEY is SQLite's row number


def _needed(name: str, kind: Kind) -> Column[Any]:
    return Column(name, kind, nullable=False)


def _part_of_key(name: str, kind: Kind) -> Column[Any]:
    return Column(name, kind, primary_key=True, autoincrement=False)


run = Table(
    "run",
    metadata,
    Column("run", NUMBER, primary_key=True),
    _needed("run_id", Text),
    _needed("workflow_id", Text),
    _needed("entry", Text),
    _needed("host", Text),
    _needed("bundle_hash", Text),
    _needed("state", Text),
    _needed("revision", NUMBER),
    _needed("lease", NUMBER),
    _needed("created", NUMBER),
    _needed("updated", NUMBER),
    _needed("parent", Text),
    _needed("parent_run", NUMBER),
    _needed("parent_ref", NUMBER),
    _needed("last_seq", NUMBER),
    _needed("last_checksum", LargeBinary),
    _needed("reason", Text),
    Column("result", LargeBinary),
    _needed("waits", LargeBinary),
    Column("strict", Text, nullable=False, server_default=""),
    Index("run_by_run_id", "run_id", unique=True),
    Index("run_by_workflow_id", "workflow_id", "run"),
    sqlite_autoincrement=True,  # a run number is never used twice
)
"""One row a run, in the order of the fields of `RunRow`; rewritten once a turn."""

open_run = Table(
    "open_run",
    metadata,
    Column("workflow_id", Text, primary_key=True),
    _needed("run", NUMBER),
    _needed("host", Text),
    Index("open_run_by_host", "host", "run"),
)
"""Who holds a workflow id: the primary key makes it one open run at a time, on every database."""

continuation = Table(
    "continuation",
    metadata,
    _part_of_key("run", NUMBER),
    _needed("previous", NUMBER),
    _needed("first", NUMBER),
    Index("continuation_by_previous", "previous", unique=True),
    Index("continuation_by_first", "first", "run"),
)
"""One row for each run that another one continued as, with the first of the chain; a plain run has none."""

journal = Table(
    "journal",
    metadata,
    Column("id", NUMBER, primary_key=True),
    _needed("run", NUMBER),
    _needed("seq", NUMBER),
    _needed("kind", Text),
    _needed("ref", NUMBER),
    _needed("target", Text),
    _needed("payload", LargeBinary),
    _needed("drawn", LargeBinary),
    _needed("at", NUMBER),
    _needed("digest", LargeBinary),
    _needed("checksum", LargeBinary),
    Index("journal_by_run", "run", "seq", unique=True),
)

Index(
    "journal_by_name",
    journal.c.run,
    sqlite_where=text("kind IN ({})".format(", ".join(f"'{kind}'" for kind in NAMING))),
)
"""Runs that have done something with names: few, and found at the start of a host without reading every journal."""

timer = Table(
    "timer",
    metadata,
    _part_of_key("run", NUMBER),
    _part_of_key("ref", NUMBER),
    _needed("host", Text),
    _needed("due", NUMBER),
    Index("timer_by_due", "host", "due"),
    sqlite_with_rowid=False,
)

call = Table(
    "call",
    metadata,
    _part_of_key("run", NUMBER),
    _part_of_key("ref", NUMBER),
    _needed("host", Text),
    _needed("attempt", NUMBER),
    _needed("due", NUMBER),
    _needed("failure", LargeBinary),
    Column("begun", NUMBER, nullable=False, server_default="0"),
    Column("details", LargeBinary, nullable=False, server_default=""),
    Column("crashes", NUMBER, nullable=False, server_default="0"),
    Index("call_by_due", "host", "due"),
    sqlite_with_rowid=False,
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", NUMBER, primary_key=True),
    _needed("run", NUMBER),
    _needed("kind", Text),
    _needed("ref", NUMBER),
    _needed("target", Text),
    _needed("sender", Text),
    _needed("payload", LargeBinary),
    _needed("at", NUMBER),
    Column("digest", LargeBinary, nullable=False, server_default=""),
    Index("inbox_by_run", "run", "id"),
    sqlite_autoincrement=True,  # ids order deliveries: a consumed id is never used again
)

state_history = Table(
    "state_history",
    metadata,
    Column("id", NUMBER, primary_key=True),
    _needed("run", NUMBER),
    _needed("state", Text),
    _needed("at", NUMBER),
    _needed("reason", Text),
    _needed("by", Text),
    Index("state_history_by_run", "run", "id"),
    sqlite_autoincrement=True,  # ids order changes: who remembers the last one it saw misses none
)

source = Table(
    "source",
    metadata,
    Column("hash", Text, primary_key=True),
    _needed("bundle", LargeBinary),
)

host_lease = Table(
    "host_lease",
    metadata,
    Column("host", Text, primary_key=True),
    _needed("lease", NUMBER),
)
"""The last fencing token of each host: what a new run of the host begins with."""

document = Table(
    "document",
    metadata,
    _part_of_key("kind", Text),
    _part_of_key("key", Text),
    _needed("due", NUMBER),
    _needed("revision", NUMBER),
    _needed("value", LargeBinary),
    _needed("digest", LargeBinary),
    Index("document_by_due", "kind", "due"),
    sqlite_with_rowid=False,
)
"""What the engine keeps beside runs, by kind; see `run/document.py`."""

child = Table(
    "child",
    metadata,
    _part_of_key("run", NUMBER),
    _needed("parent_run", NUMBER),
    _needed("policy", Text),
    Index("child_by_parent", "parent_run", "run"),
)
"""The open children that do not outlive their parent, and what happens to them when it ends."""

queued_run = Table(
    "queued_run",
    metadata,
    _part_of_key("run", NUMBER),
    _part_of_key("workflow_id", Text),
    _needed("host", Text),
    _needed("ready", NUMBER),
    Index("queued_run_by_workflow_id", "workflow_id", "run"),
)
"""Ids and lock keys beside its own that an open run waits for, or holds after that; `ready` when it stands in line."""

attribute = Table(
    "attribute",
    metadata,
    _part_of_key("run", NUMBER),
    _part_of_key("name", Text),
    _part_of_key("place", NUMBER),
    _needed("kind", Text),
    _needed("value", Text),
    Index("attribute_by_value", "name", "value", "run"),
    sqlite_with_rowid=False,
)
"""Search attributes of runs: one row for each text of a list, one for anything else; `value` is its text."""

blob = Table(
    "blob",
    metadata,
    Column("id", NUMBER, primary_key=True),
    _needed("run", NUMBER),
    _needed("digest", LargeBinary),
    _needed("value", LargeBinary),
    Index("blob_by_run", "run", "digest", unique=True),
)
"""Large values of runs, apart from the rows that refer to them; see `vault`."""

store_info = Table(
    "store_info",
    metadata,
    Column("key", Text, primary_key=True),
    _needed("value", Text),
)

migration = Table(
    "migration",
    metadata,
    Column("version", NUMBER, primary_key=True, autoincrement=False),
    _needed("name", Text),
    _needed("checksum", Text),
)
