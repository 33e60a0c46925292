-- What a person agreed to before their first signature: that it binds them like one by hand. Word for word, once a version.
CREATE TABLE signing_acknowledgements (
  user_id UUID NOT NULL REFERENCES users (id), version BIGINT NOT NULL, text TEXT NOT NULL, at BIGINT NOT NULL,
  event_id UUID NOT NULL, PRIMARY KEY (user_id, version)
);

-- Accounts that were locked after wrong passwords, until somebody else has looked into it.
CREATE TABLE access_alerts (
  id UUID PRIMARY KEY, user_id UUID NOT NULL REFERENCES users (id), place TEXT NOT NULL, locks BIGINT NOT NULL,
  opened_at BIGINT NOT NULL, last_at BIGINT NOT NULL, closed_at BIGINT, closed_by UUID REFERENCES users (id),
  reason TEXT
);
CREATE UNIQUE INDEX access_alerts_open ON access_alerts (user_id) WHERE closed_at IS NULL;
