-- The whole company: which part of its revenue is margin, over the lines whose cost is known.
SELECT CAST(sum(revenue - cost) AS DOUBLE) / nullif(CAST(sum(revenue) AS DOUBLE), 0) AS margin_share
FROM fct_sale
WHERE cost IS NOT NULL AND sold_at < $as_of
