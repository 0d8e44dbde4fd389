-- One product promoted in one store in one week, at one place in the store and one in the mailer.
-- Week 1 is Sunday 2017-01-01; every later week begins on a Monday.
SELECT
  product_id,
  store_id,
  greatest(DATE '2016-12-26' + CAST(7 * (week - 1) AS INTEGER), DATE '2017-01-01') AS week_start,
  display_location AS display,
  mailer_location AS mailer
FROM raw_promotions
