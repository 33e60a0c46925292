-- Studies of people's eyes: the same parts, judged again and again, blind, in an order that was drawn after the plan was
-- frozen. `figures` is what came of it, in the exact bytes whose hash the log holds.
CREATE TABLE appraisals (
  id BLOB PRIMARY KEY, project_id BLOB NOT NULL REFERENCES projects (id), name TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('frozen', 'judging', 'ended', 'issued', 'void')), frozen TEXT NOT NULL,
  frozen_hash TEXT NOT NULL, qualification TEXT NOT NULL, trials INTEGER NOT NULL, rest_seconds INTEGER NOT NULL,
  entropy TEXT, seed TEXT, stop TEXT, figures TEXT, opened_by BLOB REFERENCES users (id), frozen_at INTEGER NOT NULL,
  frozen_event BLOB NOT NULL, seeded_at INTEGER, seeded_event BLOB, ended_at INTEGER, ended_event BLOB,
  issued_by BLOB REFERENCES users (id), issued_at INTEGER, issued_event BLOB, UNIQUE (project_id, name)
) STRICT;

CREATE TABLE appraisal_parts (
  appraisal_id BLOB NOT NULL REFERENCES appraisals (id), item_id BLOB NOT NULL REFERENCES items (id),
  read_id BLOB NOT NULL REFERENCES reads (id), content_hash TEXT NOT NULL, line TEXT NOT NULL, bad INTEGER NOT NULL,
  borderline INTEGER NOT NULL, PRIMARY KEY (appraisal_id, item_id)
) STRICT;
CREATE INDEX appraisal_parts_by_item ON appraisal_parts (item_id);

-- Whose eyes; and what followed for each of them when the study was issued.
CREATE TABLE appraisal_people (
  appraisal_id BLOB NOT NULL REFERENCES appraisals (id), user_id BLOB NOT NULL REFERENCES users (id), verdict TEXT,
  qualification_id BLOB REFERENCES qualifications (id), PRIMARY KEY (appraisal_id, user_id)
) STRICT;
CREATE INDEX appraisal_people_by_user ON appraisal_people (user_id);

-- Every turn of every person in its order; an answer is never changed.
CREATE TABLE appraisal_turns (
  appraisal_id BLOB NOT NULL REFERENCES appraisals (id), user_id BLOB NOT NULL REFERENCES users (id), number INTEGER NOT NULL,
  trial INTEGER NOT NULL, item_id BLOB NOT NULL REFERENCES items (id), given_at INTEGER, bad INTEGER, judged_at INTEGER,
  PRIMARY KEY (appraisal_id, user_id, number)
) STRICT;
CREATE INDEX appraisal_turns_by_item ON appraisal_turns (item_id, user_id);
