"""Which customer an id is, for rows that only name one: a sale, a consent, a response.

An id means the record of its own source.  A source that brings no such record (a
register of consents, a shop's orders) speaks of the records of the others, or
names the customer itself.  Text in, text out.

May import: nothing.   Imported by: warehouse.consent_ledger, and whoever keys facts.
"""


def candidates_of(ids: str) -> str:
    """SELECT of source, id and customer_id: each customer that an id of the relation `ids` (source, id) can mean."""
    return f"""SELECT DISTINCT n.source, n.id,
  coalesce(own.customer_id, theirs.customer_id, itself.customer_id) AS customer_id
FROM {ids} n
LEFT JOIN customer_identity own ON own.source = n.source AND own.record_id = n.id
LEFT JOIN customer_identity theirs ON theirs.record_id = n.id AND own.customer_id IS NULL
LEFT JOIN customer_identity itself
  ON itself.customer_id = n.id AND own.customer_id IS NULL AND theirs.customer_id IS NULL"""


def customers_of(ids: str) -> str:
    """SELECT of source, id and customer_id, one row an id; NULL where it is nobody or could be several."""
    return (
        "SELECT source, id, CASE WHEN count(DISTINCT customer_id) = 1 THEN min(customer_id) END AS customer_id "
        f"FROM ({candidates_of(ids)}) GROUP BY 1, 2"
    )
