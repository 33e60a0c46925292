-- Guidelines with pictures: drafts, published versions, who has read them, and rounds of rework that follow from a correction.
CREATE TABLE guidelines (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id), state TEXT NOT NULL,
  major BIGINT NOT NULL, minor BIGINT NOT NULL, patch BIGINT NOT NULL, revision BIGINT NOT NULL,
  document TEXT NOT NULL, content_hash TEXT, change_kind TEXT, summary TEXT, classes TEXT NOT NULL,
  disputes TEXT NOT NULL, created_by UUID REFERENCES users (id), created_at BIGINT NOT NULL,
  published_by UUID REFERENCES users (id), published_at BIGINT
);
CREATE UNIQUE INDEX guidelines_draft ON guidelines (project_id) WHERE state = 'draft';
CREATE UNIQUE INDEX guidelines_version ON guidelines (project_id, major, minor, patch) WHERE state = 'published';

CREATE TABLE guideline_readers (
  guideline_id UUID NOT NULL REFERENCES guidelines (id), user_id UUID NOT NULL REFERENCES users (id),
  project_id UUID NOT NULL REFERENCES projects (id), at BIGINT NOT NULL, PRIMARY KEY (guideline_id, user_id)
);
CREATE INDEX guideline_readers_by_user ON guideline_readers (user_id, project_id);

CREATE TABLE campaigns (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id), guideline_id UUID REFERENCES guidelines (id),
  name TEXT NOT NULL, classes TEXT NOT NULL, state TEXT NOT NULL, opened_by UUID REFERENCES users (id),
  opened_at BIGINT NOT NULL
);
CREATE INDEX campaigns_by_project ON campaigns (project_id, id);

CREATE TABLE campaign_items (
  campaign_id UUID NOT NULL REFERENCES campaigns (id), item_id UUID NOT NULL REFERENCES items (id),
  read_id UUID NOT NULL REFERENCES reads (id), skipped TEXT, at BIGINT NOT NULL, PRIMARY KEY (campaign_id, item_id)
);
CREATE INDEX campaign_items_by_item ON campaign_items (item_id);

ALTER TABLE annotations ADD COLUMN guideline TEXT;
