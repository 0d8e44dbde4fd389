-- One row: how the years of the retail calendar begin and how their quarters are cut.
CREATE OR REPLACE TABLE retail_calendar AS
SELECT
  CAST($fiscal_month AS INTEGER) AS fiscal_month,
  CAST($first_weekday AS INTEGER) AS first_weekday,
  CAST($slack_days AS INTEGER) AS slack_days,
  CAST($later_by AS INTEGER) AS later_by,
  CAST($first_weeks AS INTEGER) AS first_weeks,
  CAST($second_weeks AS INTEGER) AS second_weeks
