-- contacts: contacts, minutes by contact.kind
WITH "contacts_cell" AS (  -- one combination of contact.kind, from contacts
  SELECT
    "contact.kind",
    count(*) AS "contacts",
    CAST(sum(minutes) AS DECIMAL(18,2)) AS "minutes"
  FROM (SELECT *, nullif("kind", 'No kind') AS "contact.kind", nullif("direction", 'Unknown') AS "contact.direction" FROM "fct_contact") AS "fct_contact"
  WHERE ("contact.direction" = 'inbound')
  GROUP BY 1
)
SELECT
  coalesce("cell"."contact.kind", 'No kind') AS "contact.kind",
  "cell"."contacts" AS "contacts",
  "cell"."minutes" AS "minutes"
FROM "contacts_cell" AS "cell"
WHERE ("cell"."minutes" > 5)
ORDER BY
  "cell"."contact.kind" NULLS LAST
