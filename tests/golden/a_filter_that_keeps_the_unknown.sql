-- sales: revenue
WITH "sales_cell" AS (  -- the whole, from sales
  SELECT
    CAST(sum(revenue) AS DECIMAL(18,2)) AS "revenue"
  FROM "fct_sale"
  JOIN (SELECT "customer_key" AS "customer key", nullif("age", 'Not stated') AS "customer.age" FROM "dim_customer") AS "customer"
    ON "customer key" = "fct_sale"."customer_key"
  JOIN (SELECT "product_key" AS "product key", nullif("department", 'Unknown product') AS "product.department" FROM "dim_product") AS "product"
    ON "product key" = "fct_sale"."product_key"
  JOIN (SELECT "date_key" AS "date key", "year" AS "date.year" FROM "dim_date") AS "date"
    ON "date key" = "fct_sale"."date_key"
  WHERE ("customer.age" IS DISTINCT FROM '30-39')
    AND (((("product.department" IS NULL OR "product.department" = 'FOOD' OR "product.department" = 'Unknown product')) OR ("date.year" < 2017)) IS NOT TRUE)
)
SELECT
  "cell"."revenue" AS "revenue"
FROM "sales_cell" AS "cell"
