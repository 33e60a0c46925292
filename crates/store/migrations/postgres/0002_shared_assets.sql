-- The same bytes are one asset, also where several items need them: a template of many parts, the calibration of a
-- whole drive. `assets.item_id` names the first of the items, this table the others.
CREATE TABLE item_assets (
  item_id UUID NOT NULL REFERENCES items (id), asset_id UUID NOT NULL REFERENCES assets (id),
  PRIMARY KEY (item_id, asset_id)
);
CREATE INDEX exposures_by_asset ON exposures (asset_id, id);
