-- Changes of the classes of a project: what was done, what it touched, and the round of rework that followed.
CREATE TABLE ontology_changes (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id), to_version INTEGER NOT NULL,
  operations TEXT NOT NULL, counts TEXT NOT NULL, reason TEXT NOT NULL, campaign_id BLOB REFERENCES campaigns (id),
  made_by BLOB REFERENCES users (id), made_at INTEGER NOT NULL, UNIQUE (project_id, to_version)
) STRICT;
