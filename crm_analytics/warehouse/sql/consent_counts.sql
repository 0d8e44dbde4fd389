-- One row per purpose and channel: how many customers may be contacted through it, and how many not.
-- `state` is consent_state.sql; consents.py writes it in.
WITH state AS (
  {state}
),

purpose AS (
  SELECT DISTINCT purpose FROM consent_ledger WHERE purpose IS NOT NULL
),

counted AS (
  SELECT
    state.purpose,
    state.channel,
    count(*) FILTER (WHERE state.status = 'granted') AS granted,
    count(*) FILTER (WHERE state.status = 'denied') AS denied
  FROM state
  INNER JOIN dim_customer AS customer ON customer.customer_id = state.customer_id
  GROUP BY state.purpose, state.channel
)

SELECT
  purpose.purpose,
  channel.channel,
  coalesce(counted.granted, 0) AS granted,
  coalesce(counted.denied, 0) AS denied,
  (SELECT count(*) FROM dim_customer WHERE customer_key > 0) - coalesce(counted.granted + counted.denied, 0) AS never_asked
FROM purpose
CROSS JOIN dim_channel AS channel
LEFT JOIN counted ON counted.purpose = purpose.purpose AND counted.channel = channel.channel
WHERE channel.channel_key > 0
ORDER BY purpose.purpose, channel.channel_key
