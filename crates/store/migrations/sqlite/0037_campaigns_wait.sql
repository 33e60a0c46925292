-- Campaigns that ended before what they left was looked at again wait for it like any other.
UPDATE campaigns SET state = 'opening' WHERE state = 'open' AND EXISTS (
    SELECT 1 FROM campaign_items c JOIN items i ON i.id = c.item_id
    WHERE c.campaign_id = campaigns.id AND c.skipped IS NOT NULL
    AND i.state NOT IN ('rejected', 'withdrawn', 'erased'));
