-- One row per answer of one customer to a campaign before $as_of.
SELECT
  'response' AS kind,
  fact.response_id AS reference,
  fact.responded_at AS happened_at,
  fact.response_kind AS what,
  fact.product_key,
  fact.channel_key,
  fact.campaign_key,
  fact.unresolved
FROM fct_response AS fact
WHERE {whose} AND fact.responded_at < CAST($as_of AS TIMESTAMP)
