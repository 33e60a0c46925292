-- Errors are counted, not only whether there are any; work that led to no turn; what decisions said of readers.
ALTER TABLE turns ADD COLUMN errors BIGINT;

CREATE TABLE lost_claims (
  task_id UUID NOT NULL REFERENCES tasks (id), fence BIGINT NOT NULL, item_id UUID NOT NULL REFERENCES items (id),
  project_id UUID NOT NULL REFERENCES projects (id), stage BIGINT NOT NULL, stage_id TEXT NOT NULL, round BIGINT NOT NULL,
  user_id UUID NOT NULL REFERENCES users (id), claimed_at BIGINT NOT NULL, ended_at BIGINT NOT NULL,
  PRIMARY KEY (task_id, fence)
);
CREATE INDEX lost_claims_by_project ON lost_claims (project_id, item_id);

CREATE TABLE rulings (
  adjudication_id UUID NOT NULL REFERENCES adjudications (id), read_id UUID NOT NULL REFERENCES reads (id),
  user_id UUID NOT NULL REFERENCES users (id), item_id UUID NOT NULL REFERENCES items (id),
  project_id UUID NOT NULL REFERENCES projects (id), marks BIGINT NOT NULL, wrong BIGINT NOT NULL, missed BIGINT NOT NULL,
  at BIGINT NOT NULL, PRIMARY KEY (adjudication_id, read_id)
);
CREATE INDEX rulings_by_project ON rulings (project_id, user_id);
CREATE INDEX rulings_by_read ON rulings (read_id, adjudication_id);
