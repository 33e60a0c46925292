-- Independent reads of one item: tasks that one person may not take twice, reads that a rule merged, what came of comparing
-- reads, and who decided between them.
ALTER TABLE tasks ADD COLUMN apart BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE reads ADD COLUMN author_rule TEXT;

CREATE TABLE comparisons (
  id UUID PRIMARY KEY, item_id UUID NOT NULL REFERENCES items (id),
  project_id UUID NOT NULL REFERENCES projects (id), stage BIGINT NOT NULL, reads TEXT NOT NULL,
  findings TEXT NOT NULL, disputed BIGINT NOT NULL, agreed BOOLEAN NOT NULL, rule TEXT NOT NULL,
  merged_read_id UUID, at BIGINT NOT NULL
);
CREATE INDEX comparisons_by_item ON comparisons (item_id, id);

CREATE TABLE adjudications (
  id UUID PRIMARY KEY, item_id UUID NOT NULL REFERENCES items (id),
  project_id UUID NOT NULL REFERENCES projects (id), comparison_id UUID NOT NULL REFERENCES comparisons (id),
  read_id UUID NOT NULL REFERENCES reads (id), user_id UUID NOT NULL REFERENCES users (id),
  decision TEXT NOT NULL, reason TEXT NOT NULL, comment TEXT, at BIGINT NOT NULL
);
CREATE INDEX adjudications_by_item ON adjudications (item_id, id);
CREATE INDEX adjudications_by_project ON adjudications (project_id, reason);
