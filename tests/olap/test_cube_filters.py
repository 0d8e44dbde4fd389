"""What a filter may say, what is said where it does not parse, and that no value gets into the SQL."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics.errors import CrmError, QueryError
from crm_analytics.olap.compile import compile_query
from crm_analytics.olap.filters import And, Compare, Not, Number, Or, comparisons, parse_filter
from crm_analytics.olap.model import Model
from crm_analytics.olap.query import CubeQuery
from olap.conftest import Asking

SALES = CubeQuery("sales").measures("revenue")


def test_and_binds_closer_than_or_and_not_closest() -> None:
    a, b, c = (Compare(name, "=", (Number("1"),)) for name in "abc")
    assert parse_filter("a = 1 or b = 1 and not c = 1") == Or((a, And((b, Not(c)))))
    assert parse_filter("NOT (a = 1 OR b = 1) AND not not c = 1") == And((Not(Or((a, b))), c))


def test_values_are_texts_numbers_true_and_false() -> None:
    assert parse_filter("a in ('it''s', -1.5, 007, true)") == Compare("a", "in", ("it's", "-1.5", "007", True))
    assert parse_filter("a not between 1 and 2") == Not(Compare("a", "between", ("1", "2")))
    assert parse_filter("a<>''") == Compare("a", "!=", ("",))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("product.department = ", "at character 22 it ends where a value such as 'GROCERY' or 2017 is expected"),
        ("product.department = GROCERY", "at character 22 'GROCERY' stands where a value (text goes in single quotes"),
        ("product.department", "at character 19 it ends where =, !=, <"),
        ("a = 'x", 'at character 5 "\'x" stands where a closing quote'),
        ("a = 1 b = 2", "at character 7 'b' stands where 'and', 'or' or the end is expected"),
        ("(a = 1", "at character 7 it ends where ')' is expected"),
        ("a in 1", "where '(' is expected"),
        ("a not = 1", "where 'in', 'between' or 'like' is expected"),
        ("a is 5", "where 'unknown' is expected"),
        ("", "at character 1 it ends where a name such as product.department is expected"),
        ("a = 1; DROP TABLE fct_sale", "at character 6 ';' stands"),
        ("= 1", "at character 1 '=' stands where a name"),
        ("a = 2017-01-01", "at character 5 '2017-01-01' stands where a name or a value"),
        ("(" * 100 + "a = 1" + ")" * 100, "more than 50 levels of parentheses"),
    ],
)
def test_a_filter_that_does_not_parse_says_where_and_what(text: str, sentence: str) -> None:
    with pytest.raises(QueryError) as error:
        parse_filter(text)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


@given(st.text(alphabet="ab.='() <>!,1-notiriandulk\x00ü\n", max_size=30))
def test_any_text_parses_or_is_refused_but_never_breaks(text: str) -> None:
    with suppress(QueryError):
        assert list(comparisons(parse_filter(text)))


@pytest.mark.parametrize(
    ("filter_", "sentence"),
    [
        ("date.year = 'twenty'", "date.year cannot be 'twenty'; write it like 2017"),
        ("date.date > '2017-13-01'", "date.date cannot be '2017-13-01'; write it like '2017-03-31'"),
        ("product.organic = 'maybe'", "product.organic cannot be 'maybe'; write it like true"),
        ("date.year like '20%'", "date.year holds no text, so 'like' does not apply"),
        ("revenue > 'much'", "revenue cannot be 'much'"),
        ("product = 'FOOD'", "dimension 'product' needs an attribute: product.department, product.category"),
        ("produkt.department = 'FOOD'", "no dimension 'produkt'. Did you mean 'product'?"),
        ("product.departmnt = 'FOOD'", "no attribute 'departmnt'. Did you mean 'department'?"),
        ("revenu > 5", "no measure 'revenu'. Did you mean 'revenue'?"),
        ("revenue > 5 or date.year = 2017", "cannot mix date.year and the measure revenue within one 'or' or 'not'"),
    ],
)
def test_a_filter_that_means_nothing_says_why(model: Model, filter_: str, sentence: str) -> None:
    with pytest.raises(CrmError) as error:
        compile_query(model, SALES.dice(filter_))
    assert sentence in str(error.value)


NASTY = [
    "'; DROP TABLE fct_sale; --",
    "$product_department",
    '"',
    "\\",
    "%",
    "x' OR '1'='1",
    "NULL",
    "Ünknown 'product'",
    "",
]


@pytest.mark.parametrize("value", NASTY)
def test_a_value_is_bound_and_never_text(model: Model, ask: Asking, value: str) -> None:
    query = SALES.slice("product.department", value)
    compiled = compile_query(model, query).query
    assert compiled.text == compile_query(model, SALES.slice("product.department", "FOOD")).query.text
    assert compiled.params["product_department"] == value
    assert ask(query).frame["revenue"].to_list() == [None]
    again = "product.department = '" + value.replace("'", "''") + "'"
    assert compile_query(model, SALES.dice(again)).query == compiled


def test_one_name_with_two_values_has_two_parameters(model: Model) -> None:
    query = SALES.dice("date.year > 2015 and date.year < 2018 and (date.year != 2015 or product.article = '2015')")
    assert compile_query(model, query).query.params == {
        "date_year": 2015,
        "date_year_2": 2018,
        "product_article": "2015",
    }


def test_numbers_find_texts_and_texts_numbers(ask: Asking) -> None:
    assert ask(SALES.slice("date.year", "2017")).frame["revenue"][0] == 1540
    assert ask(SALES.dice("date.month != 2017")).frame["revenue"][0] == 1540  # compared with the text '2017'
    assert ask(SALES.slice("date.year", None)).frame["revenue"][0] is None
    assert ask(SALES.dice("date.year = 'Unknown day' or date.year = 2017")).frame["revenue"][0] == 1540


def test_a_member_that_does_not_exist_is_told_with_the_nearest_that_does(ask: Asking) -> None:
    empty = ask(SALES.by("date.month").dice("product.department in ('FOOD', 'TOY') and product.article = 'gift'"))
    assert empty.notes == ("there is no product.department 'TOY'. Did you mean 'TOYS'?",)
    assert "Did you mean 'TOYS'?" in empty.to_html().replace("&#x27;", "'")
    assert ask(SALES.dice("product.department = 'FOOD'")).notes == ()


def test_a_condition_on_rows_and_one_on_cells_may_stand_in_one_filter(ask: Asking) -> None:
    got = ask(SALES.by("customer.region").dice("revenue > 100 and date.month = '2017-01' and revenue < 1000")).frame
    assert got.rows() == [("N", 180)]
