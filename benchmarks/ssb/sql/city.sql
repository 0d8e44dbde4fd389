-- One row is one city: 10 in each of 25 nations, 5 nations in each of 5 regions; city_no runs from 0 to 249.
CREATE OR REPLACE TEMP TABLE city AS
WITH nation AS (
  SELECT nation_no, nation, region
  FROM (
    SELECT
      ['ALGERIA', 'ETHIOPIA', 'KENYA', 'MOROCCO', 'MOZAMBIQUE',
       'ARGENTINA', 'BRAZIL', 'CANADA', 'PERU', 'UNITED STATES',
       'CHINA', 'INDIA', 'INDONESIA', 'JAPAN', 'VIETNAM',
       'FRANCE', 'GERMANY', 'ROMANIA', 'RUSSIA', 'UNITED KINGDOM',
       'EGYPT', 'IRAN', 'IRAQ', 'JORDAN', 'SAUDI ARABIA'][i + 1] AS nation,
      ['AFRICA', 'AMERICA', 'ASIA', 'EUROPE', 'MIDDLE EAST'][i // 5 + 1] AS region,
      i AS nation_no
    FROM range(25) AS r(i)
  )
)
SELECT
  CAST(10 * nation_no + digit AS INTEGER) AS city_no,
  -- The first nine letters and a digit: 'UNITED KI1', 'CHINA    4'.
  rpad(left(nation, 9), 9, ' ') || digit AS city,
  nation,
  region,
  -- Phone numbers begin with the nation's code.
  10 + nation_no AS country_code
FROM nation, range(10) AS d(digit)
