-- sales: revenue, order_value
WITH "sales_cell" AS (  -- the whole, from sales
  SELECT
    CAST(sum(revenue) AS DECIMAL(18,2)) AS "revenue",
    count(DISTINCT order_id) AS "orders"
  FROM "fct_sale"
)
SELECT
  "cell"."revenue" AS "revenue",
  CAST("cell"."revenue" AS DOUBLE) / nullif("cell"."orders", 0) AS "order_value"
FROM "sales_cell" AS "cell"
