"""`data/quality.yml`: what it may say, and how it is judged, on numbers that can be counted by eye."""

from datetime import date
from pathlib import Path

import pytest

from crm_analytics.errors import ConfigError, DataError, WarehouseError
from crm_analytics.warehouse.expectations import Expectation, read_expectations
from crm_analytics.warehouse.tables import ENTITIES
from crm_analytics.warehouse.verdicts import Verdict, judge
from tests.warehouse.made import CUSTOMERS, PRODUCTS, SALES, SHOP, Shop

TODAY = date(2017, 2, 5)


def expecting(data: Path, lines: str, head: str = "") -> tuple[Expectation, ...]:
    """The expectations of a file that expects `lines` of sales; the first of them stands on line 4."""
    data.mkdir(parents=True, exist_ok=True)
    told = "".join(f"    - {line}\n" for line in lines.splitlines())
    (data / "quality.yml").write_text(f"version: 1{head}\nexpect:\n  sales:\n{told}", encoding="utf-8")
    return read_expectations(data)


def verdicts(shop: Shop, lines: str, today: date = TODAY, head: str = "") -> list[Verdict]:
    asked = expecting(shop.data, lines, head)
    return [verdict for judged in judge(shop.engine, asked, today) for verdict in judged.verdicts]


@pytest.fixture
def loaded(shop: Shop) -> Shop:
    shop.source("till", SHOP)
    shop.load()
    return shop


# The three lines of SHOP:  o1/1 ann tea store 2017-01-02  2  10.00
#                           o1/2 ann ham store 2017-01-02  1   2.50    nobody knows a ham
#                           o2/1 bob tea web   2017-02-01 -1  -5.00
BY_HAND = {  # the line of the file: whether it holds, the rows looked at, how many of them fail, what is said
    "{column: revenue, between: [-5, 10]}": (True, 3, 0, "revenue is between -5 and 10", "all 3 rows"),
    "{column: revenue, between: [0, 9.99]}": (False, 3, 2, "revenue is between 0 and 9.99", "1 of 3 rows"),
    "{column: revenue, between: [0, null], share: 0.6}": (
        *(True, 3, 1),
        "revenue is at least 0",
        "2 of 3 rows, 60 % wanted",
    ),
    "{column: revenue, between: [null, 2.49]}": (False, 3, 2, "revenue is at most 2.49", "1 of 3 rows"),
    # A day as a bound is the whole day, also of a time.
    "{column: sold_at, between: [2017-01-02, 2017-01-02]}": (
        *(False, 3, 1),
        "sold_at is between 2017-01-02 and 2017-01-02",
        "2 of 3 rows",
    ),
    "{column: channel, in: [store]}": (False, 3, 1, "channel is store", "2 of 3 rows"),
    "{column: product_id, in: [tea, ham]}": (True, 3, 0, "product_id is one of tea, ham", "all 3 rows"),
    "{column: quantity, in: [1, 2]}": (False, 3, 1, "quantity is one of 1, 2", "2 of 3 rows"),
    "{column: order_id, matches: 'o[0-9]'}": (True, 3, 0, "order_id matches o[0-9]", "all 3 rows"),
    # The whole value has to match: an o alone is not o1.
    "{column: order_id, matches: 'o'}": (False, 3, 3, "order_id matches o", "0 of 3 rows"),
    "{column: sold_at, not_future: true}": (True, 3, 0, "sold_at is not after 2017-02-05", "all 3 rows"),
    "{column: product_id, known_share: 0.6}": (True, 3, 1, "product_id is known", "2 of 3 rows, 60 % wanted"),
    "{column: product_id, known_share: 0.7}": (False, 3, 1, "product_id is known", "2 of 3 rows, 70 % wanted"),
    # No line names a store: none of them can be known or unknown.
    "{column: store_id, known_share: 1}": (None, 0, 0, "store_id is known", "there are no rows to look at"),
    "{column: store_id, filled_share: 0.5}": (False, 3, 3, "store_id is filled", "0 of 3 rows, 50 % wanted"),
    # A ham is unknown, but it is an id.
    "{column: product_id, filled_share: 1}": (True, 3, 0, "product_id is filled", "all 3 rows"),
    "{unique: [order_id, line_id]}": (True, 3, 0, "order_id, line_id is unique", "all 3 rows"),
    # o1 and o1 again; ann and ann again: one row too many each.
    "{unique: order_id}": (False, 3, 1, "order_id is unique", "2 of 3 rows"),
    "{unique: customer_id}": (False, 3, 1, "customer_id is unique", "2 of 3 rows"),
    "{sql: quantity > 0 OR revenue < 0}": (True, 3, 0, "quantity > 0 OR revenue < 0", "all 3 rows"),
    "{name: bob pays, sql: revenue > 0, where: customer_id = 'bob'}": (False, 1, 1, "bob pays", "0 of 1 rows"),
    "{column: revenue, between: [0, 9], where: quantity = 1}": (
        *(True, 1, 0),
        "revenue is between 0 and 9 where quantity = 1",
        "all 1 rows",
    ),
    # From 2017-02-01 to 2017-02-05 it is 4 days.
    "{column: sold_at, fresh_within_days: 4}": (
        *(True, 0, 0),
        "the last sold_at is at most 4 days before 2017-02-05",
        "it is 2017-02-01, 4 days before",
    ),
    "{column: sold_at, fresh_within_days: 3}": (
        *(False, 0, 0),
        "the last sold_at is at most 3 days before 2017-02-05",
        "it is 2017-02-01, 4 days before",
    ),
}


@pytest.mark.parametrize("line", BY_HAND)
def test_an_expectation_counts_what_can_be_counted_by_eye(line: str, loaded: Shop) -> None:
    (verdict,) = verdicts(loaded, line)
    found = (verdict.ok, verdict.rows, verdict.failing, verdict.words, verdict.found)
    assert found == BY_HAND[line]


def test_all_that_is_expected_of_an_entity_is_judged_in_one_pass(loaded: Shop) -> None:
    asked = expecting(loaded.data, "\n".join(BY_HAND))
    (judged,) = judge(loaded.engine, asked, TODAY)
    assert [(v.ok, v.rows, v.failing, v.words, v.found) for v in judged.verdicts] == list(BY_HAND.values())
    assert len(loaded.engine.rows(judged.query.readable())) == 1  # and what the report shows can be pasted and run


def test_what_lies_in_the_future_does_not_make_old_data_fresh(loaded: Shop) -> None:
    # On 2017-01-30 the sale of 2017-02-01 is to come; the last one before was 2017-01-02, 28 days ago.
    lines = "{column: sold_at, fresh_within_days: 7}\n{column: sold_at, not_future: true}"
    fresh, future = verdicts(loaded, lines, today=date(2017, 1, 30))
    assert (fresh.ok, fresh.found) == (False, "it is 2017-01-02, 28 days before")
    assert (future.ok, future.failing) == (False, 1)


def test_a_failed_expectation_says_what_where_how_many_and_which(loaded: Shop) -> None:
    one, two = (v.check() for v in verdicts(loaded, "{column: revenue, between: [3, 9]}\n{unique: customer_id}"))
    assert (one.kind, one.table, one.ok, one.rows, one.warning) == ("quality", "fct_sale", False, 3, False)
    assert one.says == (
        "revenue is between 3 and 9 (data/quality.yml:4): 0 of 3 rows; not order_id/line_id o1/1, o1/2, o2/1"
    )
    # Which of ann's two lines is one too many nobody can say; the first by its key stays.
    assert two.says == "customer_id is unique (data/quality.yml:5): 2 of 3 rows; not order_id/line_id o1/2"


def test_of_unknown_members_the_ids_themselves_are_the_examples(loaded: Shop) -> None:
    (verdict,) = verdicts(loaded, "{column: product_id, known_share: 1}")
    assert verdict.examples == ("product_id ham",)


def test_a_warning_fails_nothing(loaded: Shop) -> None:
    lines = "{column: revenue, between: [0, 9]}\n{column: revenue, between: [3, 9], severity: fail}"
    one, two = (v.check() for v in verdicts(loaded, lines, head="\nseverity: warn\n"))
    assert (one.ok, one.warning, two.ok, two.warning) == (None, True, False, False)


def test_the_unknown_member_of_a_dimension_is_nobody(shop: Shop) -> None:
    shop.source("till", {**SHOP, "customers": CUSTOMERS + "cas,,2017-01-01\n"})
    shop.load()
    data = shop.data / "quality.yml"
    data.write_text("version: 1\nexpect:\n  customers:\n    - {column: name, filled_share: 0.6}\n")
    (judged,) = judge(shop.engine, read_expectations(shop.data), TODAY)
    # A and B have a name, cas has none, and key 0 is not asked.
    assert [(v.ok, v.rows, v.failing) for v in judged.verdicts] == [(True, 3, 1)]


def test_no_private_value_is_among_the_examples(shop: Shop) -> None:
    people = "customer_id,name,email\nann@home.org,Ann Lee,ann@home.org\nb2,Bob Ray,bob@home.org\n"
    shop.source("till", {"customers": people, "products": PRODUCTS, "sales": SALES})
    shop.load()
    told = "version: 1\nexpect:\n  customers:\n    - {column: email, in: [none]}\n    - {column: name, matches: x}\n"
    (shop.data / "quality.yml").write_text(told)
    (judged,) = judge(shop.engine, read_expectations(shop.data), TODAY)
    # The second has an id that tells nothing; of the first even the id does.
    assert [v.examples for v in judged.verdicts] == [("customer_id (private)", "b2")] * 2
    said = " ".join(v.check().says for v in judged.verdicts)
    assert not [word for word in ("home", "Ann", "Bob", "Lee", "Ray") if word in said]


def test_a_load_is_compared_with_the_median_of_those_before_it(loaded: Shop) -> None:
    line = "{rows_within: [0.5, 2], of_last: 3}"
    (alone,) = verdicts(loaded, line)
    assert (alone.ok, alone.found) == (None, "there is no earlier load to compare with")
    # Loads 2 to 7, as rows and files.  In the last three before load 7 a file brought 90, 4000 / 10 = 400 and 110
    # rows: their median is 110.  Load 6 was taken back.
    read = ((5000, 1, None), (90, 1, None), (4000, 10, None), (110, 1, None), (9, 1, "now()"), (442, 2, None))
    for load_id, (rows, files, undone) in enumerate(read, start=2):
        changed = f"{load_id} AS load_id, {rows} AS rows_read, {files} AS parts, {undone or 'NULL'} AS undone_at"
        first = "FROM loads WHERE load_id = 1 AND entity = 'sales'"
        loaded.engine.execute(f"INSERT INTO loads SELECT * REPLACE ({changed}) {first}")
    (many,) = verdicts(loaded, line)
    assert (many.ok, many.found) == (False, "221 rows in load 7, where the median is 110")
    assert (
        many.words
        == "the rows that a part brings are between 0.5 and 2 times the median of the 3 loads before, from till"
    )
    (few,) = verdicts(loaded, "{rows_within: [null, 2.01], of_last: 3}")
    assert few.ok is True


def test_each_source_is_compared_with_its_own_loads(shop: Shop) -> None:
    shop.source("till", SHOP)
    shop.source("web", {"sales": SALES.replace("o1", "w1").replace("o2", "w2")})
    for _ in range(2):
        shop.load(full=True)
    found = verdicts(shop, "{rows_within: [1, 1]}")
    assert [(v.ok, v.found) for v in found] == [(True, "3 rows in load 2, where the median is 3")] * 2
    assert [v.words.rpartition(" ")[2] for v in found] == ["till", "web"]


MISFITS = {  # a line of the file that only the star can refuse: what is said of it
    "{column: revenu, between: [0, 1]}": "sales has no column 'revenu'. Did you mean 'revenue'?",
    "{unique: [order_id, lin_id]}": "sales has no column 'lin_id'. Did you mean 'line_id'?",
    "{column: order_id, between: [0, 1]}": "between speaks of a number, but order_id is VARCHAR",
    "{column: order_id, in: [1, 2]}": "in speaks of a number, but order_id is VARCHAR; put quotes around the values",
    "{column: revenue, between: [2017-01-01, 2017-01-02]}": "between speaks of a day, but revenue is DECIMAL(18,2)",
    "{column: revenue, matches: x}": "matches speaks of a text, but revenue is DECIMAL(18,2)",
    "{column: revenue, not_future: true}": "not_future speaks of a day, but revenue is DECIMAL(18,2)",
    "{column: order_id, matches: '[a'}": "missing ]",
    "{sql: revenu > 0}": '"revenu" not found',
    "{sql: quantity}": "should say of a row whether it is right, but it gives DOUBLE",
    "{sql: sum(revenue) > 0}": "aggregate",
    "{sql: revenue > 0, where: quantity >}": "syntax error",
}


def test_what_does_not_fit_the_star_is_told_at_once_each_with_its_line(loaded: Shop) -> None:
    with pytest.raises(ConfigError) as told:
        verdicts(loaded, "\n".join(MISFITS))
    lines = str(told.value).splitlines()
    assert [line.partition(": ")[0] for line in lines] == [f"data/quality.yml:{4 + i}" for i in range(len(MISFITS))]
    assert [line for line, said in zip(lines, MISFITS.values(), strict=True) if said not in line] == []


def test_a_value_that_the_sql_cannot_bear_is_told_by_line_and_not_shown(loaded: Shop) -> None:
    lines = "{unique: order_id}\n{sql: CAST(customer_id AS INTEGER) > 0}"
    with pytest.raises(DataError, match=r"^data/quality.yml:5: .*Could not convert string '…'") as told:
        verdicts(loaded, lines)
    assert "ann" not in str(told.value)


def test_every_column_of_every_contract_can_be_held_to_something(loaded: Shop) -> None:
    asked = []
    for entity in ENTITIES.values():
        asked.append(Expectation(entity=entity.name, test="unique", given=entity.key))
        for column in entity.columns:
            asked.append(Expectation(entity=entity.name, test="filled_share", column=column.name))
            asked.append(Expectation(entity=entity.name, test="sql", given=(f"{column.name} IS NOT NULL",)))
            if column.dimension:
                asked.append(Expectation(entity=entity.name, test="known_share", column=column.name))
    found = [v for judged in judge(loaded.engine, asked, TODAY) for v in judged.verdicts]
    assert [v.expectation for v in found] == asked
    # Two ways to ask whether there is a value.
    counts: dict[tuple[str, str], set[tuple[int, int]]] = {}
    for v in found:
        e = v.expectation
        if e.test in ("filled_share", "sql"):
            key = (e.entity, e.column or str(e.given[0]).split()[0])
            counts.setdefault(key, set()).add((v.rows, v.failing))
    assert {key for key, two in counts.items() if len(two) > 1} == set()


def test_a_warehouse_without_a_load_is_told(shop: Shop) -> None:
    with pytest.raises(WarehouseError, match="run: crm load"):
        verdicts(shop, "{unique: order_id}")


def test_the_example_of_the_page_can_be_read_and_judged(loaded: Shop) -> None:
    page = (Path(__file__).parents[2] / "docs" / "quality.md").read_text(encoding="utf-8")
    example = page.partition("```yaml\n")[2].partition("```")[0]
    (loaded.data / "quality.yml").write_text(example, encoding="utf-8")
    asked = read_expectations(loaded.data)
    assert len(asked) == 8
    judged = [v for one in judge(loaded.engine, asked, TODAY) for v in one.verdicts]
    assert len(judged) == 8  # one source, so one verdict on the volume
