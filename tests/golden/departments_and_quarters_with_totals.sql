-- sales: revenue, customers by product.department, date.quarter, with totals
WITH "sales_cell" AS (  -- one combination of product.department, date.quarter, from sales
  SELECT
    "product.department",
    "date.quarter",
    GROUPING("product.department") AS "product.department rolled up",
    GROUPING("date.quarter") AS "date.quarter rolled up",
    CAST(sum(revenue) AS DECIMAL(18,2)) AS "revenue",
    count(DISTINCT customer_key) FILTER (WHERE customer_key <> 0) AS "customers"
  FROM "fct_sale"
  JOIN (SELECT "product_key" AS "product key", nullif("department", 'Unknown product') AS "product.department" FROM "dim_product") AS "product"
    ON "product key" = "fct_sale"."product_key"
  JOIN (SELECT "date_key" AS "date key", nullif("quarter", 'Unknown day') AS "date.quarter" FROM "dim_date") AS "date"
    ON "date key" = "fct_sale"."date_key"
  GROUP BY GROUPING SETS ((1, 2), (1), ())
)
SELECT
  CASE WHEN "cell"."product.department rolled up" = 0 THEN coalesce("cell"."product.department", 'Unknown product') END AS "product.department",
  CASE WHEN "cell"."date.quarter rolled up" = 0 THEN coalesce("cell"."date.quarter", 'Unknown day') END AS "date.quarter",
  CASE WHEN "cell"."product.department rolled up" = 1 THEN 'all' WHEN "cell"."date.quarter rolled up" = 1 THEN 'date.quarter' ELSE '' END AS "total",
  "cell"."revenue" AS "revenue",
  "cell"."customers" AS "customers"
FROM "sales_cell" AS "cell"
ORDER BY
  "cell"."product.department rolled up",
  "cell"."product.department" NULLS LAST,
  "cell"."date.quarter rolled up",
  "cell"."date.quarter" NULLS LAST
