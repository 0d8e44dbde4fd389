-- One row is one day from 1992-01-01 to 1998-12-31: 2,557 days.
CREATE OR REPLACE TABLE date AS
SELECT
  CAST(year(day) * 10000 + month(day) * 100 + day(day) AS INTEGER) AS d_datekey,
  strftime(day, '%B %-d, %Y') AS d_date,
  dayname(day) AS d_dayofweek,
  monthname(day) AS d_month,
  CAST(year(day) AS INTEGER) AS d_year,
  CAST(year(day) * 100 + month(day) AS INTEGER) AS d_yearmonthnum,
  strftime(day, '%b%Y') AS d_yearmonth,
  CAST(1 + dayofweek(day) AS INTEGER) AS d_daynuminweek,
  CAST(day(day) AS INTEGER) AS d_daynuminmonth,
  CAST(dayofyear(day) AS INTEGER) AS d_daynuminyear,
  CAST(month(day) AS INTEGER) AS d_monthnuminyear,
  -- Weeks of seven days from January 1st on, so that each but the 53rd is a whole one of its year.
  CAST(1 + (dayofyear(day) - 1) // 7 AS INTEGER) AS d_weeknuminyear,
  CASE
    WHEN month(day) >= 11 THEN 'Christmas'
    WHEN month(day) >= 9 THEN 'Fall'
    WHEN month(day) >= 5 THEN 'Summer'
    WHEN month(day) = 4 THEN 'Spring'
    ELSE 'Winter'
  END AS d_sellingseason,
  CAST(dayofweek(day) = 6 AS INTEGER) AS d_lastdayinweekfl,
  CAST(day = last_day(day) AS INTEGER) AS d_lastdayinmonthfl,
  CAST(strftime(day, '%m-%d') IN ('01-01', '07-04', '11-11', '12-24', '12-25', '12-31') AS INTEGER) AS d_holidayfl,
  CAST(dayofweek(day) BETWEEN 1 AND 5 AS INTEGER) AS d_weekdayfl
FROM (
  SELECT CAST(day AS DATE) AS day
  FROM range(DATE '1992-01-01', DATE '1999-01-01', INTERVAL 1 DAY) AS r(day)
)
ORDER BY 1
