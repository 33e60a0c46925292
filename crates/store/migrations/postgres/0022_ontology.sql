-- Changes of the classes of a project: what was done, what it touched, and the round of rework that followed.
CREATE TABLE ontology_changes (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id), to_version BIGINT NOT NULL,
  operations TEXT NOT NULL, counts TEXT NOT NULL, reason TEXT NOT NULL, campaign_id UUID REFERENCES campaigns (id),
  made_by UUID REFERENCES users (id), made_at BIGINT NOT NULL, UNIQUE (project_id, to_version)
);
