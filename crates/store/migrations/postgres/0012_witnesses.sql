-- Checkpoints kept for those who want to prove that the log only grew: one a minute at most, word for word.
CREATE TABLE log_checkpoints (
  size BIGINT PRIMARY KEY, root TEXT NOT NULL, at BIGINT NOT NULL, file TEXT NOT NULL
);

-- What each witness last said of the log.
CREATE TABLE witnesses (
  witness_key TEXT PRIMARY KEY, name TEXT NOT NULL, url TEXT NOT NULL, state TEXT NOT NULL, since BIGINT NOT NULL,
  asked_at BIGINT NOT NULL, cosigned_size BIGINT, cosigned_at BIGINT, conflict_size BIGINT
);

CREATE INDEX exposures_by_time ON exposures (at, id);
CREATE INDEX exposures_by_user ON exposures (user_id, at, id);

ALTER TABLE sessions ADD COLUMN signed_at BIGINT;

ALTER TABLE releases ADD COLUMN countersigned_by UUID REFERENCES users (id);
ALTER TABLE releases ADD COLUMN countersigned_at BIGINT;
