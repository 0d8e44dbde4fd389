"""Which days the sales cover, and the sentence to say when they cover none that was asked for.

May import: engines, errors, sql.   Imported by: features.*, project.
"""

from datetime import date, timedelta

from crm_analytics.engines import Engine
from crm_analytics.errors import CrmError, DataError, WarehouseError
from crm_analytics.sql import statement

NO_SALES = "the warehouse holds no sales yet; load them with: crm load"


def last_day(engine: Engine) -> date | None:
    """The last day with a sale, or None without sales."""
    return _days(engine)[1]


def next_day(engine: Engine) -> date:
    """The day after the last sale: the first that the data says nothing about, and the natural `as_of`.

    Raises
    ------
    WarehouseError : no sales are loaded.
    """
    last = last_day(engine)
    if last is None:
        raise WarehouseError(NO_SALES)
    return last + timedelta(days=1)


def must_cover(engine: Engine, end: date) -> None:
    """Refuse to judge days that nobody has seen: a customer silent on them may simply not be loaded yet.

    Raises
    ------
    DataError : the sales end before `end`, the first day that is not looked at.
    """
    if end > (known := next_day(engine)):
        raise DataError(
            f"the sales end before {known}, so what customers did until {end} is not known yet; latest day: {known}"
        )


def nothing_before(engine: Engine, as_of: date, start: date | None = None) -> CrmError:
    """The error for a window without a sale: nothing loaded, or only on other days."""
    first, last = _days(engine)
    if first is None or last is None:
        return WarehouseError(NO_SALES)
    if last < as_of and (start is None or first >= start):
        return DataError("every sale lies in the unknown customer: no customer_id of the sales is in customers.sql")
    window = f"before {as_of}" if start is None else f"from {start} until before {as_of}"
    return DataError(f"no customer we know ordered {window}; the sales run from {first} to {last}")


def _days(engine: Engine) -> tuple[date | None, date | None]:
    first, last = engine.rows(statement("crm_analytics.features", "sale_days"))[0]
    return _day(first), _day(last)


def _day(value: object) -> date | None:
    return value if isinstance(value, date) else None
