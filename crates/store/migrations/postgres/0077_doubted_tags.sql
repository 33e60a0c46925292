-- Tags are doubted, too: what was chosen for the tag that was given and for the one that a model sees, and how sure each model
-- usually was of an answer where a search found it given (JSON).
ALTER TABLE label_doubts ADD COLUMN choices TEXT;
ALTER TABLE label_doubts ADD COLUMN predicted_choices TEXT;
ALTER TABLE label_searches ADD COLUMN bars TEXT;
