-- Schema 2: what the engine keeps beside runs.

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
