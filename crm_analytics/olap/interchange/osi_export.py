"""Export of cubes to the Open Semantic Interchange (Apache Ossie), version 0.1.1.

Each fact and each dimension table is a dataset, each role a relationship, each
measure a metric.  What the format has no word for (hierarchies, titles, formats,
names of unknown members) goes into custom extensions beside its part, and the
cube files as a whole into one at the top: an import here gives equal cubes, other
programs skip them, and the list says what those do not see.

A key that this module does not know may change what a number means.  A measure
or dimension with one stays in the cube files and is no metric and no dataset.

May import: sql, yamlfile, olap.dimension, olap.load, olap.load_dimension (names), olap.measure, olap.model,
olap.interchange.dataset, olap.interchange.osi_words, olap.interchange.sqltext.   Imported by: olap.interchange.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crm_analytics.olap.dimension import Dimension, Role
from crm_analytics.olap.interchange.dataset import Spec, fit_name
from crm_analytics.olap.interchange.osi_words import (
    CUBE,
    DIALECT,
    MEASURE,
    VERSION,
    extension,
    fingerprint,
    resolved,
    unsaid,
)
from crm_analytics.olap.interchange.sqltext import is_column, parts
from crm_analytics.olap.load import load_model
from crm_analytics.olap.load_dimension import SHARED
from crm_analytics.olap.measure import Measure
from crm_analytics.olap.model import Cube
from crm_analytics.sql import ident
from crm_analytics.yamlfile import read_yaml, yaml_text

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
    """Cubes in a foreign format, and what other programs will not find in it: where, what and why."""

    document: Mapping[str, Any]
    left_out: tuple[str, ...]

    def text(self, as_json: bool) -> str:
        """The document as JSON (which dbt wants) or as YAML."""
        return json.dumps(self.document, indent=2, ensure_ascii=False) + "\n" if as_json else yaml_text(self.document)


def export_osi(folder: Path, name: str) -> Exported:
    """The cube files of a folder as one OSI document; `name` is what it is called there.

    Raises
    ------
    ConfigError : the cube files have mistakes; one line for each.
    """
    return _Export(folder).document(name)


@dataclass(slots=True)
class _Table:
    """A dataset in the making: its fields by name, and the expression of each."""

    name: str
    fields: dict[str, Spec] = field(default_factory=dict)
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
    def __init__(self, folder: Path) -> None:
        self.model = load_model(folder)
        self.files = {path.name: read_yaml(path).data for path in sorted(folder.glob("*.yml"))}
        self.raw = {data["cube"]: data for name, data in self.files.items() if name != SHARED}
        self.left_out: list[str] = [f"{folder}: every cube: {_DUCKDB}"]
        self.facts = {name: _Table(name) for name in self.model.cubes}
        self.dimensions: list[tuple[Dimension, _Table]] = []
        self.metric_names: set[str] = set()

    def document(self, name: str) -> Exported:
        cubes = self.model.cubes.values()
        for cube in cubes:
            for role in cube.roles.values():
                self._role(cube, role)
        metrics = [metric for cube in cubes for metric in self._metrics(cube)]
        semantic: Spec = {
            "name": fit_name(name),
            "datasets": [
                *(self._fact(cube) for cube in cubes),
                *(self._dimension(dimension, table) for dimension, table in self.dimensions),
            ],
            "relationships": [relationship for cube in cubes for relationship in self._relationships(cube)],
            "metrics": metrics,
        }
        semantic |= extension({"fingerprint": fingerprint(semantic), "files": self.files})
        return Exported({"version": VERSION, "semantic_model": [semantic]}, tuple(self.left_out))

    def _dimension_spec(self, cube: Cube, dimension: Dimension) -> Spec:
        """A dimension as it stands in the cube's own file or in `dimensions.yml`."""
        own: Spec = self.raw[cube.name]["dimensions"][dimension.name] or {}
        shared: Spec = self.files.get(SHARED, {}).get("dimensions", {})
        return own if "table" in own or "attributes" in own else shared[dimension.name] | own

    def _role(self, cube: Cube, role: Role) -> None:
        """Give a dimension its table once, whichever cubes share it, or its columns to the fact."""
        dimension = role.dimension
        spec = self._dimension_spec(cube, dimension)
        if odd := unsaid(spec):
            self._tell(role.place, f"dimension {role.name!r}: left out: the format has no word for {', '.join(odd)}")
        elif not dimension.table:
            more = {"dimension": dimension.name}
            only = self._attributes(self.facts[cube.name], dimension, spec, more)
            self._only_here(dimension.place, dimension, [*_extra(spec), *only, "that its attributes belong together"])
        elif not any(known == dimension for known, _ in self.dimensions):
            taken = {*self.facts, *(table.name for _, table in self.dimensions)}
            table = _Table(fit_name(dimension.name, taken))
            if table.name != dimension.name:
                self._tell(
                    dimension.place, f"dimension {dimension.name!r}: is called {table.name}, for another has its name"
                )
            only = self._attributes(table, dimension, spec, {})
            self._only_here(dimension.place, dimension, [*_extra(spec), *only])
            self.dimensions.append((dimension, table))

    def _attributes(self, table: _Table, dimension: Dimension, spec: Spec, more: Spec) -> list[str]:
        """Add the attributes of a dimension as fields; gives what only this program will read of them."""
        keys: dict[str, list[str]] = {}
        for name, attribute in dimension.attributes.items():
            own = {key: value for key, value in (spec["attributes"][name] or {}).items() if key != "sql"}
            data = {"attribute": {**more, **({"name": name} if more else {}), **own}} if more or own else {}
            sql = name if attribute.sql == ident(name) else attribute.sql
            table.add(name, sql, dimension={"is_time": attribute.format == "date"}, **extension(data))
            for key in own:
                keys.setdefault(key, []).append(name)
        return [f"{key} of {', '.join(names)}" for key, names in keys.items()]

    def _fact(self, cube: Cube) -> Spec:
        raw, table = self.raw[cube.name], self.facts[cube.name]
        own = {r.dimension.name: self._dimension_spec(cube, r.dimension) for r in cube.roles.values()}
        rows = {name: _extra(spec) for name, spec in own.items() if "table" not in spec and not unsaid(spec)}
        data: Spec = {"rows": rows} if rows else {}
        if "title" in raw:
            data["title"] = cube.title
            self._tell(cube.place, f"cube {cube.name!r}: only this program will read title")
        if odd := sorted(raw.keys() - CUBE):
            self._tell(cube.place, f"cube {cube.name!r}: left out: the format has no word for {', '.join(odd)}")
        if cube.access:
            roles = ", ".join(cube.access)
            self._tell(cube.place, f"cube {cube.name!r}: other programs do not hold {roles} to their rows")
        dataset: Spec = {"name": table.name, "source": cube.table, "primary_key": list(cube.key)}
        if cube.description:
            dataset["description"] = cube.description
        return dataset | {"fields": list(table.fields.values())} | extension({"cube": data} if data else {})

    def _dimension(self, dimension: Dimension, table: _Table) -> Spec:
        cube = next(c for c in self.model.cubes.values() for r in c.roles.values() if r.dimension == dimension)
        data = _extra(self._dimension_spec(cube, dimension))
        dataset: Spec = {"name": table.name, "source": dimension.table, "primary_key": [dimension.key]}
        return dataset | {"fields": list(table.fields.values())} | extension({"dimension": data} if data else {})

    def _relationships(self, cube: Cube) -> Iterator[Spec]:
        for role in cube.roles.values():
            # Without its name only the first relationship to a dataset is called as the dataset.
            alone = sum(other.dimension == role.dimension for other in cube.roles.values()) == 1
            for dimension, table in self.dimensions:
                if dimension == role.dimension:
                    yield {
                        "name": f"{cube.name}_to_{role.name}",
                        "from": cube.name,
                        "to": table.name,
                        "from_columns": [role.column],
                        "to_columns": [dimension.key],
                        **extension({} if alone and role.name == table.name else {"role": role.name}),
                    }

    def _metrics(self, cube: Cube) -> Iterator[Spec]:
        for measure in cube.measures.values():
            spec = self.raw[cube.name]["measures"][measure.name]
            if why := self._not_said(cube, measure):
                self._tell(measure.place, f"measure {measure.name!r}: left out: the format has no word for {why}")
                continue
            expression = self._expression(cube, measure)
            clash = sum(measure.name in c.measures for c in self.model.cubes.values()) > 1
            name = fit_name(f"{cube.name}_{measure.name}" if clash else measure.name, self.metric_names)
            self.metric_names.add(name)
            metric: Spec = {"name": name, "expression": _expression(expression)}
            if measure.description:
                metric["description"] = measure.description
            fields = {name: table.expressions for name, table in self.facts.items()}
            known = {"cube": cube.name, "name": measure.name, "means": resolved(expression, fields), "spec": spec}
            if only := [key for key in ("title", "format", "sketch") if key in spec]:
                self._tell(measure.place, f"measure {measure.name!r}: only this program will read {', '.join(only)}")
            yield metric | extension({"measure": known})

    def _not_said(self, cube: Cube, measure: Measure) -> str:
        """What of a measure, or of one that it is made from, the format has no word for: '' where it has all."""
        spec: Spec = self.raw[cube.name]["measures"][measure.name]
        if odd := sorted(spec.keys() - MEASURE):
            return ", ".join(odd)
        if measure.formula:
            needed = (self.model.measure(cube.name, name) for name in measure.formula.names)
            return next((why for owner, other in needed if (why := self._not_said(owner, other))), "")
        return "" if measure.agg in _FUNCTIONS else f"the aggregate {measure.agg}"

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

    def _only_here(self, place: str, dimension: Dimension, pieces: Sequence[str]) -> None:
        if pieces:
            self._tell(place, f"dimension {dimension.name!r}: only this program will read {'; '.join(pieces)}")

    def _tell(self, place: str, what: str) -> None:
        line = f"{place}: {what}"
        if line not in self.left_out:
            self.left_out.append(line)


def _extra(spec: Spec) -> Spec:
    """What the format has no word for in a dimension."""
    return {key: spec[key] for key in ("title", "unknown", "hierarchies") if key in spec}


def _expression(sql: str) -> Spec:
    return {"dialects": [{"dialect": DIALECT, "expression": sql}]}
