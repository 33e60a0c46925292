-- A check of the log asks for the look of each entry that says that something was shown.
CREATE INDEX exposures_by_event ON exposures (event_id);
