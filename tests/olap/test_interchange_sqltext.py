"""Fragments of SQL taken apart: whatever is cut is put together again, and what is not understood is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics.olap.interchange.dataset import fit_name, plain_table
from crm_analytics.olap.interchange.sqltext import (
    Aggregate,
    Refused,
    formula_of,
    is_column,
    parts,
    renamed,
    tokens,
    unwrapped,
    with_columns,
)
from crm_analytics.olap.load import RESERVED

SQL = st.text(alphabet="ab.(), '\"+-*/:|0 1\n_", max_size=30)


def taken_apart(sql: str) -> tuple[str, list[Aggregate]]:
    found: list[Aggregate] = []

    def name(aggregate: Aggregate) -> str:
        found.append(aggregate)
        return f"m{len(found)}"

    return formula_of(sql, name)[0], found


@given(SQL)
def test_the_tokens_of_a_fragment_are_the_fragment(sql: str) -> None:
    assert "".join(token.text for token in tokens(sql)) == sql
    assert with_columns(sql, lambda found: ".".join(found)).replace('"', "") == sql.replace('"', "")


@given(SQL)
def test_any_text_is_a_formula_or_refused_in_words(sql: str) -> None:
    try:
        text, names = formula_of(sql, lambda aggregate: "m")
    except Refused:
        return
    assert renamed(text, lambda name: name) == text
    assert all(name in text for name in names)


@pytest.mark.parametrize(
    ("sql", "formula", "aggregates"),
    [
        ("SUM(a)", "m1", [Aggregate("sum", "a")]),
        ("sum( o.amount ) / count(*)", "m1 / m2", [Aggregate("sum", "o.amount"), Aggregate("count")]),
        ("COUNT(DISTINCT (a || 'b)'))", "m1", [Aggregate("count_distinct", "a || 'b)'")]),
        ("COUNT(1) FILTER (WHERE x IN (1, 2))", "m1", [Aggregate("count", "", "x IN (1, 2)")]),
        ("round(100.0 * AVG(a + b), 2)", "round(100.0 * m1, 2)", [Aggregate("avg", "a + b")]),
        ("COALESCE(MAX(a), 0) - MIN(a)", "coalesce(m1, 0) - m2", [Aggregate("max", "a"), Aggregate("min", "a")]),
        ("SUM(a)::DECIMAL(18, 2) * 1", "m1 * 1", [Aggregate("sum", "a")]),
        ("CAST(SUM(CAST(a AS INT)) AS DOUBLE PRECISION)", "(m1)", [Aggregate("sum", "CAST(a AS INT)")]),
        ("APPROX_COUNT_DISTINCT(a)", "m1", [Aggregate("count_distinct", "a", approximate=True)]),
        ("PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY a)", "m1", [Aggregate("percentile", "a", p=0.9)]),
        ("SUM(CASE WHEN k = 'x' THEN a END)", "m1", [Aggregate("sum", "CASE WHEN k = 'x' THEN a END")]),
    ],
)
def test_an_expression_over_aggregates_is_a_formula(sql: str, formula: str, aggregates: list[Aggregate]) -> None:
    assert taken_apart(sql) == (formula, aggregates)


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("SUM(a", "a parenthesis is not closed"),
        ("SUM(a) OVER (PARTITION BY b)", "a window function is no aggregate of a cube"),
        ("SUM(SUM(a))", "an aggregate stands within another"),
        ("SUM(DISTINCT a)", r"sum\(DISTINCT\) is no aggregate of a cube"),
        ("SUM(*)", r"sum\(\*\) is no aggregate of a cube"),
        ("CAST(SUM(a) AS INTEGER)", "a formula holds numbers, and INTEGER may be none or cut them"),
        ("SUM(a)::date", "a formula holds numbers, and date may be none or cut them"),
        ("CAST(SUM(a))", "a cast without AS"),
        ("SUM(a) || 'x'", "has no place in a formula"),
        ("STRING_AGG(a, ',')", "STRING_AGG has no place in a formula"),
        ("SUM(a) % 2", "% has no place in a formula"),
        ("PERCENTILE_CONT(0.5)", "a percentile is written"),
        ("PERCENTILE_CONT(1) WITHIN GROUP (ORDER BY a)", "a percentile lies between 0 and 1, not at 1"),
        ("PERCENTILE_CONT(0.1) WITHIN GROUP (ORDER BY a DESC)", "no order but the plain one"),
    ],
)
def test_what_is_not_understood_is_refused_in_words(sql: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        taken_apart(sql)


def test_names_are_read_with_and_without_quotes() -> None:
    assert parts('sales."Net ""amount"""') == ("sales", 'Net "amount"')
    assert with_columns("o.a + f(o.b) + 'o.c'", lambda found: found[-1].upper()) == "A + f(B) + 'o.c'"
    assert (is_column(' "a b" '), is_column("a.b"), is_column("a + b")) == (True, False, False)
    assert (unwrapped("((a + b))"), unwrapped("(a) + (b)")) == ("a + b", "(a) + (b)")


@given(st.text(max_size=20), st.sets(st.sampled_from(["a", "a_2", "total_", "order_total"])))
def test_any_text_makes_a_name_that_a_cube_file_may_hold(text: str, taken: set[str]) -> None:
    name = fit_name(text, taken)
    assert name.isidentifier()
    assert name == name.lower()
    assert name.isascii()
    assert name not in RESERVED | taken


def test_a_name_keeps_its_words_apart() -> None:
    assert [fit_name(n) for n in ("orderTotal", "Net amount (USD)", "2nd", "total")] == [
        "order_total",
        "net_amount_usd",
        "n2nd",
        "total_",
    ]
    assert fit_name("a", {"a", "a_2"}) == "a_3"


def test_a_table_is_told_from_a_query() -> None:
    assert plain_table('shop."public".orders') == ("orders", "shop.public")
    assert plain_table('"Net sales"') == ("Net sales", "")
    assert plain_table("SELECT * FROM orders") == plain_table("read_csv('x.csv')") == ("", "")
