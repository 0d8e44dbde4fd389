-- One row is one customer: 30,000 x the scale factor.
CREATE OR REPLACE TABLE customer AS
WITH shuffled AS (
  -- As many customers in each city as in the next, to within one, so that no query is rare by bad luck.
  SELECT
    key,
    (row_number() OVER (ORDER BY draw(key, 'c_city', $seed, 1000000007), key) - 1) * 250 // $customers AS city_no
  FROM range(1, $customers + 1) AS r(key)
)
SELECT
  CAST(key AS INTEGER) AS c_custkey,
  'Customer#' || lpad(CAST(key AS VARCHAR), 9, '0') AS c_name,
  left(md5('c_address ' || $seed || ' ' || key), 10 + draw(key, 'c_address', $seed, 16)) AS c_address,
  city AS c_city,
  nation AS c_nation,
  region AS c_region,
  concat_ws(
    '-',
    country_code,
    100 + draw(key, 'c_phone 1', $seed, 900),
    100 + draw(key, 'c_phone 2', $seed, 900),
    1000 + draw(key, 'c_phone 3', $seed, 9000)
  ) AS c_phone,
  ['AUTOMOBILE', 'BUILDING', 'FURNITURE', 'HOUSEHOLD', 'MACHINERY'][1 + draw(key, 'c_mktsegment', $seed, 5)]
    AS c_mktsegment
FROM shuffled JOIN city USING (city_no)
ORDER BY key
