"""The tables of a store, as SQLAlchemy metadata: statements are written against these.

A database gets its tables from the migrations, not from here; a test holds the two equal. The journal is a plain log
in order of writing with one unique index: fastest to append, and a run's part of it is read through the index.

Texts compare by their bytes on every database. MySQL wants a length for those in keys and indexes: a name (`NAME`) or
an id (`ID`) has a greatest length there, which is what fits into an index. What only the migrations of servers say
(their engine, the condition of an index) is not repeated here: to name it loads the dialects of all databases.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from sqlalchemy import VARBINARY, BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text, text
from sqlalchemy.types import TypeEngine

from actorflow.run.event import NAMING
from actorflow.run.turn import DEFAULT_QUEUE

Kind: TypeAlias = TypeEngine[Any] | type[TypeEngine[Any]]

metadata = MetaData()

NUMBER = BigInteger().with_variant(Integer(), "sqlite")  # only INTEGER PRIMARY KEY is SQLite's row number
_LONGEST = 2**32 - 1  # bytes; what makes MySQL take its largest kinds of texts and bytes
_BYTEWISE = Text(collation="C")
NAME = Text().with_variant(_BYTEWISE, "postgresql").with_variant(String(255), "mysql")
ID = Text().with_variant(_BYTEWISE, "postgresql").with_variant(String(500), "mysql")
LONG = Text().with_variant(_BYTEWISE, "postgresql").with_variant(Text(_LONGEST), "mysql")
BYTES = LargeBinary().with_variant(LargeBinary(_LONGEST), "mysql")
DIGEST = LargeBinary().with_variant(VARBINARY(64), "mysql")


def _needed(name: str, kind: Kind) -> Column[Any]:
    return Column(name, kind, nullable=False)


def _part_of_key(name: str, kind: Kind) -> Column[Any]:
    return Column(name, kind, primary_key=True, autoincrement=False)


run = Table(
    "run",
    metadata,
    Column("run", NUMBER, primary_key=True),
    _needed("run_id", NAME),
    _needed("workflow_id", ID),
    _needed("entry", NAME),
    _needed("host", NAME),
    _needed("bundle_hash", NAME),
    _needed("state", NAME),
    _needed("revision", NUMBER),
    _needed("lease", NUMBER),
    _needed("created", NUMBER),
    _needed("updated", NUMBER),
    _needed("parent", LONG),
    _needed("parent_run", NUMBER),
    _needed("parent_ref", NUMBER),
    _needed("last_seq", NUMBER),
    _needed("last_checksum", DIGEST),
    _needed("reason", LONG),
    Column("result", BYTES),
    _needed("waits", BYTES),
    Column("strict", NAME, nullable=False, server_default=""),
    Column("queue", NAME, nullable=False, server_default=DEFAULT_QUEUE),
    Index("run_by_run_id", "run_id", unique=True),
    Index("run_by_workflow_id", "workflow_id", "run"),
    sqlite_autoincrement=True,  # a run number is never used twice
)
"""One row a run, in the order of the fields of `RunRow`; rewritten once a turn."""

open_run = Table(
    "open_run",
    metadata,
    Column("workflow_id", ID, primary_key=True),
    _needed("run", NUMBER),
    _needed("host", NAME),
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
    _needed("kind", NAME),
    _needed("ref", NUMBER),
    _needed("target", LONG),
    _needed("payload", BYTES),
    _needed("drawn", BYTES),
    _needed("at", NUMBER),
    _needed("digest", DIGEST),
    _needed("checksum", DIGEST),
    Index("journal_by_run", "run", "seq", unique=True),
)

Index(
    "journal_by_name",
    journal.c.run,
    sqlite_where=text("kind IN ({})".format(", ".join(f"'{kind}'" for kind in NAMING))),
).ddl_if(dialect=("sqlite", "postgresql"))  # type: ignore[arg-type] # its text takes several
Index("journal_by_kind", journal.c.kind, journal.c.run).ddl_if(dialect="mysql")
"""Runs that have done something with names: few, and found at the start of a host without reading every journal."""

timer = Table(
    "timer",
    metadata,
    _part_of_key("run", NUMBER),
    _part_of_key("ref", NUMBER),
    _needed("host", NAME),
    _needed("due", NUMBER),
    Index("timer_by_due", "host", "due"),
    sqlite_with_rowid=False,
)

call = Table(
    "call",
    metadata,
    _part_of_key("run", NUMBER),
    _part_of_key("ref", NUMBER),
    _needed("host", NAME),
    _needed("attempt", NUMBER),
    _needed("due", NUMBER),
    _needed("failure", BYTES),
    Column("begun", NUMBER, nullable=False, server_default="0"),
    Column("details", BYTES, nullable=False, server_default=""),
    Column("crashes", NUMBER, nullable=False, server_default="0"),
    Index("call_by_due", "host", "due"),
    sqlite_with_rowid=False,
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", NUMBER, primary_key=True),
    _needed("run", NUMBER),
    _needed("kind", NAME),
    _needed("ref", NUMBER),
    _needed("target", LONG),
    _needed("sender", LONG),
    _needed("payload", BYTES),
    _needed("at", NUMBER),
    Column("digest", DIGEST, nullable=False, server_default=""),
    Index("inbox_by_run", "run", "id"),
    sqlite_autoincrement=True,  # ids order deliveries: a consumed id is never used again
)

state_history = Table(
    "state_history",
    metadata,
    Column("id", NUMBER, primary_key=True),
    _needed("run", NUMBER),
    _needed("state", NAME),
    _needed("at", NUMBER),
    _needed("reason", LONG),
    _needed("by", LONG),
    Index("state_history_by_run", "run", "id"),
    sqlite_autoincrement=True,  # ids order changes: who remembers the last one it saw misses none
)

source = Table(
    "source",
    metadata,
    Column("hash", NAME, primary_key=True),
    _needed("bundle", BYTES),
)

host_lease = Table(
    "host_lease",
    metadata,
    Column("host", NAME, primary_key=True),
    _needed("lease", NUMBER),
)
"""The last fencing token of each host: what a new run of the host begins with."""

host_shard = Table(
    "host_shard",
    metadata,
    _part_of_key("host", NAME),
    _part_of_key("shard", NUMBER),
    _needed("token", NUMBER),
    _needed("node", NAME),
    sqlite_with_rowid=False,
)
"""Where nodes share a host: the last token of each of its shards and roles, and the node that owns it, "" for none."""

cluster_node = Table(
    "cluster_node",
    metadata,
    Column("node", NAME, primary_key=True),
    _needed("counter", NUMBER),
    _needed("about", LONG),
    sqlite_with_rowid=False,
)
"""The nodes that share the store; one whose counter stands still is dead."""

document = Table(
    "document",
    metadata,
    _part_of_key("kind", NAME),
    _part_of_key("key", ID),
    _needed("due", NUMBER),
    _needed("revision", NUMBER),
    _needed("value", BYTES),
    _needed("digest", DIGEST),
    Index("document_by_due", "kind", "due"),
    sqlite_with_rowid=False,
)
"""What the engine keeps beside runs, by kind; see `run/document.py`."""

child = Table(
    "child",
    metadata,
    _part_of_key("run", NUMBER),
    _needed("parent_run", NUMBER),
    _needed("policy", NAME),
    Index("child_by_parent", "parent_run", "run"),
)
"""The open children that do not outlive their parent, and what happens to them when it ends."""

queued_run = Table(
    "queued_run",
    metadata,
    _part_of_key("run", NUMBER),
    _part_of_key("workflow_id", ID),
    _needed("host", NAME),
    _needed("ready", NUMBER),
    Column("priority", NUMBER, nullable=False, server_default="0"),
    Index("queued_run_by_workflow_id", "workflow_id", "run"),
)
"""Ids and lock keys beside its own that an open run waits for, or holds after that; `ready` when it stands in line.

Higher priorities are served first, and runs of the same priority in the order of their numbers.
"""

attribute = Table(
    "attribute",
    metadata,
    _part_of_key("run", NUMBER),
    _part_of_key("name", NAME),
    _part_of_key("place", NUMBER),
    _needed("kind", NAME),
    _needed("value", LONG),
    Index("attribute_by_value", "name", "value", "run"),
    sqlite_with_rowid=False,
)
"""Search attributes of runs: one row for each text of a list, one for anything else; `value` is its text."""

blob = Table(
    "blob",
    metadata,
    Column("id", NUMBER, primary_key=True),
    _needed("run", NUMBER),
    _needed("digest", DIGEST),
    _needed("value", BYTES),
    Index("blob_by_run", "run", "digest", unique=True),
)
"""Large values of runs, apart from the rows that refer to them; see `vault`."""

store_info = Table(
    "store_info",
    metadata,
    Column("key", NAME, primary_key=True),
    _needed("value", LONG),
)

migration = Table(
    "migration",
    metadata,
    Column("version", NUMBER, primary_key=True, autoincrement=False),
    _needed("name", NAME),
    _needed("checksum", NAME),
)

server = MetaData()
"""What only a server needs, where several write: SQLite has a file lock and counters of its own for that."""

turnstile = Table(
    "turnstile",
    server,
    _part_of_key("id", NUMBER),
    _needed("number", NUMBER),
    _needed("run", NUMBER),
    _needed("inbox", NUMBER),
    Column("quiet", NUMBER, nullable=False, server_default="0"),
)
"""One row: who updates it has the right to write until its transaction ends. Commits are counted, and so are runs.

`quiet` are those of the commits that leave alone what other stores remember (`telling.is_quiet`).
"""

writer = Table(
    "writer",
    server,
    Column("writer", NAME, primary_key=True),
    _needed("number", NUMBER),
    _needed("since", NUMBER),
)
"""One row for each connection that writes, with the number of its last commit: what is asked when an answer is lost."""
