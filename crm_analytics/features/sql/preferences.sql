-- One row per known customer with at least one order before $as_of: their channels and their last order day.
WITH sale_line AS (
  SELECT customer_key, order_id, channel_key, sold_at
  FROM fct_sale
  WHERE customer_key <> 0 AND sold_at < CAST($as_of AS TIMESTAMP)
),

buyer AS (
  SELECT customer_key, CAST(max(sold_at) AS DATE) AS last_order_on
  FROM sale_line
  GROUP BY customer_key
),

order_channel AS (
  SELECT line.customer_key, channel.channel, count(DISTINCT line.order_id) AS orders
  FROM sale_line AS line
  INNER JOIN dim_channel AS channel ON channel.channel_key = line.channel_key
  WHERE channel.channel IS NOT NULL
  GROUP BY line.customer_key, channel.channel
),

favourite AS (
  SELECT
    customer_key,
    channel,
    row_number() OVER (PARTITION BY customer_key ORDER BY orders DESC, channel) AS place
  FROM order_channel
),

-- A complaint or an opt-out answers a campaign too, but it does not speak for the channel.
answered_channel AS (
  SELECT response.customer_key, channel.channel, count(DISTINCT response.response_id) AS responses
  FROM fct_response AS response
  INNER JOIN fct_contact AS contact
    ON contact.customer_key = response.customer_key AND contact.campaign_key = response.campaign_key
  INNER JOIN dim_channel AS channel ON channel.channel_key = contact.channel_key
  WHERE response.customer_key <> 0
    AND response.campaign_key <> 0
    AND response.response_kind NOT IN ('complaint', 'opt_out')
    AND response.responded_at < CAST($as_of AS TIMESTAMP)
    AND contact.direction = 'outbound'
    AND contact.contacted_at <= response.responded_at
    AND channel.channel IS NOT NULL
  GROUP BY response.customer_key, channel.channel
),

responding AS (
  SELECT
    customer_key,
    channel,
    row_number() OVER (PARTITION BY customer_key ORDER BY responses DESC, channel) AS place
  FROM answered_channel
)

SELECT
  customer.customer_id,
  favourite.channel AS favourite_channel,
  buyer.last_order_on,
  responding.channel AS responding_channel
FROM buyer
INNER JOIN dim_customer AS customer ON customer.customer_key = buyer.customer_key
LEFT JOIN favourite ON favourite.customer_key = buyer.customer_key AND favourite.place = 1
LEFT JOIN responding ON responding.customer_key = buyer.customer_key AND responding.place = 1
ORDER BY customer.customer_id
