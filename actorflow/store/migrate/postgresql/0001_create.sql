-- Schema 1 of a server: runs, their journals, what they wait for, and whose turn it is to write.

CREATE TABLE migration (
    version BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    checksum TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (version)
);

CREATE TABLE run (
    run BIGSERIAL NOT NULL,
    run_id TEXT COLLATE "C" NOT NULL,
    workflow_id TEXT COLLATE "C" NOT NULL,
    entry TEXT COLLATE "C" NOT NULL,
    host TEXT COLLATE "C" NOT NULL,
    bundle_hash TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    revision BIGINT NOT NULL,
    lease BIGINT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    parent TEXT COLLATE "C" NOT NULL,
    parent_run BIGINT NOT NULL,
    parent_ref BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    last_checksum BYTEA NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    result BYTEA,
    waits BYTEA NOT NULL,
    strict TEXT COLLATE "C" DEFAULT '' NOT NULL,
    PRIMARY KEY (run)
);
CREATE UNIQUE INDEX run_by_run_id ON run (run_id);
CREATE INDEX run_by_workflow_id ON run (workflow_id, run);

CREATE TABLE open_run (
    workflow_id TEXT COLLATE "C" NOT NULL,
    run BIGINT NOT NULL,
    host TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (workflow_id)
);
CREATE INDEX open_run_by_host ON open_run (host, run);

CREATE TABLE continuation (
    run BIGINT NOT NULL,
    previous BIGINT NOT NULL,
    first BIGINT NOT NULL,
    PRIMARY KEY (run)
);
CREATE INDEX continuation_by_first ON continuation (first, run);
CREATE UNIQUE INDEX continuation_by_previous ON continuation (previous);

CREATE TABLE journal (
    id BIGSERIAL NOT NULL,
    run BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    ref BIGINT NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    payload BYTEA NOT NULL,
    drawn BYTEA NOT NULL,
    at BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    checksum BYTEA NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX journal_by_name ON journal (run) WHERE kind IN ('NameUsed', 'NamesCarried');
CREATE UNIQUE INDEX journal_by_run ON journal (run, seq);

CREATE TABLE timer (
    run BIGINT NOT NULL,
    ref BIGINT NOT NULL,
    host TEXT COLLATE "C" NOT NULL,
    due BIGINT NOT NULL,
    PRIMARY KEY (run, ref)
);
CREATE INDEX timer_by_due ON timer (host, due);

CREATE TABLE call (
    run BIGINT NOT NULL,
    ref BIGINT NOT NULL,
    host TEXT COLLATE "C" NOT NULL,
    attempt BIGINT NOT NULL,
    due BIGINT NOT NULL,
    failure BYTEA NOT NULL,
    begun BIGINT DEFAULT '0' NOT NULL,
    details BYTEA DEFAULT '' NOT NULL,
    crashes BIGINT DEFAULT '0' NOT NULL,
    PRIMARY KEY (run, ref)
);
CREATE INDEX call_by_due ON call (host, due);

CREATE TABLE inbox (
    id BIGSERIAL NOT NULL,
    run BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    ref BIGINT NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    sender TEXT COLLATE "C" NOT NULL,
    payload BYTEA NOT NULL,
    at BIGINT NOT NULL,
    digest BYTEA DEFAULT '' NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX inbox_by_run ON inbox (run, id);

CREATE TABLE state_history (
    id BIGSERIAL NOT NULL,
    run BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    by TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX state_history_by_run ON state_history (run, id);

CREATE TABLE source (
    hash TEXT COLLATE "C" NOT NULL,
    bundle BYTEA NOT NULL,
    PRIMARY KEY (hash)
);

CREATE TABLE host_lease (
    host TEXT COLLATE "C" NOT NULL,
    lease BIGINT NOT NULL,
    PRIMARY KEY (host)
);

CREATE TABLE document (
    kind TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    due BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    value BYTEA NOT NULL,
    digest BYTEA NOT NULL,
    PRIMARY KEY (kind, key)
);
CREATE INDEX document_by_due ON document (kind, due);

CREATE TABLE child (
    run BIGINT NOT NULL,
    parent_run BIGINT NOT NULL,
    policy TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (run)
);
CREATE INDEX child_by_parent ON child (parent_run, run);

CREATE TABLE queued_run (
    run BIGINT NOT NULL,
    workflow_id TEXT COLLATE "C" NOT NULL,
    host TEXT COLLATE "C" NOT NULL,
    ready BIGINT NOT NULL,
    PRIMARY KEY (run, workflow_id)
);
CREATE INDEX queued_run_by_workflow_id ON queued_run (workflow_id, run);

CREATE TABLE attribute (
    run BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    place BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (run, name, place)
);
CREATE INDEX attribute_by_value ON attribute (name, value, run);

CREATE TABLE blob (
    id BIGSERIAL NOT NULL,
    run BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    value BYTEA NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX blob_by_run ON blob (run, digest);

CREATE TABLE store_info (
    key TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (key)
);

CREATE TABLE turnstile (
    id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    run BIGINT NOT NULL,
    inbox BIGINT NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE writer (
    writer TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (writer)
);

INSERT INTO turnstile (id, number, run, inbox) VALUES (1, 0, 0, 0);
