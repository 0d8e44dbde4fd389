-- One row per customer and channel, asked or not: may they be contacted through it for one purpose, and why not.
-- `state` is consent_state.sql; consents.py writes it in.
WITH state AS (
  {state}
),

elsewhere AS (
  SELECT customer_id, channel, string_agg(purpose, ', ' ORDER BY purpose) AS purposes
  FROM state
  WHERE purpose <> $asked AND status = 'granted'
  GROUP BY customer_id, channel
)

SELECT
  customer.customer_id,
  channel.channel,
  coalesce(state.status, 'denied') AS status,
  state.since,
  state.wording_version,
  state.source,
  state.entry,
  coalesce(state.reason, 'granted for ' || elsewhere.purposes || ' only', 'never asked') AS reason
FROM dim_customer AS customer
CROSS JOIN dim_channel AS channel
LEFT JOIN state
  ON state.customer_id = customer.customer_id AND state.channel = channel.channel AND state.purpose = $asked
LEFT JOIN elsewhere ON elsewhere.customer_id = customer.customer_id AND elsewhere.channel = channel.channel
WHERE
  customer.customer_key > 0
  AND channel.channel_key > 0
  AND (CAST($customer AS VARCHAR) IS NULL OR customer.customer_id = CAST($customer AS VARCHAR))
ORDER BY customer.customer_id, channel.channel_key
