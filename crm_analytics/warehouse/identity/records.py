"""Source records as they are compared: normalised, numbered in order of trust, with the keys of the exact rules.

    customer_record --> identity_plain --> identity_work (r, ..., u_given, ..., key_0, ...)

The tables are temporary; their rows never leave the connection.

May import: sql, engines, identity_rules, warehouse.identity.{phone,weights}.   Imported by: warehouse.identity.pairs.
"""

from importlib.resources import files

from crm_analytics.engines import Engine
from crm_analytics.identity_rules import IdentityRules, KeyRule
from crm_analytics.sql import ident, literal, statement
from crm_analytics.warehouse.identity.phone import write_phones
from crm_analytics.warehouse.identity.weights import PSEUDO_RECORDS, TYPICAL
from crm_analytics.warehouse.tables import RECORDS

PACKAGE = "crm_analytics.warehouse.identity"
WORK = "identity_work"


def write_work(engine: Engine, rules: IdentityRules) -> None:
    """Write the temporary table of records as they are compared."""
    engine.execute(_nicknames())
    write_phones(engine, RECORDS, rules.region, "identity_phone")
    engine.execute(statement(PACKAGE, "records"), {"sources": "\n".join(rules.sources), "gmail": rules.gmail})
    engine.execute("DROP TABLE identity_phone")  # phones are private; the temporary copy in identity_plain is enough
    engine.execute(f"CREATE OR REPLACE TEMP TABLE {WORK} AS {_with_chances()}")
    engine.execute("DROP TABLE identity_plain")
    _add_keys(engine, rules)


def drop_work(engine: Engine) -> None:
    """Forget the temporary tables."""
    for table in (WORK, "identity_nickname"):
        engine.execute(f"DROP TABLE IF EXISTS {table}")


def _nicknames() -> str:
    """`Bob` is `Robert`; a short form of several names stands for the first of them."""
    lines = (files(PACKAGE) / "nicknames.csv").read_text(encoding="utf-8").splitlines()[1:]
    pairs = [(short, name) for name, _, shorts in (line.partition(",") for line in lines) for short in shorts.split()]
    rows = ", ".join(f"({literal(short)}, {literal(name)})" for short, name in pairs)
    # Folded as names are in records.sql: without accents, and u for ue.
    short, name = (f"regexp_replace(strip_accents({column}), '([aou])e', '\\1', 'g')" for column in ("short", "name"))
    return (
        f"CREATE OR REPLACE TEMP TABLE identity_nickname AS SELECT {short} AS nickname, min({name}) AS name "
        f"FROM (VALUES {rows}) t(short, name) GROUP BY 1"
    )


def _with_chances() -> str:
    """The records with `u_<field>`: the share of other records that have the same value, by chance.

    A word of a name counts wherever it stands: as a first name `Lange` is rare only because
    few people write it there.
    """
    words = {"given": "family_as_given", "family": "first_word"}
    columns, joins = [], []
    for field, typical in TYPICAL.items():
        if field in words:
            both = f"SELECT {field} AS word FROM identity_plain UNION ALL SELECT {words[field]} FROM identity_plain"
            joins.append(
                f"LEFT JOIN (SELECT word, count(*) AS n FROM ({both}) GROUP BY 1) {field}_words "
                f"ON {field}_words.word = p.{field}"
            )
            same = f"{field}_words.n"
        else:
            same = f"count(*) OVER (PARTITION BY p.{field})"
        columns.append(
            f"(greatest({same} - 2, 0) + {PSEUDO_RECORDS * typical!r}) "
            f"/ (greatest(count(p.{field}) OVER () - 2, 0) + {PSEUDO_RECORDS}) AS u_{field}"
        )
    return f"SELECT p.*, {', '.join(columns)} FROM identity_plain p {' '.join(joins)}"


def _add_keys(engine: Engine, rules: IdentityRules) -> None:
    """The value of each exact rule as `key_<i>`; NULL where it is shared by more records than a key can have."""
    if not rules.keys:
        return
    values = ", ".join(f"{_key(rule)} AS value_{i}" for i, rule in enumerate(rules.keys))
    counted = ", ".join(
        f"CASE WHEN count(*) OVER (PARTITION BY value_{i}) <= {rules.most_records} THEN value_{i} END AS key_{i}"
        for i in range(len(rules.keys))
    )
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE {WORK} AS SELECT * EXCLUDE ({_names('value', rules)}), {counted} FROM ("
        f"SELECT w.*, {values} FROM {WORK} w JOIN {RECORDS} c ON c.source = w.source AND c.customer_id = w.record_id)"
    )


def _names(stem: str, rules: IdentityRules) -> str:
    return ", ".join(f"{stem}_{i}" for i in range(len(rules.keys)))


def _key(rule: KeyRule) -> str:
    if rule.column in ("email", "phone"):
        value = f"w.{rule.column}"
    else:
        value = f"nullif(lower(trim(CAST(c.{ident(rule.column)} AS VARCHAR))), '')"
    if not rule.sources:
        return value
    return f"CASE WHEN c.source IN ({', '.join(literal(s) for s in rule.sources)}) THEN {value} END"
