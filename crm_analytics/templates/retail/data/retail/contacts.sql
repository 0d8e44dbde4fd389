-- One mailing of one campaign to one household.
-- The data names who was mailed, not when: the campaign's first day stands for it.
SELECT
  'mail-' || campaign_id || '-' || household_id AS contact_id,
  household_id AS customer_id,
  campaign_id,
  'mail' AS channel,
  d.start_date AS contacted_at,
  'outbound' AS direction,
  'mailing' AS contact_kind
FROM raw_campaigns
LEFT JOIN raw_campaign_descriptions d USING (campaign_id)
