-- sales: revenue, customers by product.department, date.quarter, with totals
SELECT
  CASE WHEN GROUPING("product"."department") = 0 THEN coalesce("product"."department", 'Unknown product') END AS "product.department",
  CASE WHEN GROUPING("date"."quarter") = 0 THEN coalesce("date"."quarter", 'Unknown day') END AS "date.quarter",
  CASE WHEN GROUPING("product"."department") = 1 THEN 'all' WHEN GROUPING("date"."quarter") = 1 THEN 'date.quarter' ELSE '' END AS "total",
  sum(revenue) AS "revenue",
  count(DISTINCT customer_key) FILTER (WHERE customer_key <> 0) AS "customers"
FROM "fct_sale"
JOIN "dim_product" AS "product" ON "product"."product_key" = "fct_sale"."product_key"
JOIN "dim_date" AS "date" ON "date"."date_key" = "fct_sale"."date_key"
GROUP BY GROUPING SETS (("product"."department", "date"."quarter"), ("product"."department"), ())
ORDER BY
  GROUPING("product"."department"),
  "product"."department" NULLS LAST,
  GROUPING("date"."quarter"),
  "date"."quarter" NULLS LAST
