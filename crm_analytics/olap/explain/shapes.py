"""What kind of number a measure is, and so how its change comes apart.

A sum comes apart into its members' changes.  A ratio of two sums comes apart into
rates and mix.  A count of customers comes apart into those who came and those who
left.  Nothing else has parts that add up, and is refused.

May import: errors, sql, olap.dimension, olap.formula, olap.measure, olap.model.   Imported by: olap.explain.*.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass, replace

from crm_analytics.errors import QueryError, shortened
from crm_analytics.olap.dimension import Role
from crm_analytics.olap.formula import Formula
from crm_analytics.olap.measure import Measure
from crm_analytics.olap.model import Cube, Model
from crm_analytics.sql import ident

CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Sum:
    """A number whose parts add up: a sum, a count, or sums and differences of them."""

    cube: Cube
    measure: Measure

    @property
    def grounds(self) -> tuple[Measure, ...]:
        """The aggregates that it is made of, each once."""
        return tuple({found.name: found for found in _grounds(self.cube, self.measure)}.values())

    def sql(self, column: Callable[[Measure], str]) -> str:
        """The number, with `column(ground)` in the place of each aggregate."""
        return _sql(self.cube, self.measure, column)


@dataclass(frozen=True, slots=True)
class Ratio:
    """One sum over another."""

    over: Sum
    under: Sum


@dataclass(frozen=True, slots=True)
class Customers:
    """A distinct count of the customers of the rows: each of them is 1 or 0 in a period."""

    count: Sum


Shape = Sum | Ratio | Customers


def shape_of(model: Model, cube: Cube, ref: str) -> Shape:
    """The shape of a measure under its name in a question to `cube`.

    Raises
    ------
    UnknownName : there is no such measure.
    QueryError : it has no parts that add up, or needs the rows of another cube.
    """
    owner, measure = model.measure(cube.name, ref)
    if owner.name != cube.name:
        raise QueryError(f"{ref} is a measure of cube {owner.name!r}: explain it there")
    if other := next((name for name in _named(cube, measure) if "." in name), None):
        raise QueryError(
            f"cube {cube.name!r}: {ref} needs {other} of another cube, and a change is explained from the rows "
            f"of one. Measures that can be: {shortened(_fit(cube))}"
        )
    found = _shape(cube, measure)
    if found is None:
        formula = f"formula {measure.formula.text!r}" if measure.formula else "calculation over time"
        kind = "stock" if measure.semi else measure.agg or formula
        raise QueryError(
            f"cube {cube.name!r}: {ref} is a {kind}, whose parts do not add up to the whole; sums, counts, averages "
            f"and ratios of them do, and counts of customers. Measures that can be explained: {shortened(_fit(cube))}"
        )
    return found


def customer_role(cube: Cube) -> Role | None:
    """The dimension whose members are the customers of the rows, if the cube reaches it."""
    role = cube.roles.get(CUSTOMER)
    return role if role and role.dimension.table else None


def _fit(cube: Cube) -> list[str]:
    return [m.name for m in cube.measures.values() if not _foreign(cube, m) and _shape(cube, m)]


def _shape(cube: Cube, measure: Measure) -> Shape | None:
    if _adds_up(cube, measure, distinct=False):
        return Sum(cube, measure)
    match measure.agg:
        case "avg":
            # count(x), like avg(x), skips rows without a value.
            over = replace(measure, name="sum", agg="sum", type="")
            return Ratio(Sum(cube, over), Sum(cube, replace(measure, name="count", agg="count", type="")))
        case "count_distinct":
            role = customer_role(cube)
            own = role is not None and measure.sql.lower() in (role.column.lower(), ident(role.column).lower())
            return Customers(Sum(cube, measure)) if own else None
    match measure.formula.tree if measure.formula else None:
        case ast.BinOp(left, ast.Div(), right):
            sides = [_made(cube, measure, name, tree) for name, tree in (("over", left), ("under", right))]
            if all(_adds_up(cube, side, distinct=True) for side in sides):
                return Ratio(Sum(cube, sides[0]), Sum(cube, sides[1]))
        case ast.Name(name):
            return _shape(cube, cube.measure(name))
    return None


def _made(cube: Cube, measure: Measure, name: str, tree: ast.expr) -> Measure:
    """One side of a quotient as a measure of its own."""
    words = (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    names = tuple(dict.fromkeys(word for word in words if word in cube.measures))
    return replace(measure, name=name, formula=Formula(ast.unparse(tree), names, tree), type="")


def _adds_up(cube: Cube, measure: Measure, distinct: bool) -> bool:
    """Whether the parts of a split without overlap add up; with `distinct` a distinct count is given the benefit."""
    if measure.formula is None:
        return (measure.additive and measure.adds) or (distinct and measure.agg == "count_distinct")
    return _is_linear(cube, measure.formula.tree, distinct)


def _is_linear(cube: Cube, node: ast.expr, distinct: bool) -> bool:
    match node:
        case ast.Name(name):
            return name in cube.measures and _adds_up(cube, cube.measures[name], distinct)
        case ast.UnaryOp(_, inner) | ast.BinOp(ast.Constant(), ast.Mult(), inner):
            return _is_linear(cube, inner, distinct)
        case ast.BinOp(inner, ast.Mult() | ast.Div(), ast.Constant()):
            return _is_linear(cube, inner, distinct)
        case ast.BinOp(left, ast.Add() | ast.Sub(), right):
            return _is_linear(cube, left, distinct) and _is_linear(cube, right, distinct)
        case ast.Call(ast.Name("coalesce"), [inner, ast.Constant(0)]):
            return _is_linear(cube, inner, distinct)
    return False


def _named(cube: Cube, measure: Measure) -> list[str]:
    """Every name behind a formula, down to the ground; those of other cubes with their dot."""
    found: list[str] = []
    for name in measure.formula.names if measure.formula else ():
        found.append(name)
        if "." not in name:
            found += _named(cube, cube.measure(name))
    return found


def _foreign(cube: Cube, measure: Measure) -> bool:
    return any("." in name for name in _named(cube, measure))


def _grounds(cube: Cube, measure: Measure) -> list[Measure]:
    if measure.formula is None:
        return [measure]
    return [ground for name in measure.formula.names for ground in _grounds(cube, cube.measure(name))]


def _sql(cube: Cube, measure: Measure, column: Callable[[Measure], str]) -> str:
    if measure.formula is None:
        return column(measure)
    return measure.formula.sql(lambda name: f"({_sql(cube, cube.measure(name), column)})")
