-- sales: revenue by customer.region, date.quarter, with totals
WITH "sales_cell" AS (  -- one combination of customer.region, date.quarter, from sales
  SELECT
    "customer"."region" AS "customer.region",
    "date"."quarter" AS "date.quarter",
    GROUPING("customer"."region") AS "customer.region rolled up",
    GROUPING("date"."quarter") AS "date.quarter rolled up",
    CAST(sum(revenue) AS DECIMAL(18,2)) AS "revenue"
  FROM "fct_sale"
  JOIN "dim_customer" AS "customer" ON "customer"."customer_key" = "fct_sale"."customer_key"
  JOIN "dim_date" AS "date" ON "date"."date_key" = "fct_sale"."date_key"
  GROUP BY GROUPING SETS ((1, 2), (1), (2), ())
)
SELECT
  CASE WHEN "cell"."customer.region rolled up" = 0 THEN coalesce("cell"."customer.region", 'Unknown customer') END AS "customer.region",
  CASE WHEN "cell"."date.quarter rolled up" = 0 THEN coalesce("cell"."date.quarter", 'Unknown day') END AS "date.quarter",
  CASE WHEN "cell"."customer.region rolled up" = 1 AND "cell"."date.quarter rolled up" = 1 THEN 'all' WHEN "cell"."customer.region rolled up" = 1 AND "cell"."date.quarter rolled up" = 0 THEN 'customer.region' WHEN "cell"."date.quarter rolled up" = 1 THEN 'date.quarter' ELSE '' END AS "total",
  "cell"."date.quarter" AS "date.quarter order",
  "cell"."revenue" AS "revenue"
FROM "sales_cell" AS "cell"
ORDER BY
  "cell"."customer.region rolled up",
  max(CASE WHEN "cell"."date.quarter rolled up" = 1 THEN "cell"."revenue" END) OVER (PARTITION BY "cell"."customer.region", "cell"."customer.region rolled up") DESC NULLS LAST,
  "cell"."customer.region" NULLS LAST,
  "cell"."date.quarter rolled up",
  "cell"."date.quarter" NULLS LAST
