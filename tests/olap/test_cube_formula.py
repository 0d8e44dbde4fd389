"""Formulas: what they may hold, and what they give where SQL would give an error or a wrong whole number."""

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import ConfigError
from crm_analytics.olap.formula import parse_formula


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("a / b", 3.5),  # not 3: whole numbers are not cut
        ("a / (b - 2)", None),  # not an error
        ("a - (b - 1)", 6),
        ("a - b - 1", 4),
        ("-(a - b) * 2", -10),
        ("a / b / 2", 1.75),
        ("a / (b / 2)", 7),
        ("ln(0 * a)", None),
        ("ln(1)", 0),
        ("coalesce(none, 5) + abs(-2)", 7),
        ("nullif(a, 7)", None),
        ("round(a / 3, 2)", 2.33),
        ("a + none", None),
    ],
)
def test_a_formula_gives(engine: DuckEngine, formula: str, value: float | None) -> None:
    columns = {"a": "7", "b": "2", "none": "CAST(NULL AS INTEGER)"}
    [(got,)] = engine.rows(f"SELECT {parse_formula(formula).sql(lambda name: columns[name])}")
    assert (None if got is None else float(str(got))) == value


def test_a_formula_names_measures_of_other_cubes() -> None:
    assert parse_formula(" revenue / contacts.mailings + revenue").names == ("revenue", "contacts.mailings")


@pytest.mark.parametrize(
    "formula",
    [
        "a ** b",
        "a if b else c",
        "sum(a)",
        "a.b.c",
        "'a'",
        "True",
        "[a]",
        "a == b",
        "f(a)(b)",
        "abs(a, b)",
        "a b",
        "",
        "abs(x=1)",
    ],
)
def test_anything_else_is_refused(formula: str) -> None:
    with pytest.raises(ConfigError, match="formula"):
        parse_formula(formula)
