-- Protocols as documents: the text as its author wrote it, why a version was made, whether it departs from what was frozen
-- before the first read, and the seed of its samples. When a task was first claimed, so that waiting and work can be told apart.
ALTER TABLE protocols ADD COLUMN source TEXT;
ALTER TABLE protocols ADD COLUMN seed TEXT;
ALTER TABLE protocols ADD COLUMN reason TEXT;
ALTER TABLE protocols ADD COLUMN deviation BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE tasks ADD COLUMN claimed_at BIGINT;
CREATE INDEX tasks_timed ON tasks (project_id, stage, done_at) WHERE state = 'done';
