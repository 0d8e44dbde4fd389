"""dbt's semantic layer as it is written, in either of its two forms, as one.

The first form has `semantic_models:` with measures (dbt 1.6 to 1.11, still
read); since dbt 1.12 the words stand with the model: `models:` with
`semantic_model:`, `columns:` and `metrics:`.  What they mean for a cube is
decided in `olap.interchange.metricflow`.

Keys as in dbt-labs/dbt-semantic-interfaces, dbt_semantic_interfaces/parsing/schemas.py, and
docs.getdbt.com/docs/build/latest-metrics-spec, read in November 2026.

May import: olap.interchange.account, olap.interchange.dbt_values.   Imported by: metricflow.
"""

import re
from collections.abc import Iterator

from crm_analytics.olap.interchange.account import Source
from crm_analytics.olap.interchange.dbt_values import (
    Column,
    Entity,
    Input,
    Metric,
    SemanticMeasure,
    SemanticModel,
    Snapshot,
)

_KINDS = {name: name for name in ("simple", "ratio", "derived", "cumulative", "conversion")}
_ENTITIES = {name: name for name in ("primary", "unique", "foreign", "natural")}
_DIMENSIONS = {"categorical": "categorical", "time": "time"}
_AGGREGATES = {
    "sum": "sum",
    "min": "min",
    "max": "max",
    "average": "avg",
    "avg": "avg",
    "count": "count",
    "count_distinct": "count_distinct",
    "sum_boolean": "sum_boolean",
    "median": "median",
    "percentile": "percentile",
}


def read_legacy(top: Source) -> Iterator[SemanticModel]:
    """The `semantic_models:` of a file."""
    for source in top.many("semantic_models", "semantic model"):
        model = SemanticModel(source.text("name", required=True), source, _table(source))
        model.primary = source.text("primary_entity")
        if defaults := source.one("defaults"):
            defaults.text("agg_time_dimension")  # questions name the date themselves
        for entity in source.many("entities", "entity"):
            name = entity.text("name", required=True)
            kind = entity.choice("type", _ENTITIES)
            model.entities.append(Entity(name, kind, entity.text("expr") or name, entity))
        for column in source.many("dimensions", "dimension"):
            params = column.one("type_params")
            grain, dated = (params.text("time_granularity"), "validity_params" in params) if params else ("", False)
            model.columns.append(_column(column, column.text("expr"), grain, dated))
        for measure in source.many("measures", "measure"):
            model.measures.append(_measure(measure, measure.one("agg_params")))
        yield model


def read_latest(top: Source) -> Iterator[tuple[SemanticModel, list[Metric]]]:
    """The `models:` of a file that have a `semantic_model:`, each with the metrics that stand with it."""
    for source in top.many("models", "model"):
        block = source.data.get("semantic_model")
        inner = source.one("semantic_model") if isinstance(block, dict) else None
        enabled = inner.flag("enabled", True) if inner else source.flag("semantic_model", False) if block else False
        if not enabled:
            if "time_spine" in source:
                source.leave("the calendar of a cube is its date dimension", "time_spine")
            source.account.read(source.file, source.place)  # a table of dbt without a part in the semantic layer
            continue
        name = source.text("name", required=True)
        model = SemanticModel((inner.text("name") if inner else "") or name, source, name)
        model.primary = source.text("primary_entity")
        source.text("agg_time_dimension")  # questions name the date themselves
        if spine := source.one("time_spine"):
            model.calendar = bool(spine.text("standard_granularity_column"))
        for column in source.many("columns", "column"):
            _latest_column(model, column)
        if derived := source.one("derived_semantics"):
            for entity in derived.many("entities", "entity"):
                name = entity.text("name", required=True)
                kind = entity.choice("type", _ENTITIES)
                model.entities.append(Entity(name, kind, entity.text("expr", required=True), entity))
            for column in derived.many("dimensions", "dimension"):
                model.columns.append(_column(column, column.text("expr", required=True), column.text("granularity")))
        yield model, [_latest_metric(metric, model) for metric in source.many("metrics", "metric")]


def read_metrics(top: Source) -> Iterator[Metric]:
    """The `metrics:` of a file."""
    for source in top.many("metrics", "metric"):
        yield _legacy_metric(source) if "type_params" in source else _latest_metric(source, None)


def filters(source: Source, key: str = "filter") -> tuple[str, ...]:
    """A filter is one text or a list of them; all must hold."""
    if isinstance(source.data.get(key), dict) and (inner := source.one(key)):  # as in semantic_manifest.json
        return tuple(f.text("where_sql_template") for f in inner.many("where_filters", "filter"))
    return tuple(" ".join(text.split()) for text in source.texts(key))


def _table(source: Source) -> str:
    """The table that a semantic model reads: `ref('orders')`."""
    if relation := source.one("node_relation"):
        for key in ("schema_name", "database", "relation_name"):
            relation.text(key)
        return relation.text("alias", required=True)
    text = source.text("model", required=True)
    found = re.search(r"(?:ref|source)\(\s*(?:['\"][^'\"]+['\"]\s*,\s*)?['\"]([^'\"]+)['\"]", text)
    if text and not found:
        source.wrong(f"'model' needs a table such as ref('orders'), not {text!r}", "model")
    return found[1] if found else ""


def _column(source: Source, expr: str, grain: str, dated: bool = False) -> Column:
    name, kind = source.text("name", required=True), source.choice("type", _DIMENSIONS)
    return Column(name, kind, expr or name, source.words("label"), grain, dated, source)


def _latest_column(model: SemanticModel, column: Source) -> None:
    """A column of a model: a key, an attribute, or only described."""
    name, grain = column.text("name", required=True), column.text("granularity")
    found = False
    for key in ("entity", "dimension"):
        block = column.data.get(key)
        if isinstance(block, str):  # the short form: `dimension: time`
            inner, kind = column, column.choice(key, _ENTITIES if key == "entity" else _DIMENSIONS)
        elif source := column.one(key):
            inner, kind = source, source.choice("type", _ENTITIES if key == "entity" else _DIMENSIONS)
        else:
            continue
        found = True
        called = (inner.text("name") if inner is not column else "") or name
        if key == "entity":
            model.entities.append(Entity(called, kind, name, inner))
        else:
            title = inner.words("label") if inner is not column else ""
            dated = inner is not column and "validity_params" in inner
            model.columns.append(Column(called, kind, name, title, grain, dated, inner))
    if not found:
        column.account.read(column.file, column.place)


def _measure(source: Source, params: Source | None) -> SemanticMeasure:
    """An aggregate with its parameters, which stand at `params` where that is not the measure itself."""
    name = source.text("name", required=True)
    agg = source.choice("agg", _AGGREGATES)
    p, discrete = None, False
    if agg == "percentile" and params is None:
        source.wrong("a percentile needs 'agg_params'")
    elif agg == "percentile" and params:
        discrete = params.flag("use_discrete_percentile", False) or params.text("percentile_type") == "discrete"
        params.flag("use_approximate_percentile", False)
        p = _share(params)
    if source.text("agg_time_dimension"):
        source.account.read(source.file, (*source.place, "agg_time_dimension"))
    return SemanticMeasure(
        name,
        agg,
        source.text("expr") or name,
        source,
        p,
        discrete,
        source.flag("create_metric", False),
        _snapshot(source),
    )


def _share(params: Source) -> float | None:
    """A percentile as a share: the first form writes 0.95, the second 95.0."""
    text = params.text("percentile", required=True)
    try:
        p = float(text)
    except ValueError:
        params.wrong(f"'percentile' needs a number, not {text!r}", "percentile")
        return None
    return p / 100 if p > 1 else p


def _snapshot(source: Source) -> Snapshot | None:
    found = source.one("non_additive_dimension")
    if found is None:
        return None
    choice = (found.text("window_choice") or found.text("window_agg") or "min").lower()
    if choice not in ("min", "max"):
        found.wrong(f"takes min or max, not {choice!r}")
    per = (*found.texts("window_groupings"), *found.texts("group_by"))
    return Snapshot(found.text("name", required=True), "last" if choice == "max" else "first", per)


def _legacy_metric(source: Source) -> Metric:
    kind = source.choice("type", _KINDS)
    params = source.one("type_params") or source
    expr = params.text("expr") if kind == "derived" else ""
    inputs: tuple[Input, ...] = ()
    window = to_date = period_agg = ""
    if kind == "ratio":
        inputs = (*_inputs(params, "numerator"), *_inputs(params, "denominator"))
    elif kind == "derived":
        inputs = _inputs(params, "metrics")
    elif kind == "conversion":
        source.account.read(source.file, source.place)
    else:
        inputs = _inputs(params, "measure")
        window, to_date = params.text("window"), params.text("grain_to_date")
        if cumulative := params.one("cumulative_type_params"):
            window, to_date = cumulative.text("window") or window, cumulative.text("grain_to_date") or to_date
            period_agg = cumulative.text("period_agg")
            inputs = inputs or _inputs(cumulative, "metric")
    return Metric(
        source.text("name", required=True), kind, source, inputs, filters(source), expr, window, to_date, period_agg
    )


def _latest_metric(source: Source, model: SemanticModel | None) -> Metric:
    kind, name = source.choice("type", _KINDS), source.text("name", required=True)
    inputs: tuple[Input, ...] = ()
    if kind == "simple" and model is None:
        source.wrong("a simple metric stands with its model, or names its measure in 'type_params'")
    elif kind == "simple" and model is not None:
        model.measures.append(_measure(source, source))
        fill = source.number("fill_nulls_with")
        inputs = (Input(name, source, fill=fill),)
        _timespine(source)
    elif kind == "ratio":
        inputs = (*_inputs(source, "numerator"), *_inputs(source, "denominator"))
    elif kind == "derived":
        inputs = _inputs(source, "input_metrics")
    elif kind == "cumulative":
        inputs = _inputs(source, "input_metric")
    elif kind == "conversion":
        source.account.read(source.file, source.place)
    expr = source.text("expr") if kind == "derived" else ""
    window, to_date, period = (
        (source.text(key) for key in ("window", "grain_to_date", "period_agg")) if kind == "cumulative" else ("",) * 3
    )
    return Metric(name, kind, source, inputs, filters(source), expr, window, to_date, period)


def _inputs(source: Source, key: str) -> tuple[Input, ...]:
    """One input or a list of them, each a name or a mapping with a name."""
    found = source.data.get(key)
    if isinstance(found, str):
        return (Input(source.text(key), source),)
    if isinstance(found, list):
        named = [Input(name, source) for name in found if isinstance(name, str)]
        mappings = [item for item in found if not isinstance(item, str)]
        if named and not mappings:
            source.account.read(source.file, (*source.place, key))
            return tuple(named)
        return tuple(_input(item) for item in source.many(key, "input"))
    inner = source.one(key, "input")
    if inner is None:
        source.wrong(f"{key!r} is missing")
        return ()
    return (_input(inner),)


def _input(source: Source) -> Input:
    _timespine(source)
    return Input(
        source.text("name", required=True),
        source,
        source.text("alias"),
        filters(source),
        source.number("fill_nulls_with"),
        source.text("offset_window"),
        source.text("offset_to_grain"),
    )


def _timespine(source: Source) -> None:
    if source.flag("join_to_timespine", False):
        source.leave("a cell exists where a fact has a row; empty periods are not filled", "join_to_timespine")
