"""What a check says: of which table, whether it holds, and how many rows it speaks of.

May import: nothing.   Imported by: warehouse.checks, warehouse.totals, warehouse.verdicts, pipeline.checking.
"""

from dataclasses import dataclass
from typing import Literal

Kind = (
    Literal["grain", "keys", "history", "totals", "controls", "cubes", "unknown", "rejects"]
    | Literal["sources", "counts", "consents", "quality"]
)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at.

    `ok` is None where there is nothing to fail: a count to know of, or, with `warning`, a fault that the
    owner of the data chose to be warned of.
    """

    kind: Kind
    table: str
    ok: bool | None
    says: str
    rows: int = 0
    warning: bool = False
