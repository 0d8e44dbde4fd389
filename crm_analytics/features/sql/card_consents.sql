-- One row per entry of the consent register for one customer before $as_of, given or taken back.
SELECT
  'consent' AS kind,
  fact.consent_id AS reference,
  fact.recorded_at AS happened_at,
  fact.status AS what,
  fact.purpose,
  fact.proof,
  fact.channel_key,
  fact.unresolved
FROM fct_consent AS fact
WHERE {whose} AND fact.recorded_at < CAST($as_of AS TIMESTAMP)
