-- Items that are given to vendors to read, divided by a drawing that can be done again from its seed.
CREATE TABLE mixes (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id), organizations TEXT NOT NULL, seed TEXT NOT NULL,
  items BIGINT NOT NULL, overlap BIGINT NOT NULL, reason TEXT NOT NULL, made_by UUID REFERENCES users (id),
  made_at BIGINT NOT NULL
);
CREATE INDEX mixes_by_project ON mixes (project_id, id);

-- Who of which role may read an item: people of an organization that it is assigned to. Ended, it is anybody's again.
CREATE TABLE assignments (
  item_id UUID NOT NULL REFERENCES items (id), organization_id UUID NOT NULL REFERENCES organizations (id),
  mix_id UUID NOT NULL REFERENCES mixes (id), project_id UUID NOT NULL REFERENCES projects (id), role TEXT NOT NULL,
  at BIGINT NOT NULL, ended_at BIGINT, PRIMARY KEY (item_id, organization_id)
);
CREATE INDEX assignments_by_mix ON assignments (mix_id, organization_id);

-- What an accepted item says of the first read of each organization that read it.
CREATE TABLE vendor_scores (
  item_id UUID NOT NULL REFERENCES items (id), organization_id UUID NOT NULL REFERENCES organizations (id),
  project_id UUID NOT NULL REFERENCES projects (id), read_id UUID NOT NULL REFERENCES reads (id),
  user_id UUID NOT NULL REFERENCES users (id), marks BIGINT NOT NULL, truth BIGINT NOT NULL, missed BIGINT NOT NULL,
  wrong BIGINT NOT NULL, classes TEXT NOT NULL, first_accepted_at BIGINT NOT NULL, accepted_at BIGINT NOT NULL,
  PRIMARY KEY (item_id, organization_id)
);
CREATE INDEX vendor_scores_by_project ON vendor_scores (project_id, organization_id, accepted_at);
