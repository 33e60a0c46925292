-- The gate's queue by risk, masks with their history, and waivers that a second person confirms. What waited before is
-- of unknown risk and therefore comes first.
ALTER TABLE gate_entries ADD COLUMN risk BIGINT NOT NULL DEFAULT 100;
ALTER TABLE gate_entries ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
ALTER TABLE gate_entries ADD COLUMN protocol_version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE gate_entries ADD COLUMN waiver_by UUID REFERENCES users (id);
ALTER TABLE gate_entries ADD COLUMN waiver_at BIGINT;
ALTER TABLE gate_entries ADD COLUMN waiver_reason TEXT;
CREATE INDEX gate_by_risk ON gate_entries (project_id, state, risk DESC, id);

CREATE TABLE gate_reasons (
  entry_id UUID NOT NULL REFERENCES gate_entries (id), code TEXT NOT NULL, PRIMARY KEY (entry_id, code)
);
INSERT INTO gate_reasons (entry_id, code) SELECT DISTINCT e.id, j.value FROM gate_entries e
  CROSS JOIN LATERAL json_array_elements_text(e.reasons::json) AS j (value);

CREATE TABLE gate_masks (
  id UUID PRIMARY KEY, project_id UUID NOT NULL REFERENCES projects (id),
  item_id UUID NOT NULL REFERENCES items (id), asset_id UUID NOT NULL REFERENCES assets (id), part BIGINT NOT NULL,
  x DOUBLE PRECISION NOT NULL, y DOUBLE PRECISION NOT NULL, width DOUBLE PRECISION NOT NULL, height DOUBLE PRECISION NOT NULL, detector TEXT,
  drawn_by UUID REFERENCES users (id), created_at BIGINT NOT NULL, removed_at BIGINT,
  removed_by UUID REFERENCES users (id)
);
CREATE INDEX gate_masks_by_item ON gate_masks (item_id, id);
