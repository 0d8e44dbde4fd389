"""`dim_date`: every day of every year that a fact or a score speaks of.

May import: config, sql, engines, warehouse.build.   Imported by: warehouse.load, warehouse.scores.
"""

from datetime import date

from crm_analytics.config import WEEKDAYS, RetailCalendar
from crm_analytics.engines import Engine
from crm_analytics.sql import statement
from crm_analytics.warehouse import build

# A year may begin so many days after the first of its month; on the nearest such weekday it does up to 3 days after.
_SLACK_DAYS = {"before": 0, "nearest": 3, "after": 6}


def renew_dim_date(engine: Engine, retail: RetailCalendar) -> None:
    """Write the calendar anew; without a dated row it holds only the unknown day."""
    keep_retail_calendar(engine, retail)
    ((first, last),) = engine.rows(build.first_and_last_year())
    _write(engine, first, last)


def keep_retail_calendar(engine: Engine, retail: RetailCalendar) -> None:
    """Keep the settings beside the calendar, for whoever stretches it later."""
    first, second, _ = retail.weeks.split("-")
    settings = {
        "fiscal_month": retail.fiscal_month,
        "first_weekday": WEEKDAYS.index(retail.first_weekday) + 1,
        "slack_days": _SLACK_DAYS[retail.begins],
        "later_by": int(retail.named_after == "end"),
        "first_weeks": int(first),
        "second_weeks": int(second),
    }
    engine.execute(statement("crm_analytics.warehouse", "retail_calendar"), settings)


def reach(engine: Engine, day: date) -> None:
    """Stretch the calendar to the year of `day`: an `as_of` on New Year's Day lies after the last sale."""
    ((first, last),) = engine.rows("SELECT min(year), max(year) FROM dim_date")
    known = [int(str(year)) for year in (first, last) if year is not None]
    if not known or not min(known) <= day.year <= max(known):
        _write(engine, min([*known, day.year]), max([*known, day.year]))


def _write(engine: Engine, first_year: object, last_year: object) -> None:
    years = {"first_year": first_year, "last_year": last_year}
    text = statement("crm_analytics.warehouse", "dim_date")
    engine.execute(text, {name: None if year is None else int(str(year)) for name, year in years.items()})
