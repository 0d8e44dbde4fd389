"""What a cube file says has to hold of its numbers (`tests:`).

Frozen values.  Not the YAML (`olap.load_assertions`), not the asking (`olap.verify`).

May import: olap.filters.   Imported by: olap.model, olap.load_assertions, olap.verify.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from crm_analytics.olap.filters import Condition


@dataclass(frozen=True, slots=True)
class Golden:
    """Numbers that are known: what each measure has to be over the rows of `where`, to within `tolerance`."""

    measures: Mapping[str, Decimal]
    where: tuple[Condition, ...] = ()
    tolerance: Decimal = Decimal(0)
    place: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Reconcile:
    """The parts of a measure give the whole, split by each attribute of `across` alone.

    The whole is asked without any dimension, so that a row that a join loses or
    doubles shows.  A distinct count is at most the sum of its parts, and at least
    the largest of them.
    """

    measure: str
    across: tuple[str, ...]
    where: tuple[Condition, ...] = ()
    tolerance: Decimal = Decimal(0)
    place: str = field(default="", compare=False, repr=False)


Assertion = Golden | Reconcile
