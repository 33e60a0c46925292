-- Items that are given to vendors to read, divided by a drawing that can be done again from its seed.
CREATE TABLE mixes (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id), organizations TEXT NOT NULL, seed TEXT NOT NULL,
  items INTEGER NOT NULL, overlap INTEGER NOT NULL, reason TEXT NOT NULL, made_by BLOB REFERENCES users (id),
  made_at INTEGER NOT NULL
) STRICT;
CREATE INDEX mixes_by_project ON mixes (project_id, id);

-- Who of which role may read an item: people of an organization that it is assigned to. Ended, it is anybody's again.
CREATE TABLE assignments (
  item_id BLOB NOT NULL REFERENCES items (id), organization_id BLOB NOT NULL REFERENCES organizations (id),
  mix_id BLOB NOT NULL REFERENCES mixes (id), project_id BLOB NOT NULL REFERENCES projects (id), role TEXT NOT NULL,
  at INTEGER NOT NULL, ended_at INTEGER, PRIMARY KEY (item_id, organization_id)
) STRICT;
CREATE INDEX assignments_by_mix ON assignments (mix_id, organization_id);

-- What an accepted item says of the first read of each organization that read it.
CREATE TABLE vendor_scores (
  item_id BLOB NOT NULL REFERENCES items (id), organization_id BLOB NOT NULL REFERENCES organizations (id),
  project_id BLOB NOT NULL REFERENCES projects (id), read_id BLOB NOT NULL REFERENCES reads (id),
  user_id BLOB NOT NULL REFERENCES users (id), marks INTEGER NOT NULL, truth INTEGER NOT NULL, missed INTEGER NOT NULL,
  wrong INTEGER NOT NULL, classes TEXT NOT NULL, first_accepted_at INTEGER NOT NULL, accepted_at INTEGER NOT NULL,
  PRIMARY KEY (item_id, organization_id)
) STRICT;
CREATE INDEX vendor_scores_by_project ON vendor_scores (project_id, organization_id, accepted_at);
