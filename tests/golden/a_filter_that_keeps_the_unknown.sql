-- sales: revenue
SELECT
  sum(revenue) AS "revenue"
FROM "fct_sale"
JOIN "dim_customer" AS "customer" ON "customer"."customer_key" = "fct_sale"."customer_key"
JOIN "dim_product" AS "product" ON "product"."product_key" = "fct_sale"."product_key"
JOIN "dim_date" AS "date" ON "date"."date_key" = "fct_sale"."date_key"
WHERE ("customer"."age" IS DISTINCT FROM '30-39')
  AND (((("product"."department" IS NULL OR "product"."department" = 'FOOD' OR "product"."department" = 'Unknown product')) OR ("date"."year" < 2017)) IS NOT TRUE)
