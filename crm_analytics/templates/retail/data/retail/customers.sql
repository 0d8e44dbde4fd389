-- One household with a loyalty card: everyone who bought, with the demographics that 801 of them gave.
SELECT
  household_id AS customer_id,
  d.age,
  d.income,
  d.home_ownership,
  d.marital_status,
  d.household_size,
  d.household_comp,
  d.kids_count
FROM (SELECT household_id FROM raw_transactions UNION SELECT household_id FROM raw_demographics) h
LEFT JOIN raw_demographics d USING (household_id)
