-- sales: revenue, customers by product.department, the 2 with the largest revenue, with totals
WITH "ranked_sales_cell" AS (  -- one combination of product.department, from sales
  SELECT
    "product"."department" AS "product.department",
    CAST(sum(revenue) AS DECIMAL(18,2)) AS "revenue"
  FROM "fct_sale"
  JOIN "dim_product" AS "product" ON "product"."product_key" = "fct_sale"."product_key"
  GROUP BY 1
), "top_member" AS (  -- one of the 2 members of product.department with the largest revenue
  SELECT
    "cell"."product.department" AS "top member 0",
    row_number() OVER (ORDER BY "cell"."revenue" DESC NULLS LAST, "cell"."product.department") AS "top rank"
  FROM "ranked_sales_cell" AS "cell"
  QUALIFY "top rank" <= 2
), "sales_cell" AS (  -- one combination of product.department, from sales
  SELECT
    CASE WHEN "top rank" IS NOT NULL THEN "product"."department" END AS "product.department",
    "top rank",
    GROUPING("top rank") AS "product.department rolled up",
    CAST(sum(revenue) AS DECIMAL(18,2)) AS "revenue",
    count(DISTINCT customer_key) FILTER (WHERE customer_key <> 0) AS "customers"
  FROM "fct_sale"
  JOIN "dim_product" AS "product" ON "product"."product_key" = "fct_sale"."product_key"
  LEFT JOIN "top_member" ON "top member 0" IS NOT DISTINCT FROM "product"."department"
  GROUP BY GROUPING SETS ((1, 2), ())
)
SELECT
  CASE WHEN "cell"."product.department rolled up" = 0 THEN CASE WHEN "cell"."top rank" IS NULL THEN 'Others' ELSE coalesce("cell"."product.department", 'Unknown product') END END AS "product.department",
  "cell"."top rank" IS NULL AND "cell"."product.department rolled up" = 0 AS "others",
  CASE WHEN "cell"."product.department rolled up" = 1 THEN 'all' ELSE '' END AS "total",
  "cell"."top rank" AS "product.department order",
  "cell"."revenue" AS "revenue",
  "cell"."customers" AS "customers"
FROM "sales_cell" AS "cell"
ORDER BY
  "cell"."product.department rolled up",
  "cell"."top rank" IS NULL,
  "cell"."top rank" NULLS LAST
