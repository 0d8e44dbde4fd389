-- One customer of the CRM.  Everything in a CSV is text; the load reads the date.
SELECT
  customer_no AS customer_id,
  full_name AS name,
  email,
  phone,
  country,
  registered AS registered_on,
  planted_segment -- the truth that a segmentation should find; a real CRM has no such column
FROM raw_customers
