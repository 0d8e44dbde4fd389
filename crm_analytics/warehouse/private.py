"""What must not be shown unasked: columns that say who somebody is or how to reach them, and values that look so.

A name tells most of it; a value tells the rest, for a source may call its
e-mail addresses `contact`.  The patterns are kept to what both Python and
DuckDB (RE2) read alike.

May import: sql.   Imported by: warehouse.verdicts, warehouse.rejects.
"""

import re

from crm_analytics.sql import literal

MASK = "(private)"
EMAIL = r"[^ \t\r\n@]+@[^ \t\r\n@]+\.[A-Za-z]{2,}"
# From abroad (+49..., 0049 ...), within the country (0171 123 4567), and (555) 123-4567.  Bare digits are an id, and
# 03-12-2017 is a day.
PHONE = (
    r" *\+[0-9][0-9 ()/.-]{6,}"
    r"| *00[1-9][0-9]*[ ()/.-][0-9 ()/.-]{5,}"
    r"| *\(?0[0-9]{1,5}\)?[ /-][0-9]{3,}[0-9 /-]*"
    r"| *\(?[0-9]{3}\)?[ .-][0-9]{3}[ .-][0-9]{4} *"
)

WHOLE = frozenset({"name", "email", "e_mail", "phone", "mobile", "address", "street", "surname", "iban", "birthday"})
WORDS = WHOLE - {"name"} | {"telephone", "tel", "fax", "birthdate", "birth", "postcode", "loyalty"}
NAMES = frozenset({"first", "last", "full", "given", "family", "middle", "customer", "contact", "person"})


def is_private(column: str) -> bool:
    """Whether the name of a column says that it is about a person.

    Examples
    --------
    >>> [is_private(name) for name in ("email", "Work-Phone", "full_name", "product_name", "customer_id")]
    [True, True, True, False, False]
    """
    words = [word for word in re.split(r"[^a-z0-9]+", column.lower()) if word]
    if words[-1:] == ["name"] and (len(words) == 1 or words[-2] in NAMES):
        return True
    return "_".join(words) in WHOLE or not WORDS.isdisjoint(words)


def looks_private(value: str) -> bool:
    """Whether an e-mail address stands in the value, or it is a phone number."""
    return bool(re.search(EMAIL, value) or re.fullmatch(PHONE, value))


def looks_private_sql(value: str) -> str:
    """The same as SQL over the text expression `value`."""
    return f"(regexp_matches({value}, {literal(EMAIL)}) OR regexp_full_match({value}, {literal(PHONE)}))"


def shown(column: str, value: object) -> str:
    """The value as text, or the mask."""
    text = str(value)
    return MASK if is_private(column) or looks_private(text) else text
