-- contacts: contacts, minutes by contact.kind
SELECT
  coalesce("fct_contact"."contact.kind", 'No kind') AS "contact.kind",
  count(*) AS "contacts",
  sum(minutes) AS "minutes"
FROM (SELECT *, nullif("kind", 'No kind') AS "contact.kind", nullif("direction", 'Unknown') AS "contact.direction" FROM "fct_contact") AS "fct_contact"
WHERE ("fct_contact"."contact.direction" = 'inbound')
GROUP BY "fct_contact"."contact.kind"
HAVING (sum(minutes) > 5)
ORDER BY
  "fct_contact"."contact.kind" NULLS LAST
