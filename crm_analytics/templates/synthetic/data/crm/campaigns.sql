-- One campaign.  Of the kind "randomised test" there is one: a coin decided who was contacted.
SELECT
  campaign_code AS campaign_id,
  title AS campaign_name,
  kind AS campaign_type,
  first_day AS started_on,
  last_day AS ended_on
FROM raw_campaigns
