-- One store.
SELECT store_no AS store_id, store_name, region, city
FROM raw_stores
