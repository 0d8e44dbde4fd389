"""The page `docs/star.md`, written from the declarations, so that it cannot say anything else.

    python -m crm_analytics.warehouse.describe > docs/star.md

May import: periods, config, warehouse.tables.   Imported by: nothing.
"""

from collections.abc import Iterator

from crm_analytics.config import CHANNELS
from crm_analytics.periods import FIRST_YEAR, LAST_YEAR
from crm_analytics.warehouse.tables import ENTITIES, Column, Entity, star_column

INTRODUCTION = f"""# The star

Written by `make docs` from `crm_analytics/warehouse/tables.py`.

A source maps its raw files to these contracts, one SQL file an entity (`sales.sql`, `customers.sql` ...); any subset
will do. Columns that a mapping gives beyond the contract become attributes of the star table. A row goes to `rejects`,
with the entity, the reason and the row as JSON, when

- a required column is missing, or a value is not of its type;
- a day lies outside the years {FIRST_YEAR} to {LAST_YEAR};
- a value is not one of those listed;
- its key repeats one that is there already.

In the star an id becomes a surrogate key: `customer_id` becomes `customer_key`, a day becomes a key of `dim_date`
(`20171231`). An id that its dimension lacks, and no id at all, become key 0, the *unknown* member; an id that did not
resolve stays readable in the column `unresolved`. Money is `DECIMAL(18,2)`: a fraction of a cent is rounded, and
counted. Channels are {", ".join(f"`{c}`" for c in CHANNELS)}, or those that `crm.yml` lists.

Beside the tables below there are `dim_date` (year, quarter, month, ISO week, weekday, and the years, quarters, periods
and weeks of the retail calendar, whose settings are kept in `retail_calendar`), `dim_channel`, `fct_score` (one
score of one model for one customer at one `as_of`), `dim_score` (the latest score of each kind beside each customer),
`segment` and `segment_member` (saved segments, by `customer_id`, kept over loads), `dim_segment` and
`bridge_customer_segment` (the same by key, for the customers that the star has), `consent_ledger`, `consent_head` and
`consent_subject` (who agreed to what, kept over loads; [consents.md](consents.md)), `card_index`, `card_everybody` and,
of a large fact, `card_days_<fact>` (how the card of one customer is found; [customer.md](customer.md)), `loads` and
`rejects`. Of the parts that loads read: `part`, `part_load`, `piece`, and `journal_<entity>`, the rows that a load took
out ([loading.md](loading.md)). Where `crm.yml` declares a history there are `dim_customer_history` and the like, and
what they are made from: `version_customer` or `seen_customer` ([history.md](history.md)). Where it has rules of
identity, `customer_record` holds what the sources say, `customer_identity` which customer each record is,
`customer_golden_source` where each value comes from, and `customer_ref` which customer an id means
([identity.md](identity.md)). Where a cube declares rollups, `rollups` lists them, and each is a table
`rollup_<cube>_<name>` ([cubes.md](cubes.md)).
"""


def page() -> str:
    """The whole page, Markdown."""
    return "\n".join([INTRODUCTION, *(line for entity in ENTITIES.values() for line in _section(entity))])


def _section(entity: Entity) -> Iterator[str]:
    yield f"## `{entity.name}` → `{entity.table}`\n"
    yield f"Grain: {entity.grain}. Key: {', '.join(f'`{k}`' for k in entity.key)}.\n"
    yield "| column | type | required | what it is | in the star |"
    yield "|---|---|---|---|---|"
    for column in entity.columns:
        yield f"| `{column.name}` | {column.type} | {_required(column, entity)} | {_about(column)} | {_star(column)} |"
    yield ""


def _required(column: Column, entity: Entity) -> str:
    return "yes" if column.required or (entity.kind == "dimension" and column.name in entity.key) else ""


def _about(column: Column) -> str:
    said = column.about
    if column.values:
        said += f": {', '.join(f'`{v}`' for v in column.values)}"
    if column.default:
        said += f"; {column.default} where the source has none"
    return said


def _star(column: Column) -> str:
    names = [star_column(column)] if star_column(column) != column.name else []
    names += [column.date_key] if column.date_key and column.date_key not in names else []
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    print(page(), end="")
