-- One row per score that a model made of one customer as of $as_of or before.
SELECT model, score_name AS name, value, coalesce(label, '') AS label, as_of
FROM fct_score
WHERE customer_key = $customer_key AND as_of <= $as_of
ORDER BY model, name
