-- Risks that stay in correctly de-identified items, who waived them, and for whom a release is.
CREATE TABLE item_risks (
  item_id UUID NOT NULL REFERENCES items (id), project_id UUID NOT NULL REFERENCES projects (id), risk TEXT NOT NULL,
  noted_at BIGINT NOT NULL, waived_by UUID REFERENCES users (id), waived_at BIGINT, reason TEXT,
  PRIMARY KEY (item_id, risk)
);
CREATE INDEX item_risks_by_project ON item_risks (project_id, item_id, risk);
-- Studies from before were cleared without a note of what stays in them.
INSERT INTO item_risks (item_id, project_id, risk, noted_at)
  SELECT id, project_id, 'not-assessed', updated_at FROM items
  WHERE kind = 'study' AND state NOT IN ('quarantined', 'erased');
ALTER TABLE releases ADD COLUMN audience TEXT NOT NULL DEFAULT 'internal';
