-- Schema 2: in which order runs wait for what others hold, which queue a run is in, which nodes share the store, and
-- how many commits concern one of them alone.

ALTER TABLE queued_run ADD COLUMN priority BIGINT DEFAULT '0' NOT NULL;
ALTER TABLE run ADD COLUMN queue TEXT COLLATE "C" DEFAULT 'default' NOT NULL;
ALTER TABLE turnstile ADD COLUMN quiet BIGINT DEFAULT '0' NOT NULL;

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
