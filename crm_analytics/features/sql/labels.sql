-- One row per known customer with an order in [$as_of, $until): the future, for training and testing only.
SELECT
  customer.customer_id,
  count(DISTINCT sale.order_id) AS orders,
  sum(sale.revenue) AS spend
FROM fct_sale AS sale
INNER JOIN dim_customer AS customer ON customer.customer_key = sale.customer_key
WHERE sale.customer_key <> 0
  AND sale.sold_at >= CAST($as_of AS TIMESTAMP) AND sale.sold_at < CAST($until AS TIMESTAMP)
GROUP BY customer.customer_id
