-- One row per known customer with at least one order before $as_of: what they did until then.
-- "{products}" stands for dim_product as it was known; customers.py writes it in.
-- Windows are half-open, [$as_of - n days, $as_of), and an order belongs to the day of its first line.
WITH sale_line AS (
  SELECT
    sale.customer_key,
    sale.order_id,
    CAST(sale.sold_at AS DATE) AS sold_on,
    sale.product_key,
    sale.revenue,
    coalesce(sale.discount, 0) AS discount
  FROM fct_sale AS sale
  WHERE sale.customer_key <> 0 AND sale.sold_at < CAST($as_of AS TIMESTAMP)
),

customer_order AS (
  SELECT customer_key, order_id, min(sold_on) AS ordered_on, sum(revenue) AS spend
  FROM sale_line
  GROUP BY customer_key, order_id
),

order_total AS (
  SELECT
    customer_key,
    count(*) AS orders,
    sum(spend) AS spend,
    min(ordered_on) AS first_order_on,
    max(ordered_on) AS last_order_on,
    sum(CASE WHEN ordered_on >= $from_30 THEN 1 ELSE 0 END) AS orders_30d,
    sum(CASE WHEN ordered_on >= $from_90 THEN 1 ELSE 0 END) AS orders_90d,
    sum(CASE WHEN ordered_on >= $from_180 THEN 1 ELSE 0 END) AS orders_180d,
    sum(CASE WHEN ordered_on >= $from_30 THEN spend ELSE 0 END) AS spend_30d,
    sum(CASE WHEN ordered_on >= $from_90 THEN spend ELSE 0 END) AS spend_90d,
    sum(CASE WHEN ordered_on >= $from_180 THEN spend ELSE 0 END) AS spend_180d
  FROM customer_order
  GROUP BY customer_key
),

order_day AS (
  SELECT
    customer_key,
    ordered_on,
    sum(spend) AS spend,
    lag(ordered_on) OVER (PARTITION BY customer_key ORDER BY ordered_on) AS previous_on
  FROM customer_order
  GROUP BY customer_key, ordered_on
),

-- previous_on is NULL on the first day of each customer, so these aggregates speak of the repeat days alone.
-- stddev_samp of one gap is NULL by definition.
day_total AS (
  SELECT
    customer_key,
    count(*) AS order_days,
    avg(CAST(date_diff('day', previous_on, ordered_on) AS DOUBLE)) AS gap_mean_days,
    stddev_samp(CAST(date_diff('day', previous_on, ordered_on) AS DOUBLE)) AS gap_sd_days,
    max(date_diff('day', previous_on, ordered_on)) AS gap_max_days,
    CAST(sum(CASE WHEN previous_on IS NOT NULL THEN spend END) AS DOUBLE) / nullif(count(previous_on), 0)
      AS mean_repeat_value
  FROM order_day
  GROUP BY customer_key
),

line_total AS (
  SELECT
    line.customer_key,
    count(DISTINCT nullif(line.product_key, 0)) AS items,
    count(DISTINCT product.department) AS departments,
    CAST(sum(line.discount) AS DOUBLE) AS discount,
    CAST(sum(line.revenue + line.discount) AS DOUBLE) AS list_value
  FROM sale_line AS line
  LEFT JOIN "{products}" AS product ON product.product_key = line.product_key
  GROUP BY line.customer_key
),

contact_total AS (
  SELECT customer_key, count(*) AS contacts_90d
  FROM fct_contact
  WHERE direction = 'outbound'
    AND contacted_at >= CAST($from_90 AS TIMESTAMP) AND contacted_at < CAST($as_of AS TIMESTAMP)
  GROUP BY customer_key
),

response_total AS (
  SELECT customer_key, count(*) AS responses_180d
  FROM fct_response
  WHERE responded_at >= CAST($from_180 AS TIMESTAMP) AND responded_at < CAST($as_of AS TIMESTAMP)
  GROUP BY customer_key
)

SELECT
  customer.customer_id,
  o.orders,
  o.spend,
  CAST(o.spend AS DOUBLE) / nullif(o.orders, 0) AS mean_order_value,
  date_diff('day', o.first_order_on, $as_of) AS days_since_first_order,
  date_diff('day', o.last_order_on, $as_of) AS days_since_last_order,
  o.orders_30d,
  o.orders_90d,
  o.orders_180d,
  o.spend_30d,
  o.spend_90d,
  o.spend_180d,
  d.gap_mean_days,
  d.gap_sd_days,
  d.gap_max_days,
  d.order_days,
  d.order_days - 1 AS repeat_days,
  date_diff('day', o.first_order_on, o.last_order_on) AS repeat_span_days,
  date_diff('day', o.first_order_on, $as_of) AS age_days,
  d.mean_repeat_value,
  l.items,
  l.departments,
  -- More returned than bought leaves no list price to take a share of.
  CASE WHEN l.list_value > 0 THEN l.discount / nullif(l.list_value, 0) ELSE 0 END AS discount_share,
  coalesce(c.contacts_90d, 0) AS contacts_90d,
  coalesce(r.responses_180d, 0) AS responses_180d
FROM order_total AS o
INNER JOIN dim_customer AS customer ON customer.customer_key = o.customer_key
INNER JOIN day_total AS d ON d.customer_key = o.customer_key
INNER JOIN line_total AS l ON l.customer_key = o.customer_key
LEFT JOIN contact_total AS c ON c.customer_key = o.customer_key
LEFT JOIN response_total AS r ON r.customer_key = o.customer_key
ORDER BY customer.customer_id
