-- Independent reads of one item: tasks that one person may not take twice, reads that a rule merged, what came of comparing
-- reads, and who decided between them.
ALTER TABLE tasks ADD COLUMN apart INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reads ADD COLUMN author_rule TEXT;

CREATE TABLE comparisons (
  id BLOB PRIMARY KEY, item_id BLOB NOT NULL REFERENCES items (id),
  project_id BLOB NOT NULL REFERENCES projects (id), stage INTEGER NOT NULL, reads TEXT NOT NULL,
  findings TEXT NOT NULL, disputed INTEGER NOT NULL, agreed INTEGER NOT NULL, rule TEXT NOT NULL,
  merged_read_id BLOB, at INTEGER NOT NULL
) STRICT;
CREATE INDEX comparisons_by_item ON comparisons (item_id, id);

CREATE TABLE adjudications (
  id BLOB PRIMARY KEY, item_id BLOB NOT NULL REFERENCES items (id),
  project_id BLOB NOT NULL REFERENCES projects (id), comparison_id BLOB NOT NULL REFERENCES comparisons (id),
  read_id BLOB NOT NULL REFERENCES reads (id), user_id BLOB NOT NULL REFERENCES users (id),
  decision TEXT NOT NULL, reason TEXT NOT NULL, comment TEXT, at INTEGER NOT NULL
) STRICT;
CREATE INDEX adjudications_by_item ON adjudications (item_id, id);
CREATE INDEX adjudications_by_project ON adjudications (project_id, reason);
