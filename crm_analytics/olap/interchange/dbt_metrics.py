"""Metrics of dbt's semantic layer as measures of cube files.

May import: olap.interchange.account, olap.interchange.dataset, olap.interchange.dbt_values,
olap.interchange.sqltext.   Imported by: metricflow.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from crm_analytics.olap.interchange.account import Source
from crm_analytics.olap.interchange.dataset import Dataset, Made, Spec, aggregate_spec, fit_name
from crm_analytics.olap.interchange.dbt_values import Input, Metric, SemanticMeasure, SemanticModel
from crm_analytics.olap.interchange.sqltext import Aggregate, Refused, formula_of, is_column, renamed

# {{ Dimension('order__status') }}, {{ TimeDimension('order__ordered_at', 'month') }}, {{ Entity('customer') }}
_NAME = r"['\"]([^'\"]*)['\"]"
_TEMPLATE = re.compile(rf"\{{\{{\s*(\w+)\(\s*{_NAME}(?:\s*,\s*{_NAME})?\s*\)\s*\}}\}}")
Place = tuple[Dataset, str]  # where a measure stands: its table and its name there


def add_measures(datasets: Mapping[str, Dataset], models: list[SemanticModel], metrics: list[Metric]) -> None:
    """Add every measure and metric that a cube file can hold to the dataset of its table; say why not of the others."""
    _Metrics(datasets, models, metrics).add_all()


class _Metrics:
    def __init__(self, datasets: Mapping[str, Dataset], models: list[SemanticModel], metrics: list[Metric]) -> None:
        self.datasets = datasets
        self.measures: dict[str, tuple[SemanticModel, SemanticMeasure]] = {}
        for model in models:
            for measure in model.measures:
                if measure.name in self.measures:
                    measure.source.wrong(f"two measures are called {measure.name!r}")
                self.measures[measure.name] = (model, measure)
        self.metrics: dict[str, Metric] = {}
        for metric in metrics:
            if metric.name in self.metrics:
                metric.source.wrong(f"two metrics are called {metric.name!r}")
            self.metrics[metric.name] = metric
        self.placed: dict[str, Place | None] = {}
        self.doing: list[str] = []

    def add_all(self) -> None:
        # A measure is asked by the simple metric that gives it as it is; only one without such a metric stands alone.
        given = {m.inputs[0].name for m in self.metrics.values() if _as_it_is(m)}
        for name, (_, measure) in self.measures.items():
            if name not in given and (measure.shown or name not in self.metrics):
                self.measure(name, measure.source)
        for name in self.metrics:
            self.metric(name)

    def measure(self, name: str, source: Source) -> Place | None:
        """A measure under its own name, or under that of the metric which gives it."""
        if name not in self.measures:
            source.wrong(f"there is no measure {name!r}")
            return None
        model, measure = self.measures[name]
        dataset = self.datasets[model.name]
        try:
            spec = _aggregate(model, measure, ())
        except Refused as error:
            measure.source.leave(str(error))
            return None
        if found := dataset.equal_to(spec):
            return dataset, found
        return self._put(dataset, name, spec | _dress(measure.source, "create_metric_display_name"), measure.source)

    def metric(self, name: str) -> Place | None:
        """A metric, made once; None where it could not be carried over."""
        if name in self.placed:
            return self.placed[name]
        metric = self.metrics[name]
        if name in self.doing:
            metric.source.wrong(f"needs itself: {' needs '.join((*self.doing, name))}")
            return None
        self.doing.append(name)
        try:
            self.placed[name] = self._make(metric)
        except Refused as error:
            self.placed[name] = None
            metric.source.leave(str(error))
        self.doing.pop()
        return self.placed[name]

    def _make(self, metric: Metric) -> Place | None:
        match metric.kind:
            case "simple":
                return self._simple(metric)
            case "ratio" if len(metric.inputs) == 2:
                names = ["numerator", "denominator"]
                inputs = [replace(i, alias=i.alias or n) for i, n in zip(metric.inputs, names, strict=True)]
                return self._formula(metric, "numerator / denominator", dict(zip(names, inputs, strict=True)))
            case "derived":
                return self._formula(metric, metric.expr, {i.alias or i.name: i for i in metric.inputs})
            case "cumulative" if metric.inputs:
                return self._cumulative(metric)
            case "conversion":
                raise Refused("a cube file has no conversions of one event into another")
        return None

    def _simple(self, metric: Metric) -> Place | None:
        if not metric.inputs:
            return None
        taken = metric.inputs[0]
        if taken.name not in self.measures:
            metric.source.wrong(f"there is no measure {taken.name!r}")
            return None
        model, measure = self.measures[taken.name]
        dataset = self.datasets[model.name]
        spec = _aggregate(model, measure, (*metric.filters, *taken.filters))
        dress = _dress(measure.source, "create_metric_display_name") | _dress(metric.source)
        if not taken.fill or (spec["agg"].startswith("count") and taken.fill == "0"):
            return self._put(dataset, metric.name, dress | spec, metric.source)
        base = dataset.equal_to(spec) or self._put(dataset, f"{metric.name}_base", spec, metric.source, helps=True)[1]
        return self._put(dataset, metric.name, dress | {"formula": f"coalesce({base}, {taken.fill})"}, metric.source)

    def _formula(self, metric: Metric, expr: str, inputs: Mapping[str, Input]) -> Place | None:
        text, names = formula_of(expr, _no_aggregate)
        if missing := [name for name in names if name not in inputs]:
            raise Refused(f"{missing[0]!r} is none of the metrics that it names")
        places = {name: self._input(metric, _filtered(inputs[name], metric), name) for name in names}
        if not places:
            raise Refused("it names no metric")
        home = next(iter(places.values()))[0]

        def put(name: str) -> str:
            dataset, measure = places[name]
            return measure if dataset is home else f"{dataset.name}.{measure}"

        return self._put(home, metric.name, _dress(metric.source) | {"formula": renamed(text, put)}, metric.source)

    def _input(self, metric: Metric, taken: Input, alias: str) -> Place:
        """The measure that stands for one input of a metric, with its own filter and its own time."""
        place = self.metric(taken.name) if taken.name in self.metrics else self.measure(taken.name, metric.source)
        if place is None:
            raise Refused(f"it needs {taken.name!r}, which could not be carried over")
        if taken.to_grain:
            raise Refused("a cube file has no value at the beginning of a period")
        dataset, name = place
        own = f"{metric.name}_{alias}" if alias in (name, "numerator", "denominator") else alias
        spec = dataset.measures[name].spec
        if taken.filters:
            if "agg" not in spec:
                raise Refused(f"it filters {taken.name!r}, which is not counted from rows itself")
            model = next(m for m, _ in self.measures.values() if self.datasets[m.name] is dataset)
            wheres = [spec["where"]] if "where" in spec else []
            where = _both([*wheres, *(_where(model, text) for text in taken.filters)])
            filtered = {k: v for k, v in spec.items() if k not in ("title", "description")} | {"where": where}
            name = dataset.equal_to(filtered) or self._put(dataset, own, filtered, metric.source, helps=True)[1]
        if taken.shift:
            name = self._put(dataset, own, {"of": name, "shift": taken.shift}, metric.source, helps=True)[1]
        if taken.fill:
            filled = {"formula": f"coalesce({name}, {taken.fill})"}
            name = self._put(dataset, own, filled, metric.source, helps=True)[1]
        return dataset, name

    def _cumulative(self, metric: Metric) -> Place | None:
        taken = _filtered(metric.inputs[0], metric)
        dataset, name = self._input(metric, taken, metric.inputs[0].alias or taken.name)
        if metric.period_agg.lower() != "last":
            metric.source.tell("a coarser period shows its last value here; in dbt period_agg decides, else its first")
        over: Spec = {"trailing": metric.window} if metric.window else {"cumulative": True}
        if metric.to_date:
            over = {"to_date": metric.to_date.lower()}
        return self._put(dataset, metric.name, _dress(metric.source) | {"of": name, **over}, metric.source)

    def _put(self, dataset: Dataset, name: str, spec: Spec, source: Source, helps: bool = False) -> Place:
        """Add a measure; one that only helps another takes no name that a metric has."""
        fitted = fit_name(name, {*dataset.measures, *self.metrics} if helps else dataset.measures)
        dataset.measures[fitted] = Made(spec, source, helps)
        return dataset, fitted


def _filtered(taken: Input, metric: Metric) -> Input:
    """An input with the filters of its metric too."""
    return replace(taken, filters=(*metric.filters, *taken.filters))


def _as_it_is(metric: Metric) -> bool:
    return (
        metric.kind == "simple"
        and bool(metric.inputs)
        and not (metric.filters or metric.inputs[0].filters or metric.inputs[0].fill)
    )


def _dress(source: Source, title: str = "label") -> Spec:
    found = {"title": source.words(title) or source.words("label"), "description": source.words("description")}
    return {key: text for key, text in found.items() if text and "{{" not in text}


def _aggregate(model: SemanticModel, measure: SemanticMeasure, filters: tuple[str, ...]) -> Spec:
    """A measure as an aggregate of a cube file."""
    if measure.discrete:
        raise Refused("a percentile here lies between two values where there is none at it")
    agg, sql = measure.agg, measure.expr
    if agg == "sum_boolean":
        agg, sql = "sum", f"CASE WHEN {sql} THEN 1 ELSE 0 END"
    if agg == "count" and re.fullmatch(r"\d+|\*", sql):
        sql = ""
    spec = aggregate_spec(Aggregate(agg, sql, _both([_where(model, text) for text in filters]), measure.p))
    if measure.snapshot:
        spec["semi_additive"] = {"over": fit_name(measure.snapshot.time), "take": measure.snapshot.take}
        if measure.snapshot.per:
            spec["semi_additive"]["per"] = [fit_name(name) for name in measure.snapshot.per]
        word = measure.snapshot.take
        measure.source.tell(
            f"each cell has a {word} day of its own here, where dbt takes one for all cells of a period"
        )
    return spec


def _both(conditions: list[str]) -> str:
    return conditions[0] if len(conditions) == 1 else " AND ".join(f"({c})" for c in conditions)


def _where(model: SemanticModel, text: str) -> str:
    """A filter of dbt as a condition over the columns of its own table.

    Raises
    ------
    Refused : it filters by something else.
    """

    def put(found: re.Match[str]) -> str:
        kind, name, grain = found[1], found[2], found[3]
        entity, _, column = name.rpartition("__")
        if kind == "Entity":
            own = next((e.expr for e in model.entities if e.name == name), "")
        elif kind in ("Dimension", "TimeDimension") and entity == model.primary:
            own = next((c.expr for c in model.columns if c.name == column), "")
        else:
            own = ""
        if not own:
            raise Refused(f"it filters by {name!r}; a measure's 'where' sees only the columns of its own table")
        if kind == "TimeDimension" and grain:
            return f"date_trunc('{grain}', {own})"
        return own if is_column(own) else f"({own})"

    out = _TEMPLATE.sub(put, " ".join(text.split()))
    if "{{" in out or "{%" in out:
        raise Refused(f"the filter {text!r} is not understood")
    return out


def _no_aggregate(aggregate: Aggregate) -> str:
    raise Refused(f"{aggregate.agg}() stands in it, where metrics are named")
