-- Schema 2: in which order runs wait for what others hold, which queue a run is in, which nodes share the store, and
-- how many commits concern one of them alone.

ALTER TABLE queued_run ADD COLUMN IF NOT EXISTS priority BIGINT NOT NULL DEFAULT '0';
ALTER TABLE run ADD COLUMN IF NOT EXISTS queue VARCHAR(255) NOT NULL DEFAULT ('default');
ALTER TABLE turnstile ADD COLUMN IF NOT EXISTS quiet BIGINT NOT NULL DEFAULT '0';

CREATE TABLE IF NOT EXISTS host_shard (
    host VARCHAR(255) NOT NULL,
    shard BIGINT NOT NULL,
    token BIGINT NOT NULL,
    node VARCHAR(255) NOT NULL,
    PRIMARY KEY (host, shard)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS cluster_node (
    node VARCHAR(255) NOT NULL,
    counter BIGINT NOT NULL,
    about LONGTEXT NOT NULL,
    PRIMARY KEY (node)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
