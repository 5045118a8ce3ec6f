-- Schema 2: in which order runs wait for what others hold, and which queue a run is in.

ALTER TABLE queued_run ADD COLUMN IF NOT EXISTS priority BIGINT NOT NULL DEFAULT '0';
ALTER TABLE run ADD COLUMN IF NOT EXISTS queue VARCHAR(255) NOT NULL DEFAULT ('default');
