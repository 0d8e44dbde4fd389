"""Stocks beside SQL by hand, on integers, doubles and decimals; the balances are those of test_semi_additive."""

from pathlib import Path

import pytest

from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.load import load_model
from crm_analytics.olap.query import CubeQuery
from olap.conftest import CUBES
from olap.shop import shop, type_of
from olap.test_cube_questions import plain
from olap.test_semi_additive import BALANCES

ROWS = "(1, 20170102, 100), (1, 20170109, 20), (2, 20170102, 7), (3, 20170102, 40), (3, 20170207, 30), (0, 0, 5)"
# The last day of each customer within a cell, then their sum: once for the regions and once for the whole.
LAST_OF_EACH = """
WITH last AS (
  SELECT region, customer_key, arg_max(points, date_key) AS points
  FROM fct_balance JOIN dim_customer USING (customer_key) GROUP BY 1, 2
)
SELECT coalesce(region, 'Unknown customer'), '', sum(points) FROM last GROUP BY region ORDER BY region NULLS LAST
"""
QUESTIONS = {
    "the last balance of each customer, by region": (
        CubeQuery("balances").measures("points").by("customer.region").with_totals(),
        f"SELECT * FROM ({LAST_OF_EACH}) UNION ALL SELECT NULL, 'all', 62",
    ),
    "the balance of the last day of all": (
        CubeQuery("balances").measures("last", "rows"),
        """SELECT sum(points) FILTER (WHERE date_key = (SELECT max(date_key) FROM fct_balance)), count(*)
        FROM fct_balance""",
    ),
    "the last balance of each customer within each month": (
        CubeQuery("balances").measures("points").by("date.month").dice("not date.month is unknown"),
        """SELECT month, sum(points) FROM (
          SELECT month, customer_key, arg_max(points, date_key) AS points
          FROM fct_balance JOIN dim_date USING (date_key) WHERE month IS NOT NULL GROUP BY 1, 2
        ) GROUP BY month ORDER BY month""",
    ),
}


@pytest.mark.parametrize("amounts", type_of)
@pytest.mark.parametrize("name", QUESTIONS)
def test_a_stock_is_what_the_sql_by_hand_gives(name: str, amounts: str, tmp_path: Path) -> None:
    engine = shop(amounts=amounts)
    engine.execute(
        "CREATE TABLE fct_balance AS SELECT customer_key, date_key, "
        f"CAST(points AS {type_of[amounts]}) AS points FROM (VALUES {ROWS}) t(customer_key, date_key, points)"
    )
    for path in CUBES.glob("*.yml"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "balances.yml").write_text(BALANCES, encoding="utf-8")
    model = bind_model(load_model(tmp_path), engine)
    asked, by_hand = QUESTIONS[name]
    got = browse(engine, model, asked).frame
    assert [plain(row) for row in got.rows()] == [plain(row) for row in engine.rows(by_hand)]
    engine.close()
