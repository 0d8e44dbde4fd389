-- One line of one receipt.  A receipt names a product once, so the product number also tells its lines apart.
SELECT
  basket_id AS order_id,
  product_id AS line_id,
  household_id AS customer_id,
  product_id,
  store_id,
  'store' AS channel,
  -- The file keeps UTC; the till stood in New York's time zone, on which its own week numbers agree for every line.
  -- Written out for 2017, the year of the file: timezone() gives the same and takes ten times as long.
  transaction_timestamp - CASE
    WHEN transaction_timestamp >= TIMESTAMP '2017-03-12 07:00' AND transaction_timestamp < TIMESTAMP '2017-11-05 06:00'
    THEN INTERVAL 4 HOUR
    ELSE INTERVAL 5 HOUR
  END AS sold_at,
  quantity,
  sales_value AS revenue, -- what the store received; discounts are already taken off
  -- Each part is made exact first: the sum of binary fractions would not be.
  CAST(retail_disc AS DECIMAL(18,2)) + CAST(coupon_disc AS DECIMAL(18,2)) + CAST(coupon_match_disc AS DECIMAL(18,2))
    AS discount,
  CAST(coupon_disc AS DECIMAL(18,2)) + CAST(coupon_match_disc AS DECIMAL(18,2)) AS coupon_discount
FROM raw_transactions
