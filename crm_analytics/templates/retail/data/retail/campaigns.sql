-- One mailing campaign.
SELECT
  campaign_id,
  'Campaign ' || campaign_id AS campaign_name,
  campaign_type,
  CAST(start_date AS DATE) AS started_on,
  CAST(end_date AS DATE) AS ended_on
FROM raw_campaign_descriptions
