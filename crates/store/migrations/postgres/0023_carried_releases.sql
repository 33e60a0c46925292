-- The protocol version whose classes a release states its labels by, in files for other programs; none in releases from before.
ALTER TABLE releases ADD COLUMN carried_to BIGINT;
