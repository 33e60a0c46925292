-- Errors are counted, not only whether there are any; work that led to no turn; what decisions said of readers.
ALTER TABLE turns ADD COLUMN errors INTEGER;

CREATE TABLE lost_claims (
  task_id BLOB NOT NULL REFERENCES tasks (id), fence INTEGER NOT NULL, item_id BLOB NOT NULL REFERENCES items (id),
  project_id BLOB NOT NULL REFERENCES projects (id), stage INTEGER NOT NULL, stage_id TEXT NOT NULL, round INTEGER NOT NULL,
  user_id BLOB NOT NULL REFERENCES users (id), claimed_at INTEGER NOT NULL, ended_at INTEGER NOT NULL,
  PRIMARY KEY (task_id, fence)
) STRICT;
CREATE INDEX lost_claims_by_project ON lost_claims (project_id, item_id);

CREATE TABLE rulings (
  adjudication_id BLOB NOT NULL REFERENCES adjudications (id), read_id BLOB NOT NULL REFERENCES reads (id),
  user_id BLOB NOT NULL REFERENCES users (id), item_id BLOB NOT NULL REFERENCES items (id),
  project_id BLOB NOT NULL REFERENCES projects (id), marks INTEGER NOT NULL, wrong INTEGER NOT NULL, missed INTEGER NOT NULL,
  at INTEGER NOT NULL, PRIMARY KEY (adjudication_id, read_id)
) STRICT;
CREATE INDEX rulings_by_project ON rulings (project_id, user_id);
CREATE INDEX rulings_by_read ON rulings (read_id, adjudication_id);
