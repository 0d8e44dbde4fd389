-- One store, known by its number only.
SELECT store_id FROM raw_transactions
UNION
SELECT store_id FROM raw_promotions
