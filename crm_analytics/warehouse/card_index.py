"""What the load writes so that one customer is found among a hundred million rows at once.

Read by `features.card`:

- `card_days_<fact>`: on which days a customer is in a large fact.  A fact is stored in
  the order of time, so these days name the few blocks of it that have to be read.  Days
  and not places of rows: a checkpoint may move rows, and a day that is too many costs a
  little time where a place that is wrong would cost rows.
- `card_everybody`: what all customers bought on each day, and how much of it on discount,
  to hold one customer against.

Beside them the consent ledger gets an index of DuckDB's own, on whose entry it is.

`card_index` says from how many rows each was made.  Where the fact has another number
by now, or rows of it got other customers, it is not used and the fact is read whole:
slower, and right.

May import: engines, sql, warehouse.consent_chain, warehouse.tables.
Imported by: warehouse.load, warehouse.rekey, features.card.
"""

from collections.abc import Collection

from crm_analytics.engines import Engine
from crm_analytics.sql import ident, statement
from crm_analytics.warehouse.consent_chain import LEDGER
from crm_analytics.warehouse.tables import FACTS

LARGE = 10_000_000  # rows; up to here the whole column of keys is read in some 5 ms
MOST_DAYS = 500  # a customer of more days is in nearly every block
EVERYBODY = "card_everybody"
SALES = "fct_sale"
LOG = "card_index"

INDEXED = tuple(
    fact.table for fact in FACTS.values() if fact.days and any(c.dimension == "customer" for c in fact.references)
)


def renew_card_index(engine: Engine, load_id: int | None = None, *, large: int = LARGE) -> None:
    """Make the index true again.

    Parameters
    ----------
    load_id : since the index was right, only this load brought rows or changed any; None makes all anew
    large   : facts of fewer rows get no index of days
    """
    engine.execute(f"CREATE TABLE IF NOT EXISTS {LOG} (made VARCHAR, fact_rows BIGINT)")
    present = engine.tables()
    for fact in INDEXED:
        if fact not in present:
            continue
        rows = _count(engine, fact)
        if rows < large:
            engine.execute(f"DROP TABLE IF EXISTS {days_table(fact)}")
            _forget(engine, days_table(fact))
        else:
            _renew(engine, days_table(fact), fact, rows, load_id)
    if SALES in present:
        _renew(engine, EVERYBODY, SALES, _count(engine, SALES), load_id)
    if LEDGER in present:
        # Keys there are texts of 64 letters: two million of them take 50 ms to look through.  DuckDB keeps it true.
        engine.execute(f"CREATE INDEX IF NOT EXISTS card_ledger ON {LEDGER} (subject)")


def forget_card_index(engine: Engine) -> None:
    """Say that rows got other customers: no index is used until it is made anew."""
    if LOG in engine.tables():
        engine.execute(f"DELETE FROM {LOG}")


def _renew(engine: Engine, made: str, fact: str, rows: int, load_id: int | None) -> None:
    known = engine.rows(f"SELECT fact_rows FROM {LOG} WHERE made = $made", {"made": made})
    news = f"(SELECT * FROM {ident(fact)} WHERE load_id = {load_id})" if known and load_id is not None else None
    if news and known == [(rows,)] and engine.rows(f"SELECT EXISTS {news}") == [(False,)]:
        return
    if made == EVERYBODY:
        engine.execute(f"CREATE OR REPLACE TABLE {EVERYBODY} AS\n{everybody_by_day()}")
    else:
        _write_days(engine, made, fact, news)
    _forget(engine, made)
    engine.execute(f"INSERT INTO {LOG} VALUES ($made, $rows)", {"made": made, "rows": rows})


def days_table(fact: str) -> str:
    """The name of the index of days of a fact."""
    return f"card_days_{fact}"


def everybody_by_day() -> str:
    """The statement behind `card_everybody`; one row a day."""
    return statement("crm_analytics.warehouse", "card_everybody")


def is_fresh(engine: Engine, made: str, fact: str, present: Collection[str]) -> bool:
    """Whether a table of this module is there, made from as many rows as the fact has now."""
    if made not in present:
        return False
    text = f"SELECT fact_rows = (SELECT count(*) FROM {ident(fact)}) FROM {LOG} WHERE made = $made"
    return engine.rows(text, {"made": made}) == [(True,)]


def days_of(engine: Engine, fact: str, customer_key: int, present: Collection[str]) -> tuple[int, ...] | None:
    """The days, as keys of dim_date, outside of which the customer has no row; None where that is of no use.

    `present` are the tables of the warehouse.
    """
    if not is_fresh(engine, days_table(fact), fact, present):
        return None
    text = f"SELECT date_key FROM {days_table(fact)} WHERE customer_key = $customer_key LIMIT {MOST_DAYS + 1}"
    found = engine.rows(text, {"customer_key": customer_key})
    return tuple(sorted(int(str(day)) for (day,) in found)) if len(found) <= MOST_DAYS else None


def _write_days(engine: Engine, days: str, fact: str, news: str | None) -> None:
    pairs = f"SELECT DISTINCT customer_key, date_key FROM {news or ident(fact)} WHERE customer_key > 0"
    if news is None:
        engine.execute(f"CREATE OR REPLACE TABLE {days} AS {pairs} ORDER BY customer_key, date_key")
    else:
        engine.execute(
            f"INSERT INTO {days} SELECT * FROM ({pairs}) ANTI JOIN {days} USING (customer_key, date_key) "
            "ORDER BY customer_key, date_key"
        )


def _forget(engine: Engine, made: str) -> None:
    engine.execute(f"DELETE FROM {LOG} WHERE made = $made", {"made": made})


def _count(engine: Engine, fact: str) -> int:
    ((rows,),) = engine.rows(f"SELECT count(*) FROM {ident(fact)}")
    return int(str(rows))
