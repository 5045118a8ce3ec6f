-- Schema 2: in which order runs wait for what others hold, which queue a run is in, and which nodes share the store.

ALTER TABLE queued_run ADD COLUMN priority BIGINT DEFAULT '0' NOT NULL;
ALTER TABLE run ADD COLUMN queue TEXT COLLATE "C" DEFAULT 'default' NOT NULL;

CREATE TABLE host_shard (
    host TEXT COLLATE "C" NOT NULL,
    shard BIGINT NOT NULL,
    token BIGINT NOT NULL,
    node TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (host, shard)
);

CREATE TABLE cluster_node (
    node TEXT COLLATE "C" NOT NULL,
    counter BIGINT NOT NULL,
    about TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (node)
);
