-- Schema 3: in which order runs wait for what others hold, and which queue a run is in.

ALTER TABLE queued_run ADD COLUMN priority INTEGER DEFAULT '0' NOT NULL;
ALTER TABLE run ADD COLUMN queue TEXT DEFAULT 'default' NOT NULL;
