-- One row: the first and the last day with a sale.
SELECT CAST(min(sold_at) AS DATE) AS first_day, CAST(max(sold_at) AS DATE) AS last_day
FROM fct_sale
