-- Schema 1 of a server: runs, their journals, what they wait for, and whose turn it is to write.

CREATE TABLE IF NOT EXISTS migration (
    version BIGINT NOT NULL,
    name VARCHAR(255) NOT NULL,
    checksum VARCHAR(255) NOT NULL,
    PRIMARY KEY (version)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS run (
    run BIGINT NOT NULL AUTO_INCREMENT,
    run_id VARCHAR(255) NOT NULL,
    workflow_id VARCHAR(500) NOT NULL,
    entry VARCHAR(255) NOT NULL,
    host VARCHAR(255) NOT NULL,
    bundle_hash VARCHAR(255) NOT NULL,
    state VARCHAR(255) NOT NULL,
    revision BIGINT NOT NULL,
    lease BIGINT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    parent LONGTEXT NOT NULL,
    parent_run BIGINT NOT NULL,
    parent_ref BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    last_checksum VARBINARY(64) NOT NULL,
    reason LONGTEXT NOT NULL,
    result LONGBLOB,
    waits LONGBLOB NOT NULL,
    strict VARCHAR(255) NOT NULL DEFAULT (''),
    PRIMARY KEY (run),
    UNIQUE KEY run_by_run_id (run_id),
    KEY run_by_workflow_id (workflow_id, run)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS open_run (
    workflow_id VARCHAR(500) NOT NULL,
    run BIGINT NOT NULL,
    host VARCHAR(255) NOT NULL,
    PRIMARY KEY (workflow_id),
    KEY open_run_by_host (host, run)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS continuation (
    run BIGINT NOT NULL,
    previous BIGINT NOT NULL,
    first BIGINT NOT NULL,
    PRIMARY KEY (run),
    KEY continuation_by_first (first, run),
    UNIQUE KEY continuation_by_previous (previous)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS journal (
    id BIGINT NOT NULL AUTO_INCREMENT,
    run BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    kind VARCHAR(255) NOT NULL,
    ref BIGINT NOT NULL,
    target LONGTEXT NOT NULL,
    payload LONGBLOB NOT NULL,
    drawn LONGBLOB NOT NULL,
    at BIGINT NOT NULL,
    digest VARBINARY(64) NOT NULL,
    checksum VARBINARY(64) NOT NULL,
    PRIMARY KEY (id),
    KEY journal_by_kind (kind, run),
    UNIQUE KEY journal_by_run (run, seq)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS timer (
    run BIGINT NOT NULL,
    ref BIGINT NOT NULL,
    host VARCHAR(255) NOT NULL,
    due BIGINT NOT NULL,
    PRIMARY KEY (run, ref),
    KEY timer_by_due (host, due)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS "call" (
    run BIGINT NOT NULL,
    ref BIGINT NOT NULL,
    host VARCHAR(255) NOT NULL,
    attempt BIGINT NOT NULL,
    due BIGINT NOT NULL,
    failure LONGBLOB NOT NULL,
    begun BIGINT NOT NULL DEFAULT '0',
    details LONGBLOB NOT NULL DEFAULT (''),
    crashes BIGINT NOT NULL DEFAULT '0',
    PRIMARY KEY (run, ref),
    KEY call_by_due (host, due)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS inbox (
    id BIGINT NOT NULL AUTO_INCREMENT,
    run BIGINT NOT NULL,
    kind VARCHAR(255) NOT NULL,
    ref BIGINT NOT NULL,
    target LONGTEXT NOT NULL,
    sender LONGTEXT NOT NULL,
    payload LONGBLOB NOT NULL,
    at BIGINT NOT NULL,
    digest VARBINARY(64) NOT NULL DEFAULT (''),
    PRIMARY KEY (id),
    KEY inbox_by_run (run, id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS state_history (
    id BIGINT NOT NULL AUTO_INCREMENT,
    run BIGINT NOT NULL,
    state VARCHAR(255) NOT NULL,
    at BIGINT NOT NULL,
    reason LONGTEXT NOT NULL,
    "by" LONGTEXT NOT NULL,
    PRIMARY KEY (id),
    KEY state_history_by_run (run, id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS source (
    hash VARCHAR(255) NOT NULL,
    bundle LONGBLOB NOT NULL,
    PRIMARY KEY (hash)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS host_lease (
    host VARCHAR(255) NOT NULL,
    lease BIGINT NOT NULL,
    PRIMARY KEY (host)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS document (
    kind VARCHAR(255) NOT NULL,
    "key" VARCHAR(500) NOT NULL,
    due BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    value LONGBLOB NOT NULL,
    digest VARBINARY(64) NOT NULL,
    PRIMARY KEY (kind, "key"),
    KEY document_by_due (kind, due)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS child (
    run BIGINT NOT NULL,
    parent_run BIGINT NOT NULL,
    policy VARCHAR(255) NOT NULL,
    PRIMARY KEY (run),
    KEY child_by_parent (parent_run, run)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS queued_run (
    run BIGINT NOT NULL,
    workflow_id VARCHAR(500) NOT NULL,
    host VARCHAR(255) NOT NULL,
    ready BIGINT NOT NULL,
    PRIMARY KEY (run, workflow_id),
    KEY queued_run_by_workflow_id (workflow_id, run)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS attribute (
    run BIGINT NOT NULL,
    name VARCHAR(255) NOT NULL,
    place BIGINT NOT NULL,
    kind VARCHAR(255) NOT NULL,
    value LONGTEXT NOT NULL,
    PRIMARY KEY (run, name, place),
    KEY attribute_by_value (name, value(255), run)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS "blob" (
    id BIGINT NOT NULL AUTO_INCREMENT,
    run BIGINT NOT NULL,
    digest VARBINARY(64) NOT NULL,
    value LONGBLOB NOT NULL,
    PRIMARY KEY (id),
    UNIQUE KEY blob_by_run (run, digest)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS store_info (
    "key" VARCHAR(255) NOT NULL,
    value LONGTEXT NOT NULL,
    PRIMARY KEY ("key")
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS turnstile (
    id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    run BIGINT NOT NULL,
    inbox BIGINT NOT NULL,
    PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS writer (
    writer VARCHAR(255) NOT NULL,
    number BIGINT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (writer)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

INSERT IGNORE INTO turnstile (id, number, run, inbox) VALUES (1, 0, 0, 0);
