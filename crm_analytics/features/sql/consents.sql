-- One row per customer and channel: the last word on it for one purpose.  A row without a channel withdraws all of them.
WITH word AS (
  SELECT customer_key, channel_key, status, recorded_at AS said_at
  FROM fct_consent
  WHERE purpose = $purpose AND recorded_at < CAST($before AS TIMESTAMP) AND customer_key > 0
  UNION ALL
  SELECT customer_key, channel_key, 'withdrawn', responded_at
  FROM fct_response
  WHERE response_kind = 'opt_out' AND responded_at < CAST($before AS TIMESTAMP) AND customer_key > 0
  UNION ALL
  -- A refused row has no purpose, channel or time to rely on: unless it is clearly no withdrawal it counts for all, always.
  SELECT customer.customer_key, 0, 'withdrawn', TIMESTAMP 'infinity'
  FROM rejects AS refused
  INNER JOIN dim_customer AS customer ON customer.customer_id = trim(refused.row_json ->> '$.customer_id')
  WHERE (
    refused.entity = 'consents'
    AND coalesce(lower(trim(refused.row_json ->> '$.status')), '') <> 'granted'
  ) OR (
    refused.entity = 'responses'
    AND coalesce(lower(trim(refused.row_json ->> '$.response_kind')), '')
    NOT IN ('redemption', 'reply', 'click', 'order', 'complaint')
  )
),

last_word AS (
  SELECT
    customer_key,
    channel_key,
    max(said_at) FILTER (WHERE status = 'granted') AS granted_at,
    coalesce(max(said_at) FILTER (WHERE status <> 'granted'), TIMESTAMP '-infinity') AS withdrawn_at
  FROM word
  GROUP BY customer_key, channel_key
),

-- Key 0: no channel given, or one that the project does not know.
all_channels AS (
  SELECT customer_key, withdrawn_at
  FROM last_word
  WHERE channel_key = 0 AND withdrawn_at > TIMESTAMP '-infinity'
)

SELECT
  customer.customer_id,
  channel.channel,
  CASE
    WHEN
      channel.channel IS NOT NULL
      -- Later, not as late: at the same moment the withdrawal wins.
      AND last_word.granted_at > last_word.withdrawn_at
      AND last_word.granted_at > coalesce(all_channels.withdrawn_at, TIMESTAMP '-infinity')
      THEN 'granted'
    ELSE 'withdrawn'
  END AS status
FROM last_word
INNER JOIN dim_customer AS customer ON customer.customer_key = last_word.customer_key
INNER JOIN dim_channel AS channel ON channel.channel_key = last_word.channel_key
LEFT JOIN all_channels ON all_channels.customer_key = last_word.customer_key
-- A grant for no known channel opens none.
WHERE last_word.channel_key > 0 OR all_channels.customer_key IS NOT NULL
ORDER BY customer.customer_id, channel.channel NULLS FIRST
