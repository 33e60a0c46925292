-- A look is on record once per hour, so that a second one, a year later, leaves a trace; tokens end by themselves.
CREATE TABLE exposures_by_hour (
  id BLOB PRIMARY KEY, user_id BLOB NOT NULL REFERENCES users (id), session_id BLOB NOT NULL,
  asset_id BLOB NOT NULL REFERENCES assets (id), item_id BLOB, project_id BLOB NOT NULL REFERENCES projects (id),
  zone TEXT NOT NULL, purpose TEXT NOT NULL, at INTEGER NOT NULL, event_id BLOB NOT NULL
) STRICT;
INSERT INTO exposures_by_hour SELECT id, user_id, session_id, asset_id, item_id, project_id, zone, purpose, at, event_id
  FROM exposures;
DROP TABLE exposures;
ALTER TABLE exposures_by_hour RENAME TO exposures;
CREATE UNIQUE INDEX exposures_once ON exposures (session_id, asset_id, purpose, (at / 3600000000));
CREATE INDEX exposures_by_item ON exposures (item_id, id);
CREATE INDEX exposures_by_asset ON exposures (asset_id, id);
CREATE INDEX exposures_by_time ON exposures (at, id);
CREATE INDEX exposures_by_user ON exposures (user_id, at, id);

ALTER TABLE tokens ADD COLUMN expires_at INTEGER;
-- Those of before end 90 days from now.
UPDATE tokens SET expires_at = (CAST(strftime('%s', 'now') AS INTEGER) + 7776000) * 1000000;
