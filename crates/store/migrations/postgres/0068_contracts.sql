-- Contracts of vendors: from when until when their people may work. What was announced of a contract's end, each once.
ALTER TABLE organizations ADD COLUMN contract_from BIGINT;
ALTER TABLE organizations ADD COLUMN contract_until BIGINT;

CREATE TABLE contract_warnings (
  organization_id UUID NOT NULL REFERENCES organizations (id), until BIGINT NOT NULL, days BIGINT NOT NULL,
  at BIGINT NOT NULL, PRIMARY KEY (organization_id, until, days)
);
CREATE INDEX users_by_organization ON users (organization_id);
