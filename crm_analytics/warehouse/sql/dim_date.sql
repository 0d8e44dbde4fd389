-- One day of the calendar, from the first to the last year that a fact or score speaks of; key 0 is the unknown day.
CREATE OR REPLACE TABLE dim_date AS
WITH days AS (
  SELECT CAST(d AS DATE) AS date
  FROM range(
    make_date(CAST($first_year AS INTEGER), 1, 1), make_date(CAST($last_year AS INTEGER) + 1, 1, 1), INTERVAL 1 DAY
  ) t(d)
)
SELECT
  CAST(year(date) * 10000 + month(date) * 100 + day(date) AS INTEGER) AS date_key,
  date,
  CAST(year(date) AS INTEGER) AS year,
  strftime(date, '%Y') || '-Q' || quarter(date) AS quarter,
  strftime(date, '%Y-%m') AS month,
  strftime(date, '%G-W%V') AS iso_week,
  CAST(quarter(date) AS INTEGER) AS quarter_no,
  CAST(month(date) AS INTEGER) AS month_no,
  monthname(date) AS month_name,
  CAST(isodow(date) AS INTEGER) AS weekday_no,
  dayname(date) AS weekday,
  isodow(date) > 5 AS is_weekend
FROM days
UNION ALL
SELECT 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
ORDER BY date_key
