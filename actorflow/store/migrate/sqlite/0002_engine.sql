-- Schema 2: what the engine keeps beside runs.

ALTER TABLE state_history RENAME TO state_history_1;
CREATE TABLE state_history (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL,
    state TEXT NOT NULL,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    "by" TEXT NOT NULL
);
INSERT INTO state_history (id, run, state, at, reason, "by")
    SELECT id, run, state, at, reason, "by" FROM state_history_1 ORDER BY id;
DROP TABLE state_history_1;
CREATE INDEX state_history_by_run ON state_history (run, id);

CREATE TABLE document (
    kind TEXT NOT NULL,
    "key" TEXT NOT NULL,
    due INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    value BLOB NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (kind, "key")
) WITHOUT ROWID;
CREATE INDEX document_by_due ON document (kind, due);

ALTER TABLE run ADD COLUMN strict TEXT DEFAULT '' NOT NULL;
ALTER TABLE inbox ADD COLUMN digest BLOB DEFAULT '' NOT NULL;
ALTER TABLE call ADD COLUMN begun INTEGER DEFAULT '0' NOT NULL;
ALTER TABLE call ADD COLUMN details BLOB DEFAULT '' NOT NULL;
ALTER TABLE call ADD COLUMN crashes INTEGER DEFAULT '0' NOT NULL;

CREATE TABLE continuation (
    run INTEGER NOT NULL,
    previous INTEGER NOT NULL,
    first INTEGER NOT NULL,
    PRIMARY KEY (run)
);
CREATE UNIQUE INDEX continuation_by_previous ON continuation (previous);
CREATE INDEX continuation_by_first ON continuation (first, run);

CREATE TABLE child (
    run INTEGER NOT NULL,
    parent_run INTEGER NOT NULL,
    policy TEXT NOT NULL,
    PRIMARY KEY (run)
);
CREATE INDEX child_by_parent ON child (parent_run, run);

CREATE TABLE queued_run (
    run INTEGER NOT NULL,
    workflow_id TEXT NOT NULL,
    host TEXT NOT NULL,
    ready INTEGER NOT NULL,
    PRIMARY KEY (run, workflow_id)
);
CREATE INDEX queued_run_by_workflow_id ON queued_run (workflow_id, run);

CREATE TABLE attribute (
    run INTEGER NOT NULL,
    name TEXT NOT NULL,
    place INTEGER NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run, name, place)
) WITHOUT ROWID;
CREATE INDEX attribute_by_value ON attribute (name, value, run);

CREATE TABLE blob (
    id INTEGER NOT NULL,
    run INTEGER NOT NULL,
    digest BLOB NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX blob_by_run ON blob (run, digest);

CREATE INDEX journal_by_name ON journal (run) WHERE kind IN ('NameUsed', 'NamesCarried');
