-- One article.
SELECT
  article AS product_id,
  label AS product_name,
  department,
  category,
  type AS product_type,
  brand
FROM raw_articles
