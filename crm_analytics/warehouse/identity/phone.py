"""Phone numbers in E.164, the form `+49301234567`, by the rules of each country.

The one place that imports phonenumbers.  A number that no country could have
gives nothing, rather than a key that joins strangers.

May import: phonenumbers, sql, engines.   Imported by: warehouse.identity.records.
"""

import phonenumbers
import polars as pl

from crm_analytics.engines import Engine
from crm_analytics.sql import Query


def e164(number: str, country: str) -> str | None:
    """`number` as people in `country` (two capitals, or "") write it, in E.164; None where it cannot be one.

    Examples
    --------
    >>> e164("030 / 123 45 67", "DE"), e164("+49 (0)30 1234567", ""), e164("ask Bob", "DE")
    ('+49301234567', '+49301234567', None)
    """
    try:
        parsed = phonenumbers.parse(number, country or None)
    except phonenumbers.NumberParseException:
        return None
    # Not is_valid_number: ranges are opened faster than tables of them are renewed.
    if phonenumbers.is_possible_number_with_reason(parsed) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def write_phones(engine: Engine, records: str, region: str, table: str) -> None:
    """Write `table`: phone, country and e164 of each number and country in `records`, each once.

    A record without a country is read as one of `region`.
    """
    found = engine.frame(
        Query(
            f"SELECT DISTINCT phone, coalesce(upper(trim(country)), '') AS country FROM {records} "
            "WHERE phone IS NOT NULL ORDER BY 1, 2"
        )
    )
    numbers = [e164(phone, country or region) for phone, country in found.iter_rows()]
    engine.write_frame(table, found.with_columns(pl.Series("e164", numbers, dtype=pl.String)))
