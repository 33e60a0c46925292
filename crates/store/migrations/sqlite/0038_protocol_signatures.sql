-- A version of a protocol is signed before anybody is given work under it.
CREATE TABLE protocol_signatures (
  project_id BLOB NOT NULL, protocol_id TEXT NOT NULL, version INTEGER NOT NULL,
  user_id BLOB NOT NULL REFERENCES users (id), printed_name TEXT NOT NULL, meaning TEXT NOT NULL,
  content_hash TEXT NOT NULL, at INTEGER NOT NULL, event_id BLOB NOT NULL,
  PRIMARY KEY (project_id, protocol_id, version),
  FOREIGN KEY (project_id, protocol_id, version) REFERENCES protocols (project_id, id, version)
) STRICT;

-- Later versions were signed when they came into force: the event says by whom, when and over which content.
INSERT INTO protocol_signatures (project_id, protocol_id, version, user_id, printed_name, meaning, content_hash, at, event_id)
  SELECT p.project_id, p.id, p.version, u.id, u.printed_name, 'approved', p.content_hash, e.at, e.id
  FROM protocols p JOIN users u ON u.id = p.created_by
  JOIN events e ON e.project_id = p.project_id AND e.action = 'protocol.activated' AND e.at = p.created_at
  AND e.actor_user = p.created_by AND e.outcome = 'ok';

-- Where people had read before signing was asked for, nobody signed and nothing is to stop: the rows say so themselves.
ALTER TABLE protocols ADD COLUMN before_signing INTEGER NOT NULL DEFAULT 0;
UPDATE protocols SET before_signing = 1
  WHERE EXISTS (SELECT 1 FROM reads r WHERE r.project_id = protocols.project_id AND r.author_user IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM protocol_signatures s WHERE s.project_id = protocols.project_id
    AND s.protocol_id = protocols.id AND s.version = protocols.version);
