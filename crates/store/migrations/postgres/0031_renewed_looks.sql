-- A look is on record once per hour, so that a second one, a year later, leaves a trace; tokens end by themselves.
ALTER TABLE exposures DROP CONSTRAINT exposures_session_id_asset_id_purpose_key;
CREATE UNIQUE INDEX exposures_once ON exposures (session_id, asset_id, purpose, (at / 3600000000));

ALTER TABLE tokens ADD COLUMN expires_at BIGINT;
-- Those of before end 90 days from now.
UPDATE tokens SET expires_at = (CAST(EXTRACT(EPOCH FROM now()) AS BIGINT) + 7776000) * 1000000;
