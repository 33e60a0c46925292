-- Checkpoints kept for those who want to prove that the log only grew: one a minute at most, word for word.
CREATE TABLE log_checkpoints (
  size INTEGER PRIMARY KEY, root TEXT NOT NULL, at INTEGER NOT NULL, file TEXT NOT NULL
) STRICT;

-- What each witness last said of the log.
CREATE TABLE witnesses (
  witness_key TEXT PRIMARY KEY, name TEXT NOT NULL, url TEXT NOT NULL, state TEXT NOT NULL, since INTEGER NOT NULL,
  asked_at INTEGER NOT NULL, cosigned_size INTEGER, cosigned_at INTEGER, conflict_size INTEGER
) STRICT;

CREATE INDEX exposures_by_time ON exposures (at, id);
CREATE INDEX exposures_by_user ON exposures (user_id, at, id);

ALTER TABLE sessions ADD COLUMN signed_at INTEGER;

ALTER TABLE releases ADD COLUMN countersigned_by BLOB REFERENCES users (id);
ALTER TABLE releases ADD COLUMN countersigned_at INTEGER;
