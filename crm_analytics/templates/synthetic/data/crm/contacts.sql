-- One contact, in or out.  "out" means that we spoke first.
SELECT
  contact_no AS contact_id,
  customer_no AS customer_id,
  campaign_code AS campaign_id,
  channel,
  "at" AS contacted_at,
  CASE direction WHEN 'out' THEN 'outbound' WHEN 'in' THEN 'inbound' ELSE direction END AS direction,
  kind AS contact_kind,
  result AS outcome,
  cost
FROM raw_contacts
