-- What a person agreed to before their first signature: that it binds them like one by hand. Word for word, once a version.
CREATE TABLE signing_acknowledgements (
  user_id BLOB NOT NULL REFERENCES users (id), version INTEGER NOT NULL, text TEXT NOT NULL, at INTEGER NOT NULL,
  event_id BLOB NOT NULL, PRIMARY KEY (user_id, version)
) STRICT;

-- Accounts that were locked after wrong passwords, until somebody else has looked into it.
CREATE TABLE access_alerts (
  id BLOB PRIMARY KEY, user_id BLOB NOT NULL REFERENCES users (id), place TEXT NOT NULL, locks INTEGER NOT NULL,
  opened_at INTEGER NOT NULL, last_at INTEGER NOT NULL, closed_at INTEGER, closed_by BLOB REFERENCES users (id),
  reason TEXT
) STRICT;
CREATE UNIQUE INDEX access_alerts_open ON access_alerts (user_id) WHERE closed_at IS NULL;
