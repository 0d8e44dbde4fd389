"""Which customer an id is, for rows that only name one: a sale, a consent, a response.

May import: nothing.   Imported by: whoever keys facts.
"""


def customers_of(ids: str) -> str:
    """SELECT of source, id and customer_id for each row (source, id) of the relation `ids`.

    An id means the record of its own source.  A source that brings no such record (a register of
    consents, a shop's orders) speaks of the records of the others, as long as they agree on
    who that is; or it names the customer itself.  Otherwise customer_id is NULL, and nobody is guessed.
    """
    return f"""SELECT n.source, n.id, coalesce(own.customer_id, theirs.customer_id, itself.customer_id) AS customer_id
FROM {ids} n
LEFT JOIN customer_identity own ON own.source = n.source AND own.record_id = n.id
LEFT JOIN (
  SELECT record_id, CASE WHEN count(DISTINCT customer_id) = 1 THEN min(customer_id) END AS customer_id
  FROM customer_identity GROUP BY 1
) theirs ON theirs.record_id = n.id
LEFT JOIN (SELECT DISTINCT customer_id FROM customer_identity) itself ON itself.customer_id = n.id"""
