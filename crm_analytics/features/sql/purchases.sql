-- One row per known item of an order of a known customer in [$start, $as_of).
-- "{item}" is the attribute of dim_product that is "the item"; purchases.py writes its name in, since a name
-- cannot be bound, and for "{products}" it writes dim_product as it was known.
-- The unknown product has no attributes, so its lines have no item.
WITH sale_line AS (
  SELECT
    sale.customer_key,
    sale.order_id,
    sale.sold_at,
    sale.revenue,
    CAST(product."{item}" AS VARCHAR) AS item
  FROM fct_sale AS sale
  LEFT JOIN "{products}" AS product ON product.product_key = sale.product_key
  WHERE sale.customer_key <> 0
    AND sale.sold_at >= CAST($start AS TIMESTAMP) AND sale.sold_at < CAST($as_of AS TIMESTAMP)
),

known_order AS (
  SELECT customer_key, order_id, min(sold_at) AS ordered_at
  FROM sale_line
  GROUP BY customer_key, order_id
  HAVING count(item) > 0
),

coded_order AS (
  SELECT
    customer_key,
    order_id,
    CAST(ordered_at AS DATE) AS ordered_on,
    row_number() OVER (ORDER BY ordered_at, order_id, customer_key) - 1 AS order_code
  FROM known_order
),

order_item AS (
  SELECT customer_key, order_id, item, CAST(sum(revenue) AS DOUBLE) AS spend
  FROM sale_line
  WHERE item IS NOT NULL
  GROUP BY customer_key, order_id, item
)

SELECT
  customer.customer_id,
  o.order_code,
  i.item,
  date_diff('day', o.ordered_on, $as_of) AS days_ago,
  i.spend
FROM order_item AS i
INNER JOIN coded_order AS o ON o.customer_key = i.customer_key AND o.order_id = i.order_id
INNER JOIN dim_customer AS customer ON customer.customer_key = i.customer_key
