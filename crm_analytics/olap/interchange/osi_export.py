"""Export of a model to the Open Semantic Interchange (Apache Ossie), version 0.1.1.

Each fact and each dimension table is a dataset, each role a relationship, each
measure a metric.  What the format has no word for (hierarchies, titles, formats,
names of unknown members) goes into custom extensions: an import here gives an
equal model, other programs skip them, and the list says which they are.

May import: sql, yamlfile, olap.dimension, olap.measure, olap.model, olap.interchange.conditions,
olap.interchange.dataset, olap.interchange.osi_words, olap.interchange.specs, olap.interchange.sqltext.
Imported by: olap.interchange.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm_analytics.olap.dimension import Attribute, Dimension
from crm_analytics.olap.interchange.conditions import condition_text
from crm_analytics.olap.interchange.dataset import fit_name
from crm_analytics.olap.interchange.osi_words import DIALECT, VERSION, extension, resolved
from crm_analytics.olap.interchange.specs import attribute_spec, measure_spec, own_title
from crm_analytics.olap.interchange.sqltext import is_column, parts
from crm_analytics.olap.measure import Measure
from crm_analytics.olap.model import Cube, Model
from crm_analytics.sql import ident
from crm_analytics.yamlfile import yaml_text

_FUNCTIONS = {
    "sum": "SUM({})",
    "avg": "AVG({})",
    "min": "MIN({})",
    "max": "MAX({})",
    "count": "COUNT({})",
    "count_distinct": "COUNT(DISTINCT {})",
    "median": "MEDIAN({})",
    "percentile": "PERCENTILE_CONT({p}) WITHIN GROUP (ORDER BY {})",
}
_DUCKDB = f"expressions are the SQL of DuckDB under the name {DIALECT}; the format has no dialect of DuckDB"


@dataclass(frozen=True, slots=True)
class Exported:
    """A model in a foreign format, and what other programs will not find in it: where, what and why."""

    document: Mapping[str, Any]
    left_out: tuple[str, ...]

    def text(self, as_json: bool) -> str:
        """The document as JSON (which dbt wants) or as YAML."""
        return json.dumps(self.document, indent=2, ensure_ascii=False) + "\n" if as_json else yaml_text(self.document)


def export_osi(model: Model, name: str) -> Exported:
    """The model as one OSI document; `name` is what it is called there."""
    return _Export(model).document(name)


@dataclass(slots=True)
class _Table:
    """A dataset in the making: its fields by name, and the expression of each."""

    name: str
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    expressions: dict[str, str] = field(default_factory=dict)

    def add(self, wanted: str, sql: str, **more: Any) -> str:
        """Add a field, unless one has this expression already; gives its name."""
        if not more:
            for name, known in self.expressions.items():
                if known == sql:
                    return name
        name = fit_name(wanted, self.fields)
        self.fields[name] = {"name": name, "expression": _expression(sql), **more}
        self.expressions[name] = sql
        return name


class _Export:
    def __init__(self, model: Model) -> None:
        self.model = model
        self.left_out: list[str] = [f"every cube: {_DUCKDB}"]
        self.facts = {name: _Table(name) for name in model.cubes}
        self.dimensions: list[tuple[Dimension, _Table]] = []
        for cube in model.cubes.values():
            for role in cube.roles.values():
                if role.dimension.table:
                    self._dimension(role.dimension)
        self.metric_names: set[str] = set()

    def document(self, name: str) -> Exported:
        cubes = self.model.cubes.values()
        rows = {cube.name: self._rows(cube) for cube in cubes}
        metrics = [m for cube in cubes for m in self._metrics(cube)]
        facts = [self._fact(cube, rows[cube.name]) for cube in cubes]
        dimensions = [_dimension(dimension, table) for dimension, table in self.dimensions]
        semantic = {
            "name": fit_name(name),
            "datasets": facts + dimensions,
            "relationships": [r for cube in cubes for r in self._relationships(cube)],
            "metrics": metrics,
        }
        return Exported({"version": VERSION, "semantic_model": [semantic]}, tuple(self.left_out))

    def _dimension(self, dimension: Dimension) -> None:
        """Give each dimension its table once, whichever cubes share it."""
        if any(known == dimension for known, _ in self.dimensions):
            return
        taken = {*self.facts, *(table.name for _, table in self.dimensions)}
        table = _Table(fit_name(dimension.name, taken))
        if table.name != dimension.name:
            why = "another dataset has its name" if dimension.name in taken else "its name is no name here"
            self.left_out.append(f"{dimension.place}: dimension {dimension.name!r}: comes back as {table.name}: {why}")
        only = list(_extra(dimension))
        only += _grouped({a.name: self._attribute(table, a) for a in dimension.attributes.values()})
        self._only_here(dimension.place, f"dimension {dimension.name!r}", only)
        self.dimensions.append((dimension, table))

    def _attribute(self, table: _Table, attribute: Attribute, more: Mapping[str, Any] | None = None) -> list[str]:
        """Add an attribute as a field; gives what only this program will read of it."""
        spec = attribute_spec(attribute)
        spec.pop("sql", None)
        sql = attribute.name if attribute.sql == ident(attribute.name) else attribute.sql
        data = {"attribute": {**(more or {}), **spec}} if more or spec else {}
        table.add(attribute.name, sql, dimension={"is_time": attribute.format == "date"}, **extension(data))
        return list(spec)

    def _rows(self, cube: Cube) -> dict[str, Any]:
        """Add the attributes that are columns of the fact; gives how they belong together."""
        rows: dict[str, Any] = {}
        for role in cube.roles.values():
            dimension = role.dimension
            if dimension.table:
                continue
            rows[dimension.name] = _extra(dimension)
            table, row = self.facts[cube.name], {"dimension": dimension.name}
            extras = {a.name: self._attribute(table, a, row | {"name": a.name}) for a in dimension.attributes.values()}
            only = ["that its attributes belong together", *rows[dimension.name], *_grouped(extras)]
            self._only_here(dimension.place, f"dimension {dimension.name!r}", only)
        return rows

    def _fact(self, cube: Cube, rows: Mapping[str, Any]) -> dict[str, Any]:
        data: dict[str, Any] = {"rows": rows} if rows else {}
        if cube.access:
            data["access"] = {
                role: {} if condition is None else {"where": condition_text(condition)}
                for role, condition in cube.access.items()
            }
            self.left_out.append(
                f"{cube.place}: cube {cube.name!r}: other programs do not hold {', '.join(cube.access)} to their rows"
            )
        if title := own_title(cube.name, cube.title):
            data["title"] = title
            self._only_here(cube.place, f"cube {cube.name!r}", ["title"])
        table = self.facts[cube.name]
        dataset: dict[str, Any] = {"name": table.name, "source": cube.table, "primary_key": list(cube.key)}
        if cube.description:
            dataset["description"] = cube.description
        return dataset | {"fields": list(table.fields.values())} | extension({"cube": data} if data else {})

    def _relationships(self, cube: Cube) -> list[dict[str, Any]]:
        found = []
        for role in cube.roles.values():
            table = next((t for d, t in self.dimensions if d == role.dimension), None)
            if table is None:
                continue
            data = {} if role.name == table.name else {"role": role.name}
            found.append(
                {
                    "name": f"{cube.name}_to_{role.name}",
                    "from": cube.name,
                    "to": table.name,
                    "from_columns": [role.column],
                    "to_columns": [role.dimension.key],
                    **extension(data),
                }
            )
        return found

    def _metrics(self, cube: Cube) -> list[dict[str, Any]]:
        found = []
        for measure in cube.measures.values():
            expression = self._expression(cube, measure)
            clash = sum(measure.name in c.measures for c in self.model.cubes.values()) > 1
            name = fit_name(f"{cube.name}_{measure.name}" if clash else measure.name, self.metric_names)
            self.metric_names.add(name)
            spec = measure_spec(measure)
            metric: dict[str, Any] = {"name": name, "expression": _expression(expression)}
            if measure.description:
                metric["description"] = measure.description
            fields = {name: table.expressions for name, table in self.facts.items()}
            known = {"cube": cube.name, "name": measure.name, "means": resolved(expression, fields), "spec": spec}
            found.append(metric | extension({"measure": known}))
            only = [key for key in ("title", "format") if key in spec]
            self._only_here(measure.place, f"measure {measure.name!r}", only)
        return found

    def _expression(self, cube: Cube, measure: Measure) -> str:
        """A measure as SQL over the fields of datasets."""
        if measure.formula:

            def column(name: str) -> str:
                return f"({self._expression(*self.model.measure(cube.name, name))})"

            return measure.formula.sql(column).replace(" AS DOUBLE)", " AS DOUBLE PRECISION)")
        table = self.facts[cube.name]
        sql = measure.sql
        if measure.where:
            sql = f"CASE WHEN {measure.where} THEN {sql or 1} END"
        elif not sql:
            sql = cube.key[0]  # a key is never missing, so that counting it counts the rows
        name = parts(sql)[0] if is_column(sql) else f"{measure.name}_value"
        return _FUNCTIONS[str(measure.agg)].format(f"{table.name}.{table.add(name, sql)}", p=measure.p)

    def _only_here(self, place: str, what: str, pieces: Sequence[str]) -> None:
        if pieces:
            self.left_out.append(f"{place}: {what}: only this program will read {'; '.join(pieces)}")


def _grouped(extras: Mapping[str, Sequence[str]]) -> list[str]:
    """`order_by of month_name, weekday`, for the keys that each attribute has."""
    keys: dict[str, list[str]] = {}
    for name, found in extras.items():
        for key in found:
            keys.setdefault(key, []).append(name)
    return [f"{key} of {', '.join(names)}" for key, names in keys.items()]


def _extra(dimension: Dimension) -> dict[str, Any]:
    """What the format has no word for in a dimension."""
    extra: dict[str, Any] = {}
    if title := own_title(dimension.name, dimension.title):
        extra["title"] = title
    if dimension.hierarchies:
        extra["hierarchies"] = {name: list(levels) for name, levels in dimension.hierarchies.items()}
    return extra


def _dimension(dimension: Dimension, table: _Table) -> dict[str, Any]:
    data = _extra(dimension)
    return {
        "name": table.name,
        "source": dimension.table,
        "primary_key": [dimension.key],
        "fields": list(table.fields.values()),
        **extension({"dimension": data} if data else {}),
    }


def _expression(sql: str) -> dict[str, Any]:
    return {"dialects": [{"dialect": DIALECT, "expression": sql}]}
