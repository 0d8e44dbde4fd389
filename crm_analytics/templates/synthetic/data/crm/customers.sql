-- One version of a customer of the CRM: a tier, and since when.  Everything in a CSV is text; the load reads the date.
SELECT
  customer_no AS customer_id,
  full_name AS name,
  email,
  phone,
  country,
  registered AS registered_on,
  card AS loyalty_id,
  born AS birth_date,
  postcode,
  town AS city,
  updated AS changed_at,
  planted_segment, -- the truth that a segmentation should find; a real CRM has no such column
  tier,
  since AS valid_from
FROM raw_customers
LEFT JOIN raw_customer_changes USING (customer_no)
