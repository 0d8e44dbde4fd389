-- One day of the calendar, from the first to the last year that a fact or score speaks of; key 0 is the unknown day.
CREATE OR REPLACE TABLE dim_date AS
WITH days AS (
  SELECT CAST(d AS DATE) AS date
  FROM range(
    make_date(CAST($first_year AS INTEGER), 1, 1), make_date(CAST($last_year AS INTEGER) + 1, 1, 1), INTERVAL 1 DAY
  ) t(d)
), fiscal_year AS (  -- one fiscal year, which begins on the last such weekday up to some days after its month begins
  SELECT
    y + later_by AS retail_year,
    latest - CAST((isodow(latest) - first_weekday + 7) % 7 AS INTEGER) AS first_day
  FROM (
    SELECT y, make_date(y, fiscal_month, 1) + slack_days AS latest, first_weekday, later_by
    FROM range(CAST($first_year AS INTEGER) - 1, CAST($last_year AS INTEGER) + 2) t(y), retail_calendar
  )
), retail AS (  -- one day, with its fiscal year and the week of it
  SELECT date, retail_year, (date - first_day) // 7 + 1 AS week_no
  FROM days ASOF JOIN fiscal_year ON date >= first_day
), quarters AS (  -- the same, with the quarter of 13 weeks, the last one of 14 where a year has 53
  SELECT *, least((week_no - 1) // 13, 3) + 1 AS quarter_no
  FROM retail
), periods AS (  -- the same, with the period of 4 or 5 weeks
  SELECT
    *,
    3 * (quarter_no - 1) + CASE
      WHEN week_no - 13 * (quarter_no - 1) <= first_weeks THEN 1
      WHEN week_no - 13 * (quarter_no - 1) <= first_weeks + second_weeks THEN 2
      ELSE 3
    END AS period_no
  FROM quarters, retail_calendar
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
  isodow(date) > 5 AS is_weekend,
  CAST(retail_year AS INTEGER) AS retail_year,
  retail_year || '-Q' || quarter_no AS retail_quarter,
  retail_year || '-P' || lpad(CAST(period_no AS VARCHAR), 2, '0') AS retail_period,
  retail_year || '-W' || lpad(CAST(week_no AS VARCHAR), 2, '0') AS retail_week,
  CAST(period_no AS INTEGER) AS retail_period_no,
  CAST(week_no AS INTEGER) AS retail_week_no
FROM periods
UNION ALL
SELECT 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
ORDER BY date_key
