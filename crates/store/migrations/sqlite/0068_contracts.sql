-- Contracts of vendors: from when until when their people may work. What was announced of a contract's end, each once.
ALTER TABLE organizations ADD COLUMN contract_from INTEGER;
ALTER TABLE organizations ADD COLUMN contract_until INTEGER;

CREATE TABLE contract_warnings (
  organization_id BLOB NOT NULL REFERENCES organizations (id), until INTEGER NOT NULL, days INTEGER NOT NULL,
  at INTEGER NOT NULL, PRIMARY KEY (organization_id, until, days)
) STRICT;
CREATE INDEX users_by_organization ON users (organization_id);
