"""Measures of a Cube data model as measures of a cube file.

May import: olap.interchange.account, olap.interchange.cube_refs, olap.interchange.dataset,
olap.interchange.sqltext.   Imported by: cube_yaml.
"""

import re

from crm_analytics.olap.interchange.account import Source
from crm_analytics.olap.interchange.cube_refs import MEASURE, Members
from crm_analytics.olap.interchange.dataset import Dataset, Made, Spec, aggregate_spec, fit_name
from crm_analytics.olap.interchange.sqltext import Aggregate, Refused, formula_of, renamed

# Before version 0.32 the words of a model were written together: countDistinct.
_AGGREGATES = {
    "count": "count",
    "count_distinct": "count_distinct",
    "countdistinct": "count_distinct",
    "count_distinct_approx": "approximate",
    "countdistinctapprox": "approximate",
    "sum": "sum",
    "avg": "avg",
    "min": "min",
    "max": "max",
}
_EXPRESSIONS = {"number": "", "number_agg": "", "numberagg": "", "time": "date", "string": "text", "boolean": "text"}
_OTHERS = {"running_total": "running_total", "runningtotal": "running_total", "rank": "rank"}
_TYPES = _AGGREGATES | {name: "expression" for name in _EXPRESSIONS} | _OTHERS
_STAGES = ("group_by", "reduce_by", "add_group_by", "grain", "filter", "order_by", "case")
FORMATS = {"currency": "money", "percent": "percent", "number": "number"}
_TO_DATE = {"year_to_date": "year", "quarter_to_date": "quarter", "month_to_date": "month"}


def read_measure(dataset: Dataset, members: Members, measure: Source) -> None:
    """Add one measure to the dataset, or say why not."""
    kind = measure.choice("type", _TYPES)
    staged = next((key for key in _STAGES if key in measure), kind if kind in _OTHERS.values() else "")
    if not kind or staged:
        if staged:
            measure.leave(f"a cube file has no {staged}")
        return
    measure.flag("multi_stage", False)
    name = members.names[measure.text("name")]
    try:
        spec = _over_time(measure)
        body = _aggregate(members, measure, kind)
        if kind == "expression":
            body = _expression(dataset, members, measure)
    except Refused as error:
        measure.leave(str(error))
        return
    if spec:
        base = body.get("formula", "")
        if not re.fullmatch(r"[a-z]\w*", base):
            base = dataset.equal_to(body) or fit_name(f"{name}_base", {*dataset.measures, *members.names.values()})
            dataset.measures.setdefault(base, Made(body, measure, helps=True))
        body = {"of": base, **spec}
    if not measure.flag("public", measure.flag("shown", measure.flag("visible", True))):
        measure.tell("is carried over although it is not public")
    dress = _dress(measure)
    if dress.get("format") == "percent" and re.search(r"(?<![\w.])100(\.0*)?(?!\w)", body.get("formula", "")):
        dress["format"] = "number"
        measure.tell("is written as a number: it is multiplied by 100, and percent here writes 0.12 as 12 %")
    dataset.measures[name] = Made(dress | body, measure)


def _dress(measure: Source) -> Spec:
    """What the measure is called and how it is written."""
    spec: Spec = {key: text for key in ("title", "description") if (text := measure.words(key))}
    format = measure.text("format")
    default = _EXPRESSIONS.get(measure.text("type").lower(), "")
    if format and format not in FORMATS:
        measure.leave("a cube file has no such format", "format")
    if form := FORMATS.get(format, default):
        spec["format"] = form
    return spec


def _aggregate(members: Members, measure: Source, kind: str) -> Spec:
    """An aggregate over rows of the cube's table."""
    wheres = [members.expression(f.text("sql", required=True)) for f in measure.many("filters", "filter")]
    if kind == "expression":
        if wheres:
            raise Refused("'filters' on a measure that is computed from others")
        return {}
    text = measure.text("sql", required=kind != "count")
    agg = "count_distinct" if kind == "approximate" else kind
    where = wheres[0] if len(wheres) == 1 else " AND ".join(f"({where})" for where in wheres)
    return aggregate_spec(
        Aggregate(agg, members.expression(text) if text else "", where, approximate=kind == "approximate")
    )


def _expression(dataset: Dataset, members: Members, measure: Source) -> Spec:
    """SQL over measures and aggregates: the aggregate itself where it is nothing but one, else a formula."""
    sql = members.expression(measure.text("sql", required=True), measures=True)
    found: list[Aggregate] = []

    def alone(aggregate: Aggregate) -> str:
        found.append(aggregate)
        return "it"

    text, _ = formula_of(sql, alone)
    if text.strip("()") == "it" and len(found) == 1:
        return aggregate_spec(found[0])
    taken = members.names.values()
    text, names = formula_of(sql, lambda aggregate: MEASURE + dataset.measure_of(aggregate, measure, taken))
    if column := next((name for name in names if not name.startswith(MEASURE)), ""):
        raise Refused(f"the column {column} stands outside of any aggregate")
    return {"formula": renamed(text, lambda name: name.removeprefix(MEASURE))}


def _over_time(measure: Source) -> Spec:
    """What a rolling window or a time shift says; nothing where there is neither.

    Raises
    ------
    Refused : a window that ends elsewhere than at the period itself, or a shift into the future.
    """
    shifts = measure.many("time_shift", "shift")
    if shifts:
        shift = shifts[0]
        if len(shifts) > 1 or shift.text("name") or shift.text("type") != "prior":
            raise Refused("only one shift, by an interval back in time, can be carried over")
        if shift.text("time_dimension"):
            shift.leave("the measure is shifted along the dates of the question", "time_dimension")
        return {"shift": shift.text("interval", required=True)}
    window = measure.one("rolling_window")
    if window is None:
        return {}
    kind, trailing = window.text("type") or "fixed", window.text("trailing")
    if kind in _TO_DATE or kind == "to_date":
        return {"to_date": _TO_DATE.get(kind) or window.text("granularity", required=True)}
    if window.text("leading") or window.text("offset") not in ("", "end") or not trailing:
        raise Refused("only a window that ends with the period can be carried over")
    return {"cumulative": True} if trailing == "unbounded" else {"trailing": trailing}
