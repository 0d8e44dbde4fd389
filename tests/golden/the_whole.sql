-- sales: revenue, order_value
SELECT
  sum(revenue) AS "revenue",
  CAST(CAST(sum(revenue) AS DECIMAL(18,2)) AS DOUBLE) / nullif(count(DISTINCT order_id), 0) AS "order_value"
FROM "fct_sale"
