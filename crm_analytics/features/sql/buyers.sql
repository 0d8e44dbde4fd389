-- One row per known customer with any order line in [$start, $as_of).
SELECT customer.customer_id
FROM fct_sale AS sale
INNER JOIN dim_customer AS customer ON customer.customer_key = sale.customer_key
WHERE sale.customer_key <> 0
  AND sale.sold_at >= CAST($start AS TIMESTAMP) AND sale.sold_at < CAST($as_of AS TIMESTAMP)
GROUP BY customer.customer_id
ORDER BY customer.customer_id
