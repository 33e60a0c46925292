-- Guidelines with pictures: drafts, published versions, who has read them, and rounds of rework that follow from a correction.
CREATE TABLE guidelines (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id), state TEXT NOT NULL,
  major INTEGER NOT NULL, minor INTEGER NOT NULL, patch INTEGER NOT NULL, revision INTEGER NOT NULL,
  document TEXT NOT NULL, content_hash TEXT, change_kind TEXT, summary TEXT, classes TEXT NOT NULL,
  disputes TEXT NOT NULL, created_by BLOB REFERENCES users (id), created_at INTEGER NOT NULL,
  published_by BLOB REFERENCES users (id), published_at INTEGER
) STRICT;
CREATE UNIQUE INDEX guidelines_draft ON guidelines (project_id) WHERE state = 'draft';
CREATE UNIQUE INDEX guidelines_version ON guidelines (project_id, major, minor, patch) WHERE state = 'published';

CREATE TABLE guideline_readers (
  guideline_id BLOB NOT NULL REFERENCES guidelines (id), user_id BLOB NOT NULL REFERENCES users (id),
  project_id BLOB NOT NULL REFERENCES projects (id), at INTEGER NOT NULL, PRIMARY KEY (guideline_id, user_id)
) STRICT;
CREATE INDEX guideline_readers_by_user ON guideline_readers (user_id, project_id);

CREATE TABLE campaigns (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id), guideline_id BLOB REFERENCES guidelines (id),
  name TEXT NOT NULL, classes TEXT NOT NULL, state TEXT NOT NULL, opened_by BLOB REFERENCES users (id),
  opened_at INTEGER NOT NULL
) STRICT;
CREATE INDEX campaigns_by_project ON campaigns (project_id, id);

CREATE TABLE campaign_items (
  campaign_id BLOB NOT NULL REFERENCES campaigns (id), item_id BLOB NOT NULL REFERENCES items (id),
  read_id BLOB NOT NULL REFERENCES reads (id), skipped TEXT, at INTEGER NOT NULL, PRIMARY KEY (campaign_id, item_id)
) STRICT;
CREATE INDEX campaign_items_by_item ON campaign_items (item_id);

ALTER TABLE annotations ADD COLUMN guideline TEXT;
