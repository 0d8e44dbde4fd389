-- One article.  Names are not in the data; the type is the finest group that people would recognise.
SELECT
  product_id,
  department,
  product_category AS category,
  product_type,
  brand,
  package_size,
  manufacturer_id
FROM raw_products
