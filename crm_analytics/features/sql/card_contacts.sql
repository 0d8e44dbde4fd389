-- One row per contact with one customer before $as_of, of either direction.
SELECT
  'contact' AS kind,
  fact.contact_id AS reference,
  fact.contacted_at AS happened_at,
  coalesce(fact.contact_kind, 'contact') AS what,
  fact.direction,
  fact.outcome,
  fact.channel_key,
  fact.campaign_key,
  fact.unresolved
FROM fct_contact AS fact
WHERE {whose} AND fact.contacted_at < CAST($as_of AS TIMESTAMP)
