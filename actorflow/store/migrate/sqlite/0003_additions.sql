-- Schema 3: in which order runs wait for what others hold, which queue a run is in, and which nodes share the store.

ALTER TABLE queued_run ADD COLUMN priority INTEGER DEFAULT '0' NOT NULL;
ALTER TABLE run ADD COLUMN queue TEXT DEFAULT 'default' NOT NULL;

CREATE TABLE host_shard (
    host TEXT NOT NULL,
    shard INTEGER NOT NULL,
    token INTEGER NOT NULL,
    node TEXT NOT NULL,
    PRIMARY KEY (host, shard)
) WITHOUT ROWID;

CREATE TABLE cluster_node (
    node TEXT NOT NULL,
    counter INTEGER NOT NULL,
    about TEXT NOT NULL,
    PRIMARY KEY (node)
) WITHOUT ROWID;
