-- One row is one supplier: 2,000 x the scale factor.
CREATE OR REPLACE TABLE supplier AS
WITH shuffled AS (
  -- As many suppliers in each city as in the next, to within one.
  SELECT
    key,
    (row_number() OVER (ORDER BY draw(key, 's_city', $seed, 1000000007), key) - 1) * 250 // $suppliers AS city_no
  FROM range(1, $suppliers + 1) AS r(key)
)
SELECT
  CAST(key AS INTEGER) AS s_suppkey,
  'Supplier#' || lpad(CAST(key AS VARCHAR), 9, '0') AS s_name,
  left(md5('s_address ' || $seed || ' ' || key), 10 + draw(key, 's_address', $seed, 16)) AS s_address,
  city AS s_city,
  nation AS s_nation,
  region AS s_region,
  concat_ws(
    '-',
    country_code,
    100 + draw(key, 's_phone 1', $seed, 900),
    100 + draw(key, 's_phone 2', $seed, 900),
    1000 + draw(key, 's_phone 3', $seed, 9000)
  ) AS s_phone
FROM shuffled JOIN city USING (city_no)
ORDER BY key
