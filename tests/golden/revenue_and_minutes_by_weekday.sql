-- sales: revenue, contacts.minutes by date.weekday
WITH "sales_cell" AS (  -- one combination of date.weekday, from sales
  SELECT
    "date"."weekday" AS "date.weekday",
    min("date"."weekday_no") AS "date.weekday order",
    CAST(sum(revenue) AS DECIMAL(18,2)) AS "revenue"
  FROM "fct_sale"
  JOIN "dim_date" AS "date" ON "date"."date_key" = "fct_sale"."date_key"
  GROUP BY 1
), "contacts_cell" AS (  -- one combination of date.weekday, from contacts
  SELECT
    "date"."weekday" AS "date.weekday",
    min("date"."weekday_no") AS "date.weekday order",
    CAST(sum(minutes) AS DECIMAL(18,2)) AS "contacts.minutes"
  FROM "fct_contact"
  JOIN "dim_date" AS "date" ON "date"."date_key" = "fct_contact"."date_key"
  GROUP BY 1
), "all_cell" AS (  -- one combination of date.weekday, with the measures of all
  SELECT
    "date.weekday",
    min("date.weekday order") AS "date.weekday order",
    max("revenue") AS "revenue",
    max("contacts.minutes") AS "contacts.minutes"
  FROM (
    SELECT "date.weekday", "date.weekday order", "revenue", NULL AS "contacts.minutes" FROM "sales_cell"
    UNION ALL
    SELECT "date.weekday", "date.weekday order", NULL AS "revenue", "contacts.minutes" FROM "contacts_cell"
  ) AS part
  GROUP BY 1
)
SELECT
  coalesce("cell"."date.weekday", 'Unknown day') AS "date.weekday",
  "cell"."date.weekday order" AS "date.weekday order",
  "cell"."revenue" AS "revenue",
  "cell"."contacts.minutes" AS "contacts.minutes"
FROM "all_cell" AS "cell"
ORDER BY
  "cell"."date.weekday order" NULLS LAST,
  "cell"."date.weekday" NULLS LAST
