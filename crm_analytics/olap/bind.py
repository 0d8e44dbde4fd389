"""Look the model's columns up in a warehouse: what each is, and which fragments of SQL do not fit.

DuckDB only describes; but for the names of members and their histories and trees, no row is read.  What does
not fit is kept as the `problem` of its part, so that the rest of the model can
still be asked.

May import: errors, sql, engines, olap.bind_kinds, olap.describe, olap.model, olap.rollup_log,
olap.tree.   Imported by: olap.browse, olap.check, project.
"""

from collections.abc import Mapping
from dataclasses import replace

from crm_analytics.engines import Engine
from crm_analytics.errors import CrmError
from crm_analytics.olap.bind_kinds import bind_kinds
from crm_analytics.olap.describe import describe, kind_of, no_table, told
from crm_analytics.olap.dimension import Attribute, Dimension, Role
from crm_analytics.olap.measure import Measure
from crm_analytics.olap.model import Cube, Model
from crm_analytics.olap.rollup_log import with_usable
from crm_analytics.olap.tree import is_level
from crm_analytics.sql import ident


def bind_model(model: Model, engine: Engine) -> Model:
    """The model with the kind of every attribute and measure, and the problem of each that does not fit."""
    tables = engine.tables()
    shared: dict[str, Dimension] = {}

    def bound(cube: Cube, role: Role) -> Role:
        dimension = role.dimension
        if dimension.place not in shared:
            shared[dimension.place] = _bind_dimension(dimension, dimension.table or cube.table, engine, tables)
        return replace(role, dimension=shared[dimension.place])

    cubes = {
        cube.name: _bind_cube(replace(cube, roles={n: bound(cube, r) for n, r in cube.roles.items()}), engine, tables)
        for cube in model.cubes.values()
    }
    bound_model = replace(model, cubes=_bind_formulas(replace(model, cubes=cubes), engine), bound=True)
    return with_usable(bound_model, engine, tables)


def _bind_dimension(dimension: Dimension, table: str, engine: Engine, tables: frozenset[str]) -> Dimension:
    if table not in tables:
        return replace(dimension, problem=no_table(dimension.place, table))
    attributes = {name: a for name, a in dimension.attributes.items() if not is_level(dimension, a)}
    # The keys of this mapping only have to tell the expressions apart.
    expressions = {name: a.sql for name, a in attributes.items()}
    expressions |= {f"{name} order": a.order_by for name, a in attributes.items() if a.order_by}
    if dimension.table:
        expressions |= {" key": ident(dimension.key)}
    types, wrong = describe(engine, table, expressions, rows=True)
    columns = engine.columns(ident(table))
    plain = {form: column for column in columns for form in (column.lower(), ident(column).lower())}
    attributes = {
        name: replace(
            a,
            kind=kind_of(types.get(name, "")),
            column=plain.get(a.sql.lower(), ""),
            order_column=plain.get(a.order_by.lower(), ""),
            problem=told(a.place, wrong.get(name) or wrong.get(f"{name} order") or _no_day(a, types.get(name))),
        )
        for name, a in attributes.items()
    }
    if dimension.table and not wrong:
        attributes = _looked_at(dimension.table, attributes, engine)
    bound = replace(
        dimension,
        attributes={**dimension.attributes, **attributes},
        columns=frozenset(column.lower() for column in columns),
        problem=told(dimension.place, wrong.get(" key")),
    )
    return bound if bound.problem else bind_kinds(bound, engine, tables)


def _looked_at(table: str, attributes: Mapping[str, Attribute], engine: Engine) -> dict[str, Attribute]:
    """The attributes with what one look at all members says of their names."""
    texts = [a for a in attributes.values() if a.kind == "text"]
    if not texts:
        return dict(attributes)
    items = [f"bool_or(({a.sql}) IS NULL), bool_or(({a.sql}) = $u{i})" for i, a in enumerate(texts)]
    params = {f"u{i}": a.unknown for i, a in enumerate(texts)}
    (found,) = engine.rows(f"SELECT {', '.join(items)} FROM {ident(table)}", params)
    looked = {
        a.name: replace(a, nullable=found[2 * i] is not False, namesake=found[2 * i + 1] is True)
        for i, a in enumerate(texts)
    }
    return {**attributes, **looked}


def _bind_cube(cube: Cube, engine: Engine, tables: frozenset[str]) -> Cube:
    if cube.table not in tables:
        return replace(cube, problem=no_table(cube.place, cube.table))
    measures = {name: m.typing for name, m in cube.measures.items() if m.is_ground}
    orders = {name: m.semi.by for name, m in cube.measures.items() if m.semi and m.semi.by}
    columns = {role.name: ident(role.column) for role in cube.roles.values() if role.dimension.table}
    types, wrong = describe(engine, cube.table, measures)
    _, wrong_roles = describe(engine, cube.table, columns)
    _, wrong_order = describe(engine, cube.table, orders, rows=True)
    _, wrong_key = describe(engine, cube.table, {column: ident(column) for column in cube.key})
    return replace(
        cube,
        roles={name: replace(r, problem=told(r.place, wrong_roles.get(name))) for name, r in cube.roles.items()},
        measures={
            name: _bind_measure(m, types.get(name, ""), wrong.get(name) or wrong_order.get(name))
            for name, m in cube.measures.items()
        },
        problem=told(cube.place, "; ".join(wrong_key.values())),
    )


def _bind_measure(measure: Measure, type_: str, wrong: str | None) -> Measure:
    if not measure.is_ground:
        return measure  # once the measures that it names are known
    return replace(measure, type=type_, kind=kind_of(type_), problem=told(measure.place, wrong))


def _bind_formulas(model: Model, engine: Engine) -> dict[str, Cube]:
    """The cubes with the type of every formula and calculation, taken over one empty cell."""

    def sql(cube: Cube, measure: Measure) -> str:
        if measure.calc:
            inner = f"({sql(*model.measure(cube.name, measure.calc.of))})"
            changed = f"{inner} - {inner}" if measure.calc.against else inner
            return f"CAST({changed} AS DOUBLE)" if measure.calc.relative else changed
        if measure.formula is None:
            return f"CAST(NULL AS {measure.cell_type or 'DOUBLE'})"  # what is wrong with it is told at its own line
        return measure.formula.sql(lambda name: f"({sql(*model.measure(cube.name, name))})")

    def bound(cube: Cube, measure: Measure) -> Measure:
        try:
            type_ = next(iter(engine.columns(f"(SELECT {sql(cube, measure)} AS formula)").values()))
        except CrmError as error:
            what = f"formula {measure.formula.text!r}" if measure.formula else f"calculation '{measure.calc}'"
            return replace(measure, problem=f"{measure.place}: {what} cannot be computed: {error}")
        return replace(measure, type=type_, kind=kind_of(type_))

    return {
        cube.name: replace(cube, measures={n: m if m.is_ground else bound(cube, m) for n, m in cube.measures.items()})
        for cube in model.cubes.values()
    }


def _no_day(attribute: Attribute, type_: str | None) -> str | None:
    """What is wrong with the day of a calendar."""
    if attribute.period != "day" or type_ in (None, "DATE"):
        return None
    return f"'period: day' needs a DATE, and {attribute.name!r} is a {type_}"
