"""What a rollup is: numbers of one cube, aggregated ahead by some attributes and stored as a table.

Frozen values, and what a measure keeps of its rows so that cells can be merged
again: a sum its sum, an average its sum and count, an estimated distinct count
its HyperLogLog registers.  Which rollup answers a question is said in
`olap.routing`, how one is filled in `olap.stored` and `olap.refresh`.

May import: sql, olap.measure.   Imported by: every module of olap that knows rollups.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from crm_analytics.olap.measure import Measure
from crm_analytics.sql import ident

NEVER_BUILT = "is not built yet; run crm load"
# The rows of the fact behind a row of the rollup.  A name with a space: no measure is called so.
ROWS_BEHIND = ident("rows behind")


@dataclass(frozen=True, slots=True)
class Rollup:
    """Measures `stored` by the attributes `by`; formulas are stored as the measures of the cube behind them.

    `problem` says why no question can use it, `rows` and `loaded_at` of which
    load it is: all three are what `olap.rollup_log` finds in the warehouse.
    """

    name: str
    table: str
    by: tuple[str, ...]
    measures: tuple[str, ...]
    stored: tuple[str, ...] = ()
    rows: int = field(default=0, compare=False)
    loaded_at: datetime | None = field(default=None, compare=False)
    problem: str = field(default=NEVER_BUILT, compare=False)
    place: str = field(default="", compare=False, repr=False)

    def told(self, size: bool) -> str:
        """Its name, `size` and age, as an answer names its source."""
        parts = [f"{self.rows:,} rows"] if size else []
        parts += [f"load of {self.loaded_at:%Y-%m-%d %H:%M}"] if self.loaded_at else []
        return f"{self.name} ({', '.join(parts)})" if parts else self.name


def unstorable(measure: Measure) -> str:
    """Why the parts of a measure cannot be merged: '' where they can."""
    if measure.semi:
        return "is a stock, of which a part is not taken on the same day as the whole"
    match measure.agg:
        case "sum" | "count" | "min" | "max" | "avg":
            return ""
        case "count_distinct" if measure.sketch:
            return ""
        case "count_distinct":
            return "is a distinct count, which does not follow from its parts (with 'sketch: hll' an estimate does)"
        case _:
            return f"is a {measure.agg}, which does not follow from its parts"


def parts(measure: Measure) -> Mapping[str, str]:
    """The columns that a rollup keeps of a measure, each with its aggregate over rows of the fact."""
    name = measure.name
    condition = f" FILTER (WHERE {measure.where})" if measure.where else ""
    match measure.agg:
        case "avg":
            total, number = _of_average(name)
            return {total: f"sum({measure.sql}){condition}", number: f"count({measure.sql}){condition}"}
        case "count_distinct":
            return {ident(name): f"approx_count_distinct({measure.sql}){condition} EXPORT_STATE"}
        case _:
            return {ident(name): measure.typed_aggregate}


def merged(measure: Measure, table: str) -> str:
    """The measure as an aggregate over the columns of `table` that `parts` names."""
    column = f"{table}.{ident(measure.name)}"
    match measure.agg:
        case "avg":
            total, number = _of_average(measure.name)
            return f"CAST(sum({table}.{total}) AS DOUBLE) / nullif(sum({table}.{number}), 0)"
        case "count":
            return f"CAST(coalesce(sum({column}), 0) AS BIGINT)"
        case "count_distinct":
            return f"finalize(combine_aggr({column}))"
        case _:
            return f"{measure.agg}({column})"


def _of_average(name: str) -> tuple[str, str]:
    return ident(f"{name} sum"), ident(f"{name} count")
