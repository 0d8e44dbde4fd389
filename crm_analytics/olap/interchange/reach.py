"""What a cube file says of attributes once it is known what a cube calls them: rows of roles, and rollups.

May import: olap.load (names), olap.interchange.conditions, olap.interchange.dataset, olap.interchange.sqltext.
Imported by: assemble.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from crm_analytics.olap.interchange.conditions import condition_text, renamed_condition
from crm_analytics.olap.interchange.dataset import Dataset, Spec
from crm_analytics.olap.interchange.sqltext import formula_names
from crm_analytics.olap.load import CUBE_KEYS

# What a rollup can store: the parts of these make the whole.
_MERGES = ("sum", "count", "min", "max", "avg")


@dataclass(frozen=True, slots=True)
class Reach:
    """The attributes of each dimension of a cube, and what the fact's own columns are called in it."""

    attributes: Mapping[str, Spec]
    own: Mapping[str, str]
    fact: str

    def find(self, ref: str, row: str) -> str:
        """`customer.region`, or `sales.sold_at.month`, as a question names it; '' where the cube does not reach it."""
        table, attribute, *period = ref.split(".")
        names = [f"{table}.{attribute}", f"{table}.{'_'.join([attribute, *period])}", f"{table}.{'.'.join(period)}"]
        if table == self.fact and table not in self.attributes:
            names = [f"{self.own.get(row)}.{attribute}", *(f"{self.own.get(attribute)}.{p}" for p in period)]
        return next((name for name in names[1:] if self._has(name)), "") if period else names[0] * self._has(names[0])

    def _has(self, name: str) -> bool:
        dimension, _, attribute = name.partition(".")
        return attribute in self.attributes.get(dimension, {})


def held_by_reach(fact: Dataset, reach: Reach, measures: Spec) -> Spec:
    """The `access` and `rollups` of a cube; what it does not reach is told."""
    spec: Spec = {}
    if access := _access(fact, reach):
        spec["access"] = access
    if rollups := _rollups(fact, reach, measures):
        spec["rollups"] = rollups
    return spec


def _access(fact: Dataset, reach: Reach) -> Spec:
    """What each role may see.  A condition on what the cube does not reach is left out, with the whole role."""
    access: Spec = {}
    for role, rule in fact.access.items():
        lost: list[str] = []

        def name_of(ref: str, lost: list[str] = lost) -> str:
            found = reach.find(ref, fact.row)
            if not found:
                lost.append(ref)
            return found or ref

        condition = rule.condition and renamed_condition(rule.condition, name_of)
        if lost:
            rule.source.leave(f"the cube does not reach {lost[0]}, and says nothing of {role}, who may then not ask it")
        else:
            access[role] = {"where": condition_text(condition)} if condition else {}
    return access


def _rollups(fact: Dataset, reach: Reach, measures: Spec) -> Spec:
    rollups: Spec = {}
    for name, rollup in fact.rollups.items():
        if "rollups" not in CUBE_KEYS:
            rollup.source.leave("a cube file has no 'rollups'")
            continue
        by = [reach.find(ref, fact.row) for ref in rollup.by]
        kept = [measure for measure in rollup.measures if _merges(measure, measures)]
        if lost := [ref for ref, found in zip(rollup.by, by, strict=True) if not found]:
            rollup.source.leave(f"the cube does not reach {lost[0]}")
        elif not kept:
            rollup.source.leave("none of its measures follows from its parts")
        else:
            if idle := [measure for measure in rollup.measures if measure not in kept]:
                rollup.source.tell(f"does not store {', '.join(idle)}, which does not follow from its parts")
            rollups[name] = {"by": by, "measures": kept}
    return rollups


def _merges(name: str, measures: Spec) -> bool:
    """Whether a measure can be made of its parts; a formula can where what it is made from can."""
    spec = measures.get(name)
    if spec is None or "semi_additive" in spec:
        return False
    if "agg" in spec:
        return spec["agg"] in _MERGES or "sketch" in spec
    names = formula_names(spec.get("formula", spec.get("of", "")))
    return all(_merges(other, measures) for other in names)
