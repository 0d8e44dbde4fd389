-- One article promoted in one store in one week at one place.
SELECT
  article AS product_id,
  store_no AS store_id,
  week_from AS week_start,
  display,
  mailer
FROM raw_promotions
