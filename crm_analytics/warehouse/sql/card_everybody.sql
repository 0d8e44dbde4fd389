-- One row per day with a sale: what everybody bought on it, and how much of that on discount.  Returns are not bought.
SELECT
  date_key,
  count(*) AS lines,
  sum(revenue) AS revenue,
  sum(coalesce(discount, 0)) AS discount,
  count(*) FILTER (WHERE discount > 0) AS discounted_lines,
  coalesce(sum(revenue) FILTER (WHERE discount > 0), 0) AS discounted_revenue
FROM fct_sale
WHERE customer_key > 0 AND quantity > 0
GROUP BY date_key
ORDER BY date_key
