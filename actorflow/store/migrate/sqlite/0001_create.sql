-- Schema 1: runs, their journals, and what they wait for.

CREATE TABLE run (
    run INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL,
    workflow_id TEXT NOT NULL,
    entry TEXT NOT NULL,
    host TEXT NOT NULL,
    bundle_hash TEXT NOT NULL,
    state TEXT NOT NULL,
    revision INTEGER NOT NULL,
    lease INTEGER NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    parent TEXT NOT NULL,
    parent_run INTEGER NOT NULL,
    parent_ref INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    last_checksum BLOB NOT NULL,
    reason TEXT NOT NULL,
    result BLOB,
    waits BLOB NOT NULL
);
CREATE UNIQUE INDEX run_by_run_id ON run (run_id);
CREATE INDEX run_by_workflow_id ON run (workflow_id, run);

CREATE TABLE open_run (
    workflow_id TEXT NOT NULL,
    run INTEGER NOT NULL,
    host TEXT NOT NULL,
    PRIMARY KEY (workflow_id)
);
CREATE INDEX open_run_by_host ON open_run (host, run);

CREATE TABLE journal (
    id INTEGER NOT NULL,
    run INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    ref INTEGER NOT NULL,
    target TEXT NOT NULL,
    payload BLOB NOT NULL,
    drawn BLOB NOT NULL,
    at INTEGER NOT NULL,
    digest BLOB NOT NULL,
    checksum BLOB NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX journal_by_run ON journal (run, seq);

CREATE TABLE inbox (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL,
    kind TEXT NOT NULL,
    ref INTEGER NOT NULL,
    target TEXT NOT NULL,
    sender TEXT NOT NULL,
    payload BLOB NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX inbox_by_run ON inbox (run, id);

CREATE TABLE timer (
    run INTEGER NOT NULL,
    ref INTEGER NOT NULL,
    host TEXT NOT NULL,
    due INTEGER NOT NULL,
    PRIMARY KEY (run, ref)
) WITHOUT ROWID;
CREATE INDEX timer_by_due ON timer (host, due);

CREATE TABLE call (
    run INTEGER NOT NULL,
    ref INTEGER NOT NULL,
    host TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    due INTEGER NOT NULL,
    failure BLOB NOT NULL,
    PRIMARY KEY (run, ref)
) WITHOUT ROWID;
CREATE INDEX call_by_due ON call (host, due);

CREATE TABLE state_history (
    id INTEGER NOT NULL,
    run INTEGER NOT NULL,
    state TEXT NOT NULL,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    "by" TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX state_history_by_run ON state_history (run, id);

CREATE TABLE source (
    hash TEXT NOT NULL,
    bundle BLOB NOT NULL,
    PRIMARY KEY (hash)
);

CREATE TABLE host_lease (
    host TEXT NOT NULL,
    lease INTEGER NOT NULL,
    PRIMARY KEY (host)
);

CREATE TABLE store_info (
    "key" TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY ("key")
);

CREATE TABLE migration (
    version INTEGER NOT NULL,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    PRIMARY KEY (version)
);
