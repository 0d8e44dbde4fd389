"""Measures made from measures: `revenue / orders`, computed after aggregation at every level.

A formula is read with Python's own parser and held to a short list of what it
may contain; everything else is refused.  Not a query: SQL text comes out, the
names in it are resolved by the caller.

May import: errors.   Imported by: olap.model, olap.load, olap.compile.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from crm_analytics.errors import ConfigError

# Function: how many values it takes, fewest and most.
FUNCTIONS = {"abs": (1, 1), "coalesce": (2, 9), "ln": (1, 1), "nullif": (2, 2), "round": (1, 2)}

_OPERATORS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
_ALLOWED = f"names of measures, numbers, + - * / ( ) and {', '.join(FUNCTIONS)}"


@dataclass(frozen=True, slots=True)
class Formula:
    """A checked formula: its text and the measures it names, each once, in order."""

    text: str
    names: tuple[str, ...]
    tree: ast.expr = field(compare=False, repr=False)

    @property
    def is_linear(self) -> bool:
        """Whether it only adds, subtracts and scales measures, so that it adds up where they do."""
        return _is_linear(self.tree)

    def sql(self, column: Callable[[str], str]) -> str:
        """The formula as SQL, with `column(name)` in the place of each measure."""
        return _sql(self.tree, column)


def parse_formula(text: str) -> Formula:
    """Read a formula.

    Division gives NULL, not an error, where the divisor is 0, and never cuts to
    a whole number; `ln` gives NULL where its value is not positive.

    Raises
    ------
    ConfigError : it does not parse, or holds anything beyond names, numbers, + - * / and the functions.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ConfigError(f"formula {text!r} does not parse; it may hold {_ALLOWED}") from None
    names: dict[str, None] = {}
    _check(tree, text, names)
    return Formula(text.strip(), tuple(names), tree)


def _check(node: ast.expr, text: str, names: dict[str, None]) -> None:
    match node:
        case ast.Name(id=name):
            names[name] = None
        case ast.Attribute(value=ast.Name(id=cube), attr=name):
            names[f"{cube}.{name}"] = None
        case ast.Constant(value=bool()):
            raise _refused(node, text)
        case ast.Constant(value=int() | float() as number) if abs(number) < 1e18:
            pass
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            _check(inner, text, names)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div(), right=right):
            _check(left, text, names)
            _check(right, text, names)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            fewest, most = FUNCTIONS[name]
            if not fewest <= len(args) <= most:
                takes = fewest if fewest == most else f"{fewest} to {most}"
                raise ConfigError(f"formula {text!r}: {name} takes {takes} values, not {len(args)}")
            for arg in args:
                _check(arg, text, names)
        case _:
            raise _refused(node, text)


def _is_linear(node: ast.expr) -> bool:
    match node:
        case ast.Name() | ast.Attribute():
            return True
        case ast.UnaryOp(operand=inner):
            return _is_linear(inner)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            return _is_linear(left) and _is_linear(right)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return (_is_linear(left) and _is_fixed(right)) or (_is_fixed(left) and _is_linear(right))
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _is_linear(left) and _is_fixed(right)
    return False


def _is_fixed(node: ast.expr) -> bool:
    return not any(isinstance(part, ast.Name) for part in ast.walk(node))


def _refused(node: ast.expr, text: str) -> ConfigError:
    return ConfigError(f"formula {text!r}: {ast.unparse(node)!r} is not understood; it may hold {_ALLOWED}")


def _sql(node: ast.expr, column: Callable[[str], str]) -> str:
    match node:
        case ast.Name(id=name):
            return column(name)
        case ast.Attribute(value=ast.Name(id=cube), attr=name):
            return column(f"{cube}.{name}")
        case ast.UnaryOp(operand=inner):
            return f"-{_part(inner, column)}"
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            # As doubles: whole numbers would be cut, and a quotient of decimals has no right scale.
            return f"CAST({_sql(left, column)} AS DOUBLE) / nullif({_sql(right, column)}, 0)"
        case ast.BinOp(left=left, op=op, right=right):
            return f"{_part(left, column)} {_OPERATORS[type(op)]} {_part(right, column)}"
        case ast.Call(func=ast.Name(id="ln"), args=[value]):
            inside = _sql(value, column)
            return f"CASE WHEN {inside} > 0 THEN ln({inside}) END"
        case ast.Call(func=ast.Name(id=name), args=args):
            return f"{name}({', '.join(_sql(arg, column) for arg in args)})"
        case ast.Constant(value=value):
            return repr(value)
    raise AssertionError(ast.dump(node))  # _check lets nothing else through


def _part(node: ast.expr, column: Callable[[str], str]) -> str:
    """One side of an operator, in parentheses unless it is a single thing."""
    text = _sql(node, column)
    return text if isinstance(node, ast.Name | ast.Attribute | ast.Constant) else f"({text})"
